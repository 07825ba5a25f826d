"""Other rule engines, each given the same book and the same facts in the fastest form we found."""
