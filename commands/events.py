"""Events of the population: found as of each new date, and shown to everybody over their own accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from commands import scopes
from commands.journal import Work, unit_of_work
from models.access import Actor, Tenant
from models.events import Dimension, EventState, Movement, PopulationEvent
from rules import events
from rules.events import MEASURES, WINDOW, Cell, Measure, Moved, Scope
from rules.movements import movements

#: How all accounts moved until now, by the day that they are compared with.
_Cells = Mapping[date, Sequence[Cell]]


async def watch(actor: Actor, run_id: str, as_of: date) -> int:
    """Bring the tenant's events to what they are as of a date; how many began or came back.

    Repeating it changes nothing. As of an earlier date than all accounts were judged as of, they are left
    alone. The actor sees the whole tenant.
    """
    cells = {as_of - WINDOW: await movements(actor, as_of, as_of - WINDOW, usual=True)}
    for event in await _open(actor):
        if event.compared_on not in cells:
            cells[event.compared_on] = await movements(actor, as_of, event.compared_on)
    async with unit_of_work(actor, "events.watch", on=as_of) as work:
        tenant = await Tenant.filter(id=actor.tenant_id).select_for_update(no_key=True).get()
        if tenant.judged_as_of is not None and tenant.judged_as_of > as_of:
            return 0
        return await _Watch(work, run_id, as_of, cells).carry_out()


async def _open(actor: Actor) -> list[PopulationEvent]:
    return await PopulationEvent.filter(tenant_id=actor.tenant_id, state=EventState.OPEN).order_by("id")


@dataclass
class _Watch:
    """One look at all measures, in the transaction that writes what it finds."""

    work: Work
    run_id: str
    as_of: date
    cells: _Cells

    async def carry_out(self) -> int:
        """Renew, lapse, open and re-open; how many were opened or re-opened."""
        known = await PopulationEvent.filter(tenant_id=self.work.actor.tenant_id)
        watched = {(measure.name, measure.direction) for measure in MEASURES}
        for event in known:
            if event.state == EventState.OPEN and (event.measure, event.direction) not in watched:
                await self._write(event, self._lapsed())
        return sum([await self._measure(measure, known) for measure in MEASURES])

    def _lapsed(self) -> dict[str, object]:
        return {"state": EventState.LAPSED, "lapsed_on": self.as_of}

    async def _measure(self, measure: Measure, known: Sequence[PopulationEvent]) -> int:
        of = {
            scope_of(event): event
            for event in known
            if (event.measure, event.direction) == (measure.name, measure.direction)
        }
        told = [
            scope
            for scope, event in of.items()
            if event.state == EventState.OPEN and await self._stands(event, measure)
        ]
        found = list(events.opened(self.cells[self.as_of - WINDOW], measure, told))
        for scope in found:
            await self._begin(measure, scope, of.get(scope))
        return len(found)

    async def _stands(self, event: PopulationEvent, measure: Measure) -> bool:
        """Whether an open event still stands; its figures are renewed, or it lapses."""
        if event.compared_on not in self.cells:
            return True  # another run began it just now
        found = events.moved(self.cells[event.compared_on], measure, scope_of(event))
        standing = events.stands(found, event.started_on, self.as_of)
        await self._write(
            event,
            {**_figures(found), "last_seen_on": self.as_of} if standing else self._lapsed(),
        )
        return standing

    async def _write(self, event: PopulationEvent, values: Mapping[str, object]) -> None:
        if any(getattr(event, name) != value for name, value in values.items()):
            await self.work.update(event, {**values, "changed_run_id": self.run_id})

    async def _begin(self, measure: Measure, scope: Scope, standing: PopulationEvent | None) -> None:
        compared_on = self.as_of - WINDOW
        found = events.moved(self.cells[compared_on], measure, scope)
        values = {
            **_figures(found),
            "usual_share": found.usual_share,
            "title": events.title(measure, scope),
            "started_on": self.as_of,
            "compared_on": compared_on,
            "last_seen_on": self.as_of,
            "opened_run_id": self.run_id,
            "changed_run_id": self.run_id,
        }
        if standing is not None:
            again = {
                "state": EventState.OPEN,
                "lapsed_on": None,
                "reopened_count": standing.reopened_count + 1,
            }
            await self.work.update(standing, {**values, **again})
            return
        await self.work.create(
            PopulationEvent(
                id=PopulationEvent.make_id(),
                tenant_id=self.work.actor.tenant_id,
                measure=measure.name,
                direction=measure.direction,
                dimension=scope.dimension,
                part=scope.part,
                currency=self.work.actor.currency,
                **values,
            )
        )


def scope_of(event: PopulationEvent) -> Scope:
    """The accounts that an event is about."""
    return Scope(Dimension(event.dimension), event.part)


def _figures(found: Moved) -> dict[str, object]:
    return {
        "accounts": found.accounts,
        "population": found.population,
        "exposure_minor": found.exposure_minor,
    }


@dataclass(frozen=True)
class Figures:
    """An event in figures, over all accounts that it is about or those of the actor (``is_whole``)."""

    accounts: int
    population: int
    exposure_minor: int
    usual_share: float | None
    is_whole: bool

    @property
    def share(self) -> float:
        """Of the accounts where the measure is known, the part that crossed the threshold."""
        return self.accounts / self.population if self.population else 0.0


async def figures(actor: Actor, event: PopulationEvent) -> Figures:
    """The figures of an event that the actor may know.

    Whoever sees the whole tenant is told what is stored. Others are told of the accounts that they own, or
    that are owned below them, counted anew as of the same days; what is usual in the tenant they are not.
    """
    if actor.owners is None:
        return Figures(event.accounts, event.population, event.exposure_minor, event.usual_share, True)
    measure = next((each for each in MEASURES if each.name == event.measure), None)
    if measure is None or measure.direction != Movement(event.direction):
        return Figures(0, 0, 0, None, False)  # no longer watched
    own = await scopes.answered_for(actor, event.last_seen_on)
    cells = await movements(actor, event.last_seen_on, event.compared_on, account_ids=own)
    found = events.moved(cells, measure, scope_of(event))
    return Figures(found.accounts, found.population, found.exposure_minor, None, False)
