"""What all commands share: the program, its output, the database and who acts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from commands.access import system_actor
from models import database
from models.access import Actor, Tenant, User
from models.base import check_day, today
from models.errors import BellwetherError, Invalid, InvalidRulebook, NotFound, Unavailable, allowed
from models.history import AuditRecord
from rules.engine.pool import EnginePool
from schema.core.tokens import issue, signing_secret
from settings import settings

P = ParamSpec("P")
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

_LOOP: Callable[[], asyncio.AbstractEventLoop] | None = None
if sys.platform != "win32":
    import uvloop

    _LOOP = uvloop.new_event_loop

AsOf = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Business date; default today (UTC).")
]
TenantSlug = Annotated[
    str | None, typer.Option("--tenant", help="The tenant's slug; default: the one last imported into.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def command(act: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    """Run an asynchronous command; an error that a user caused is told in a line, with exit code 1."""

    @wraps(act)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with asyncio.Runner(loop_factory=_LOOP) as runner:
                runner.run(act(*args, **kwargs))
        except BellwetherError as error:
            explain(error)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            err.print("interrupted; run it again to complete it")
            raise typer.Exit(130) from None
        except Exception as error:
            if not database.is_unreachable(error):
                raise
            explain(Unavailable(f"{error}; run it again to complete it"))
            raise typer.Exit(1) from None

    return run


def explain(error: BellwetherError) -> None:
    """Say on standard error what was wrong and where, a line for each problem."""
    problems = error.problems if isinstance(error, InvalidRulebook) else ()
    for each in (error, *problems):
        where = f" at {'.'.join(each.path)}" if each.path else ""
        err.print(f"{each.code}{where}: {each.message}", markup=False, soft_wrap=True, style="red")


@asynccontextmanager
async def connected(*, check: bool = True, new: bool = False) -> AsyncIterator[None]:
    """The database; with ``new``, an empty one is migrated first."""
    async with database.database(settings().database, check=False):
        if new and not await database.applied_migrations():
            await database.migrate()
        if check:
            await database.check_schema()
        yield


def engine_pool() -> EnginePool:
    """The rule workers that the settings ask for, not started yet."""
    return EnginePool(settings().workers, settings().judge_timeout)


async def tenant_actor(slug: str | None) -> Actor:
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
def progress(*, quiet: bool = False) -> Iterator[Advance]:
    """A progress bar on standard error for each thing that is being done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=err, disable=quiet) as bar:
        tasks = {}

        def advance(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=of)

        yield advance


def token_of(user: User) -> str:
    """A token that speaks for the user."""
    config = settings()
    return issue(user, config.token_hours, signing_secret(config.secret, config.home))


def day_of(given: datetime | None) -> date:
    """The business date of an option; today unless given.

    Raises:
        Invalid: it is no business date.
    """
    day = given.date() if given else today()
    check_day(day, "date")
    return day


def print_json(content: object) -> None:
    """One line of JSON on standard output."""
    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE))


def tell_failures(failures: Iterable[Mapping[str, str]]) -> None:
    """Name on standard error the accounts that could not be judged, each with its reason."""
    for failure in failures:
        err.print(f"{failure['account']}: {failure['reason']}", markup=False, soft_wrap=True)


def text_of(file: Path) -> str:
    """What a file says.

    Raises:
        Invalid: it cannot be read, or is not UTF-8.
    """
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not UTF-8 at byte {error.start}") from error
