"""Rows as they were on a past business date, rebuilt in SQL from the current row and the change log.

Two times: *valid at*, the business date of a view, and *known at*, the day whose knowledge it is drawn with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from tortoise import fields

from models.base import Record
from models.database import Param, fetch, is_sqlite
from models.history import BY_DAY, CREATED, KEPT_APART, OUT_OF_TIME, kept_apart, out_of_time
from models.view import WHOLE, View

#: Columns that say what a record belongs to, where it came from and who sees it: taken as they are now.
FIXED = frozenset({"account_id", "deal_id", "source", "confidential"})


@dataclass(frozen=True)
class Sought:
    """That a column's value as of the date meets a condition, which is said of any SQL expression."""

    column: str
    holds: Callable[[str], str]


#: The condition that holds for every row.
ANY = "1 = 1"


async def view_of(tenant_id: str, as_of: date, known_on: date | None = None) -> View:
    """The view of a tenant as of a date, with what was known by the end of ``known_on`` if it is given."""
    params: dict[str, Param] = {"tenant": tenant_id, "as_of": as_of, "known_on": known_on}
    rows = await fetch(" union ".join(_later("c.entity, c.field", known_on)), params)
    moved = frozenset((str(row["entity"]), str(row["field"])) for row in rows if row["field"] != CREATED)
    return View(known_on, moved)


async def swift_view_of(tenant_id: str, as_of: date, known_on: date | None = None) -> View:
    """The same view without what has moved, but for whether anything has: to find out takes no time."""
    params: dict[str, Param] = {"tenant": tenant_id, "as_of": as_of, "known_on": known_on}
    found = " or ".join(f"exists ({each})" for each in _later("1", known_on))
    (row,) = await fetch(f"select case when {found} then 1 else 0 end as moved", params)
    return View(known_on, None if row["moved"] else frozenset())


def _later(shown: str, known_on: date | None) -> list[str]:
    """Statements that find in the change log what a view undoes, each by an index."""
    which = f"select {shown} from change c where c.tenant_id = :tenant"
    learned = _learned_later("c", ":known_on") if known_on else ()
    return [f"{which} and {condition}" for condition in ("c.effective_on > :as_of", *learned)]


def as_of_rows(
    model: type[Record],
    columns: list[str],
    view: View = WHOLE,
    changes_of: str = "",
    which: str = "",
    sought: Sequence[Sought] = (),
) -> str:
    """A subquery with ``id``, ``tenant_id`` and ``columns`` of ``model`` as of ``:as_of`` (a date).

    Parameters it needs: ``:tenant``, ``:as_of``. A column's value is the ``old`` of its earliest change
    after the date, or the current value when there was none; rows that began after the date are left
    out. Two changes on one day are ordered by when they were recorded.

    ``changes_of`` is a condition on rows ``c`` of the change log that leaves out only changes of rows that
    the caller leaves out too. ``which`` is a condition on the rows ``t`` as they are now. Where the caller
    looks for few rows, for each of them one of the conditions ``sought`` holds: others are not read.

    Where the view knows only what was known by ``:known_on``, what was learned later is undone, latest first,
    and rows that were learned of later are left out.
    """
    table = model._meta.db_table
    tracked = _tracked(table, columns, view)
    values = "".join(f", {_value(model, column)} as {column}" for column in tracked)
    fixed = "".join(f", t.{c}" for c in columns if c not in tracked)
    few = _few(model, [(tracked, view)], sought)
    changes = _changes(table, tracked, view, few, changes_of)
    return (
        f'({few.named}select t.id, t.tenant_id{fixed}{values} from "{table}" t{changes}'
        f" where {there(model, view)} and {few.rows}{which and f' and {which}'})"
    )


def both_ends(
    model: type[Record], columns: list[str], start: View, end: View, which: str, sought: Sequence[Sought] = ()
) -> str:
    """A subquery with each of ``columns`` of ``model`` as of two dates, as ``s_`` and ``e_`` and its name.

    ``s_there`` and ``e_there`` say whether the row had begun, and was known of. The two views name their
    parameters differently. Columns that are taken as they are now keep their names. ``which`` is a condition
    on the rows ``t`` as they are now, and ``sought`` are such as ``as_of_rows`` takes.
    """
    table = model._meta.db_table
    values, joins = "".join(f", t.{column}" for column in columns if column in FIXED), ""
    columns = [column for column in columns if column not in FIXED]
    few = _few(model, [(_tracked(table, columns, view), view) for view in (start, end)], sought)
    for prefix, view in (("s_", start), ("e_", end)):
        tracked = _tracked(table, columns, view)
        told = {column: _value(model, column, prefix) for column in tracked}
        values += f", ({there(model, view)}) as {prefix}there"
        values += "".join(f", {told.get(column, f't.{column}')} as {prefix}{column}" for column in columns)
        joins += _changes(table, tracked, view, few, prefix=prefix)
    return (
        f'({few.named}select t.id, t.tenant_id{values} from "{table}" t{joins} where {few.rows} and {which})'
    )


