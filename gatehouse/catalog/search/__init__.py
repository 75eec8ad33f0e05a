"""One search over everything that is kept: an index in memory, built when somebody first searches."""
