"""Rules beside each other: those that add nothing to another one, and those that say opposite things.

Two rules are compared only where one holds of the very facts of which the other does, whenever that does;
that the facts of two rules may meet by chance is for arbitration to settle.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from rules.findings import Finding, FindingCode
from rules.implication import Holding, mappings
from rules.places import Places
from rules.possibility import Roles
from rules.scope import Path
from rules.tree import Book, Flag, Gate, Ref, Rule, Test

#: Actions that cannot both be right for the same facts: to sell more and to sell less, to hold a price and to
#: cut it, to ask a favour and to answer a grievance, to keep a contract and to let it go.
OPPOSITES: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (
        frozenset(
            {
                "EXPAND",
                "PROPOSE_EXPANSION",
                "PROPOSE_SITE_CONNECTION",
                "PROPOSE_CLOUD_CONNECT",
                "FIND_WHITESPACE",
            }
        ),
        frozenset({"REDUCE", "PREPARE_LEANER_OFFER", "RESTRUCTURE_CONTRACT"}),
    ),
    (frozenset({"DEFEND_PRICE"}), frozenset({"PREPARE_LEANER_OFFER", "OFFER_DISCOUNT"})),
    (frozenset({"ASK_FOR_REFERENCE"}), frozenset({"ANSWER_COMPLAINT"})),
    (
        frozenset(
            {"OPEN_RENEWAL", "PLAN_RENEWAL", "RENEW_CONTRACT", "SECURE_AUTO_RENEWAL", "ESCALATE_RENEWAL"}
        ),
        frozenset({"LET_CONTRACT_END"}),
    ),
)

#: A finding of a rule: what it is about, its place and what there is to say.
Told = tuple[FindingCode, Path, str]


def opposite(one: str, other: str) -> bool:
    """Whether two actions cannot both be right for the same facts."""
    return any({one, other} <= left | right and (one in left) != (other in left) for left, right in OPPOSITES)


class Overlaps:
    """What rules of a book say beside each other; ``never`` are the keys of those that never match."""

    def __init__(self, book: Book, own: Iterable[str], never: Collection[str]) -> None:
        self._own = set(own)
        self._absent = _never_concluded(book, never)
        self._rules = [rule for rule in book.rules if rule.key not in never]
        self._order = {rule.key: number for number, rule in enumerate(self._rules)}
        self._saying: dict[str, list[Rule]] = defaultdict(list)
        for rule in self._rules:
            for what in _says(rule):
                self._saying[what].append(rule)
        self._holding: dict[str, Holding] = {}

    def of(self, rule: Rule, places: Places) -> Iterator[Finding]:
        """What is found of one of the own rules; of two that always hold together the later one is told."""
        if rule.key not in self._order:
            return
        found = list(self._closed(rule, places))
        for other in self._comparable(rule):
            found += self._beside(rule, other, places)
        yield from (Finding(code, rule.key, path, said) for code, path, said in found)

    def _beside(self, rule: Rule, other: Rule, places: Places) -> Iterator[Told]:
        """What is found of a rule beside another one that says something of the same."""
        wider = self._mappings(rule, other)
        if not wider and other.key in self._own:
            return
        narrower = self._mappings(other, rule)
        alike = bool(wider and narrower)
        told_there = alike and other.key in self._own and self._order[other.key] > self._order[rule.key]
        if self._adds_nothing(rule, other, wider) and not (
            told_there and self._adds_nothing(other, rule, narrower)
        ):
            says = "holds of the same facts" if alike else "holds whenever this rule does"
            yield (
                FindingCode.SUBSUMED,
                places.at,
                f"{other.key} {says} and says as much: this one adds nothing",
            )
        if told_there:
            return
        pairs = (rule, other, wider) if wider else (other, rule, narrower)
        for said in self._contradictions(*pairs, alike):
            yield FindingCode.CONTRADICTING, places.then, said

    def _comparable(self, rule: Rule) -> list[Rule]:
        """Other rules that say something of the same or the opposite."""
        action = rule.advice.action if rule.advice else ""
        opposing = [what for what in self._saying if opposite(action, what)]
        keys = {other.key for what in (*_says(rule), *opposing) for other in self._saying[what]}
        return [self._rules[number] for number in sorted(self._order[key] for key in keys - {rule.key})]

    def _of(self, rule: Rule) -> Holding:
        if rule.key not in self._holding:
            self._holding[rule.key] = Holding(rule, self._absent)
        return self._holding[rule.key]

    def _offered(self, rule: Rule) -> Holding:
        """What is so whenever what a rule recommends is offered: its gates are open."""
        return Holding(replace(rule, tests=(*rule.tests, *map(_test, _gates(rule)))), self._absent)

    def _mappings(self, rule: Rule, other: Rule) -> Sequence[Roles]:
        """How the other rule holds of the facts of the rule whenever that does; none if it need not."""
        asked = Counter(pattern.kind for pattern in other.patterns)
        if asked - Counter(pattern.kind for pattern in rule.patterns):
            return ()
        return tuple(mappings(self._of(rule), other))

    def _adds_nothing(self, rule: Rule, other: Rule, wider: Iterable[Roles]) -> bool:
        """Whether the other rule, which holds whenever the rule does, says all that the rule says."""
        return rule.conclusion is None and any(
            {roles[alias].name for alias in other.subjects} <= set(rule.subjects)
            and _covers(rule, other, roles)
            and self._same_advice(rule, other, roles)
            for roles in wider
        )

    def _same_advice(self, rule: Rule, other: Rule, roles: Roles) -> bool:
        one, wider = rule.advice, other.advice
        if one is None:
            return True
        if wider is None or one.action != wider.action:
            return False
        if not _same_money(_value(rule), _value(other), roles):
            return False
        offered = self._offered(rule)
        return all(offered.truth(test, roles) for _, _, test in wider.gates)

    def _contradictions(self, narrow: Rule, wide: Rule, wider: Sequence[Roles], alike: bool) -> Iterable[str]:
        """What two rules say against each other; the wide one holds whenever the narrow one does."""
        whenever = f"whenever {narrow.key} holds so does {wide.key}"
        found = (each for roles in wider for each in self._against(narrow, wide, roles, alike))
        return dict.fromkeys(f"{whenever}: {each}" for each in found)

    def _against(self, narrow: Rule, wide: Rule, roles: Roles, alike: bool) -> Iterator[str]:
        if _same_risk(narrow, wide, roles) and _at_odds(narrow.flag, wide.flag, alike):
            yield f"{narrow.key} says {_risk(narrow)} and {wide.key} says {_risk(wide)}"
        if narrow.advice is None or wide.advice is None:
            return
        action, other = narrow.advice.action, wide.advice.action
        if opposite(action, other):
            yield f"{narrow.key} recommends {action} and {wide.key} {other}, which is the opposite"
        elif action == other:
            offered = self._offered(narrow)
            for gate, text, test in wide.advice.gates:
                if offered.truth(test, roles) is False:
                    only = f"{gate} only with {text}, which is then never so"
                    yield f"{narrow.key} recommends {action}, and for {wide.key} that is {only}"

    def _closed(self, rule: Rule, places: Places) -> Iterator[Told]:
        """Gates that are never open when the rule holds."""
        for path, (gate, text, test) in zip(places.gates, _gates(rule), strict=True):
            if self._of(rule).truth(test) is False:
                only = f"it is {gate} only with {text}, which is never so then"
                yield FindingCode.CONTRADICTING, path, f"what it recommends is never offered: {only}"


def _never_concluded(book: Book, never: Collection[str]) -> set[str]:
    """The kinds of facts that only rules conclude that never match."""
    concluding = [(rule.key in never, rule.conclusion.fact) for rule in book.rules if rule.conclusion]
    return {fact for dead, fact in concluding if dead} - {fact for dead, fact in concluding if not dead}


def _says(rule: Rule) -> Iterator[str]:
    """The kinds of things that a rule says: the risk, after its name, and the action."""
    if rule.flag:
        yield f"risk {rule.flag.risk}"
    if rule.advice:
        yield rule.advice.action


def _gates(rule: Rule) -> tuple[tuple[Gate, str, Test], ...]:
    return rule.advice.gates if rule.advice else ()


def _test(gate: tuple[Gate, str, Test]) -> Test:
    return gate[2]


def _value(rule: Rule) -> Ref | None:
    """The money that the advice of a rule is about."""
    return (rule.advice and rule.advice.value) or (rule.flag and rule.flag.exposure) or None


def _same_money(one: Ref | None, wider: Ref | None, roles: Roles) -> bool:
    if one is None or wider is None:
        return one is wider
    return (one.alias, one.field) == (roles[wider.alias].name, wider.field)


def _same_risk(narrow: Rule, wide: Rule, roles: Roles) -> bool:
    """Whether both flag the same risk of the same revenue."""
    if narrow.flag is None or wide.flag is None or narrow.flag.risk != wide.flag.risk:
        return False
    return _same_money(narrow.flag.exposure, wide.flag.exposure, roles)


def _covers(rule: Rule, other: Rule, roles: Roles) -> bool:
    """Whether the risk that the rule flags, if it does, is flagged by the other as severe and as likely."""
    if rule.flag is None:
        return True
    if other.flag is None or not _same_risk(rule, other, roles):
        return False
    graver = other.flag.severity.rank >= rule.flag.severity.rank
    return graver and other.flag.probability >= rule.flag.probability


def _at_odds(narrow: Flag | None, wide: Flag | None, alike: bool) -> bool:
    """Whether the narrow one says less, as an exception would that does not silence the rule.

    To say more of fewer facts is to escalate. Of the same facts any difference is at odds.
    """
    if narrow is None or wide is None:
        return False
    severity = narrow.severity.rank - wide.severity.rank
    probability = narrow.probability - wide.probability
    return bool(severity or probability) if alike else severity < 0 or probability < 0


def _risk(rule: Rule) -> str:
    flag = rule.flag
    return f"{flag.risk} is {flag.severity} with a probability of {flag.probability:g}" if flag else ""
