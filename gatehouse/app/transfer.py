"""Which sections a document has, and in which order: each refers to those before it alone."""

from __future__ import annotations

from dataclasses import dataclass

from gatehouse.access.single_sign_on.providers import Providers
from gatehouse.access.transfer.grants import GrantSection
from gatehouse.access.transfer.providers import ProviderSection
from gatehouse.access.transfer.roles import RoleSection
from gatehouse.access.transfer.teams import TeamSection
from gatehouse.access.transfer.users import UserSection
from gatehouse.catalog.happenings import Report
from gatehouse.catalog.service import Catalog
from gatehouse.catalog.transfer.capabilities import CapabilitySection
from gatehouse.catalog.transfer.own import OwnSection
from gatehouse.catalog.transfer.roots import RootSection
from gatehouse.catalog.transfer.servers import ServerSection
from gatehouse.catalog.transfer.upstreams import UpstreamSection
from gatehouse.kit.clock import Clock
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets
from gatehouse.store.transfer.service import Transfer


@dataclass(frozen=True, slots=True)
class Basis:
    """What everything stands on."""

    database: Database
    secrets: Secrets
    clock: Clock


def build_transfer(basis: Basis, catalog: Catalog, providers: Providers, report: Report) -> Transfer:
    database = basis.database
    sections = (
        RoleSection(database),
        UserSection(database),
        TeamSection(database),
        GrantSection(database),
        ProviderSection(providers),
        UpstreamSection(catalog, basis.secrets, report),
        CapabilitySection(),
        OwnSection(),
        RootSection(),
        ServerSection(report),
    )
    return Transfer(database, basis.clock, sections)
