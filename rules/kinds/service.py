"""Facts of kind ``service``."""

from __future__ import annotations

from models.services import Service, ServiceState
from rules.kinds.declaring import CURRENCY, days, identity, kind, money, products, text
from rules.registry import Rows

SERVICE = kind(
    "service",
    "a service delivered to the customer",
    Rows(Service, joins={"p": (products, "p.id = t.product_id")}),
    text("name", "the service's name", "t.name"),
    text("state", "its state (TMF638)", "t.state", ServiceState),
    money("monthly_recurring", "monthly recurring charge", "t.mrc_minor"),
    money("annual_value", "12 times the monthly recurring charge", "t.mrc_minor * 12"),
    days("days_since_start", "days since it started", "DAYS(:as_of, t.started_on)"),
    identity("contract_id", "the contract it is delivered under", "t.contract_id"),
    identity("product_id", "the product it is an instance of", "t.product_id"),
    text("product", "the product's name", "p.name"),
    text("product_family", "the family that the product belongs to", "p.family"),
    CURRENCY,
)
