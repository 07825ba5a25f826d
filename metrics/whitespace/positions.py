"""What is known of accounts in product families, one row for each record that says something.

Each source is a SELECT of the same columns, so that another one is one function and its name in ``_SOURCES``.
A part of the grid is a family, or a product where the products of one family are told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from models.accounts import Account
from models.asof import ANY, as_of_rows, known_change
from models.base import Record
from models.catalog import Charge, Product
from models.competition import CompetitorPosition, PositionRole
from models.database import is_sqlite
from models.deals import CompetitorStatus, Deal, DealCompetitor, DealLine
from models.history import CREATED
from models.services import Service, ServiceState
from models.view import View
from models.whitespace import AccountPotential

#: Says in SQL that the account in a column is one of those that are looked at.
Among = Callable[[str], str]
#: The largest amount that is held, in minor units.
MOST = 2**53 - 1

#: For so many days after it was won, what is charged each month counts as ordered while no service runs.
ORDERED_DAYS = 365

_RUNNING = (ServiceState.ACTIVE, ServiceState.SUSPENDED)


def part_of(in_family: bool) -> str:
    """SQL for the part that a product ``p`` is; empty for one without a family.

    ``in_family`` tells the products of the family ``:family`` apart.
    """
    family = "coalesce(p.family, '')"
    return f"(case when p.family = :family then p.id else {family} end)" if in_family else family


def positions(view: View, among: Among, *, in_family: bool = False) -> str:
    """SELECT of what records say as of ``:as_of``.

    Columns: ``account_id``, ``part``, ``what`` (OWNED, DELIVERED, ENDED, OPEN, BOUGHT for what is charged
    once and was won, WON, OVERDUE for what was won so long ago that a service of it should run, LOST, HELD,
    TYPED), ``record_id`` (a service, deal line, competitor in a deal, position of one, or potential),
    ``deal_id``, ``mrc_minor`` (a month), ``total_minor`` (one-off charge and monthly ones of the term),
    ``on_day`` (when it ended), ``until_day`` (the end of a competitor's contract).
    """
    return " union all ".join(source(view, among, part_of(in_family)) for source in _SOURCES)


def _of_accounts(model: type[Record], columns: list[str], view: View, among: Among) -> str:
    """Rows of a model as of ``:as_of``, of these accounts alone: with an account, or of their deals."""
    if among("a") == ANY:
        return as_of_rows(model, columns, view)
    table, own = model._meta.db_table, f"tenant_id = :tenant and {among('account_id')}"
    if "account_id" in model._meta.db_fields:
        changes = f'c.entity_id in (select id from "{table}" where {own})'
        return as_of_rows(model, columns, view, changes, among("t.account_id"))
    deals = f"t.deal_id in (select id from deal where {own})"
    return as_of_rows(model, columns, view, which=deals)


def products(view: View) -> str:
    """The products as of ``:as_of``."""
    return as_of_rows(Product, ["family", "active", "charge"], view)


def accounts(view: View, among: Among) -> str:
    """SELECT of the accounts, but for placeholders, with their segment, size and sites as of ``:as_of``."""
    columns = ["segment", "employees", "sites", "placeholder"]
    rows = as_of_rows(Account, columns, view, which=among("t.id"))
    return (
        f"select a.id as account_id, nullif(a.segment, '') as segment, a.employees,"
        f" {_band('a.employees', SIZES)} as band, {_band('a.sites', SITES)} as sites_band"
        f" from {rows} a where not {is_true('a.placeholder')}"
    )


def is_true(column: str) -> str:
    """SQL for whether a flag of rows as of a date is set."""
    return f"({column} = 1)" if is_sqlite() else column


#: The least number of employees of each size, by its number.
SIZES = {1: 1, 2: 50, 3: 250, 4: 1_000, 5: 5_000}
#: The least number of sites that are about as many, by a number.
SITES = {1: 1, 2: 2, 3: 10, 4: 50, 5: 250}


def _band(column: str, least_of: Mapping[int, int]) -> str:
    whens = (f"when {column} >= {least} then {number}" for number, least in sorted(least_of.items())[::-1])
    return f"case {' '.join(whens)} end"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def services(view: View, among: Among, part: str) -> str:
    """What is delivered, on its way or ended: a service counts from its start to its end, by its state."""
    columns = ["account_id", "product_id", "state", "mrc_minor", "started_on", "ended_on"]
    rows = _of_accounts(Service, columns, view, among)
    ended = f"s.state = '{ServiceState.TERMINATED.value}' or s.ended_on <= :as_of"
    owned = f"s.state in ({_listed(_RUNNING)}) and (s.started_on is null or s.started_on <= :as_of)"
    return (
        f"select s.account_id, {part} as part, case when {ended} then 'ENDED' when {owned} then 'OWNED'"
        " else 'DELIVERED' end as what, s.id as record_id, cast(null as text) as deal_id, s.mrc_minor,"
        " 0 as total_minor, case when s.ended_on <= :as_of then s.ended_on end as on_day,"
        f" cast(null as date) as until_day from {rows} s left join {products(view)} p on p.id = s.product_id"
    )


#: What a line comes to over its term; never more than can be held.
_MONTHS = "(case when l.term_months > 1 then l.term_months else 1 end)"
_TOTAL = (
    f"(case when l.mrc_minor <= ({MOST} - l.nrc_minor) / {_MONTHS}"
    f" then l.nrc_minor + l.mrc_minor * l.term_months else {MOST} end)"
)


def _deals(view: View, among: Among) -> str:
    return _of_accounts(Deal, ["account_id", "stage", "closed_on", "stage_since"], view, among)


def _lines(view: View, among: Among) -> str:
    columns = ["deal_id", "product_id", "mrc_minor", "nrc_minor", "term_months", "removed_on"]
    return _of_accounts(DealLine, columns, view, among)


_STANDS = "(l.removed_on is null or l.removed_on > :as_of)"


_ONCE = f"(d.stage = 'WON' and p.charge = '{Charge.ONE_OFF.value}')"
_AGE = "DAYS(:as_of, d.closed_on)"
_OFFER = (
    f"case when {_ONCE} then 'BOUGHT' when d.stage = 'WON' and {_AGE} > {ORDERED_DAYS} then 'OVERDUE'"
    " when d.stage in ('WON', 'LOST') then d.stage else 'OPEN' end"
)


def bought(view: View, among: Among, part: str) -> str:
    """What was bought once: it is owned as soon as it was won, and nothing is paid for it each month."""
    return f"{_offered(view, among, part)} and {_ONCE}"


def _offered(view: View, among: Among, part: str) -> str:
    """What is or was in deals: those that can be won, were won, or were lost, and when."""
    return (
        f"select d.account_id, {part} as part, {_OFFER} as what, l.id as record_id, d.id as deal_id,"
        f" l.mrc_minor, {_TOTAL} as total_minor, coalesce(d.closed_on, d.stage_since) as on_day,"
        f" cast(null as date) as until_day from {_lines(view, among)} l"
        f" join {_deals(view, among)} d on d.id = l.deal_id"
        f" left join {products(view)} p on p.id = l.product_id"
        f" where {_STANDS}"
    )


def _named_in_deals(view: View, among: Among, part: str) -> str:
    """Competitors who supply what a deal is about, or won it; one we won has no incumbent any more."""
    rivals = _of_accounts(DealCompetitor, ["deal_id", "status", "removed_on"], view, among)
    holds = (
        f"((c.status = '{CompetitorStatus.INCUMBENT.value}' and d.stage <> 'WON')"
        f" or (c.status = '{CompetitorStatus.WINNER.value}' and d.stage = 'LOST'))"
    )
    return (
        f"select d.account_id, {part} as part, 'HELD' as what, c.id as record_id, d.id as deal_id,"
        " 0 as mrc_minor, 0 as total_minor, cast(null as date) as on_day, cast(null as date) as until_day"
        f" from {rivals} c join {_deals(view, among)} d on d.id = c.deal_id"
        f" join {_lines(view, among)} l on l.deal_id = d.id"
        f" left join {products(view)} p on p.id = l.product_id"
        f" where (c.removed_on is null or c.removed_on > :as_of) and {holds} and {_STANDS}"
        f" and {_was_there('c', view)}"
    )


def _standing(view: View, among: Among, _part: str) -> str:
    """Competitors who were observed to supply an account with a family, until their contract ends."""
    columns = ["account_id", "product_family", "role", "contract_ends_on", "observed_on", "removed_on"]
    return (
        "select c.account_id, c.product_family as part, 'HELD' as what, c.id as record_id,"
        " cast(null as text) as deal_id, 0 as mrc_minor, 0 as total_minor, cast(null as date) as on_day,"
        f" c.contract_ends_on as until_day from {_of_accounts(CompetitorPosition, columns, view, among)} c"
        f" where c.role = '{PositionRole.INCUMBENT.value}' and c.observed_on <= :as_of"
        f" and (c.removed_on is null or c.removed_on > :as_of) and {_was_there('c', view)}"
    )


def _was_there(alias: str, view: View) -> str:
    """That a record without a day of its own had been made by then."""
    known = f" or not {known_change('h', view)}" if view.known else ""
    return (
        f"not exists (select 1 from change h where h.tenant_id = :tenant and h.entity_id = {alias}.id"
        f" and h.field = '{CREATED}' and (h.effective_on > :as_of{known}))"
    )


def _typed(view: View, among: Among, _part: str) -> str:
    """What people say that an account could pay for a family."""
    columns = ["account_id", "product_family", "mrc_minor", "removed_on"]
    return (
        "select y.account_id, y.product_family as part, 'TYPED' as what, y.id as record_id,"
        " cast(null as text) as deal_id, y.mrc_minor, 0 as total_minor, cast(null as date) as on_day,"
        f" cast(null as date) as until_day from {_of_accounts(AccountPotential, columns, view, among)} y"
        " where y.removed_on is null or y.removed_on > :as_of"
    )


_SOURCES: tuple[Callable[[View, Among, str], str], ...] = (
    services,
    _offered,
    _named_in_deals,
    _standing,
    _typed,
)
