"""Where accounts stand with product families as of a date: owned, open, lost or never."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from metrics.sales import OPEN
from models import services
from models.access import Actor
from models.asof import as_of_rows, view_of
from models.database import Param, as_int, fetch, listed, one_of, text_order
from models.deals import Deal, DealLine, Stage
from models.described import Described
from models.services import Service, ServiceState
from models.view import View
from models.visibility import visible


class FamilyState(Described):
    """Where an account stands with a product family."""

    NEVER = "NEVER", "It was in no deal and no service of the account."
    LOST = "LOST", "It was in a deal that was lost, or in a service that has ended."
    OPEN = "OPEN", "It is in a deal that can be won."
    OWNED = "OWNED", "A service of it runs."


@dataclass(frozen=True)
class Families:
    """Where accounts stand with families; ``stage`` is that of the most advanced open deal of a cell.

    What is in neither mapping was never sold there.
    """

    families: tuple[str, ...]
    states: Mapping[tuple[str, str], FamilyState]
    stages: Mapping[tuple[str, str], Stage]

    def state(self, account_id: str, family: str) -> FamilyState:
        """Where an account stands with a family."""
        return self.states.get((account_id, family), FamilyState.NEVER)


_RANKS = list(FamilyState)


async def families(actor: Actor, account_ids: Sequence[str], as_of: date) -> Families:
    """Where accounts stand with the families of the products that are sold, as far as the actor sees.

    A service that runs goes before an open deal, and that before anything lost.
    """
    view, named = await view_of(actor.tenant_id, as_of), text_order("p.family")
    params: dict[str, Param] = {"tenant": actor.tenant_id, "as_of": as_of, "accounts": listed(account_ids)}
    known = await fetch(
        f"select distinct {named} as family from product p where p.tenant_id = :tenant and p.active"
        f" and p.family is not null and p.family <> '' order by {named}",
        {"tenant": actor.tenant_id},
    )
    of_service, of_deal = visible(Service, actor, "n"), visible(Deal, actor, "n")
    rows = await fetch(
        f"{_services(view, of_service.sql)} union all {_deals(view, of_deal.sql)}",
        {**params, **of_service.params, **of_deal.params},
    )
    states: dict[tuple[str, str], FamilyState] = {}
    stages: dict[tuple[str, str], Stage] = {}
    for row in rows:
        cell = (str(row["account_id"]), str(row["family"]))
        state = _RANKS[as_int(row["place"])]
        states[cell] = max(states.get(cell, FamilyState.NEVER), state, key=_RANKS.index)
        if state is FamilyState.OPEN:
            stage = Stage(str(row["stage"]))
            stages[cell] = max(stages.get(cell, stage), stage, key=lambda each: each.rank)
    return Families(tuple(str(row["family"]) for row in known), states, stages)


def _services(view: View, seen: str) -> str:
    which = one_of("t.account_id", "accounts")
    rows = as_of_rows(Service, ["account_id", "product_id", "state"], view, which=which)
    place = f"case when {services.ACTIVE} then 3 else 1 end"
    return (
        f"select t.account_id, p.family, {place} as place, '' as stage from {rows} t"
        " join service n on n.id = t.id join product p on p.id = t.product_id"
        f" where t.state in ('{ServiceState.ACTIVE.value}', '{ServiceState.TERMINATED.value}') and {seen}"
    )


def _deals(view: View, seen: str) -> str:
    which = one_of("t.account_id", "accounts")
    rows = as_of_rows(Deal, ["account_id", "stage"], view, which=which)
    lines = as_of_rows(DealLine, ["deal_id", "product_id", "removed_on"], view)
    return (
        f"select t.account_id, p.family, case when {OPEN} then 2 else 1 end as place, t.stage"
        f" from {rows} t join deal n on n.id = t.id join {lines} l on l.deal_id = t.id"
        " join product p on p.id = l.product_id"
        f" where t.stage <> 'WON' and (l.removed_on is null or l.removed_on > :as_of) and {seen}"
    )
