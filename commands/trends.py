"""Recording what changes at customers, many trends at once, and saying what is done about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from commands.actors import actor_of
from commands.announcements import Happened, Topic
from commands.journal import BATCH, Repeat, Values, Work, differing, once, unit_of_work
from commands.permissions import LISTEN, SELL, require
from commands.signals import visible_values
from commands.validation import check_family, families_of, validate
from models.access import Actor, User
from models.accounts import Account
from models.base import fits, latest_today, today
from models.deals import Deal
from models.errors import Invalid, InvalidTransition, NotFound, under
from models.history import Change
from models.revenue import Contract
from models.signals import Signal, SignalKind
from models.trends import OF_SIGNAL, Trend, TrendKind, TrendOutcome, TrendState
from models.visibility import find, missing

MOST = 1000
#: So many product families, deals or contracts are affected at most.
MOST_AFFECTED = 100
_TITLE = 200


@dataclass(frozen=True)
class Observed:
    """One change at an account; ``values`` are columns of the trend but for those that are named here."""

    account_id: str
    values: Values
    external_id: str | None = None


async def record(actor: Actor, observed: Sequence[Observed]) -> list[Trend]:
    """Record up to 1,000 trends, all or none, in the order given.

    One whose ``external_id`` this actor has sent before is corrected, where it is told otherwise now; what
    is not told stays.

    Raises:
        BellwetherError: of the first that is wrong, with its index in the path.
    """
    require(actor, LISTEN, "record trends")
    if len(observed) > MOST:
        raise Invalid(f"{len(observed):,} trends at once; allowed: {MOST:,}", ["trends"])
    observed = [replace(each, values=_without_course(each.values)) for each in observed]
    standing = await _standing(actor, observed)
    known = await _Known.of(actor, observed, standing.values())
    seen: set[str] = set()
    for index, each in enumerate(observed):
        with under("trends", str(index)):
            await _check_new(actor, known, each, standing, seen)
    async with unit_of_work(actor, "trends.record") as work:
        return await _written(work, observed, standing)


async def from_signal(
    actor: Actor, signal_id: str, values: Values, *, idempotency_key: str | None = None
) -> Trend:
    """Make a trend of a signal: its kind, day, summary and account, but for what ``values`` say.

    Raises:
        InvalidTransition: there is one of it already.
    """
    require(actor, LISTEN, "record trends")
    signal = await find(Signal, actor, signal_id, "signalId")
    repeat = Repeat.of(actor, "trends.from_signal", idempotency_key, {"signal_id": signal_id, **values})

    async def make() -> Trend:
        if await Trend.filter(tenant_id=actor.tenant_id, signal_id=signal.id).exists():
            raise InvalidTransition("there is a trend of this signal already", ["signalId"])
        told = {
            "kind": OF_SIGNAL.get(SignalKind(signal.kind), TrendKind.OTHER),
            "title": _short(signal.summary),
            "details": signal.summary if len(signal.summary) > _TITLE else None,
            "observed_on": signal.observed_on,
            "deal_ids": [signal.deal_id] if signal.deal_id else [],
            **values,
        }
        known = await _Known.of(actor, [Observed(signal.account_id, told)])
        _check(known, signal.account_id, None, told)
        async with unit_of_work(actor, "trends.from_signal", repeat=repeat) as work:
            made = await work.create(_trend(actor, signal.account_id, {**told, "signal_id": signal.id}, None))
            return _told(work, made, Happened.OPENED)

    return await once(actor, Trend, repeat, make)


async def update(actor: Actor, trend_id: str, values: Values, *, version: int | None = None) -> Trend:
    """Correct what is known of a trend, or say its course of action; what was known before is kept.

    Raises:
        Conflict: it has changed since ``version``.
    """
    require(actor, SELL, "change trends")
    trend = await find(Trend, actor, trend_id, "id")
    values = _without_course(values)
    known = await _Known.of(actor, [Observed(trend.account_id, values)], [trend])
    _check(known, trend.account_id, trend, values)
    async with unit_of_work(actor, "trends.update") as work:
        return _told(work, await work.update(trend, values, version), Happened.REFRESHED)


async def move(
    actor: Actor,
    trend_id: str,
    to: TrendState,
    *,
    version: int | None = None,
    outcome: TrendOutcome | None = None,
    outcome_note: str | None = None,
    on: date | None = None,
) -> Trend:
    """Say that a trend was acted on, is over, was not so, or holds again; and what came of its course.

    Raises:
        InvalidTransition: it cannot go there, or there is no course of action that anything came of.
        Invalid: an outcome of a trend that is not closed, or a day to come, before it was observed or before
            it moved last.
    """
    require(actor, SELL, "change trends")
    trend = await find(Trend, actor, trend_id, "id")
    first = max(trend.observed_on, (await _moves(actor, [trend])).get(trend.id, trend.observed_on))
    day = _past(on or max(today(), first), "on")
    if day < first:
        raise Invalid(f"it was observed, or moved last, on {first}; allowed: that day and later", ["on"])
    validate(Trend, {"outcome_note": outcome_note})
    if outcome is None and outcome_note is not None:
        raise Invalid("there is no outcome to say more of", ["outcomeNote"])
    if outcome is not None and to is not TrendState.CLOSED:
        raise Invalid("what came of it is said when it is closed", ["outcome"])
    if outcome is not None and trend.course is None:
        raise InvalidTransition("there is no course of action that anything came of", ["outcome"])
    trend.check_move(to)
    ended = {
        "outcome": outcome,
        "outcome_note": outcome_note,
        "outcome_on": day if outcome is not None else None,
    }
    async with unit_of_work(actor, "trends.move", on=day) as work:
        return _told(work, await work.update(trend, {"state": to, **ended}, version), Happened.MOVED)


async def _written(work: Work, observed: Sequence[Observed], standing: Mapping[str, Trend]) -> list[Trend]:
    trends, new = [], []
    for each in observed:
        known = standing.get(each.external_id or "")
        if known is None:
            known = _trend(work.actor, each.account_id, each.values, each.external_id)
            new.append(known)
        elif differing(known, each.values):
            _told(work, await work.update(known, each.values), Happened.REFRESHED)
        trends.append(known)
    await work.create_all(new)
    for trend in new:
        _told(work, trend, Happened.OPENED)
    return trends


def _told(work: Work, trend: Trend, happened: Happened) -> Trend:
    work.tell(Topic.TREND, trend.id, trend.account_id, happened)
    return trend


def _trend(actor: Actor, account_id: str, values: Values, external_id: str | None) -> Trend:
    return Trend(
        id=Trend.make_id(),
        tenant_id=actor.tenant_id,
        account_id=account_id,
        source=_source(actor),
        external_id=external_id,
        **{"valid_from": values["observed_on"], **values},
    )


def _source(actor: Actor) -> str:
    """Where the actor's trends come from: everybody has external ids of their own."""
    return f"{actor.source}:{actor.principal_id}" if actor.user_id else actor.source


