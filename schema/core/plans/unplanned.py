"""Why a selection is answered by the ordinary path."""

from __future__ import annotations


class Unplanned(Exception):
    """Only Python can answer this, or only the ordinary path can tell what is wrong with it."""
