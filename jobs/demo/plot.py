"""Which story each account has: what goes wrong where, and what only nearly does."""

from __future__ import annotations

from jobs.demo.stories import DealStory, Story
from models.deals import DealKind, Stage

_EXPANSION, _NEGOTIATING, _QUALIFIED = DealKind.EXPANSION, Stage.NEGOTIATING, Stage.QUALIFIED

#: By account number; an account without a story is healthy.
STORIES: dict[int, Story] = {
    # Clara Voss
    1: Story(
        deals=(
            DealStory("STALLED", "sdwan", 38, stage=_QUALIFIED, age=134, close_in=64, pushes=1),
            DealStory("RIVAL", "ucaas", 60, stage=_NEGOTIATING, age=71, close_in=24, competitor_heard=9),
        )
    ),
    2: Story(contract_ends_in=74, renewal_open=False),
    3: Story(contract_ends_in=140, severe_tickets=3),
    4: Story(executive_left=23),
    5: Story(deals=(DealStory("STEP", "firewall", 12, next_step_in=-7),)),
    6: Story(
        usage_change=0.34,
        quiet=True,
        deals=(DealStory("STEP", "private5g", 2, stage=_QUALIFIED, next_step_in=-12),),
    ),
    # Emil Sandberg
    7: Story(
        deals=(
            DealStory(
                "PUSHED", "sdwan", 26, stage=_NEGOTIATING, age=84, pushes=4, close_in=27, next_step_in=-9
            ),
        )
    ),
    8: Story(quiet=True, deals=(DealStory("NINETY", "internet", 8, stage=_QUALIFIED, age=90, close_in=33),)),
    9: Story(usage_change=-0.34),
    10: Story(executives_silent=128),
    11: Story(executives_silent=210),
    12: Story(deals=(DealStory("SINGLE", "sdwan", 22, age=47, contacts=1),)),
    # Nadia Ferrante
    13: Story(overdue_days=47),
    14: Story(usage_change=-0.15),
    15: Story(deals=(DealStory("RIVAL", "iot", 30, age=58, competitor_heard=31),)),
    16: Story(customer_for=5, usage_change=1.0, quiet=True),
    17: Story(deals=(DealStory("PUSHED", "contact-centre", 14, age=66, pushes=2),)),
    18: Story(customer=False, deals=(DealStory("FIRST", "sdwan", 9, stage=_QUALIFIED, age=30),)),
    # Pieter Hoekstra
    19: Story(
        executives_silent=101,
        deals=(DealStory("PASSED", "cloud", 24, stage=_NEGOTIATING, age=79, close_in=-6),),
    ),
    20: Story(contract_ends_in=60),
    21: Story(contract_ends_in=88, severe_tickets=2),
    22: Story(deals=(DealStory("STALLED", "remote-access", 16, stage=_QUALIFIED, age=121, close_in=50),)),
    23: Story(executives_silent=90),
    # Lucie Marchand
    25: Story(usage_change=0.29, quiet=True),
    26: Story(
        deals=(
            DealStory("STALLED", "contact-centre", 30, age=152, pushes=3, close_in=38),
            DealStory("SINGLE-TWO", "cloud", 26, age=40, contacts=2),
        )
    ),
    27: Story(executive_left=91),
    28: Story(usage_change=-0.27),
    29: Story(overdue_days=30),
    30: Story(customer=False, deals=(DealStory("FIRST", "ucaas", 10, stage=Stage.IDENTIFIED, age=19),)),
    # Oskar Lindholm
    31: Story(deals=(DealStory("RIVAL", "colocation", 20, stage=_QUALIFIED, age=44, competitor_heard=12),)),
    32: Story(overdue_days=62),
    33: Story(contract_ends_in=31, renewal_open=False),
    34: Story(deals=(DealStory("EARLY", "sdwan", 20, stage=Stage.IDENTIFIED, age=21, contacts=1),)),
    # Beatriz Navarro
    37: Story(
        executive_left=61, deals=(DealStory("SINGLE", "mobile", 40, stage=_NEGOTIATING, age=63, contacts=1),)
    ),
    38: Story(contract_ends_in=121, renewal_open=False),
    40: Story(usage_change=-0.41),
    41: Story(deals=(DealStory("STEP", "internet", 10, stage=_QUALIFIED, next_step_in=-15),)),
    42: Story(customer=False, deals=(DealStory("FIRST", "mobile", 8, stage=_QUALIFIED, age=41),)),
    # Conor Halloran
    43: Story(deals=(DealStory("RIVAL", "sdwan", 18, stage=_NEGOTIATING, age=75, competitor_heard=4),)),
    44: Story(contract_ends_in=170, severe_tickets=2),
    45: Story(contract_ends_in=181, severe_tickets=2),
    46: Story(contract_ends_in=82, severe_tickets=1),
    48: Story(
        deals=(DealStory("TODAY", "firewall", 6, stage=_NEGOTIATING, age=61, close_in=0, next_step_in=1),)
    ),
    # Agnieszka Zawada
    50: Story(deals=(DealStory("PASSED", "internet", 15, age=68, close_in=-11),)),
    51: Story(
        usage_change=0.33,
        quiet=True,
        deals=(DealStory("MORE", "cloud", 14, kind=_EXPANSION, age=35),),
    ),
    52: Story(contract_ends_in=110, renewal_open=False),
    53: Story(executives_silent=95),
    54: Story(customer=False, deals=(DealStory("FIRST", "colocation", 9, stage=_QUALIFIED, age=26),)),
    # Matthias Ebner
    55: Story(deals=(DealStory("RIVAL", "ucaas", 36, stage=_NEGOTIATING, age=77, competitor_heard=61),)),
    56: Story(deals=(DealStory("PUSHED", "remote-access", 30, age=82, pushes=3, close_in=41),)),
    57: Story(framework_ends_in=58),
    58: Story(usage_change=0.12, quiet=True),
    59: Story(executive_left=8),
}
