"""Ready plays, as YAML beside this module: those that the packs of rules name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).parent / "plays.yaml"


@dataclass(frozen=True)
class ReadyStep:
    """What is to be done, and how many days after the start it is due."""

    text: str
    after_days: int


@dataclass(frozen=True)
class ReadyPlay:
    """A play as it is shipped; ``action`` is set where all rules that name it recommend the same."""

    key: str
    name: str
    steps: tuple[ReadyStep, ...]
    action: str | None = None


@cache
def library() -> Mapping[str, ReadyPlay]:
    """The ready plays by their keys."""
    found = yaml.safe_load(_FILE.read_text("utf-8"))
    plays = [
        ReadyPlay(
            each["key"], each["name"], tuple(ReadyStep(**step) for step in each["steps"]), each.get("action")
        )
        for each in found
    ]
    return {each.key: each for each in plays}
