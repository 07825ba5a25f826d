"""Reading why: what would change a verdict, why there is none, and a verdict in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commands import scopes
from commands.rulebooks import active_book
from models.access import Actor
from models.errors import Invalid, NotFound, allowed
from models.recommendations import Recommendation, Risk
from rules.counterfactuals import Counterfactual, counterfactuals
from rules.facts import gather
from rules.needs import needs
from rules.reference import Facts, Match, canonical_facts, evaluate
from rules.tree import Book, Rule
from rules.why_not import WhyNot, why_not

#: Steps of searching that one explanation may take, about a second's worth.
MAX_STEPS = 200_000


@dataclass(frozen=True)
class Changes:
    """What would clear a verdict; ``holds`` says whether, by what is known now, it still stands at all.

    ``matched`` are the records that it is about, by kind and id.
    """

    holds: bool
    counterfactuals: Sequence[Counterfactual]
    matched: frozenset[tuple[str, str]] = frozenset()


class _Patience:
    """Ends a search that takes too many steps: a rule can be slow, and others wait."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def __call__(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Invalid("this account has too many facts to explain the rule on it")


async def changes(actor: Actor, verdict: Recommendation | Risk) -> Changes:
    """What would clear a recommendation or risk, by the live rule and the facts of the day it was last seen.

    Raises:
        Invalid: finding out takes too long.
    """
    book = await active_book(actor)
    if verdict.rule_key not in {rule.key for rule in book.rules}:
        return Changes(False, [])
    rule = book.rule(verdict.rule_key)
    facts = await _facts(actor, book, rule, verdict.account_id, verdict.last_seen_on)
    step = _Patience()
    standing = [
        match
        for match in sorted(evaluate(book.upto(rule.key), facts, step))
        if match.rule == rule.key and (_subject(rule, match) or verdict.account_id) == verdict.subject_key
    ]
    if not standing:
        return Changes(False, [])
    matched = frozenset((rule.kind_of(alias), fact_id) for alias, fact_id in standing[0].facts)
    return Changes(True, counterfactuals(book, standing[0], facts, step), matched)


def _subject(rule: Rule, match: Match) -> str:
    bound = dict(match.facts)
    return "|".join(bound[alias] for alias in rule.subjects)


async def absent(
    actor: Actor, account_id: str, as_of: date, rule_key: str | None = None, action: str | None = None
) -> list[WhyNot]:
    """Why the live rules do not say something of an account: one rule, or all that recommend an action.

    Raises:
        NotFound: there is no such account, or no live rule of this key or action.
        Forbidden: the actor does not answer for the account.
        Invalid: neither or both of rule and action are given, or finding out takes too long.
    """
    if (rule_key is None) == (action is None):
        raise Invalid("either a rule or an action belongs here", ["ruleKey"])
    book = await active_book(actor)
    asked = [
        rule
        for rule in book.rules
        if rule.key == rule_key or (action and rule.advice and rule.advice.action == action)
    ]
    if not asked:
        known = [rule.key for rule in book.rules]
        raise NotFound(f"no live rule {rule_key or action!r}; known: {allowed(known)}", ["ruleKey"])
    scope = await scopes.one(actor, as_of, book, account_id)
    step = _Patience()
    return [
        why_not(book, rule.key, await _facts(actor, book, rule, scope.ids[0], as_of), step) for rule in asked
    ]


async def _facts(actor: Actor, book: Book, rule: Rule, account_id: str, as_of: date) -> Facts:
    needed = needs(Book(book.version, book.upto(rule.key)))
    gathered = await gather(actor.tenant_id, [account_id], as_of, needed)
    return canonical_facts(gathered.get(account_id, {}))
