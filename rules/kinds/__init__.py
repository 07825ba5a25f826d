"""The kinds of facts that rules can speak of: each field with its type, unit, meaning and SQL.

A new kind is one module here and its name in the registry below; a new field is one line of its kind.
"""

from rules.kinds.account import ACCOUNT
from rules.kinds.bid import BID
from rules.kinds.competitor import COMPETITOR
from rules.kinds.contact import CONTACT
from rules.kinds.contract import CONTRACT
from rules.kinds.deal import DEAL
from rules.kinds.deal_contact import DEAL_CONTACT
from rules.kinds.deal_line import DEAL_LINE
from rules.kinds.event import EVENT
from rules.kinds.plan import PLAN
from rules.kinds.quota import QUOTA
from rules.kinds.service import SERVICE
from rules.kinds.signal import SIGNAL
from rules.kinds.stakeholder import STAKEHOLDER
from rules.kinds.ticket import TICKET
from rules.kinds.trend import TREND
from rules.kinds.usage import USAGE
from rules.kinds.whitespace import WHITESPACE
from rules.registry import Registry

REGISTRY = Registry(
    (
        *(ACCOUNT, CONTRACT, DEAL, DEAL_LINE, DEAL_CONTACT, BID, CONTACT),
        WHITESPACE,
        *(SERVICE, USAGE, TICKET, SIGNAL, EVENT, QUOTA, PLAN, STAKEHOLDER, TREND, COMPETITOR),
    )
)
