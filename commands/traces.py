"""Where a person's data can be: records about the person, and every text of the tenant that tells of it.

Every column of every model that holds a text or JSON is searched but for those named below, so that a new
table is searched before anybody thinks of it. Nothing here decides or writes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tortoise import Tortoise, fields
from tortoise.expressions import Q
from tortoise.fields.data import CharEnumFieldInstance

from commands.journal import BATCH
from commands.spellings import Spellings
from models.access import Team, User
from models.accounts import Account
from models.base import Record
from models.bids import Bid
from models.catalog import Product
from models.competition import Competitor, CompetitorName
from models.database import Param, ascii_lower, fetch, is_sqlite
from models.deals import Deal, DealContact
from models.history import AuditRecord, Change
from models.people import ERASED, PERSONAL, Contact, Interaction
from models.pipelines import LossReason, Pipeline, PipelineStage
from models.plays import Play
from models.qualification import DecisionCriterion
from models.recommendations import Evidence, Recommendation, Risk
from models.signals import Signal
from models.stakeholders import JUDGED, LEVELS, Assessment, Rapport, Stakeholder
from models.trends import Trend

#: The kinds of facts that are about a person.
PEOPLE = frozenset({"contact", "deal_contact", "stakeholder"})
#: Those that may say what was heard about one.
HEARD = frozenset({"signal", "trend"})
#: The fields of all of these in which the person is told of.
TELLING = (*PERSONAL, *JUDGED)
#: What the product compares and nobody reads: ids, and keys of rules.
_KEYS = frozenset(
    {
        *("source", "external_id", "currency", "rule_key", "subject_key", "action", "play"),
        *("kinds", "default_for", "required", "facts", "rate", "offered_currency"),
        *("baseline", "target", "product_family", "family", "other_family"),
        *("families", "deal_ids", "contract_ids"),
    }
)
#: What others are called, and words from lists: theirs, whoever else is called so.
_OTHERS: Mapping[type[Record], frozenset[str]] = {
    Contact: frozenset({"name", "email", "phone"}),
    User: frozenset({"name", "email"}),
    Account: frozenset({"name", "segment", "industry", "country", "region", "city", "domain"}),
    Team: frozenset({"name"}),
    Product: frozenset({"name", "family"}),
    Pipeline: frozenset({"name"}),
    PipelineStage: frozenset({"name"}),
    LossReason: frozenset({"name"}),
    Play: frozenset({"key", "name"}),
    Competitor: frozenset({"name"}),
    CompetitorName: frozenset({"name", "key"}),
    AuditRecord: frozenset({"command", "object_id", "idempotency_key", "request"}),
    Change: frozenset({"entity", "entity_id", "field"}),
}
#: What is said in records that refer to a person.
ABOUT: Mapping[type[Record], tuple[str, ...]] = {
    Signal: ("summary",),
    Trend: ("title", "details"),
    Interaction: ("subject", "outcome"),
    DecisionCriterion: ("evidence",),
    Assessment: JUDGED,
    Rapport: LEVELS,
}
#: What belongs to an account through another record.
_THROUGH: Mapping[str, type[Record]] = {
    "deal_id": Deal,
    "bid_id": Bid,
    "recommendation_id": Recommendation,
    "risk_id": Risk,
}
Place = tuple[str, str]
#: An address that is no longer than this may be part of a number.
_SHORT = 6


@dataclass(frozen=True)
class Text:
    """Where a text, or JSON, stands."""

    record: Record
    column: str

    @property
    def value(self) -> object:
        """What it says; None for nothing."""
        return getattr(self.record, self.column)

    @property
    def place(self) -> Place:
        """Its record's id and column."""
        return self.record.id, self.column


@dataclass(frozen=True)
class Person:
    """A contact with its parts in deals and at the account, and with everything that it was ever called.

    ``heard`` are the signals about it and the trends that were made of them. ``shared`` are those names and
    addresses that somebody else of the tenant has, too.
    """

    contact: Contact
    roles: Sequence[DealContact]
    parts: Sequence[Stakeholder]
    heard: Sequence[Signal | Trend]
    names: frozenset[str]
    addresses: frozenset[str]
    titles: frozenset[str]
    shared: frozenset[str]

    @cached_property
    def fact_ids(self) -> list[str]:
        """The ids of the facts that are about the person, or say what was heard about it."""
        return [self.contact.id, *(each.id for each in (*self.roles, *self.parts, *self.heard))]

    @cached_property
    def here(self) -> Spellings:
        """What tells of the person at its own account: every name and address."""
        return Spellings(self.names | self.addresses)

    @cached_property
    def anywhere(self) -> Spellings:
        """What tells of the person wherever it stands: full names and addresses that nobody else has."""
        full = {name for name in self.names if len(name.split()) > 1}
        long = {address for address in self.addresses if len(address) > _SHORT}
        return Spellings(frozenset(full | long) - self.shared)

    @cached_property
    def said(self) -> Spellings:
        """What tells of the person where a rule speaks of it: its positions as well."""
        return Spellings(self.names | self.addresses | self.titles)


