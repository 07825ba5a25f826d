"""What a condition asks for, in the words of a language: at least 3, between 0 and 120 days, open."""

from __future__ import annotations

from collections.abc import Mapping

from rules.registry import Op
from rules.tree import Quantifier
from rules.wording import Wording, is_state

#: What is asked where the opposite of an operator is.
_OPPOSITE: Mapping[str, str] = {
    "eq": "ne", "ne": "eq", "lt": "gte", "gte": "lt", "gt": "lte", "lte": "gt", "in": "not_in",
    "not_in": "in", "between": "not_between", "contains": "not_contains", "starts_with": "not_starts_with",
}  # fmt: skip


def comparison(wording: Wording, kind: str, text: str, op: str, threshold: object) -> str:
    """What a condition asks of its field; ``not gt`` asks for the opposite of ``gt``."""
    if op.endswith(Op.IS_NULL):
        missing = bool(threshold) is (op == Op.IS_NULL)
        return wording.said("unknown") if missing else wording.words.comparisons["known"]
    op = _OPPOSITE[op.removeprefix("not ")] if op.startswith("not ") else op
    if threshold is None:
        return wording.said("nothing_to_compare")
    if is_state(kind, text, threshold):
        return wording.state(kind, text, threshold if op == Op.EQ else not threshold)
    return wording.words.comparisons[op].format(*_values(wording, kind, text, op, threshold))


def _values(wording: Wording, kind: str, text: str, op: str, threshold: object) -> list[str]:
    values = threshold if isinstance(threshold, list | tuple) else [threshold]
    if op.endswith(Op.BETWEEN):
        low, high = values
        return [wording.value(kind, text, low, bare=True), wording.value(kind, text, high)]
    return [wording.either([wording.value(kind, text, each) for each in values])]


def condition(wording: Wording, kind: str, text: str, op: str, threshold: object) -> str:
    """What a condition asks for, with the name of its field."""
    asked = comparison(wording, kind, text, op, threshold)
    if not op.endswith(Op.IS_NULL) and wording.tells_field(kind, text, threshold):
        return asked
    return wording.said("seen", field=wording.name(kind, text), value=asked)


def conditions(wording: Wording, kind: str, where: Mapping[str, object]) -> list[str]:
    """What facts are asked for, as ``evidence.asked_of`` has it, condition by condition.

    That they are about a record of which only the id is known is left out.
    """
    said: list[str] = []
    for key, asked in where.items():
        if key in tuple(Quantifier):
            said += _group(wording, kind, Quantifier(key), asked)
        else:
            text, op = key.rsplit(" ", 1)
            itself = wording.identity(f"{kind}_id", str(asked)) if (text, op) == ("id", Op.EQ.value) else None
            if itself:
                said.append(itself)
            elif not wording.is_untold(kind, text, asked):
                said.append(condition(wording, kind, text, op, asked))
    return said


def _group(wording: Wording, kind: str, quantifier: Quantifier, asked: object) -> list[str]:
    assert isinstance(asked, list)
    parts = [told for each in asked if (told := ", ".join(conditions(wording, kind, each)))]
    if not parts:
        return []
    if quantifier is Quantifier.ALL:
        return parts
    pattern = "any_of" if quantifier is Quantifier.ANY else "none_of"
    return [wording.said(pattern, conditions=wording.either(parts))]
