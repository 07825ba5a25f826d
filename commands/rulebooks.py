"""Writing rulebooks: saving a version as a draft, and putting one live through the publish gate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from commands import pending, scopes
from commands.access import system_actor
from commands.journal import check_version, unit_of_work
from commands.permissions import MAKE_RULES, TRY_RULES, require
from commands.plays import bring
from commands.validation import validate
from models.access import Actor, Tenant
from models.base import today, utcnow
from models.errors import Conflict, Invalid, InvalidRulebook, InvalidTransition, NotFound, allowed
from models.plays import Play
from models.rulebooks import Rule, Rulebook, RulebookState
from models.visibility import find
from rules import files, packs
from rules.build import build_book
from rules.cases import Failure, build_cases, captured, failures
from rules.checks import never_matching
from rules.engine import gate
from rules.engine.pool import EnginePool
from rules.facts import accounts_as_of, gather
from rules.files import Document, RuleFile
from rules.needs import needs
from rules.reference import Facts, canonical_facts
from rules.tree import Book

MAX_RULES = 1_000
#: How many books are kept built.
BUILT = 32
_built: dict[tuple[tuple[str, int], ...], Book] = {}


async def save(
    actor: Actor,
    name: str,
    documents: Sequence[Document],
    cases: Sequence[Document] = (),
    description: str | None = None,
    text: str | None = None,
) -> Rulebook:
    """Keep rule documents as the next version of a rulebook, a draft; nothing is live by this.

    ``cases`` say what the rules must say of which facts; all must hold when the version goes live. ``text``
    is the file that they were read from.

    Raises:
        InvalidRulebook: with every problem of every document; nothing is saved.
    """
    require(actor, MAKE_RULES, "write rules")
    validate(Rulebook, {"name": name})
    check_size(documents)
    if len(cases) > MAX_RULES:
        raise Invalid(f"{len(cases):,} cases in one rulebook; allowed: {MAX_RULES:,}", ["cases"])
    book = build_book(name, documents)
    build_cases(book, cases)
    latest = await _latest(actor, name)
    async with unit_of_work(actor, "rulebooks.save") as work:
        rulebook = await work.create(
            Rulebook(
                id=Rulebook.make_id(),
                tenant_id=actor.tenant_id,
                name=name,
                number=latest.number + 1 if latest else 1,
                description=description,
                cases=[dict(case) for case in cases] or None,
                text=text,
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


def check_size(documents: Sequence[Document]) -> None:
    """Raise Invalid when there are more rules than one rulebook may have."""
    if len(documents) > MAX_RULES:
        raise Invalid(f"{len(documents):,} rules in one rulebook; allowed: {MAX_RULES:,}", ["rules"])


async def import_file(actor: Actor, name: str, text: str) -> tuple[Rulebook, bool]:
    """Keep a file as the next version of a rulebook, and whether that made one: the latest may be the same.

    Raises:
        InvalidRulebook: with every problem of the file; nothing is saved.
    """
    require(actor, MAKE_RULES, "write rules")
    validate(Rulebook, {"name": name})
    return await keep(actor, name, files.read(text))


async def keep(actor: Actor, name: str, file: RuleFile) -> tuple[Rulebook, bool]:
    """Keep a file that was read, as ``import_file`` does.

    Raises:
        InvalidRulebook: with every problem of the rules; nothing is saved.
    """
    require(actor, MAKE_RULES, "write rules")
    validate(Rulebook, {"name": name})
    latest = await _latest(actor, name)
    if latest and await exported(latest) == file.text:
        return latest, False
    return await save(actor, name, file.rules, file.cases, file.description, file.text), True


async def exported(rulebook: Rulebook) -> str:
    """The file of a rulebook version: the one that it was imported from, or one that says the same."""
    if rulebook.text is not None:
        return rulebook.text
    return files.written(await documents_of(rulebook), rulebook.cases or (), rulebook.description)


async def live(actor: Actor) -> list[Rulebook]:
    """The rulebook versions that are live."""
    return await Rulebook.filter(tenant_id=actor.tenant_id, state=RulebookState.ACTIVE).order_by("name")


async def documents_besides(actor: Actor, name: str) -> list[Document]:
    """The documents of the live rulebooks of other names: what they conclude, rules of this one may match.

    Raises:
        Invalid: no rulebook could have such a name.
    """
    validate(Rulebook, {"name": name})
    others = Rulebook.filter(tenant_id=actor.tenant_id, state=RulebookState.ACTIVE).exclude(name=name)
    return [each for book in await others.order_by("name") for each in await documents_of(book)]


async def documents_of(rulebook: Rulebook) -> list[Document]:
    """The documents of a version's rules, in the order in which they were written."""
    return [rule.document for rule in await Rule.filter(rulebook_id=rulebook.id).order_by("id")]


