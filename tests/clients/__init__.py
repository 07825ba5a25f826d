"""Checks of the real server by clients that others wrote; ``python -m tests.clients`` runs them."""
