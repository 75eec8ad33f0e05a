"""People and what they may do, as one thing for faces to hold."""

from __future__ import annotations

from gatehouse.access.people.custom_roles import CustomRoles
from gatehouse.access.people.grants import Grants
from gatehouse.access.people.invitations import Invitations
from gatehouse.access.people.joining import Joining
from gatehouse.access.people.model import Estate
from gatehouse.access.people.teams import Teams
from gatehouse.access.people.users import Users
from gatehouse.kit.clock import Clock
from gatehouse.store.database import Database


class People:
    def __init__(self, database: Database, clock: Clock, estate: Estate) -> None:
        self.users = Users(database, clock, estate)
        self.teams = Teams(database, clock, estate)
        self.invitations = Invitations(database, clock)
        self.joining = Joining(database, clock)
        self.roles = CustomRoles(database, clock)
        self.grants = Grants(database, clock)
