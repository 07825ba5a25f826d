"""How well wins are told from what is known when an opportunity enters, on a public list of outcomes."""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import exp

from benchmarks.histories import DATA, WIN_LOSS, Row
from metrics.forecasting.learning import Value, learn
from metrics.forecasting.record import brier, calibration_error

SEED, HELD_BACK, BINS = 7, 0.3, 10
NUMBER, RESULT, AMOUNT = "Opportunity Number", "Opportunity Result", "Opportunity Amount USD"
PAST, COMPETITOR, SIZE = (
    "Revenue From Client Past Two Years (USD)",
    "Competitor Type",
    "Deal Size Category (USD)",
)
#: What is said of an opportunity when it enters.
ENTRY = (
    "Supplies Group",
    "Supplies Subgroup",
    "Region",
    "Route To Market",
    "Client Size By Revenue (USD)",
    "Client Size By Employee Count",
    PAST,
    COMPETITOR,
    SIZE,
)


@dataclass(frozen=True)
class Told:
    """How well wins were told from one set of fields, on opportunities that were held back."""

    fields: str
    learned_from: int
    tested_on: int
    auc: float
    calibration_error: float
    brier: float


Amount = Callable[[Row], Value]


def recorded(row: Row) -> Value:
    """The amount as it is in the file."""
    return float(row[AMOUNT])


def one_digit(row: Row) -> Value:
    """The amount to its first digit: which does not tell whether it was a round one."""
    return float(f"{float(row[AMOUNT]):.0e}")


def told() -> list[Told]:
    """Each set of fields; the first is the one that the target is about."""
    found = read()
    without = [name for name in ENTRY if name != PAST]
    return [
        measured("entry fields, amount as recorded", found, ENTRY, recorded),
        measured("entry fields, amount to its first digit", found, ENTRY, one_digit),
        measured("entry fields, size category instead of the amount", found, ENTRY, None),
        measured("as the first, without revenue of the past two years", found, without, recorded),
    ]


def read() -> list[Row]:
    """The opportunities."""
    with gzip.open(DATA / WIN_LOSS / "opportunities.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def measured(name: str, found: list[Row], fields: tuple[str, ...] | list[str], amount: Amount | None) -> Told:
    """Learn from seven tenths of the opportunity numbers, and tell the others."""
    from sklearn.metrics import roc_auc_score

    held = held_back(found)
    train, test = ([row for row in found if (row[NUMBER] in held) is side] for side in (False, True))

    def features(row: Row) -> dict[str, Value]:
        known: dict[str, Value] = {field: row[field] or None for field in fields}
        return known | ({AMOUNT: amount(row)} if amount else {})

    learned = learn(
        [features(row) for row in train], [_won(row) for row in train], [row[NUMBER] for row in train]
    )
    odds = learned.log_odds([features(row) for row in test])[:, 0].tolist()
    stated, won = [_probability(each) for each in odds], [bool(_won(row)) for row in test]
    error = calibration_error(stated, won, BINS)
    squared = brier(stated, won)
    assert error is not None
    assert squared is not None
    print(f"win-loss, {name}", flush=True)
    return Told(name, len(train), len(test), float(roc_auc_score(won, stated)), error, squared)


def held_back(found: list[Row]) -> set[str]:
    """The opportunity numbers that are tested on: all rows of a number are on one side."""
    numbers = sorted({row[NUMBER] for row in found})
    random.Random(SEED).shuffle(numbers)
    return set(numbers[: round(len(numbers) * HELD_BACK)])


def round_amounts(found: list[Row]) -> dict[str, float]:
    """The share of amounts in whole thousands, among the won and the lost."""
    shares = {}
    for result in ("Won", "Loss"):
        amounts = [int(row[AMOUNT]) for row in found if row[RESULT] == result]
        shares[result] = sum(amount % 1000 == 0 for amount in amounts) / len(amounts)
    return shares


def document(told: list[Told], rounds: dict[str, float]) -> list[str]:
    """The part of the document."""
    return [
        f"Learned from {told[0].learned_from:,} rows, tested on {told[0].tested_on:,}; {HELD_BACK:.0%} of the"
        f" opportunity numbers are held back (seed {SEED}), calibration in {BINS} bins of equal width.",
        "",
        "| fields | AUC | expected calibration error | Brier |",
        "|---|---|---|---|",
        *(f"| {t.fields} | {t.auc:.3f} | {t.calibration_error:.3f} | {t.brier:.3f} |" for t in told),
        "",
        f"Amounts in whole thousands: {rounds['Won']:.0%} of the won, {rounds['Loss']:.0%} of the lost.",
    ]


def shown(told: list[Told]) -> list[dict[str, object]]:
    """The measurements as plain values."""
    return [asdict(each) for each in told]


def _won(row: Row) -> int:
    return int(row[RESULT] == "Won")


def _probability(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds))
