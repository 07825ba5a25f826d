"""Packs of ready rules, as YAML beside this module."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rules.files import RuleFile, read

STARTER = "starter"
_FOLDER = Path(__file__).parent


@cache
def load(name: str) -> RuleFile:
    """The pack of this name."""
    return read((_FOLDER / f"{name}.yaml").read_text("utf-8"))


def names() -> list[str]:
    """The packs that there are."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))
