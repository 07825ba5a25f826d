"""What will be won, forecast from what was known when; no database in it, plain histories go in."""
