from __future__ import annotations

from gatehouse.api.actions import Action, permissions
from gatehouse.api.build import ENDPOINTS


def test_every_action_is_asked_for_somewhere() -> None:
    asked = {declared.action for declared in ENDPOINTS} | {
        Action.PUBLIC,
        Action.UPSTREAM_STDIO,
        Action.SERVER_USE,
        Action.METRICS_READ,
    }
    assert asked == set(Action)


def test_permissions_are_the_actions_and_their_groups() -> None:
    known = permissions()
    assert {"*", "upstream.*", "upstream.stdio", "server.use", "token.write"} <= set(known)
    assert "public" not in known and "public.*" not in known
