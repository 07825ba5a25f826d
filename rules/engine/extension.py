"""The engine's extension, and nothing but that; the only module that loads it, in worker processes only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import durable_rules_engine
import orjson

from rules.durable import CATCH_ALL, Batch, Definition, Program
from rules.pieces import Cutter
from rules.reference import Match, Step, unhurried
from rules.tree import Rule

#: How often the rules of one handle may fire for one batch.
MAX_ACTIVATIONS = 5_000
#: Parts of its shards that an engine keeps loaded.
MAX_PARTS = 64


class TooOften(Exception):
    """The rules of a handle match more than ``MAX_ACTIVATIONS`` times."""


@dataclass(frozen=True)
class _Loaded:
    """Definitions in a handle of the extension, and the key of the rule that each stands for."""

    shard: Definition
    keys: Mapping[str, str]
    handle: int


class Engine:
    """A program loaded into the extension, a handle for each shard."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.program = Program(rules)
        self.cutter = Cutter(rules)
        self._shards = [self._load(shard) for shard in self.program.shards]
        self._parts: dict[tuple[str, ...], _Loaded] = {}

    def close(self) -> None:
        """Give the extension's memory back."""
        for loaded in (*self._shards, *self._parts.values()):
            durable_rules_engine.delete_ruleset(loaded.handle)

    def matches(self, batch: Batch, without: set[str], step: Step = unhurried) -> Iterator[Match]:
        """Every match of one batch, on fresh state, but of the rules whose keys are in ``without``.

        A rule that matches too often for the engine is added to ``without``; matches of it that other
        batches gave are not all. ``step`` is called before each use of the extension.
        """
        for loaded in self._shards:
            yield from self._fired(self._reduced(loaded, without), batch, without, step)

    def _load(self, shard: Definition) -> _Loaded:
        handle: int = durable_rules_engine.create_ruleset("bellwether", orjson.dumps(shard).decode())
        keys = {name: self.program.rule(name).key for name in shard if name != CATCH_ALL}
        return _Loaded(shard, keys, handle)

    def _reduced(self, loaded: _Loaded, without: set[str]) -> _Loaded:
        if not without or without.isdisjoint(loaded.keys.values()):
            return loaded
        return self._part(loaded, [name for name, key in loaded.keys.items() if key not in without])

    def _part(self, loaded: _Loaded, names: Sequence[str]) -> _Loaded:
        """Some of a handle's rules, and the catch-all, in a handle of their own."""
        kept = (*names, CATCH_ALL)
        if kept not in self._parts:
            if len(self._parts) >= MAX_PARTS:
                durable_rules_engine.delete_ruleset(self._parts.pop(next(iter(self._parts))).handle)
            self._parts[kept] = self._load({name: loaded.shard[name] for name in kept})
        return self._parts[kept]

    def _fired(self, loaded: _Loaded, batch: Batch, without: set[str], step: Step) -> list[Match]:
        """Rules that together match too often are halved until the one that does it is alone."""
        step()
        try:
            fired = [self.program.match(each, batch) for each in _activations(loaded.handle, batch.json)]
            return [match for match in fired if match is not None]
        except TooOften:
            names = list(loaded.keys)
        if len(names) == 1:
            without.update(loaded.keys.values())
            return []
        halves = names[: len(names) // 2], names[len(names) // 2 :]
        return [
            match for half in halves for match in self._fired(self._part(loaded, half), batch, without, step)
        ]


def _activations(handle: int, facts: str) -> Iterator[str]:
    """What fires for these facts; the state is gone afterwards, also after an error."""
    _, offset = durable_rules_engine.assert_facts(handle, facts)
    try:
        started = durable_rules_engine.start_action_for_state(handle, offset)
        activation = started and started[1]
        fired = 0
        while activation is not None:
            fired += 1
            if fired > MAX_ACTIVATIONS:
                durable_rules_engine.abandon_action(handle, offset)
                raise TooOften
            yield activation
            activation = durable_rules_engine.complete_and_start_action(handle, offset)
    finally:
        durable_rules_engine.delete_state(handle, "s")
