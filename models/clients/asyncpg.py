"""The client of a PostgreSQL database."""

from __future__ import annotations

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    NestedTransactionContext,
    TransactionContext,
    TransactionContextPooled,
)

from models.clients.seen import Seen
from models.statements import POSTGRES


class Client(Seen, AsyncpgDBClient):
    """A pool of connections."""

    system = POSTGRES

    def _in_transaction(self) -> TransactionContext:
        return TransactionContextPooled(Transaction(self), self._pool_init_lock)


class Transaction(Seen, TransactionWrapper):
    """The connection that a transaction has."""

    system = POSTGRES

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(Transaction(self))


client_class = Client
