"""Writing rulebooks: saving a version as a draft, and putting one live through the publish gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from commands import pending, scopes
from commands.access import system_actor
from commands.journal import check_version, unit_of_work
from commands.permissions import RULE_MAKERS, require
from commands.validation import validate
from models.access import Actor, Tenant
from models.base import today, utcnow
from models.errors import Conflict, Invalid, InvalidRulebook, InvalidTransition, NotFound
from models.rulebooks import Rule, Rulebook, RulebookState
from models.visibility import find
from rules import packs
from rules.build import build_book
from rules.engine import gate
from rules.engine.pool import EnginePool
from rules.facts import accounts_as_of, gather
from rules.needs import needs
from rules.reference import Facts
from rules.tree import Book

MAX_RULES = 1_000


async def save(actor: Actor, name: str, documents: Sequence[Mapping[str, object]]) -> Rulebook:
    """Keep rule documents as the next version of a rulebook, a draft; nothing is live by this.

    Raises:
        InvalidRulebook: with every problem of every document; nothing is saved.
    """
    require(actor, RULE_MAKERS, "write rules")
    validate(Rulebook, {"name": name})
    if len(documents) > MAX_RULES:
        raise Invalid(f"{len(documents):,} rules in one rulebook; allowed: {MAX_RULES:,}", ["rules"])
    book = build_book(name, documents)
    latest = await Rulebook.filter(tenant_id=actor.tenant_id, name=name).order_by("-number").first()
    async with unit_of_work(actor, "rulebooks.save") as work:
        rulebook = await work.create(
            Rulebook(
                id=Rulebook.make_id(),
                tenant_id=actor.tenant_id,
                name=name,
                number=latest.number + 1 if latest else 1,
            )
        )
        await work.create_all(
            [
                Rule(
                    id=Rule.make_id(),
                    tenant_id=actor.tenant_id,
                    rulebook_id=rulebook.id,
                    key=rule.key,
                    title=rule.title,
                    document=dict(document),
                )
                for rule, document in zip(book.rules, documents, strict=True)
            ]
        )
    return rulebook


async def activate(
    actor: Actor, engine: EnginePool, rulebook_id: str, version: int | None = None
) -> Rulebook:
    """Put a version live, and retire the one of the same name that was; a retired one may come back.

    Raises:
        InvalidRulebook: the publish gate found that the engine does not judge it as its text says, or
            another live rulebook has a rule of the same key.
        InvalidTransition: it is live already.
        Conflict: the rulebook changed, or another one went live at the same moment.
    """
    require(actor, RULE_MAKERS, "activate rulebooks")
    rulebook = await find(Rulebook, actor, rulebook_id, "id")
    if rulebook.state == RulebookState.ACTIVE:
        raise InvalidTransition("this version is ACTIVE already; allowed: none", ["id"])
    check_version(rulebook, version)
    others = await _live_besides(rulebook)
    await _check(actor, engine, rulebook, others)
    async with unit_of_work(actor, "rulebooks.activate") as work:
        await Rulebook.filter(tenant_id=actor.tenant_id).select_for_update().order_by("id")
        if await _live_besides(rulebook) != others:
            raise Conflict("another rulebook went live at the same moment; try again")
        for before in await Rulebook.filter(
            tenant_id=actor.tenant_id, name=rulebook.name, state=RulebookState.ACTIVE
        ):
            await work.update(before, {"state": RulebookState.RETIRED})
        values = {
            "state": RulebookState.ACTIVE,
            "activated_at": utcnow(),
            "activated_by_id": actor.user_id or None,
        }
        live = await work.update(rulebook, values, version)
        await _have_judged(actor)
    return live


async def _have_judged(actor: Actor) -> None:
    """Have the accounts judged again of which other rules may say something else, or of which rules did."""
    tenant = await Tenant.get(id=actor.tenant_id)
    if tenant.judged_as_of is not None:
        everybody = system_actor(tenant)
        scope = await scopes.whole(everybody, tenant.judged_as_of, await active_book(actor))
        await pending.note(actor.tenant_id, scope.ids)


async def _live_besides(rulebook: Rulebook) -> list[Rulebook]:
    """The live rulebooks of other names."""
    live = Rulebook.filter(tenant_id=rulebook.tenant_id, state=RulebookState.ACTIVE)
    return await live.exclude(name=rulebook.name).order_by("name")


async def ensure_starter(actor: Actor, engine: EnginePool) -> Rulebook:
    """The live rulebook; a tenant that has none gets the starter pack, saved and put live."""
    live = await Rulebook.filter(tenant_id=actor.tenant_id, state=RulebookState.ACTIVE).first()
    if live is not None:
        return live
    draft = await Rulebook.filter(tenant_id=actor.tenant_id, name=packs.STARTER).order_by("-number").first()
    draft = draft or await save(actor, packs.STARTER, packs.load(packs.STARTER))
    return await activate(actor, engine, draft.id)


async def active_book(actor: Actor) -> Book:
    """The rules that are live in the actor's tenant, of all its rulebooks together.

    Raises:
        NotFound: no rulebook is live.
    """
    live = await Rulebook.filter(tenant_id=actor.tenant_id, state=RulebookState.ACTIVE).order_by("name")
    if not live:
        raise NotFound("no rulebook is live in this tenant; activate one first")
    return await book_of(live)


async def book_of(rulebooks: Sequence[Rulebook]) -> Book:
    """The rules of these rulebook versions together."""
    versions = {book.id: f"{book.name}/{book.number}" for book in rulebooks}
    rules = [rule for key in versions for rule in await Rule.filter(rulebook_id=key).order_by("id")]
    book = build_book("+".join(versions.values()), [rule.document for rule in rules])
    return replace(book, origins={rule.key: versions[rule.rulebook_id] for rule in rules})


async def _check(actor: Actor, engine: EnginePool, rulebook: Rulebook, others: Sequence[Rulebook]) -> None:
    await _check_keys(rulebook, others)
    book = await book_of([rulebook])
    await gate.check(book, await _sample(actor, book, today()), engine.timeout, engine.command)


async def _check_keys(rulebook: Rulebook, others: Sequence[Rulebook]) -> None:
    """Refuse keys that rules of other live rulebooks have: what they say could not be told apart."""
    names = {other.id: f"{other.name}/{other.number}" for other in others}
    taken = {rule.key: names[rule.rulebook_id] for rule in await Rule.filter(rulebook_id__in=list(names))}
    ours = await Rule.filter(rulebook_id=rulebook.id).order_by("id")
    problems = [
        Invalid(
            f"the live rulebook {taken[rule.key]} has a rule {rule.key!r} already; give this one another key",
            ["rules", str(index), "key"],
        )
        for index, rule in enumerate(ours)
        if rule.key in taken
    ]
    if problems:
        raise InvalidRulebook.of(problems)


async def _sample(actor: Actor, book: Book, as_of: date) -> dict[str, Facts]:
    """Facts of some accounts, spread over the tenant."""
    ids = await accounts_as_of(actor.tenant_id, as_of)
    step = max(1, len(ids) // gate.SAMPLE)
    return await gather(actor.tenant_id, ids[::step][: gate.SAMPLE], as_of, needs(book))
