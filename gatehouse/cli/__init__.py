"""The command line. Which word runs which module is in `main`; each module is imported when its word is used."""

from gatehouse.cli.main import main

__all__ = ["main"]
