"""The client of an embedded database."""

from __future__ import annotations

from datetime import datetime

from tortoise.backends.base.client import NestedTransactionContext, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.fields import data

from models.clients.seen import Seen
from models.statements import SQLITE

# Moments and days are texts here, which the ORM reads many times as slow without an optional package.
vars(data)["parse_datetime"] = datetime.fromisoformat


class Client(Seen, SqliteClient):
    """The only connection that writes."""

    system = SQLITE

    def _in_transaction(self) -> TransactionContext:
        return SqliteTransactionContext(Transaction(self), self._lock)


class Transaction(Seen, SqliteTransactionWrapper):
    """The connection while a transaction has it."""

    system = SQLITE

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(Transaction(self))


client_class = Client
