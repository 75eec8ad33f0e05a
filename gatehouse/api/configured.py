"""How the gateway is set up, as the composition root tells the API, which reads no settings itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Source = Literal["default", "file", "environment", "command line"]


class SettingView(Struct, frozen=True, kw_only=True):
    """One setting. Of what is secret, `***` says that it is there."""

    name: Annotated[str, Meta(description="As in a file: `limits.sessions`")]
    group: Annotated[str, Meta(description="The part before the point; empty where there is none")]
    value: Annotated[Any, Meta(description="null: nothing is set, and nothing is the default")]
    default: Any
    source: Source
    variable: Annotated[str, Meta(description="In the environment: `GATEHOUSE_LIMITS__SESSIONS`")]
    about: str
    secret: bool


class SettingsView(Struct, frozen=True, kw_only=True):
    """What is set, where it was said, and what would be without."""

    items: list[SettingView]
    file: Annotated[str | None, Meta(description="That was given with `-c`")]
    data_directory: str
    version: str
    database: Literal["sqlite", "postgresql", "mariadb"]
