"""Account reviews as files: a deck for a meeting, and a written plan; both tell the same figures."""
