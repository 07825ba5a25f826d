"""A mark in each column that erasing a person looks into, in every record of a tenant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tortoise import fields

from commands.traces import searched
from models.base import Record
from models.people import PERSONAL, Contact
from models.plans import ObjectiveMeasure
from models.recommendations import Evidence
from tests.schema.reads.world import World, json_text

MARK = re.compile(r"Zq\d{3}Q")
#: A model's name, and one of its columns.
Column = tuple[str, str]
#: Columns with words of the product, and with what it computes: no text of anybody's.
_NO_TEXTS: Mapping[str, frozenset[str]] = {
    "AccountMerge": frozenset({"record", "filled", "moved", "set_aside", "lapsed"}),
    "ApiKey": frozenset({"hint", "digest", "scopes"}),
    "Backtest": frozenset({"report"}),
    "Change": frozenset({"old", "new"}),
    "DealLikelihood": frozenset({"reasons"}),
    "EvaluationRun": frozenset({"rulebook_version", "account_ids", "flagged", "disagreements", "stages"}),
    "Evidence": frozenset({"alias", "fact_kind", "field", "op", "reference"}),
    "ForecastProjection": frozenset({"refused"}),
    "Lever": frozenset({"segment"}),
    "NeededRoles": frozenset({"kind", "roles"}),
    "ObjectiveMeasure": frozenset({"fact_kind", "field"}),
    "PendingJudgement": frozenset({"touch"}),
    "PipelineSnapshot": frozenset({"digest"}),
    "PopulationEvent": frozenset({"measure", "part"}),
    "Recommendation": frozenset({"rulebook_version"}),
    "Risk": frozenset({"rulebook_version", "kind"}),
    "RiskLine": frozenset({"part_of"}),
    "Rule": frozenset({"key"}),
    "Rulebook": frozenset({"name"}),  # by which its versions belong together
    "UsageMonth": frozenset({"unit"}),
}
#: The names under which JSON holds what people wrote.
_WRITTEN = frozenset({"because", "description", "name", "reason", "text", "title", "vision", "what"})


def plant(world: World) -> Mapping[str, Column]:
    """Put a mark into every record of a world that is not stored yet, a mark of its own for each column."""
    for seen in world.of(Evidence):  # or there are no texts in it
        seen.fact_kind, seen.field, seen.op, seen.reference = "contact", "title", "eq", None
    columns: dict[type[Record], Sequence[str]] = {**searched(), Contact: PERSONAL}
    found: dict[str, Column] = {}
    for model, names in columns.items():
        for name in names:
            if name in _NO_TEXTS.get(model.__name__, ()):
                continue
            mark = f"Zq{len(found):03}Q"
            found[mark] = (model.__name__, name)
            for number, row in enumerate(world.of(model)):
                setattr(row, name, _marked(row, name, f"{mark}{number}"))
    return found


def _marked(row: Record, name: str, mark: str) -> Any:
    value = getattr(row, name)
    if isinstance(row, ObjectiveMeasure) and name == "conditions":
        return {"name": {"eq": mark}}
    if isinstance(row._meta.fields_map[name], fields.JSONField):
        return _written(value, mark)
    return json_text(mark) if isinstance(row, Evidence) else mark


def _written(value: Any, mark: str) -> Any:
    """JSON with the mark in the place of each text in it that people wrote."""
    if isinstance(value, list):
        return [_written(each, mark) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: mark if name in _WRITTEN and isinstance(each, str) else _written(each, mark)
        for name, each in value.items()
    }
