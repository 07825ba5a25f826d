"""What the process has measured by now, as tests compare it before and after."""

from __future__ import annotations

from collections import Counter

from prometheus_client.registry import Collector


def counts(metric: Collector, label: str) -> Counter[str]:
    """How often something was counted or timed, by the values of a label."""
    found: Counter[str] = Counter()
    for family in metric.collect():
        ending = "_count" if family.type == "histogram" else "_total"
        for sample in family.samples:
            if sample.name == family.name + ending:
                found[sample.labels[label]] += int(sample.value)
    return found