async def _latest(actor: Actor, name: str) -> Rulebook | None:
    return await Rulebook.filter(tenant_id=actor.tenant_id, name=name).order_by("-number").first()


async def version_named(actor: Actor, text: str) -> Rulebook:
    """The version that ``name/number`` means; without a number the live one, or else the latest.

    Raises:
        NotFound: there is no such version.
        Invalid: no rulebook can be called so.
    """
    name, _, number = text.partition("/")
    validate(Rulebook, {"name": name})
    known = Rulebook.filter(tenant_id=actor.tenant_id, name=name)
    if number:
        found = await known.get_or_none(number=int(number)) if number.isdecimal() else None
    else:
        found = await known.get_or_none(state=RulebookState.ACTIVE) or await _latest(actor, name)
    if found is None:
        names = await Rulebook.filter(tenant_id=actor.tenant_id).distinct().values_list("name", flat=True)
        raise NotFound(f"no rulebook {text!r}; known: {allowed(sorted(map(str, names)))}", ["name"])
    return found


async def activate(
    actor: Actor,
    engine: EnginePool,
    rulebook_id: str,
    version: int | None = None,
    reason: str | None = None,
) -> Rulebook:
    """Put a version live, and retire the one of the same name that was; a retired one may come back.

    Ready plays that its rules name come along, unless the tenant has a play of that key.

    Raises:
        InvalidRulebook: a saved case fails, a rule can never match, the publish gate found that the engine
            does not judge it as its text says, or another live rulebook has a rule of the same key.
        InvalidTransition: it is live already.
        Conflict: the rulebook changed, or another one went live at the same moment.
    """
    require(actor, MAKE_RULES, "activate rulebooks")
    rulebook = await find(Rulebook, actor, rulebook_id, "id")
    if rulebook.state == RulebookState.ACTIVE:
        raise InvalidTransition("this version is ACTIVE already; allowed: none", ["id"])
    validate(Rulebook, {"reason": reason})
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
            "reason": reason,
        }
        live = await work.update(rulebook, values, version)
        await bring(work, _plays_of(await book_of([live])))
        await _have_judged(actor)
    return live


async def bring_plays(actor: Actor, rulebook: Rulebook) -> list[Play]:
    """Make the ready plays that a live version names and that the tenant lacks, as going live does."""
    require(actor, MAKE_RULES, "write plays")
    async with unit_of_work(actor, "plays.bring") as work:
        return await bring(work, _plays_of(await book_of([rulebook])))


def _plays_of(book: Book) -> set[str]:
    return {rule.advice.play for rule in book.rules if rule.advice and rule.advice.play}


async def _have_judged(actor: Actor) -> None:
    """Have the accounts judged again of which other rules may say something else, or of which rules did."""
    tenant = await Tenant.get(id=actor.tenant_id)
    if tenant.judged_as_of is not None:
        everybody = system_actor(tenant)
        scope = await scopes.whole(everybody, tenant.judged_as_of, await active_book(actor))
        await pending.note(actor.tenant_id, scope.ids)


async def roll_back(actor: Actor, engine: EnginePool, name: str, reason: str) -> Rulebook:
    """Put that version live again which was before the one that is.

    Raises:
        NotFound: no version of the name is live, or none was before it.
        Invalid: there is no reason given, or no rulebook can be called so.
    """
    require(actor, MAKE_RULES, "roll rulebooks back")
    validate(Rulebook, {"name": name})
    _check_reason(reason)
    known = Rulebook.filter(tenant_id=actor.tenant_id, name=name)
    earlier = known.filter(state=RulebookState.RETIRED, activated_at__not_isnull=True)
    before = await earlier.order_by("-activated_at", "-number").first()
    if before is None or not await known.filter(state=RulebookState.ACTIVE).exists():
        raise NotFound(f"no version of {name!r} was live before one that is", ["name"])
    return await activate(actor, engine, before.id, reason=reason)


