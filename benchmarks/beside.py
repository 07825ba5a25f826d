"""Our judging beside other engines: the same book, and the same facts of the same accounts."""

from __future__ import annotations

import asyncio
import importlib.util
import statistics
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from benchmarks.altered import altered, understood
from benchmarks.engines.spread import Engine, Makes, halves
from benchmarks.engines.translated import Found, Untranslatable
from benchmarks.live import REPEATS, Result, live, timed
from benchmarks.portfolio import DAY
from commands import evaluations, rulebooks, scopes
from rules.engine.pool import EnginePool, Verdicts
from rules.facts import gather
from rules.needs import needs
from rules.reference import Facts, evaluate
from rules.tree import Book

#: A Java machine compiles what it runs often: before it is timed, each form runs for so many seconds.
WARM = 3.0
#: Threads of the Java machine, and accounts that share a session.
DROOLS_FORMS = ((1, 20), (2, 1), (2, 20), (2, 200), (2, 500))
INCLUDES = {
    "ours_from_database": (
        "the whole path: candidates by SQL, facts read, matched, explained, settled in the database; median"
        " of 3 after the first. Other engines are compared with this, by which they gain: they get the facts"
        " from memory, and what they find is neither explained nor stored; but they match every account,"
        " and have no pre-filter"
    ),
    "ours_engine_alone": (
        "facts from memory, through the two workers and back; 'all': every account is matched;"
        " 'candidates': those that the pre-filter leaves, counted as all accounts, its SQL not in the time"
    ),
    "others": (
        "facts from memory; the rules compiled beforehand; handing the facts over, matching every account"
        " and taking the matches back; median of 3. The fastest of the forms that were measured counts, one"
        " in two processes or threads where that is faster, for ours has two workers. 'agrees': what is found"
        " is what the reference evaluator finds, and so it is of altered accounts, where every rule matches"
    ),
    "clips": (
        "'public functions' are clipspy's, 'C functions' those underneath; 200 accounts a working memory;"
        " of two processes each has half of the accounts in its memory already"
    ),
    "zen": "as JSON, 200 accounts a call, joins in its expression language; two processes as with clips",
    "drools": (
        "as JSON, a thousand accounts a text, into typed objects; executable model; the Java machine warm."
        " accounts_per_second_inside_jvm: the objects are there already; the fastest form by that"
    ),
}


@dataclass(frozen=True)
class Gathered:
    """The book, every account's facts, some altered, and what the reference evaluator says of them."""

    book: Book
    facts: dict[str, Facts]
    expected: Found
    altered: dict[str, Facts]
    understood: Found


def beside(url: str, accounts: int) -> Result:
    """Ours first; then, with the database closed, each of the others."""
    result, gathered = asyncio.run(_ours(url, accounts))
    peers = {"clips": _clips, "zen": _zen, "drools": _drools}  # the Java machine last: processes fork before
    for name, measure in peers.items():
        try:
            told = measure(gathered)
        except (Untranslatable, OSError, subprocess.CalledProcessError, RuntimeError) as error:
            told = f"failed: {error}"
        result[name] = told
    return result


async def _ours(url: str, accounts: int) -> tuple[Result, Gathered]:
    async with live(url) as (actor, engine):
        runs = [await evaluations.evaluate(actor, engine, DAY) for _ in range(1 + REPEATS)]
        book = await rulebooks.active_book(actor)
        facts = await gather(actor.tenant_id, await scopes.answered_for(actor, DAY), DAY, needs(book))
        left = set((await scopes.whole(actor, DAY, book)).ids)
        expected = {(match.rule, key) for key, of in facts.items() for match in evaluate(book.rules, of)}
        every, matched = await _alone(engine, book, facts)
        some, of_some = await _alone(engine, book, {key: of for key, of in facts.items() if key in left})
    seconds = statistics.median(float(run.seconds or 0) for run in runs[1:])
    return {
        "accounts": accounts,
        "rules": len(book.rules),
        "matches": len(expected),
        "ours_from_database_accounts_per_second": round(accounts / seconds),
        "ours_from_database_accounts_per_second_first": round(accounts / float(runs[0].seconds or 1)),
        "ours_engine_alone_all_accounts_per_second": round(accounts / every),
        "ours_engine_alone_candidates_accounts_per_second": round(accounts / some),
        "ours_candidates": len(left),
        "ours_agrees_with_reference": matched == of_some == expected,
    }, Gathered(book, facts, expected, other := altered(facts), understood(book, other))


