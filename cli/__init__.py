"""The ``bellwether`` command: what an operator does from a shell. It decides nothing, it calls and prints."""

from cli import explaining, importing, installation, judging, rule_files, rule_versions, serving  # noqa: F401 - each adds its commands
from cli.shell import app

__all__ = ["app"]
