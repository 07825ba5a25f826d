"""How a check ends that did not go well."""


class Failed(Exception):
    """What was not as it should be, in full."""