async def _alone(engine: EnginePool, book: Book, facts: dict[str, Facts]) -> tuple[float, Found]:
    """The median time of the workers on these facts, and what they find."""
    times, judged = [], Verdicts()
    for _ in range(REPEATS):
        began = time.perf_counter()
        judged = await engine.judge(book, facts)
        times.append(time.perf_counter() - began)
    found = {(match.rule, account) for account, verdict in judged.items() for match in verdict.matches}
    return statistics.median(times), found


def _clips(gathered: Gathered) -> Result | str:
    if importlib.util.find_spec("clips") is None:
        return "not installed"
    from benchmarks.engines.clips import Clips, ClipsInC

    return _in_processes(gathered, {"public functions": Clips, "C functions": ClipsInC})


def _zen(gathered: Gathered) -> Result | str:
    if importlib.util.find_spec("zen") is None:
        return "not installed"
    from benchmarks.engines.zen import Zen

    return _in_processes(gathered, {"decision graph": Zen})


def _in_processes(gathered: Gathered, ways: dict[str, Makes]) -> Result:
    """Each way in this process and in two."""
    forms: Result = {}
    for way, makes in ways.items():
        forms[f"{way}, 1 process"] = _direct(gathered, makes(gathered.book))
        with halves(makes, gathered.book, gathered.facts) as judge:
            forms[f"{way}, 2 processes"] = _form(gathered, judge)
    return _fastest(gathered, forms)


def _drools(gathered: Gathered) -> Result | str:
    from benchmarks.engines import drools

    if reason := drools.missing():
        return f"not installed: {reason}"
    forms: Result = {}
    with drools.compiled(gathered.book) as makes:
        for threads, together in DROOLS_FORMS:
            with closing(makes(threads, together)) as engine:
                engine.keep(gathered.facts)
                form = _direct(gathered, engine, WARM)
                inside = _form(gathered, engine.judge_kept, WARM)
            forms[f"{threads} threads, {together} accounts a session"] = form | {
                "accounts_per_second_inside_jvm": inside["accounts_per_second"],
                "agrees": form["agrees"] and inside["agrees"],
            }
    result = _fastest(gathered, forms)
    inside_jvm = max(form["accounts_per_second_inside_jvm"] for form in forms.values())
    return result | {"accounts_per_second_inside_jvm": inside_jvm}


def _direct(gathered: Gathered, engine: Engine, warm: float = 0.0) -> Result:
    """An engine in this process, asked of the altered accounts too."""
    form = _form(gathered, lambda: engine.judge(gathered.facts), warm)
    return form | _agreement(form["agrees"], engine.judge(gathered.altered), gathered.understood)


def _form(gathered: Gathered, judge: Callable[[], Found], warm: float = 0.0) -> Result:
    """How fast, and whether it finds what the reference finds; once before it is timed, at least."""
    began = time.perf_counter()
    judge()
    while time.perf_counter() - began < warm:
        judge()
    seconds, found = timed(judge)
    result: Result = {"accounts_per_second": round(len(gathered.facts) / seconds)}
    return result | _agreement(True, found, gathered.expected)


def _agreement(before: bool, found: Found, expected: Found) -> Result:
    if found == expected:
        return {"agrees": before}
    return {"agrees": False, "not_found": len(expected - found), "found_too_much": len(found - expected)}


def _fastest(gathered: Gathered, forms: Result) -> Result:
    form = max(forms, key=lambda each: int(forms[each]["accounts_per_second"]))
    return {
        "accounts_per_second": forms[form]["accounts_per_second"],
        "fastest_form": form,
        "agrees": all(each["agrees"] for each in forms.values()),
        "rules_told": len(gathered.book.rules),
        "forms": forms,
    }
