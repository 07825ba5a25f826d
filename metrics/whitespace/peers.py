"""What similar customers buy: groups of peers, how many of them have what, and what they pay for it.

Peers are customers: accounts that own something, with a known number of employees, of the whole tenant
whoever may see them. What is told of them is anonymous: numbers of them, and quartiles of at least
``LEAST_OWNERS``. Rates are what an account pays a month for each of its employees, in ten-thousandths of a
minor unit. No account is its own peer: each quartile comes with what it is without the account, by how the
account's own rate stands to a pivot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

import orjson

from metrics.whitespace.positions import accounts, bought, is_true, part_of, products, services
from models.asof import ANY
from models.database import Param, Row, as_int, fetch, is_sqlite, once, table_in
from models.view import View
from models.whitespace import PeerGroup

#: A group counts when whoever is in it has so many peers.
LEAST_PEERS = 10
#: So many of the peers own a product before anything is said of what they pay.
LEAST_OWNERS = 3
#: Rates are whole numbers of this part of a minor unit.
PER_MINOR = 10_000
#: The quartiles, by their number of quarters.
QUARTILES = {"low": 1, "mid": 2, "high": 3}
#: What is told of each: as it is, the pivot, and without one below it, at it, or above it.
ENDINGS = ("", "_pivot", "_less", "_same", "_more")
#: Where no group has enough peers.
TENANT = 0


@dataclass(frozen=True)
class Quartile:
    """A quartile of rates, and what it is without one whose own rate is less than, at or above the pivot."""

    whole: int | None = None
    pivot: int | None = None
    less: int | None = None
    same: int | None = None
    more: int | None = None


@dataclass
class Group:
    """Customers that are compared with each other: how many, how many of them own each part, and rates.

    Those who bought it once own it, and pay nothing each month: they have no rate.
    """

    number: int
    kind: PeerGroup
    segment: str | None = None
    band: int | None = None
    sites_band: int | None = None
    members: int = 0
    owners: dict[str, int] = field(default_factory=dict)
    rates: dict[str, list[int]] = field(default_factory=dict)


def quartile(rates: Sequence[int], quarters: int) -> Quartile:
    """A quartile of sorted rates (linear between the two nearest), and without each one of them.

    Without one: position (n - 2) x quarters / 4 of the others. Its two neighbours among the others depend
    on where the one stands to the element at that position's next place.
    """
    if not rates:
        return Quartile()
    whole = _between(rates, *divmod((len(rates) - 1) * quarters, 4))
    if len(rates) == 1:
        return Quartile(whole)
    at, rest = divmod((len(rates) - 2) * quarters, 4)
    nearest = [*rates[at : at + 3], rates[-1], rates[-1]][:3]
    below, pivot, above = nearest
    return Quartile(
        whole,
        pivot,
        less=_weighted(pivot, above, rest),
        same=_weighted(below, above, rest),
        more=_weighted(below, pivot, rest),
    )


def _between(rates: Sequence[int], at: int, rest: int) -> int:
    return _weighted(rates[at], rates[min(at + 1, len(rates) - 1)], rest)


def _weighted(below: int, above: int, rest: int) -> int:
    return (below * (4 - rest) + above * rest) // 4


@dataclass(frozen=True)
class Part:
    """A column of the grid: a family, whose name is the ``key``, or a product of one, whose id it is."""

    key: str
    family: str
    name: str
    product_id: str | None = None


async def parts_of(tenant_id: str, as_of: date, view: View, family: str | None = None) -> list[Part]:
    """The families of products that are sold, by name; or the products of one that are."""
    wanted = "p.family = :family" if family is not None else "coalesce(p.family, '') <> ''"
    rows = await fetch(
        f"select p.id, p.family, n.name from {products(view)} p join product n on n.id = p.id"
        f" where {wanted} and {is_true('p.active')} order by n.name, p.id",
        _params(tenant_id, as_of, view, family),
    )
    if family is not None:
        return [Part(str(row["id"]), family, str(row["name"]), str(row["id"])) for row in rows]
    return [Part(name, name, name) for name in sorted({str(row["family"]) for row in rows})]


async def groups_of(tenant_id: str, as_of: date, view: View, family: str | None = None) -> list[Group]:
    """The groups in which everybody has enough peers, and the whole tenant."""
    rows = await fetch(_rates(view, in_family=family is not None), _params(tenant_id, as_of, view, family))
    groups: dict[_Key, Group] = {}
    for row in rows:
        for group in _of_row(groups, row):
            if row["part"] is None:
                group.members += as_int(row["owners"])
            else:
                part, rates = str(row["part"]), orjson.loads(str(row["rates"]))
                group.owners[part] = group.owners.get(part, 0) + as_int(row["owners"])
                group.rates.setdefault(part, []).extend(each for each in rates if each is not None)
    tenant = groups.pop(_EVERYBODY, Group(TENANT, PeerGroup.TENANT))
    large = [group for group in groups.values() if group.members > LEAST_PEERS]
    for number, group in enumerate(large, TENANT + 1):
        group.number = number
    for group in (tenant, *large):
        for rates in group.rates.values():
            rates.sort()
    return [tenant, *large]


#: Segment, size and sites of a group.
_Key = tuple[str | None, int | None, int | None]
_EVERYBODY: _Key = (None, None, None)


def _of_row(groups: dict[_Key, Group], row: Row) -> Iterator[Group]:
    """The groups that customers of a segment, a size and so many sites are in."""

    def group(kind: PeerGroup, key: _Key) -> Group:
        return groups.setdefault(key, Group(TENANT, kind, *key))

    segment, band = (None if row["segment"] is None else str(row["segment"])), as_int(row["band"])
    yield group(PeerGroup.TENANT, _EVERYBODY)
    if segment is not None:
        yield group(PeerGroup.SEGMENT, (segment, None, None))
        yield group(PeerGroup.SEGMENT_AND_SIZE, (segment, band, None))
        if row["sites_band"] is not None:
            yield group(PeerGroup.SEGMENT_SIZE_AND_SITES, (segment, band, as_int(row["sites_band"])))


def _rates(view: View, *, in_family: bool) -> str:
    """SELECT of customers by segment, size and sites: how many (no part), and the rates for each part."""
    every = "json_group_array" if is_sqlite() else "json_agg"
    sized = f"join ({accounts(view, _anybody)}) a on a.account_id = o.account_id where a.band is not null"
    part = part_of(in_family)
    paid = f"case when o.mrc is not null then {rate('o.mrc', 'a.employees')} end"
    return (
        f"with owned as {once()}(select account_id, part, cast(sum(mrc) as bigint) as mrc from ("
        f"select account_id, part, mrc_minor as mrc from ({services(view, _anybody, part)}) s"
        " where what = 'OWNED' union all"
        f" select account_id, part, cast(null as bigint) as mrc from ({bought(view, _anybody, part)}) b)"
        " u group by account_id, part)"
        f" select a.segment, a.band, a.sites_band, o.part, {every}({paid}) as rates,"
        f" count(*) as owners from owned o {sized} and o.part <> ''"
        " group by a.segment, a.band, a.sites_band, o.part"
        " union all select a.segment, a.band, a.sites_band, null, null, count(*)"
        f" from (select distinct account_id from owned) o {sized} group by a.segment, a.band, a.sites_band"
        " order by 1, 2, 3, 4"
    )


def _anybody(_account: str) -> str:
    return ANY


def rate(mrc: str, employees: str) -> str:
    """SQL for what is paid a month for each employee, in ten-thousandths of a minor unit, rounded down."""
    held = f"(case when {mrc} < 900000000000000 then {mrc} else 900000000000000 end)"
    return whole(f"cast({held} as double precision) * {PER_MINOR} / {employees}")


def whole(number: str) -> str:
    """SQL for a number that is not negative, rounded down."""
    return f"cast({number} as integer)" if is_sqlite() else f"cast(floor({number}) as bigint)"


def _params(tenant_id: str, as_of: date, view: View, family: str | None) -> dict[str, Param]:
    known: dict[str, Param] = {"known_on": view.known_on} if view.known else {}
    chosen: dict[str, Param] = {"family": family} if family is not None else {}
    return {"tenant": tenant_id, "as_of": as_of, **known, **chosen}


_COLUMNS = {
    "number": "bigint", "kind": "text", "segment": "text", "band": "bigint",
    "sites_band": "bigint", "members": "bigint",
    "part": "text", "family": "text", "name": "text", "digest": "text",
    "owners": "bigint", "payers": "bigint",
    **{
        f"{quartile}{ending}": "bigint"
        for quartile in QUARTILES
        for ending in ENDINGS
    },
}  # fmt: skip


def peers_in(parameter: str) -> str:
    """A subquery of the figures of groups, a row for each group and part, that a parameter lists."""
    return table_in(parameter, _COLUMNS)


def digest(key: str) -> str:
    """A short name of a part, which no other part has."""
    return sha256(key.encode()).hexdigest()[:16]


def figures(groups: Collection[Group], parts: Collection[Part]) -> list[dict[str, object]]:
    """What statements are told of the groups: a row for each of them and each part."""
    return [_figures(group, part) for group in groups for part in parts]


def _figures(group: Group, part: Part) -> dict[str, object]:
    rates = group.rates.get(part.key, [])
    found: dict[str, object] = {
        "number": group.number,
        "kind": group.kind.value,
        "segment": group.segment,
        "band": group.band,
        "sites_band": group.sites_band,
        "members": group.members,
        "part": part.key,
        "family": part.family,
        "name": part.name,
        "digest": digest(part.key),
        "owners": group.owners.get(part.key, 0),
        "payers": len(rates),
    }
    for name, quarters in QUARTILES.items():
        each = quartile(rates, quarters)
        found |= {name: each.whole, f"{name}_pivot": each.pivot, f"{name}_less": each.less}
        found |= {f"{name}_same": each.same, f"{name}_more": each.more}
    return found
