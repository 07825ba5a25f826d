"""GraphQL over HTTP: what a request asks and who is asking, and answers as responses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response

from models import outages
from models.database import is_unreachable
from models.errors import BellwetherError, Forbidden, Unauthenticated, Unavailable
from schema.context import Context
from schema.core import asked, media
from schema.core.answering import METHOD_NOT_ALLOWED, RATE_LIMITED, TIMEOUT, Answer, Answering
from schema.core.asked import Asked, Malformed
from schema.core.credentials import Credentials
from schema.core.errors import UNREACHABLE
from schema.core.refusals import BAD_REQUEST, NOT_KEPT, refusal
from schema.core.sending import Sliced

#: Makes the context of a request from what it says of who is asking.
Enter = Callable[[Credentials], Awaitable[Context]]
#: The statuses of answers without data, by the code of their first error, in either form. Any other is told
#: with status 200 as ``application/json``, and with 400 as ``application/graphql-response+json`` where
#: nothing was run.
STATUSES = {
    BAD_REQUEST: 400,
    Unauthenticated.code: 401,
    METHOD_NOT_ALLOWED: 405,
    RATE_LIMITED: 429,
    UNREACHABLE.code: 503,
    TIMEOUT: 503,
}
_HEADERS: Mapping[int, dict[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    405: {"Allow": "POST"},
    503: {"Retry-After": "5"},
}


class Endpoint:
    """Answers GraphQL requests by POST and, where they only read, by GET."""

    def __init__(self, answering: Answering, enter: Enter, max_batch: int) -> None:
        self.answering = answering
        self.enter = enter
        self.max_batch = max_batch

    async def answer(self, request: Request) -> Response:
        """The response to a request, whatever it is."""
        form = media.wanted(request.headers.get("accept", ""))
        if form is None:
            return refusal(406, "NOT_ACCEPTABLE", f"answers are {media.JSON} or {media.GRAPHQL}")
        try:
            context = await self.enter(Credentials.of(request.headers))
            return await self._answer(request, context, form)
        except Malformed as error:
            return refusal(error.status, BAD_REQUEST, str(error), media=form)
        except Unauthenticated as error:
            return refusal(401, error.code, error.message, _HEADERS[401], form)
        except Forbidden as error:
            return refusal(403, error.code, error.message, media=form)
        except Unavailable as error:
            return refusal(503, error.code, error.message, _HEADERS[503], form)
        except Exception as error:
            if not is_unreachable(error):
                raise
            outages.noted(error)
            return refusal(503, UNREACHABLE.code, UNREACHABLE.message, _HEADERS[503], form)

    async def _answer(self, request: Request, context: Context, form: str) -> Response:
        wanted = await self._asked(request)
        host = request.client.host if request.client else ""
        answers = [
            await self.answering.answer(each, context, host, reads_only=request.method != "POST")
            for each in (wanted if isinstance(wanted, list) else [wanted])
        ]
        if not isinstance(wanted, list):
            return as_response(answers[0], form)
        body = b"[" + b",".join(each.body for each in answers) + b"]"
        return as_response(Answer(body, answers[-1].allowance), form)

    async def _asked(self, request: Request) -> Asked | list[Asked]:
        if request.method != "POST":
            return asked.in_url(request.query_params)
        if not media.is_json(request.headers.get("content-type", "")):
            raise Malformed(f"the body is sent as {media.JSON}, in UTF-8", 415)
        found = asked.in_body(await request.body())
        if isinstance(found, list) and not 0 < len(found) <= self.max_batch:
            allowed = f"1 to {self.max_batch}" if self.max_batch else "none"
            raise Malformed(f"the body is a batch of {len(found):,} requests; allowed: {allowed}")
        return found

    async def answered_by_plan(self, body: bytes, headers: Mapping[str, str]) -> Answer | None:
        """The answer to a query that a plan answers whole; None for anything else, and nothing is told."""
        try:
            wanted = asked.in_body(body)
            if isinstance(wanted, list):
                return None
            context = await self.enter(Credentials.of(headers))
            return await self.answering.answer_by_plan(wanted, context)
        except (Malformed, GraphQLError, BellwetherError):
            return None
        except Exception as error:
            if not is_unreachable(error):
                raise
            return None


def as_response(answer: Answer, form: str) -> Response:
    """An answer in a form, with the headers that belong to it."""
    otherwise = 400 if answer.refused and form == media.GRAPHQL else 200
    status = STATUSES.get(answer.code or "", otherwise)
    headers = NOT_KEPT | _HEADERS.get(status, {}) | answer.allowance.headers()
    return Sliced(answer.body, status, headers, f"{form}; charset=utf-8")