@dataclass(frozen=True)
class _Few:
    """The rows that are read: how a subquery that reads them begins, and the condition on its rows ``t``."""

    named: str = ""
    rows: str = "t.tenant_id = :tenant"

    @property
    def are_few(self) -> bool:
        """Whether not every row of the tenant is read."""
        return bool(self.named)

    @property
    def changes(self) -> str:
        """The condition on rows ``c`` of the change log that leaves out those of other rows."""
        return "c.entity_id in (select few.id from few)" if self.named else ""


def _few(model: type[Record], undone: Sequence[tuple[list[str], View]], sought: Sequence[Sought]) -> _Few:
    """Those rows alone for which what is sought may hold in a view: it does now, or it did before."""
    if (
        not any(columns for columns, _ in undone)
        or not sought
        or any(each.holds("n") == ANY for each in sought)
    ):
        return _Few()
    table = model._meta.db_table
    ids = [
        f'select n.id from "{table}" n where n.tenant_id = :tenant and {each.holds(f"n.{each.column}")}'
        for each in sought
    ]
    held = {each.column: each.holds(_typed(model, each.column, "c.old")) for each in sought}
    for columns, view in undone:
        found = {column: condition for column, condition in held.items() if column in columns}
        whens = " ".join(f"when c.field = '{column}' then ({holds})" for column, holds in found.items())
        if found:
            ids += [
                f"select c.entity_id from {source}"
                for source in _sources(table, list(found), view, f"case {whens} else false end", few=True)
            ]
    # By their ids: SQLite would rather walk through all of a tenant.
    tenant = "+t.tenant_id" if is_sqlite() else "t.tenant_id"
    rows = f"{tenant} = :tenant and t.id in (select few.id from few)"
    return _Few(f"with few(id) as ({' union '.join(ids)}) ", rows)


def _tracked(table: str, columns: list[str], view: View) -> list[str]:
    return [column for column in columns if column not in FIXED and _moves(view, table, column)]


def there(model: type[Record], view: View) -> str:
    """The condition that a row ``t`` had begun by the date of a view, and was known of."""
    has = model._meta.fields_map
    began = f"(t.valid_from is null or t.valid_from <= :{view.day})" if "valid_from" in has else "1 = 1"
    tells = "known_on" in has and model.known_on_is_recording
    return f"{began} and {known_row('t', view)}" if view.known and tells else began


def _moves(view: View, table: str, column: str) -> bool:
    return view.moved is None or (table, column) in view.moved


def known_row(alias: str, view: View = WHOLE) -> str:
    """The condition that a row was known by the end of ``:known_on``."""
    return f"({alias}.known_on is null or {alias}.known_on <= :{view.known_day})"


def known_change(alias: str, view: View = WHOLE) -> str:
    """The condition that a row of the change log was known by the end of ``:known_on``."""
    return f"{learned_day(alias)} <= :{view.known_day}"


def learned_day(alias: str) -> str:
    """SQL for the day on which a row of the change log was learned."""
    return f"coalesce({alias}.known_on, {_recorded(alias)})"


def _learned_later(alias: str, day: str) -> tuple[str, str]:
    """Two conditions, of which one holds for what was learned after a day, each of which an index serves."""
    return f"{alias}.known_on > {day}", f"{alias}.known_on is null and {_recorded(alias)} > {day}"


def _recorded(alias: str) -> str:
    if is_sqlite():
        return f"substr({alias}.created_at, 1, 10)"
    return f"cast({alias}.created_at at time zone 'UTC' as date)"


def _value(model: type[Record], column: str, prefix: str = "") -> str:
    then = _typed(model, column, f"{prefix}l.v_{column}")
    return f"case when {prefix}l.n_{column} = 1 then {then} else t.{column} end"


def _changes(table: str, columns: list[str], view: View, few: _Few, which: str = "", prefix: str = "") -> str:
    """A join with what each column was before what a view undoes of it.

    What changed later decides, by the first of it; else what was learned later, by the first that was
    recorded.
    """
    if not columns:
        return ""
    alias, late = f"{prefix}l", f"case when {learned_day('c')} > :{view.known_day} then 1 else 0 end"
    first = "effective_on" if not view.known else "late, case when late = 0 then effective_on end"
    shown = "c.entity_id, c.field, c.old, c.effective_on, c.created_at, c.seq"
    shown += f", {late} as late" if view.known else ""
    sources = _sources(table, columns, view, which, few=few.are_few, among=few.changes)
    changes = " union all ".join(f"select {shown} from {source}" for source in sources)
    seen = ", ".join(
        f"max(case when field = '{c}' then 1 end) as n_{c},"
        f" max(case when field = '{c}' then old end) as v_{c}"
        for c in columns
    )
    # With its sign SQLite does not read the log of a whole tenant because one of its indexes is in this
    # order.
    sign = "+" if is_sqlite() else ""
    return (
        f" left join (select entity_id, {seen} from (select entity_id, field, old, row_number() over"
        f" (partition by {sign}entity_id, field order by {first}, created_at, seq) as rn from ({changes}) c)"
        f" first_ where rn < 2 group by entity_id) {alias} on {alias}.entity_id = t.id"
    )


