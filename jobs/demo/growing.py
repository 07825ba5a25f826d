"""What there is to win in the demo world: what people know of whitespace."""

from __future__ import annotations

from commands import deal_competitors, whitespace
from metrics.sales import AsOf
from metrics.whitespace import grid
from models.access import Actor
from models.base import today
from models.catalog import Compatibility
from models.deals import CompetitorStatus
from models.whitespace import CellState


async def know_whitespace(admin: Actor, director: Actor) -> None:
    """What does not go together, who won what the director lost, and what the largest gap could bring."""
    await whitespace.set_compatibility(
        admin, "Security", "Connectivity", Compatibility.REQUIRES, "A managed firewall sits on our access."
    )
    found = await grid.whitespace(director, AsOf(today()))
    lost = [
        cell
        for row in await found.rows(100)
        for cell in row.cells
        if cell.state is CellState.LOST and cell.records.lost_deals
    ]
    for cell in lost[1:2]:
        won = {"status": CompetitorStatus.WINNER}
        await deal_competitors.put(director, cell.records.lost_deals[0], "Tarnhelm Communications", won)
    for cell in await found.gaps(1, {CellState.OWNED}):
        assert cell.potential_minor is not None
        await whitespace.set_potential(
            director, cell.account_id, cell.part.family, cell.potential_minor * 5 // 4,
            "Their budget for next year names two more sites.",
        )  # fmt: skip
