"""MCP servers that are programs on this machine: started, spoken to over their pipes, and ended with all they began."""

from gatehouse.upstreams.stdio.channel import StdioChannel, StdioLimits
from gatehouse.upstreams.stdio.output import StderrTail
from gatehouse.upstreams.stdio.process import Launcher, Program
from gatehouse.upstreams.stdio.restarts import Restarts

__all__ = ["Launcher", "Program", "Restarts", "StderrTail", "StdioChannel", "StdioLimits"]
