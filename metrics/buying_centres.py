"""Buying centres of accounts and deals: who is what in them, coverage, access, single threads, champions.

A role is covered by somebody in it who is there and was contacted within the last 90 days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from metrics.relationships import Person, people
from models.access import Actor
from models.accounts import Account
from models.asof import as_of_rows, view_of
from models.base import Record, days_between
from models.database import Param, Row, fetch, listed, one_of
from models.deals import ContactRole, Deal, DealContact
from models.people import Contact, Seniority
from models.stakeholders import (
    KEY_ROLES,
    NEEDED,
    Assessment,
    BuyingCentre,
    NeededRoles,
    PoliticalStatus,
    Rapport,
    Stakeholder,
)
from models.view import View
from models.visibility import visible

#: A person who was contacted within so many days is engaged; so is an executive who is accessed.
ENGAGED_DAYS = 90
#: A champion's leaving is told for so many days.
LEFT_DAYS = 180
_OF: Mapping[BuyingCentre, type[Record]] = {BuyingCentre.ACCOUNT: Account, BuyingCentre.DEAL: Deal}


@dataclass(frozen=True)
class Member:
    """A person's part in a buying centre as of a date.

    ``judged`` is the id of the assessment that holds for the reader: the deal's own, else the account's;
    None where nobody judged, or the reader is not of the team.
    """

    person: Person
    role: ContactRole
    as_of: date
    judged: str | None = None
    political_status: PoliticalStatus | None = None
    rapports: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether the person has not left."""
        return self.person.left_on is None

    @property
    def days_since_contact(self) -> int | None:
        """Days since the last contact; None when there was none."""
        return days_between(self.person.last_on, self.as_of) if self.person.last_on else None

    @property
    def is_engaged(self) -> bool:
        """Whether the person is there and was contacted within ENGAGED_DAYS days."""
        days = self.days_since_contact
        return self.is_there and days is not None and days <= ENGAGED_DAYS

    @property
    def is_key(self) -> bool:
        """Whether the person is a key player: by the role, or as far as the reader knows by the politics."""
        return self.role in KEY_ROLES or (self.political_status is not None and self.political_status.is_key)

    @property
    def is_single_thread(self) -> bool:
        """Whether it is a key player whom only one of us was in contact with within 180 days."""
        return self.is_there and self.is_key and len(self.person.colleagues) == 1


@dataclass(frozen=True)
class Centre:
    """The buying centre of an account or a deal as of a date, as far as the reader sees it.

    ``executive_on`` is the last contact with any executive: of the account, or of those in the deal.
    """

    as_of: date
    needed: tuple[ContactRole, ...] = ()
    members: tuple[Member, ...] = ()
    executive_on: date | None = None
    #: Whether an executive is known who is there.
    has_executive: bool = field(default=False)

    @property
    def covered(self) -> tuple[ContactRole, ...]:
        """The roles needed of which somebody is engaged."""
        engaged = {each.role for each in self.members if each.is_engaged}
        return tuple(role for role in self.needed if role in engaged)

    @property
    def missing(self) -> tuple[ContactRole, ...]:
        """The roles needed of which nobody is engaged."""
        return tuple(role for role in self.needed if role not in self.covered)

    @property
    def coverage(self) -> Fraction | None:
        """Roles covered / roles needed (vocabulary, stakeholder coverage); None where none is needed."""
        return Fraction(len(self.covered), len(self.needed)) if self.needed else None

    @property
    def executive_days(self) -> int | None:
        """Days since an executive who is there was contacted; None when none ever was."""
        return days_between(self.executive_on, self.as_of) if self.executive_on else None

    @property
    def has_access(self) -> bool:
        """Whether an executive was contacted within the last 90 days (vocabulary, access)."""
        return self.executive_days is not None and self.executive_days <= ENGAGED_DAYS

    @property
    def single_threads(self) -> tuple[Member, ...]:
        """Key players whom only one of us knows."""
        return tuple(each for each in self.members if each.is_single_thread)

    @property
    def has_champion(self) -> bool:
        """Whether a champion is there, engaged or not."""
        return any(
            each.role is ContactRole.CHAMPION
            and (each.person.left_on is None or each.person.left_on > self.as_of)
            for each in self.members
        )

    @property
    def champions_left(self) -> tuple[Member, ...]:
        """Champions who left within the last 180 days."""
        return tuple(
            each
            for each in self.members
            if each.role is ContactRole.CHAMPION
            and each.person.left_on is not None
            and days_between(each.person.left_on, self.as_of) <= LEFT_DAYS
        )


