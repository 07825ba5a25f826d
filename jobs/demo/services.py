"""What runs at an account: contracts, the services under them, and two years of monthly use."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from jobs.demo.accounts import AccountSpec
from jobs.demo.draft import CURRENCY, Row, Rows, minor
from jobs.demo.stories import Story
from jobs.demo.suite import BY_KEY
from models.services import ServiceState, months_before

USAGE_MONTHS = 24
RECENT_MONTHS = 3
#: What a customer has, by industry; the first three under the main contract, the others under a second.
BASKETS: dict[str, tuple[str, ...]] = {
    "Manufacturing": ("SDWAN", "INET", "FW", "MOB", "SIP", "IOT"),
    "Automotive": ("MPLS", "INET", "DDOS", "MOB", "IOT"),
    "Chemicals": ("MPLS", "INET", "FW", "SIP", "MOB"),
    "Energy": ("MPLS", "LTE", "FW", "IOT", "UCAAS"),
    "Banking": ("WAVE", "MPLS", "DDOS", "CC", "COLO", "SASE"),
    "Insurance": ("SDWAN", "INET", "DDOS", "CC", "UCAAS"),
    "Professional Services": ("INET", "SASE", "MEET", "UCAAS"),
    "Retail": ("SDWAN", "LTE", "FW", "SIP", "MOB"),
    "Logistics": ("SDWAN", "INET", "LTE", "IOT", "MOB"),
    "Food and Beverage": ("SDWAN", "INET", "FW", "IOT", "UCAAS"),
    "Travel and Hospitality": ("INET", "SIP", "FW", "MOB", "CC"),
    "Public Administration": ("MPLS", "INET", "DDOS", "SIP", "SASE"),
    "Healthcare": ("MPLS", "INET", "FW", "UCAAS", "COLO"),
    "Education": ("INET", "WAVE", "DDOS", "MEET"),
    "Media": ("INET", "CLOUD", "DDOS", "BACKUP"),
}
UNDER_MAIN = 3
#: Units that a customer needs of a product: for each site, and for each employee.
NEEDED: dict[str, tuple[float, float]] = {
    "SDWAN": (1, 0), "INET": (0.4, 0), "MPLS": (0.6, 0), "WAVE": (0.05, 0), "LTE": (1, 0),
    "SIP": (0, 0.05), "UCAAS": (0, 0.3), "MEET": (0.5, 0), "CC": (0, 0.012), "MOB": (0, 0.2),
    "IOT": (0, 0.8), "CLOUD": (0.1, 0), "COLO": (0.08, 0), "BACKUP": (0.7, 0), "FW": (0.25, 0),
    "DDOS": (0.06, 0), "SASE": (0, 0.3),
}  # fmt: skip
WIGGLE = 0.02
MONTHLY_GROWTH = 0.003


def add_contracts(rows: Rows, spec: AccountSpec, story: Story, today: date, random: Random) -> None:
    """Add the main contract, where the basket is large a second one, and what the story asks for."""
    basket = BASKETS[spec.industry]
    main = contract_id(spec.number, 1)
    ends_in = story.contract_ends_in or random.randint(220, 900)
    rows.contracts.append(_contract(main, "Network and security agreement", spec, story, today, ends_in))
    _add_services(rows, rows.contracts[-1], spec, story, basket[:UNDER_MAIN], today, random)
    if len(basket) > UNDER_MAIN and story.customer_for is None:
        second, ends_in = contract_id(spec.number, 2), random.randint(220, 900)
        name = "Voice, mobile and cloud agreement"
        rows.contracts.append(_contract(second, name, spec, story, today, ends_in))
        _add_services(rows, rows.contracts[-1], spec, story, basket[UNDER_MAIN:], today, random)
    if story.framework_ends_in is not None:
        ends_in = story.framework_ends_in
        key = f"CTR-{spec.number:02d}-F"
        rows.contracts.append(_contract(key, "Framework agreement", spec, story, today, ends_in))


def contract_id(account: int, number: int) -> str:
    """The external id of an account's contract."""
    return f"CTR-{account:02d}-{number}"


def _contract(external_id: str, name: str, spec: AccountSpec, story: Story, today: date, ends_in: int) -> Row:
    ends = today + timedelta(days=ends_in)
    if story.customer_for is None:
        term = 36 if ends_in < 330 else 60
        starts = ends - timedelta(days=round(term * 30.4375))
    else:
        starts = months_before(today, story.customer_for)
    values: dict[str, object] = {
        "account_id": spec.external_id,
        "name": f"{name} {starts.year}",
        "starts_on": starts,
        "ends_on": ends,
        "notice_days": 90,
        "auto_renews": False,
        "mrc_minor": 0,
        "currency": CURRENCY,
    }
    return Row(external_id, values, began=starts)


def _add_services(
    rows: Rows,
    contract: Row,
    spec: AccountSpec,
    story: Story,
    keys: tuple[str, ...],
    today: date,
    random: Random,
) -> None:
    total = 0
    for key in keys:
        service, units = _service(contract, spec, key, random)
        rows.services.append(service)
        rows.usage += _usage(service, BY_KEY[key].monthly_use * units, key, story, today, random)
        total += int(str(service.values["mrc_minor"]))
    contract.values["mrc_minor"] = total


def _service(contract: Row, spec: AccountSpec, key: str, random: Random) -> tuple[Row, int]:
    item = BY_KEY[key]
    per_site, per_employee = NEEDED[key]
    units = max(1, round(per_site * spec.sites + per_employee * spec.employees))
    discount = random.uniform(0.04, 0.24)
    values: dict[str, object] = {
        "account_id": spec.external_id,
        "contract_id": contract.external_id,
        "product_id": item.external_id,
        "name": f"{item.name} x {units:,}",
        "state": ServiceState.ACTIVE,
        "mrc_minor": minor(item.price * units * (1 - discount)),
        "currency": CURRENCY,
        "started_on": contract.began,
    }
    return Row(f"SVC-{spec.number:02d}-{key}", values, began=contract.began), units


def _usage(service: Row, quantity: int, key: str, story: Story, today: date, random: Random) -> list[Row]:
    level = quantity * random.uniform(0.7, 1.2)
    months = []
    for ago in range(USAGE_MONTHS, 0, -1):
        month = months_before(today, ago)
        if service.began is not None and month < months_before(service.began, 0):
            continue
        trend = (1 + MONTHLY_GROWTH) ** (USAGE_MONTHS - ago)
        change = 1 + story.usage_change if ago <= RECENT_MONTHS else 1
        used = round(level * trend * change * random.uniform(1 - WIGGLE, 1 + WIGGLE))
        values: dict[str, object] = {
            "account_id": service.values["account_id"],
            "service_id": service.external_id,
            "month": month,
            "quantity": used,
            "unit": BY_KEY[key].unit,
            "charge_minor": service.values["mrc_minor"],
            "currency": CURRENCY,
        }
        key_month = f"{service.external_id}-{month:%Y-%m}"
        months.append(Row(key_month, values, began=months_before(today, ago - 1)))
    return months
