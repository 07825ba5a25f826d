"""Accounts that may be one: told from how they are called and registered, for people to decide on.

What is compared is folded first: without case, accents, punctuation and legal forms. Names are similar when
of the groups of three letters that occur in either at least SIMILAR occur in both.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from math import ceil

import orjson

from models.access import Actor
from models.accounts import Account, DuplicateDismissal
from models.database import fetch
from models.described import Described
from models.visibility import visible

#: The share of groups of three letters that similar names have in common at least.
SIMILAR = Fraction(3, 5)
#: Of more accounts than these that share one value, each is compared with the oldest alone.
MANY = 30
#: What a company's form of law is called; it says little about which company it is.
LEGAL_FORMS = frozenset(
    {
        *("ab", "ag", "as", "asa", "bv", "co", "company", "corp", "corporation", "gmbh", "inc"),
        *("incorporated", "kg", "kgaa", "limited", "llc", "llp", "ltd", "mbh", "nv", "oy", "oyj", "plc"),
        *("pte", "pty", "sa", "sarl", "sas", "se", "sl", "spa", "srl", "sro", "ug"),
    }
)


class Likeness(Described):
    """In what two accounts are alike, the strongest reason first."""

    REGISTRATION_NUMBER = "REGISTRATION_NUMBER", "They have the same number in a register, of one country."
    DOMAIN = "DOMAIN", "They have the same domain, and are not in one tree of accounts."
    NAME = "NAME", "They are called the same, but for case, accents, punctuation and legal forms."
    SIMILAR_NAME_IN_CITY = (
        "SIMILAR_NAME_IN_CITY",
        "They are in the same city, of the groups of three letters in their names 60 % are in both, and they"
        " are not in one tree of accounts.",
    )


@dataclass(frozen=True)
class Reason:
    """Why two accounts may be one: ``values`` is what both have, or their names where these are alike."""

    likeness: Likeness
    values: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Two accounts that may be one, the older first, with the reasons, the strongest first.

    ``dismissal_id`` is the latest time that somebody said that they are not, and did not take it back. They
    are dismissed as long as that was said of all that they are alike in now.
    """

    first_id: str
    second_id: str
    reasons: tuple[Reason, ...]
    dismissal_id: str | None = None
    is_dismissed: bool = False


@dataclass(frozen=True)
class _Named:
    """What is known of an account, and the same as it is compared."""

    id: str
    name: str
    parent_id: str | None
    top_id: str
    country: str
    number: str
    domain: str
    called: str
    city: str

    @property
    def facts(self) -> dict[str, str]:
        """What is compared with others."""
        return {
            "country": self.country,
            "number": self.number,
            "domain": self.domain,
            "called": self.called,
            "city": self.city,
        }


@dataclass(frozen=True)
class _Said:
    """That two accounts are not the same, and what was known of each, by its id."""

    id: str
    facts: Mapping[str, Mapping[str, str]]


async def duplicates(
    actor: Actor, account_id: str | None = None, *, with_dismissed: bool = False
) -> list[Pair]:
    """The pairs of accounts that the actor sees and that may be one, those with the strongest reasons first.

    With ``account_id`` those that this account is one of. Placeholders are none. Two of which one is right
    above the other were told apart by people: that they are called alike is no reason. Pairs of which
    somebody said that they are not the same are left out unless asked for, as long as in all that they are
    alike in both are as they were when that was said.
    """
    everything = await _seen(actor)
    pairs = _pairs(everything, account_id)
    if not pairs:
        return []
    said = await _dismissals(actor)
    by_id = {each.id: each for each in everything}
    found = [_with_dismissal(pair, by_id, said) for pair in pairs]
    return found if with_dismissed else [pair for pair in found if not pair.is_dismissed]


async def likely(actor: Actor, one_id: str, other_id: str) -> bool:
    """Whether anything says of two accounts that the actor sees that they may be one."""
    pairs = _pairs(await _seen(actor), one_id)
    return any({pair.first_id, pair.second_id} == {one_id, other_id} for pair in pairs)


def compared(account: Account) -> dict[str, str]:
    """What is known of an account, as it is compared with others."""
    return _facts(account.name, account.country, account.registration_number, account.domain, account.city)


