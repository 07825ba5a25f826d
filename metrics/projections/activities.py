"""What counts as an activity on a deal: the one place that says where such are read from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Where activities are read from: their kind, and SQL for them.

    The statement gives ``deal_id``, ``on_day`` and ``known_day``, each null where it is not known, and needs
    ``:tenant``; ``RECORDED(alias)`` in it is the day on which a row of the change log was learned.
    """

    kind: str
    sql: str


#: Moves to another stage, and what was written of the next step: somebody worked on the deal on that day. And
#: calls, visits and mails about it.
SOURCES = (
    Source(
        "CHANGE",
        "select c.entity_id as deal_id, c.effective_on as on_day, RECORDED(c) as known_day from change c"
        " where c.tenant_id = :tenant and c.entity = 'deal'"
        " and c.field in ('stage', 'next_step', 'next_step_on')",
    ),
    Source(
        "INTERACTION",
        "select i.deal_id, i.happened_on as on_day, i.known_on as known_day from interaction i"
        " where i.tenant_id = :tenant and i.deal_id is not null",
    ),
)
