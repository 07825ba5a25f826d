"""What moves the demo's customers, what is done about it, and who else sells to them."""

from __future__ import annotations

from dataclasses import dataclass

from commands import competition, trends
from commands.trends import Observed
from jobs.demo.cast import Cast
from jobs.demo.draft import days_before, minor
from models.base import as_on
from models.competition import PositionRole
from models.severity import Severity
from models.trends import Confidence, TrendImpact, TrendKind, TrendOutcome, TrendState

_SITES, _CLOUD = "Survey the new sites before they are tendered", "Workshop on connections to the cloud"
_SURE, _LIKELY, _HEARD = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
_CHANCE, _THREAT = TrendImpact.OPPORTUNITY, TrendImpact.THREAT


@dataclass(frozen=True)
class Seen:
    """A change at an account so many days ago; its course is due so many days from today."""

    account: int
    kind: TrendKind
    title: str
    ago: int
    impact: TrendImpact
    severity: Severity
    confidence: Confidence
    heard_from: str
    families: tuple[str, ...] = ()
    course: str | None = None
    due_in: int | None = None
    closed: tuple[int, TrendOutcome, str] | None = None


TRENDS = (
    Seen(
        1, TrendKind.SITE_OPENED, "A plant for batteries is built near Leipzig", 26, _CHANCE, Severity.HIGH,
        _SURE, "their annual press conference", ("Connectivity", "Security"), _SITES, 9,
    ),
    Seen(
        3, TrendKind.MERGER, "A supplier of gears is to be bought", 12, _CHANCE, Severity.HIGH, _LIKELY,
        "a board member, at the trade fair", ("Connectivity",),
    ),
    Seen(
        3, TrendKind.CLOUD_MOVE, "Design work goes to a public cloud", 150, _CHANCE, Severity.MEDIUM, _SURE,
        "their head of IT", ("Cloud and Data Centre",), _CLOUD, -60,
        (52, TrendOutcome.WORKED, "a deal for the cloud connection came of it"),
    ),
    Seen(
        4, TrendKind.REORGANISATION, "The chief operating officer has left", 21, _THREAT,
        Severity.HIGH, _SURE, "their press office", (), "Find a sponsor before voice is tendered",
        12,
    ),
    Seen(
        6, TrendKind.REGULATION, "Grid operators must report outages within the hour", 70, _CHANCE,
        Severity.MEDIUM, _SURE, "the law gazette", ("Mobile and IoT",),
        "Show how sensors report by themselves", -8,
    ),
    Seen(
        7, TrendKind.CLOUD_MOVE, "Ship design moves to a public cloud", 110, _CHANCE, Severity.MEDIUM,
        _LIKELY, "their network manager", ("Cloud and Data Centre",), _CLOUD, -50,
        (45, TrendOutcome.FAILED, "they build the connection with their cloud provider"),
    ),
    Seen(
        9, TrendKind.BUDGET_CUT, "Every department is to spend a tenth less", 40, _THREAT, Severity.HIGH,
        _LIKELY, "their buyer", (), "Offer a longer term for a lower charge", 20,
    ),
    Seen(
        15, TrendKind.SITE_OPENED, "Two solar parks go to the grid in spring", 33, _CHANCE, Severity.MEDIUM,
        _SURE, "the local press", ("Mobile and IoT",), _SITES, 30,
    ),
)  # fmt: skip
#: Full names, and what they are called in short.
_TARNHELM, _ALDERMOOR = ("Tarnhelm Communications", "Tarnhelm"), ("Aldermoor Networks", "Aldermoor")


@dataclass(frozen=True)
class Position:
    """Where a competitor stands; its contract ends so many days from today.

    ``price`` is in whole units a month.
    """

    account: int
    name: str
    family: str
    role: PositionRole
    share: int
    ago: int
    ends_in: int | None = None
    price: int | None = None
    heard_from: str = "their buyer"
    confidence: Confidence = _LIKELY


POSITIONS = (
    Position(1, "Tarnhelm", "Cloud and Data Centre", PositionRole.INCUMBENT, 80, 35, 205, 9_800),
    Position(
        1, "Tarnhelm", "Voice and Collaboration", PositionRole.CHALLENGER, 0, 9,
        heard_from="their buyer, on the phone",
    ),
    Position(
        3, "Aldermoor", "Voice and Collaboration", PositionRole.INCUMBENT, 100, 45, 130, 6_200,
        confidence=_SURE,
    ),
    Position(6, "Aldermoor", "Cloud and Data Centre", PositionRole.INCUMBENT, 60, 80, 420, confidence=_HEARD),
)  # fmt: skip
NOTES = (
    ("Tarnhelm", None, "Low at first, and dear with every change: ask for the price list of changes."),
    ("Tarnhelm", "Voice and Collaboration", "Their seats need a gateway at each site; ours need none."),
    (
        "Aldermoor",
        None,
        "Strong in cities, bought from others elsewhere: ask who repairs on the coast at night.",
    ),
    (
        "Aldermoor",
        "Voice and Collaboration",
        "They move all sites in one night; we move one first, and learn.",
    ),
)


async def watch_market(cast: Cast) -> None:
    """Record trends with what was done, and competitors with where they stand and what to say."""
    for seen in TRENDS:
        await _seen(cast, seen)
    ids = {}
    for name, short in (_TARNHELM, _ALDERMOOR):
        with as_on(days_before(cast.today, 300)):
            ids[short] = (await competition.name_competitor(cast.manager, name, short)).id
    for each in POSITIONS:
        await _placed(cast, each)
    for short, family, text in NOTES:
        with as_on(days_before(cast.today, 120)):
            await competition.write_note(cast.manager, ids[short], text, family)


async def _seen(cast: Cast, seen: Seen) -> None:
    account, day = await cast.account(seen.account), days_before(cast.today, seen.ago)
    values: dict[str, object] = {
        "kind": seen.kind, "title": seen.title, "observed_on": day, "impact": seen.impact,
        "severity": seen.severity, "confidence": seen.confidence, "heard_from": seen.heard_from,
        "families": list(seen.families),
    }  # fmt: skip
    if seen.course is not None and seen.due_in is not None:
        due_on = days_before(cast.today, -seen.due_in)
        values |= {"course": seen.course, "course_owner_id": account.owner_id, "course_due_on": due_on}
    with as_on(day):
        (trend,) = await trends.record(cast.manager, [Observed(account.id, values)])
    if seen.closed is not None:
        ago, outcome, note = seen.closed
        with as_on(days_before(cast.today, ago)):
            closed = TrendState.CLOSED
            await trends.move(cast.manager, trend.id, closed, outcome=outcome, outcome_note=note)


async def _placed(cast: Cast, each: Position) -> None:
    account, day = await cast.account(each.account), days_before(cast.today, each.ago)
    values: dict[str, object] = {
        "role": each.role, "share": each.share, "heard_from": each.heard_from,
        "confidence": each.confidence, "observed_on": day,
    }  # fmt: skip
    if each.ends_in is not None:
        values["contract_ends_on"] = days_before(cast.today, -each.ends_in)
    if each.price is not None:
        values |= {"price_minor": minor(each.price), "price_term_months": 36}
    with as_on(day):
        await competition.put_position(cast.director, account.id, each.name, each.family, values)
