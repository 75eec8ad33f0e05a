"""Registry entries: what can be installed as an upstream, where they come from, and what was installed from them."""
