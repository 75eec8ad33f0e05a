"""The composition root: the one place that builds things and reads settings. `serve` runs the gateway, `expose` one server."""
