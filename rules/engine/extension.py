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
#: How the activation of the catch-all begins: the last fact's, and of the lowest priority, hence the last.
_CAUGHT = f'{{"{CATCH_ALL}"'


class Unsound(BaseException):
    """The extension did not take all facts of a batch, and what its state holds is not known.

    Nothing catches this: the process ends, and another judges what it was to judge.
    """


class TooOften(Exception):
    """The rules of a handle match more than ``MAX_ACTIVATIONS`` times."""


@dataclass(frozen=True)
class _Loaded:
    """Definitions of a shard in a handle of the extension, and the key of the rule that each stands for."""

    shard: int
    definition: Definition
    keys: Mapping[str, str]
    handle: int


class Engine:
    """A program loaded into the extension, a handle for each shard."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.program = Program(rules)
        self.cutter = Cutter(rules)
        self._shards = [
            self._load(number, shard.definition) for number, shard in enumerate(self.program.shards)
        ]
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

    def _load(self, shard: int, definition: Definition) -> _Loaded:
        handle: int = durable_rules_engine.create_ruleset("bellwether", orjson.dumps(definition).decode())
        keys = {name: self.program.rule(name).key for name in definition if name != CATCH_ALL}
        return _Loaded(shard, definition, keys, handle)

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
            self._parts[kept] = self._load(loaded.shard, {name: loaded.definition[name] for name in kept})
        return self._parts[kept]

    def _fired(self, loaded: _Loaded, batch: Batch, without: set[str], step: Step) -> list[Match]:
        """Rules that together match too often are halved until the one that does it is alone."""
        step()
        try:
            activations = _activations(loaded.handle, batch.texts[loaded.shard])
            fired = [self.program.match(each, batch) for each in activations]
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
    """What fires for these facts; the state is gone afterwards."""
    offset = _asserted(handle, facts)
    last = ""
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
            last, activation = activation, durable_rules_engine.complete_and_start_action(handle, offset)
        if not last.startswith(_CAUGHT):
            raise Unsound("the batch was cut short")
    finally:
        durable_rules_engine.delete_state(handle, "s")


def _asserted(handle: int, facts: str) -> int:
    """Where the state is that holds the facts now."""
    try:
        _, offset = durable_rules_engine.assert_facts(handle, facts)
    except Exception as error:
        raise Unsound(f"{type(error).__name__}: {error}") from error
    return int(offset)
