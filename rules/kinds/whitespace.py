"""Facts of kind ``whitespace``: where the account stands with each product family, and what it could buy.

What peers own and pay is found once for the whole tenant; the cells are told by statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from metrics.whitespace.cells import PEERS, cells
from metrics.whitespace.peers import figures, groups_of, parts_of, whole
from models.asof import view_of
from models.view import View
from models.whitespace import CellState, PeerGroup
from rules.kinds.declaring import days, flag, kind, money, number, text
from rules.registry import Rows


def _cells(view: View) -> str:
    """The cells with names of their own: the account's id and a short name of the family."""
    rows = cells(view, lambda account: f"AMONG({account})", quartiles=("mid",))
    tenths = whole("1000.0 * c.owners / c.peers + 0.5")
    return (
        "(select c.*, c.account_id || '.' || c.digest as id,"
        f" case when c.peers > 0 then {tenths} / 10.0 end as penetration from ({rows}) c) t"
    )


async def _find_peers(tenant_id: str, as_of: date, known_on: date | None) -> Sequence[Mapping[str, object]]:
    view = await view_of(tenant_id, as_of, known_on)
    return figures(await groups_of(tenant_id, as_of, view), await parts_of(tenant_id, as_of, view))


WHITESPACE = kind(
    "whitespace",
    "where the account stands with a product family, and what it could buy of it",
    Rows(source="null", subquery=_cells, found={PEERS: _find_peers}),
    text("name", "the product family", "t.family"),
    text("product_family", "the product family", "t.family"),
    text("state", "where the account stands with it", "t.state", CellState),
    money("monthly_recurring", "monthly charge of what it owns of the family", "t.mrc"),
    money("open_monthly", "monthly charge of what is in open deals", "t.open_mrc"),
    money(
        "potential",
        "what it could pay a month: what somebody typed, or else what peers who own it pay per employee times"
        " its employees; missing when neither is known",
        "coalesce(t.typed, t.mid)",
    ),
    flag("is_typed", "whether somebody typed the potential", "t.typed is not null"),
    money("gap", "potential less what it pays now, a month; never below nothing", "t.gap"),
    money("annual_gap", "12 times the gap", "t.gap * 12"),
    money("expected_gap", "gap times penetration, a month", "t.expected"),
    number(
        "penetration",
        "percent",
        "the share of its peers who own the family, to a tenth; missing without peers",
        "t.penetration",
        minimum=0,
        maximum=100,
    ),
    number("peers", "", "how many customers it is compared with", "t.peers", minimum=0),
    number("peers_owning", "", "how many of them own the family", "t.owners", minimum=0),
    text("peer_group", "whom it is compared with", "t.kind", PeerGroup),
    days(
        "days_since_lost",
        "days since a deal for it was lost, or a service of it ended, last; missing when neither was",
        "DAYS(:as_of, t.lost_on)",
    ),
    days(
        "competitor_end_days",
        "days until the contract of the competitor who supplies it ends; missing when that is not known",
        "DAYS(t.held_until, :as_of)",
        minimum=0,
    ),
)
