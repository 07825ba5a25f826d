"""Every play that a pack names is shipped, can be written, and is named."""

from __future__ import annotations

from collections import defaultdict

from commands.plays import MOST_DAYS
from models.plays import Play, PlayStep
from rules import packs
from rules.build import build_book
from rules.plays import library


def _actions() -> dict[str, set[str]]:
    """The actions that rules of the packs recommend, by the plays that they name."""
    found = defaultdict[str, set[str]](set)
    for name in packs.names():
        for rule in build_book(name, packs.load(name).rules).rules:
            if rule.advice and rule.advice.play:
                found[rule.advice.play].add(rule.advice.action)
    return found


def test_every_play_that_a_pack_names_is_shipped_and_every_one_shipped_is_named() -> None:
    actions = _actions()
    assert sorted(library()) == sorted(actions)
    for key, play in library().items():
        (action,) = actions[key] if len(actions[key]) == 1 else (None,)
        assert play.action == action, key


def test_plays_have_three_to_seven_steps_in_the_order_of_their_days() -> None:
    longest = PlayStep._meta.fields_map["text"].max_length  # type: ignore[attr-defined]
    for key, play in library().items():
        days = [step.after_days for step in play.steps]
        assert 3 <= len(days) <= 7, key
        assert days == sorted(days), key
        assert 0 <= days[0] <= days[-1] <= MOST_DAYS, key
        assert len(play.name) <= Play._meta.fields_map["name"].max_length, key  # type: ignore[attr-defined]
        assert all(0 < len(step.text) <= longest for step in play.steps), key
