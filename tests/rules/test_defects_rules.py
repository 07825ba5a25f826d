"""Whatever a rule says, the engine is right about it or the rule is refused."""

from __future__ import annotations

from itertools import pairwise, permutations, product
from typing import Any

import pytest

from rules.build import build_book
from rules.durable import CATCH_ALL, MAX_PROPERTIES, Program
from rules.engine import gate
from rules.engine.pool import EnginePool
from rules.reference import Fact
from tests.rules.defects import ORDER, account, agree, deal, fired, patterns_of, problems, rule, ticket

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("op", ORDER)
async def test_defect_1_a_join_whose_last_comparison_is_false(engine: EnginePool, op: str) -> None:
    """What is read out of bounds may happen to be harmless, so how joins end is tested as well."""
    ages: list[Fact] = [{"age_days": age} for age in range(20)]
    join = rule("join", deal(), ticket(age_days={op: "$d.age_days"}))
    matches = await agree(engine, [join], {f"a{n}": account(ages[n:], ages[: n + 1]) for n in range(20)})
    assert len(matches["a19"]) == {"eq": 1, "ne": 19, "lt": 19, "lte": 20, "gt": 0, "gte": 1}[op]


async def test_defect_1_every_join_ends_with_a_comparison_that_is_true(engine: EnginePool) -> None:
    joins = [rule(op, deal(), ticket(name={"eq": "x"}, age_days={op: "$d.age_days"})) for op in ORDER]
    (shard,) = Program(build_book("b/1", joins).rules).shards
    for op in range(len(ORDER)):
        (pattern,) = patterns_of(shard)[f"r{op}"][1].values()
        assert pattern["$and"][-1] == {"_1": {"x0": "_1"}}


async def test_defect_7_a_division_by_zero_has_no_result(engine: EnginePool) -> None:
    rules = [
        rule("own", deal(**{"amount / weighted_amount": {"gte": 0}})),
        rule("none", deal(**{"amount / weighted_amount": {"is_null": True}})),
        rule("constant", deal(**{"amount / 0": {"lt": 5}})),
        rule("other", deal(), deal("e", amount={"gte": "$d.amount / ($d.pushes - 1)"})),
    ]
    deals: list[Fact] = [
        {"amount": 100, "weighted_amount": 0, "pushes": 1},
        {"amount": 100, "weighted_amount": 10, "pushes": 2},
    ]
    matches = await agree(engine, rules, {"a": account(deals, [])})
    assert fired(matches["a"]) == ["none", "other", "own"]


@pytest.mark.parametrize("text", ["1e999", "1e300 * 1e300", "-1e999"])
async def test_defect_7_arithmetic_beyond_every_bound_has_no_result(engine: EnginePool, text: str) -> None:
    rules = [
        rule("own", deal(**{f"amount * {text}": {"gt": 0}})),
        rule("none", deal(**{f"amount * {text}": {"is_null": True}})),
    ]
    matches = await agree(engine, rules, {"a": account([{"amount": 5}], [])})
    assert fired(matches["a"]) == ["none"]


async def test_defect_8_a_joined_field_that_is_missing(engine: EnginePool) -> None:
    rules = [rule(op, deal(), ticket(age_days={op: "$d.age_days"})) for op in ORDER]
    rules += [rule("later", ticket()), rule("sum", deal(), ticket(age_days={"gt": "$d.age_days * 2 - 1"}))]
    some: list[Fact] = [{}, {"age_days": 3}, {}]
    accounts = {
        f"{n}-{m}": account(deals, tickets)
        for (n, deals), (m, tickets) in product(enumerate([[], some, some[:1]]), repeat=2)
    }
    matches = await agree(engine, rules, accounts)
    assert fired(matches["1-1"]) == ["eq", "gte", "later", "later", "later", "lte"]


async def test_defect_9_an_any_of_which_both_hold_matches_once(engine: EnginePool) -> None:
    either = [{"pushes": {"gt": 1}}, {"name": {"eq": "x"}}]
    rules = [
        rule("one", deal(any=either)),
        rule("two", deal(any=either, is_open={"eq": True}), ticket()),
        rule("tests", deal(), {"any": [{"ticket": {}}, {"deal": {"where": {"name": {"eq": "x"}}}}]}),
    ]
    matches = await agree(engine, rules, {"a": account([{"pushes": 2, "name": "x", "is_open": True}], [{}])})
    assert fired(matches["a"]) == ["one", "tests", "two"]


async def test_defect_9_a_group_beside_a_comparison_of_two_facts(engine: EnginePool) -> None:
    groups: list[dict[str, Any]] = [
        {quantifier: [{"severity_rank": {"gt": 0}}, {"severity_rank": {"lt": 3}}]}
        for quantifier in ("any", "all", "none")
    ]
    compared = {"age_days": {"gt": "$d.age_days"}}
    rules = [
        rule(f"r{order}-{n}", deal(), ticket(**(group | compared if order else compared | group)))
        for n, group in enumerate(groups)
        for order in range(2)
    ]
    tickets: list[Fact] = [{"age_days": 1, "severity_rank": 1}, {"age_days": 101, "severity_rank": 1}]
    matches = await agree(engine, rules, {"a": account([{"age_days": 100}], tickets)})
    assert {match.facts for match in matches["a"]} == {(("d", "d0"), ("t", "t1"))}


