"""When people were last contacted: the map, the facts and the lists say it as plain Python over all rows."""

from __future__ import annotations

import random
from datetime import date, timedelta
from fractions import Fraction

import pytest

from commands import people
from commands.access import system_actor
from commands.bulk import upsert
from commands.incoming import Incoming
from metrics.buying_centres import ENGAGED_DAYS, centres
from metrics.relationships import last_contacts
from metrics.relationships import people as people_of
from models.access import Actor
from models.accounts import Account
from models.base import today
from models.deals import ContactRole, Deal
from models.people import Contact, Interaction, InteractionDirection, InteractionKind, Seniority
from models.stakeholders import BuyingCentre, Stakeholder
from rules.facts import gather
from rules.needs import everything
from tests import factories

SINCE = 400
ROLES = (ContactRole.ECONOMIC_BUYER, ContactRole.DECISION_MAKER, ContactRole.CHAMPION, ContactRole.USER)


def ago(days: int) -> date:
    """So many days before today."""
    return today() - timedelta(days=days)


class World:
    """Two accounts with people, of whom a source tells, and what happened with them, in any order.

    ``noted`` is what the source said of each person, with the day since when.
    """

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.noted: dict[str, list[tuple[date, date | None]]] = {}
        self.rows: dict[str, dict[str, object]] = {}
        self.people: dict[str, Contact] = {}
        self.deals: dict[str, Deal] = {}

    async def open(self) -> World:
        """The accounts, their people with parts in the buying centre, and a deal with people of both."""
        tenant = await factories.tenant()
        owner = await factories.user(tenant)
        self.actor: Actor = await factories.actor(owner)
        self.source = system_actor(tenant, "crm")
        self.accounts: list[Account] = [await factories.account(owner) for _ in range(2)]
        for account in self.accounts:
            deal = await factories.deal(account, valid_from=None)
            self.deals[account.id] = deal
        for number in range(8):
            account = self.accounts[number % 2]
            seniority = self.rng.choice([Seniority.EXECUTIVE, Seniority.STAFF])
            values: dict[str, object] = {
                "account_id": account.id, "name": f"P{number}", "seniority": seniority,
                "last_contacted_on": None,
            }  # fmt: skip
            self.noted[f"P{number}"] = [(ago(SINCE), None)]
            await self.upsert(Contact, f"P{number}", values, ago(SINCE))
            person = await Contact.get(external_id=f"P{number}")
            self.people[f"P{number}"] = person
            await Stakeholder.create(
                id=Stakeholder.make_id(), tenant_id=tenant.id, account_id=account.id, contact_id=person.id,
                role=self.rng.choice(ROLES),
            )  # fmt: skip
            of = self.rng.choice(self.accounts)
            await factories.deal_contact(self.deals[of.id], person, role=self.rng.choice(ROLES))
        return self

    async def upsert(
        self, model: type[Contact] | type[Interaction], key: str, values: dict[str, object], on: date
    ) -> None:
        """Import one row as it is now."""
        self.rows[key] = values
        began = values.get("happened_on")
        row = Incoming(key, values, began if isinstance(began, date) else None)
        await upsert(self.source, model, "crm", [row], on=on)

    def happened(self) -> dict[str, object]:
        """Something that happened with somebody."""
        person = self.rng.choice([*self.people.values()])
        return {
            "account_id": person.account_id,
            "contact_id": person.id,
            "user_id": self.rng.choice([self.actor.user_id, None]),
            "kind": self.rng.choice([*InteractionKind]),
            "direction": self.rng.choice([*InteractionDirection, None]),
            "happened_on": ago(self.rng.choice((0, 1, 20, 89, 90, 91, 120, 179, 180, 181, 300))),
        }

    async def live(self, number: int) -> None:
        """Record something, import it, put right what was imported, or hear of a call from the source."""
        imported = [key for key in self.rows if key.startswith("I")]
        what = self.rng.choice(("record", "import", "correct", "note"))
        if what == "record":
            await people.record_interaction(self.actor, self.happened())
        elif what == "import" or (what == "correct" and not imported):
            await self.upsert(Interaction, f"I{number}", self.happened(), today())
        elif what == "correct":
            key = self.rng.choice(imported)
            changed = self.rng.choice((("happened_on",), ("kind", "direction"), ("account_id", "contact_id")))
            fresh = self.happened()
            await self.upsert(
                Interaction, key, {**self.rows[key], **{name: fresh[name] for name in changed}}, today()
            )
        else:
            key, on = self.rng.choice([*self.people]), ago(self.rng.choice((150, 100, 30, 0)))
            if on < self.noted[key][-1][0]:
                return
            day = self.rng.choice((None, on, on - timedelta(days=60)))
            await self.upsert(Contact, key, {**self.rows[key], "last_contacted_on": day}, on)
            self.noted[key].append((on, day))

    async def last(self, day: date) -> dict[str, date | None]:
        """When each person was last contacted by a day."""
        found: dict[str, date | None] = {}
        happened = await Interaction.filter(happened_on__lte=day)
        for key, person in self.people.items():
            (*_, noted) = [said for on, said in self.noted[key] if on <= day]
            days = [each.happened_on for each in happened if each.contact_id == person.id and was(each)]
            days += [noted] if noted is not None and noted <= day else []
            found[person.id] = max(days, default=None)
        return found


