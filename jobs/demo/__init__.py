"""A fictional telecom operator with sixty accounts, in some of which things go wrong."""

from jobs.demo.loading import SLUG, load_world
from jobs.demo.people import DIRECTOR_EMAIL, MANAGER_EMAIL
from jobs.demo.rules import put_rules_live
from jobs.demo.scenarios import SCENARIOS, Scenario
from jobs.demo.strategy import strategise
from jobs.demo.week import sell
from jobs.demo.world import World, build_world

__all__ = [
    "DIRECTOR_EMAIL",
    "MANAGER_EMAIL",
    "SCENARIOS",
    "SLUG",
    "Scenario",
    "World",
    "build_world",
    "load_world",
    "put_rules_live",
    "sell",
    "strategise",
]
