"""How well a deal is qualified, and what it needs to go on, as clients see it."""

from __future__ import annotations

from datetime import date

import strawberry

from commands.pipelines import stages_of
from metrics.exit_criteria import shown_by
from metrics.qualification import ElementKnown, qualifications
from metrics.qualification import Qualification as Figures
from models import people
from models.access import Scope
from models.base import today
from models.deals import Deal
from models.pipelines import ExitFact
from models.qualification import Element, Known
from schema.context import Info
from schema.core.readable import needing
from schema.people import Contact


@strawberry.type
class QualificationElement:
    """An element of MEDDICC, as it is known of a deal."""

    element: Element = strawberry.field(description="Which element.")
    state: Known = strawberry.field(description="How well it is known; UNKNOWN where nothing is said of it.")
    evidence: str | None = strawberry.field(
        description="What shows it, such as what the customer said; null when nothing does.",
        metadata=needing(Scope.READ_PERSONAL),
    )
    confirmed_on: date | None = strawberry.field(
        description="The day on which it was confirmed; null when it was not."
    )
    version: int | None = strawberry.field(
        description="Grows by one with each change, for `qualifyDeal`; null where nothing is said of it yet."
    )
    contact_id: strawberry.Private[str | None]

    @strawberry.field
    async def contact(self, info: Info) -> Contact | None:
        """Who confirmed it; null when it is nobody, or nobody that the caller may see."""
        found = await info.context.loaders.one(people.Contact, self.contact_id)
        return Contact.of(found) if found else None


@strawberry.type
class Qualification:
    """How well a deal is qualified by MEDDICC, as of a date."""

    as_of: date = strawberry.field(description="The business date of it.")
    score: float = strawberry.field(
        description="The share of the elements that are known, 0 to 1; one that is partly known counts half."
    )
    elements: list[QualificationElement] = strawberry.field(
        description="The seven elements of MEDDICC, and PAPER_PROCESS where something is said of it: those"
        " that the score counts."
    )
    missing: list[Element] = strawberry.field(description="Those of them that are not validated.")

    @classmethod
    def of(cls, found: Figures) -> Qualification:
        """As clients see it."""
        return cls(
            as_of=found.as_of,
            score=float(found.score),
            elements=[_element(each) for each in found.elements],
            missing=list(found.missing),
        )


def _element(known: ElementKnown) -> QualificationElement:
    return QualificationElement(
        element=known.element,
        state=known.state,
        evidence=known.evidence,
        confirmed_on=known.confirmed_on,
        version=known.version,
        contact_id=known.contact_id,
    )


@strawberry.type
class ExitCriterion:
    """Something that a deal needs to leave its stage forward."""

    fact: ExitFact = strawberry.field(description="What it needs.")
    met: bool = strawberry.field(description="Whether it has it.")
    shown_by: strawberry.ID | None = strawberry.field(
        description="The id of the record that shows it: the deal, or a line, part, competitor or element of"
        " it; null where it is not met."
    )


async def exit_criteria(deal: Deal) -> list[ExitCriterion]:
    """What a deal needs to leave its stage, with what shows it; nothing without a pipeline stage."""
    if deal.pipeline_id is None or deal.pipeline_stage_id is None:
        return []
    stages = await stages_of(deal.pipeline_id)
    stage = next((each for each in stages if each.id == deal.pipeline_stage_id), None)
    if stage is None or not stage.required:
        return []
    shown = await shown_by(deal, today())
    return [
        ExitCriterion(
            fact=fact, met=fact in shown, shown_by=strawberry.ID(shown[fact]) if fact in shown else None
        )
        for fact in stage.facts
    ]


async def qualification(info: Info, deal_id: str, as_of: date) -> Qualification:
    """The qualification of a deal; those of several deals are read together."""
    actor = info.context.actor
    found = await info.context.loaders.batched(
        ("qualification", as_of), lambda ids: qualifications(actor, ids, as_of), deal_id
    )
    return Qualification.of(found)
