"""The packs of rules by which the demo world is judged."""

from __future__ import annotations

from commands import rulebooks
from models.access import Actor
from models.rulebooks import Rulebook
from rules import packs
from rules.engine.pool import EnginePool

#: Besides the starter rules.
PACKS = ("account-plans", "growth", "relationship", "trends")


async def put_rules_live(actor: Actor, engine: EnginePool) -> None:
    """Put the starter rules and the packs live; what was imported before stays as it is."""
    await rulebooks.ensure_starter(actor, engine)
    for name in PACKS:
        if not await Rulebook.filter(tenant_id=actor.tenant_id, name=name).exists():
            book, _ = await rulebooks.import_file(actor, name, packs.load(name).text)
            await rulebooks.activate(actor, engine, book.id)
