"""Who did what to what, and what was refused."""