async def person_of(contact: Contact) -> Person:
    """Everything by which a contact can be found."""
    called: dict[str, set[str]] = {name: {str(getattr(contact, name) or "")} for name in PERSONAL}
    for change in await changes_of(contact, *PERSONAL):
        called[change.field] |= {change.old or "", change.new or ""}
    known = {name: frozenset(filter(str.strip, told)) - {ERASED} for name, told in called.items()}
    addresses = known["email"] | known["phone"]
    return Person(
        contact,
        await DealContact.filter(tenant_id=contact.tenant_id, contact_id=contact.id),
        await Stakeholder.filter(tenant_id=contact.tenant_id, contact_id=contact.id),
        [*(signals := await signals_about(contact)), *await _trends_of(contact, signals)],
        known["name"],
        addresses,
        known["title"],
        await _shared(contact, known["name"] | addresses),
    )


async def _shared(contact: Contact, called: frozenset[str]) -> frozenset[str]:
    among, rest = list(called), {"tenant_id": contact.tenant_id}
    contacts = Contact.filter(Q(name__in=among) | Q(email__in=among) | Q(phone__in=among), **rest)
    users = User.filter(Q(name__in=among) | Q(email__in=among), **rest)
    others = [
        *await contacts.exclude(id=contact.id).values_list("name", "email", "phone"),
        *await users.values_list("name", "email"),
    ]
    return called & {value for other in others for value in other}


async def changes_of(record: Record, *names: str) -> list[Change]:
    """The changes of these fields of a record, of all without any; in the order of their recording."""
    table, tenant = record._meta.db_table, getattr(record, "tenant_id")  # noqa: B009 - all that are logged
    found = Change.filter(tenant_id=tenant, entity=table, entity_id=record.id)
    return await (found.filter(field__in=names) if names else found).order_by("created_at", "seq", "id")


async def about(person: Person) -> AsyncIterator[Text]:
    """Texts that are about the person as a whole, those of its own record first."""
    for name in PERSONAL:
        yield Text(person.contact, name)
    for change in await changes_of(person.contact, *PERSONAL):
        yield Text(change, "old")
        yield Text(change, "new")
    records: list[Record] = [
        *person.heard,
        *await interactions_with(person.contact),
        *await criteria_about(person.contact),
        *await assessments_of(person.contact),
        *await rapports_with(person.contact),
    ]
    for record in records:
        for name in ABOUT[type(record)]:
            yield Text(record, name)
            for change in await changes_of(record, name):
                yield Text(change, "old")
                yield Text(change, "new")
    for evidence in await evidence_of(person):
        if evidence.field in TELLING:
            yield Text(evidence, "seen")
            yield Text(evidence, "threshold")


async def signals_about(contact: Contact) -> list[Signal]:
    """What was heard about the person, by the reference and not by the name."""
    return await Signal.filter(tenant_id=contact.tenant_id, contact_id=contact.id).order_by(
        "observed_on", "id"
    )


async def _trends_of(contact: Contact, signals: Sequence[Signal]) -> list[Trend]:
    """The trends that were made of signals: what they are called was heard as well."""
    found = Trend.filter(tenant_id=contact.tenant_id, signal_id__in=[each.id for each in signals])
    return await found.order_by("observed_on", "id")


async def interactions_with(contact: Contact) -> list[Interaction]:
    """Calls, visits, mails and the like with the person, by the reference and not by the name."""
    return await Interaction.filter(tenant_id=contact.tenant_id, contact_id=contact.id).order_by(
        "happened_on", "id"
    )


async def criteria_about(contact: Contact) -> list[DecisionCriterion]:
    """What was learned from the person about the qualification of deals."""
    return await DecisionCriterion.filter(tenant_id=contact.tenant_id, contact_id=contact.id).order_by("id")


async def assessments_of(contact: Contact) -> list[Assessment]:
    """How the person was judged, oldest first."""
    found = Assessment.filter(tenant_id=contact.tenant_id, contact_id=contact.id)
    return await found.order_by("assessed_on", "id")


async def rapports_with(contact: Contact) -> list[Rapport]:
    """What each of us was said to be to the person, oldest first."""
    found = Rapport.filter(tenant_id=contact.tenant_id, contact_id=contact.id)
    return await found.order_by("assessed_on", "id")