def _pairs(everything: Sequence[_Named], account_id: str | None) -> list[Pair]:
    by_id = {each.id: each for each in everything}
    reasons: dict[tuple[str, str], list[Reason]] = defaultdict(list)
    for likeness, pairs in _LIKE.items():
        for one, other in pairs(everything, account_id):
            if account_id in (None, one.id, other.id):
                reasons[(one.id, other.id)].append(Reason(likeness, _VALUES[likeness](one, other)))
    found = [Pair(one, other, tuple(of)) for (one, other), of in reasons.items()]
    order = list(Likeness)

    def strength(pair: Pair) -> tuple[list[int], str, str, str]:
        ranks = [order.index(each.likeness) for each in pair.reasons]
        # A pair with more reasons goes before one with the same and no other.
        return [*ranks, len(order)], by_id[pair.first_id].name, pair.first_id, pair.second_id

    return sorted(found, key=strength)


def _with_dismissal(
    pair: Pair, by_id: Mapping[str, _Named], said: Mapping[frozenset[str], Sequence[_Said]]
) -> Pair:
    """A pair with the latest of what was said of it, that which holds before others."""
    now = {each: by_id[each].facts for each in (pair.first_id, pair.second_id)}
    found = said.get(frozenset(now), ())
    holding = [each for each in found if _holds(pair, each, now)]
    if not found:
        return pair
    chosen = (holding or found)[-1]
    return replace(pair, dismissal_id=chosen.id, is_dismissed=bool(holding))


