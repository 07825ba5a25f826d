"""Rules for the tests of checks, and what is found in them."""

from __future__ import annotations

from typing import Any

from rules.build import build_book
from rules.checks import findings
from rules.findings import Finding, FindingCode

LOOK: list[dict[str, Any]] = [{"recommend": {"action": "LOOK", "because": "it matched"}}]


def rule(when: list[dict[str, Any]], key: str = "r", **changes: Any) -> dict[str, Any]:
    """The document of a rule that recommends to look, unless changed."""
    return {"key": key, "title": key, "when": when, "then": LOOK, **changes}


def deal(where: dict[str, Any], alias: str = "d") -> dict[str, Any]:
    """A clause that asks for a deal."""
    return {"deal": {"as": alias, "where": where}}


def found(code: FindingCode, *documents: dict[str, Any], own: int | None = None) -> list[Finding]:
    """The findings of a kind in the first so many of these rules, of all of them without a number."""
    book = build_book("book", documents)
    return [each for each in findings(book, documents[:own]) if each.code is code]
