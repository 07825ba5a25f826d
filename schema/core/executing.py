"""Executing a query or mutation by resolvers, here or beside the server, and what comes of it as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from models.access import Actor
from models.statements import Count
from schema.context import Context
from schema.core.current import current
from schema.core.schema import Schema


@dataclass(frozen=True)
class Job:
    """An operation of a valid document; ``planned`` is the JSON of fields that are answered already."""

    text: str
    variables: Mapping[str, object]
    operation_name: str | None
    actor: Actor | None
    planned: Mapping[str, bytes]
    request_id: str


@dataclass(frozen=True)
class Executed:
    """The JSON of data and errors without its last brace; ``refused`` says whether nothing was run.

    ``codes`` are those of all errors, ``code`` that of the first one where there is no data; ``asked`` is
    what the database was asked elsewhere than here.
    """

    json: bytes
    codes: tuple[str, ...] = ()
    code: str | None = None
    refused: bool = False
    asked: Count = field(default_factory=Count)


class Beside(Protocol):
    """Where queries are executed that take long."""

    @property
    def is_open(self) -> bool:
        """Whether it takes any."""

    async def execute(self, job: Job) -> Executed | None:
        """What comes of one; None where it was lost, and is to be executed here."""


async def executed(schema: Schema, job: Job, context: Context) -> Executed:
    """What comes of an operation that is executed here."""
    context.planned = job.planned
    result = await schema.execute(job.text, dict(job.variables), context, operation_name=job.operation_name)
    errors = result.errors or []
    refused = result.data is None and bool(errors) and not any(error.path for error in errors)
    content: dict[str, object] = {} if refused else {"data": result.data}
    if errors:
        content["errors"] = [error.formatted for error in errors]
    codes = tuple(str((error.extensions or {}).get("code")) for error in errors)
    code = codes[0] if codes and result.data is None else None
    return Executed(orjson.dumps(content)[:-1], codes, code, refused)


async def executed_beside(beside: Beside, job: Job) -> Executed | None:
    """What comes of a query that is executed beside the server."""
    found = await beside.execute(job)
    if found is not None:
        about = current()
        about.codes += found.codes
        about.asked.statements += found.asked.statements
        about.asked.rows += found.asked.rows
    return found
