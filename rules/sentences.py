"""A verdict in a plain sentence, made of its evidence alone, in the words and numbers of its reader.

What would clear it and why there is none are told in the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from babel.dates import format_timedelta

from rules.counterfactuals import Counterfactual
from rules.criteria import comparison, conditions
from rules.evidence import Seen
from rules.languages import ENGLISH
from rules.registry import FieldType, Op
from rules.tree import Quantifier
from rules.why_not import Failed
from rules.wording import Record, Wording, declared, is_identity, is_rank, is_state, known_locale

#: Operators whose condition needs no telling beside the value that meets it.
_EXACT = (Op.EQ, Op.IS_NULL, f"not {Op.IS_NULL}")


def sentence(
    evidence: Iterable[Seen],
    currency: str,
    locale: str = ENGLISH,
    names: Mapping[Record, str] | None = None,
) -> str:
    """Why the verdict holds, fact by fact; every number in it is in the evidence or in ``names``.

    ``locale`` (``de``, ``fr_CH``) says the language and how numbers and money are written; a language that
    we have no words of is told in English with its numbers, an unknown one in English altogether.
    ``names`` are those of records, if they are to be told.
    """
    all_seen = list(evidence)
    about = frozenset((seen.fact_kind, seen.fact_id) for seen in all_seen if seen.fact_id)
    wording = Wording(currency, known_locale(locale), names or {}, about)
    facts: dict[Record, list[Seen]] = {}
    for seen in all_seen:
        facts.setdefault((seen.fact_kind, seen.fact_id), []).append(seen)
    said = dict.fromkeys(told for of in facts.values() for told in _fact(wording, of))
    return _capital(wording.said("next").join(said)) + "."


def _fact(wording: Wording, of: Sequence[Seen]) -> list[str]:
    """What was seen in one fact, or that there is none."""
    kind, fact_id = of[0].fact_kind, of[0].fact_id
    if not fact_id:
        return [_none(wording, seen) for seen in of]
    told = [
        condition_seen(wording, seen)
        for seen in of
        if not _only_there(seen) and not wording.is_untold(kind, seen.field, [seen.seen, seen.threshold])
    ]
    if not told:
        return [wording.said("present", kind=wording.record(kind, fact_id), a=wording.words.kind(kind).a)]
    return [
        wording.said("of_fact", kind=wording.record(kind, fact_id), conditions=", ".join(dict.fromkeys(told)))
    ]


def spoken_of(evidence: Iterable[Seen]) -> set[Record]:
    """The records that a verdict is about by their ids alone: what they are called must be told with it."""
    all_seen = list(evidence)
    found = {record for seen in all_seen for record in _named(seen)}
    return found - {(seen.fact_kind, seen.fact_id) for seen in all_seen}


def _named(seen: Seen) -> Iterator[Record]:
    where = seen.threshold.get("where") if isinstance(seen.threshold, Mapping) else None
    if isinstance(where, Mapping):
        yield from _asked(seen.fact_kind, where)
    else:
        yield from _ids(seen.fact_kind, seen.field, [seen.seen, seen.threshold])


def _asked(kind: str, where: Mapping[str, object]) -> Iterator[Record]:
    for key, asked in where.items():
        if key in tuple(Quantifier):
            assert isinstance(asked, list)
            for each in asked:
                yield from _asked(kind, each)
        else:
            yield from _ids(kind, key.rsplit(" ", 1)[0], asked)


def _ids(kind: str, text: str, values: object) -> Iterator[Record]:
    """The records that an id, or several, are of; the id of a fact is of its kind."""
    if is_identity(kind, text):
        listed = values if isinstance(values, list | tuple) else [values]
        for each in (one for one in listed if isinstance(one, str)):
            yield kind if text == "id" else text.removesuffix("_id"), each


def _only_there(seen: Seen) -> bool:
    return seen.field == "id" and seen.op == Op.IS_NULL


def _none(wording: Wording, seen: Seen) -> str:
    none = wording.words.kind(seen.fact_kind).none
    asked = asked_for(wording, seen.fact_kind, seen.threshold)
    return wording.said("none_matching" if asked else "none", none=none, conditions=asked)


def asked_for(wording: Wording, kind: str, threshold: object) -> str:
    """What facts that must not be there would have to meet; empty when any would do."""
    where = threshold.get("where") if isinstance(threshold, Mapping) else None
    return ", ".join(conditions(wording, kind, where)) if isinstance(where, Mapping) else ""


def condition_seen(wording: Wording, seen: Seen) -> str:
    """One condition with what was seen."""
    kind, text = seen.fact_kind, seen.field
    told = wording.seen(kind, text, seen.seen)
    if seen.op in _EXACT or is_state(kind, text, seen.seen):
        return told
    asked = comparison(wording, kind, text, seen.op, seen.threshold)
    if seen.seen is None:
        return wording.said("unmet", field=wording.name(kind, text), comparison=asked)
    return wording.said("compared", seen=told, comparison=asked)


def clearing(wording: Wording, change: Counterfactual) -> str:
    """What would clear a verdict."""
    kind = change.fact_kind
    if change.field is None:
        a, needed = wording.words.kind(kind).a, change.needed
        asked = ", ".join(conditions(wording, kind, needed)) if isinstance(needed, Mapping) else ""
        return _capital(wording.said("appears_matching" if asked else "appears", a=a, conditions=asked))
    subject = wording.record(kind, change.fact_id)
    is_stage = (kind, change.field) == ("deal", "stage_rank")
    if not is_stage and not wording.tells_field(kind, change.field, change.seen):
        subject = wording.said("field_of", kind=subject, field=wording.name(kind, change.field))
    parts = {
        "subject": subject,
        "seen": wording.value(kind, change.field, change.seen),
        "needed": wording.value(kind, change.field, change.needed),
        "when": _in_days(wording, change.days or 0),
    }
    return _capital(wording.said(_way(wording, change, change.field), **parts))


def _way(wording: Wording, change: Counterfactual, text: str) -> str:
    """The pattern that tells how a field must change."""
    needed, seen = change.needed, change.seen
    if change.days is not None:
        return "by_itself"
    if needed is None:
        return "forgotten"
    field = declared(change.fact_kind, text)
    if (change.fact_kind, text) == ("deal", "stage_rank") and seen is not None:
        return "advances" if Decimal(str(needed)) > Decimal(str(seen)) else "falls_back"
    if field and field.type.is_numeric and seen is not None:
        return "rises" if Decimal(str(needed)) > Decimal(str(seen)) else "falls"
    if field and (field.values or field.type.is_numeric or field.type is FieldType.BOOLEAN):
        return "becomes"
    if seen is None:
        return "learnt"
    return "elsewhere" if wording.tells_field(change.fact_kind, text, seen) else "otherwise"


def _in_days(wording: Wording, days: int) -> str:
    """After so many days: in 31 days."""
    return format_timedelta(
        timedelta(days=days),
        granularity="day",
        threshold=float("inf"),
        add_direction=True,
        locale=wording.grammar,
    )


def lacking(wording: Wording, failed: Failed) -> str:
    """Why there is no verdict."""
    kind, text = failed.fact_kind, failed.field
    if failed.fact_id is None:
        return _capital(wording.said("none", none=wording.words.kind(kind).none))
    subject = wording.record(kind, failed.fact_id)
    if text is None or failed.op is None:
        return _capital(wording.said("blocked", subject=subject))
    parts = {
        "subject": subject,
        "state": wording.seen(kind, text, failed.seen),
        "required": comparison(wording, kind, text, failed.op, failed.threshold),
        "distance": wording.value(kind, text, _distance(failed, text)),
    }
    is_counted = failed.off_by and not is_rank(kind, text)
    return _capital(wording.said("failed_by" if is_counted else "failed", **parts))


def _distance(failed: Failed, text: str) -> object:
    """How far off a value is, as values are told: money in whole units."""
    field = declared(failed.fact_kind, text)
    if failed.off_by is None or not field or field.type is not FieldType.MONEY:
        return failed.off_by
    return str(Decimal(str(failed.off_by)) / 100)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