@dataclass(frozen=True)
class Summary:
    """How many accounts the actor sees as of a date, and how many of them are known how well.

    ``coverage`` is the mean of theirs, of those with anybody in their buying centre.
    """

    accounts: int
    mapped: int
    coverage: Fraction | None
    with_access: int
    single_threaded: int
    champion_left: int


async def centres(
    actor: Actor, of: BuyingCentre, as_of: date, ids: Sequence[str] | None = None
) -> dict[str, Centre]:
    """The buying centres of accounts or deals by their ids: of all that the actor sees unless some are given.

    Those that the actor does not see are left out. A fixed number of statements, however many there are.
    """
    view = await view_of(actor.tenant_id, as_of)
    params: dict[str, Param] = {"tenant": actor.tenant_id, "as_of": as_of, "ids": listed(ids or ())}
    subjects = await _subjects(actor, of, view, params, all_of_them=ids is None)
    members = await _parts(of, view, params, all_of_them=ids is None)
    # Who takes part in a deal may be of another account: a consultant, somebody of the head office.
    of_accounts = {str(row["account_id"]) for row in (*subjects, *members)}
    accounts = None if ids is None else sorted(of_accounts)
    known = {each.contact_id: each for each in await people(actor, as_of, accounts)}
    judged = await _latest(actor, Assessment, "contact_id, deal_id", as_of, accounts)
    rapports: dict[str, list[str]] = {}
    for row in await _latest(actor, Rapport, "contact_id, user_id", as_of, accounts):
        rapports.setdefault(str(row["contact_id"]), []).append(str(row["id"]))
    assessments = {(str(row["contact_id"]), row["deal_id"]): row for row in judged}
    parts: dict[str, list[Member]] = {}
    for row in members:
        person = known.get(str(row["contact_id"]))
        if person is None:
            continue
        deal_id = row["subject"] if of is BuyingCentre.DEAL else None
        found = assessments.get((person.contact_id, deal_id)) or assessments.get((person.contact_id, None))
        status = found and found["political_status"]
        parts.setdefault(str(row["subject"]), []).append(
            Member(
                person,
                ContactRole(str(row["role"])),
                as_of,
                str(found["id"]) if found else None,
                PoliticalStatus(str(status)) if status else None,
                tuple(rapports.get(person.contact_id, ())),
            )
        )
    needed = await needed_roles(actor.tenant_id, of)
    executives: dict[str, list[Person]] = {}
    for each in known.values():
        if each.seniority is Seniority.EXECUTIVE and each.left_on is None:
            executives.setdefault(each.account_id, []).append(each)
    return {
        str(row["id"]): _centre(
            as_of,
            needed.get(str(row["kind"]), needed[""]),
            parts.get(str(row["id"]), []),
            executives.get(str(row["account_id"]), []) if of is BuyingCentre.ACCOUNT else None,
        )
        for row in subjects
    }


def _centre(
    as_of: date,
    needed: tuple[ContactRole, ...],
    members: Sequence[Member],
    executives: Sequence[Person] | None,
) -> Centre:
    if executives is None:
        executives = [
            each.person for each in members if each.is_there and each.person.seniority is Seniority.EXECUTIVE
        ]
    return Centre(
        as_of,
        needed,
        tuple(members),
        max((each.last_on for each in executives if each.last_on), default=None),
        bool(executives),
    )


