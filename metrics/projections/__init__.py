"""What the past of a stored tenant says of its deals and periods: read set-wise, and forecast from that."""
