"""SQL that writes JSON: each value as graphql-core and Strawberry would have serialised it, to the byte.

Texts are put together and not made by the databases' JSON functions: PostgreSQL's put spaces between values
and take a hundred arguments, SQLite's read again what they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from models.database import is_sqlite

#: SQLite takes expressions that are a thousand deep.
LONGEST_CHAIN = 300
#: Turns the SQL of a value into SQL for its JSON; ``null`` for one that is missing.
Writer = Callable[[str], str]


def utf8(sql: str) -> str:
    """A text as its bytes, which the driver hands over as they are."""
    return f"cast({sql} as blob)" if is_sqlite() else f"convert_to({sql}, 'UTF8')"


def text(sql: str) -> str:
    """A text: an id, a name, a date, or the value of an enumeration."""
    if is_sqlite():
        return f"json_quote({sql})"
    return f"coalesce(to_json({sql})::text, 'null')"


def integer(sql: str) -> str:
    """A whole number."""
    return f"coalesce(cast({sql} as text), 'null')"


def boolean(sql: str) -> str:
    """Whether something is so."""
    return f"(case when {sql} then 'true' when {sql} is null then 'null' else 'false' end)"


def number(sql: str) -> str:
    """A floating-point number in the fewest digits that tell it: 0.5, 1.0, 1.2e-7."""
    if is_sqlite():
        return f"json_number({sql})"
    shortest, size = f"cast({sql} as text)", f"abs({sql})"
    plain = f"cast(cast({shortest} as numeric) as text)"
    return (
        f"(case when {sql} is null or {size} > 1.7976931348623157e308 then 'null'"
        f" when {sql} = 0 then {shortest} || '.0'"
        f" when {size} >= 1e16 or {size} < 1e-5 then regexp_replace({shortest}, 'e([+-])0', 'e\\1')"
        f" when {sql} = trunc({sql}) then {plain} || '.0' else {plain} end)"
    )


def day(sql: str) -> str:
    """A date: 2026-03-31."""
    return text(sql)


def moment(sql: str) -> str:
    """A moment in UTC: 2026-03-31T08:00:00.250000+00:00, without the fraction when there is none."""
    if is_sqlite():
        return f"json_quote(replace({sql}, ' ', 'T'))"
    utc = f"({sql}) at time zone 'UTC'"
    fraction = f"case when extract(microseconds from {utc})::bigint % 1000000 = 0 then '' else '.US' end"
    return (
        f"coalesce('\"' || to_char({utc}, 'YYYY-MM-DD\"T\"HH24:MI:SS' || {fraction}) || '+00:00\"', 'null')"
    )


def amount(minor: str) -> Chain:
    """Minor units as a decimal number of whole units, which is a text: "1932466.00"."""
    if is_sqlite():
        sign = f"(case when {minor} < 0 then '-' else '' end)"
        digits = f"printf('%d.%02d', abs({minor}) / 100, abs({minor}) % 100)"
        return together([Literal('"'), sign, digits, Literal('"')])
    written = f"cast(cast(cast({minor} as numeric) / 100 as numeric(30, 2)) as text)"
    return together([Literal('"'), written, Literal('"')])


def raw(sql: str) -> str:
    """A text that is JSON already."""
    return f"coalesce({sql}, 'null')"


def null_unless(condition: str, written: str) -> str:
    """JSON that is null unless a condition holds."""
    return f"(case when {condition} then {written} else 'null' end)"


class Literal(str):
    """A text that is part of the JSON as it stands, not SQL; made of GraphQL names and punctuation alone."""

    __slots__ = ()


class Chain(str):
    """SQL for texts one after the other, with its parts, so that it may become part of a longer one."""

    __slots__ = ("parts",)
    parts: tuple[str, ...]


def together(pieces: Iterable[str]) -> Chain:
    """SQL for texts one after the other; literals that meet are made one.

    Nothing is nested that need not be: the parsers of older SQLite are a hundred deep.
    """
    parts = tuple(_merged(part for piece in pieces for part in getattr(piece, "parts", (piece,))))
    found = Chain(_joined([f"'{part}'" if isinstance(part, Literal) else part for part in parts]))
    found.parts = parts
    return found


def _merged(pieces: Iterable[str]) -> Iterator[str]:
    literal = ""
    for piece in pieces:
        if isinstance(piece, Literal):
            literal += piece
            continue
        if literal:
            yield Literal(literal)
        yield piece
        literal = ""
    if literal:
        yield Literal(literal)


def _joined(parts: Sequence[str]) -> str:
    if len(parts) <= LONGEST_CHAIN:
        return " || ".join(parts)
    links = [parts[start : start + LONGEST_CHAIN] for start in range(0, len(parts), LONGEST_CHAIN)]
    return _joined([f"({_joined(link)})" for link in links])


def array(item: str, order: Iterable[str], which: str = "") -> Chain:
    """An aggregate: a JSON array of the items, of those rows alone that meet the condition ``which``.

    SQLite takes the rows as they come, so what it reads from is ordered; PostgreSQL is told the ``order``.
    """
    only = f" filter (where {which})" if which else ""
    if is_sqlite():
        items = f"group_concat({item}, ','){only}"
    else:
        items = f"string_agg({item}, ',' order by {', '.join(order)}){only}"
    return together([Literal("["), f"coalesce({items}, '')", Literal("]")])


def hexadecimal(sql: str) -> str:
    """A text as the hexadecimal digits of its UTF-8 bytes."""
    return f"lower(hex({sql}))" if is_sqlite() else f"encode(convert_to({sql}, 'UTF8'), 'hex')"


def least(first: str, second: str) -> str:
    """The smaller of two numbers."""
    return f"min({first}, {second})" if is_sqlite() else f"least({first}, {second})"
