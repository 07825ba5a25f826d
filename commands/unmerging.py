"""Undoing merges: everything goes back to where it was, but for what became of it since.

The change log of the merge says what went where. What was changed since keeps its change, and goes back all
the same; what was led elsewhere since stays there. What was created since stays with the survivor, unless all
that it refers to goes back: then it goes along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from commands.accounts import above, hold_tree, in_care
from commands.journal import BATCH, FieldChange, Work, as_text, check_version, unit_of_work
from commands.merging import MERGE, lead, restored, typed
from commands.permissions import SELL, require
from commands.references import Reference, models, references, referred
from models.access import Actor
from models.accounts import MERGED_INTO, Account, AccountMerge, standing_id
from models.base import Record, utcnow
from models.database import fetch
from models.errors import Forbidden, InvalidTransition
from models.history import Change
from models.recommendations import Recommendation, Risk
from models.visibility import answers_for, find

_KEY = "subject_key"


async def undo(actor: Actor, merge_id: str, version: int | None = None) -> AccountMerge:
    """Give an account back that was merged into another one, as it was, with all that was its own.

    Raises:
        NotFound: there is no such merge that the actor sees.
        Forbidden: the actor does not own or manage both accounts.
        InvalidTransition: it was undone, others were merged after it, or an account would be above itself.
        Conflict: the merge has changed since ``version``, or somebody wrote to the accounts meanwhile.
    """
    require(actor, SELL, "undo merges")
    merge = await find(AccountMerge, actor, merge_id, "id")
    await in_care(actor, merge.account_id, "id", "given back")
    if not answers_for(merge.record["owner_id"], actor):
        raise Forbidden("an account is given back by its owner and the managers above", ["id"])
    async with unit_of_work(actor, "accounts.undo_merge") as work:
        await hold_tree(actor.tenant_id)
        merge = await AccountMerge.get(id=merge_id)
        check_version(merge, version)
        await _check_last(merge)
        survivor = await Account.filter(id=merge.account_id).select_for_update().get()
        await _Undoing(work, merge, survivor).carry_out()
        return await work.update(merge, {"undone_at": utcnow(), "undone_by_id": actor.user_id or None})


async def _check_last(merge: AccountMerge) -> None:
    if merge.undone_at is not None:
        raise InvalidTransition(f"{merge.id} was undone already", ["id"])
    standing = AccountMerge.filter(account_id=merge.account_id, undone_at=None)
    last = await standing.order_by("-created_at", "-id").first()
    if last is not None and last.id != merge.id:
        raise InvalidTransition(f"{last.name!r} was merged after it; allowed: undo {last.id} first", ["id"])


class _Undoing:
    """One merge that is being undone."""

    def __init__(self, work: Work, merge: AccountMerge, survivor: Account) -> None:
        self.work = work
        self.merge = merge
        self.survivor = survivor
        self.tenant_id = merge.tenant_id

    async def carry_out(self) -> None:
        merge, survivor, work = self.merge, self.survivor, self.work
        account = await self._account()
        for aside in reversed(merge.set_aside):
            await self._give_back(aside)
        of_merge = {"audit__object_id": merge.id, "audit__command": MERGE}
        changes = await Change.filter(tenant_id=self.tenant_id, **of_merge).order_by("-seq")
        for model in (Recommendation, Risk):
            await self._say_again(model, changes)
        for (table, column, old, new), group in groupby(
            changes, key=lambda each: (each.entity, each.field, each.old, each.new)
        ):
            if column in referred(models()[table]) and old is not None and new is not None:
                await self._lead_back(table, column, [each.entity_id for each in group], old, new)
        await self._take_along()
        await self._empty()
        for each in (account, survivor):
            await self._check_tree(each)
        work.log_of(Account, account.id, [FieldChange(MERGED_INTO, survivor.id, None, work.on)])
        work.written += [survivor, account]

    async def _give_back(self, aside: Mapping[str, Any]) -> None:
        """Give a row back that was set aside; one that took its place makes room before."""
        table, row = aside["table"], aside["row"]
        if column := aside.get("column"):
            await self._lead_back(table, column, [aside["instead"]], aside["from"], row[column])
        model = models()[table]
        await model.bulk_create([restored(model, row)])

    async def _account(self) -> Account:
        """The account as it was; where the one above it was merged, below what that is part of."""
        account = restored(Account, self.merge.record)
        assert isinstance(account, Account)
        account.parent_id = await self._standing(account.parent_id)
        await Account.bulk_create([account])
        return account

    async def _standing(self, account_id: str | None) -> str | None:
        """The account with an id, or what it is part of if it was merged since."""
        if account_id is None or await Account.filter(id=account_id).exists():
            return account_id
        (row,) = await fetch(
            f"select {standing_id('cast(:id as varchar(40))', ':tenant')} as id",
            {"id": account_id, "tenant": self.tenant_id},
        )
        return str(row["id"])

    async def _lead_back(self, table: str, column: str, ids: Sequence[str], old: str, new: str) -> None:
        """Lead references back, but those of rows that were led elsewhere since."""
        if table == Account._meta.db_table and self.survivor.id in ids:
            ids = [each for each in ids if each != self.survivor.id]
        model = models()[table]
        for start in range(0, len(ids), BATCH):
            known = model.filter(tenant_id=self.tenant_id, id__in=ids[start : start + BATCH], **{column: new})
            there = [str(each) for each in await known.order_by("id").values_list("id", flat=True)]
            await self._lead(model, column, there, new, old)

    async def _lead(self, model: type[Record], column: str, ids: list[str], old: str, new: str) -> None:
        await lead(self.work, model, column, ids, new)
        for record_id in ids:
            self.work.log_of(model, record_id, [FieldChange(column, old, new, self.work.on)])

    async def _say_again(self, model: type[Recommendation] | type[Risk], changes: Iterable[Change]) -> None:
        """Give verdicts back what the merge took from them, unless it is another value by now."""
        table = model._meta.db_table
        told = [each for each in changes if each.entity == table and each.field not in referred(model)]
        known = {row.id: row for row in await model.filter(id__in={each.entity_id for each in told})}
        values: dict[str, dict[str, object]] = {}
        for each in told:
            row = known.get(each.entity_id)
            if row is not None and as_text(getattr(row, each.field, None)) == each.new:
                values.setdefault(row.id, {})[each.field] = typed(model, each.field, each.old)
        await self._check_free(model, [(known[each], of) for each, of in values.items()])
        for record_id, of in values.items():
            if _KEY in of:
                await model.filter(id=record_id).update(subject_key=record_id)
        for record_id, of in values.items():
            await self.work.update(known[record_id], of)

    async def _check_free(
        self,
        model: type[Recommendation] | type[Risk],
        wanted: Sequence[tuple[Recommendation | Risk, Mapping[str, object]]],
    ) -> None:
        rows = {row.id for row, _ in wanted}
        for row, values in wanted:
            if _KEY not in values:
                continue
            same = model.filter(tenant_id=row.tenant_id, rule_key=row.rule_key, subject_key=values[_KEY])
            if others := [each for each in await same if each.id not in rows]:
                raise InvalidTransition(f"{others[0].id} says what {row.id} said before the merge", ["id"])

    async def _take_along(self) -> None:
        """Have rows that were created since go along with what they refer to, until none does."""
        bound = [each for each in references(Account) if each.model not in (Account, AccountMerge)]
        accounts_of = {each.model: each.column for each in bound}
        went = True
        while went:
            went = False
            for reference in bound:
                about = {
                    column: other
                    for column, other in referred(reference.model).items()
                    if other in accounts_of and column != reference.column
                }
                ids = await self._along(reference, about, accounts_of) if about else []
                went |= bool(ids)
                await self._lead(
                    reference.model, reference.column, ids, self.survivor.id, self.merge.merged_id
                )

    async def _along(
        self,
        reference: Reference,
        about: Mapping[str, type[Record]],
        accounts_of: Mapping[type[Record], str],
    ) -> list[str]:
        since = {"tenant_id": self.tenant_id, "created_at__gt": self.merge.created_at}
        rows = await reference.model.filter(**since, **{reference.column: self.survivor.id}).values(
            "id", *about
        )
        back: dict[type[Record], set[str]] = {}
        for model in {*about.values()}:
            wanted = {row[column] for row in rows for column, other in about.items() if other is model}
            of = {accounts_of[model]: self.merge.merged_id, "id__in": list(wanted - {None})}
            back[model] = {str(each) for each in await model.filter(**of).values_list("id", flat=True)}
        found = []
        for row in rows:
            named = [(other, row[column]) for column, other in about.items() if row[column] is not None]
            if named and all(record_id in back[other] for other, record_id in named):
                found.append(str(row["id"]))
        return sorted(found)

    async def _empty(self) -> None:
        """Take from the survivor what it took, unless it is another value by now."""
        values: dict[str, object] = {}
        for name, (old, new) in self.merge.filled.items():
            if as_text(getattr(self.survivor, name)) == as_text(new):
                values[name] = typed(Account, name, old)
        if values.get("parent_id"):
            values["parent_id"] = await self._standing(str(values["parent_id"]))
        await self.work.update(self.survivor, values)

    async def _check_tree(self, account: Account) -> None:
        parent_id = account.parent_id
        if parent_id is not None and account.id in await above(self.tenant_id, parent_id):
            raise InvalidTransition(
                f"{account.name!r} would be above itself: {parent_id} was moved below it; allowed: move that"
                " elsewhere first",
                ["id"],
            )