async def _standing(actor: Actor, observed: Sequence[Observed]) -> dict[str, Trend]:
    keys = [each.external_id for each in observed if each.external_id]
    found: dict[str, Trend] = {}
    for start in range(0, len(keys), BATCH):
        for trend in await Trend.filter(
            tenant_id=actor.tenant_id, source=_source(actor), external_id__in=keys[start : start + BATCH]
        ):
            found[str(trend.external_id)] = trend
    return found


@dataclass(frozen=True)
class _Known:
    """What trends refer to, as far as the actor may see it: ids of accounts, and accounts by id."""

    accounts: Mapping[str, str]
    deals: Mapping[str, str]
    contracts: Mapping[str, str]
    signals: Mapping[str, str]
    families: Collection[str]
    #: The accounts that owners of courses see, of those that trends give them, by the active users.
    owners: Mapping[str, Collection[str]]
    #: The days on which trends moved last, by their ids.
    moved: Mapping[str, date]

    @classmethod
    async def of(cls, actor: Actor, observed: Sequence[Observed], standing: Iterable[Trend] = ()) -> _Known:
        """For trends that say this of these accounts; those that are corrected are ``standing``."""
        said = [each.values for each in observed]
        signals = [str(each["signal_id"]) for each in said if each.get("signal_id") is not None]
        return cls(
            accounts=await visible_values(actor, Account, [each.account_id for each in observed], "id"),
            deals=await visible_values(actor, Deal, _all(said, "deal_ids"), "account_id"),
            contracts=await visible_values(actor, Contract, _all(said, "contract_ids"), "account_id"),
            signals=await visible_values(actor, Signal, signals, "account_id"),
            families=await families_of(actor) if any(each.get("families") for each in said) else (),
            owners=await _owners(actor, observed),
            moved=await _moves(actor, standing) if any("observed_on" in each for each in said) else {},
        )


async def _owners(actor: Actor, observed: Sequence[Observed]) -> dict[str, Collection[str]]:
    """Those that trends give courses to and that are active, with the accounts of these that they see."""
    given: dict[str, set[str]] = {}
    for each in observed:
        if (owner := each.values.get("course_owner_id")) is not None:
            given.setdefault(str(owner), set()).add(each.account_id)
    found: dict[str, Collection[str]] = {}
    for owner, accounts in sorted(given.items()):
        if fits(User, "id", owner) and await User.exists(id=owner, tenant_id=actor.tenant_id, active=True):
            sight = await actor_of(owner, actor.tenant_id)
            found[owner] = await visible_values(sight, Account, sorted(accounts), "id")
    return found


async def _moves(actor: Actor, trends: Iterable[Trend]) -> dict[str, date]:
    """The days on which trends moved last, by the ids of those that ever did."""
    ids, found = sorted({each.id for each in trends}), dict[str, date]()
    for start in range(0, len(ids), BATCH):
        moved = Change.filter(
            tenant_id=actor.tenant_id, entity_id__in=ids[start : start + BATCH], entity="trend", field="state"
        )
        for trend_id, day in await moved.order_by("effective_on", "id").values_list(
            "entity_id", "effective_on"
        ):
            found[str(trend_id)] = day
    return found


