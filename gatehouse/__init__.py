"""Gatehouse: one front door for every tool that AI agents use."""

__version__ = "0.1.0"
