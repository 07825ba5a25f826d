"""The records of one tenant of the world that come from outside: accounts and what is about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from models.access import Tenant, User
from models.accounts import Account, Tier
from models.base import Record, Severity, today
from models.catalog import Charge, Product
from models.deals import (
    ContactRole,
    Deal,
    DealContact,
    DealKind,
    DealLine,
    ForecastCategory,
    Stage,
    StageChange,
)
from models.people import Contact, Interaction, InteractionDirection, InteractionKind, Seniority
from models.revenue import Contract
from models.services import Service, ServiceState, UsageMonth
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
        self.deals = self.many(2 * size, self._deal)
        self.contacts = self.many(size, self._contact)
        self.many(2 * size, self._deal_line)
        self._deal_contacts()
        self.many(2 * size, self._stage_change)
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
            employees=world.maybe(world.pick(INTEGERS)),
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

    def _deal(self) -> Deal:
        world = self.world
        account = world.pick(self.accounts)
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
