"""Discount, floor and margin of rounds, worked by hand, and that steps of a negotiation add up."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.bids import (
    Change,
    Offer,
    above_floor,
    change,
    discount,
    floor_discount,
    held_by,
    hundredths,
    margin,
    negotiated,
)
from models.bids import BidRound

MINOR = st.integers(0, 2**53 - 1)
OFFERS = st.builds(Offer, st.integers(1, 2**53 - 1), st.none() | MINOR, MINOR, st.none() | MINOR)


def test_a_round_by_hand() -> None:
    """1,000.00 by list, floor 850.00, offered 900.00, cost 600.00: 10 % off, 50.00 above, a third is left."""
    offer = Offer(1_000_00, 850_00, 900_00, 600_00)
    assert discount(offer) == Fraction(1, 10)
    assert above_floor(offer) == 50_00
    assert floor_discount(offer) == Fraction(-1, 17)  # 50.00 more than 850.00
    assert margin(offer) == Fraction(1, 3)


def test_a_round_below_the_floor_and_at_a_loss_by_hand() -> None:
    """1,000.00 by list, floor 850, offered 800, cost 1,000: 20 % off, 50 below, a quarter lost."""
    offer = Offer(1_000_00, 850_00, 800_00, 1_000_00)
    assert discount(offer) == Fraction(1, 5)
    assert above_floor(offer) == -50_00
    assert floor_discount(offer) == Fraction(1, 17)
    assert margin(offer) == Fraction(-1, 4)


def test_more_than_the_list_is_no_discount() -> None:
    assert discount(Offer(1_000_00, None, 1_100_00, None)) == Fraction(-1, 10)


@pytest.mark.parametrize(
    "offer", [Offer(1_000_00, None, 900_00, None), Offer(1_000_00, None, 0, 600_00)], ids=["cost", "offer"]
)
def test_there_is_no_margin_without_a_cost_or_of_nothing(offer: Offer) -> None:
    assert margin(offer) is None
    assert above_floor(offer) is None
    assert floor_discount(offer) is None


def test_there_is_no_discount_against_nothing() -> None:
    assert discount(Offer(0, None, 900_00, None)) is None


def test_a_negotiation_by_hand() -> None:
    """Offered 1,000.00, 900.00, 800.00 of a list of 1,000.00, at a cost of 600.00, 600.00 and 500.00.

    Margins are 2/5, 1/3 and 3/8: the second round takes 1/15, the third gives 1/24 back; in all 1/40 is lost.
    """
    offers = [
        Offer(1_000_00, None, 1_000_00, 600_00),
        Offer(1_000_00, None, 900_00, 600_00),
        Offer(1_000_00, None, 800_00, 500_00),
    ]
    assert change(None, offers[0]) is None
    assert change(offers[0], offers[1]) == Change(-100_00, Fraction(1, 10), Fraction(-1, 15))
    assert change(offers[1], offers[2]) == Change(-100_00, Fraction(1, 10), Fraction(1, 24))
    assert negotiated(offers) == Change(-200_00, Fraction(1, 5), Fraction(-1, 40))


def test_a_negotiation_as_of_a_day_has_the_rounds_that_had_been_held_by_its_end() -> None:
    """Offered 1,000.00 on the 1st, 900.00 and 880.00 on the 3rd: until the 2nd there is no negotiation."""
    days = (date(2026, 3, 1), date(2026, 3, 3), date(2026, 3, 3))
    rounds = [
        BidRound(number=number, held_on=day, listed_minor=1_000_00, offered_minor=offered)
        for number, (day, offered) in enumerate(zip(days, (1_000_00, 900_00, 880_00), strict=True), 1)
    ]
    shuffled = [rounds[2], rounds[0], rounds[1]]
    found = [held_by(shuffled, date(2026, 2, 28) + timedelta(days=days)) for days in range(4)]
    assert [[each.number for each in of] for of in found] == [[], [1], [1], [1, 2, 3]]
    assert negotiated([Offer.of(each) for each in found[2]]) is None
    assert negotiated([Offer.of(each) for each in found[3]]) == Change(-120_00, Fraction(3, 25), None)


def test_there_is_no_discount_against_a_floor_of_nothing() -> None:
    assert floor_discount(Offer(1_000_00, 0, 900_00, None)) is None
    assert above_floor(Offer(1_000_00, 0, 900_00, None)) == 900_00


def test_one_round_is_no_negotiation() -> None:
    assert negotiated([]) is None
    assert negotiated([Offer(1_000_00, None, 900_00, None)]) is None


def test_a_margin_that_is_not_known_leaves_its_change_unknown() -> None:
    found = change(Offer(1_000_00, None, 900_00, None), Offer(1_000_00, None, 800_00, 600_00))
    assert found == Change(-100_00, Fraction(1, 10), None)


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (Fraction(1, 8), 1_250),
        (Fraction(1, 3), 3_333),
        (Fraction(-1, 15), -667),
        (Fraction(25, 200_000), 1),
        (Fraction(1, 20_000), 0),  # half of a hundredth, to even
        (Fraction(3, 20_000), 2),
    ],
)
def test_parts_are_shown_in_hundredths_of_a_percent(part: Fraction, shown: int) -> None:
    assert hundredths(part) == shown


@given(st.lists(OFFERS, min_size=2, max_size=8))
def test_what_each_round_changes_adds_up_to_what_the_negotiation_did(offers: list[Offer]) -> None:
    steps = [change(before, after) for before, after in pairwise(offers)]
    whole = negotiated(offers)
    assert whole is not None
    assert sum(step.tcv_minor for step in steps if step) == whole.tcv_minor
    assert sum(step.discount or 0 for step in steps if step) == whole.discount
    if all(margin(offer) is not None for offer in offers):
        assert sum(step.margin or 0 for step in steps if step) == whole.margin
