"""What the catalog has, out of this gateway and into it; and what other programs wrote of theirs."""
