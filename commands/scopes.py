"""Which accounts a judgement is about: all that somebody answers for, or some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from models.access import Actor
from models.accounts import Account
from models.asof import known_row
from models.database import Params, as_int, fetch
from models.errors import Forbidden
from models.visibility import answers_for, missing, visible
from rules.crossing import crossings
from rules.needs import needs
from rules.population import Population, survey
from rules.prefilter import Candidates, candidates, shares
from rules.rows import chosen_accounts, parameters
from rules.tree import Book

_STANDING = " union ".join(
    f"select account_id from {table} where tenant_id = :tenant and lapsed_on is null"
    for table in ("recommendation", "risk")
)
_THERE = "(t.valid_from is null or t.valid_from <= :as_of)"
_KNOWN = f"{_THERE} and {known_row('t')}"


@dataclass(frozen=True)
class Scope:
    """How many accounts it is about, and the ids, in order, of those that must be looked at one by one.

    Of the others it is known that no rule matches them and that nothing stands for them.
    """

    accounts: int
    ids: Sequence[str]
    population: Population


async def whole(
    actor: Actor, as_of: date, book: Book, *, prefilter: bool = True, known_on: date | None = None
) -> Scope:
    """Every account that the actor answers for; without ``prefilter`` each is looked at.

    With ``known_on`` only what was known by the end of that day counts.
    """
    population = await survey(actor.tenant_id, as_of, needs(book), known_on)
    found = await _narrowed(actor, as_of, book, population) if prefilter else None
    if found is None:
        ids = await answered_for(actor, as_of, known_on=known_on)
        return Scope(len(ids), ids, population)
    among = f"({found.sql} union {_STANDING})"
    ids = await answered_for(actor, as_of, among, found.params, known_on)
    return Scope(await count(actor, as_of, known_on), ids, population)


async def _narrowed(actor: Actor, as_of: date, book: Book, population: Population) -> Candidates | None:
    """The accounts that the book may match, asked for by what few accounts have."""
    return candidates(book, population, await shares(book, population, actor.tenant_id, as_of))


async def named(actor: Actor, as_of: date, book: Book, account_ids: Sequence[str]) -> Scope:
    """The accounts with these ids.

    Raises:
        NotFound: an id names nothing that the actor may see, or nothing that was there by then.
        Forbidden: the actor sees an account by a deal on it, and neither owns nor manages it.
    """
    return await _judged(
        actor, as_of, book, {each: ["accountIds", str(index)] for index, each in enumerate(account_ids)}
    )


async def one(actor: Actor, as_of: date, book: Book, account_id: str) -> Scope:
    """The account with this id; raises what ``named`` raises."""
    return await _judged(actor, as_of, book, {account_id: ["accountId"]})


async def _judged(actor: Actor, as_of: date, book: Book, places: Mapping[str, Sequence[str]]) -> Scope:
    """Accounts by their ids, each with the place where it is named."""
    known = await _seen(actor, as_of, account_ids=list(places))
    for account_id, place in places.items():
        if account_id not in known:
            raise await missing(Account, actor, account_id, place, f" as of {as_of}")
        if not known[account_id]:
            raise Forbidden("an account is judged for its owner and the managers above", place)
    return Scope(len(known), list(known), await survey(actor.tenant_id, as_of, needs(book)))


async def those(actor: Actor, as_of: date, book: Book, account_ids: Iterable[str]) -> Scope:
    """Those of the accounts with these ids that the actor answers for and that were there by then."""
    seen = await _seen(actor, as_of, account_ids=list(account_ids))
    ids = [account_id for account_id, ours in seen.items() if ours]
    return Scope(len(ids), ids, await survey(actor.tenant_id, as_of, needs(book)))


async def crossed(actor: Actor, book: Book, before: date, now: date) -> list[str]:
    """The accounts of which the book may say something else on a later day, though nobody wrote to them."""
    needed = needs(book)
    populations = tuple([await survey(actor.tenant_id, day, needed) for day in (before, now)])
    statements = crossings(book, actor.tenant_id, (before, now), (populations[0], populations[1]))
    if statements is None:
        return await answered_for(actor, now)
    return sorted({str(row["account"]) for each in statements for row in await fetch(each.sql, each.params)})


async def answered_for(
    actor: Actor,
    as_of: date,
    among: str | None = None,
    params: Params | None = None,
    known_on: date | None = None,
) -> list[str]:
    """The accounts that the actor answers for, in order; of those alone that the subquery ``among`` gives."""
    seen = await _seen(actor, as_of, among, params, known_on=known_on)
    return [account_id for account_id, ours in seen.items() if ours]


async def _seen(
    actor: Actor,
    as_of: date,
    among: str | None = None,
    params: Params | None = None,
    account_ids: Sequence[str] | None = None,
    known_on: date | None = None,
) -> dict[str, bool]:
    """The accounts that the actor may see, in order of their ids, with whether he answers for them.

    With ``account_ids``, or those that the subquery ``among`` gives, these alone are looked up, each by its
    id: a cross join is done in its order.
    """
    seen = visible(Account, actor, "t")
    if account_ids is not None:
        among = f"(select id as account from {chosen_accounts()} named)"
    chosen = f"{among} chosen cross join " if among else ""
    only = "t.id = chosen.account and " if among else ""
    rows = await fetch(
        f"select t.id, t.owner_id from {chosen}account t"
        f" where {only}{seen.sql} and {_there(known_on)} order by t.id",
        {**seen.params, **(params or {}), **parameters(actor.tenant_id, as_of, account_ids, known_on)},
    )
    return {str(row["id"]): answers_for(row["owner_id"], actor) for row in rows}


def _there(known_on: date | None) -> str:
    return _THERE if known_on is None else _KNOWN


async def count(actor: Actor, as_of: date, known_on: date | None = None) -> int:
    """How many accounts the actor answers for."""
    seen = visible(Account, actor, "t")
    rows = await fetch(
        f"select t.owner_id, count(*) as accounts from account t where {seen.sql} and {_there(known_on)}"
        " group by t.owner_id",
        {**seen.params, "as_of": as_of, "known_on": known_on},
    )
    return sum(as_int(row["accounts"]) for row in rows if answers_for(row["owner_id"], actor))
