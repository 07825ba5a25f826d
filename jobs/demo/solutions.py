"""What deals are about: solutions made of the suite's products, with what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from jobs.demo.draft import CURRENCY, Row, minor
from jobs.demo.suite import BY_KEY
from models.catalog import Charge

TERM_MONTHS = 36


@dataclass(frozen=True)
class Solution:
    """Products with the quantity for each unit of a deal's size; the first one gives the name its number."""

    key: str
    title: str
    parts: tuple[tuple[str, float], ...]

    def name(self, size: int, city: str) -> str:
        """What a deal of this size is called."""
        return self.title.format(n=f"{quantity(self.parts[0][1], size):,}", city=city)


SOLUTIONS: tuple[Solution, ...] = (
    Solution("sdwan", "SD-WAN for {n} sites", (("SDWAN", 1), ("FW", 0.2), ("INST", 1))),
    Solution("internet", "Internet access upgrade, {n} lines", (("INET", 1), ("DDOS", 0.1), ("INST", 1))),
    Solution("ucaas", "Cloud telephony for {n} seats", (("UCAAS", 15), ("SIP", 2), ("MIGR", 0.3))),
    Solution(
        "contact-centre", "Contact centre in the cloud, {n} agents", (("CC", 4), ("SIP", 4), ("MIGR", 0.8))
    ),
    Solution("cloud", "Cloud connect from {city}, {n} ports", (("CLOUD", 0.2), ("DDOS", 0.1), ("SASE", 25))),
    Solution("private5g", "Private 5G campus {city}", (("PMN", 0.05), ("IOT", 40), ("MIGR", 1))),
    Solution("iot", "IoT connectivity for {n} devices", (("IOT", 60), ("CARE", 0.05))),
    Solution("mobile", "Mobile fleet, {n} lines", (("MOB", 10), ("LTE", 0.5))),
    Solution(
        "remote-access", "Secure remote access for {n} users", (("SASE", 40), ("FW", 0.1), ("MIGR", 0.3))
    ),
    Solution("colocation", "Colocation and backup in {city}", (("COLO", 0.2), ("BACKUP", 4), ("MIGR", 0.5))),
    Solution("firewall", "Managed firewall refresh, {n} sites", (("FW", 0.5), ("CARE", 0.05), ("INST", 0.5))),
)
BY_SOLUTION: dict[str, Solution] = {solution.key: solution for solution in SOLUTIONS}


def quantity(per_size: float, size: int) -> int:
    """Units of a product in a deal of a size, at least one."""
    return max(1, round(per_size * size))


def solution_lines(deal: Row, solution: Solution, size: int, random: Random) -> list[Row]:
    """The lines of a deal, at list price less one discount for all of them."""
    discount = random.uniform(0.05, 0.2)
    return [
        _line(deal, part, quantity(per_size, size), discount, random) for part, per_size in solution.parts
    ]


def renewal_lines(deal: Row, services: list[Row], random: Random) -> list[Row]:
    """Lines that renew services at what they cost now, less a concession."""
    concession = random.uniform(0.0, 0.08)
    lines = []
    for service in services:
        mrc = round(int(str(service.values["mrc_minor"])) * (1 - concession))
        lines.append(_row(deal, str(service.values["product_id"]), 1, mrc, 0))
    return lines


def _line(deal: Row, key: str, units: int, discount: float, random: Random) -> Row:
    item = BY_KEY[key]
    price = minor(item.price * units * (1 - discount))
    once = item.charge is Charge.ONE_OFF
    setup = 0 if once or random.random() < 0.5 else minor(40 * units**0.5)
    return _row(deal, item.external_id, units, 0 if once else price, price if once else setup)


def _row(deal: Row, product: str, units: int, mrc: int, nrc: int) -> Row:
    values: dict[str, object] = {
        "deal_id": deal.external_id,
        "product_id": product,
        "quantity": units,
        "mrc_minor": mrc,
        "nrc_minor": nrc,
        "term_months": TERM_MONTHS if mrc else 0,
        "currency": CURRENCY,
    }
    return Row(f"{deal.external_id}-{product}", values, began=deal.began)


def amount(lines: list[Row]) -> int:
    """Total contract value of lines in minor units: recurring charges over the term, and one-off ones."""
    return sum(_charges(line.values) for line in lines)


def _charges(values: dict[str, object]) -> int:
    mrc, nrc, term = (int(str(values[name])) for name in ("mrc_minor", "nrc_minor", "term_months"))
    return mrc * term + nrc
