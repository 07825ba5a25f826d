"""What a review tells, in the order in which it is told, for managers and for customers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from commands.account_review.content import Content, People, Plan, Unapproved
from connectors.account_review import drawings
from connectors.account_review.drawings import whole
from connectors.account_review.sections import Block, Chart, Facts, Points, Section, Table
from connectors.account_review.shading import in_use, stakeholders, whitespace
from connectors.account_review.tables import judgements, people, records
from connectors.account_review.texts import capital, counted, day, money, words
from metrics.account_records import ON_ITS_WAY
from models.plans import PlanEntryKind, PlanState
from models.recommendations import Withheld
from models.services import ServiceState

_MINOR = 100
#: A table has so many rows at most, so that a file stays one that people open.
MOST_ROWS = 200
#: A deck shows so many reasons for how a plan stands, and of its strengths, threats and so on so many each.
MOST_REASONS, MOST_ENTRIES = 6, 3


def sections(content: Content) -> list[Section]:
    """The sections that have anything to tell."""
    told = _for_us(content) if content.is_internal else _for_customers(content)
    found = [each for each in told if any(_tells(block) for row in each.rows for block in row)]
    return [_fitted(each, has_tree=bool(content.tree)) for each in found]


def _fitted(section: Section, *, has_tree: bool) -> Section:
    rows = [[_short(block, has_tree) for block in row if _tells(block)] for row in section.rows]
    return replace(section, rows=rows)


def _short(block: Block, has_tree: bool) -> Block:
    """A table with at most MOST_ROWS rows, and which account it is only where there are several."""
    if not isinstance(block, Table):
        return block
    kept = [at for at, column in enumerate(block.columns) if has_tree or not column.is_account]
    return replace(
        block,
        columns=[block.columns[at] for at in kept],
        rows=[[row[at] for at in kept] for row in block.rows[:MOST_ROWS]],
        left_out=block.left_out + max(0, len(block.rows) - MOST_ROWS),
    )


def _tells(block: Block) -> bool:
    match block:
        case Facts(pairs=held) | Points(lines=held):
            return bool(held)
        case Chart(categories=held):
            return bool(held)
        case _:
            return bool(getattr(block, "rows", None) or getattr(block, "boxes", None))


def _for_us(content: Content) -> Iterator[Section]:
    yield Section(
        whole(content, "Summary"),
        [[Facts(_figures(content), are_figures=True)], [Points(_verdicts(content))]],
    )
    yield Section("What we ask for", [[Points([(each.what, each.why) for each in content.asks])]])
    yield Section("What is at risk, and why", [[judgements.risks(content)]])
    yield drawings.over_time(content)
    if content.plan:
        yield from _plan(content, content.plan)
    yield drawings.forecast(content)
    yield Section("Won and lost this quarter", [[records.ended(content)]])
    if content.people:
        yield Section("Stakeholder map", [[stakeholders(content.people)]])
        yield Section(
            "Relationships and their gaps",
            [
                [Facts(_covered(content.people))],
                [Points(_gaps(content.people), MOST_REASONS, ("gap", "gaps"))],
            ],
        )
    yield Section("Trends and competitors", [[judgements.trends(content)], [judgements.rivals(content)]])
    if content.whitespace:
        gaps = records.gaps(content.whitespace, content.currency)
        yield Section("Whitespace", [[whitespace(content.whitespace)], [gaps]])
    yield Section(
        "Recommendations, in order of priority", [[Points(_withheld(content))], [judgements.advice(content)]]
    )
    yield from drawings.care(content)
    yield drawings.contracts(content)
    yield Section("The account", [[Facts(_facts(content))], [records.tree(content)]])
    if content.people:
        yield Section("People at the account", [[people.known_people(content.people.known.values())]], True)
    yield Section("Services", [[records.services(content.services, content.currency)]], True)
    missing = Facts([_split(line) for line in content.missing])
    yield Section("What there is nothing to tell of", [[missing]], in_appendix=True)


def _for_customers(content: Content) -> Iterator[Section]:
    quarter, services = content.quarter, content.services
    figures, facts = Facts(_figures(content), are_figures=True), Facts(_facts(content))
    yield Section(whole(content, "At a glance"), [[figures], [facts], [records.tree(content)]])
    delivered = [
        each
        for each in services
        if each.state is ServiceState.ACTIVE
        and each.started_on is not None
        and quarter.first <= each.started_on <= content.as_of
    ]
    coming = [each for each in services if each.state in ON_ITS_WAY]
    new = (
        records.services(delivered, content.currency, "Delivered this quarter"),
        records.sold(content),
        records.services(coming, content.currency, "On its way"),
    )
    yield Section("Delivered, agreed, and on its way", [[each] for each in new])
    if content.in_use:
        yield Section("What you use", [[in_use(content.in_use)]])
    yield from drawings.care(content)
    yield drawings.over_time(content)
    yield drawings.contracts(content)
    if content.shared:
        agreed = [[judgements.goals(content.shared)], [judgements.steps(content.shared)]]
        yield Section("Agreed objectives and next steps", agreed)
    yield Section(
        "Who is there for whom",
        [
            [
                people.persons(content.theirs, "Your people"),
                people.persons(content.ours, "Our people"),
            ]
        ],
    )
    running = [each for each in services if each.state not in ON_ITS_WAY]
    yield Section("Your services", [[records.services(running, content.currency)]], True)


def _withheld(content: Content) -> list[tuple[str, str]]:
    """How many recommendations hold that are not offered, and why."""
    held = sum(content.withheld.values())
    if not held:
        return []
    open_ = sum(not each.is_accepted for each in content.advice)
    shown = counted(open_ + held, "recommendation")
    why = ", ".join(f"{number:,} {_WITHHELD[reason]}" for reason, number in content.withheld.items())
    return [(f"{shown} open, {held:,} of them withheld", f"they hold, and are not offered: {why}")]


_WITHHELD = {
    Withheld.ELIGIBLE: "that we may not follow",
    Withheld.APPLICABLE: "whose time is not now",
    Withheld.SUITABLE: "that would not be good for the customer",
    Withheld.DISMISSED: "of which the like was dismissed too often",
    Withheld.CAP: "for which more pressing ones stand: an account gets only so many at once",
}


def _figures(content: Content) -> list[tuple[str, str]]:
    """The figures at a glance, each with what it is called."""
    standing, currency, figures = content.standing, content.currency, content.figures
    found = [
        ("Charges a month", money(standing.recurring_minor, currency)),
        ("Running contracts", f"{standing.contracts:,}"),
        ("Active services", f"{standing.services:,}"),
        ("Open tickets", f"{standing.tickets:,}"),
    ]
    if figures is None:
        return found
    return [
        found[0],
        ("Open pipeline", money(figures.pipeline_minor, currency)),
        ("Weighted pipeline", money(figures.weighted_minor, currency)),
        ("Won this quarter", money(figures.won_minor, currency)),
        ("Revenue at risk", money(figures.at_risk_minor, currency)),
        ("At risk, weighted", money(figures.at_risk_weighted_minor, currency)),
        ("Open risks", f"{figures.open_risks:,}"),
        ("Open tickets", f"{figures.tickets:,}"),
    ]


def _verdicts(content: Content) -> list[tuple[str, str]]:
    return [*_of_risk(content), *_of_plan(content), *_of_people(content)]


def _of_risk(content: Content) -> Iterator[tuple[str, str]]:
    figures = content.figures
    if not content.risks or not figures:
        yield "Nothing is at risk", "as far as the live rules see it"
        return
    at_risk = money(figures.at_risk_minor, content.currency)
    risks = counted(figures.open_risks, "open risk")
    yield f"{at_risk} at risk", f"{risks}; each contract, service and deal is counted once"
    for each in content.risks[:2]:
        yield f"{each.title} ({each.account})", each.because or f"since {day(each.since)}"


def _of_plan(content: Content) -> Iterator[tuple[str, str]]:
    if content.plan is None:
        yield "No account plan", "none is followed on this day"
        return
    if content.plan.approved is None:
        yield f"The account plan is {_never(content.plan)}", "nothing is judged by it"
        return
    judged = content.plan.judged
    why = judged.reasons[0].text if judged.reasons else "nothing speaks against it"
    yield f"The plan is {words(judged.health.value)}", why


def _of_people(content: Content) -> Iterator[tuple[str, str]]:
    if content.people:
        yield from _gaps(content.people)[:1]


def _plan(content: Content, plan: Plan) -> Iterator[Section]:
    stands = words(plan.judged.health.value) if plan.approved else "not approved"
    reasons = Points(_reasons(plan), MOST_REASONS, ("reason", "reasons"))
    yield Section(f"Account plan: {stands}", [[Facts(_plan_facts(content, plan))], [reasons]])
    actions = judgements.actions(plan.actions, content.as_of)
    objectives = judgements.objectives(plan) if plan.judged.objectives else judgements.planned(plan)
    yield Section("Objectives and actions", [[objectives], [actions]])
    rows: list[list[Block]] = [
        [Points([(capital(words(kind.value)), text) for text in texts], MOST_ENTRIES, _ENTRIES[kind])]
        for kind in PlanEntryKind
        if (texts := plan.entries.get(kind.value))
    ]
    taken = [
        (f"Risk taken knowingly, until {day(each.until_on)}", f"{each.what}: {each.because}")
        for each in plan.taken
    ]
    rows.append([Points(taken, MOST_ENTRIES, ("risk", "risks"))])
    yield Section("Strengths, threats and strategies", rows)


_ENTRIES = {
    PlanEntryKind.STRENGTH: ("strength", "strengths"),
    PlanEntryKind.WEAKNESS: ("weakness", "weaknesses"),
    PlanEntryKind.OPPORTUNITY: ("opportunity", "opportunities"),
    PlanEntryKind.THREAT: ("threat", "threats"),
    PlanEntryKind.STRATEGY: ("strategy", "strategies"),
}


def _reasons(plan: Plan) -> list[tuple[str, str]]:
    """What speaks against the plan, or that nothing does, or why it is not judged."""
    if plan.approved is None:
        return [(f"It is {_never(plan)}", "what follows is what is written; nothing is judged by it")]
    health = words(plan.judged.health.value)
    found = [(capital(words(each.kind.value)), each.text) for each in plan.judged.reasons]
    return found or [(f"It is {health}", "nothing speaks against it")]


def _never(plan: Plan) -> str:
    """What a plan is that was never approved."""
    if plan.state is PlanState.SUBMITTED:
        return "submitted, and nobody approved it yet"
    return "a draft that nobody approved"


def _state(plan: Plan) -> Iterator[tuple[str, str]]:
    """What is told of the plan: which revision, and in what that differs from what is written."""
    if plan.approved is None:
        yield "State", _never(plan)
        return
    since = day(plan.approved.on)
    yield "State", f"as approved last: revision {plan.approved.number} of {since}"
    if plan.unapproved:
        told = "; ".join(map(_counts, plan.unapproved))
        waits = " (submitted)" if plan.state is PlanState.SUBMITTED else ""
        yield "Written now", f"changes not approved since {since}{waits}: {told}"


def _counts(of: Unapproved) -> str:
    """How many of a kind differ: 2 actions taken out, 1 added."""
    counts = ((of.taken_out, "taken out"), (of.added, "added"), (of.changed, "changed"))
    (first, how), *others = [(number, how) for number, how in counts if number]
    return ", ".join(
        [f"{counted(first, *of.called)} {how}", *(f"{number:,} {also}" for number, also in others)]
    )


def _plan_facts(content: Content, plan: Plan) -> list[tuple[str, str]]:
    target = plan.judged.revenue
    found: list[tuple[str, str | None]] = [
        ("Plan", plan.name),
        ("Period", f"{day(plan.first_on)} to {day(plan.last_on)}"),
        *_state(plan),
        ("Vision", plan.vision),
    ]
    if target is not None:
        sums = [int(each * _MINOR) for each in (target.target, target.annual, target.pipeline)]
        wanted, annual, pipeline = (money(each, content.currency) for each in sums)
        found += [
            ("Revenue target", f"{wanted} a year{_alone(content)}"),
            ("In sight", f"{annual} of contracts a year, {pipeline} of weighted deals{_alone(content)}"),
        ]
    return [(name, value) for name, value in found if value]


def _alone(content: Content) -> str:
    """That a plan is about its account without those below it, where there are any."""
    return ", of this account alone" if content.tree else ""


def _covered(people: People) -> list[tuple[str, str]]:
    centre = people.centre
    found = [
        ("Strength of the relationship", f"{people.strength} of 100"),
        ("Roles covered", ", ".join(words(each.value) for each in centre.covered) or "none"),
        ("Roles missing", ", ".join(words(each.value) for each in centre.missing) or "none"),
        ("People known", f"{len(people.places):,}"),
    ]
    days = centre.executive_days
    access = "never" if days is None else f"{counted(days, 'day')} ago"
    return [*found, ("Executive met last", access)]


def _gaps(people: People) -> list[tuple[str, str]]:
    return [*_people_gaps(people), *_role_gaps(people)]


def _people_gaps(people: People) -> Iterator[tuple[str, str]]:
    centre = people.centre
    for member in centre.champions_left:
        known = people.known[member.person.contact_id]
        yield f"The champion {known.name} left", f"on {day(known.left_on)}"
    for member in centre.single_threads:
        known = people.known[member.person.contact_id]
        yield (
            f"{known.name} is known by one of us alone",
            f"{words(member.role.value)}; {', '.join(known.colleagues)}",
        )


def _role_gaps(people: People) -> Iterator[tuple[str, str]]:
    centre = people.centre
    for role in centre.missing:
        yield f"No {words(role.value)} is engaged", "nobody in the role was contacted within 90 days"
    if not centre.has_access:
        yield "No access to an executive", "none was contacted within 90 days"


def _facts(content: Content) -> list[tuple[str, str]]:
    """What is known of the account itself; what is not known is left out."""
    header, inside = content.header, content.inside
    found: list[tuple[str, str | None]] = [
        ("Account director", header.owner),
        ("Part of", header.parent),
        ("Industry", header.industry),
        ("Country", header.country),
        ("Employees", f"{header.employees:,}" if header.employees is not None else None),
        ("Accounts", f"{content.standing.accounts:,}" if content.tree else None),
    ]
    if inside:
        found += [("Tier", words(inside.tier)), ("Segment", inside.segment)]
        if inside.overdue_minor:
            owed = money(inside.overdue_minor, content.currency)
            found.append(("Overdue", f"{owed} since {day(inside.overdue_since)}"))
    return [(name, value) for name, value in found if value]


def _split(line: str) -> tuple[str, str]:
    what, _, why = line.partition(": ")
    return what, why
