"""The copy of everything that is kept about a contact.

``contact`` is the record itself, ``account`` where the person works, ``roles`` are the parts in deals,
``changes`` what became what in these records, in signals and in interactions, when and by which user,
``commands`` what users did to the record, ``signals`` what was heard about the person, ``trends`` what was
made of it, ``interactions`` the calls, visits, mails and the like with the person, ``criteria`` what the
person confirmed of the qualification of deals, ``parts`` what the person is in the buying centre,
``assessments`` and ``rapports`` how the person was judged and what each of us was to the person, ``verdicts``
what rules said with the person's data as evidence, and ``mentions`` every other text of the tenant with a
name or address of the person: notes and names of deals and tickets, rules and their cases, and what any of
these once said. ``withheld`` is how many of those the actor may not see.

There is nothing else. Dry runs and explanations are not kept, runs and backtests keep counts and ids, what
other facts count (the contacts of an account) tells of nobody, and of what was asked with an idempotency
key only a digest is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from enum import Enum

import orjson

from commands.traces import (
    Person,
    Text,
    about,
    assessments_of,
    changes_of,
    criteria_about,
    evidence_of,
    interactions_with,
    mentions,
    rapports_with,
    subject_of,
    verdicts_on,
)
from commands.validation import api_name
from models.access import Actor
from models.accounts import Account
from models.base import Record
from models.deals import Deal, DealContact
from models.history import AuditRecord, Change
from models.people import Contact
from models.recommendations import Evidence, Recommendation, Risk
from models.signals import Signal
from models.trends import Trend
from models.visibility import sees

Document = dict[str, object]
_OF_CONTACT = (
    "id", "name", "email", "phone", "title", "seniority", "last_contacted_on", "left_on", "joined_on",
    "reports_to_id", "moved_from_id", "erased_at",
    "source", "external_id", "valid_from", "known_on", "created_at", "updated_at", "version",
)  # fmt: skip
_OF_ROLE = ("id", "deal_id", "role", "known_on", "created_at")
_OF_CHANGE = ("entity", "entity_id", "field", "old", "new", "effective_on", "known_on", "created_at")
_OF_SIGNAL = ("id", "kind", "summary", "observed_on", "source", "created_at")
_OF_TREND = ("id", "kind", "title", "details", "observed_on", "created_at")
_OF_INTERACTION = (
    "id", "deal_id", "user_id", "kind", "direction", "happened_on", "happened_at", "duration_minutes",
    "subject", "outcome", "source", "created_at",
)  # fmt: skip
_OF_CRITERION = ("id", "deal_id", "element", "state", "evidence", "confirmed_on", "created_at")
_OF_PART = ("id", "role", "valid_from", "removed_on", "created_at")
_OF_ASSESSMENT = (
    "id", "deal_id", "made_by_id", "assessed_on", "influence", "political_status", "support", "adaptability",
    "note", "created_at",
)  # fmt: skip
_OF_RAPPORT = ("id", "user_id", "assessed_on", "level", "wanted", "created_at")
_OF_VERDICT = ("id", "rule_key", "title", "state", "because", "held_since", "lapsed_on")
_OF_EVIDENCE = ("alias", "fact_kind", "fact_id", "field", "op", "observed_on", "source")


async def dossier(actor: Actor, person: Person) -> Document:
    """Everything that is kept about a person, as far as the actor may see it."""
    contact, evidence = person.contact, await evidence_of(person)
    account = await Account.get(id=contact.account_id)
    verdicts = await verdicts_on(evidence)
    interactions = await interactions_with(contact)
    criteria = await criteria_about(contact)
    assessments, rapports = await assessments_of(contact), await rapports_with(contact)
    told = {text.place async for text in about(person)} | {(each.id, "because") for each in verdicts}
    mentioned, withheld = await _mentions(actor, person, told)
    return {
        "contact": _shown(contact, _OF_CONTACT),
        "account": {"id": account.id, "name": account.name},
        "roles": [await _role(role) for role in person.roles],
        "changes": await _changes(
            [
                *(contact, *person.roles, *person.heard, *interactions, *criteria),
                *(*person.parts, *assessments, *rapports),
            ]
        ),
        "commands": await _commands(contact),
        "signals": [_shown(each, _OF_SIGNAL) for each in person.heard if isinstance(each, Signal)],
        "trends": [_shown(each, _OF_TREND) for each in person.heard if isinstance(each, Trend)],
        "interactions": [_shown(each, _OF_INTERACTION) for each in interactions],
        "criteria": [_shown(criterion, _OF_CRITERION) for criterion in criteria],
        "parts": [_shown(part, _OF_PART) for part in person.parts],
        "assessments": [_shown(each, _OF_ASSESSMENT) for each in assessments],
        "rapports": [_shown(each, _OF_RAPPORT) for each in rapports],
        "verdicts": [_verdict(verdict, evidence) for verdict in verdicts],
        "mentions": mentioned,
        "withheld": withheld,
    }


async def _role(role: DealContact) -> Document:
    return {**_shown(role, _OF_ROLE), "deal": (await Deal.get(id=role.deal_id)).name}


async def _changes(records: Iterable[Record]) -> list[Document]:
    changes = [change for record in records for change in await changes_of(record)]
    audits = await AuditRecord.filter(id__in=list({change.audit_id for change in changes}))
    by = {audit.id: {"by": audit.actor_id, "via": audit.source} for audit in audits}
    return [{**_shown(change, _OF_CHANGE), **by[change.audit_id]} for change in changes]


async def _commands(contact: Contact) -> list[Document]:
    audits = AuditRecord.filter(tenant_id=contact.tenant_id, object_id=contact.id)
    return [
        {"command": audit.command, "at": _plain(audit.created_at), "by": audit.actor_id, "via": audit.source}
        for audit in await audits.order_by("created_at", "id")
    ]


def _verdict(verdict: Recommendation | Risk, evidence: Sequence[Evidence]) -> Document:
    seen = [each for each in evidence if verdict.id in (each.recommendation_id, each.risk_id)]
    kind = {"kind": verdict._meta.db_table}
    return {**kind, **_shown(verdict, _OF_VERDICT), "evidence": [_evidence(each) for each in seen]}


def _evidence(evidence: Evidence) -> Document:
    values = {name: getattr(evidence, name) for name in ("threshold", "seen")}
    return {
        **_shown(evidence, _OF_EVIDENCE),
        **{name: None if value is None else orjson.loads(value) for name, value in values.items()},
    }


async def _mentions(
    actor: Actor, person: Person, told: Collection[tuple[str, str]]
) -> tuple[list[Document], int]:
    found, withheld = list[Document](), 0
    async for text, _ in mentions(person, told):
        record = text.record
        of = await subject_of(record) if isinstance(record, Change) else record
        if of is None or not await sees(type(of), actor, of.id):
            withheld += 1
        else:
            found.append(_mention(text, of))
    return found, withheld


def _mention(text: Text, of: Record) -> Document:
    """A text with the record and the field that it is of, or once was of."""
    change = text.record if isinstance(text.record, Change) else None
    column = change.field if change else text.column
    said: Document = {"kind": of._meta.db_table, "id": of.id, "field": api_name(column), "text": text.value}
    if change is None:
        return said
    return {**said, "until" if text.column == "old" else "since": _plain(change.effective_on)}


def _shown(record: Record, names: Iterable[str]) -> Document:
    there = (name for name in names if name in record._meta.fields_map)
    return {api_name(name): _plain(getattr(record, name)) for name in there}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value
