"""An account with more of everything than fits on a slide, one with nearly nothing, and what files tell."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

from commands import plans
from commands.account_review.content import Content, Edition
from commands.account_review.gathering import Asked, gathered
from models.access import Role, Tenant, User
from models.accounts import Account
from models.competition import BattleNote, Competitor, CompetitorName, PositionRole, spelling_key
from models.deals import ContactRole, ForecastCategory, Stage
from models.people import Contact, Interaction, InteractionKind, Seniority
from models.plans import AccountPlan, Objective, PlanAction, PlanEntry, PlanEntryKind
from models.recommendations import Evidence, LineKind, Risk, RiskLine
from models.services import ServiceState
from models.severity import Severity
from models.stakeholders import Assessment, Influence, Support
from models.tickets import TicketState
from models.trends import TrendState
from tests import factories

DAY = factories.TODAY
#: Stands in every text that is ours alone.
SECRET = "GEHEIM"
NAME = "Größte Überlandwerke Süddeutschland Aktiengesellschaft & Co. Kommanditgesellschaft auf Aktien"
CHILD = "Przedsiębiorstwo Energetyki Cieplnej Łódź-Śródmieście Spółka z o.o."
#: An amount that only we know of.
AMOUNT = 765_432_100
FAMILIES = (
    "Cloud and Data Centre", "Connectivity", "Fixed Voice", "IoT", "Mobile", "Professional Services",
    "Rechenzentrumsdienstleistungen", "SD-WAN", "Security", "Unified Communications",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """Whom and what a review is made of."""

    tenant: Tenant
    manager: User
    director: User
    account: Account
    child: Account
    plan: AccountPlan
    goal: Objective
    step: PlanAction

    async def content(
        self, edition: Edition, *shared: str, day: date = DAY, user: User | None = None
    ) -> Content:
        """What the review tells, of the director's unless said otherwise."""
        actor = await factories.actor(user or self.director)
        return await gathered(actor, self.account, Asked(day, edition, frozenset(shared)))


async def world() -> World:
    """An account and one below it, with everything that there can be."""
    tenant = await factories.tenant(name="Nordlicht Telekom")
    team = await factories.team(tenant, name="Süd")
    manager = await factories.user(
        tenant, Role.MANAGER, team_id=team.id, name="Mara Müller", email="mara@x.example"
    )
    director = await factories.user(
        tenant, team_id=team.id, name="Łukasz Żółkiewski", email="lukasz@x.example"
    )
    account = await factories.account(
        director, name=NAME, industry="Energie", segment="Großkunden", employees=12_000, country="DE"
    )
    child = await factories.account(director, name=CHILD, parent_id=account.id, employees=900)
    await _sell(tenant, account, child)
    await _serve(account, child)
    await _know(director, account)
    await _judge(account)
    await _compete(account)
    plan, goal, step = await _plan(manager, director, account)
    return World(tenant, manager, director, account, child, plan, goal, step)


async def bare() -> World:
    """An account of which nothing is known but its name."""
    tenant = await factories.tenant(name="Nordlicht Telekom")
    team = await factories.team(tenant)
    manager = await factories.user(tenant, Role.MANAGER, team_id=team.id, name="Mara")
    director = await factories.user(tenant, team_id=team.id, name="Ada", email="ada@x.example")
    account = await factories.account(director, name="Kiosk")
    nothing: Any = None
    return World(tenant, manager, director, account, account, nothing, nothing, nothing)


