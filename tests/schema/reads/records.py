"""The records of one tenant of the world that come from outside: accounts and what is about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from models.access import Tenant, User
from models.accounts import Account, Tier
from models.base import Record, today
from models.catalog import Charge, Product
from models.deals import (
    CompetitorStatus,
    ContactRole,
    Deal,
    DealCompetitor,
    DealContact,
    DealKind,
    DealLine,
    ForecastCategory,
    Stage,
    StageChange,
)
from models.forecast import DealSplit
from models.people import Contact, Interaction, InteractionDirection, InteractionKind, Seniority
from models.pipelines import ExitFact, LossReason, Pipeline, PipelineStage, StageWaiver
from models.qualification import DecisionCriterion, Element, Known
from models.rates import ExchangeRate
from models.revenue import Contract
from models.services import Service, ServiceState, UsageMonth
from models.severity import Severity
from models.signals import Signal, SignalKind
from models.tickets import Ticket, TicketState
from tests.schema.reads.odd_values import INTEGERS, MOMENTS, MONEY, OWED, SHARES, TEXTS
from tests.schema.reads.world import World

R = TypeVar("R", bound=Record)
SEGMENTS = ("Public", "Mid-size é", 'The "large"')
COUNTRIES = ("Österreich", "Italia")


class Records:
    """Fills one tenant; ``size`` is its number of accounts."""

    def __init__(self, world: World, tenant: Tenant, staff: list[User], size: int) -> None:
        self.world = world
        self.tenant = tenant
        #: Not the two that see all of the tenant, nor the idle one; the one who left still has some.
        self.owners = [user.id for user in (*staff[2:-2], staff[-1], staff[5])]
        self.products = self.many(4, self._product)
        self.accounts: list[Account] = []
        for number in range(size):
            self.accounts.append(self._account(number))
        self.contracts = self.many(size, self._contract)
        self.stages = [stage for number in range(2) for stage in self._pipeline(number)]
        self.loss_reasons = [self._loss_reason(name) for name in ("Price", TEXTS[0])]
        self._rates()
        self.deals = self.many(2 * size, self._deal)
        self.contacts = self.many(size, self._contact)
        self.many(2 * size, self._deal_line)
        self._deal_contacts()
        self.many(2 * size, self._stage_change)
        self.many(size, self._competitor)
        self._criteria()
        self.many(size, self._waiver)
        self._shares()
        self.services = self.many(size, self._service)
        self.many(4 * size, self._usage)
        self.many(size, self._ticket)
        self.many(size, self._signal)
        self.many(size, self._interaction)

    def many(self, number: int, make: Callable[[], R]) -> list[R]:
        """So many records."""
        return [make() for _ in range(number)]

    def _sourced(self) -> dict[str, object]:
        """Columns of what may come from outside, and the tenant."""
        world = self.world
        outside = world.maybe("crm", 0.4)
        return {
            "tenant_id": self.tenant.id,
            "source": outside,
            "external_id": (lambda new: f'"{new}"') if outside else None,
            "valid_from": world.maybe(world.day()),
            "currency": self.tenant.currency,
        }

    def _person(self) -> dict[str, object]:
        values = self._sourced()
        del values["currency"]
        return values

    def _account_id(self) -> str:
        return self.world.pick(self.accounts).id

    def _product(self) -> Product:
        world = self.world
        return world.make(
            Product,
            name=world.text(),
            family=world.maybe(world.pick(TEXTS)),
            charge=world.pick(list(Charge)),
            list_price_minor=world.pick(MONEY),
            active=world.pick((True, False)),
            **self._sourced(),
        )

    def _account(self, number: int) -> Account:
        world = self.world
        return world.make(
            Account,
            name=world.text(),
            parent_id=world.maybe(world.pick(self.accounts).id, 0.6) if self.accounts else None,
            owner_id=world.maybe(self.owners[number % len(self.owners)], 0.95),
            segment=world.maybe(world.pick(SEGMENTS)),
            industry=world.maybe(world.text(100)),
            tier=world.pick(list(Tier)),
            country=world.maybe(world.pick(COUNTRIES)),
            region=world.maybe(world.pick(TEXTS[:4])),
            city=world.maybe(world.pick(TEXTS[:4])),
            registration_number=world.maybe(f"HRB {number // 3}"),
            domain=world.maybe(f"{number // 2}.example"),
            employees=world.maybe(world.pick(INTEGERS)),
            sites=world.maybe(world.pick(INTEGERS)),
            overdue_minor=world.pick(MONEY),
            overdue_since=world.maybe(world.day(), 0.3),
            placeholder=number == 5,
            **self._sourced(),
        )

    def _contract(self) -> Contract:
        world = self.world
        return world.make(
            Contract,
            account_id=self._account_id(),
            name=world.text(),
            starts_on=world.day(),
            ends_on=world.maybe(world.day()),
            terminated_on=world.maybe(world.day(), 0.2),
            notice_days=world.pick(INTEGERS),
            auto_renews=world.pick((True, False)),
            mrc_minor=world.pick(MONEY),
            **self._sourced(),
        )

    def _pipeline(self, number: int) -> list[PipelineStage]:
        world = self.world
        pipeline = world.make(
            Pipeline,
            tenant_id=self.tenant.id,
            name=f"{TEXTS[number]} {number}",
            kinds=[kind.value for kind in (*DealKind,)[number:]],
            default_for=[],
            active=number == 0,
        )
        return [
            world.make(
                PipelineStage,
                tenant_id=self.tenant.id,
                pipeline_id=pipeline.id,
                name=world.text(),
                position=position,
                stage=world.pick(list(Stage)[:4]),
                forecast_category=world.pick(list(ForecastCategory)),
                probability=world.pick(SHARES),
                usual_days=world.maybe(world.pick(INTEGERS)),
                required=[fact.value for fact in list(ExitFact)[: world.pick((0, 3))]],
                removed_on=world.maybe(world.day(), 0.3),
            )
            for position in (1, 2, 2)
        ]

    def _loss_reason(self, name: str) -> LossReason:
        return self.world.make(
            LossReason, tenant_id=self.tenant.id, name=name, active=self.world.pick((True, False))
        )

    def _rates(self) -> None:
        world, days = self.world, sorted({self.world.day() for _ in range(4)})
        for currency, day in ((currency, day) for currency in ("USD", "SEK") for day in days):
            world.make(
                ExchangeRate,
                tenant_id=self.tenant.id,
                currency=currency,
                held_on=day,
                rate=world.pick(("0.9235", "11.20331", "1")),
            )

    def _competitor(self) -> DealCompetitor:
        world = self.world
        return world.make(
            DealCompetitor,
            tenant_id=self.tenant.id,
            deal_id=world.pick(self.deals).id,
            name=lambda new: f"{TEXTS[1]} {new}",
            status=world.pick(list(CompetitorStatus)),
            price_minor=world.maybe(world.pick(MONEY)),
            currency=self.tenant.currency,
            note=world.maybe(world.text()),
            removed_on=world.maybe(world.day(), 0.3),
        )

    def _criteria(self) -> None:
        world = self.world
        for deal_id, element in sorted(
            {(world.pick(self.deals).id, world.pick(list(Element))) for _ in self.deals}
        ):
            world.make(
                DecisionCriterion,
                tenant_id=self.tenant.id,
                deal_id=deal_id,
                element=element,
                state=world.pick(list(Known)),
                evidence=world.maybe(world.text()),
                confirmed_on=world.maybe(world.day()),
                contact_id=world.maybe(world.pick(self.contacts).id),
                valid_from=world.maybe(world.day()),
            )

    def _waiver(self) -> StageWaiver:
        world = self.world
        return world.make(
            StageWaiver,
            tenant_id=self.tenant.id,
            deal_id=world.pick(self.deals).id,
            from_stage_id=world.pick(self.stages).id,
            to_stage_id=world.maybe(world.pick(self.stages).id),
            waived_by_id=world.maybe(world.pick(self.owners)),
            waived_on=world.day(),
            facts=[ExitFact.AMOUNT_SET.value],
            reason=world.text(),
        )

    def _shares(self) -> None:
        """Shares in some deals, of two people each, and one that has ended."""
        for deal in self.deals[::3]:
            people = self.world.random.sample(sorted({*self.owners}), 3)
            for user_id, percent in zip(people, (40, 60, 0), strict=True):
                self.world.make(
                    DealSplit,
                    tenant_id=self.tenant.id,
                    deal_id=deal.id,
                    user_id=user_id,
                    percent=percent,
                    valid_from=self.world.day(),
                )

    def _deal(self) -> Deal:
        world = self.world
        account = world.pick(self.accounts)
        stage = world.maybe(world.pick(self.stages), 0.5)
        offered = world.maybe("USD", 0.3)
        return world.make(
            Deal,
            account_id=account.id,
            owner_id=world.maybe(world.pick((account.owner_id, world.pick(self.owners))), 0.9),
            contract_id=world.maybe(world.pick(self.contracts).id, 0.5),
            name=world.text(),
            kind=world.pick(list(DealKind)),
            stage=world.pick(list(Stage)),
            stage_since=world.maybe(world.day()),
            forecast_category=world.pick(list(ForecastCategory)),
            probability=world.pick(SHARES),
            amount_minor=world.pick(OWED),
            close_on=world.maybe(world.day()),
            closed_on=world.maybe(world.day(), 0.3),
            loss_reason=world.maybe(world.text(), 0.3),
            competitor=world.maybe(world.pick(TEXTS), 0.5),
            next_step=world.maybe(world.text(500), 0.5),
            next_step_on=world.maybe(world.day(), 0.5),
            pipeline_id=stage and stage.pipeline_id,
            pipeline_stage_id=world.maybe(stage and stage.id),
            loss_cause_id=world.maybe(world.pick(self.loss_reasons).id, 0.3),
            offered_minor=world.pick(MONEY) if offered else None,
            offered_currency=offered,
            uncontested=world.pick((True, False)),
            pushes=world.pick(INTEGERS),
            days_pushed=world.pick(INTEGERS),
            **self._sourced(),
        )

    def _contact(self) -> Contact:
        world = self.world
        return world.make(
            Contact,
            account_id=self._account_id(),
            name=world.text(),
            email=world.maybe("a@b.example"),
            phone=world.maybe(world.pick(TEXTS)),
            title=world.maybe(world.text()),
            seniority=world.pick(list(Seniority)),
            last_contacted_on=world.maybe(world.day()),
            left_on=world.maybe(world.day(), 0.2),
            erased_at=MOMENTS[1] if len(world.of(Contact)) % 5 == 1 else None,
            **self._person(),
        )

    def _deal_line(self) -> DealLine:
        world = self.world
        return world.make(
            DealLine,
            deal_id=world.pick(self.deals).id,
            product_id=world.pick(self.products).id,
            quantity=world.pick(INTEGERS),
            mrc_minor=world.pick(MONEY),
            nrc_minor=world.pick(MONEY),
            term_months=world.pick(INTEGERS),
            removed_on=world.maybe(world.day(), 0.2),
            **self._sourced(),
        )

    def _deal_contacts(self) -> None:
        world = self.world
        pairs = {(world.pick(self.deals).id, world.pick(self.contacts).id) for _ in self.deals}
        for deal_id, contact_id in sorted(pairs):
            world.make(
                DealContact,
                tenant_id=self.tenant.id,
                deal_id=deal_id,
                contact_id=contact_id,
                role=world.pick(list(ContactRole)),
                removed_on=world.maybe(world.day(), 0.2),
            )

    def _stage_change(self) -> StageChange:
        world = self.world
        return world.make(
            StageChange,
            tenant_id=self.tenant.id,
            deal_id=world.pick(self.deals).id,
            from_stage=world.maybe(world.pick(list(Stage))),
            to_stage=world.pick(list(Stage)),
            changed_on=world.day(),
            from_pipeline_stage_id=world.maybe(world.pick(self.stages).id, 0.4),
            to_pipeline_stage_id=world.maybe(world.pick(self.stages).id, 0.4),
        )

    def _service(self) -> Service:
        world = self.world
        return world.make(
            Service,
            account_id=self._account_id(),
            contract_id=world.maybe(world.pick(self.contracts).id),
            product_id=world.maybe(world.pick(self.products).id),
            name=world.text(),
            state=world.pick(list(ServiceState)),
            mrc_minor=world.pick(OWED),
            started_on=world.maybe(world.day()),
            ended_on=world.maybe(world.day(), 0.3),
            **self._sourced(),
        )

    def _usage(self) -> UsageMonth:
        world = self.world
        service = world.pick(self.services)
        month = today().year * 12 + today().month - 1 - world.random.randrange(-1, 15)
        return world.make(
            UsageMonth,
            account_id=service.account_id,
            service_id=world.maybe(service.id),
            month=date(month // 12, month % 12 + 1, 1),
            quantity=world.pick(INTEGERS[:-1]),
            charge_minor=world.pick(OWED),
            **self._sourced(),
        )

    def _ticket(self) -> Ticket:
        world = self.world
        return world.make(
            Ticket,
            account_id=self._account_id(),
            service_id=world.maybe(world.pick(self.services).id),
            title=world.text(300),
            severity=world.pick(list(Severity)),
            state=world.pick(list(TicketState)),
            opened_on=world.day(),
            resolved_on=world.maybe(world.day(), 0.4),
            **self._person(),
        )

    def _signal(self) -> Signal:
        world = self.world
        deal = world.pick(self.deals)
        return world.make(
            Signal,
            account_id=deal.account_id,
            deal_id=world.maybe(deal.id, 0.5),
            contact_id=world.maybe(world.pick(self.contacts).id, 0.5),
            kind=world.pick(list(SignalKind)),
            summary=world.text(1000),
            observed_on=world.day(),
            **self._person(),
        )

    def _interaction(self) -> Interaction:
        world = self.world
        deal = world.pick(self.deals)
        return world.make(
            Interaction,
            account_id=deal.account_id,
            deal_id=world.maybe(deal.id, 0.5),
            contact_id=world.maybe(world.pick(self.contacts).id, 0.5),
            user_id=world.maybe(world.pick(self.owners), 0.5),
            kind=world.pick(list(InteractionKind)),
            direction=world.maybe(world.pick(list(InteractionDirection))),
            happened_on=world.day(),
            happened_at=world.maybe(world.pick(MOMENTS)),
            duration_minutes=world.maybe(world.pick(INTEGERS)),
            subject=world.maybe(world.text(300)),
            outcome=world.maybe(world.text(1000)),
            **self._person(),
        )
