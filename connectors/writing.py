"""Writing a batch of a mapping's records through the commands; nothing else here writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from commands import deal_people, pipelines
from commands.access import ensure_team, upsert_users
from commands.bulk import Upserted, upsert
from commands.incoming import Incoming
from commands.journal import unit_of_work
from commands.placing import Pipelines
from connectors.mapping import PipelineNames
from models.access import Actor, Team, User
from models.base import Record, Sourced
from models.deals import DealContact
from models.history import AuditRecord
from models.pipelines import Pipeline

#: What the audit record is called that says that a source's first import is complete.
COMPLETE = "import.complete"


async def write(
    actor: Actor,
    model: type[Record],
    source: str,
    batch: Sequence[Incoming],
    on: date,
    *,
    history: bool,
) -> Upserted:
    """Write a batch in one transaction (teams: one each); ids by key, and how many rows did what.

    ``history`` was known to the source on its business dates.
    """
    if issubclass(model, Sourced):
        return await upsert(actor, model, source, batch, on=on, history=history)
    if model is User:
        return await upsert_users(actor, [_user(actor, source, each) for each in batch])
    if model is DealContact:
        return await _write_parts(actor, batch, history)
    total = Upserted()
    for each in batch:
        await _write_team(actor, each, total)
    return total


def _user(actor: Actor, source: str, record: Incoming) -> User:
    return User(
        id=User.make_id(),
        tenant_id=actor.tenant_id,
        source=source,
        external_id=record.external_id,
        **record.values,
    )


async def _write_parts(actor: Actor, batch: Sequence[Incoming], history: bool) -> Upserted:
    """People taking part in deals; one that two rows name is written once."""
    parts = [
        DealContact(id=DealContact.make_id(), tenant_id=actor.tenant_id, **each.values) for each in batch
    ]
    total = await deal_people.set_contacts(actor, parts, history=history)
    total.unchanged = len(batch) - total.created - total.updated
    return total


async def _write_team(actor: Actor, record: Incoming, total: Upserted) -> None:
    name, parent = str(record.values["name"]), record.values.get("parent_id")
    parent_id = None if parent is None else str(parent)
    team = await Team.get_or_none(tenant_id=actor.tenant_id, name=name)
    total.created += team is None
    total.updated += team is not None and team.parent_id != parent_id
    total.unchanged += team is not None and team.parent_id == parent_id
    if team is None or team.parent_id != parent_id:
        team = await ensure_team(actor, name, parent_id)
    total.ids[record.external_id] = team.id


async def ensure_pipelines(actor: Actor, wanted: Sequence[PipelineNames]) -> Pipelines:
    """The tenant's pipelines; made are those of which it has none of the name.

    A new one is the default of the kinds of deals that have none. Those that are there stay as they are.
    """
    for each in wanted:
        if await Pipeline.filter(tenant_id=actor.tenant_id, name=each.name).exists():
            continue
        free = [kind for kind in each.kinds if await pipelines.default_for(actor.tenant_id, kind) is None]
        values = {"name": each.name, "kinds": each.kinds, "default_for": free}
        await pipelines.create(actor, values, [stage.model_dump(exclude_none=True) for stage in each.stages])
    return await Pipelines.of(actor.tenant_id)


async def is_first(actor: Actor) -> bool:
    """Whether no import of the source has been completed yet: what it brings is its history."""
    done = AuditRecord.filter(tenant_id=actor.tenant_id, source=actor.source, command=COMPLETE)
    return not await done.exists()


async def note_complete(actor: Actor) -> None:
    """Record that an import of the source was completed: what comes later was learned later."""
    async with unit_of_work(actor, COMPLETE):
        pass


async def first_seen(actor: Actor, model: type[Record], source: str, keys: Sequence[str]) -> dict[str, date]:
    """Since when the stored ones among these records are known, where that is known."""
    if not issubclass(model, Sourced):
        return {}
    found = await model.filter(
        tenant_id=actor.tenant_id, source=source, external_id__in=keys, valid_from__isnull=False
    ).values_list("external_id", "valid_from")
    return {str(key): since for key, since in found if isinstance(since, date)}


async def claimed_emails(actor: Actor, source: str) -> dict[str, str]:
    """Mail addresses in the tenant that users from elsewhere hold, by address."""
    users = await User.filter(tenant_id=actor.tenant_id).values("email", "source", "external_id", "name")
    return {user["email"]: user["name"] for user in users if user["source"] != source}
