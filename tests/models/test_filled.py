"""Records are filled as the ORM fills them, whatever they are given."""

from __future__ import annotations

import pytest
from tortoise import Tortoise
from tortoise.models import Model

from models.accounts import Account, Tier
from models.deals import Deal
from models.filled import Filled
from tests import factories


def _by_the_orm(model: type[Filled], **values: object) -> Filled:
    """A record that the ORM filled by itself."""
    made = model.__new__(model)
    Model.__init__(made, **values)
    return made


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_every_model_is_filled_as_the_orm_fills_it(db: str) -> None:
    assert Tortoise.apps
    models = [each for each in Tortoise.apps["models"].values() if issubclass(each, Filled)]
    assert len(models) > 60
    for model in models:
        for values in ({}, {"id": "x_1"}, {"id": "x_1", "version": "7", "tenant_id": "t_1"}):
            told = {name: value for name, value in values.items() if name in model._meta.fields_db_projection}
            ours, theirs = vars(model(**told)), vars(_by_the_orm(model, **told))
            assert ours.keys() == theirs.keys(), model
            for name, value in theirs.items():
                same = type(value) is type(ours[name]) if hasattr(value, "field") else value == ours[name]
                assert same, (model, name)


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_values_become_what_their_columns_hold(db: str) -> None:
    owner = await factories.user(await factories.tenant())
    account = Account(id="acc_1", tenant_id=owner.tenant_id, name="A", tier="KEY", valid_from="2026-03-31")
    assert account.tier is Tier.KEY
    assert account.valid_from == factories.TODAY
    assert account.version == 1
    with pytest.raises(ValueError, match="name is non nullable"):
        Account(name=None)
    stored = await factories.account(owner)
    assert Deal(account=stored).account_id == stored.id
