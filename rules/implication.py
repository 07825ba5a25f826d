"""What is so whenever a rule holds, and so which other rules hold of the same facts.

What is said to follow does; what follows in ways that conditions on single values do not show is not seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce

from rules.possibility import ANYTHING, Cases, Role, Roles, cases, together
from rules.registry import ID_FIELD, Op
from rules.tree import Condition, Exists, Group, Pattern, Quantifier, Rule, Test, Where, leaves

#: So many ways to lay one rule's patterns on another's are tried.
MOST_TRIED = 200
#: The names of facts that tests speak of; no alias has such a name.
_TESTED, _SUPPOSED = "?", "!"


class Holding:
    """What is so whenever a rule holds; ``absent`` are kinds of facts that there never are."""

    def __init__(self, rule: Rule, absent: Collection[str] = ()) -> None:
        self.rule = rule
        self.roles: Roles = {each.alias: Role(each.alias, each.kind) for each in rule.patterns}
        self._absent = absent
        self.cases = ANYTHING
        for pattern in rule.patterns:
            self.cases = self._met(pattern.where, self.roles[pattern.alias], self.roles, self.cases)
        self._spoken = _spoken(rule)
        self._there: list[Exists] = []
        self._not_there: list[Exists] = []
        self._tests = [_said(test, self.roles) for test in rule.tests]
        for test in rule.tests:
            self._learn(test, True)

    def _learn(self, part: Test | Exists, holds: bool) -> None:
        """Take in which facts there are or are not for a test to be so."""
        if isinstance(part, Exists):
            (self._there if holds else self._not_there).append(part)
            return
        within = holds if part.quantifier is not Quantifier.NONE else not holds
        if (part.quantifier is not Quantifier.ANY) == holds or len(part.parts) == 1:
            for each in part.parts:
                self._learn(each, within)

    def _met(self, where: Where, own: Role, roles: Roles, base: Cases) -> Cases:
        return reduce(together, (cases(part, own, roles) for part in where), base)

    def may_imply(self, where: Where, own: Role) -> bool:
        """Whether the rule speaks of every field that must be there for a fact to meet ``where``."""
        compared = [part for part in where if isinstance(part, Condition) and part.op is not Op.IS_NULL]
        return {ID_FIELD.name}.union(*(part.term.fields for part in compared)) <= self._spoken[own.name]

    def implies(self, where: Where, own: Role, roles: Roles, base: Cases | None = None) -> bool:
        """Whether a fact meets all of ``where`` whenever the rule holds."""
        known = self.cases if base is None else base
        return not any(together(known, cases(part, own, roles, holds=False)) for part in where)

    def truth(self, part: Test | Exists, roles: Roles | None = None) -> bool | None:
        """Whether a test is so whenever the rule holds, or (False) never; None when it cannot be told."""
        roles = self.roles if roles is None else roles
        if isinstance(part, Exists):
            return self._existence(part, roles)
        if roles is not self.roles and _said(part, roles) in self._tests:
            return True
        found = {self.truth(each, roles) for each in part.parts}
        decisive = part.quantifier is not Quantifier.ALL
        if decisive in found:
            return part.quantifier is Quantifier.ANY
        return None if None in found else part.quantifier is not Quantifier.ANY

    def _existence(self, part: Exists, roles: Roles) -> bool | None:
        if part.kind in self._absent:
            return False
        if any(self.implies(part.where, own, roles, base) for own, base in self._known(part.kind)):
            return True
        own = Role(_SUPPOSED, part.kind)
        supposed = self._met(part.where, own, roles, self.cases)
        refuted = (each for each in self._not_there if each.kind == part.kind)
        if not supposed or any(self.implies(each.where, own, self.roles, supposed) for each in refuted):
            return False
        return None

    def _known(self, kind: str) -> Iterator[tuple[Role, Cases]]:
        """Facts of a kind that there are, each with all that is known."""
        for role in self.roles.values():
            if role.kind == kind:
                yield role, self.cases
        for each in self._there:
            if each.kind == kind:
                own = Role(_TESTED, kind)
                yield own, self._met(each.where, own, self.roles, self.cases)


def _spoken(rule: Rule) -> dict[str, set[str]]:
    """The fields of the facts of a rule's patterns that its patterns speak of, by alias; always the id."""
    spoken = {pattern.alias: {ID_FIELD.name} for pattern in rule.patterns}
    for pattern in rule.patterns:
        for condition in leaves(pattern.where):
            spoken[pattern.alias] |= condition.term.fields
            if condition.other:
                spoken[condition.other.alias or ""] |= condition.other.fields
    return spoken


def _said(part: Test | Exists, roles: Roles) -> Test | Exists:
    """A test of the facts that have these roles, however its author called them."""
    if isinstance(part, Test):
        return Test(part.quantifier, tuple(_said(each, roles) for each in part.parts))
    return Exists(part.kind, tuple(_condition_said(each, roles) for each in part.where))


def _condition_said(part: Condition | Group, roles: Roles) -> Condition | Group:
    if isinstance(part, Group):
        return Group(part.quantifier, tuple(_condition_said(each, roles) for each in part.parts))
    value, other = part.value, part.other
    if other:
        value = replace(other, text="", alias=roles[other.alias or ""].name)
    return Condition(replace(part.term, text=""), part.op, value)


def mappings(holding: Holding, general: Rule) -> Iterator[Roles]:
    """The ways in which a rule holds of the very facts of which another one does, whenever that one does.

    Each gives the facts of the one that holds to the aliases of the ``general`` rule.
    """
    tried = [0]
    for roles in _laid(holding, general.patterns, {}, tried):
        if all(holding.truth(test, roles) for test in general.tests):
            yield roles


def _laid(
    holding: Holding, patterns: Sequence[Pattern], roles: Mapping[str, Role], tried: list[int]
) -> Iterator[Roles]:
    if not patterns:
        yield roles
        return
    pattern, rest = patterns[0], patterns[1:]
    for role in holding.roles.values():
        tried[0] += 1
        if tried[0] > MOST_TRIED or role.kind != pattern.kind or role in roles.values():
            continue
        if holding.may_imply(pattern.where, role) and holding.implies(pattern.where, role, roles):
            yield from _laid(holding, rest, {**roles, pattern.alias: role}, tried)
