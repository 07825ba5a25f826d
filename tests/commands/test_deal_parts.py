"""People, lines, competitors and elements of deals: what is taken out stays in the history."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from commands import deal_competitors, deal_lines, deal_people, deals, privacy, qualification
from commands.access import system_actor
from metrics.deal_money import totals
from metrics.qualification import qualifications
from models.access import Actor, Role, Tenant, User
from models.accounts import Account
from models.asof import as_of_rows
from models.base import today
from models.database import fetch
from models.deals import CompetitorStatus, ContactRole, Deal, DealCompetitor, DealContact, DealLine
from models.errors import Conflict, Invalid, InvalidTransition, NotFound
from models.history import Change
from models.people import ERASED
from models.qualification import DecisionCriterion, Element, Known
from rules.facts import gather
from tests import factories

YESTERDAY = today() - timedelta(days=1)


@pytest.fixture
async def deal(db: str) -> Deal:
    account = await factories.account(await factories.user(await factories.tenant(), Role.ADMIN))
    return await factories.deal(account)


async def seller(deal: Deal) -> Actor:
    return await factories.actor(await User.get(id=deal.owner_id))


async def test_a_person_has_one_role_in_a_deal_and_the_log_has_those_before(deal: Deal) -> None:
    actor, contact = await seller(deal), await factories.contact(await Account.get(id=deal.account_id))
    part = await deal_people.set_contact(actor, deal.id, contact.id, ContactRole.USER)
    again = await deal_people.set_contact(actor, deal.id, contact.id, ContactRole.CHAMPION)
    assert (again.id, again.role) == (part.id, ContactRole.CHAMPION)
    removed = await deal_people.remove_contact(actor, part.id)
    with pytest.raises(InvalidTransition, match="takes part no more"):
        await deal_people.remove_contact(actor, part.id)
    back = await deal_people.set_contact(actor, deal.id, contact.id, ContactRole.BLOCKER)
    assert (removed.removed_on, back.removed_on) == (today(), None)
    told = await Change.filter(entity="deal_contact").order_by("created_at", "seq")
    assert [(each.field, each.new) for each in told] == [
        ("created", part.id),
        ("role", "CHAMPION"),
        ("removed_on", today().isoformat()),
        ("role", "BLOCKER"),
        ("removed_on", None),
    ]


async def test_an_import_does_not_bring_back_whom_a_user_took_out(deal: Deal) -> None:
    actor, contact = await seller(deal), await factories.contact(await Account.get(id=deal.account_id))
    part = await deal_people.set_contact(actor, deal.id, contact.id, ContactRole.USER)
    await deal_people.remove_contact(actor, part.id)
    told = DealContact(
        id=DealContact.make_id(), tenant_id=deal.tenant_id, deal_id=deal.id, contact_id=contact.id,
        role=ContactRole.CHAMPION,
    )  # fmt: skip
    done = await deal_people.set_contacts(system_actor(await Tenant.get(id=deal.tenant_id)), [told])
    assert (done.updated, done.unchanged) == (0, 1)
    assert (await DealContact.get(id=part.id)).removed_on == today()


async def test_rules_see_what_is_in_a_deal_as_of_their_day(deal: Deal) -> None:
    account = await Account.get(id=deal.account_id)
    contact, product = (
        await factories.contact(account),
        await factories.product(await Tenant.get(id=deal.tenant_id)),
    )
    part = await factories.deal_contact(deal, contact)
    line = await factories.deal_line(deal, product, mrc_minor=1_00)
    actor = await seller(deal)
    await deal_people.remove_contact(actor, part.id)
    await deal_lines.remove(actor, line.id, 1)
    assert await _seen(account, YESTERDAY) == (1, 1, 1)
    assert await _seen(account, today()) == (0, 0, 0)


async def _seen(account: Account, day: date) -> tuple[int, int, object]:
    """How many lines and people rules see of an account's deals, and how many people the deal counts."""
    needs = {"deal_line": frozenset({"quantity"}), "deal_contact": frozenset({"role"})}
    facts = await gather(account.tenant_id, [account.id], day, {**needs, "deal": frozenset({"contacts"})})
    found = facts[account.id]
    (deal,) = found["deal"]
    return len(found.get("deal_line", ())), len(found.get("deal_contact", ())), deal["contacts"]


