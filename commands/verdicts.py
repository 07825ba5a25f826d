"""Writing what an evaluation came to: recommendations, risks with their revenue lines, and evidence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import orjson

from commands.announcements import Happened, Topic
from commands.arbitration import Stops, Weights, arrange, segments
from commands.journal import BATCH, Work
from commands.judgements import claim
from models.database import Row, as_date, fetch, listed, one_of
from models.deals import DealContact
from models.people import Contact
from models.recommendations import (
    Evidence,
    Recommendation,
    RecommendationState,
    Risk,
    RiskLine,
    Withheld,
)
from models.rulebooks import EvaluationRun
from models.stakeholders import Stakeholder
from rules.arbitration import priority
from rules.evidence import Seen
from rules.explain import Verdict
from rules.reconcile import Decision, Identity, Standing, Step, Values, due_on, reconcile
from rules.rows import chosen_accounts

Model = type[Recommendation] | type[Risk]


@dataclass
class Settled:
    """What settling some accounts came to; ``later`` were judged as of a later date and left alone."""

    steps: Counter[Step] = field(default_factory=Counter)
    later: int = 0


async def settle(
    work: Work,
    run: EvaluationRun,
    account_ids: Sequence[str],
    holding: Sequence[Verdict],
    weights: Weights,
) -> Settled:
    """Reconcile what holds for these accounts with what stands.

    Raises:
        Conflict: somebody wrote one of the rows at the same moment.
    """
    actor = work.actor
    ours = await claim(run, actor, account_ids)
    settled = Settled(later=len(account_ids) - len(ours))
    ours -= await _outdated(run, holding)
    of_segment = await segments({verdict.account_id for verdict in holding})
    for model in (Recommendation, Risk):
        wanted = {
            (v.rule.key, v.subject_key): (
                v,
                _values(model, v, run, actor.currency, weights, of_segment.get(v.account_id)),
            )
            for v in holding
            if v.account_id in ours and (v.rule.advice if model is Recommendation else v.rule.flag)
        }
        standing = await _standing(model, actor.tenant_id, sorted(ours), wanted)
        settled.steps += await _write(
            work, model, run, reconcile(standing, wanted, run.as_of, weights.tenant.dismissal_days)
        )
    await arrange(work, weights.tenant, ours, run.as_of, _stops(holding))
    return settled


async def _outdated(run: EvaluationRun, holding: Iterable[Verdict]) -> set[str]:
    """Accounts with a verdict on a person whose data was erased since it was read: they are judged anew.

    As of before that day the person is a fact, without a name, for whoever read it after that moment.
    """
    seen = {(each.fact_kind, each.fact_id) for verdict in holding for each in verdict.evidence}
    people = [fact_id for kind, fact_id in seen if kind == "contact"]
    roles = [fact_id for kind, fact_id in seen if kind == "deal_contact"]
    for part in _parts(roles):
        people += [role.contact_id for role in await DealContact.filter(id__in=part)]
    for part in _parts([fact_id for kind, fact_id in seen if kind == "stakeholder"]):
        people += [each.contact_id for each in await Stakeholder.filter(id__in=part)]
    found = [
        contact
        for part in _parts(people)
        for contact in await Contact.filter(id__in=part, erased_at__not_isnull=True)
    ]
    return {
        contact.account_id
        for contact in found
        if contact.erased_at and (contact.erased_at.date() <= run.as_of or contact.erased_at > run.created_at)
    }


def _stops(holding: Iterable[Verdict]) -> Stops:
    """What gates hold back."""
    return {
        (verdict.rule.key, verdict.subject_key): (Withheld(gate.name), f"{gate}: {condition}")
        for verdict in holding
        if verdict.stopped
        for gate, condition in [verdict.stopped]
    }


async def _standing(
    model: Model, tenant_id: str, account_ids: Sequence[str], wanted: Mapping[Identity, object]
) -> list[Standing]:
    """Rows of these accounts, and rows of the same identity that stood on another account."""
    rows: dict[str, Standing] = {}
    for part in _parts(account_ids):
        found = await model.filter(tenant_id=tenant_id, account_id__in=part).only(*_compared(model))
        rows |= {row.id: row for row in found}
    known = {(row.rule_key, row.subject_key) for row in rows.values()}
    missing = [identity for identity in wanted if identity not in known]
    rules = sorted({rule for rule, _ in missing})
    subjects = sorted({subject for _, subject in missing})
    moved = await fetch(
        f"select id from {model._meta.db_table} where tenant_id = :tenant and {one_of('rule_key', 'rules')}"
        f" and {one_of('subject_key', 'subjects')}",
        {"tenant": tenant_id, "rules": listed(rules), "subjects": listed(subjects)},
    )
    for part in _parts([str(row["id"]) for row in moved]):
        found = await model.filter(id__in=part).only(*_compared(model))
        rows |= {row.id: row for row in found if (row.rule_key, row.subject_key) in wanted}
    return list(rows.values())


@cache
def _compared(model: Model) -> tuple[str, ...]:
    """The columns that reconciling looks at: reading the times of writing would take half of the whole."""
    return tuple(name for name in model._meta.db_fields if name not in ("created_at", "updated_at"))


def _parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))


def _values(
    model: Model,
    verdict: Verdict,
    run: EvaluationRun,
    currency: str,
    weights: Weights,
    segment: str | None,
) -> Values:
    """What a row of this verdict holds as of the run."""
    shared: Values = {
        "account_id": verdict.account_id,
        "deal_id": verdict.deal_id,
        "confidential": verdict.confidential,
        "rulebook_version": verdict.rulebook_version,
        "title": verdict.title,
        "currency": currency,
        "last_seen_on": run.as_of,
    }
    return shared | (_risk(verdict) if model is Risk else _recommendation(verdict, weights, segment))


def _risk(verdict: Verdict) -> Values:
    flag = verdict.rule.flag
    assert flag
    return {
        "kind": flag.risk,
        "severity": flag.severity,
        "probability": flag.probability,
        "exposure_minor": sum(line.amount_minor for line in verdict.lines),
    }


def _recommendation(verdict: Verdict, weights: Weights, segment: str | None) -> Values:
    advice = verdict.rule.advice
    assert advice
    likelihood, lever = weights.likelihood(verdict.rule), weights.lever(advice.action, segment)
    return {
        "action": advice.action,
        "play": advice.play,
        "because": verdict.because,
        "likelihood": likelihood,
        "urgency": verdict.rule.urgency,
        "value_minor": verdict.value_minor,
        "lever": lever,
        "priority": priority(likelihood, verdict.value_minor, verdict.rule.urgency, lever),
    }


async def _write(
    work: Work, model: Model, run: EvaluationRun, decisions: Sequence[Decision]
) -> Counter[Step]:
    """Carry decisions out; a row whose evidence alone differs is refreshed too."""
    opened = {
        id(d): _opened(model, d.verdict, d.values, run) for d in decisions if d.standing is None and d.verdict
    }
    await work.create_all(list(opened.values()))
    rows = sorted(((d.standing or opened[id(d)], d) for d in decisions), key=lambda each: each[0].id)
    differing = await _tell(work, model, [(row, d.verdict) for row, d in rows if d.verdict], run.as_of)
    steps: Counter[Step] = Counter()
    for row, decision in rows:
        step = decision.step
        if step is Step.UNCHANGED and row.id in differing:
            step = Step.REFRESHED
        _announce(work, model, row, decision, step)
        if decision.standing and step is not Step.UNCHANGED:
            await work.update(row, {**decision.values, "changed_run_id": run.id})
        if decision.verdict or step is not Step.UNCHANGED:  # what lapsed long ago is not counted again
            steps[step] += 1
    return steps


def _announce(work: Work, model: Model, row: Standing, decision: Decision, step: Step) -> None:
    """Have followers told of a step, before the row is written to."""
    if step is Step.UNCHANGED:
        return
    topic = Topic.RECOMMENDATION if model is Recommendation else Topic.RISK
    is_woken = step is Step.REOPENED and row.state == RecommendationState.SNOOZED and row.lapsed_on is None
    account_id = str(decision.values.get("account_id", row.account_id))
    work.tell(topic, row.id, account_id, Happened.WOKEN if is_woken else Happened[step.name])


def _opened(model: Model, verdict: Verdict, values: Values, run: EvaluationRun) -> Standing:
    due = {"due_on": due_on(verdict, run.as_of)} if model is Recommendation else {}
    return model(
        id=model.make_id(),
        tenant_id=run.tenant_id,
        rule_key=verdict.rule.key,
        subject_key=verdict.subject_key,
        held_since=run.as_of,
        opened_run_id=run.id,
        changed_run_id=run.id,
        **due,
        **values,
    )


async def _tell(work: Work, model: Model, told: Sequence[tuple[Standing, Verdict]], as_of: date) -> set[str]:
    """Bring evidence and revenue lines to what is told now; the ids of rows where something differed."""
    owner = f"{model._meta.db_table}_id"
    evidence = {row.id: _evidence(verdict, as_of) for row, verdict in told}
    differing = await _replace(work, owner, evidence)
    if model is Risk:
        differing |= await _redraw(work, [(row, _lines(row, verdict, as_of)) for row, verdict in told], as_of)
    return differing


#: One piece of evidence, as it is stored: what is compared, in this order.
_Told = tuple[object, ...]
_TOLD = ("position", "observed_on", *Seen.__dataclass_fields__)


async def _replace(work: Work, owner: str, wanted: Mapping[str, Sequence[_Told]]) -> set[str]:
    """Replace the evidence of rows where it differs; their ids."""
    standing: dict[str, list[tuple[str, _Told]]] = defaultdict(list)
    for part in _parts(list(wanted)):
        for row in await _stored_evidence(work.actor.tenant_id, owner, part):
            told = (row["position"], as_date(row["observed_on"]), *(row[name] for name in _TOLD[2:]))
            standing[str(row["owner"])].append((str(row["id"]), told))
    differing = [
        owner_id
        for owner_id, told in wanted.items()
        if sorted(map(repr, told)) != sorted(repr(each) for _, each in standing[owner_id])
    ]
    await _delete(Evidence, [each_id for owner_id in differing for each_id, _ in standing[owner_id]])
    await work.create_all(
        [
            Evidence(
                id=Evidence.make_id(),
                tenant_id=work.actor.tenant_id,
                **{owner: owner_id},
                **dict(zip(_TOLD, told, strict=True)),
            )
            for owner_id in differing
            for told in wanted[owner_id]
        ],
        log=False,
    )
    return set(differing)


async def _stored_evidence(tenant_id: str, owner: str, owner_ids: Sequence[str]) -> list[Row]:
    """Rows and not records: there are thousands, and most are only compared."""
    names = ", ".join(f"t.{name}" for name in _TOLD)
    return await fetch(
        f"select t.id, t.{owner} as owner, {names} from {chosen_accounts()} chosen"
        f" cross join evidence t where t.tenant_id = :tenant and t.{owner} = chosen.id",
        {"tenant": tenant_id, "accounts": listed(owner_ids)},
    )


async def _redraw(work: Work, wanted: Sequence[tuple[Standing, Sequence[RiskLine]]], as_of: date) -> set[str]:
    """End lines that are no more and begin new ones, each on the date; the ids of risks that this changes.

    Ended lines stay: they are the revenue at risk as of earlier dates.
    """
    standing: dict[str, dict[object, RiskLine]] = defaultdict(dict)
    for part in _parts([risk.id for risk, _ in wanted]):
        for line in await RiskLine.filter(tenant_id=work.actor.tenant_id, risk_id__in=part, until_on=None):
            standing[line.risk_id][_line_key(line)] = line
    new: list[RiskLine] = []
    ended: list[RiskLine] = []
    for risk, lines in wanted:
        keys = {_line_key(line) for line in lines}
        new += [line for line in lines if _line_key(line) not in standing[risk.id]]
        ended += [line for key, line in standing[risk.id].items() if key not in keys]
    await _delete(RiskLine, [line.id for line in ended if line.from_on == as_of])
    for part in _parts([line.id for line in ended if line.from_on < as_of]):
        await RiskLine.filter(id__in=part).update(until_on=as_of)
    await work.create_all(new, log=False)
    return {line.risk_id for line in (*new, *ended)}


async def _delete(model: type[Evidence] | type[RiskLine], ids: Sequence[str]) -> None:
    for part in _parts(ids):
        await model.filter(id__in=part).delete()


def _evidence(verdict: Verdict, as_of: date) -> list[_Told]:
    return [
        (
            position,
            as_of,
            *(
                orjson.dumps(value).decode() if name in ("threshold", "seen") else value
                for name, value in seen.__dict__.items()
            ),
        )
        for position, seen in enumerate(verdict.evidence)
    ]


def _lines(risk: Standing, verdict: Verdict, as_of: date) -> list[RiskLine]:
    return [
        RiskLine(
            id=RiskLine.make_id(),
            tenant_id=risk.tenant_id,
            risk_id=risk.id,
            line_kind=line.kind,
            line_id=line.id,
            part_of=line.part_of,
            amount_minor=line.amount_minor,
            currency=risk.currency,
            from_on=as_of,
        )
        for line in verdict.lines
    ]


def _line_key(line: RiskLine) -> object:
    return (str(line.line_kind), line.line_id, line.part_of, line.amount_minor, line.currency)