def _holds(pair: Pair, said: _Said, now: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether what was said of a pair was said of all that they are alike in now."""
    return all(
        now[account_id].get(name) == facts.get(name)
        for account_id, facts in said.facts.items()
        for reason in pair.reasons
        for name in _RESTS_ON[reason.likeness]
    )


async def _dismissals(actor: Actor) -> dict[frozenset[str], list[_Said]]:
    """What was said of pairs that the actor sees and was not taken back, by the two accounts."""
    seen = visible(DuplicateDismissal, actor, "t")
    rows = await fetch(
        "select t.id, t.account_id, t.other_id, t.facts from duplicate_dismissal t"
        f" where {seen.sql} and t.removed_on is null order by t.dismissed_on, t.id",
        seen.params,
    )
    found: dict[frozenset[str], list[_Said]] = defaultdict(list)
    for row in rows:
        ids = str(row["account_id"]), str(row["other_id"])
        facts = row["facts"] if isinstance(row["facts"], list) else orjson.loads(str(row["facts"]))
        found[frozenset(ids)].append(_Said(str(row["id"]), dict(zip(ids, facts, strict=True))))
    return found


async def _seen(actor: Actor) -> list[_Named]:
    seen = visible(Account, actor, "t")
    rows = await fetch(
        "select t.id, t.name, t.parent_id, t.country, t.registration_number, t.domain, t.city, t.placeholder"
        f" from account t where {seen.sql} order by t.id",
        seen.params,
    )
    parents = {str(row["id"]): str(row["parent_id"]) if row["parent_id"] else None for row in rows}
    return [
        _Named(
            id=str(row["id"]),
            name=str(row["name"]),
            parent_id=parents[str(row["id"])],
            top_id=_top(str(row["id"]), parents),
            **_facts(row["name"], row["country"], row["registration_number"], row["domain"], row["city"]),
        )
        for row in rows
        if not row["placeholder"]
    ]


def _facts(name: object, country: object, number: object, domain: object, city: object) -> dict[str, str]:
    return {
        "country": folded(country),
        "number": folded(number).replace(" ", ""),
        "domain": host(domain),
        "called": called(name),
        "city": folded(city),
    }


def _top(account_id: str, parents: Mapping[str, str | None]) -> str:
    """The account at the top of the tree that one is in, of those that are seen."""
    passed = {account_id}
    while (above := parents.get(account_id)) and above in parents and above not in passed:
        passed.add(account_id := above)
    return account_id


def folded(text: object) -> str:
    """A text without case, accents and punctuation: words in small letters and digits."""
    plain = unicodedata.normalize("NFKD", str(text or "").casefold())
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    return " ".join(re.findall(r"\w+", letters.replace("_", " ").replace(".", "").replace("'", "")))


def called(name: object) -> str:
    """A company's name without its form of law, unless that is all there is."""
    words = folded(name).replace("&", " ").split()
    return " ".join([word for word in words if word not in LEGAL_FORMS] or words)


def host(domain: object) -> str:
    """The host that an address of a page or a domain names, without what pages are called by."""
    name = re.sub(r"^[a-z]+://", "", str(domain or "").strip().casefold())
    return re.split(r"[/:?#]", name)[0].rstrip(".").removeprefix("www.")


def trigrams(name: str) -> frozenset[str]:
    """The groups of three letters of a name's words, which begin with two blanks and end with one."""
    return frozenset(
        padded[at : at + 3]
        for word in name.split()
        if (padded := f"  {word} ")
        for at in range(len(padded) - 2)
    )


_Pairs = Callable[[Sequence[_Named], str | None], Iterator[tuple[_Named, _Named]]]


def _alike(value: Callable[[_Named], str], apart: Callable[[_Named, _Named], bool]) -> _Pairs:
    """Pairs of accounts with the same value that are not ``apart``, the older first."""

    def pairs(everything: Sequence[_Named], account_id: str | None) -> Iterator[tuple[_Named, _Named]]:
        groups: dict[str, list[_Named]] = defaultdict(list)
        for each in everything:
            if of := value(each):
                groups[of].append(each)
        for group in groups.values():
            wanted = [each for each in group if each.id == account_id]
            for one, other in _within(group, wanted):
                if not apart(one, other):
                    yield one, other

    return pairs


def _within(group: Sequence[_Named], wanted: Sequence[_Named]) -> Iterator[tuple[_Named, _Named]]:
    if wanted:
        (one,) = wanted
        for each in group:
            if each.id != one.id:
                yield (each, one) if each.id < one.id else (one, each)
    elif len(group) <= MANY:
        yield from combinations(group, 2)
    else:
        yield from ((group[0], each) for each in group[1:])


def _other_countries(one: _Named, other: _Named) -> bool:
    return bool(one.country and other.country and one.country != other.country)


def _one_tree(one: _Named, other: _Named) -> bool:
    return one.top_id == other.top_id


def _told_apart(one: _Named, other: _Named) -> bool:
    return one.parent_id == other.id or other.parent_id == one.id


def _similar_in_city(
    everything: Sequence[_Named], _account_id: str | None
) -> Iterator[tuple[_Named, _Named]]:
    cities: dict[str, list[_Named]] = defaultdict(list)
    for each in everything:
        if each.city and each.called:
            cities[each.city].append(each)
    for group in cities.values():
        for one, other in _similar(group):
            if one.called != other.called and not _one_tree(one, other):
                yield (one, other) if one.id < other.id else (other, one)


def _similar(group: Sequence[_Named]) -> Iterator[tuple[_Named, _Named]]:
    """Pairs with similar names.

    Of two with so many groups of letters in common, the rarest of either's, as many as may lack at most and
    one more, have one in common: those alone are looked up.
    """
    parts = {each.id: trigrams(each.called) for each in group}
    common = Counter(each for of in parts.values() for each in of)
    by_part: dict[str, list[_Named]] = defaultdict(list)
    for one in group:
        mine = parts[one.id]
        rarest = sorted(mine, key=lambda part: (common[part], part))
        kept = rarest[: len(mine) - ceil(SIMILAR * len(mine)) + 1]
        for other in {other.id: other for part in kept for other in by_part[part]}.values():
            both = len(mine & parts[other.id])
            if both >= SIMILAR * (len(mine) + len(parts[other.id]) - both):
                yield other, one
        for part in kept:
            by_part[part].append(one)


_LIKE: Mapping[Likeness, _Pairs] = {
    Likeness.REGISTRATION_NUMBER: _alike(lambda each: each.number, _other_countries),
    Likeness.DOMAIN: _alike(lambda each: each.domain, _one_tree),
    Likeness.NAME: _alike(lambda each: each.called, _told_apart),
    Likeness.SIMILAR_NAME_IN_CITY: _similar_in_city,
}
_VALUES: Mapping[Likeness, Callable[[_Named, _Named], tuple[str, ...]]] = {
    Likeness.REGISTRATION_NUMBER: lambda one, _: (one.number,),
    Likeness.DOMAIN: lambda one, _: (one.domain,),
    Likeness.NAME: lambda one, other: tuple(dict.fromkeys((one.name, other.name))),
    Likeness.SIMILAR_NAME_IN_CITY: lambda one, other: (one.name, other.name),
}
#: What each reason rests on, of either account.
_RESTS_ON: Mapping[Likeness, tuple[str, ...]] = {
    Likeness.REGISTRATION_NUMBER: ("number", "country"),
    Likeness.DOMAIN: ("domain",),
    Likeness.NAME: ("called",),
    Likeness.SIMILAR_NAME_IN_CITY: ("called", "city"),
}
