"""Account reviews through GraphQL: the same files as the command writes, for whoever may have them."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from commands.account_review.content import Edition
from connectors.account_review import deck, document
from tests.door import door
from tests.reviews import DAY, SECRET, bare, told, world

GUIDE = Path(__file__).parents[2].joinpath("docs/account-review.md").read_text("utf-8")
REVIEW = """query Review($account: ID!, $edition: AccountReviewEdition!, $share: [ID!], $day: Date) {
  accountReview(accountId: $account, edition: $edition, share: $share, asOf: $day) {
    edition asOf firstOn lastOn missing
    deck: file(format: PPTX) { name mediaType size base64 }
    plan: file(format: DOCX) { name mediaType size base64 }
  }
}"""


def _asked(account_id: str, edition: str = "MANAGER", *share: str) -> dict[str, object]:
    return {"account": account_id, "edition": edition, "share": list(share), "day": DAY.isoformat()}


async def test_a_review_comes_as_the_command_writes_it(db: str) -> None:
    found = await world()
    async with door(found.director) as client:
        answer: Any = (await client.ask(REVIEW, _asked(found.account.id)))["accountReview"]
        shared: Any = await client.ask(REVIEW, _asked(found.account.id, "CUSTOMER", found.goal.id))
    assert (answer["edition"], answer["firstOn"], answer["lastOn"]) == ("MANAGER", "2026-01-01", "2026-03-31")
    content = await found.content(Edition.MANAGER)
    for name, written in (("deck", deck.written), ("plan", document.written)):
        file = base64.b64decode(answer[name]["base64"], validate=True)
        assert file == written(content) and answer[name]["size"] == len(file)
    assert answer["deck"]["name"].startswith("review-internal-Größte-Überlandwerke-Süddeutschland-")
    assert shared["accountReview"]["deck"]["name"].startswith("review-customer-Größte-")
    assert answer["deck"]["name"].endswith(f"-{DAY}.pptx")
    assert answer["missing"] == list(content.missing)
    customers = told(base64.b64decode(shared["accountReview"]["deck"]["base64"]))
    assert found.goal.title in customers and SECRET not in customers


async def test_the_guide_shows_what_works(db: str) -> None:
    found = await bare()
    (query,) = re.findall(r"```graphql\n(.*?)```", GUIDE, re.DOTALL)
    async with door(found.director) as client:
        answer: Any = (await client.ask(query, {"account": found.account.id}))["accountReview"]
    assert base64.b64decode(answer["file"]["base64"]).startswith(b"PK") and answer["missing"]


async def test_what_is_refused_says_why(db: str) -> None:
    found, other = await bare(), await bare()
    async with door(found.director) as client:
        unseen = await client.answer(REVIEW, _asked(other.account.id))
        unplanned = await client.answer(REVIEW, _asked(found.account.id, "CUSTOMER", "pobj_x"))
        future = await client.answer(REVIEW, _asked(found.account.id) | {"day": "0001-01-01"})
    errors: Any = [each["errors"] for each in (unseen, unplanned, future)]
    assert [(each[0]["extensions"]["code"], len(each)) for each in errors] == [
        ("NOT_FOUND", 1), ("NOT_FOUND", 1), ("INVALID", 1),
    ]  # fmt: skip
    assert errors[1][0]["message"] == "no objective or action 'pobj_x': no plan of the account is followed"
