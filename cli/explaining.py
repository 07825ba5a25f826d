"""``bellwether why``: what stands open for an account and why, or why a rule says nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

import typer
from babel.dates import format_date
from babel.numbers import format_decimal
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.shell import AsJson, AsOf, TenantSlug, app, command, connected, day_of, out, print_json, tenant_actor
from commands import explanations, rulebooks, standing
from commands.standing import Standing
from models.access import Actor
from models.accounts import Account
from rules.criteria import comparison
from rules.evidence import Seen
from rules.sentences import asked_for, clearing, lacking, sentence, spoken_of
from rules.tree import Book
from rules.why_not import WhyNot
from rules.wording import Record, Wording, known_locale

Locale = Annotated[
    str, typer.Option("--locale", help="Whose language, numbers and money: en, de, fr-CH, es.")
]


@app.command("why")
@command
async def why(
    account: Annotated[str, typer.Argument(help="Its id, or its name; the beginning is enough.")],
    rule: Annotated[str | None, typer.Option(help="Whether this live rule holds, and if not why.")] = None,
    action: Annotated[str | None, typer.Option(help="The same of all that recommend the action.")] = None,
    as_of: AsOf = None,
    locale: Locale = "en",
    tenant: TenantSlug = None,
    json: AsJson = False,
) -> None:
    """Explain what stands open for an account: why, since when, and what would clear it."""
    async with connected():
        actor = await tenant_actor(tenant)
        found = await standing.account_named(actor, account)
        day = day_of(as_of)
        asked = rule is not None or action is not None
        told: Sequence[_Told | _Asked]
        if asked:
            told = await _of_rules(actor, found, day, rule, action, locale)
        else:
            told = await _everything(actor, found, day, locale)
    subject = {"account": {"id": found.id, "name": found.name}, "as_of": day}
    if json:
        print_json({**subject, "rules" if asked else "standing": [each.as_json() for each in told]})
        return
    out.print(Text(f"{found.name} ({found.id}) as of {day}", style="bold"))
    for each in told:
        out.print(each.panel())
    if not told:
        out.print("Nothing stands open for it.")


@dataclass(frozen=True)
class _Told:
    """A verdict that stands, with the words that it is told in."""

    of: Standing
    changes: explanations.Changes
    wording: Wording

    def _sentence(self) -> str:
        return sentence(self.of.evidence, self.wording.currency, str(self.wording.locale), self.wording.names)

    def as_json(self) -> dict[str, object]:
        verdict = self.of.verdict
        return {
            "rule": verdict.rule_key,
            "version": verdict.rulebook_version,
            "title": verdict.title,
            "sentence": self._sentence(),
            "held_since": verdict.held_since,
            "last_seen_on": verdict.last_seen_on,
            "recommendation": self._recommendation(),
            "risk": self._risk(),
            "evidence": [self._seen(seen) for seen in self.of.evidence],
            "holds": self.changes.holds,
            "clears": [
                {**asdict(change), "text": clearing(self.wording, change)}
                for change in self.changes.counterfactuals
            ],
        }

    def _recommendation(self) -> dict[str, object] | None:
        made = self.of.recommendation
        if made is None:
            return None
        return {
            "id": made.id,
            "action": made.action,
            "because": made.because,
            "due_on": made.due_on,
            "priority": made.priority,
            "value_minor": made.value_minor,
            "currency": made.currency,
            "withheld": made.withheld,
        }

    def _risk(self) -> dict[str, object] | None:
        risk = self.of.risk
        if risk is None:
            return None
        return {
            "id": risk.id,
            "kind": risk.kind,
            "severity": risk.severity,
            "exposure_minor": risk.exposure_minor,
            "probability": risk.probability,
            "currency": risk.currency,
        }

    def _seen(self, seen: Seen) -> dict[str, object]:
        record = self.wording.names.get((seen.fact_kind, seen.fact_id))
        return {**asdict(seen), "record": record, "observed_on": self.of.verdict.last_seen_on}

    def panel(self) -> Panel:
        verdict = self.of.verdict
        since = _day(verdict.held_since, self.wording)
        parts: list[RenderableType] = [
            *self._headlines(),
            Text(f"\n{self._sentence()}", style="italic"),
            _evidence(self.wording, self.of.evidence, verdict.last_seen_on),
            *self._clears(),
        ]
        of = f"since {since}, rule {verdict.rule_key} of {verdict.rulebook_version}"
        return _panel(verdict.title, of, parts)

    def _headlines(self) -> list[Text]:
        """What to do, and what is at risk."""
        lines = []
        if made := self.of.recommendation:
            due = _day(made.due_on, self.wording)
            priority = format_decimal(round(made.priority), locale=self.wording.locale)
            worth = _amount(self.wording, made.value_minor)
            held = f", withheld ({made.withheld})" if made.withheld else ""
            lines.append(
                Text(
                    f"{made.action} by {due}, priority {priority}, worth {worth}{held}",
                    "bold green",
                )
            )
            lines.append(Text(made.because))
        if risk := self.of.risk:
            exposure = _amount(self.wording, risk.exposure_minor)
            chance = f"{risk.probability:.0%} probable"
            lines.append(Text(f"{risk.kind} risk, {risk.severity}, {exposure} exposed, {chance}", "bold red"))
        return lines

    def _clears(self) -> list[RenderableType]:
        if not self.changes.holds:
            return [Text("By what is known now it no longer holds; the next evaluation ends it.")]
        if not self.changes.counterfactuals:
            return [Text("No single change would clear it.")]
        table = Table.grid("", "", padding=(0, 2))
        for change in self.changes.counterfactuals:
            table.add_row(Text(change.actor, style="cyan"), Text(clearing(self.wording, change)))
        return [Text("Each of these would clear it, by", style="bold"), table]


async def _everything(actor: Actor, account: Account, day: date, locale: str) -> list[_Told]:
    """What stood open for the account on the day, the most pressing first."""
    told = []
    for each in await standing.of_account(actor, account.id, day):
        changes = await explanations.changes(actor, each.verdict)
        records = [
            *((seen.fact_kind, seen.fact_id) for seen in each.evidence),
            *((change.fact_kind, change.fact_id or "") for change in changes.counterfactuals),
            *spoken_of(each.evidence),
        ]
        told.append(_Told(each, changes, await _wording(actor, locale, records, changes.matched)))
    return told


async def _wording(
    actor: Actor, locale: str, records: Sequence[Record], about: frozenset[Record] = frozenset()
) -> Wording:
    names = await standing.names(actor, records)
    return Wording(actor.currency, known_locale(locale), names, about)


@dataclass(frozen=True)
class _Asked:
    """Whether a rule holds, with the words that it is told in, and what stands by it."""

    found: WhyNot
    book: Book
    wording: Wording
    standing: Sequence[_Told]

    def _matched(self) -> str:
        rule = self.book.rule(self.found.rule)
        records = [(rule.kind_of(alias), fact_id) for alias, fact_id in self.found.matched]
        return ", ".join(self.wording.record(*each) for each in records)

    def as_json(self) -> dict[str, object]:
        failed = self.found.failed
        return {
            "rule": self.found.rule,
            "version": self.book.version_of(self.found.rule),
            "title": self.book.rule(self.found.rule).title,
            "holds": self.found.holds,
            "matched": dict(self.found.matched),
            "failed": failed and {**asdict(failed), "text": lacking(self.wording, failed)},
            "standing": [each.as_json() for each in self.standing],
        }

    def panel(self) -> Panel:
        failed = self.found.failed
        holds = Text("It does not hold.", "bold red") if failed else Text("It holds.", "bold green")
        parts: list[RenderableType] = [holds]
        if self.found.matched:
            parts.append(Text(f"Matched{' before it failed' if failed else ''}: {self._matched()}"))
        if failed:
            parts.append(Text(f"{lacking(self.wording, failed)}.", style="italic"))
        key = self.found.rule
        of = f"rule {key} of {self.book.version_of(key)}"
        return _panel(self.book.rule(key).title, of, [*parts, *(each.panel() for each in self.standing)])


async def _of_rules(
    actor: Actor, account: Account, day: date, rule: str | None, action: str | None, locale: str
) -> list[_Asked]:
    """Whether the rule holds, or each of those that recommend the action."""
    found = await explanations.absent(actor, account.id, day, rule, action)
    book = await rulebooks.active_book(actor)
    everything = await _everything(actor, account, day, locale) if any(each.holds for each in found) else []
    told = []
    for each in found:
        of = book.rule(each.rule)
        matched = [(of.kind_of(alias), fact_id) for alias, fact_id in each.matched]
        nearest = [(each.failed.fact_kind, each.failed.fact_id or "")] if each.failed else []
        wording = await _wording(actor, locale, [*matched, *nearest], frozenset(matched))
        standing_by_it = [one for one in everything if each.holds and one.of.verdict.rule_key == each.rule]
        told.append(_Asked(each, book, wording, standing_by_it))
    return told


def _evidence(wording: Wording, evidence: Sequence[Seen], observed: date) -> Table:
    """The conditions with what was seen, a line each; a record is named once."""
    columns = ("record", "condition", "seen", "threshold", "source", "observed on")
    table = Table(*columns, box=box.SIMPLE, expand=True)
    day = _day(observed, wording)
    told: Record | None = None
    for seen in evidence:
        record = (seen.fact_kind, seen.fact_id)
        name = _record(wording, seen) if record != told or not seen.fact_id else ""
        table.add_row(*map(Text, (name, *_condition(wording, seen), seen.source, day)))
        told = record
    return table


def _record(wording: Wording, seen: Seen) -> str:
    if not seen.fact_id:
        return wording.words.kind(seen.fact_kind).none
    return wording.record(seen.fact_kind, seen.fact_id)


def _condition(wording: Wording, seen: Seen) -> tuple[str, str, str]:
    """What a condition is on, what was seen, and what that is compared with."""
    kind, text = seen.fact_kind, seen.field
    if not seen.fact_id:
        return asked_for(wording, kind, seen.threshold), "0", "0"
    asked = comparison(wording, kind, text, seen.op, seen.threshold)
    return wording.name(kind, text), wording.value(kind, text, seen.seen), asked


def _panel(title: str, subtitle: str, parts: Sequence[RenderableType]) -> Panel:
    return Panel(
        Group(*parts),
        title=Text(title, style="bold"),
        title_align="left",
        subtitle=Text(subtitle),
        subtitle_align="right",
    )


def _day(day: date, wording: Wording) -> str:
    return format_date(day, "medium", locale=wording.locale)


def _amount(wording: Wording, minor: int) -> str:
    return wording.money(Decimal(minor) / 100)