async def summary(actor: Actor, as_of: date) -> Summary:
    """The buying centres of all accounts that the actor sees."""
    found = list((await centres(actor, BuyingCentre.ACCOUNT, as_of)).values())
    mapped = [each.coverage for each in found if each.members and each.coverage is not None]
    return Summary(
        accounts=len(found),
        mapped=len(mapped),
        coverage=sum(mapped, Fraction(0)) / len(mapped) if mapped else None,
        with_access=sum(each.has_access for each in found),
        single_threaded=sum(bool(each.single_threads) for each in found),
        champion_left=sum(bool(each.champions_left) for each in found),
    )


async def _subjects(
    actor: Actor, of: BuyingCentre, view: View, params: Mapping[str, Param], *, all_of_them: bool
) -> list[Row]:
    """The accounts or deals with the kind that says which roles they need, and the account."""
    model, kind = _OF[of], "tier" if of is BuyingCentre.ACCOUNT else "kind"
    seen = visible(model, actor, "t")
    account = "t.id" if of is BuyingCentre.ACCOUNT else "t.account_id"
    placeholder = " and not t.placeholder" if all_of_them and of is BuyingCentre.ACCOUNT else ""
    which = "" if all_of_them else f" and {one_of('t.id', 'ids')}"
    return await fetch(
        f"select t.id, s.{kind} as kind, {account} as account_id from {as_of_rows(model, [kind], view)} s"
        f" join {model._meta.db_table} t on t.id = s.id where {seen.sql}{which}{placeholder} order by t.id",
        {**seen.params, **params},
    )


async def _parts(
    of: BuyingCentre, view: View, params: Mapping[str, Param], *, all_of_them: bool
) -> list[Row]:
    """Who was what as of the date, in the order of their naming."""
    model: type[Record] = Stakeholder if of is BuyingCentre.ACCOUNT else DealContact
    subject = "account_id" if of is BuyingCentre.ACCOUNT else "deal_id"
    columns = [subject, "contact_id", "role", "removed_on"]
    which = "" if all_of_them else one_of(f"t.{subject}", "ids")
    known = "" if of is BuyingCentre.ACCOUNT else " and (t.known_on is null or t.known_on <= :as_of)"
    return await fetch(
        f"select s.{subject} as subject, s.contact_id, s.role, c.account_id"
        f" from {as_of_rows(model, columns, view, which=which)} s"
        f" join {model._meta.db_table} t on t.id = s.id"
        f" join {Contact._meta.db_table} c on c.id = s.contact_id"
        f" where s.removed_on is null{known} order by s.id",
        params,
    )


async def _latest(
    actor: Actor, model: type[Record], between: str, as_of: date, accounts: Sequence[str] | None
) -> list[Row]:
    """What was last said of each person by the date, as far as the actor may know it."""
    seen = visible(model, actor, "t")
    which = "" if accounts is None else f" and {one_of('t.account_id', 'accounts')}"
    columns = f"id, {between}" + (", political_status" if model is Assessment else "")
    return await fetch(
        f"select {columns} from (select t.*, row_number() over (partition by {between}"
        f" order by assessed_on desc, t.id desc) as place from {model._meta.db_table} t"
        f" where {seen.sql} and t.assessed_on <= :as_of{which}) latest where place = 1 order by id",
        {**seen.params, "as_of": as_of, "accounts": listed(accounts or ())},
    )


async def needed_roles(tenant_id: str, of: BuyingCentre) -> dict[str, tuple[ContactRole, ...]]:
    """The roles needed by kind, those of all other kinds by an empty one."""
    said = await NeededRoles.filter(tenant_id=tenant_id, of=of).order_by("id")
    return {"": NEEDED[of], **{each.kind: tuple(map(ContactRole, each.roles)) for each in said}}
