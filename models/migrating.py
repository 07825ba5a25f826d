"""Bringing a database up to date by its migrations, in seconds; making a new one is ``making``'s.

The ORM would make the classes of all models anew for each operation of each migration, before and after it;
an operation looks at one model and those that it refers to.
"""

from __future__ import annotations

from dataclasses import replace

from tortoise.fields.relational import ForeignKeyFieldInstance, ManyToManyFieldInstance
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.migration import Migration
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

_Models = dict[tuple[str, str], ModelState]


class _Rendered(StateApps):
    """The classes of models at a point between migrations, each made when it is asked for."""

    def __init__(self, models: _Models, connections: dict[str, str]) -> None:
        super().__init__(connections)
        self._models = models

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        """The class of a model, which has those that it refers to; KeyError where there is none."""
        key = self.split_reference(app_label) if model_name is None else (app_label, model_name)
        if self._make(key):
            self._init_relations()
            self._build_initial_querysets()
        return self.apps[key[0]][key[1]]

    def _make(self, key: tuple[str, str]) -> bool:
        """Make the classes that are missing of a model and all that it leads to; whether any was."""
        if key[1] in self.apps.get(key[0], {}) or key not in self._models:
            return False
        state = self._models[key]
        self.register_model(key[0], state.render(self))
        for field in state.fields.values():
            if isinstance(field, ForeignKeyFieldInstance | ManyToManyFieldInstance):
                self._make(self.split_reference(field.model_name))
        return True


class _AsAsked(State):
    """What the models are at a point between migrations, without their classes until one is asked for."""

    def __init__(self, models: _Models | None = None, connections: dict[str, str] | None = None) -> None:
        self._connections = connections or {}
        super().__init__(models or {}, StateApps())
        self._forget()

    def _forget(self) -> None:
        self.apps = _Rendered(self.models, self._connections)

    def _reload(self, models_to_reload: set[tuple[str, str]]) -> None:  # noqa: ARG002 - all are forgotten
        self._forget()

    def _find_related_models(self, app_label: str, model_name: str) -> set[tuple[str, str]]:
        return {(app_label, model_name)}

    def clone(self) -> _AsAsked:
        """The state as it is now: operations put other fields and options in place of these."""
        models = {
            key: replace(model, options=dict(model.options), fields=dict(model.fields))
            for key, model in self.models.items()
        }
        return _AsAsked(models, self._connections)


class Executor(MigrationExecutor):
    """What applies migrations to a database."""

    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        state = _AsAsked(connections=dict.fromkeys(self.loader.apps_config, "default"))
        for key in self._full_plan():
            if key == upto:
                break
            if key in applied:
                await _carried(self.loader.graph.nodes[key]).apply(state, dry_run=True)
        return state


class Autodetector(MigrationAutodetector):
    """What compares models with what migrations make of them."""

    async def _project_state(self) -> State:
        state = _AsAsked()
        for key in self._full_plan():
            await _carried(self.loader.graph.nodes[key]).apply(state, dry_run=True)
        return state


def _carried(migration: Migration | None) -> Migration:
    assert migration is not None, "a migration is applied that this release does not carry"
    return migration
