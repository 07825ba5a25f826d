"""Accounts of the demo that are there twice, as two systems call them: somebody may merge them."""

from __future__ import annotations

from dataclasses import dataclass

from commands import accounts, deals, people
from jobs.demo.cast import Cast
from jobs.demo.draft import days_before, minor
from models.base import as_on
from models.deals import DealKind
from models.people import InteractionKind, Seniority


@dataclass(frozen=True)
class Twin:
    """A second record of an account, with a person who is known there alone, and the deal it was made for."""

    account: int
    name: str
    ago: int
    person: str
    title: str
    deal: str
    amount: int


TWINS = (
    Twin(
        3, "Kronfeld Antriebstechnik GmbH", 34, "Judith Osterkamp", "Plant Manager",
        "Wireless LAN for the plant in Aalen", 46_000,
    ),
    Twin(
        9, "LAKMAR Coatings B.V.", 27, "Sander Kuipers", "Facility Manager",
        "Mobile access for the paint shop", 18_500,
    ),
)  # fmt: skip


async def record_twins(cast: Cast) -> None:
    """Have two accounts recorded a second time, as somebody does who has not looked for the first."""
    for twin in TWINS:
        await _recorded(cast, twin)


async def _recorded(cast: Cast, twin: Twin) -> None:
    first, day = await cast.account(twin.account), days_before(cast.today, twin.ago)
    alike = ("industry", "segment", "country", "owner_id")
    with as_on(day):
        account = await accounts.create(
            cast.manager, {"name": twin.name, **{name: getattr(first, name) for name in alike}}
        )
        there = {"account_id": account.id}
        contact = await people.create(
            cast.manager,
            {**there, "name": twin.person, "title": twin.title, "seniority": Seniority.MANAGER},
        )
        close_on, next_step_on = (days_before(cast.today, -days) for days in (95, 12))
        await deals.create(
            cast.manager,
            {
                **there, "owner_id": first.owner_id, "name": twin.deal, "kind": DealKind.NEW,
                "amount_minor": minor(twin.amount), "close_on": close_on, "next_step_on": next_step_on,
                "next_step": f"Send {twin.person} the offer",
            },
        )  # fmt: skip
        call = {"kind": InteractionKind.CALL, "user_id": first.owner_id, "happened_on": day}
        await people.record_interaction(
            cast.manager, {**there, **call, "contact_id": contact.id, "subject": twin.deal}
        )
