"""What is wrong with the installed durable_rules itself: without this, the tests of our guards prove little.

Each line is done in a process of its own, as its authors document it.
"""

from __future__ import annotations

import re
import signal

import pytest

from tests.rules import test_defects_facts, test_defects_limits, test_defects_rules, test_defects_workers
from tests.rules.defects import DEFECTS, child

TOOLS = """
import json, signal
import durable_rules_engine as engine

def load(**rules):
    return engine.create_ruleset("t", json.dumps(rules))

def put(handle, *facts):
    return send(handle, *({"id": f"f{n}", "sid": "s", **fact} for n, fact in enumerate(facts)))

def send(handle, *facts):
    return engine.assert_facts(handle, json.dumps(facts))[1]

def fired(handle, offset=1):
    found, started = [], engine.start_action_for_state(handle, offset)
    more = started and started[1]
    while more is not None:
        found += json.loads(more)
        more = engine.complete_and_start_action(handle, offset)
    return "".join(sorted(found))

def one(**condition):
    return {"all": [{"m": condition}]}

def join(*crossing):
    return {"all": [{"a": {"k": "a"}}, {"b": {"$and": [{"k": "b"}, *crossing]}}]}

def within(seconds):
    signal.setitimer(signal.ITIMER_REAL, seconds)

def megabytes():
    return int(open("/proc/self/statm").read().split()[1]) // 256

caught = one(_z=1)
"""
CRASH, HANG = -signal.SIGSEGV, -signal.SIGALRM
#: What is done, and what comes of it: what is printed, a part of the error, or how the process ends.
RAW: dict[str, tuple[str, str | int]] = {
    "1: a false comparison last": (
        'h = load(r=join({"$gt": {"x": {"a": "x"}}}))\n'
        'for _ in range(50): put(h, *({"k": k, "x": x} for x in range(20) for k in "ab")); fired(h);'
        ' engine.delete_state(h, "s")',
        CRASH,
    ),
    "6: an empty batch": ("fired(load(r=one(x=1)), send(load(r=one(x=1))))", CRASH),
    "6: an empty fact": ("send(load(r=one(x=1)), {})", CRASH),
    "6: an empty fact in the middle": (
        'within(0.3); put(load(r=one(x=1)), {"x": 1}); '
        'send(load(r=one(x=1)), {"id": "1", "x": 1}, {}, {"id": "2", "x": 1})',
        HANG,
    ),
    "7: a division by zero": (
        'put(load(r=one(**{"$gt": {"a": {"$div": {"$l": {"$m": "b"}, "$r": {"$m": "c"}}}}})),'
        ' {"a": 1, "b": 1, "c": 0})',
        -signal.SIGFPE,
    ),
    "8: a joined field that is missing": (
        'h = load(r=join({"$gt": {"x": {"a": "y"}}})); put(h, {"k": "a"}, {"k": "b", "x": 1}, {"k": "a"})',
        "error code: 311",
    ),
    "9: an or of which both hold": (
        'h = load(r=one(**{"$or": [{"x": 1}, {"y": 1}]})); put(h, {"x": 1, "y": 1}); print(fired(h))',
        "rr",
    ),
    "9: a group before 1 > 100": (
        'h = load(r=join({"$or": [{"p": 1}, {"p": 2}]}, {"$gt": {"x": {"a": "y"}}}, {"o": {"a": "o"}}))\n'
        'put(h, {"k": "a", "o": 1, "y": 100}, {"k": "b", "o": 1, "x": 1, "p": 1}); print(fired(h))',
        "r",
    ),
    "10: a none before what it looks for": (
        'h = load(r={"all": [{"a": {"k": "a"}}, {"b$not": {"k": "b"}}]}); put(h, {"k": "a"}, {"k": "b"});'
        " print(fired(h))",
        "r",
    ),
    "11: two ids of one hash": (
        'h = load(r=one(x=1)); put(h, {"id": "costarring", "x": 1}, {"id": "liquid", "x": 1});'
        " print(fired(h))",
        "r",
    ),
    "11: two sessions of one hash": (
        'h = load(r=join({"o": {"a": "o"}}))\n'
        'put(h, {"sid": "costarring", "k": "a", "o": 1}, {"sid": "liquid", "k": "b", "o": 1});'
        " print(fired(h))",
        "r",
    ),
    "11: two names of one hash": (
        'h = load(r=one(costarring=1)); put(h, {"liquid": 1}); print(fired(h))',
        "r",
    ),
    "13: a number with an exponent": (
        'h = load(r=one(**{"$ex": {"x": 1}})); put(h, {"x": 1.0}, {"x": 1e16}, {"x": 3}); print(fired(h))',
        "r",
    ),
    "14: '10' is less than 5": (
        'h = load(r=one(**{"$lt": {"x": 5}})); put(h, {"x": "10"}); print(fired(h))',
        "r",
    ),
    "15: 1 and 1.0": (
        'h = load(r=join({"x": {"a": "x"}}), z=caught); put(h, {"k": "a", "x": 1}, {"k": "b", "x": 1.0},'
        ' {"_z": 1}); print(fired(h))',
        "z",
    ),
    "16: a*+": ('within(0.3); load(r=one(**{"$mt": {"x": "a*+"}}))', HANG),
    "17: 1,025 sessions": (
        'h = load(r=one(x=1))\nfor n in range(1025): send(h, {"id": "1", "sid": str(n), "x": 1})',
        "MemoryError",
    ),
    "17: 70 conditions match a fact": (
        'put(load(**{f"r{n}": one(**{"$gt": {"x": n}}) for n in range(70)}), {"x": 1000})',
        "error code: 303",
    ),
    "17: 300 rules of one condition": (
        'load(**{f"r{n}": one(k="a") for n in range(300)})',
        "error code: 108",
    ),
    "17: 512 conditions": (
        'within(0.3); put(load(**{f"r{n}": one(k=f"a{n}") for n in range(512)}), {"k": "a5"})',
        HANG,
    ),
    "17: 17 patterns": (
        'put(load(r={"all": [{f"f{n}": {"k": n}} for n in range(17)]}), *({"k": n} for n in range(17)))',
        "error code: 304",
    ),
    "17: 32 comparisons of two facts": (
        'load(r=join(*({f"p{n}": {"a": f"p{n}"}} for n in range(32))))',
        "error code: 113",
    ),
    "17: 255 properties in the middle of a batch": (
        'h = load(r=one(x=1)); put(h, {"x": 1}, {"x": 1, **{f"p{n}": n for n in range(255)}}, {"x": 1});'
        " print(fired(h))",
        "r",
    ),
    "17: 255 properties at its beginning": (
        'h = load(r=one(x=1)); fired(h, put(h, {f"p{n}": n for n in range(255)}, {"x": 1}))',
        CRASH,
    ),
    "17: text of 65,536 bytes is empty": (
        'h = load(r=one(s="")); put(h, {"s": "h" * 65536}); print(fired(h))',
        "r",
    ),
    "17: 10**30 is 2**63 - 1": (
        "h = load(r=one(x=2**63 - 1)); put(h, {'x': 10**30}); print(fired(h))",
        "r",
    ),
    "17: priority 65,537 is 1": (
        'h = load(a=one(x=1) | {"pri": 2}, b=one(x=1) | {"pri": 65537}); put(h, {"x": 1});'
        " print(*json.loads(engine.start_action_for_state(h, 1)[1]))",
        "b",
    ),
    "18: handles that are dropped": (
        "before = megabytes()\n"
        'for _ in range(100): h = load(**{f"r{n}": one(**{"$gt": {"x": n}}) for n in range(30)});'
        ' put(h, {"x": 5}); fired(h)\n'
        "print(megabytes() - before > 30)",
        "True",
    ),
    "20: a quote in a session's name": (
        'h = load(r=one(x=1)); send(h, {"id": "1", "sid": \'a"b\', "x": 1}); engine.delete_state(h, \'a"b\')',
        "error code: 309",
    ),
    "21: deep JSON": (
        'engine.assert_fact(load(r=one(x=1)), \'{"id":"1","d":\' + "[" * 400000 + "]" * 400000 + "}")',
        CRASH,
    ),
    "21: a wrong offset": ("engine.start_action_for_state(load(r=one(x=1)), 100000)", CRASH),
    "an event is consumed once": (
        'h = load(a=one(x=1), b=one(x=1)); _, at = engine.assert_event(h, \'{"id":"1","sid":"s","x":1}\');'
        " print(fired(h, at))",
        "a",
    ),
    "facts of two kinds with one id": (
        'h = load(a=one(k="a"), b=one(k="b")); put(h, {"id": "1", "k": "a"}, {"id": "1", "k": "b"});'
        " print(fired(h))",
        "a",
    ),
    "what does not exist matches the session": (
        'h = load(r=one(**{"$nex": {"q": 1}})); put(h, {"k": 1, "q": 1}); print(fired(h))',
        "r",
    ),
    "null exists": ('h = load(r=one(**{"$ex": {"x": 1}})); put(h, {"x": None}); print(fired(h))', "r"),
    "a none that is first never fires": (
        'h = load(r={"all": [{"b$not": {"k": "b"}}, {"a": {"k": "a"}}]}, z=caught);'
        ' put(h, {"k": "a"}, {"_z": 1}); print(fired(h))',
        "z",
    ),
    "a count waits for more": ('h = load(r=one(k=1) | {"count": 3}); put(h, {"k": 1}); print(fired(h))', ""),
}


@pytest.mark.parametrize("what", RAW)
def test_the_installed_version_is_wrong_with(what: str) -> None:
    program, comes_of_it = RAW[what]
    done = child(TOOLS + program)
    if isinstance(comes_of_it, int):
        assert done.returncode == comes_of_it
    elif done.returncode:
        assert comes_of_it in done.stderr
    else:
        assert done.stdout.strip() == comes_of_it


def test_each_known_defect_has_a_test_of_our_guard() -> None:
    modules = (test_defects_rules, test_defects_limits, test_defects_facts, test_defects_workers)
    named = [re.match(r"test_defect_(\d+)_", name) for module in modules for name in vars(module)]
    guarded = {int(found[1]) for found in named if found}
    assert list(DEFECTS) == list(range(1, 23))
    assert sorted(guarded) == list(DEFECTS)
