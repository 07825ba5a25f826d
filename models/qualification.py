"""What is known of a deal by the elements of MEDDICC, with the evidence for each."""

from __future__ import annotations

from tortoise import fields

from models.base import Record, reference
from models.described import Described
from models.pipelines import ExitFact


class Element(Described):
    """An element of MEDDICC, with PAPER_PROCESS of MEDDPICC."""

    METRICS = "METRICS", "What the customer gains, in figures that the customer uses."
    ECONOMIC_BUYER = "ECONOMIC_BUYER", "Who has the money and the last word."
    DECISION_CRITERIA = "DECISION_CRITERIA", "By what the customer compares offers."
    DECISION_PROCESS = "DECISION_PROCESS", "Who decides when, in which steps."
    PAPER_PROCESS = (
        "PAPER_PROCESS",
        "How a decision becomes a signed contract; counts only where something is said of it.",
    )
    IDENTIFIED_PAIN = "IDENTIFIED_PAIN", "What hurts enough to act on it."
    CHAMPION = "CHAMPION", "Who sells for us inside."
    COMPETITION = "COMPETITION", "Whom or what we are up against."

    @property
    def is_optional(self) -> bool:
        """Whether it counts only where something is said of it."""
        return self is Element.PAPER_PROCESS


class Known(Described):
    """How well an element is known."""

    UNKNOWN = "UNKNOWN", "Nothing is known of it: red."
    PARTLY = "PARTLY", "Something is known, or all of it without proof: yellow."
    VALIDATED = "VALIDATED", "The customer has confirmed it, by the evidence: green."


#: The fact that an element is validated.
VALIDATED_FACTS = {element: ExitFact(f"{element.value}_VALIDATED") for element in Element}


class DecisionCriterion(Record):
    """An element of a deal as it is known, one that is VALIDATED has evidence and the day of it.

    ``valid_from`` is the day since when something is said of it.
    """

    prefix = "crit"

    tenant = reference("Tenant")
    deal = reference("Deal", "criteria")
    element = fields.CharEnumField(Element, max_length=20)
    state = fields.CharEnumField(Known, max_length=20, default=Known.UNKNOWN)
    evidence = fields.CharField(max_length=1000, null=True)
    confirmed_on = fields.DateField(null=True)
    contact = reference("Contact", null=True)
    valid_from = fields.DateField(null=True)
    known_on = fields.DateField(null=True)
    tenant_id: str
    deal_id: str
    contact_id: str | None

    class Meta:
        table = "decision_criterion"
        unique_together = (("tenant", "deal", "element"),)
        indexes = (("tenant_id", "contact_id"),)
