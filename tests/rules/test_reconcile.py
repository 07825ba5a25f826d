"""What stands is compared with what holds: it opens, is refreshed, lapses and re-opens, and settles."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.recommendations import Recommendation, RecommendationState, Risk, RiskState
from models.severity import Severity
from rules.build import build_rule
from rules.explain import Verdict
from rules.reconcile import Decision, Identity, Standing, Step, Values, due_on, reconcile

DAY = date(2026, 3, 1)


def _verdict(subject: str) -> Verdict:
    rule, _ = build_rule(
        {
            "key": "old",
            "title": "old",
            "when": [{"deal": {"as": "d", "where": {"age_days": {"gt": 90}}}}],
            "then": [{"recommend": {"action": "LOOK", "because": "old", "due_in_days": 7}}],
        }
    )
    assert rule
    return Verdict(rule, "mine/1", "acc", subject, subject, False, "old", (), 100, "old", ())


def _values(as_of: date, worth: int = 100) -> Values:
    return {"title": "old", "last_seen_on": as_of, "value_minor": worth}


def _holding(as_of: date, *subjects: str, worth: int = 100) -> dict[Identity, tuple[Verdict, Values]]:
    return {("old", subject): (_verdict(subject), _values(as_of, worth)) for subject in subjects}


def _carried_out(rows: list[Standing], decisions: list[Decision], as_of: date) -> list[Standing]:
    """The rows after the decisions, as the command would leave them."""
    for decision in decisions:
        if decision.standing is None:
            assert decision.verdict
            row = Recommendation(
                id=Recommendation.make_id(),
                rule_key="old",
                subject_key=decision.verdict.subject_key,
                held_since=as_of,
                due_on=due_on(decision.verdict, as_of),
                **decision.values,
            )
            rows.append(row)
        else:
            decision.standing.update_from_dict(dict(decision.values))
    return rows


def _run(rows: list[Standing], as_of: date, *subjects: str, worth: int = 100) -> Counter[Step]:
    decisions = reconcile(rows, _holding(as_of, *subjects, worth=worth), as_of)
    _carried_out(rows, decisions, as_of)
    return Counter(decision.step for decision in decisions)


def test_what_holds_opens_and_what_ceases_lapses_and_what_returns_reopens() -> None:
    rows: list[Standing] = []
    assert _run(rows, DAY, "d1", "d2") == {Step.OPENED: 2}
    assert _run(rows, DAY, "d1", "d2") == {Step.UNCHANGED: 2}
    later = DAY + timedelta(days=1)
    assert _run(rows, later, "d1") == {Step.REFRESHED: 1, Step.LAPSED: 1}
    gone = next(row for row in rows if row.subject_key == "d2")
    assert (gone.state, gone.lapsed_on) == (RecommendationState.LAPSED, later)
    last = later + timedelta(days=1)
    assert _run(rows, last, "d1", "d2") == {Step.REFRESHED: 1, Step.REOPENED: 1}
    assert (gone.state, gone.lapsed_on, gone.held_since, gone.reopened_count) == (
        RecommendationState.OPEN,
        None,
        last,
        1,
    )


@pytest.mark.parametrize(
    "state", [RecommendationState.ACCEPTED, RecommendationState.DISMISSED, RecommendationState.DONE]
)
def test_peoples_answers_stay_while_the_condition_lasts(state: RecommendationState) -> None:
    rows: list[Standing] = []
    _run(rows, DAY, "d1")
    rows[0].state = state
    _run(rows, DAY + timedelta(days=1), "d1", worth=200)
    assert rows[0].state == state


@pytest.mark.parametrize("state", [RecommendationState.DISMISSED, RecommendationState.DONE])
def test_what_was_answered_comes_back_only_after_its_condition_had_ended(state: RecommendationState) -> None:
    rows: list[Standing] = []
    _run(rows, DAY, "d1")
    rows[0].state = state
    _run(rows, DAY + timedelta(days=1))
    assert rows[0].state == state
    assert _run(rows, DAY + timedelta(days=2), "d1") == {Step.REOPENED: 1}
    assert rows[0].state == RecommendationState.OPEN


def test_a_snooze_ends_on_its_day() -> None:
    rows: list[Standing] = []
    _run(rows, DAY, "d1")
    until = DAY + timedelta(days=3)
    rows[0].update_from_dict({"state": RecommendationState.SNOOZED, "snoozed_until": until})
    _run(rows, until - timedelta(days=1), "d1")
    assert rows[0].state.value == "SNOOZED"
    assert _run(rows, until, "d1") == {Step.REOPENED: 1}
    assert rows[0].state.value == "OPEN"


def test_a_mitigated_risk_stays_mitigated() -> None:
    risk = Risk(
        id="r",
        rule_key="old",
        subject_key="d1",
        held_since=DAY,
        state=RiskState.MITIGATED,
        severity=Severity.LOW,
    )
    (ceased,) = reconcile([risk], {}, DAY)
    assert ceased.step is Step.LAPSED
    assert "state" not in ceased.values


SUBJECTS = st.sets(st.sampled_from(["d1", "d2", "d3", "d4"]))


@given(st.lists(st.tuples(SUBJECTS, st.integers(0, 3), st.integers(1, 3)), min_size=1, max_size=8))
def test_a_second_evaluation_of_the_same_facts_changes_nothing(
    history: list[tuple[set[str], int, int]],
) -> None:
    rows: list[Standing] = []
    as_of = DAY
    for subjects, days, worth in history:
        as_of += timedelta(days=days)
        _run(rows, as_of, *sorted(subjects), worth=worth)
        again = reconcile(rows, _holding(as_of, *sorted(subjects), worth=worth), as_of)
        assert {decision.step for decision in again} <= {Step.UNCHANGED}
        standing = {row.subject_key for row in rows if row.lapsed_on is None}
        assert standing == subjects
        assert len({row.subject_key for row in rows}) == len(rows)
