"""Revenue that several verdicts name, each euro once, as docs/decisions/0010 says of stored risks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from models.recommendations import LineKind
from rules.explain import Line


def distinct(lines: Iterable[Line]) -> int:
    """The sum of lines in minor units, each once.

    Of those that are part of the same contract or deal, the largest counts: the record itself, its services
    together, or the deals that renew it together.
    """
    amounts: dict[str, dict[LineKind, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for line in lines:
        of_kind = amounts[line.part_of][line.kind]
        of_kind[line.id] = max(line.amount_minor, of_kind.get(line.id, 0))
    return sum(max(sum(ids.values()) for ids in kinds.values()) for kinds in amounts.values())
