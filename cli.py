"""The ``bellwether`` command: what an operator does from a shell. It decides nothing, it calls and prints."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import orjson
import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

import connectors
import schema as graphql
from commands import evaluations, rulebooks
from commands.access import system_actor, upsert_users
from jobs import demo as demo_job
from metrics.risks import Ending, Flagged, flagged_by_rule, outcomes
from models import database
from models.access import Actor, Role, Tenant, User
from models.errors import BellwetherError, InvalidRulebook, NotFound, UnknownSchema, allowed
from models.history import AuditRecord
from models.rulebooks import EvaluationRun
from rules import packs
from rules.build import build_book
from rules.engine.pool import EnginePool
from rules.kinds import REGISTRY
from rules.registry import FieldType
from schema.core.tokens import issue, signing_secret
from settings import settings

P = ParamSpec("P")
T = TypeVar("T")
Advance = Callable[[str, int, int], None]

app = typer.Typer(
    help="Account strategy for enterprise telecom sales: a GraphQL server with a rules engine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
rules_app = typer.Typer(help="Check rule files and put them live.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")
#: Tables that go to a file or a pipe are not squeezed into a terminal's 80 columns.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
err = Console(stderr=True, highlight=False)

AsOf = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Business date; default today.")
]
TenantSlug = Annotated[
    str | None, typer.Option("--tenant", help="The tenant's slug; default: the one last imported into.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
SCHEMA_FILE = Path("schema.graphql")


def command(act: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    """Run an asynchronous command; an error that a user caused is told in a line, with exit code 1."""

    @wraps(act)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            asyncio.run(act(*args, **kwargs))
        except BellwetherError as error:
            _explain(error)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            err.print("interrupted; run it again to complete it")
            raise typer.Exit(130) from None

    return run


def _explain(error: BellwetherError) -> None:
    problems = error.problems if isinstance(error, InvalidRulebook) else ()
    for each in (error, *problems):
        where = f" at {'.'.join(each.path)}" if each.path else ""
        err.print(f"{each.code}{where}: {each.message}", markup=False, soft_wrap=True, style="red")


# serving


@app.command()
@command
async def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Load demo data first, once, and judge it.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve GraphQL. With --demo the database is made, migrated and filled when it is new."""
    if demo:
        await _load_demo()
    async with _connected():
        pass  # refuse an unknown schema before anything listens
    address = host or settings().host
    config = uvicorn.Config(
        "server:app",
        factory=True,
        host=address,
        port=settings().port if port is None else port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
    )
    banner = await _demo_banner(f"http://{address}:{config.port}") if demo else ""
    await _Announcing(config, banner or f"Bellwether serves http://{address}:{config.port}/graphql").serve()


