"""The ``bellwether`` command: what an operator does from a shell. It decides nothing, it calls and prints."""

from cli import (  # noqa: F401 - each adds its commands
    backtesting,
    explaining,
    exporting,
    importing,
    installation,
    judging,
    keys,
    privacy,
    rule_files,
    rule_versions,
    serving,
)
from cli.shell import app

__all__ = ["app"]
