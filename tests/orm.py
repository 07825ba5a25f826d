"""What the ORM prepares for each database that it is connected to, prepared once for each kind of database.

A server connects once; tests do it a thousand times, and to prepare seventy models takes longer than most of
what they check.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tortoise.apps import Apps
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.models import Model

#: What of a model depends on the kind of database and is filled in place, made by these.
_FILLED = {"filters": dict, "db_native_fields": list, "db_default_fields": list, "db_complex_fields": list}
_PREPARED = (*_FILLED, "basetable", "basequery", "basequery_all_fields")

_prepare = Apps._build_initial_querysets


@dataclass
class _Prepared:
    """What was prepared for a kind of database: attributes by model, and statements by table."""

    models: Mapping[type[Model], Mapping[str, object]] = field(default_factory=dict)
    statements: dict[Any, Any] = field(default_factory=dict)


_by_dialect: defaultdict[str, _Prepared] = defaultdict(_Prepared)
_in_use = _Prepared()


def prepare_once() -> None:
    """Have models and their statements prepared once for each kind of database, in this process."""
    Apps._build_initial_querysets = _once  # type: ignore[method-assign,assignment]


def _once(apps: Apps) -> None:
    global _in_use
    _in_use.statements = dict(EXECUTOR_CACHE)
    _in_use = _by_dialect[apps._connections.get("default").capabilities.dialect]
    EXECUTOR_CACHE.clear()  # it keeps statements by table, not by kind of database: only tests use two
    EXECUTOR_CACHE.update(_in_use.statements)
    models = {model for named in apps.apps.values() for model in named.values()}
    if _in_use.models.keys() != models:
        _in_use.models = _prepared(apps, models)
    for model, made in _in_use.models.items():
        for name, value in made.items():
            setattr(model._meta, name, value)


def _prepared(apps: Apps, models: set[type[Model]]) -> Mapping[type[Model], Mapping[str, object]]:
    for model in models:
        for name, empty in _FILLED.items():
            setattr(model._meta, name, empty())
    _prepare(apps)
    return {model: {name: getattr(model._meta, name) for name in _PREPARED} for model in models}