def _all(said: Sequence[Values], name: str) -> list[str]:
    lists = (each.get(name) for each in said)
    return [str(record_id) for each in lists if isinstance(each, list) for record_id in each]


async def _check_new(
    actor: Actor, known: _Known, each: Observed, standing: Mapping[str, Trend], seen: set[str]
) -> None:
    validate(Trend, {"external_id": each.external_id})
    if each.external_id in seen:
        raise Invalid(f"{each.external_id!r} comes twice", ["externalId"])
    if each.external_id:
        seen.add(each.external_id)
    if each.account_id not in known.accounts:
        raise await missing(Account, actor, each.account_id, ["accountId"])
    before = standing.get(each.external_id or "")
    if before is not None and before.account_id != each.account_id:
        raise Invalid("it was recorded of another account before", ["accountId"])
    _check(known, each.account_id, before, each.values)


def _check_course(before: Trend | None, values: Values) -> None:
    course = values.get("course", before.course if before else None)
    if course is not None:
        return
    if values.get("course_owner_id") or values.get("course_due_on"):
        raise Invalid("nobody and no day without a course of action", ["course"])
    if before is not None and (before.outcome is not None or before.state is TrendState.ACTED):
        raise InvalidTransition("a course of action that was taken stays", ["course"])


def _without_course(values: Values) -> Values:
    """A course that is taken away takes its owner and its day along."""
    if values.get("course", "") is None:
        return {"course_owner_id": None, "course_due_on": None, **values}
    return values


def _check_days(before: Trend | None, values: Values, moved_on: date | None) -> None:
    """A course is due once the trend was observed, which was before it moved."""
    told = [values.get(name, getattr(before, name, None)) for name in ("observed_on", "course_due_on")]
    observed_on, due_on = (day if isinstance(day, date) else None for day in told)
    if due_on is not None and observed_on is not None and due_on < observed_on:
        path = "courseDueOn" if values.get("course_due_on") is not None else "observedOn"
        raise Invalid(
            f"the course is due on {due_on}, the trend observed on {observed_on}; allowed: due that day and"
            " later",
            [path],
        )
    if (
        "observed_on" in values
        and observed_on is not None
        and moved_on is not None
        and observed_on > moved_on
    ):
        raise Invalid(f"the trend moved on {moved_on}; allowed: that day and earlier", ["observedOn"])


def _check(known: _Known, account_id: str, before: Trend | None, values: Values) -> None:
    validate(Trend, {name: value for name, value in values.items() if not isinstance(value, list)})
    observed_on, link = values.get("observed_on"), values.get("link")
    if isinstance(observed_on, date):
        _past(observed_on, "observedOn")
    if isinstance(link, str) and not link.startswith("https://"):
        raise Invalid("allowed: a link that begins with https://", ["link"])
    owner = values.get("course_owner_id")
    if owner is not None and str(owner) not in known.owners:
        raise NotFound(f"no active user {owner!r}", ["courseOwnerId"])
    if owner is not None and account_id not in known.owners[str(owner)]:
        raise Invalid(
            f"{owner} does not see the account; allowed: its owner, whoever has a share in one of its deals,"
            " and the managers above",
            ["courseOwnerId"],
        )
    if values.get("signal_id") is not None:
        _check_of(known.signals, account_id, [str(values["signal_id"])], "signal", "signalId")
    _check_families(known.families, values.get("families"))
    _check_of(known.deals, account_id, _few(values.get("deal_ids"), "dealIds"), "deal", "dealIds")
    contracts = _few(values.get("contract_ids"), "contractIds")
    _check_of(known.contracts, account_id, contracts, "contract", "contractIds")
    _check_course(before, values)
    _check_days(before, values, known.moved.get(before.id) if before else None)


def _check_families(known: Collection[str], families: object) -> None:
    for index, family in enumerate(_few(families, "families")):
        check_family(known, family, "families", str(index))


def _check_of(accounts: Mapping[str, str], account_id: str, ids: Sequence[str], what: str, path: str) -> None:
    for record_id in ids:
        if record_id not in accounts:
            raise NotFound(f"no {what} {record_id!r}", [path])
        if accounts[record_id] != account_id:
            raise Invalid(f"the {what} {record_id} belongs to another account", [path])


def _few(values: object, path: str) -> list[str]:
    if not isinstance(values, list):
        return []
    if len(values) > MOST_AFFECTED or len(set(values)) != len(values):
        raise Invalid(f"allowed: up to {MOST_AFFECTED}, none twice", [path])
    return values


def _past(day: date, path: str) -> date:
    validate(Trend, {"observed_on": day})
    if day > (latest := latest_today()):
        raise Invalid(f"{day} is in the future; allowed: {latest} and earlier", [path])
    return day


def _short(text: str) -> str:
    return text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…"
