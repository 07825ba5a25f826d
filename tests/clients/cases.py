"""Random queries and mutations by schemathesis, each as somebody: every answer is data or coded errors.

The same seed asks the same; mutations are run, so that what is stored is soon in pieces.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import graphql
import requests
import schemathesis
from graphql.language.visitor import VisitorActionEnum
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from benchmarks.serving import Serving
from tests.clients import scalars
from tests.clients.report import Failed
from tests.clients.world import World

#: Who asks, besides somebody without a token.
ASKING = ("admin", "head", "director", "integration")
#: How pages are asked for; cursors are rarely good ones.
WAYS = (("first",), ("last",), ("first",), ("last",), ("first", "after"), ("last", "before"))
ERRORS = Path(__file__).parents[2] / "docs/errors.md"
#: Of those documented, the one that says that there is a bug.
BUG = "INTERNAL"
SECONDS = 30


@dataclass
class Asked:
    """What was asked so far: how often with which codes in the answer, and what was wrong."""

    world: World
    session: requests.Session = field(default_factory=requests.Session)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def ask(self, case: schemathesis.Case, who: str) -> None:
        """Send a case, and look at what comes back."""
        headers = {"Authorization": f"Bearer {self.world.tokens[who]}"} if who else {}
        response = case.call(session=self.session, headers=headers, timeout=SECONDS)
        codes = _codes(response.content)
        self.answers[", ".join(sorted(codes or ())) or "data alone"] += 1
        if response.status_code >= 500 or codes is None or codes - DOCUMENTED or BUG in codes:
            self.wrong.append(
                f"{who or 'nobody'}: {case.body}\n{response.status_code} {response.text[:2000]}"
            )


def check(server: Serving, world: World, cases: int, seed: int) -> list[str]:
    """Ask so many cases of everything in turn, and say how many it were.

    Raises:
        Failed: an answer is a 5xx, not of GraphQL's form, tells of a bug, or of an error not documented.
    """
    schema = schemathesis.graphql.from_url(f"{server.address}/graphql")
    operations = [each.ok() for each in schema.get_all_operations()]
    asked = Asked(world)
    for number, operation in enumerate(operations):
        scalars.register(world, operation.label)
        _ask(asked, operation, cases // len(operations) + (number < cases % len(operations)), seed)
    told = ", ".join(f"{name} {count:,}" for name, count in asked.answers.most_common())
    print(f"schemathesis, seed {seed}, {len(operations)} operations: {told}")
    if asked.wrong:
        raise Failed("\n\n".join([f"{len(asked.wrong)} cases", *asked.wrong]))
    return [f"{asked.answers.total():,} cases of schemathesis"]


def _ask(asked: Asked, operation: schemathesis.APIOperation, cases: int, number: int) -> None:
    """So many cases of one operation; one of twelve is against the schema."""
    right, wrong = operation.as_strategy(), operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @seed(number)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=scalars.seldom(right, wrong, 12),
        who=scalars.seldom(st.sampled_from(ASKING), st.just(""), 12),
        way=st.sampled_from(WAYS),
    )
    def each(case: schemathesis.Case, who: str, way: tuple[str, ...]) -> None:
        case.body = graphql.print_ast(graphql.visit(graphql.parse(case.body), _Pages(way)))
        asked.ask(case, who)

    each()


class _Pages(graphql.Visitor):
    """Leaves pages one way to go: schemathesis says all there is, and whoever goes both ways is refused."""

    def __init__(self, kept: tuple[str, ...]) -> None:
        super().__init__()
        self.left_out = {argument for way in WAYS for argument in way} - set(kept)

    def enter_argument(self, node: graphql.ArgumentNode, *_: object) -> VisitorActionEnum | None:
        return graphql.REMOVE if node.name.value in self.left_out else None


def _codes(body: bytes) -> set[str] | None:
    """The codes of the errors in an answer; None when it is none of GraphQL's."""
    try:
        content = json.loads(body)
        errors = content.get("errors", [])
        if not isinstance(content.get("data", {}), dict | None) or not ("data" in content or errors):
            return None
        return {error["extensions"]["code"] for error in errors if error["message"]}
    except (ValueError, AttributeError, KeyError, TypeError):
        return None


def _documented() -> frozenset[str]:
    return frozenset(re.findall(r"^\| `([A-Z_]+)` \|", ERRORS.read_text("utf-8"), re.MULTILINE))


DOCUMENTED = _documented()
