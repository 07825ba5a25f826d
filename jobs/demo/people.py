"""Who works for the operator: a head of sales, four teams with a manager each, and ten directors."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.demo.names import DOMAIN
from models.access import Role


@dataclass(frozen=True)
class TeamSpec:
    """A team, and the name of the one above it."""

    name: str
    parent: str | None = None


@dataclass(frozen=True)
class Person:
    """Somebody who signs in; ``manager`` is the external id of whom they report to."""

    external_id: str
    name: str
    role: Role
    team: str | None = None
    manager: str | None = None

    @property
    def email(self) -> str:
        """Where they get mail, and what a token is asked for by."""
        return f"{self.name.lower().replace(' ', '.')}@{DOMAIN}"


HEAD_TEAM = "Enterprise Sales"
TEAMS: tuple[TeamSpec, ...] = (
    TeamSpec(HEAD_TEAM),
    TeamSpec("Manufacturing and Mobility", HEAD_TEAM),
    TeamSpec("Finance and Insurance", HEAD_TEAM),
    TeamSpec("Retail and Logistics", HEAD_TEAM),
    TeamSpec("Public Sector and Health", HEAD_TEAM),
)
_HEAD = Person("USR-HEAD", "Margit Thalberg", Role.MANAGER, HEAD_TEAM)
_MANAGERS = tuple(
    Person(f"USR-M{number}", name, Role.MANAGER, TEAMS[number].name, _HEAD.external_id)
    for number, name in enumerate(
        ("Ruben Aldana", "Sofie Maertens", "Tomasz Wilk", "Helene Brandauer"), start=1
    )
)
#: Directors by the manager they report to, in the order in which they carry the accounts, six each.
_DIRECTORS = (
    ("Clara Voss", 1),
    ("Emil Sandberg", 1),
    ("Nadia Ferrante", 1),
    ("Pieter Hoekstra", 2),
    ("Lucie Marchand", 2),
    ("Oskar Lindholm", 3),
    ("Beatriz Navarro", 3),
    ("Conor Halloran", 3),
    ("Agnieszka Zawada", 4),
    ("Matthias Ebner", 4),
)
DIRECTORS = tuple(
    Person(f"USR-D{number:02d}", name, Role.DIRECTOR, TEAMS[manager].name, f"USR-M{manager}")
    for number, (name, manager) in enumerate(_DIRECTORS, start=1)
)
#: Everybody, managers before those who report to them.
PEOPLE: tuple[Person, ...] = (
    _HEAD,
    *_MANAGERS,
    *DIRECTORS,
    Person("USR-ADMIN", "Ada Winther", Role.ADMIN),
    Person("USR-CRM", "CRM Integration", Role.INTEGRATION),
)

#: A director with several things going wrong, and the manager of that director's team.
DIRECTOR_EMAIL = DIRECTORS[0].email
MANAGER_EMAIL = _MANAGERS[0].email