async def test_defect_9_other_facts_are_not_compared_in_groups() -> None:
    mixed = ticket(any=[{"severity_rank": {"eq": 1}}, {"age_days": {"eq": "$d.age_days"}}])
    found = problems(rule("r", deal(), mixed))
    says = "other facts are compared outside of all, any and none"
    assert found == {"when.1.ticket.where.any.1.age_days.eq": says}


async def test_defect_10_a_none_in_any_order_of_facts_and_clauses(engine: EnginePool) -> None:
    parts: tuple[dict[str, Any], ...] = (
        deal(age_days={"gt": 1}),
        {"none": {"ticket": {"where": {"severity": {"eq": "HIGH"}}}}},
        {"contract": {}},
    )
    rules = [rule("deals", deal())]
    rules += [rule(f"none-{n}", *order) for n, order in enumerate(permutations(parts))]
    about = {"none": {"ticket": {"where": {"age_days": {"gte": "$d.age_days"}}}}}
    rules.append(rule("about", deal(), about))
    facts = account([{"age_days": 2}, {"age_days": 5}], [{"severity": "HIGH", "age_days": 3}])
    facts["contract"] = [{"id": "c"}]
    accounts = {
        f"{n}-{kept}": {kind: facts[kind][:kept] if kind == "ticket" else facts[kind] for kind in order}
        for n, order in enumerate(permutations(facts))
        for kept in range(2)
    }
    matches = await agree(engine, rules, accounts)
    assert all(fired(matches[f"{n}-1"]) == ["about", "deals", "deals"] for n in range(6))
    assert all(len(matches[f"{n}-0"]) == 2 + 6 * 2 + 2 for n in range(6))


async def test_defect_11_concluded_fields_whose_names_have_one_hash(engine: EnginePool) -> None:
    """``n_qfqysx`` and ``n_tlauom`` have one hash, and so have the two kinds."""
    concluding = {
        kind: {"conclude": {"fact": kind, "with": {"qfqysx": "$d.pushes", "tlauom": "$d.probability"}}}
        for kind in ("costarring", "liquid")
    }
    rules = [
        *(rule(f"concludes-{kind}", deal(), then=(then,)) for kind, then in concluding.items()),
        rule("left", {"costarring": {"as": "x", "where": {"qfqysx": {"eq": 1}}}}),
        rule("right", {"costarring": {"as": "x", "where": {"tlauom": {"eq": 1}}}}),
        rule("both", {"liquid": {"as": "x", "where": {"qfqysx": {"eq": 1}, "tlauom": {"eq": 2}}}}),
    ]
    matches = await agree(engine, rules, {"a": account([{"pushes": 1, "probability": 2}], [])})
    assert fired(matches["a"]) == ["both", "concludes-costarring", "concludes-liquid", "left"]


async def test_defect_11_no_two_names_that_the_engine_is_told_have_one_hash() -> None:
    generated = {f"{tag}{number}" for tag in "nsbp" for number in range(MAX_PROPERTIES)}
    fixed = {"id", "sid", "_k", "_1", CATCH_ALL, "$s"}
    ids = {"fa", "fz", *(f"f{number}" for number in range(1_000))}
    assert len({_fnv1a(name) for name in generated | fixed}) == len(generated | fixed)
    assert len({_fnv1a(name) for name in ids}) == len(ids)


def _fnv1a(text: str) -> int:
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


async def test_defect_12_a_join_on_an_id(engine: EnginePool) -> None:
    rules = [
        rule("of", {"contract": {"as": "c"}}, deal(contract_id={"eq": "$c.id"})),
        rule("others", {"contract": {"as": "c"}}, deal(contract_id={"ne": "$c.id"})),
        rule("itself", deal(), deal("e", id={"ne": "$d.id"})),
    ]
    contracts: list[Fact] = [{"id": f"contract-{n}{'x' * n}"} for n in range(20)]
    deals: list[Fact] = [{"contract_id": fact["id"]} for fact in contracts]
    matches = await agree(engine, rules, {"a": {"contract": contracts, **account(deals, [])}})
    assert fired(matches["a"]).count("of") == 20
    (shard,) = Program(build_book("b/1", rules).rules).shards
    assert "'id'" not in str(shard.definition) and "'sid'" not in str(shard.definition)


async def test_defect_15_numbers_that_look_different_are_equal(engine: EnginePool) -> None:
    rules = [rule(op, deal(), ticket(severity_rank={op: "$d.pushes"})) for op in ORDER]
    numbers: list[int | float] = [1, 1.0, 2.5, 0.1 + 0.2, 0.3, -0.0, 0]
    deals: list[Fact] = [{"pushes": number} for number in numbers]
    tickets: list[Fact] = [{"severity_rank": number} for number in numbers]
    matches = await agree(engine, rules, {"a": account(deals, tickets)})
    pairs = {(m.facts[0][1], m.facts[1][1]) for m in matches["a"] if m.rule == "eq"}
    assert {("d0", "t1"), ("d1", "t0"), ("d5", "t6")} <= pairs
    assert ("d3", "t4") not in pairs
    (shard,) = Program(build_book("b/1", rules[:1]).rules).shards
    assert "$lte" in str(shard.definition) and "$gte" in str(shard.definition)


