"""The sample MCP server that comes along, as an upstream: run by the Python that runs Gatehouse."""

from __future__ import annotations

import sys

NAME = "time"
COMMAND, *ARGUMENTS = sys.executable, "-m", "gatehouse.samples.time"
ABOUT = "A sample to try things on"