class _Announcing(uvicorn.Server):
    """A server that says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, banner: str) -> None:
        super().__init__(config)
        self.banner = banner

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            out.print(self.banner, soft_wrap=True, markup=False)


async def _load_demo() -> None:
    """Bring the database to this release, and fill and judge it unless that was done before."""
    async with _connected(check=False):
        await database.migrate()
        if await evaluations.judged_before(demo_job.SLUG):
            return
        with _progress() as advance:
            tenant = await demo_job.load_world(demo_job.build_world(date.today()), advance)
            async with _engine() as engine:
                actor = system_actor(tenant)
                await rulebooks.ensure_starter(actor, engine)
                await evaluations.evaluate(
                    actor,
                    engine,
                    date.today(),
                    progress=lambda done, of: advance("judging accounts", done, of),
                )


async def _demo_banner(address: str) -> str:
    async with _connected():
        tenant = await Tenant.get(slug=demo_job.SLUG)
        director, manager = [
            _token(await User.get(tenant_id=tenant.id, email=email))
            for email in (demo_job.DIRECTOR_EMAIL, demo_job.MANAGER_EMAIL)
        ]
    query = "{ recommendations(first: 5) { nodes { title because priority account { name } } } }"
    return (
        f"\nBellwether serves {address}/graphql (open it in a browser for GraphiQL)\n\n"
        f"Token of a director ({demo_job.DIRECTOR_EMAIL}):\n{director}\n\n"
        f"Token of a manager ({demo_job.MANAGER_EMAIL}):\n{manager}\n\n"
        "Recommendations for the manager:\n"
        f"curl -s {address}/graphql -H 'content-type: application/json'"
        f" -H 'authorization: Bearer {manager}'"
        f" -d '{orjson.dumps({'query': query}).decode()}'\n"
    )


def _token(user: User) -> str:
    config = settings()
    return issue(user, config.token_hours, signing_secret(config.secret, config.home))


# data


@app.command("demo")
@command
async def demo_command() -> None:
    """Load the demo data and judge it, without serving; does nothing when it is there."""
    await _load_demo()
    out.print(f"The demo tenant {demo_job.SLUG!r} is loaded and judged.")


@app.command("import")
@command
async def import_command(
    mapping: Annotated[str, typer.Argument(help="A bundled mapping's name, or the path of a mapping file.")],
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the CSV files.")],
    as_of: AsOf = None,
    rejects: Annotated[Path | None, typer.Option(help="File for rejected rows (CSV).")] = None,
) -> None:
    """Import CSV files by a mapping; safe to repeat and to interrupt."""
    chosen = connectors.load_mapping(mapping)
    where = rejects or settings().home / f"{chosen.name}.rejects.csv"
    async with _connected(new=True):
        with _progress() as advance:
            report = await connectors.import_folder(
                chosen, folder, _day(as_of), rejects=where, progress=advance
            )
    for table in report.tables():
        out.print(table)
    for note in report.notes:
        out.print(note, markup=False, soft_wrap=True)
    if report.rejects:
        out.print(f"Rejected rows with line and reason: {where}", soft_wrap=True)


@app.command()
@command
async def evaluate(as_of: AsOf = None, tenant: TenantSlug = None, json: AsJson = False) -> None:
    """Judge every account by the active rules as of a date; the starter rules if none are active."""
    async with _connected(), _engine() as engine:
        actor = await _actor(tenant)
        await rulebooks.ensure_starter(actor, engine)
        with _progress(quiet=json) as advance:
            run = await evaluations.evaluate(
                actor, engine, _day(as_of), progress=lambda done, of: advance("judging accounts", done, of)
            )
        risks = await flagged_by_rule(actor, run.as_of)
    if json:
        _print_json(_summary(run, risks))
    else:
        _print_run(run, risks, actor.currency)
    if run.failures:
        raise typer.Exit(2)


def _summary(run: EvaluationRun, risks: Mapping[str, Flagged]) -> dict[str, object]:
    return {
        "run": run.id,
        "as_of": run.as_of,
        "accounts": run.accounts,
        "matched": run.matched,
        "opened": run.opened,
        "refreshed": run.refreshed,
        "lapsed": run.lapsed,
        "reopened": run.reopened,
        "unchanged": run.unchanged,
        "risks": {
            key: {"count": flagged.count, "amount": _amount(flagged.amount_minor)}
            for key, flagged in risks.items()
        },
        "failed": len(run.failures),
        "failures": run.failures,
        "disagreements": run.disagreements,
        "seconds": run.seconds,
    }


def _print_run(run: EvaluationRun, risks: Mapping[str, Flagged], currency: str) -> None:
    out.print(
        f"As of {run.as_of}: {run.accounts:,} accounts judged in {run.seconds} s, {run.matched:,} matches,"
        f" {len(run.failures)} accounts failed",
        soft_wrap=True,
    )
    out.print(
        f"Recommendations and risks: {run.opened:,} opened, {run.refreshed:,} refreshed,"
        f" {run.lapsed:,} lapsed, {run.reopened:,} re-opened, {run.unchanged:,} unchanged",
        soft_wrap=True,
    )
    table = Table("risk", "count", f"exposure ({currency})")
    for key, flagged in risks.items():
        table.add_row(key, f"{flagged.count:,}", f"{flagged.amount_minor / 100:,.2f}")
    out.print(table)
    for failure in run.failures:
        err.print(f"{failure['account']}: {failure['reason']}", markup=False, soft_wrap=True)


@app.command("outcomes")
@command
async def outcomes_command(
    rule: Annotated[str, typer.Argument(help="Key of the rule.")] = "stalled-deal",
    as_of: AsOf = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day to look at; default today.")
    ] = None,
    tenant: TenantSlug = None,
    json: AsJson = False,
) -> None:
    """Compare what a rule flagged as of a date with what happened to those deals later."""
    async with _connected():
        actor = await _actor(tenant)
        found = await outcomes(actor, rule, _day(as_of), _day(until))
    groups = {"flagged": found.flagged, "others": found.others}
    if json:
        _print_json({"rule": rule, "as_of": found.as_of, "until": found.until, **groups})
        return
    table = Table(
        "open deals", "deals", "won", "lost", "still open", "win rate", f"amount ({actor.currency})"
    )
    for name, ending in groups.items():
        table.add_row(name, *_ending(ending))
    out.print(f"{rule} as of {found.as_of}, and what happened until {found.until}:")
    out.print(table)


def _ending(ending: Ending) -> list[str]:
    rate = "none ended" if ending.win_rate is None else f"{ending.win_rate:.1%}"
    counts = [f"{count:,}" for count in (ending.deals, ending.won, ending.lost, ending.open)]
    return [*counts, rate, f"{ending.amount_minor / 100:,.2f}"]


# rules


@rules_app.command("check")
def check_rules(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Say what is wrong with a rule file, without a database."""
    try:
        book = build_book(file.stem, packs.documents(file.read_text("utf-8")))
    except BellwetherError as error:
        _explain(error)
        raise typer.Exit(1) from None
    out.print(f"{len(book.rules)} rules, all sound: {', '.join(rule.key for rule in book.rules)}")