def was(interaction: Interaction) -> bool:
    """Whether it was a contact with the person."""
    if interaction.kind is InteractionKind.MAIL:
        return interaction.direction is InteractionDirection.INBOUND
    return interaction.kind is not InteractionKind.TASK


def since(last: date | None, day: date) -> int | None:
    """Days since then."""
    return None if last is None else (day - last).days


@pytest.mark.parametrize("seed", [1, 2])
async def test_map_facts_and_lists_say_when_people_were_last_contacted_as_plain_python_does(
    db: str, seed: int
) -> None:
    world = await World(seed).open()
    for number in range(30):
        await world.live(number)
    ids = [account.id for account in world.accounts]
    contacted = set()
    for day in (ago(200), ago(95), ago(90), ago(1), today()):
        last = await world.last(day)
        contacted |= {each for each in last.values() if each}
        told = {each.contact_id: each.last_on for each in await people_of(world.actor, day)}
        assert told == last, day
        facts = await gather(world.actor.tenant_id, ids, day, everything())
        maps = await centres(world.actor, BuyingCentre.ACCOUNT, day)
        of_deals = await centres(world.actor, BuyingCentre.DEAL, day)
        for account in world.accounts:
            found, centre = facts[account.id], maps[account.id]
            there = [each for each in world.people.values() if each.account_id == account.id]
            days = [since(last[each.id], day) for each in there]
            executive = [since(last[e.id], day) for e in there if e.seniority is Seniority.EXECUTIVE]
            (fact,) = found["account"]
            assert fact.get("days_since_contact") == least(days)
            assert fact.get("days_since_executive_contact") == least(executive) == centre.executive_days
            engaged = {
                each.role for each in await Stakeholder.filter(account_id=account.id)
                if (days_ago := since(last[each.contact_id], day)) is not None and days_ago <= ENGAGED_DAYS
            }  # fmt: skip
            assert centre.coverage == Fraction(len(engaged & {*ROLES[:3]}), 3)
            assert fact["coverage"] == percent(centre.coverage)
            (of_deal,) = found["deal"]
            assert of_deal.get("coverage") == percent(of_deals[world.deals[account.id].id].coverage)
            for kind in ("contact", "stakeholder", "deal_contact"):
                for each in found[kind]:
                    who = str(each.get("contact_id", each["id"]))
                    assert each.get("days_since_contact") == since(last[who], day), (kind, day)
    assert len(contacted) > 6
    now = await last_contacts([each.id for each in world.people.values()])
    assert now == {key: each for key, each in (await world.last(today())).items() if each}


def least(days: list[int | None]) -> int | None:
    """The fewest days, where there are any."""
    return min((each for each in days if each is not None), default=None)


def percent(share: Fraction | None) -> float | None:
    """A share as facts have it: percent, to one place."""
    return None if share is None else float(round(share * 100, 1))


async def test_a_visit_that_is_imported_engages_as_one_that_is_recorded(db: str) -> None:
    """One of three roles covered, an executive 8 days ago; what was noted for later hides nothing."""
    tenant = await factories.tenant()
    owner = await factories.user(tenant)
    account, day = await factories.account(owner), date(2026, 3, 28)
    boss = await factories.contact(
        account, seniority=Seniority.EXECUTIVE, last_contacted_on=date(2031, 2, 1), valid_from=None
    )
    await Stakeholder.create(
        id=Stakeholder.make_id(), tenant_id=tenant.id, account_id=account.id, contact_id=boss.id,
        role=ContactRole.ECONOMIC_BUYER,
    )  # fmt: skip
    visit: dict[str, object] = {
        "account_id": account.id, "contact_id": boss.id, "kind": InteractionKind.VISIT,
        "happened_on": date(2026, 3, 20),
    }  # fmt: skip
    rows = [Incoming("V1", visit, date(2026, 3, 20))]
    await upsert(system_actor(tenant, "crm"), Interaction, "crm", rows, on=day, history=True)
    centre = (await centres(await factories.actor(owner), BuyingCentre.ACCOUNT, day))[account.id]
    assert (centre.coverage, centre.executive_days, centre.has_access) == (Fraction(1, 3), 8, True)
    for known_on in (None, day):
        facts = await gather(tenant.id, [account.id], day, everything(), known_on=known_on)
        (fact,) = facts[account.id]["account"]
        assert (fact["coverage"], fact["days_since_contact"]) == (33.3, 8)
        assert fact["days_since_executive_contact"] == 8
        (part,) = facts[account.id]["stakeholder"]
        assert (part["days_since_contact"], part["strength"]) == (8, 38 + 6 + 20)
