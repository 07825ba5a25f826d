"""What a deal is worth by its lines: charges, total and annual contract value, and discounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from models.access import Actor
from models.catalog import Charge, Product
from models.database import as_int, fetch, listed, one_of
from models.deals import DealLine
from models.visibility import visible

#: The months of a year.
YEAR = 12
#: The largest sum that is told, in minor units; a larger one is missing, as it is in facts.
MOST = 2**53 - 1


@dataclass(frozen=True)
class Charges:
    """The charges of a line for its whole quantity, in minor units, and its term in months."""

    mrc_minor: int
    nrc_minor: int
    term_months: int


@dataclass(frozen=True)
class Totals:
    """The sums over a deal's lines in minor units, None where larger than MOST."""

    mrc_minor: int | None
    nrc_minor: int | None
    tcv_minor: int | None
    acv_minor: int | None


def tcv(charges: Charges) -> int:
    """Total contract value of a line in minor units: TCV = NRC + MRC x term months (vocabulary).

    36 months at 1,000.00 and 5,000.00 once are 41,000.00. Without a term it is the one-off charge alone.
    """
    return charges.nrc_minor + charges.mrc_minor * charges.term_months


def acv(charges: Charges, *, with_one_off: bool) -> int:
    """Annual contract value of a line in minor units: ACV = MRC x 12 (vocabulary).

    ``with_one_off`` adds NRC, which falls into the first year (the tenant's setting). The term does not
    matter: it is what a year of the service comes to.
    """
    return charges.mrc_minor * YEAR + (charges.nrc_minor if with_one_off else 0)


def summed(lines: Sequence[Charges], *, with_one_off: bool) -> Totals:
    """The sums over lines: MRC, NRC, TCV and ACV, each line for itself."""
    return Totals(
        _told(line.mrc_minor for line in lines),
        _told(line.nrc_minor for line in lines),
        _told(map(tcv, lines)),
        _told(acv(line, with_one_off=with_one_off) for line in lines),
    )


def _told(amounts: Iterable[int]) -> int | None:
    found = sum(amounts)
    return found if found <= MOST else None


def _sum_sql(amount: str) -> str:
    """SQL for the sum over the lines that stand of a deal ``t``; null where it, or one of them, is larger."""
    return (
        f"(select case when count(*) = count({amount}) and coalesce(sum({amount}), 0) <= {MOST}"
        f" then cast(coalesce(sum({amount}), 0) as bigint) end from deal_line l"
        " where l.tenant_id = t.tenant_id and l.deal_id = t.id and l.removed_on is null)"
    )


_MONTHS = "(case when l.term_months > 1 then l.term_months else 1 end)"
_WITH_ONE_OFF = "(select n.acv_with_one_off from tenant n where n.id = t.tenant_id)"
_ONE_OFF = f"(case when {_WITH_ONE_OFF} then l.nrc_minor else 0 end)"
#: The same as ``totals`` gives, as SQL over the row ``t`` of a deal.
MRC_SQL = _sum_sql("l.mrc_minor")
NRC_SQL = _sum_sql("l.nrc_minor")
TCV_SQL = _sum_sql(
    f"(case when l.mrc_minor <= {MOST} / {_MONTHS} then l.nrc_minor + l.mrc_minor * l.term_months end)"
)
ACV_SQL = _sum_sql(f"(l.mrc_minor * {YEAR} + {_ONE_OFF})")


async def totals(actor: Actor, deal_ids: Sequence[str]) -> list[Totals]:
    """The totals of each of these deals by the lines that stand and that the actor may see."""
    seen = visible(DealLine, actor, "t")
    rows = await fetch(
        "select t.deal_id, t.mrc_minor, t.nrc_minor, t.term_months, n.acv_with_one_off from deal_line t"
        f" join tenant n on n.id = t.tenant_id where {seen.sql} and t.removed_on is null"
        f" and {one_of('t.deal_id', 'deals')}",
        {**seen.params, "deals": listed(deal_ids)},
    )
    lines: dict[str, list[Charges]] = {deal_id: [] for deal_id in deal_ids}
    with_one_off = any(bool(row["acv_with_one_off"]) for row in rows)
    for row in rows:
        amounts = (as_int(row[column]) for column in ("mrc_minor", "nrc_minor", "term_months"))
        lines[str(row["deal_id"])].append(Charges(*amounts))
    return [summed(lines[deal_id], with_one_off=with_one_off) for deal_id in deal_ids]


def list_discount(line: DealLine, product: Product) -> Fraction | None:
    """How far a line is below the list price, as a share of it; negative when it is above.

    Discount = 1 - charge / (list price x quantity), of the monthly charge of a product that is charged each
    month, else of the one-off charge. None where the list price comes to nothing.
    """
    listed_minor = product.list_price_minor * line.quantity
    charged = line.mrc_minor if product.charge is Charge.RECURRING else line.nrc_minor
    return 1 - Fraction(charged, listed_minor) if listed_minor else None
