"""Who is who at two accounts of the demo: parts, judgements, who reports to whom, and who of us met them."""

from __future__ import annotations

from dataclasses import dataclass

from commands import careers, stakeholders
from jobs.demo.cast import Cast
from jobs.demo.draft import days_before
from jobs.demo.people import DIRECTORS
from models.base import as_on
from models.deals import ContactRole
from models.people import Contact, InteractionKind
from models.stakeholders import Influence, PoliticalStatus, RelationshipLevel, Support

_HIGH, _MEDIUM, _LOW = Influence.HIGH, Influence.MEDIUM, Influence.LOW
_INNER, _LET_IN, _OUTSIDE = (
    PoliticalStatus.INNER_CIRCLE,
    PoliticalStatus.POLITICAL_STRUCTURE,
    PoliticalStatus.OUTSIDE,
)
#: How long the people have been mapped, and for how many days nobody has judged them anew.
MAPPED, JUDGED = 95, 30


@dataclass(frozen=True)
class Mapped:
    """A contact by its external id, and what is known of the person.

    ``met`` says who of us, how, and how many days before the person was last spoken to.
    """

    key: str
    role: ContactRole
    influence: Influence
    status: PoliticalStatus
    support: Support
    above: str | None = None
    met: tuple[tuple[str, InteractionKind, int], ...] = ()


_CALL, _VISIT, _MEETING = InteractionKind.CALL, InteractionKind.VISIT, InteractionKind.MEETING
_US, _BOSS = DIRECTORS[0].external_id, str(DIRECTORS[0].manager)
_PEOPLE = (
    Mapped(
        "CON-01-1", ContactRole.DECISION_MAKER, _HIGH, _INNER, Support.NEUTRAL,
        met=((_US, _VISIT, 0), (_BOSS, _VISIT, 0), (_US, _CALL, 34)),
    ),
    Mapped(
        "CON-01-2", ContactRole.ECONOMIC_BUYER, _HIGH, _INNER, Support.SUPPORTER,
        met=((_BOSS, _MEETING, 0), (_BOSS, _VISIT, 58)),
    ),
    Mapped(
        "CON-01-3", ContactRole.CHAMPION, _MEDIUM, _LET_IN, Support.MENTOR, "CON-01-1",
        ((_US, _CALL, 0), (_US, _VISIT, 9), (_BOSS, _VISIT, 9), (_US, _CALL, 21), (_US, _VISIT, 47)),
    ),
    Mapped(
        "CON-01-4", ContactRole.PROCUREMENT, _MEDIUM, _OUTSIDE, Support.NON_SUPPORTER, "CON-01-2",
        ((_US, _CALL, 0),),
    ),
    Mapped(
        "CON-01-5", ContactRole.TECHNICAL, _LOW, _OUTSIDE, Support.SUPPORTER, "CON-01-3",
        ((_US, _VISIT, 0), (_US, _CALL, 16)),
    ),
    Mapped("CON-01-6", ContactRole.USER, _LOW, _OUTSIDE, Support.NEUTRAL, "CON-01-3", ((_US, _CALL, 0),)),
    Mapped(
        "CON-04-LEFT", ContactRole.CHAMPION, _HIGH, _INNER, Support.MENTOR,
        met=((_US, _VISIT, 0), (_US, _CALL, 25)),
    ),
    Mapped(
        "CON-04-1", ContactRole.ECONOMIC_BUYER, _HIGH, _INNER, Support.NEUTRAL,
        met=((_US, _VISIT, 0), (_BOSS, _VISIT, 0)),
    ),
    Mapped(
        "CON-04-2", ContactRole.DECISION_MAKER, _MEDIUM, _LET_IN, Support.SUPPORTER, "CON-04-1",
        ((_US, _MEETING, 0), (_US, _CALL, 30)),
    ),
    Mapped("CON-04-3", ContactRole.BLOCKER, _MEDIUM, _OUTSIDE, Support.ENEMY, "CON-04-1", ((_US, _CALL, 0),)),
    Mapped(
        "CON-04-4", ContactRole.TECHNICAL, _LOW, _OUTSIDE, Support.SUPPORTER, "CON-04-2", ((_US, _VISIT, 0),)
    ),
)  # fmt: skip
#: How those were met of whom it is told here, by their external ids.
MET = {mapped.key: mapped.met for mapped in _PEOPLE}
#: What the director is to whom, and wants to be.
_RAPPORTS = (
    ("CON-01-1", RelationshipLevel.VENDOR, RelationshipLevel.PROBLEM_SOLVER),
    ("CON-01-3", RelationshipLevel.TRUSTED_ADVISOR, RelationshipLevel.TRUSTED_ADVISOR),
    ("CON-04-1", RelationshipLevel.CREDIBLE_SOURCE, RelationshipLevel.PROBLEM_SOLVER),
)


async def know_people(cast: Cast) -> None:
    """Map the people of two accounts."""
    for mapped in _PEOPLE:
        contact = await cast.found(Contact, mapped.key)
        with as_on(days_before(cast.today, MAPPED)):
            await stakeholders.set_role(cast.director, contact.id, mapped.role)
            if mapped.above is not None:
                above = await cast.found(Contact, mapped.above)
                await careers.set_manager(cast.director, contact.id, contact.version, above.id)
        with as_on(days_before(cast.today, JUDGED)):
            await stakeholders.assess(
                cast.director,
                contact.id,
                {
                    "influence": mapped.influence,
                    "political_status": mapped.status,
                    "support": mapped.support,
                },
            )
    for key, level, wanted in _RAPPORTS:
        contact = await cast.found(Contact, key)
        with as_on(days_before(cast.today, JUDGED)):
            await stakeholders.set_level(cast.director, contact.id, str(cast.director.user_id), level, wanted)
