"""Packs of ready rules, as YAML beside this module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from models.errors import InvalidRulebook

STARTER = "starter"


def load(name: str) -> list[dict[str, object]]:
    """The rule documents of a pack."""
    return documents((Path(__file__).parent / f"{name}.yaml").read_text("utf-8"))


def documents(text: str) -> list[dict[str, object]]:
    """The rule documents of a YAML (or JSON) text: a list of rules, or ``rules:`` with one.

    Raises:
        InvalidRulebook: the text is no YAML, or holds something else.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidRulebook(f"not a YAML document: {' '.join(str(error).split())}") from error
    rules = content.get("rules") if isinstance(content, dict) else content
    if not isinstance(rules, Sequence) or not all(isinstance(rule, dict) for rule in rules):
        raise InvalidRulebook("a rulebook is a list of rules, or an object with such a list under 'rules'")
    return list(rules)