async def test_lines_come_to_totals_and_a_command_makes_them_the_amount(deal: Deal) -> None:
    actor, product = await seller(deal), await factories.product(await Tenant.get(id=deal.tenant_id))
    line = {"product_id": product.id, "mrc_minor": 1_000_00, "nrc_minor": 5_000_00, "term_months": 36}
    added = await deal_lines.add(actor, deal.id, line, idempotency_key="one")
    assert (await deal_lines.add(actor, deal.id, line, idempotency_key="one")).id == added.id
    (found,) = await totals(actor, [deal.id])
    assert found.tcv_minor == 41_000_00  # 36 x 1,000 + 5,000
    assert (await Deal.get(id=deal.id)).amount_minor == 1_000_00  # lines do not change it by themselves
    taken = await deal_lines.take_amount(actor, deal.id, 1)
    assert taken.amount_minor == 41_000_00
    change = await Change.get(entity="deal", field="amount_minor").prefetch_related("audit")
    assert change.audit.command == "deals.amount_from_lines"  # type: ignore[attr-defined]

    changed = await deal_lines.update(actor, added.id, 1, {"term_months": 12})
    with pytest.raises(Conflict):
        await deal_lines.update(actor, added.id, 1, {"term_months": 6})
    with pytest.raises(Invalid, match="quantity is out of range"):
        await deal_lines.update(actor, added.id, 2, {"quantity": -1})
    await deal_lines.remove(actor, added.id, changed.version)
    (found,) = await totals(actor, [deal.id])
    assert found.tcv_minor == 0
    with pytest.raises(InvalidTransition, match="the line was taken out"):
        await deal_lines.update(actor, added.id, 3, {"quantity": 2})
    with pytest.raises(Invalid, match="the deal has no lines"):
        await deal_lines.take_amount(actor, deal.id, taken.version)
    rows = as_of_rows(DealLine, ["removed_on", "term_months"])
    then = await fetch(
        f"select l.removed_on, l.term_months from {rows} l",
        {"tenant": deal.tenant_id, "as_of": today()},
    )
    assert len(then) == 1


async def test_the_main_competitor_of_a_deal_is_kept_in_step(deal: Deal) -> None:
    actor = await seller(deal)
    await deals.update(actor, deal.id, 1, {"uncontested": True})
    first = await deal_competitors.put(actor, deal.id, "Nordnet", {"price_minor": 900_00})
    assert await _main(deal) == ("Nordnet", False)
    await deal_competitors.put(actor, deal.id, "Altline", {"status": CompetitorStatus.INCUMBENT})
    assert await _main(deal) == ("Nordnet", False)
    await deal_competitors.put(actor, deal.id, "Ostkom", {"status": CompetitorStatus.OUT}, main=True)
    assert await _main(deal) == ("Ostkom", False)
    last = await DealCompetitor.get(name="Ostkom")
    await deal_competitors.remove(actor, last.id)
    assert await _main(deal) == ("Altline", False)  # the incumbent before who is shortlisted
    changed = await deal_competitors.put(actor, deal.id, "Nordnet", {"note": "left the building"})
    assert (changed.id, changed.price_minor, changed.note) == (first.id, 900_00, "left the building")
    with pytest.raises(InvalidTransition, match="was taken out"):
        await deal_competitors.remove(actor, last.id)
    current = await Deal.get(id=deal.id)
    with pytest.raises(Invalid, match="a deal with a competitor is not uncontested"):
        await deals.update(actor, deal.id, current.version, {"competitor": "X", "uncontested": True})


async def _main(deal: Deal) -> tuple[str | None, bool]:
    now = await Deal.get(id=deal.id)
    return now.competitor, now.uncontested


async def test_an_element_is_validated_with_evidence_and_a_day(deal: Deal) -> None:
    actor, contact = await seller(deal), await factories.contact(await Account.get(id=deal.account_id))
    with pytest.raises(Invalid, match="evidence lacks"):
        await _qualify(actor, deal, state=Known.VALIDATED, confirmed_on=today())
    with pytest.raises(Invalid, match="a day lacks"):
        await _qualify(actor, deal, state=Known.VALIDATED, evidence="a mail")
    with pytest.raises(Invalid, match="is in the future"):
        await _qualify(actor, deal, state=Known.PARTLY, confirmed_on=today() + timedelta(days=3))
    first = await _qualify(
        actor, deal, state=Known.VALIDATED, evidence="a mail", confirmed_on=today(), contact_id=contact.id
    )
    with pytest.raises(Invalid, match="evidence lacks"):
        await _qualify(actor, deal, evidence=None)
    with pytest.raises(Conflict):
        await qualification.qualify(actor, deal.id, Element.METRICS, {"state": Known.PARTLY}, version=9)
    changed = await _qualify(actor, deal, state=Known.PARTLY)
    assert (changed.id, changed.evidence) == (first.id, "a mail")


