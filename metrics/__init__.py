"""Numbers computed from what is stored, as of a date, for what an actor may see."""