async def evidence_of(person: Person) -> list[Evidence]:
    """What rules saw of the person, and of what was heard about it."""
    tenant, found = person.contact.tenant_id, list[Evidence]()
    for start in range(0, len(person.fact_ids), BATCH):
        part = person.fact_ids[start : start + BATCH]
        found += await Evidence.filter(
            tenant_id=tenant, fact_kind__in=PEOPLE | HEARD, fact_id__in=part
        ).order_by("id")
    return found


async def verdicts_on(evidence: Sequence[Evidence]) -> list[Recommendation | Risk]:
    """The verdicts that have this evidence."""
    advice = sorted({each.recommendation_id for each in evidence if each.recommendation_id})
    risks = sorted({each.risk_id for each in evidence if each.risk_id})
    return [
        *await Recommendation.filter(id__in=advice).order_by("id"),
        *await Risk.filter(id__in=risks).order_by("id"),
    ]


async def evidence_for(verdicts: Sequence[Recommendation | Risk]) -> list[Evidence]:
    """All evidence that these verdicts have."""
    ids = [verdict.id for verdict in verdicts]
    return await Evidence.filter(Q(recommendation_id__in=ids) | Q(risk_id__in=ids)).order_by("id")


async def mentions(person: Person, known: Collection[Place]) -> AsyncIterator[tuple[Text, Spellings]]:
    """Texts anywhere in the tenant that have a name or address of the person, but for those at known places.

    Each comes with what was looked for there.
    """
    for model, columns in searched().items():
        for record in await _candidates(model, columns, person):
            inside = await account_of(record) == person.contact.account_id
            told = person.here if inside else person.anywhere
            for text in (Text(record, column) for column in columns):
                if text.place not in known and told.tells(text.value) and not _is_of_others(text):
                    yield text, told


def searched() -> Mapping[type[Record], Sequence[str]]:
    """The models that tell of people, or may, each with the columns that are searched for names."""
    assert Tortoise.apps is not None
    models = [each for each in Tortoise.apps.get_models_iterable() if issubclass(each, Record)]
    found = {model: _columns(model) for model in models if "tenant_id" in model._meta.db_fields}
    return {model: columns for model, columns in found.items() if columns}


def _columns(model: type[Record]) -> list[str]:
    """The columns of a model that can tell of people."""
    left_out = _KEYS | _OTHERS.get(model, frozenset())
    return [
        name
        for name, column in model._meta.fields_map.items()
        if isinstance(column, fields.CharField | fields.TextField | fields.JSONField)
        and not isinstance(column, CharEnumFieldInstance)
        and not (column.pk or column.reference or name.endswith("_id") or name in left_out)
    ]


async def _candidates(model: type[Record], columns: Sequence[str], person: Person) -> list[Record]:
    """Records of a model that may tell of the person: what the database can say without knowing words."""
    params: dict[str, Param] = {f"piece_{n}": each for n, each in enumerate(sorted(person.here.pieces))}
    has = "instr" if is_sqlite() else "strpos"
    ways = [
        f"{has}({ascii_lower(f'cast(t.{column} as text)')}, :{piece}) > 0"
        for column in columns
        for piece in params
    ]
    if not ways:
        return []
    rows = await fetch(
        f'select t.id from "{model._meta.db_table}" t where t.tenant_id = :tenant and ({" or ".join(ways)})',
        {**params, "tenant": person.contact.tenant_id},
    )
    ids = [str(row["id"]) for row in rows]
    return [
        record
        for start in range(0, len(ids), BATCH)
        for record in await model.filter(id__in=ids[start : start + BATCH]).order_by("id")
    ]


def _is_of_others(text: Text) -> bool:
    """Whether it says what somebody or something else is or was called."""
    record = text.record
    if isinstance(record, Change):
        of = _model_called(record.entity)
        return of is not None and record.field in _OTHERS.get(of, ())
    if isinstance(record, Evidence):
        return text.column == "seen" and record.fact_kind in PEOPLE and record.field in PERSONAL
    return False


async def account_of(record: Record) -> str | None:
    """The id of the account that a record belongs to; None for what belongs to the tenant."""
    if isinstance(record, Account):
        return record.id
    if isinstance(record, Change):
        changed = await subject_of(record)
        return await account_of(changed) if changed else None
    if account_id := getattr(record, "account_id", None):
        return str(account_id)
    for column, model in _THROUGH.items():
        if parent_id := getattr(record, column, None):
            return await account_of(await model.get(id=parent_id))
    return None


async def subject_of(change: Change) -> Record | None:
    """The record that a change is of."""
    model = _model_called(change.entity)
    return await model.get_or_none(id=change.entity_id) if model else None


def _model_called(table: str) -> type[Record] | None:
    assert Tortoise.apps is not None
    models = (model for model in Tortoise.apps.get_models_iterable() if model._meta.db_table == table)
    return next((model for model in models if issubclass(model, Record)), None)