PATTERNS = ("a*+", "+++", "]?+", "(", "[", ".*", "^x", "x|y", "%d", "\\")


@pytest.mark.parametrize("op", ["contains", "starts_with"])
async def test_defect_16_what_looks_like_a_pattern_is_plain_text(engine: EnginePool, op: str) -> None:
    rules = [rule(f"r{number}", deal(name={op: text})) for number, text in enumerate(PATTERNS)]
    deals: list[Fact] = [{"name": f"{text} and more"} for text in PATTERNS]
    matches = await agree(engine, rules, {"a": account(deals, [])})
    assert fired(matches["a"]) == sorted(f"r{number}" for number in range(len(PATTERNS)))


async def test_defect_16_there_is_no_operator_for_patterns() -> None:
    found = problems(rule("r", deal(name={"matches": "a*+"})))
    assert "'contains'" in found["when.0.deal.where.name.matches.[key]"]


#: Documents that are deeper than any sound one, whose every level is what the key says.
DEEP = {"groups": "all", "tests": "none", "lists": ""}


@pytest.mark.parametrize("levels", [300, 100_000])
@pytest.mark.parametrize("of", DEEP)
async def test_defect_21_a_document_of_many_levels_is_refused(of: str, levels: int) -> None:
    inner: Any = {"deal": {}} if of == "tests" else {"amount": {"gt": 1}}
    for _ in range(levels):
        inner = [inner] if of == "lists" else {"none": inner} if of == "tests" else {"all": [inner]}
    document = {
        "groups": rule("r", {"deal": {"as": "d", "where": inner}}),
        "tests": rule("r", deal(), inner),
        "lists": rule("r", deal(amount={"in": inner})),
    }[of]
    found = problems(document)
    assert found and all(len(message) < 600 for message in found.values())
    assert any("maximum validation depth exceeded" in message for message in found.values())


async def test_defect_21_groups_and_tests_of_five_levels_are_refused() -> None:
    where: dict[str, Any] = {"amount": {"gt": 1}}
    clause: dict[str, Any] = {"deal": {}}
    for _ in range(5):
        where, clause = {"all": [where]}, {"none": clause}
    found = problems(rule("r", {"deal": {"as": "d", "where": where}}, clause))
    assert set(found.values()) == {
        "groups within groups; allowed: 4 levels",
        "tests within tests; allowed: 4 levels",
    }


async def test_defect_22_aliases_and_fields_of_any_name(engine: EnginePool) -> None:
    names = ("post", "s", "host", "id", "sid", "get_facts", "m", "z", "x0", "p0", "n0", "run", "all_")
    rules = [
        *(
            rule(f"r{n}", deal(one), ticket(two, age_days={"eq": f"${one}.age_days"}))
            for n, (one, two) in enumerate(pairwise(names))
        ),
        rule(
            "says",
            deal("s"),
            then=({"conclude": {"fact": "post", "with": dict.fromkeys(names[4:], "$s.name")}},),
        ),
        rule("sees", {"post": {"as": "host", "where": {name: {"eq": "x"} for name in names[4:]}}}),
    ]
    matches = await agree(engine, rules, {"a": account([{"age_days": 1, "name": "x"}], [{"age_days": 1}])})
    assert len(matches["a"]) == len(names) - 1 + 2
    then = ({"conclude": {"fact": "post", "with": {"id": "$d.name"}}},)
    assert "use another name" in problems(rule("r", deal(), then=then))["then.1.conclude.with.id"]


@pytest.mark.parametrize("name", ["$s", "_z", "a.b", "'", "x\0", "Post", ""])
async def test_defect_22_an_alias_is_a_plain_name(name: str) -> None:
    found = problems(rule("r", deal(name)))
    assert "should match pattern" in found["when.0.deal.as"]


async def test_the_gate_lets_a_book_of_all_that_is_risky_pass() -> None:
    book = build_book(
        "b/1",
        [
            rule("join", deal(), ticket(age_days={"gt": "$d.age_days"}, severity_rank={"eq": "$d.pushes"})),
            rule("any", deal(any=[{"pushes": {"gt": 1}}, {"name": {"contains": "a*+"}}])),
            rule("none", deal(), {"none": {"ticket": {"where": {"age_days": {"gt": "$d.age_days"}}}}}),
            rule("ratio", deal(**{"amount / weighted_amount": {"gte": 2}})),
            rule(
                "tiny",
                deal(pushes={"gt": 1e-07}),
                {"contract": {"where": {"monthly_recurring": {"lt": "0.01"}}}},
            ),
        ],
    )
    await gate.check(book, {"a": account([{"age_days": 1}], [{"age_days": 2}])}, 20.0)
