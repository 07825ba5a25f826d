"""Whitespace worked out in plain Python over the rows, which the statements are measured beside.

It knows of what the benchmark generates: nothing has changed since, so that what is stored holds today.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from metrics.whitespace.peers import LEAST_OWNERS, LEAST_PEERS, PER_MINOR
from metrics.whitespace.positions import ORDERED_DAYS, SITES, SIZES
from models.catalog import Compatibility
from models.database import Row, as_date, as_int, fetch
from models.services import ServiceState
from models.whitespace import CellState

_RUNNING = (ServiceState.ACTIVE.value, ServiceState.SUSPENDED.value)
_STATEMENTS = {
    "account": "id, name, parent_id, segment, employees, sites",
    "product": "id, family, charge",
    "service": "account_id, product_id, state, mrc_minor, started_on, ended_on",
    "deal": "id, account_id, stage, closed_on",
    "deal_line": "deal_id, product_id, mrc_minor, nrc_minor, term_months",
    "deal_competitor": "deal_id, status",
    "account_potential": "account_id, product_family, mrc_minor",
    "compatibility_rule": "family, other_family, kind",
}


@dataclass(frozen=True)
class Told:
    """What a cell comes to, in minor units a month."""

    account_id: str
    family: str
    state: CellState
    mrc: int
    gap: int | None
    expected: int | None


async def read(tenant_id: str, day: date, top_id: str) -> Reading:
    """All rows of a tenant, to be looked at as of today."""
    rows = {
        table: await fetch(
            f'select {columns} from "{table}" where tenant_id = :tenant', {"tenant": tenant_id}
        )
        for table, columns in _STATEMENTS.items()
    }
    return Reading(rows, day, top_id)


class Reading:
    """Whitespace of an account and all below it, as rows say."""

    def __init__(self, rows: dict[str, list[Row]], day: date, top_id: str) -> None:
        self._rows, self._day, self._top_id = rows, day, top_id
        self._family = {str(each["id"]): str(each["family"]) for each in rows["product"]}
        self._said: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._once = {str(each["id"]) for each in rows["product"] if each["charge"] == "ONE_OFF"}
        self._won_on: dict[tuple[str, str], date] = {}
        self._overdue_on: dict[tuple[str, str], date] = {}
        self._ended_on: dict[tuple[str, str], date] = {}
        self._typed = {
            (str(each["account_id"]), str(each["product_family"])): as_int(each["mrc_minor"])
            for each in rows["account_potential"]
        }
        self._owners: Counter[tuple[tuple[object, ...], str]] = Counter()
        self._services()
        self._deals()
        self._customers = {
            account_id for (account_id, _), said in self._said.items() if said["owned"] or said["bought"]
        }

    def _services(self) -> None:
        for row in self._rows["service"]:
            key = (str(row["account_id"]), self._family[str(row["product_id"])])
            said, started, ended = self._said[key], as_date(row["started_on"]), as_date(row["ended_on"])
            if row["state"] == ServiceState.TERMINATED.value or (ended and ended <= self._day):
                said["ended"] += 1
                if ended:
                    self._ended_on[key] = max(ended, self._ended_on.get(key, ended))
            elif row["state"] in _RUNNING and (started is None or started <= self._day):
                said["owned"] += 1
                said["mrc"] += as_int(row["mrc_minor"])
            else:
                said["delivered"] += 1

    def _deals(self) -> None:
        deals = {str(row["id"]): row for row in self._rows["deal"]}
        held = {str(row["deal_id"]) for row in self._rows["deal_competitor"] if row["status"] == "INCUMBENT"}
        for line in self._rows["deal_line"]:
            deal = deals[str(line["deal_id"])]
            key = (str(deal["account_id"]), self._family[str(line["product_id"])])
            stage = str(deal["stage"]) if deal["stage"] in ("WON", "LOST") else "OPEN"
            self._said[key][stage] += 1
            if stage != "WON" and str(deal["id"]) in held:
                self._said[key]["held"] += 1
            if stage == "WON" and str(line["product_id"]) in self._once:
                self._said[key]["bought"] += 1
            elif stage == "WON" and (closed := as_date(deal["closed_on"])):
                is_late = (self._day - closed).days > ORDERED_DAYS
                latest = self._overdue_on if is_late else self._won_on
                latest[key] = max(closed, latest.get(key, closed))

    @cached_property
    def tree(self) -> list[Row]:
        """The account at the top and all below it, by name."""
        below: dict[object, list[Row]] = defaultdict(list)
        for row in self._rows["account"]:
            below[row["parent_id"]].append(row)
        found = [row for row in self._rows["account"] if row["id"] == self._top_id]
        for row in found:
            found += below[row["id"]]
        return sorted(found, key=lambda row: (str(row["name"]), str(row["id"])))

    def page(self, most: int) -> list[Told]:
        """The cells of the first accounts."""
        return [self.cell(row, family) for row in self.tree[:most] for family in self.families]

    def cells(self) -> list[Told]:
        """All cells."""
        return [self.cell(row, family) for row in self.tree for family in self.families]

    def gaps(self, most: int, states: frozenset[CellState]) -> list[Told]:
        """The largest gaps by expected value."""
        found = [told for told in self.cells() if told.gap and told.state in states]
        found.sort(
            key=lambda told: (
                -(-1 if told.expected is None else told.expected),
                -(told.gap or 0),
                told.account_id,
                told.family,
            )
        )
        return found[:most]

    @cached_property
    def families(self) -> list[str]:
        """The columns, by name."""
        return sorted(set(self._family.values()))

    @cached_property
    def _groups(self) -> dict[tuple[object, ...], tuple[int, dict[str, list[int]]]]:
        """How many customers are in a group, and the sorted rates of those who pay for a family."""
        members: Counter[tuple[object, ...]] = Counter()
        rates: dict[tuple[object, ...], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for row in self._rows["account"]:
            if not self._is_member(row):
                continue
            for group in _groups_of(row):
                members[group] += 1
                for family in self.families:
                    self._owners[group, family] += self._owns(row, family)
                    if (own := self._rate(row, family)) is not None:
                        rates[group][family].append(own)
        for of in rates.values():
            for each in of.values():
                each.sort()
        return {group: (count, rates[group]) for group, count in members.items()}

    def _is_member(self, row: Row) -> bool:
        return bool(row["employees"]) and str(row["id"]) in self._customers

    def _owns(self, row: Row, family: str) -> bool:
        said = self._said.get((str(row["id"]), family))
        return bool(said and (said["owned"] or said["bought"]) and self._is_member(row))

    def _rate(self, row: Row, family: str) -> int | None:
        said = self._said.get((str(row["id"]), family))
        if not said or not said["owned"] or not self._is_member(row):
            return None
        return math.floor(said["mrc"] * PER_MINOR / as_int(row["employees"]))

    def cell(self, row: Row, family: str) -> Told:
        """What a cell comes to."""
        account_id = str(row["id"])
        said = self._said.get((account_id, family), Counter[str]())
        count, owners, rates = self._peers(row, family)
        known = count >= LEAST_PEERS and len(rates) >= LEAST_OWNERS and row["employees"]
        potential = self._typed.get((account_id, family))
        if potential is None and known:
            potential = math.floor(_median(rates) * as_int(row["employees"]) / PER_MINOR + 0.5)
        gap = None if potential is None else max(0, potential - said["mrc"])
        expected = None if gap is None or not count else math.floor(gap * owners / count + 0.5)
        return Told(account_id, family, self._state(account_id, family), said["mrc"], gap, expected)

    def _peers(self, row: Row, family: str) -> tuple[int, int, list[int]]:
        """How many peers there are, how many own the family, the rates of those who pay; without itself."""
        *near, everybody = _groups_of(row)
        group = next((each for each in near if self._groups.get(each, (0,))[0] > LEAST_PEERS), everybody)
        count, rates = self._groups.get(group, (0, {}))
        known, own = rates.get(family, []), self._rate(row, family)
        if own is not None:
            at = bisect_left(known, own)
            known = known[:at] + known[at + 1 :]
        owners = self._owners[group, family] - self._owns(row, family)
        return count - self._is_member(row), owners, known

    def _has(self, account_id: str, family: str) -> CellState | None:
        key = (account_id, family)
        if not (said := self._said.get(key)):
            return None
        if said["owned"] or said["bought"]:
            return CellState.OWNED
        if said["delivered"] or self._stands(key, self._won_on):
            return CellState.ORDERED
        return CellState.OPEN if said["OPEN"] else None

    def _stands(self, key: tuple[str, str], won_on: dict[tuple[str, str], date]) -> bool:
        """Whether it was won then, and no service of it has ended since."""
        sold, gone = won_on.get(key), self._ended_on.get(key)
        return bool(sold and (not self._said[key]["ended"] or (gone and sold > gone)))

    def _state(self, account_id: str, family: str) -> CellState:
        if found := self._has(account_id, family):
            return found
        if self._is_blocked(account_id, family):
            return CellState.NOT_POSSIBLE
        said = self._said.get((account_id, family), Counter[str]())
        if said["held"]:
            return CellState.COMPETITOR
        if self._stands((account_id, family), self._overdue_on):
            return CellState.NOT_DELIVERED
        return CellState.LOST if said["LOST"] or said["ended"] else CellState.NEVER

    def _is_blocked(self, account_id: str, family: str) -> bool:
        for rule in self._rows["compatibility_rule"]:
            pair = (str(rule["family"]), str(rule["other_family"]))
            if family not in pair:
                continue
            has_other = self._has(account_id, pair[1 - pair.index(family)]) is not None
            if rule["kind"] == Compatibility.EXCLUDES.value and has_other:
                return True
            if rule["kind"] == Compatibility.REQUIRES.value and family == pair[0] and not has_other:
                return True
        return False


def _groups_of(row: Row) -> list[tuple[object, ...]]:
    """The groups that an account is in or compared with, the nearest first."""
    size, sites = _number(row["employees"], SIZES), _number(row["sites"], SITES)
    segment = row["segment"]
    near = [(segment, size, sites)] if segment and size and sites else []
    alike = [(segment, size)] if segment and size else []
    return [*near, *alike, *([(segment,)] if segment else []), ()]


def _number(value: object, least_of: dict[int, int]) -> int:
    return 0 if value is None else sum(1 for least in least_of.values() if as_int(value) >= least)


def _median(rates: list[int]) -> int:
    at, rest = divmod((len(rates) - 1) * 2, 4)
    return (rates[at] * (4 - rest) + rates[min(at + 1, len(rates) - 1)] * rest) // 4