async def _sell(tenant: Tenant, account: Account, child: Account) -> None:
    products = [
        await factories.product(tenant, name=f"{family} Standard", family=family) for family in FAMILIES
    ]
    categories = (ForecastCategory.COMMIT, ForecastCategory.BEST_CASE, ForecastCategory.PIPELINE)
    for number in range(40):
        deal = await factories.deal(
            account if number % 4 else child,
            name=f"{SECRET} deal {number}: Modernisierung der Standortvernetzung an {number} Werken",
            amount_minor=1_000_000 * (number + 1),
            forecast_category=categories[number % 3],
            probability=(75, 50, 10)[number % 3],
            stage=(Stage.NEGOTIATING, Stage.PROPOSED, Stage.IDENTIFIED)[number % 3],
            close_on=DAY + timedelta(days=number),
            next_step=f"{SECRET}: Preisliste mit dem Einkauf abstimmen",
        )
        if number % 10 == 0:
            await factories.deal_line(deal, products[6 + number // 10], mrc_minor=5_000_00)
    won = await factories.deal(
        account,
        name=f"{SECRET} won",
        amount_minor=AMOUNT,
        stage=Stage.WON,
        closed_on=DAY - timedelta(days=20),
    )
    await factories.deal_line(won, products[4], quantity=700, mrc_minor=9_000_00, nrc_minor=1_500_00)
    await factories.deal(
        account,
        name=f"{SECRET} lost",
        stage=Stage.LOST,
        closed_on=DAY - timedelta(days=10),
        loss_reason="PRICE",
        competitor=f"{SECRET} Rival",
    )
    for number, at in enumerate((account, account, child)):
        await factories.contract(
            at,
            name=f"Rahmenvertrag {number} über Sprach- und Datendienste an allen Standorten",
            mrc_minor=20_000_00 + number,
            ends_on=DAY + timedelta(days=60 * (number + 1)),
        )
    for number, state in enumerate(
        (*[ServiceState.ACTIVE] * 6, ServiceState.DESIGNED, ServiceState.RESERVED)
    ):
        await factories.service(
            account if number % 2 else child,
            name=f"Dienst {number} für das Werk Gärtringen",
            product_id=products[number].id,
            state=state,
            started_on=DAY - timedelta(days=30 * (number + 1)) if state is ServiceState.ACTIVE else None,
            mrc_minor=1_000_00 * (number + 1),
        )


async def _serve(account: Account, child: Account) -> None:
    for number in range(24):
        opened = DAY - timedelta(days=11 * number + 3)
        is_open = number % 6 == 0
        await factories.ticket(
            account if number % 3 else child,
            title=f"Störung {number}: kein Wählton an der Durchwahl in Świętochłowice",
            severity=list(Severity)[number % 4],
            opened_on=opened,
            resolved_on=None if is_open else opened + timedelta(days=number % 7),
            state=TicketState.IN_PROGRESS if is_open else TicketState.CLOSED,
        )
    for number in range(1, 13):
        month = date(2025 + (number + 1) // 12, (number + 1) % 12 + 1, 1)
        await factories.usage(account, month, 1_000 * number)


async def _know(director: User, account: Account) -> None:
    roles = [*ContactRole][:8]
    supports = [*Support]
    bosses: list[Contact] = []
    for number in range(60):
        contact = await factories.contact(
            account,
            name=f"Świętosława Großmann-Wyszyńska {number:02}",
            title="Leiterin Beschaffung von Informations- und Kommunikationstechnik" if number % 5 else "CEO",
            seniority=list(Seniority)[min(number // 4, 3)],
            reports_to_id=bosses[(number - 1) // 3].id if number else None,
            left_on=DAY - timedelta(days=12) if number == 9 else None,
        )
        bosses.append(contact)
        if number < 10:
            role = ContactRole.CHAMPION if number == 9 else roles[number % 8]
            await factories.stakeholder(contact, role=role)
        if number < 5:
            await Assessment.create(
                id=Assessment.make_id(),
                tenant_id=account.tenant_id,
                account_id=account.id,
                contact_id=contact.id,
                assessed_on=DAY - timedelta(days=9),
                influence=list(Influence)[number % 3],
                support=supports[number],
                note=f"{SECRET} note",
            )
            await Interaction.create(
                id=Interaction.make_id(),
                tenant_id=account.tenant_id,
                account_id=account.id,
                contact_id=contact.id,
                user_id=director.id,
                kind=InteractionKind.VISIT,
                happened_on=DAY - timedelta(days=18),
                subject=f"{SECRET} subject",
            )


async def _compete(account: Account) -> None:
    await factories.trend(
        account,
        title=f"{SECRET} merger",
        course=f"{SECRET} course",
        course_due_on=DAY,
        severity=Severity.HIGH,
    )
    await factories.trend(account, title=f"{SECRET} refuted", state=TrendState.REFUTED)
    await factories.trend(account, title=f"{SECRET} observed later", observed_on=DAY + timedelta(days=1))
    position = await factories.competitor_position(
        account,
        product_family="Security",
        share=60,
        contract_ends_on=DAY + timedelta(days=80),
        price_minor=AMOUNT,
    )
    await Competitor.filter(id=position.competitor_id).update(name=f"{SECRET} Rival")
    await CompetitorName.filter(competitor_id=position.competitor_id).update(
        name=f"{SECRET} Rival", key=spelling_key(f"{SECRET} Rival")
    )
    await factories.competitor_position(account, product_family="IoT", role=PositionRole.FORMER)
    for family, text in ((None, "in general"), ("Security", "of security")):
        await BattleNote.create(
            id=BattleNote.make_id(),
            tenant_id=account.tenant_id,
            competitor_id=position.competitor_id,
            product_family=family,
            text=f"{SECRET} {text}",
            written_on=DAY,
        )


async def _judge(account: Account) -> None:
    risk = await Risk.create(
        id=Risk.make_id(),
        tenant_id=account.tenant_id,
        account_id=account.id,
        rule_key="usage",
        rulebook_version="starter/1",
        subject_key=account.id,
        title=f"{SECRET} Usage falls",
        held_since=DAY - timedelta(days=5),
        last_seen_on=DAY,
        opened_run_id="run_1",
        changed_run_id="run_1",
        kind="CHURN",
        severity=Severity.HIGH,
        exposure_minor=AMOUNT,
        currency="EUR",
        probability=0.35,
    )
    await RiskLine.create(
        id=RiskLine.make_id(),
        tenant_id=account.tenant_id,
        risk_id=risk.id,
        line_kind=LineKind.CONTRACT,
        line_id="ctr_x",
        part_of="ctr_x",
        amount_minor=AMOUNT,
        currency="EUR",
        from_on=DAY - timedelta(days=5),
    )
    await Evidence.create(
        id=Evidence.make_id(),
        tenant_id=account.tenant_id,
        risk_id=risk.id,
        position=1,
        alias="a",
        observed_on=DAY,
        fact_kind="account",
        fact_id=account.id,
        field="usage_change_90d",
        op="lt",
        threshold="-0.2",
        seen="-0.31",
        source="facts",
    )
    deal = await factories.deal(account, name=f"{SECRET} advised", amount_minor=1_00)
    for number, priority in enumerate((5.0, 9.0)):
        await factories.recommendation(
            deal,
            rule_key=f"rule-{number}",
            title=f"{SECRET} Call them {number}",
            because=f"{SECRET} because nobody did",
            priority=priority,
            due_on=DAY - timedelta(days=1),
        )


async def _plan(manager: User, director: User, account: Account) -> tuple[AccountPlan, Objective, PlanAction]:
    plan = await factories.account_plan(
        account, name=f"{SECRET} plan", vision=f"{SECRET} vision", revenue_target_minor=900_000_00
    )
    goal = await factories.objective(plan, title="Alle Werke an das neue Netz")
    behind = await factories.objective(plan, title=f"{SECRET} objective", due_on=DAY + timedelta(days=2))
    await factories.objective_measure(behind, plan, target="1000")
    step = await factories.plan_action(
        plan, title="Termin mit der Technik", objective_id=goal.id, owner_id=director.id, due_on=DAY
    )
    await factories.plan_action(plan, title=f"{SECRET} action", due_on=DAY - timedelta(days=8))
    for position, kind in enumerate(PlanEntryKind):
        await PlanEntry.create(
            id=PlanEntry.make_id(),
            tenant_id=plan.tenant_id,
            account_id=account.id,
            account_plan_id=plan.id,
            valid_from=plan.valid_from,
            kind=kind,
            text=f"{SECRET} {kind.value}",
            position=position,
        )
    submitted = await plans.submit(await factories.actor(director), plan.id, on=date(2026, 1, 10))
    await plans.approve(await factories.actor(manager), submitted.id, on=date(2026, 1, 15))
    return plan, goal, step


def parts(file: bytes) -> Iterator[tuple[str, bytes]]:
    """Every part of a file of zipped parts, also of the workbooks in it."""
    with zipfile.ZipFile(BytesIO(file)) as zipped:
        for name in zipped.namelist():
            content = zipped.read(name)
            yield name, content
            if name.endswith(".xlsx"):
                yield from parts(content)


def told(file: bytes) -> str:
    """All that a file tells anywhere, tags and all, and every paragraph without them."""
    found = []
    for name, content in parts(file):
        found.append(name)
        if name.endswith((".xml", ".rels")):
            root = ElementTree.fromstring(content)
            found += [content.decode("utf-8"), "".join(root.itertext())]
    return "\n".join(found)
