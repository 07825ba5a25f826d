"""A sentence says why a verdict holds, in the reader's words, and every number in it is in the evidence."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import astuple, replace
from decimal import Decimal
from functools import cache

import pytest
from babel.numbers import get_decimal_symbol, get_group_symbol

from rules import packs
from rules.build import build_book
from rules.cases import build_cases
from rules.counterfactuals import Counterfactual, counterfactuals
from rules.evidence import Seen
from rules.explain import Verdict, verdicts
from rules.languages import languages
from rules.reference import Facts, canonical_facts, evaluate
from rules.sentences import clearing, lacking, sentence, spoken_of
from rules.tree import Book
from rules.why_not import Failed, why_not
from rules.wording import Wording, known_locale
from tests.rules.generate import facts_of, rule_documents

NUMBER = re.compile(r"\d+(?:\.\d+)?")
#: What a record says is told as it stands there.
QUOTED = re.compile("[“„«].*?[”“»]", re.DOTALL)
LEFT_OVER = re.compile(r"[{}]|[a-z]_[a-z]")  # a value of another field may be in capitals


def _random(seed: int) -> tuple[Book, Facts]:
    rng = random.Random(seed)
    return build_book("random/1", rule_documents(rng, 3)), canonical_facts(facts_of(rng))


@cache
def _verdicts() -> tuple[Verdict, ...]:
    found: list[Verdict] = []
    for seed in range(600):
        book, facts = _random(seed)
        found += verdicts(book, "acc", facts, evaluate(book.rules, facts), "EUR")
    return tuple(found)


@cache
def _changes() -> tuple[Counterfactual, ...]:
    found: list[Counterfactual] = []
    for seed in range(300):
        book, facts = _random(seed)
        for match in sorted(evaluate(book.rules, facts))[:2]:
            found += counterfactuals(book, match, facts)
    return tuple(found)


@cache
def _failures() -> tuple[Failed, ...]:
    told = [why_not(book, rule.key, facts) for book, facts in map(_random, range(400)) for rule in book.rules]
    return tuple(each.failed for each in told if each.failed)


def _numbers(value: object) -> set[Decimal]:
    """The numbers in what a sentence is made of; ratios are told in percent, money in whole units."""
    if isinstance(value, Mapping):
        return _numbers([*value.keys(), *value.values()])
    if isinstance(value, list | tuple | frozenset):
        return set().union(*map(_numbers, value))
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, str):
        found = {Decimal(each) for each in NUMBER.findall(value)}
    else:
        found = {abs(Decimal(str(value)))}
    return {round(each * scale, 6) for each in found for scale in (1, 100, Decimal("0.01"))}


def _spoken(text: str, locale: str) -> set[Decimal]:
    """The numbers in a text, as the locale writes them."""
    group, point = re.escape(get_group_symbol(locale)), re.escape(get_decimal_symbol(locale))
    pattern = re.compile(rf"(?:\d{{1,3}}(?:{group}\d{{3}})+(?!\d)|\d+)(?:{point}\d+)?")
    return {
        Decimal(re.sub(group, "", found).replace(get_decimal_symbol(locale), "."))
        for found in pattern.findall(text)
    }


def _check(text: str, locale: str, made_of: object) -> None:
    assert _spoken(text, locale) <= _numbers(made_of), text
    assert not LEFT_OVER.search(QUOTED.sub("", text)), text
    assert text[0] == text[0].upper()


@pytest.mark.parametrize("locale", [*languages(), "it"])
def test_every_number_in_a_sentence_is_in_the_evidence(locale: str) -> None:
    assert len(_verdicts()) > 300
    for verdict in _verdicts():
        _check(sentence(verdict.evidence, "EUR", locale), locale, [*map(astuple, verdict.evidence)])


@cache
def _of_packs() -> tuple[tuple[str, Verdict, tuple[Counterfactual, ...]], ...]:
    """What the rules of the packs say in their cases, and what would clear it."""
    found: list[tuple[str, Verdict, tuple[Counterfactual, ...]]] = []
    for name in packs.names():
        book = build_book(name, packs.load(name).rules)
        for case in build_cases(book, packs.load(name).cases):
            facts = canonical_facts(case.facts)
            matches = {match for match in evaluate(book.rules, facts) if match.rule == case.rule}
            if case.expect and matches:
                changes = tuple(counterfactuals(book, min(matches), facts))
                said = verdicts(book, "acc", facts, evaluate(book.rules, facts), "EUR")
                found += [(name, each, changes) for each in said if each.rule.key == case.rule]
    return tuple(found)


@pytest.mark.parametrize("locale", languages())
def test_every_number_that_a_rule_of_a_pack_is_told_with_is_in_the_evidence(locale: str) -> None:
    wording = Wording("EUR", known_locale(locale))
    assert {"sales-signals", "pipeline-hygiene"} <= {name for name, _, _ in _of_packs()}
    for _, verdict, changes in _of_packs():
        _check(sentence(verdict.evidence, "EUR", locale), locale, [*map(astuple, verdict.evidence)])
        for change in changes:
            _check(clearing(wording, change), locale, astuple(change)[:-2])


def test_what_would_clear_a_signal_is_something_that_can_be_done_or_that_time_brings() -> None:
    """What was, what other deals do and how much of a period is left, nobody changes."""
    of = {verdict.rule.key: changes for name, verdict, changes in _of_packs() if name == "sales-signals"}
    told = {
        rule: {(each.actor.value, each.field) for each in changes} for rule, changes in of.items() if changes
    }
    assert told.keys() == of.keys()
    assert {field for changes in told.values() for _, field in changes}.isdisjoint(
        {"pushes", "measure", "peak_amount", "usual_days_in_stage", "long_days_in_stage"}
    )
    assert {actor for changes in told.values() for actor, _ in changes} == {"US", "TIME"}
    assert ("US", "days_in_stage_over_long") in told["stalled-in-stage"]
    assert ("US", "engaged_contacts") in told["single-threaded-late"]
    assert {("US", "attainment"), ("TIME", "days_left")}.isdisjoint(told["quota-at-risk"])
    assert ("US", "is_behind_pace") in told["quota-at-risk"]
    assert {("US", "coverage"), ("TIME", "days_left")} <= told["coverage-short"]


@pytest.mark.parametrize("locale", languages())
def test_every_number_in_what_would_clear_it_is_in_the_change(locale: str) -> None:
    wording = Wording("EUR", known_locale(locale))
    assert len(_changes()) > 80
    for change in _changes():
        _check(clearing(wording, change), locale, astuple(change)[:-2])


@pytest.mark.parametrize("locale", languages())
def test_every_number_in_why_there_is_none_is_in_what_failed(locale: str) -> None:
    wording = Wording("EUR", known_locale(locale))
    assert len(_failures()) > 300
    for failed in _failures():
        _check(lacking(wording, failed), locale, astuple(failed))


RENEWAL = {
    "en": "Contract: active, does not renew automatically, time to end 45 days (0 to 120 days), monthly"
    " recurring charge €1,200.00 (more than €0.00); there is no deal (kind renewal, stage not lost, for this"
    " contract).",
    "de": "Vertrag: läuft, verlängert sich nicht automatisch, Restlaufzeit 45 Tage (0 bis 120 Tage),"
    " monatliches Entgelt 1.200,00 € (über 0,00 €); keine Verkaufschance vorhanden (Art Verlängerung, Phase"
    " nicht verloren, zu diesem Vertrag).",
    "fr": "Contrat : en cours, sans reconduction tacite, durée restante 45 jours (de 0 à 120 jours),"
    " redevance mensuelle 1 200,00 € (plus de 0,00 €) ; il n'existe aucune affaire (type renouvellement,"
    " étape autre que perdue, pour ce contrat).",
    "es": "Contrato: vigente, sin renovación automática, tiempo hasta el vencimiento 45 días (de 0 a 120"
    " días), cuota mensual 1.200,00 € (más de 0,00 €); no consta ninguna oportunidad (tipo renovación, fase"
    " que no sea perdida, de este contrato).",
}
CONTRACT = {
    "id": "c", "is_active": True, "auto_renews": False, "days_to_end": 45, "monthly_recurring": 1200_00,
}  # fmt: skip


def _starter(key: str, facts: Mapping[str, Iterable[Mapping[str, object]]]) -> tuple[Seen, ...]:
    book = build_book("starter", packs.load(packs.STARTER).rules)
    matches = [match for match in evaluate(book.rules, facts) if match.rule == key]  # type: ignore[arg-type]
    (verdict,) = verdicts(book, "acc", facts, matches, "EUR")  # type: ignore[arg-type]
    return verdict.evidence


def _plain(text: str) -> str:
    """The text without the spaces at which no line may end."""
    return re.sub(r"[\xa0\u202f]", " ", text)


@pytest.mark.parametrize("locale", RENEWAL)
def test_it_reads_as_a_sentence(locale: str) -> None:
    evidence = _starter("renewal-unattended", {"contract": [CONTRACT]})
    assert _plain(sentence(evidence, "EUR", locale)) == RENEWAL[locale]


def test_records_whose_names_are_given_are_called_by_them() -> None:
    evidence = _starter("renewal-unattended", {"contract": [CONTRACT]})
    told = sentence(evidence, "EUR", "de", {("contract", "c"): "SD-WAN"})
    assert told.startswith("Vertrag SD-WAN: läuft, ")
    assert told.endswith("(Art Verlängerung, Phase nicht verloren, Vertrag SD-WAN).")


@pytest.mark.parametrize(
    ("locale", "money"),
    [
        ("en", "less than €1,200.00"),
        ("de", "unter 1.200,00 €"),
        ("de-CH", "unter EUR 1\N{RIGHT SINGLE QUOTATION MARK}200.00"),
        ("fr", "moins de 1 200,00 €"),
        ("it-IT", "less than 1.200,00 €"),
        ("tlh", "less than €1,200.00"),
        ("", "less than €1,200.00"),
        ("de;q=0.9", "unter 1.200,00 €"),
    ],
)
def test_money_is_written_as_the_reader_writes_it(locale: str, money: str) -> None:
    book = build_book("retention", packs.load("retention").rules)
    facts = {
        "contract": [{"id": "c", "is_active": True, "monthly_recurring": 100_00, "annual_value": 1200_00}],
        "deal": [{"id": "d", "kind": "RENEWAL", "is_open": True, "contract_id": "c", "amount": 1000_00}],
    }
    (verdict,) = verdicts(book, "acc", facts, evaluate(book.rules, facts), "EUR")  # type: ignore[arg-type]
    assert money in _plain(sentence(verdict.evidence, "EUR", locale))


@pytest.mark.parametrize(
    ("op", "threshold", "seen", "told"),
    [
        ("eq", 3, 3, "Economic buyers 3"),
        ("in", [3, 4], 3, "Economic buyers 3 (3 or 4)"),
        ("not in", [3, 4], 2, "Economic buyers 2 (not 3 or 4)"),
        ("not between", [3, 4], 2, "Economic buyers 2 (outside 3 to 4)"),
        ("not gt", 3, None, "Economic buyers not known (criterion: at most 3)"),
        ("not gt", None, 3, "Economic buyers 3 (nothing to compare with)"),
        ("is_null", True, None, "Economic buyers not known"),
        ("not is_null", True, 3, "Economic buyers 3"),
    ],
)
def test_the_opposite_of_a_condition_is_told_as_what_it_asks_for(
    op: str, threshold: object, seen: object, told: str
) -> None:
    evidence = Seen("d", "deal", "d", "economic_buyers", op, threshold, seen, None, "crm")
    assert sentence([evidence], "EUR") == f"Deal: {told[0].lower()}{told[1:]}."


def test_arithmetic_is_told_with_the_names_of_its_fields() -> None:
    text = "open_pipeline / annual_value"
    evidence = Seen("a", "account", "a", text, "lt", 0.1, 0.05, None, "crm")
    assert sentence([evidence], "EUR", "de") == "Kunde: offene Pipeline / Jahreswert = 0,05 (unter 0,1)."
    money = Seen("a", "account", "a", "overdue * 2", "gt", "10.00", "12.00", None, "crm")
    told = _plain(sentence([money], "EUR", "de"))
    assert told == "Kunde: überfälliger Betrag \N{MULTIPLICATION SIGN} 2 = 12,00 € (über 10,00 €)."


CLEARS = {
    "en": ("Deal: clears if it falls back to qualified (now proposed)",
           "Deal: clears if it changes to “closed” (now “open”)",
           "Signal, age: clears by itself in 2 days (then 61 days, now 59 days)"),
    "de": ("Verkaufschance: entfällt bei Rückfall auf „qualifiziert“ (jetzt „angeboten“)",
           "Verkaufschance: entfällt bei Wechsel zu „abgeschlossen“ (jetzt „offen“)",
           "Signal, Alter: entfällt von selbst in 2 Tagen (dann 61 Tage, jetzt 59 Tage)"),
    "fr": ("Affaire : levé si elle revient à « qualifiée » (actuellement « proposition remise »)",
           "Affaire : levé en cas de passage à « close » (actuellement « en cours »)",
           "Signal, ancienneté : levé de lui-même dans 2 jours (alors 61 jours, actuellement 59 jours)"),
    "es": ("Oportunidad: deja de aplicarse si retrocede a «cualificada» (ahora «propuesta presentada»)",
           "Oportunidad: deja de aplicarse si pasa a «cerrada» (ahora «abierta»)",
           "Señal, antigüedad: deja de aplicarse por sí solo dentro de 2 días"
           " (entonces 61 días, ahora 59 días)"),
}  # fmt: skip


@pytest.mark.parametrize("locale", CLEARS)
def test_what_would_clear_it_is_told_in_the_same_words(locale: str) -> None:
    book = build_book("starter", packs.load(packs.STARTER).rules)
    facts: Facts = {
        "deal": [{"id": "d", "is_open": True, "stage_rank": 3, "amount": 5}],
        "signal": [{"id": "s", "kind": "COMPETITOR_NAMED", "age_days": 59, "deal_id": "d"}],
    }
    (match,) = [match for match in evaluate(book.rules, facts) if match.rule == "competitor-late"]
    wording = Wording("EUR", known_locale(locale), about=frozenset({("deal", "d")}))
    told = {_plain(clearing(wording, change)) for change in counterfactuals(book, match, facts)}
    assert told >= set(CLEARS[locale])
    assert not [each for each in told if each.startswith(("Signal: ", "Signal : ", "Señal: "))]  # by no id


@pytest.mark.parametrize("locale", languages())
def test_an_id_is_told_as_the_name_of_what_it_is_of_or_not_at_all(locale: str) -> None:
    """A deal contact of ``con_1`` is missing; the deal itself is spoken of: its id is told as that."""
    record, of_deal = ("contact", "con_1"), {"deal_id eq": "dea_1"}
    where = {"contact_id eq": "con_1", "role eq": "CHAMPION", "any": [{"contact_id in": ["con_1"]}]}
    none = Seen("none", "deal_contact", "", "count", "eq", {"count": 0, "where": where}, 0, None, "own")
    named = Seen("s", "signal", "s", "contact_id", "eq", "con_1", "con_1", None, "own")
    deal = Seen("d", "deal", "dea_1", "is_open", "eq", True, True, None, "own")
    ours = replace(none, threshold={"count": 0, "where": of_deal})
    assert spoken_of([none, named, deal, ours]) == {record}
    assert spoken_of([replace(none, threshold={"count": 0}), deal]) == set()
    known = sentence([none, named], "EUR", locale, {record: "Katrin Meyer"})
    assert known.count("Katrin Meyer") == 3 and "con_1" not in known
    unknown = sentence([none, named, deal, ours], "EUR", locale)
    assert "con_1" not in unknown and "dea_1" not in unknown and "Katrin" not in unknown
    if locale == "en":
        assert sentence([none], "EUR", names={record: "Kim"}) == (
            "There is no deal contact (contact Kim, role champion, (contact Kim))."
        )
        assert sentence([none, named], "EUR") == "There is no deal contact (role champion); signal on record."
        assert sentence([deal, ours], "EUR") == "Deal: open; there is no deal contact (for this deal)."


def test_a_rank_is_told_as_what_has_it() -> None:
    def told(kind: str, text: str, op: str, threshold: object, seen: object) -> str:
        return sentence([Seen("x", kind, "x", text, op, threshold, seen, None, "own")], "EUR")

    assert told("deal", "stage_rank", "gte", 2, 4) == "Deal: stage negotiating (at least qualified)."
    assert told("deal", "stage_rank", "lt", 5, 1) == "Deal: stage identified (less than closed)."
    assert told("ticket", "severity_rank", "gte", 2, 3) == "Ticket: severity critical (at least high)."
    assert told("deal", "stage_rank * 2", "gt", 3, 4).startswith("Deal: stage rank ")
    failed = Failed("deal", "d", "stage_rank", "gte", 3, 1, 2)
    assert lacking(Wording("EUR", known_locale("en")), failed) == (
        "Deal: stage identified (required: at least proposed)"
    )


LACKS = {
    "en": (
        "Deal: amount €9,990.00 (required: at least €100,000.00; off by €90,010.00)",
        "There is no deal",
    ),
    "de": (
        "Verkaufschance: Auftragswert 9.990,00 €"
        " (erforderlich: mindestens 100.000,00 €; Abstand 90.010,00 €)",
        "Keine Verkaufschance vorhanden",
    ),
    "fr": (
        "Affaire : montant 9 990,00 € (requis : au moins 100 000,00 € ; écart 90 010,00 €)",
        "Il n'existe aucune affaire",
    ),
    "es": (
        "Oportunidad: importe 9.990,00 € (requerido: al menos 100.000,00 €; diferencia 90.010,00 €)",
        "No consta ninguna oportunidad",
    ),
}


@pytest.mark.parametrize("locale", LACKS)
def test_why_there_is_none_is_told_in_the_same_words(locale: str) -> None:
    wording = Wording("EUR", known_locale(locale))
    small = Failed("deal", "d", "amount", "gte", "100000.00", "9990.00", 90_010_00)
    nothing = Failed("deal", None, None, None, None, None, None)
    assert tuple(_plain(lacking(wording, failed)) for failed in (small, nothing)) == LACKS[locale]


def test_a_finding_that_stands_in_the_way_is_called_by_its_name_and_not_by_its_id() -> None:
    failed = Failed("in_trouble", "concluded_cabb1e6d887930876bb2", None, None, None, None, None)
    assert lacking(Wording("EUR", known_locale("en")), failed) == "Finding “in trouble” stands in the way"
    of_record = Failed("deal", "deal_1", None, None, None, None, None)
    assert lacking(Wording("EUR", known_locale("en")), of_record) == "Deal stands in the way"
