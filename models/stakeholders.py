"""What people at a customer are to it and to us: their part in its buying centre, and how we judge them.

Judgements are dated and never changed: another one follows. They are for the account's team alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from tortoise import fields

from models.base import Record, reference
from models.deals import ContactRole
from models.described import Described


class Influence(Described):
    """How much weight a person's word has at the customer, most first."""

    HIGH = "HIGH", "Little is decided against the person."
    MEDIUM = "MEDIUM", "The person is heard."
    LOW = "LOW", "The person's word changes little."


class PoliticalStatus(Described):
    """How near a person is to those who have the power, whatever the title says."""

    INNER_CIRCLE = "INNER_CIRCLE", "One of the few who make things happen: a key player."
    POLITICAL_STRUCTURE = "POLITICAL_STRUCTURE", "Is let in on what the inner circle does: a key player."
    OUTSIDE = "OUTSIDE", "Learns of it when it is done."

    @property
    def is_key(self) -> bool:
        """Whether it makes a person a key player."""
        return self is not PoliticalStatus.OUTSIDE


class Support(Described):
    """Where a person stands towards us, best first."""

    MENTOR = "MENTOR", "Works for us inside, and tells us what we need to know."
    SUPPORTER = "SUPPORTER", "Would rather have us than others."
    NEUTRAL = "NEUTRAL", "Has no preference."
    NON_SUPPORTER = "NON_SUPPORTER", "Would rather have others than us."
    ENEMY = "ENEMY", "Works against us."


class Adaptability(Described):
    """How readily a person takes up what is new, readiest first."""

    INNOVATOR = "INNOVATOR", "Tries what nobody else has."
    VISIONARY = "VISIONARY", "Takes a risk for an advantage."
    PRAGMATIST = "PRAGMATIST", "Takes what has proved itself elsewhere."
    CONSERVATIVE = "CONSERVATIVE", "Takes what everybody has."
    LAGGARD = "LAGGARD", "Keeps what there is."


class RelationshipLevel(Described):
    """What one of us is to a person, from least to most."""

    VENDOR = "VENDOR", "Somebody who sells something."
    CREDIBLE_SOURCE = "CREDIBLE_SOURCE", "Somebody whose word on the subject is taken."
    PROBLEM_SOLVER = "PROBLEM_SOLVER", "Somebody who is called when there is a problem."
    TRUSTED_ADVISOR = "TRUSTED_ADVISOR", "Somebody who is asked before anything is decided."


class BuyingCentre(Described):
    """Whose buying centre it is."""

    ACCOUNT = "ACCOUNT", "That of an account; its kind is the account's tier."
    DEAL = "DEAL", "That of a deal; its kind is the deal's kind."


#: The roles that somebody must be engaged in, where the tenant says nothing else.
NEEDED: Mapping[BuyingCentre, tuple[ContactRole, ...]] = {
    BuyingCentre.ACCOUNT: (ContactRole.ECONOMIC_BUYER, ContactRole.DECISION_MAKER, ContactRole.CHAMPION),
    BuyingCentre.DEAL: (
        ContactRole.ECONOMIC_BUYER,
        ContactRole.TECHNICAL,
        ContactRole.USER,
        ContactRole.CHAMPION,
    ),
}
#: Roles whose holders are key players.
KEY_ROLES = frozenset(
    {ContactRole.ECONOMIC_BUYER, ContactRole.DECISION_MAKER, ContactRole.CHAMPION, ContactRole.APPROVER}
)
#: The columns of an assessment that say something of the person.
JUDGED = ("influence", "political_status", "support", "adaptability", "note")
#: The columns of a rapport that do.
LEVELS = ("level", "wanted")


class Stakeholder(Record):
    """The part of a contact in the buying centre of the account, since ``valid_from``.

    One who has none any more stays, with the day of it in ``removed_on``. A contact has one role there; in a
    deal it may have another: see DealContact.
    """

    prefix = "stk"

    tenant = reference("Tenant")
    account = reference("Account", "stakeholders")
    contact = reference("Contact", "stakeholders")
    role = fields.CharEnumField(ContactRole, max_length=20)
    valid_from = fields.DateField(null=True)
    known_on = fields.DateField(null=True)
    removed_on = fields.DateField(null=True)
    tenant_id: str
    account_id: str
    contact_id: str

    class Meta:
        table = "stakeholder"
        unique_together = (("tenant", "contact"),)
        indexes = (("tenant_id", "account_id"),)


class Assessment(Record):
    """How somebody of us judges a contact since ``assessed_on``, at the account or in one of its deals.

    It replaces the one before as a whole. What it says is taken out when the person's data is erased.
    """

    prefix = "asm"

    tenant = reference("Tenant")
    account = reference("Account", "assessments")
    deal = reference("Deal", "assessments", null=True)
    contact = reference("Contact", "assessments")
    made_by = reference("User", null=True)
    assessed_on = fields.DateField()
    known_on = fields.DateField(null=True)
    influence = fields.CharEnumField(Influence, max_length=20, null=True)
    political_status = fields.CharEnumField(PoliticalStatus, max_length=20, null=True)
    support = fields.CharEnumField(Support, max_length=20, null=True)
    adaptability = fields.CharEnumField(Adaptability, max_length=20, null=True)
    note = fields.CharField(max_length=1000, null=True)
    tenant_id: str
    account_id: str
    deal_id: str | None
    contact_id: str
    made_by_id: str | None

    class Meta:
        table = "assessment"
        indexes = (
            ("tenant_id", "contact_id", "assessed_on"),
            ("tenant_id", "account_id"),
            ("tenant_id", "deal_id"),
            ("tenant_id", "made_by_id"),
        )


class Rapport(Record):
    """What one of us is to a contact since ``assessed_on``, and wants to be.

    It replaces the one before between the two.
    """

    prefix = "rap"

    tenant = reference("Tenant")
    account = reference("Account", "rapports")
    contact = reference("Contact", "rapports")
    user = reference("User", "rapports")
    assessed_on = fields.DateField()
    known_on = fields.DateField(null=True)
    level = fields.CharEnumField(RelationshipLevel, max_length=20, null=True)
    wanted = fields.CharEnumField(RelationshipLevel, max_length=20, null=True)
    tenant_id: str
    account_id: str
    contact_id: str
    user_id: str

    class Meta:
        table = "rapport"
        indexes = (
            ("tenant_id", "contact_id", "assessed_on"),
            ("tenant_id", "account_id"),
            ("tenant_id", "user_id"),
        )


class NeededRoles(Record):
    """The roles of which somebody must be engaged in buying centres of a kind, an empty kind is all others.

    ``roles`` lists values of ContactRole in the order of these. ``kind`` is a tier or a kind of deal.
    """

    prefix = "need"

    tenant = reference("Tenant")
    of = fields.CharEnumField(BuyingCentre, max_length=20)
    kind = fields.CharField(max_length=20, default="", db_default="")
    roles = fields.JSONField[list[str]]()
    tenant_id: str

    class Meta:
        table = "needed_roles"
        unique_together = (("tenant", "of", "kind"),)