@rules_app.command("facts")
def rule_facts(
    kind: Annotated[str | None, typer.Argument(help="One fact kind; default: all.")] = None,
) -> None:
    """Show the fact kinds that rules speak of, with their fields, types, units and meanings."""
    if kind is not None and kind not in REGISTRY.kinds:
        err.print(f"no fact kind {kind!r}; known: {allowed(list(REGISTRY.kinds))}", markup=False)
        raise typer.Exit(1)
    for name in [kind] if kind else REGISTRY.kinds:
        table = Table("field", "type", "unit", "meaning", title=f"{name}: {REGISTRY.kinds[name].meaning}")
        for field in REGISTRY.kinds[name].fields.values():
            unit = "currency" if field.type is FieldType.MONEY else field.unit
            table.add_row(field.name, field.type.lower(), unit, field.meaning)
        out.print(table)


@rules_app.command("publish")
@command
async def publish_rules(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    name: Annotated[str | None, typer.Option(help="The rulebook's name; default: the file's.")] = None,
    tenant: TenantSlug = None,
) -> None:
    """Save a rule file as the next version of a rulebook and put it live through the publish gate."""
    async with _connected(), _engine() as engine:
        actor = await _actor(tenant)
        draft = await rulebooks.save(actor, name or file.stem, packs.documents(file.read_text("utf-8")))
        live = await rulebooks.activate(actor, engine, draft.id)
    out.print(f"{live.name}/{live.number} is {live.state}")


# the installation


@app.command()
@command
async def migrate(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail unless it is there.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Then check that the models match it.")] = False,
) -> None:
    """Bring the database to this release's schema."""
    async with _connected(check=check):
        applied = [] if check else await database.migrate()
        if verify and (changes := await database.model_changes()):
            raise UnknownSchema(f"the models have changes without a migration: {allowed(changes)}")
    out.print(f"Applied: {', '.join(applied)}" if applied else "Nothing to apply.")


@app.command("user")
@command
async def user_command(
    email: Annotated[str, typer.Argument(help="The user's address.")],
    name: Annotated[str, typer.Option(help="The user's name.")],
    role: Annotated[Role, typer.Option(help="What the user is to the product.")] = Role.ADMIN,
    tenant: TenantSlug = None,
) -> None:
    """Add a user who is in no source that is imported, or change one: an administrator, say."""
    async with _connected():
        actor = await _actor(tenant)
        known = User(
            id=User.make_id(), tenant_id=actor.tenant_id, name=name, email=email, role=role,
            source=actor.source, external_id=email,
        )  # fmt: skip
        done = await upsert_users(actor, [known])
    out.print("added" if done.created else "changed" if done.updated else "unchanged")


@app.command()
@command
async def token(
    email: Annotated[str, typer.Argument(help="Who the token speaks for.")], tenant: TenantSlug = None
) -> None:
    """Print a token for a user."""
    async with _connected():
        actor = await _actor(tenant)
        user = await User.get_or_none(tenant_id=actor.tenant_id, email=email, active=True)
        if user is None:
            raise NotFound(f"no active user {email!r} in this tenant", ["email"])
        print(_token(user))


@app.command("schema")
def schema_command(
    check: Annotated[bool, typer.Option("--check", help=f"Fail unless {SCHEMA_FILE} is up to date.")] = False,
) -> None:
    """Print the GraphQL schema."""
    text = graphql.build().as_str() + "\n"
    if not check:
        sys.stdout.write(text)
    elif not SCHEMA_FILE.exists() or SCHEMA_FILE.read_text("utf-8") != text:
        err.print(f"{SCHEMA_FILE} is out of date; run: bellwether schema > {SCHEMA_FILE}")
        raise typer.Exit(1)


# shared


@asynccontextmanager
async def _connected(*, check: bool = True, new: bool = False) -> AsyncIterator[None]:
    """The database; with ``new``, an empty one is migrated first."""
    async with database.database(settings().database, check=False):
        if new and not await database.applied_migrations():
            await database.migrate()
        if check:
            await database.check_schema()
        yield


def _engine() -> EnginePool:
    return EnginePool(settings().workers, settings().judge_timeout)


async def _actor(slug: str | None) -> Actor:
    """Bellwether itself, in the tenant of this slug or the one last imported into."""
    if slug is not None:
        tenant = await Tenant.get_or_none(slug=slug)
    else:
        latest = (
            await AuditRecord.filter(command__startswith="import.").order_by("-created_at", "-id").first()
        )
        tenant = await Tenant.get(id=latest.tenant_id) if latest else await Tenant.first()
    if tenant is None:
        known = [str(known) for known in await Tenant.all().order_by("slug").values_list("slug", flat=True)]
        raise NotFound(
            f"no tenant {slug!r}; known: {allowed(known)}" if slug else "no tenant yet; import first"
        )
    return system_actor(tenant)


@contextmanager
def _progress(*, quiet: bool = False) -> Iterator[Advance]:
    """A progress bar on standard error for each thing that is being done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=err, disable=quiet) as bar:
        tasks = {}

        def advance(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=of)

        yield advance


def _day(given: datetime | None) -> date:
    return given.date() if given else date.today()


def _amount(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _print_json(content: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    app()
