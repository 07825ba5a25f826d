"""The deals of an account: those that are open, as its story or chance has it, and those that ended."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from jobs.demo.accounts import AccountSpec
from jobs.demo.draft import CURRENCY, Row, Rows, days_before, workday
from jobs.demo.names import CITIES, COMPETITORS, LOSS_REASONS, NEXT_STEPS
from jobs.demo.services import contract_id
from jobs.demo.solutions import (
    BY_SOLUTION,
    SOLUTIONS,
    amount,
    renewal_lines,
    solution_lines,
)
from jobs.demo.stories import DealStory, Story
from jobs.demo.timeline import closed_moves, open_moves, set_close, set_stages
from models.deals import ContactRole, DealKind, Stage
from models.people import Seniority

#: Contracts that end sooner than this have a renewal deal, unless the story says that nobody cares.
RENEWAL_DAYS = 120
ROLES = (ContactRole.CHAMPION, ContactRole.DECISION_MAKER, ContactRole.ECONOMIC_BUYER, ContactRole.INFLUENCER)
#: A healthy deal is younger than this, so that a few more days do not make it stall.
YOUNG = 70
#: How often somebody else wanted a deal, too, that was won.
CONTESTED_CHANCE = 0.85


def add_deals(rows: Rows, spec: AccountSpec, story: Story, today: date, random: Random) -> None:
    """Add the deals of the story, renewals in sight, open deals as chance has it, and past ones."""
    for told in story.deals:
        _add_open(rows, spec, told, today, random)
    if story.renewal_open:
        _add_renewal(rows, spec, today, random)
    if not story.quiet:
        for number in range(1, random.choice((1, 2, 2, 3)) - len(story.deals)):
            _add_open(rows, spec, _by_chance(number, random), today, random)
    if story.customer and story.customer_for is None:
        for number in range(1, random.randint(3, 7)):
            _add_past(rows, spec, number, today, random)


def deal_id(account: int, key: str) -> str:
    """The external id of an account's deal."""
    return f"OPP-{account:02d}-{key}"


def _by_chance(number: int, random: Random) -> DealStory:
    stage = random.choice(
        (Stage.IDENTIFIED, Stage.QUALIFIED, Stage.QUALIFIED, Stage.PROPOSED, Stage.NEGOTIATING)
    )
    return DealStory(
        key=str(number),
        solution=random.choice(SOLUTIONS).key,
        size=random.randint(6, 34),
        kind=random.choice((DealKind.NEW, DealKind.EXPANSION)),
        stage=stage,
        age=random.randint(8 * stage.rank, YOUNG - 20 + 5 * stage.rank),
        contacts=random.randint(2, 3),
        pushes=random.choice((0, 0, 0, 1, 1, 2)),
        close_in=random.randint(130 - 28 * stage.rank, 200 - 32 * stage.rank),
        next_step_in=random.randint(3, 16),
    )


def _add_open(rows: Rows, spec: AccountSpec, told: DealStory, today: date, random: Random) -> None:
    solution = BY_SOLUTION[told.solution]
    deal = _deal(spec, told.key, solution.name(told.size, _city(spec, random)), told.kind)
    if told.kind is DealKind.EXPANSION and rows.contracts:
        deal.values["contract_id"] = contract_id(spec.number, 1)
    _place(rows, deal, told, today, random)
    _finish(rows, deal, solution_lines(deal, solution, told.size, random))


def _add_renewal(rows: Rows, spec: AccountSpec, today: date, random: Random) -> None:
    for contract in rows.contracts[:1]:
        ends = contract.values["ends_on"]
        assert isinstance(ends, date)
        if (ends - today).days > RENEWAL_DAYS:
            continue
        deal = _deal(spec, "RENEWAL", f"Renewal of {contract.values['name']}", DealKind.RENEWAL)
        deal.values["contract_id"] = contract.external_id
        told = DealStory(
            "RENEWAL", "", stage=Stage.PROPOSED, age=64, close_in=max(9, (ends - today).days - 20)
        )
        _place(rows, deal, told, today, random)
        services = [row for row in rows.services if row.values["contract_id"] == contract.external_id]
        _finish(rows, deal, renewal_lines(deal, services, random))


def _place(rows: Rows, deal: Row, told: DealStory, today: date, random: Random) -> None:
    """Say how far the deal is, who takes part, and what comes next."""
    set_stages(deal, open_moves(days_before(today, told.age), today, told.stage))
    set_close(deal, today, _due(today, told.close_in), told.pushes)
    people = _buying_centre(rows, told.contacts, random)
    for person, role in zip(people, ROLES, strict=False):
        rows.deal_contacts.append((deal.external_id, person.external_id, role))
    deal.values["next_step"] = random.choice(NEXT_STEPS).format(person=people[0].values["name"])
    deal.values["next_step_on"] = _due(today, told.next_step_in)
    if told.competitor_heard is not None:
        deal.values["competitor"] = random.choice(COMPETITORS)


def _due(today: date, days: int) -> date:
    """A working day in the future; what is due already stays on its day."""
    day = today + timedelta(days=days)
    return workday(day) if days > 2 else day


def _buying_centre(rows: Rows, count: int, random: Random) -> list[Row]:
    """So many people who are there, the most senior last: the money is theirs."""
    present = [row for row in rows.contacts if "left_on" not in row.values]
    among = random.sample(present, min(count, len(present)))
    ranks = list(Seniority)
    return sorted(
        among, key=lambda row: (-ranks.index(Seniority(str(row.values["seniority"]))), row.external_id)
    )


def _add_past(rows: Rows, spec: AccountSpec, number: int, today: date, random: Random) -> None:
    solution, size = random.choice(SOLUTIONS), random.randint(4, 30)
    kind = random.choice((DealKind.NEW, DealKind.EXPANSION, DealKind.WIN_BACK))
    deal = _deal(spec, f"P{number}", solution.name(size, _city(spec, random)), kind)
    closed = workday(days_before(today, random.randint(4, 640)))
    lasted = random.randint(35, 190)
    won = random.random() < (0.68 if lasted <= 90 else 0.3)
    reached = 4 if won else random.randint(2, 4)
    end = Stage.WON if won else Stage.LOST
    set_stages(deal, closed_moves(days_before(closed, lasted), closed, end, reached))
    set_close(deal, closed, closed, min(4, lasted // 45))
    for person, role in zip(_buying_centre(rows, 2, random), ROLES, strict=False):
        rows.deal_contacts.append((deal.external_id, person.external_id, role))
    if won:
        _contest(deal)
    else:
        deal.values |= {"loss_reason": random.choice(LOSS_REASONS), "competitor": random.choice(COMPETITORS)}
    _finish(rows, deal, solution_lines(deal, solution, size, random))


def _contest(deal: Row) -> None:
    """Name a competitor whom most deals were won against."""
    random = Random(deal.external_id)  # noqa: S311 - a demo needs no secrets
    if random.random() < CONTESTED_CHANCE:
        deal.values["competitor"] = random.choice(COMPETITORS)


def _deal(spec: AccountSpec, key: str, name: str, kind: DealKind) -> Row:
    values: dict[str, object] = {
        "account_id": spec.external_id,
        "owner_id": spec.owner.external_id,
        "name": name,
        "kind": kind,
        "currency": CURRENCY,
    }
    return Row(deal_id(spec.number, key), values)


def _finish(rows: Rows, deal: Row, lines: list[Row]) -> None:
    deal.values["amount_minor"] = amount(lines)
    rows.deals.append(deal)
    rows.deal_lines += lines


def _city(spec: AccountSpec, random: Random) -> str:
    return random.choice(CITIES[spec.country])
