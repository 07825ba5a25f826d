"""Spans of what is going on, for OpenTelemetry; nothing secret or personal is in them.

Off, which it is unless a provider is given, a span costs next to nothing. The SDK is loaded only when spans
are sent somewhere: it is an extra (``pip install bellwether[tracing]``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import wraps
from typing import ParamSpec, TypeVar

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from models.errors import Invalid

P = ParamSpec("P")
T = TypeVar("T")
Attributes = Mapping[str, str | int]
SERVICE = "bellwether"

#: Where no span is made.
NOTHING = nullcontext(INVALID_SPAN)
_tracer: Tracer | None = None
_propagator = TraceContextTextMapPropagator()


def send_to(provider: TracerProvider | None) -> None:
    """Have spans made by a provider from now on; None: have none made."""
    global _tracer
    _tracer = provider.get_tracer(SERVICE) if provider else None


def is_on() -> bool:
    """Whether spans are made."""
    return _tracer is not None


def is_recorded() -> bool:
    """Whether what goes on now is part of a span that is kept."""
    return _tracer is not None and trace.get_current_span().is_recording()


def trace_id() -> str:
    """The id of the trace that what goes on now belongs to; empty where there is none."""
    found = trace.get_current_span().get_span_context().trace_id if _tracer else 0
    return f"{found:032x}" if found else ""


def span(
    name: str,
    attributes: Attributes | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    caller: Context | None = None,
) -> AbstractContextManager[Span]:
    """A span around the block, below the one that it is in or below a ``caller``'s."""
    if _tracer is None:
        return NOTHING
    return _recorded(_tracer, name, attributes, kind, caller)


@contextmanager
def _recorded(
    tracer: Tracer, name: str, attributes: Attributes | None, kind: SpanKind, caller: Context | None
) -> Iterator[Span]:
    """Of an error its class alone is told: its text may quote what was sent."""
    with tracer.start_as_current_span(
        name, caller, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as made:
        try:
            yield made
        except BaseException as error:
            made.set_attribute("error.type", type(error).__qualname__)
            made.set_status(StatusCode.ERROR)
            raise


def traced(
    name: str,
) -> Callable[[Callable[P, Coroutine[None, None, T]]], Callable[P, Coroutine[None, None, T]]]:
    """Have a span around every call of a coroutine function."""

    def around(function: Callable[P, Coroutine[None, None, T]]) -> Callable[P, Coroutine[None, None, T]]:
        @wraps(function)
        async def called(*args: P.args, **kwargs: P.kwargs) -> T:
            with span(name):
                return await function(*args, **kwargs)

        return called

    return around


def caller(traceparent: str) -> Context:
    """The span that a caller names in W3C's form, as what spans may be below; nothing else is taken over."""
    return _propagator.extract({"traceparent": traceparent}, Context())


@asynccontextmanager
async def exported(endpoint: str, version: str) -> AsyncIterator[None]:
    """Send spans to an OpenTelemetry collector (OTLP over HTTP) for the length of the block; empty: none.

    What the standard variables ``OTEL_…`` say of sampling, headers, limits and resources counts.

    Raises:
        Invalid: what sends spans is not installed.
    """
    if not endpoint:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk import resources
        from opentelemetry.sdk.trace import TracerProvider as Provider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise Invalid(
            "traces are sent by packages that are not installed; run: pip install 'bellwether[tracing]'",
            ["BELLWETHER_OTLP_ENDPOINT"],
        ) from error
    own = resources.Resource.create({"service.name": SERVICE, "service.version": version})
    provider = Provider(resource=own.merge(resources.OTELResourceDetector().detect()))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    send_to(provider)
    try:
        yield
    finally:
        send_to(None)
        await asyncio.to_thread(provider.shutdown)  # it sends what is left
