"""What a request says of who is asking: a token, and on whose behalf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.errors import Unauthenticated

#: The header in which an assistant names whom they act for: the id of a user.
ON_BEHALF_OF = "x-on-behalf-of"


@dataclass(frozen=True)
class Credentials:
    """A bearer token, if there is one, and the id of the user on whose behalf its owner acts."""

    token: str | None = None
    on_behalf_of: str | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Credentials:
        """The credentials in the headers of a request, or in a connection's parameters, in lower case.

        Raises:
            Unauthenticated: the Authorization header holds something else than a bearer token.
        """
        return cls(_bearer(headers.get("authorization")), headers.get(ON_BEHALF_OF) or None)


def _bearer(authorization: str | None) -> str | None:
    if authorization is None:
        return None
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("the Authorization header does not read: Bearer <token>")
    return token.strip()
