"""API tokens: made, held in memory, counted and limited."""
