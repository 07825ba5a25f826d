"""What the starter rules must say about the demo world, and what they must not: a line for each promise."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.demo.accounts import account_id


@dataclass(frozen=True)
class Scenario:
    """Whether a starter rule holds for an account, about one of its records where the rule names one."""

    rule_key: str
    account_external_id: str
    subject_external_id: str | None
    holds: bool


def _holds(rule_key: str, account: int, subject: str | None = None) -> Scenario:
    return Scenario(rule_key, account_id(account), subject, holds=True)


def _spares(rule_key: str, account: int, subject: str | None = None) -> Scenario:
    return Scenario(rule_key, account_id(account), subject, holds=False)


SCENARIOS: tuple[Scenario, ...] = (
    _holds("stalled-deal", 1, "OPP-01-STALLED"),
    _holds("stalled-deal", 22, "OPP-22-STALLED"),
    _holds("stalled-deal", 26, "OPP-26-STALLED"),
    _spares("stalled-deal", 8, "OPP-08-NINETY"),  # open for 90 days today
    _holds("renewal-unattended", 2, "CTR-02-1"),
    _holds("renewal-unattended", 33, "CTR-33-1"),
    _holds("renewal-unattended", 52, "CTR-52-1"),
    _spares("renewal-unattended", 20, "CTR-20-1"),  # a renewal deal is open
    _spares("renewal-unattended", 38, "CTR-38-1"),  # ends in 121 days
    _spares("renewal-unattended", 57, "CTR-57-F"),  # a framework contract without charges
    _holds("usage-falling", 9),
    _holds("usage-falling", 28),
    _holds("usage-falling", 40),
    _spares("usage-falling", 14),  # fell by a seventh only
    _holds("severe-tickets-near-renewal", 3, "CTR-03-1"),
    _holds("severe-tickets-near-renewal", 21, "CTR-21-1"),
    _holds("severe-tickets-near-renewal", 44, "CTR-44-1"),
    _spares("severe-tickets-near-renewal", 45, "CTR-45-1"),  # the renewal is 181 days away
    _spares("severe-tickets-near-renewal", 46, "CTR-46-1"),  # one severe ticket only
    _holds("no-executive-contact", 10),
    _holds("no-executive-contact", 19),
    _holds("no-executive-contact", 53),
    _spares("no-executive-contact", 11),  # not an account of tier KEY or NAMED
    _spares("no-executive-contact", 23),  # contacted 90 days ago
    _holds("executive-left", 4, "CON-04-LEFT"),
    _holds("executive-left", 37, "CON-37-LEFT"),
    _holds("executive-left", 59, "CON-59-LEFT"),
    _spares("executive-left", 27, "CON-27-LEFT"),  # left 91 days ago
    _holds("single-threaded-large-deal", 12, "OPP-12-SINGLE"),
    _holds("single-threaded-large-deal", 37, "OPP-37-SINGLE"),
    _spares("single-threaded-large-deal", 26, "OPP-26-SINGLE-TWO"),  # two people take part
    _spares("single-threaded-large-deal", 34, "OPP-34-EARLY"),  # identified, not yet qualified
    _holds("close-date-pushed", 7, "OPP-07-PUSHED"),
    _holds("close-date-pushed", 26, "OPP-26-STALLED"),
    _holds("close-date-pushed", 56, "OPP-56-PUSHED"),
    _spares("close-date-pushed", 17, "OPP-17-PUSHED"),  # pushed twice
    _holds("competitor-late", 1, "OPP-01-RIVAL"),
    _holds("competitor-late", 15, "OPP-15-RIVAL"),
    _holds("competitor-late", 43, "OPP-43-RIVAL"),
    _spares("competitor-late", 31, "OPP-31-RIVAL"),  # the deal is qualified only
    _spares("competitor-late", 55, "OPP-55-RIVAL"),  # heard 61 days ago
    _holds("competitor-in-late-deal", 55, "OPP-55-RIVAL"),  # heard 61 days ago
    _spares("competitor-in-late-deal", 31, "OPP-31-RIVAL"),  # the deal is qualified only
    _spares("competitor-in-late-deal", 43, "OPP-43-RIVAL"),  # heard 4 days ago: the other rule speaks
    _holds("expansion-on-rising-usage", 6),
    _holds("expansion-on-rising-usage", 25),
    _spares("expansion-on-rising-usage", 16),  # a customer for five months only
    _spares("expansion-on-rising-usage", 51),  # an expansion deal is open
    _spares("expansion-on-rising-usage", 58),  # rose by an eighth only
    _holds("overdue-debt", 13),
    _holds("overdue-debt", 32),
    _spares("overdue-debt", 29),  # overdue for 30 days
    _holds("close-date-passed", 19, "OPP-19-PASSED"),
    _holds("close-date-passed", 50, "OPP-50-PASSED"),
    _spares("close-date-passed", 48, "OPP-48-TODAY"),  # closes today
    _holds("next-step-overdue", 6, "OPP-06-STEP"),
    _holds("next-step-overdue", 7, "OPP-07-PUSHED"),
    _holds("next-step-overdue", 41, "OPP-41-STEP"),
    _spares("next-step-overdue", 5, "OPP-05-STEP"),  # due a week ago
)
