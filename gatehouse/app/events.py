"""The events of one worker: where they come from, and how they get into the database."""

from __future__ import annotations

from gatehouse.access.audit.trail import Audit
from gatehouse.access.model import Principal
from gatehouse.access.tokens.service import Tokens
from gatehouse.app.happenings import Happenings
from gatehouse.app.refusals import TokenRefusals
from gatehouse.catalog.model import Server
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import GatewayError
from gatehouse.relay.current import Current
from gatehouse.serving.entrance import Noted
from gatehouse.store.database import Database
from gatehouse.telemetry.events import Events


class WorkerEvents:
    """`report` is for the catalog, `noted` for the entrance. Others `events.note` what they have to tell."""

    def __init__(self, database: Database, tokens: Tokens, clock: Clock, keep_days: int) -> None:
        self.events = Events(database, clock, keep_days)
        self.report = Happenings(self.events.note, clock).report
        self.refusals = TokenRefusals(self.events, tokens, clock)

    def know(self, current: Current) -> None:
        """Once it is there: by it refused tokens and servers are known."""

        def server(ref: str) -> Server | None:
            view = current.snapshot.server(ref)
            return None if view is None else view.server

        self.refusals.server = server
        self.refusals.keyring = lambda: current.keyring

    def noted(self, audit: Audit) -> Noted:
        """Refusals go into the audit, and are told as events."""

        def noted(
            who: Principal, action: str, path: str, error: GatewayError, address: str | None, authorization: bytes
        ) -> None:
            audit.refused_at(who, action, path, error.message, address)
            self.refusals.refused(who, path, error, address, authorization)

        return noted

    async def flush(self, everything: bool = False) -> None:
        """Every half second, and with `everything` at the end; raises where the database is down."""
        await self.refusals.flush()
        await self.events.flush(everything)
