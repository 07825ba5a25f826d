"""Whatever an account holds, each rule says of it what the reference evaluator says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rules.build import build_book
from rules.engine.pool import EnginePool
from rules.pieces import MAX_FACTS
from rules.reference import Fact, Facts
from rules.tree import MAX_TEXT_BYTES, Scalar
from tests.rules.defects import ORDER, agree, deal, fired, problems, rule, ticket

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[EnginePool]:
    """A worker as it is run."""
    async with EnginePool(1, 20.0) as workers:
        yield workers


def _deals(*deals: Fact) -> list[Fact]:
    return [{"id": f"d{number}", **fact} for number, fact in enumerate(deals)]


async def test_defect_6_accounts_without_facts(engine: EnginePool) -> None:
    rules = [
        rule("deals", deal()),
        rule("nothing", {"account": {}}, {"none": {"deal": {}}}),
        rule("join", deal(), ticket(age_days={"gt": "$d.age_days"})),
    ]
    accounts: dict[str, Facts] = {
        "no kinds": {},
        "empty kinds": {"deal": [], "ticket": []},
        "no fields": {"deal": [{"id": "d"}]},
        "others": {"contact": [{"id": "c"}]},
        "account": {"account": [{"id": "a"}], "deal": []},
    }
    matches = await agree(engine, rules, accounts)
    assert [fired(matches[name]) for name in accounts] == [[], [], ["deals"], [], ["nothing"]]


async def test_defect_11_ids_of_one_hash_are_two_facts_and_do_not_join(engine: EnginePool) -> None:
    rules = [
        rule("deals", deal()),
        rule("of", {"contract": {"as": "c"}}, deal(contract_id={"eq": "$c.id"})),
        rule("others", {"contract": {"as": "c"}}, deal(contract_id={"ne": "$c.id"})),
        rule("named", deal(name={"eq": "costarring"})),
    ]
    names = ("costarring", "liquid", "declinate", "macallums")
    accounts: dict[str, Facts] = {
        name: {
            "contract": [{"id": other} for other in names],
            "deal": [{"id": other, "contract_id": other, "name": other} for other in names],
        }
        for name in names
    }
    matches = await agree(engine, rules, accounts)
    for name in names:
        assert fired(matches[name]) == ["deals"] * 4 + ["named"] + ["of"] * 4 + ["others"] * 12


async def test_defect_11_facts_of_two_kinds_may_have_one_id(engine: EnginePool) -> None:
    rules = [rule("both", deal(), ticket(id={"eq": "$d.id"})), rule("deal", deal()), rule("ticket", ticket())]
    matches = await agree(engine, rules, {"a": {"deal": [{"id": "one"}], "ticket": [{"id": "one"}]}})
    assert fired(matches["a"]) == ["both", "deal", "ticket"]


NUMBERS: tuple[Scalar, ...] = (
    1e16, -1e16, 1e22, 1e300, float("inf"), float("-inf"), float("nan"), 2**53, 2**63, -(2**63), 2**64,
    10**30, 10**400, 1e-07, -1e-07, 5e-324, 0.0001, 0.00014, 2**53 - 1, 1 - 2**53, 3.0, 1 / 3, -0.0,
)  # fmt: skip


async def test_defect_13_numbers_that_the_engine_cannot_read(engine: EnginePool) -> None:
    rules = [
        rule(f"{op}-{n}", deal(pushes={op: number})) for op in ORDER for n, number in enumerate((0, 1, 3.5))
    ]
    rules += [rule(f"join-{op}", deal(), ticket(severity_rank={op: "$d.pushes"})) for op in ORDER]
    rules.append(rule("missing", deal(pushes={"is_null": True})))
    between: list[Fact] = [{"pushes": each} for number in NUMBERS for each in (number, 3)]
    accounts: dict[str, Facts] = {
        "all": {"deal": _deals(*between), "ticket": [{"id": "t", "severity_rank": 3}]},
        **{
            f"{n}": {"deal": _deals({"pushes": number}), "ticket": [{"id": "t", "severity_rank": number}]}
            for n, number in enumerate(NUMBERS)
        },
    }
    matches = await agree(engine, rules, accounts)
    assert fired(matches["all"]).count("join-eq") == len(NUMBERS) + 1
    assert fired(matches["all"]).count("missing") == 13


@pytest.mark.parametrize("number", [1e16, float("inf"), float("nan"), 2**53, 2**63, 10**30, 10**400])
async def test_defect_13_a_rule_with_such_a_number_is_refused(number: float) -> None:
    for op, value in (("gt", number), ("in", [1, number])):
        found = problems(rule("r", deal(pushes={op: value})))
        ((path, message),) = found.items()
        assert path.startswith(f"when.0.deal.where.pushes.{op}")
        assert "is too large; allowed: below 9007199254740992" in message


async def test_defect_13_a_number_of_thousands_of_digits_is_refused() -> None:
    found = problems(rule("r", deal(pushes={"gt": 10**5000}, amount={"gt": 10**5000})))
    assert set(found) == {"when.0.deal.where.pushes.gt", "when.0.deal.where.amount.gt"}


VALUES: tuple[Scalar, ...] = ("10", "5", "", "true", 0, 5, 5.0, 1, True, False)


async def test_defect_14_values_of_another_type_than_their_field(engine: EnginePool) -> None:
    rules = [
        *(rule(f"{op}-{n}", deal(pushes={op: n})) for op in ORDER for n in (0, 5)),
        *(rule(f"{op}-t{n}", deal(name={op: text})) for op in ORDER[:2] for n, text in enumerate(("5", ""))),
        *(rule(f"{op}-b", deal(is_open={op: True})) for op in ORDER[:2]),
        *(rule(f"join-{op}", deal(), ticket(severity_rank={op: "$d.pushes"})) for op in ORDER),
        *(rule(f"join-t-{op}", deal(), ticket(name={op: "$d.name"})) for op in ORDER[:2]),
        *(rule(f"join-b-{op}", deal(), ticket(is_open={op: "$d.is_open"})) for op in ORDER[:2]),
    ]
    accounts: dict[str, Facts] = {
        f"{one!r} {other!r}": {
            "deal": [{"id": "d", "pushes": one, "name": one, "is_open": one}],
            "ticket": [{"id": "t", "severity_rank": other, "name": other, "is_open": other}],
        }
        for one in VALUES
        for other in VALUES
    }
    matches = await agree(engine, rules, accounts)
    assert fired(matches["'10' '10'"]) == ["join-t-eq", "ne-t0", "ne-t1"]
    assert "join-eq" not in fired(matches["True 1"])
    assert "join-eq" in fired(matches["5 5.0"])


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("pushes", "5", "is not a number"),
        ("pushes", True, "is not a number"),
        ("name", 5, "is not text"),
        ("is_open", 1, "is not true or false"),
        ("is_open", "true", "is not true or false"),
        ("age_days", 1.0, "is not a whole number of days"),
    ],
)
async def test_defect_14_a_constant_of_another_type_is_refused(field: str, value: object, says: str) -> None:
    assert says in problems(rule("r", deal(**{field: {"eq": value}})))[f"when.0.deal.where.{field}.eq"]


async def test_defect_14_fields_of_two_types_are_not_compared() -> None:
    found = problems(rule("r", deal(), ticket(severity_rank={"eq": "$d.name"})))
    assert found == {"when.1.ticket.where.severity_rank.eq": "$d.name is string and severity_rank is number"}


TEXTS = (
    'q"uote',
    "back\\slash",
    "new\nline",
    "tab\t",
    "é",
    "e\u0301",
    "日本",
    "😀",
    "a'b",
    "\u2028",
    "\x01",
    " ",
    "",
)


async def test_defect_20_odd_characters_in_ids_and_values(engine: EnginePool) -> None:
    rules = [
        *(rule(f"r{number}", deal(name={"eq": text})) for number, text in enumerate(TEXTS)),
        rule("joined", {"contract": {"as": "c"}}, deal(contract_id={"eq": "$c.id"}, name={"eq": "$c.name"})),
    ]
    facts: Facts = {
        "contract": [{"id": f"c{text}", "name": text} for text in TEXTS],
        "deal": [{"id": f"d{text}", "contract_id": f"c{text}", "name": text} for text in TEXTS],
    }
    matches = await agree(engine, rules, dict.fromkeys(TEXTS, facts))
    for text in TEXTS:
        assert len(matches[text]) == 2 * len(TEXTS)
    assert {dict(match.facts)["d"] for match in matches[""]} == {f"d{text}" for text in TEXTS}


@pytest.mark.parametrize("text", ["nul\0", "\ud800", "x" * (MAX_TEXT_BYTES + 1), "x" * 65_536])
async def test_limit_text_that_the_engine_cannot_hold_is_missing_or_refused(
    engine: EnginePool, text: str
) -> None:
    rules = [
        rule("empty", deal(name={"eq": ""})),
        rule("other", deal(name={"ne": "x"})),
        rule("missing", deal(name={"is_null": True})),
        rule("joined", deal(), ticket(name={"eq": "$d.name"})),
    ]
    facts: Facts = {"deal": _deals({"name": text}, {"name": "y"}), "ticket": [{"id": "t", "name": text}]}
    matches = await agree(engine, rules, {"a": facts})
    assert fired(matches["a"]) == ["missing", "other"]
    ((path, message),) = problems(rule("r", deal(name={"eq": text}))).items()
    assert path == "when.0.deal.where.name.eq"
    assert "cannot be compared; allowed: 8000 bytes of UTF-8 without NUL" in message


async def test_limit_the_longest_text_is_compared_whole(engine: EnginePool) -> None:
    long = "x" * MAX_TEXT_BYTES
    rules = [rule("same", deal(name={"eq": long})), rule("join", deal(), ticket(name={"eq": "$d.name"}))]
    facts: Facts = {
        "deal": _deals({"name": long}, {"name": f"{long[1:]}y"}),
        "ticket": [{"id": "t", "name": long}],
    }
    assert fired((await agree(engine, rules, {"a": facts}))["a"]) == ["join", "same"]


@pytest.mark.parametrize(
    "fact", [{"id": "nul\0"}, {"id": "x" * 65_536}, {"id": "d", "name": ["x"]}, {"name": "x"}]
)
async def test_trap_a_fact_without_an_id_or_of_lists_costs_its_account_alone(
    pool: EnginePool, fact: Fact
) -> None:
    book = build_book("b/1", [rule("all", deal()), rule("named", deal(name={"eq": "x"}))])
    before = pool.worker_pids()
    judged = await pool.judge(book, {"bad": {"deal": [fact]}, "good": {"deal": _deals({"name": "x"})}})
    assert pool.worker_pids() == before
    assert judged["bad"].error
    assert fired(set(judged["good"].matches)) == ["all", "named"]


async def test_defect_19_eighty_of_each_of_three_kinds(pool: EnginePool) -> None:
    kinds = ("deal", "ticket", "signal")
    rules = [
        rule(
            "few",
            deal(),
            ticket(age_days={"eq": "$d.age_days"}),
            {"signal": {"where": {"age_days": {"eq": "$d.age_days"}}}},
        ),
        rule("old", deal(age_days={"gte": 40})),
    ]
    facts: Facts = {kind: [{"id": f"{kind}{n}", "age_days": n} for n in range(80)] for kind in kinds}
    matches = await agree(pool, rules, {"crowd": facts, "one": {"deal": [{"id": "d", "age_days": 50}]}})
    assert fired(matches["crowd"]) == ["few"] * 80 + ["old"] * 40
    assert fired(matches["one"]) == ["old"]


async def test_limit_more_facts_than_a_batch_takes(engine: EnginePool) -> None:
    rules = [rule("old", deal(age_days={"gte": 10})), rule("same", deal(), ticket(name={"eq": "$d.name"}))]
    many = range(2 * MAX_FACTS)
    facts: Facts = {
        "deal": [{"id": f"d{n}", "age_days": n, "name": f"n{n}"} for n in many],
        "ticket": [{"id": f"t{n}", "name": f"n{n}"} for n in range(5)],
    }
    matches = await agree(engine, rules, {"big": facts})
    assert fired(matches["big"]) == ["old"] * (len(many) - 10) + ["same"] * 5
