"""The secrets of the API keys that the two tenants have."""

from __future__ import annotations

import hashlib

from commands.keys import PREFIX


def key_for(tenant: str, scope: str) -> str:
    """The secret of a tenant's key for a scope; of its key for all of them where there is none named."""
    return f"{PREFIX}{tenant}-{scope or 'all'}"


def digest(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
