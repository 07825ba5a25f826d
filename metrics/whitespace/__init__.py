"""Whitespace: accounts by product families; what is owned, open, lost, and could be sold besides."""
