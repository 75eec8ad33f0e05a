"""People, and how they sign in, out of this gateway and into it."""