def _sources(
    table: str, columns: list[str], view: View, which: str, *, few: bool = False, among: str = ""
) -> list[str]:
    """What a view undoes, as tables ``c`` with conditions, no row in two of them.

    ``among`` leaves out what is not looked for; what was learned late is so little that to look it up costs
    more than to read all of it.
    """
    names = ", ".join(f"'{column}'" for column in columns)
    kept = _are_kept(table, columns)
    found = []
    for index, condition in _undone(view, kept):
        only = [condition, which, among if index == BY_DAY else "", f"c.field in ({names})"]
        found.append(
            f"change c{_index(table, columns, index)} where c.tenant_id = :tenant and c.entity = '{table}'"
            f" and {' and '.join(filter(None, only))}{_kept(table, columns, few)}"
        )
    return found


def _undone(view: View, kept: bool) -> list[tuple[str, str]]:
    """What a view undoes, and by which index it is found if the changes of the table are kept apart.

    After the earlier of the two days everything may be. Until then only what was learned later than it took
    effect, which is little.
    """
    later = f"c.effective_on > :{view.day}"
    if not view.known:
        return [(BY_DAY, later)]
    learned = f"{learned_day('c')} > :{view.known_day}"
    if not kept:
        return [(BY_DAY, f"({later} or {learned})")]
    earlier = _earlier(view.day, view.known_day)
    return [
        (BY_DAY, f"c.effective_on > {earlier} and ({later} or {learned})"),
        (OUT_OF_TIME, f"c.effective_on <= {earlier} and {learned} and {out_of_time('c.')}"),
    ]


def _earlier(day: str, other: str) -> str:
    """SQL for the earlier of two days that are parameters."""
    return f"min(:{day}, :{other})" if is_sqlite() else f"least(cast(:{day} as date), cast(:{other} as date))"


def log_of(model: type[Record], *columns: str) -> str:
    """The change log of columns whose changes are kept apart, as a table ``c`` with its conditions.

    Parameter it needs: ``:tenant``.
    """
    table, wanted = model._meta.db_table, [*columns]
    names = ", ".join(f"'{column}'" for column in wanted)
    return (
        f"change c{_index(table, wanted, BY_DAY)} where c.tenant_id = :tenant"
        f" and c.entity = '{table}' and c.field in ({names}){_kept(table, wanted, few=True)}"
    )


def _are_kept(table: str, columns: list[str]) -> bool:
    return set(columns) <= set(KEPT_APART.get(table, ()))


def _kept(table: str, columns: list[str], few: bool) -> str:
    """The condition of the indexes, word by word.

    SQLite must read it. PostgreSQL sees that it holds, but by it takes the rows for few, and the indexes.
    """
    is_said = (few or is_sqlite()) and _are_kept(table, columns)
    return f" and {kept_apart(table, 'c.')}" if is_said else ""


def _index(table: str, columns: list[str], kind: str) -> str:
    """The index to be used, where it must be said: SQLite knows not how much each of them leaves out."""
    return f" indexed by change_{table}_{kind}" if is_sqlite() and _are_kept(table, columns) else ""


def text_as_of(model: type[Record], column: str, alias: str, view: View = WHOLE) -> str:
    """A text column of the row ``alias`` of ``model`` as of ``:as_of``: row by row, if any has moved.

    Parameters it needs: ``:tenant``, ``:as_of``. An empty text is as good as none.
    """
    if not _moves(view, model._meta.db_table, column):
        return f"nullif({alias}.{column}, '')"
    return (
        "nullif(coalesce((select coalesce(c.old, '') from change c where c.tenant_id = :tenant"
        f" and c.entity = '{model._meta.db_table}' and c.entity_id = {alias}.id and c.field = '{column}'"
        " and c.effective_on > :as_of order by c.effective_on, c.created_at, c.seq limit 1),"
        f" {alias}.{column}), '')"
    )


def _typed(model: type[Record], column: str, text: str) -> str:
    """SQL that turns a change's text into the column's type."""
    field = model._meta.fields_map[column]
    if isinstance(field, fields.BooleanField):
        return f"({text} = 'true')" if not is_sqlite() else f"(case {text} when 'true' then 1 else 0 end)"
    if isinstance(field, fields.BigIntField | fields.IntField):
        return f"cast({text} as bigint)"
    if isinstance(field, fields.FloatField):
        return f"cast({text} as double precision)"
    if isinstance(field, fields.DateField) and not is_sqlite():
        return f"cast({text} as date)"
    if isinstance(field, fields.DatetimeField) and not is_sqlite():
        return f"cast({text} as timestamptz)"
    return text
