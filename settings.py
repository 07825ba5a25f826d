"""Every setting of the product, typed, from the environment; nothing else reads the environment."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.errors import Invalid

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
#: Where nobody reads along: by https, or on the same machine.
SAFE = re.compile(r"https://[^/]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?(/|$)")
#: Algorithms with a key to sign and another one to check.
ALGORITHMS = ("RS256", "ES256", "EdDSA")
#: Characters of a token that nobody finds out by trying.
SHORTEST_TOKEN = 16
DATABASES = ("sqlite://", "postgres://", "postgresql://")


class Settings(BaseSettings):
    """Settings, each read from ``BELLWETHER_<NAME>``.

    ``secret`` signs development tokens (HS256). When it is empty, a random one is made once and kept
    in ``home`` beside the embedded database, readable by its owner only. With an ``oidc_issuer`` these
    tokens are good only where ``secret`` is set.
    """

    model_config = SettingsConfigDict(env_prefix="BELLWETHER_", env_file=None)

    home: Path = Path(".bellwether")
    database_url: str = ""
    secret: str = ""
    oidc_issuer: str = Field(default="", description="who signs the tokens of people: an OpenID provider")
    oidc_audience: str = Field(default="", validate_default=True, description="whom their tokens are for")
    oidc_tenant: str = Field(default="", description="the slug of the tenant, where there is only one")
    oidc_tenant_claim: str = Field(default="tenant", min_length=1, description="else what names it")
    oidc_user_claim: str = Field(default="email", min_length=1, description="what names the user")
    oidc_algorithms: str = Field(default="RS256,EdDSA", description="how tokens may be signed")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    cors_origins: str = Field(default="", description="origins of browser applications, with commas between")
    workers: int = Field(default=2, ge=1, le=64, description="rule-engine worker processes")
    annex: int = Field(default=2, ge=0, le=16, description="processes for queries that take long; 0: none")
    judge_timeout: float = Field(default=10.0, gt=0, description="seconds a worker may take for one batch")
    judge_changes: bool = Field(default=True, description="judge accounts again as they change")
    weekly_snapshots: bool = Field(default=True, description="freeze the pipeline of each week")
    token_hours: int = Field(default=12, ge=1, le=24 * 31)
    max_body_bytes: int = Field(default=2_000_000, ge=1_000)
    max_depth: int = Field(default=12, ge=3)
    max_aliases: int = Field(default=30, ge=1)
    max_tokens: int = Field(default=4_000, ge=100)
    max_directives: int = Field(default=30, ge=1)
    max_batch: int = Field(default=0, ge=0, le=100, description="requests in a body that is a list of them")
    max_cost: int = Field(default=50_000, ge=500, description="points that an operation may cost")
    points_per_minute: int = Field(
        default=1_000_000, ge=0, description="of each actor; 0: as many as they like"
    )
    max_seconds: float = Field(default=60.0, gt=0, description="that an operation may take")
    production: bool = Field(
        default=False, description="whether what helps developers is off unless asked for"
    )
    introspection: bool | None = Field(default=None, description="whether clients may read the schema")
    graphiql: bool | None = Field(default=None, description="whether browsers get an editor")
    suggestions: bool | None = Field(default=None, description="whether errors name what may have been meant")
    trusted_documents: Path | None = Field(
        default=None, description="a manifest of the documents to run alone"
    )
    max_subscriptions: int = Field(default=100, ge=1, description="that run on one WebSocket")
    max_connections: int = Field(default=20, ge=1, description="WebSockets that a user has open")
    max_waiting_events: int = Field(default=10_000, ge=1, description="that a subscription may be behind")
    socket_patience: float = Field(default=10.0, gt=0, description="seconds a WebSocket may be stuck")
    read_plans: bool = Field(default=True, description="answer queries by one statement where that can be")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    metrics: bool | None = Field(default=None, description="whether /metrics tells Prometheus")
    metrics_token: str = Field(default="", description="a bearer token that /metrics wants")
    otlp_endpoint: str = Field(default="", description="where traces are sent: an OpenTelemetry collector")

    @field_validator("database_url")
    @classmethod
    def _one_that_we_know(cls, given: str) -> str:
        if given and not given.startswith(DATABASES):
            raise ValueError(f"is no database that Bellwether knows; allowed: {', '.join(DATABASES)}")
        return given

    @field_validator("oidc_issuer")
    @classmethod
    def _safe_issuer(cls, given: str) -> str:
        if given and not SAFE.match(given):
            raise ValueError("is no https address; allowed: https://login.example.com")
        return given

    @field_validator("oidc_audience")
    @classmethod
    def _said_with_an_issuer(cls, given: str, told: ValidationInfo) -> str:
        if told.data.get("oidc_issuer") and not given:
            raise ValueError("is missing: whom does the issuer make tokens for?")
        return given

    @field_validator("oidc_algorithms")
    @classmethod
    def _with_two_keys(cls, given: str) -> str:
        unknown = set(_listed(given)) - set(ALGORITHMS)
        if unknown or not _listed(given):
            raise ValueError(f"{given!r} is not allowed; allowed: {', '.join(ALGORITHMS)}")
        return given

    @field_validator("cors_origins")
    @classmethod
    def _origins_alone(cls, given: str) -> str:
        for origin in _listed(given):
            if not ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is no origin; allowed: https://app.example.com, http://localhost:5173"
                )
        return given

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, given: object) -> object:
        return given.upper() if isinstance(given, str) else given

    @field_validator("metrics_token")
    @classmethod
    def _none_to_guess(cls, given: str) -> str:
        if given and len(given) < SHORTEST_TOKEN:
            raise ValueError(f"has {len(given)} characters; allowed: {SHORTEST_TOKEN} or more, or none")
        return given

    @field_validator("otlp_endpoint")
    @classmethod
    def _over_http(cls, given: str) -> str:
        if given and not given.startswith(("http://", "https://")):
            raise ValueError("is no address; allowed: http://localhost:4318, https://otel.example.com")
        return given

    @property
    def shows_metrics(self) -> bool:
        """Whether there is ``/metrics``: unless it is said, in development, or for whoever has the token."""
        return bool(self.metrics_token) or not self.production if self.metrics is None else self.metrics

    @property
    def shows_introspection(self) -> bool:
        """Whether clients may read the schema: unless it is said, in development alone."""
        return not self.production if self.introspection is None else self.introspection

    @property
    def shows_graphiql(self) -> bool:
        """Whether browsers get an editor: unless it is said, in development alone."""
        return not self.production if self.graphiql is None else self.graphiql

    @property
    def shows_suggestions(self) -> bool:
        """Whether errors name what may have been meant: unless it is said, in development alone."""
        return not self.production if self.suggestions is None else self.suggestions

    @property
    def algorithms(self) -> list[str]:
        """How an identity provider may sign tokens."""
        return _listed(self.oidc_algorithms)

    @property
    def origins(self) -> list[str]:
        """The origins, besides its own, from which browsers may ask the server."""
        return _listed(self.cors_origins)

    @property
    def database(self) -> str:
        """The database URL: SQLite in ``home`` unless ``database_url`` says otherwise."""
        return self.database_url or f"sqlite://{(self.home / 'bellwether.sqlite3').absolute()}"


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _version() -> str:
    try:
        return version("bellwether")
    except PackageNotFoundError:  # run from a checkout
        return "unknown"


#: The release that this is.
VERSION = _version()


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        Invalid: a setting has no value of its kind; the path is its name in the environment.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise Invalid(first["msg"].removeprefix("Value error, "), [f"BELLWETHER_{name}"]) from None
