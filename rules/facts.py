"""Gathering the facts of accounts as of a date: one statement per kind for all accounts together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from models.database import Params, fetch
from models.view import View
from rules.kinds import REGISTRY
from rules.needs import Needs
from rules.population import Population, survey
from rules.reference import SOURCE, Facts
from rules.registry import FactKind
from rules.rows import fact_of, parameters, rows_of

CHUNK = 500
#: The source of our own records.
OWN = "bellwether"


async def gather(
    tenant_id: str,
    account_ids: Sequence[str],
    as_of: date,
    needs: Needs,
    population: Population | None = None,
    known_on: date | None = None,
) -> dict[str, Facts]:
    """The facts of each account as of a date, with the fields that are needed, by account id and kind.

    An account without a single fact is left out. Facts carry ``id``, their source, and every field needed
    that is not missing. With ``population``, where all accounts stand is not looked up again. With
    ``known_on`` they are the facts as they were known by the end of that day.
    """
    population = population or await survey(tenant_id, as_of, needs, known_on)
    gathered: dict[str, Facts] = {}
    for start in range(0, len(account_ids), CHUNK):
        chunk = account_ids[start : start + CHUNK]
        for kind in REGISTRY.kinds.values():
            if kind.name in needs:
                params = {**parameters(tenant_id, as_of, chunk, known_on), **population.found}
                await _gather_kind(gathered, kind, needs[kind.name], params, population.view)
    for facts in gathered.values():
        population.place(facts, needs)
    return gathered


async def accounts_as_of(tenant_id: str, as_of: date, most: int | None = None) -> list[str]:
    """The ids of the accounts that existed on a date, in order; of at most so many, spread over all."""
    known = (
        "select id, row_number() over (order by id) as place, count(*) over () as whole from account"
        " where tenant_id = :tenant and (valid_from is null or valid_from <= :as_of)"
    )
    spread = "" if most is None else " where place * :most / whole > (place - 1) * :most / whole"
    rows = await fetch(
        f"select id from ({known}) a{spread} order by id",
        {"tenant": tenant_id, "as_of": as_of, "most": most},
    )
    return [str(row["id"]) for row in rows]


async def _gather_kind(
    gathered: dict[str, Facts],
    kind: FactKind,
    needed: frozenset[str],
    params: Params,
    view: View,
) -> None:
    assert kind.rows
    fields = [field for name, field in kind.fields.items() if name in needed]
    spoken = "".join(f", {field.sql} as f_{field.name}" for field in fields)
    wanted = [kind.rows.source, *(field.sql for field in fields)]
    source = rows_of(kind, wanted, chosen=True, view=view)
    rows = await fetch(
        f"select t.id as fact_id, {kind.rows.account} as account, {kind.rows.source} as fact_source{spoken}"
        f" from {source} order by t.id",
        params,
    )
    for row in rows:
        fact = {"id": str(row["fact_id"]), SOURCE: str(row["fact_source"] or OWN), **fact_of(row, fields)}
        gathered.setdefault(str(row["account"]), {}).setdefault(kind.name, []).append(fact)
