"""What is counted and timed of requests and operations, for Prometheus; each metric is of the whole process.

Labels have few values, and never a tenant, a person, the name of an operation or anything that a client
chose. What is measured elsewhere is declared there, and listed here for whoever collects it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.registry import Collector

from commands import runs
from models import statements

#: What stands for the code of an operation that is no GraphQL of this schema.
INVALID = "GRAPHQL_INVALID"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

REQUESTS = Histogram(
    "bellwether_http_request_seconds",
    "Seconds from a request to the end of its response, by method, route and status; 499: the caller left.",
    ["method", "route", "status"],
    buckets=_SECONDS,
    registry=None,
)
OPERATIONS = Histogram(
    "bellwether_operation_seconds",
    "Seconds that GraphQL operations took, by kind and by how they were answered.",
    ["kind", "answered"],
    buckets=_SECONDS,
    registry=None,
)
POINTS = Counter("bellwether_cost_points", "Points that operations which were run cost.", registry=None)
ERRORS = Counter(
    "bellwether_errors", "Errors that clients were told of, by their code.", ["code"], registry=None
)
REFUSALS = Counter(
    "bellwether_refusals",
    "GraphQL operations that were not run, by the limit that they exceed or else the code of their error.",
    ["reason"],
    registry=None,
)
SOCKETS = Gauge("bellwether_websocket_connections", "WebSockets that are open.", registry=None)
SUBSCRIPTIONS = Gauge("bellwether_subscriptions", "Subscriptions that are followed.", registry=None)
EVENTS = Counter(
    "bellwether_subscription_events",
    "Events for subscribers, by what became of them: sent, hidden (not theirs to see) or dropped (too slow).",
    ["outcome"],
    registry=None,
)

EVERYWHERE: tuple[Collector, ...] = (
    REQUESTS,
    OPERATIONS,
    POINTS,
    ERRORS,
    REFUSALS,
    SOCKETS,
    SUBSCRIPTIONS,
    EVENTS,
    statements.SECONDS,
    runs.SECONDS,
)


def requested(method: str, route: str, status: int, seconds: float) -> None:
    """A request was answered."""
    _request(method, route, status).observe(seconds)


def operated(kind: str, answered: str, seconds: float, points: int) -> None:
    """An operation was run, for so many points."""
    _operation(kind, answered).observe(seconds)
    POINTS.inc(points)


def refused(extensions: Mapping[str, object]) -> None:
    """An operation was not run, or not to its end, by an error with these extensions."""
    REFUSALS.labels(str(extensions.get("limit") or extensions.get("code") or INVALID)).inc()


@cache
def _request(method: str, route: str, status: int) -> Histogram:
    return REQUESTS.labels(method, route, str(status))


@cache
def _operation(kind: str, answered: str) -> Histogram:
    return OPERATIONS.labels(kind, answered)