async def retire(actor: Actor, rulebook_id: str, reason: str, version: int | None = None) -> Rulebook:
    """Take a version out of use; what it says lapses with the next judgement.

    Raises:
        InvalidTransition: it is not live.
        Invalid: there is no reason given.
    """
    require(actor, MAKE_RULES, "retire rulebooks")
    _check_reason(reason)
    rulebook = await find(Rulebook, actor, rulebook_id, "id")
    if rulebook.state != RulebookState.ACTIVE:
        raise InvalidTransition(f"this version is {rulebook.state}; allowed: ACTIVE", ["id"])
    async with unit_of_work(actor, "rulebooks.retire") as work:
        return await work.update(rulebook, {"state": RulebookState.RETIRED, "reason": reason}, version)


def _check_reason(reason: str) -> None:
    validate(Rulebook, {"reason": reason})
    if not reason.strip():
        raise Invalid("say why", ["reason"])


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
    if draft is None:
        draft, _ = await keep(actor, packs.STARTER, packs.load(packs.STARTER))
    return await activate(actor, engine, draft.id)


async def active_book(actor: Actor) -> Book:
    """The rules that are live in the tenant, of all its rulebooks together; none when all are retired.

    Raises:
        NotFound: no rulebook was ever live.
    """
    known = Rulebook.filter(tenant_id=actor.tenant_id)
    wanted = ("id", "name", "number", "version")
    live = await known.filter(state=RulebookState.ACTIVE).order_by("name").only(*wanted)
    if not live and not await known.filter(activated_at__not_isnull=True).exists():
        raise NotFound("no rulebook is live in this tenant; activate one first")
    return await book_of(live)


async def book_of(rulebooks: Sequence[Rulebook]) -> Book:
    """The rules of these rulebook versions together, built once.

    What a version says never changes, but for a name that is taken out of it when a person's data is erased.
    """
    key = tuple((book.id, book.version) for book in rulebooks)
    if key not in _built:
        if len(_built) >= BUILT:
            del _built[next(iter(_built))]
        _built[key] = await _build(rulebooks)
    return _built[key]


async def _build(rulebooks: Sequence[Rulebook]) -> Book:
    if not rulebooks:
        return Book("none", ())
    versions = {book.id: f"{book.name}/{book.number}" for book in rulebooks}
    rules = [rule for key in versions for rule in await Rule.filter(rulebook_id=key).order_by("id")]
    book = build_book("+".join(versions.values()), [rule.document for rule in rules])
    return replace(book, origins={rule.key: versions[rule.rulebook_id] for rule in rules})


async def _check(actor: Actor, engine: EnginePool, rulebook: Rulebook, others: Sequence[Rulebook]) -> None:
    await _check_keys(rulebook, others)
    book = await book_of([rulebook])
    if never := await asyncio.to_thread(never_matching, book, await documents_of(rulebook)):
        raise InvalidRulebook.of([Invalid(found.message, found.path) for found in never])
    cases = build_cases(book, rulebook.cases or ())
    if failing := failures(book, cases):
        raise InvalidRulebook.of(
            [Invalid(str(each), ["cases", str(cases.index(each.case))]) for each in failing]
        )
    sample = await _sample(actor, book, today())
    sample |= {f"case-{number}": case.facts for number, case in enumerate(cases)}
    await gate.check(book, sample, engine.timeout, engine.command)


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


async def failing_cases(rulebook: Rulebook) -> list[Failure]:
    """The saved cases of a version that its rules do not meet, by the reference evaluator."""
    book = await book_of([rulebook])
    return failures(book, build_cases(book, rulebook.cases or ()))


async def account_case(
    actor: Actor, account_id: str, rule_key: str, as_of: date, name: str | None = None
) -> dict[str, object]:
    """The case document of an account as of a date, expecting what the live rule says of it.

    Raises:
        NotFound: there is no such account for the actor, or no live rule of this key.
        Forbidden: the actor does not answer for the account, or makes no rules.
    """
    require(actor, TRY_RULES, "save cases")
    book = await active_book(actor)
    if rule_key not in (known := [rule.key for rule in book.rules]):
        raise NotFound(f"no live rule {rule_key!r}; known: {allowed(known)}", ["ruleKey"])
    scope = await scopes.one(actor, as_of, book, account_id)
    needed = needs(Book(book.version, book.upto(rule_key)))
    gathered = await gather(actor.tenant_id, scope.ids, as_of, needed)
    facts = canonical_facts(gathered.get(account_id, {}))
    return captured(book, rule_key, name or f"{account_id} as of {as_of}", facts)


async def _sample(actor: Actor, book: Book, as_of: date) -> dict[str, Facts]:
    """Facts of some accounts, spread over the tenant."""
    ids = await accounts_as_of(actor.tenant_id, as_of, gate.SAMPLE)
    return await gather(actor.tenant_id, ids, as_of, needs(book))
