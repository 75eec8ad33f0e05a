"""The composition root: the one place that builds things and reads settings."""

from gatehouse.app.expose import expose
from gatehouse.app.serve import serve

__all__ = ["expose", "serve"]
