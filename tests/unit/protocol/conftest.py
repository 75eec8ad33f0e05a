"""Properties are tried without a deadline, since the machine may be busy, and nothing is kept between runs."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("house", deadline=None, database=None)
settings.load_profile("house")
