"""Which tools of different upstreams do the same. Pure: it knows tools as they are described, and no database."""
