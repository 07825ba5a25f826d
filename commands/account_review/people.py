"""The people on both sides of an account, as a review tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from commands.account_review.content import Known, People, Person
from metrics.buying_centres import Centre, centres
from metrics.relationships import Person as Contacted
from metrics.relationships import account_strength, people, tree
from models.access import Actor, User
from models.accounts import Account
from models.people import Contact
from models.stakeholders import Assessment, BuyingCentre


async def known_people(actor: Actor, account: Account, as_of: date) -> People | None:
    """Who is at the account, how its buying centre is covered, and how people are judged; None of nobody.

    Judgements are those that the actor may know. Who left is told where a part in the buying centre was left.
    """
    found = await people(actor, as_of, [account.id])
    centre = (await centres(actor, BuyingCentre.ACCOUNT, as_of, [account.id])).get(account.id, Centre(as_of))
    if not found:
        return None
    return People(
        known=await _known(found, centre, account.name),
        places=tree(found),
        centre=centre,
        strength=account_strength(found)[0],
    )


async def _known(found: Sequence[Contacted], centre: Centre, account: str) -> dict[str, Known]:
    contacts = {each.id: each for each in await Contact.filter(id__in=[each.contact_id for each in found])}
    members = {each.person.contact_id: each for each in centre.members}
    judged = [each.judged for each in centre.members if each.judged]
    assessments = {each.id: each for each in await Assessment.filter(id__in=judged)}
    names = await names_of(each.user_id for one in found for each in one.colleagues)
    known = {}
    for one in found:
        contact, member = contacts[one.contact_id], members.get(one.contact_id)
        said = assessments.get(member.judged or "") if member else None
        known[one.contact_id] = Known(
            contact_id=one.contact_id,
            account=account,
            name=contact.name,
            title=contact.title,
            seniority=one.seniority,
            role=member.role.value if member else None,
            influence=said.influence if said else None,
            support=said.support if said else None,
            strength=one.strength.points,
            last_on=one.last_on,
            noted=one.noted,
            left_on=one.left_on,
            colleagues=[names[each.user_id] for each in one.colleagues if each.user_id in names],
        )
    return known


async def both_sides(
    actor: Actor, account_names: Mapping[str, str], owners: Sequence[str], as_of: date
) -> tuple[list[Person], list[Person]]:
    """Those at the customer whom we were in contact with in the last half year, and those of us who were.

    ``owners`` are the users who carry the accounts, told first.
    """
    found = [
        each
        for each in await people(actor, as_of, list(account_names))
        if each.left_on is None and each.colleagues
    ]
    found.sort(key=lambda each: (list(type(each.seniority)).index(each.seniority), each.contact_id))
    contacts = {each.id: each for each in await Contact.filter(id__in=[each.contact_id for each in found])}
    theirs = [
        Person(
            contacts[each.contact_id].name, contacts[each.contact_id].title, account_names[each.account_id]
        )
        for each in found
    ]
    met = dict.fromkeys(colleague.user_id for each in found for colleague in each.colleagues)
    names = await names_of([*owners, *met])
    ours = [Person(names[each], "Account director") for each in dict.fromkeys(owners) if each in names]
    also = sorted(names[each] for each in met if each in names and each not in owners)
    return theirs, [*ours, *(Person(name, None) for name in also)]


async def names_of(user_ids: Iterable[str]) -> dict[str, str]:
    """What users are called."""
    return {each.id: each.name for each in await User.filter(id__in=list(dict.fromkeys(user_ids)))}
