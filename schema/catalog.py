"""What is sold, as clients see it."""

from __future__ import annotations

from enum import Enum

import strawberry
from strawberry import UNSET

from models import catalog as stored
from models.catalog import Charge
from schema.core.connections import Listed, connection
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import BooleanFilter, Filter, IDFilter, MoneyFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money
from schema.core.stored import Node, Stored, column


@strawberry.type
class Product(Node, Stored[stored.Product]):
    """A product of the suite."""

    model = stored.Product

    version: int = column("Grows by one with each change.")
    name: str = column("The product's name.")
    family: str | None = column("The family of products that it belongs to; null when it is in none.")
    charge: Charge = column("Whether it is charged each month or once.")
    list_price: Money = column(
        "The price before discounts: of a month when it is charged each month, else once."
    )
    active: bool = column("Whether it is sold still.")


@strawberry.input
class ProductFilter:
    """Which products; all conditions given must hold."""

    and_: list[ProductFilter] | None = clause("and")
    or_: list[ProductFilter] | None = clause("or")
    not_: ProductFilter | None = clause("not")
    id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    family: StringFilter | None = UNSET
    charge: Filter[Charge] | None = UNSET
    list_price: MoneyFilter | None = UNSET
    active: BooleanFilter | None = UNSET


@strawberry.enum
class ProductOrderField(Enum):
    """What products are ordered by."""

    NAME = "name"
    FAMILY = "family"
    LIST_PRICE = "list_price"


@strawberry.input
class ProductOrder:
    """One step of an order."""

    field: ProductOrderField
    direction: Direction = Direction.ASC


PRODUCTS = Listed(
    "schema.catalog",
    "Product",
    Listing(
        stored.Product,
        {
            "id": Column("t.id"),
            "name": Column("t.name"),
            "family": Column("t.family"),
            "charge": Column("t.charge"),
            "list_price": Column("t.list_price_minor", Kind.NUMBER),
            "active": Column("t.active", Kind.BOOLEAN),
        },
        (("name", Direction.ASC),),
    ),
)


@strawberry.type
class CatalogQueries:
    """Reading the catalog."""

    products = connection(PRODUCTS, "What the operator sells.")