async def test_what_a_person_confirmed_is_exported_and_erased_with_the_person(deal: Deal) -> None:
    actor, contact = (
        await seller(deal),
        await factories.contact(await Account.get(id=deal.account_id), name="Ada Lind"),
    )
    criterion = await _qualify(
        actor, deal, state=Known.VALIDATED, evidence="she said so", confirmed_on=today(),
        contact_id=contact.id,
    )  # fmt: skip
    told = await privacy.export(actor, contact.id)
    assert [each["evidence"] for each in told["criteria"]] == ["she said so"]  # type: ignore[attr-defined]
    await privacy.erase(actor, contact.id, 1)
    kept = await DecisionCriterion.get(id=criterion.id)
    assert (kept.state, kept.evidence) == (Known.VALIDATED, ERASED)
    with pytest.raises(InvalidTransition, match="was erased"):
        await _qualify(actor, deal, contact_id=contact.id)
    with pytest.raises(InvalidTransition, match="was erased"):
        await deal_people.set_contact(actor, deal.id, contact.id, ContactRole.USER)


async def test_the_score_is_the_share_of_elements_and_partly_counts_half_as_of_a_day(deal: Deal) -> None:
    """By hand: 3 validated and 1 partly of 7 are 3.5 / 7 = 0.5; with a red PAPER_PROCESS 3.5 / 8."""
    actor = await seller(deal)
    proof = {"state": Known.VALIDATED, "evidence": "a mail", "confirmed_on": today()}
    for element in (Element.METRICS, Element.CHAMPION, Element.COMPETITION):
        await qualification.qualify(actor, deal.id, element, proof)
    await qualification.qualify(actor, deal.id, Element.IDENTIFIED_PAIN, {"state": Known.PARTLY})
    (now,) = await qualifications(actor, [deal.id], today())
    assert (float(now.score), len(now.elements)) == (0.5, 7)
    assert now.missing == (
        Element.ECONOMIC_BUYER, Element.DECISION_CRITERIA, Element.DECISION_PROCESS, Element.IDENTIFIED_PAIN,
    )  # fmt: skip
    await qualification.qualify(actor, deal.id, Element.PAPER_PROCESS, {"state": Known.UNKNOWN})
    (now,) = await qualifications(actor, [deal.id], today())
    assert float(now.score) == 3.5 / 8
    assert [await _fact(deal, day) for day in (today(), YESTERDAY)] == [43.75, 0]
    (before,) = await qualifications(actor, [deal.id], YESTERDAY)
    assert (float(before.score), len(before.elements)) == (0.0, 7)

    criterion = await DecisionCriterion.get(element=Element.METRICS)
    await DecisionCriterion.all().update(valid_from=YESTERDAY)
    await qualification.qualify(actor, deal.id, Element.METRICS, {"state": Known.PARTLY}, criterion.version)
    (before,) = await qualifications(actor, [deal.id], YESTERDAY)
    (now,) = await qualifications(actor, [deal.id], today())
    assert [float(each.score * 8) for each in (before, now)] == [3.5, 3.0]


async def _fact(deal: Deal, day: date) -> object:
    """What rules see of a deal's qualification, in percent."""
    needs = {"deal": frozenset({"qualification"})}
    facts = await gather(deal.tenant_id, [deal.account_id], day, needs)
    return facts[deal.account_id]["deal"][0]["qualification"]


async def test_parts_of_somebody_elses_deal_are_not_found(deal: Deal) -> None:
    stranger = await factories.actor(await factories.user(await factories.tenant(), Role.ADMIN))
    line = await factories.deal_line(deal, await factories.product(await Tenant.get(id=deal.tenant_id)))
    with pytest.raises(NotFound):
        await deal_lines.remove(stranger, line.id, 1)
    with pytest.raises(NotFound):
        await deal_competitors.put(stranger, deal.id, "Rival", {})
    assert [each.tcv_minor for each in await totals(stranger, [deal.id])] == [0]


async def _qualify(actor: Actor, deal: Deal, **values: object) -> DecisionCriterion:
    return await qualification.qualify(actor, deal.id, Element.METRICS, values)
