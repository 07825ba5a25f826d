"""What is sent with each mutation and each query that has arguments: every id that there is a place for.

Sent by an administrator of the desk's tenant each of them succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from models.base import today
from tests.schema.tenants.desk import RULE, Desk

Given = dict[str, object]
TOMORROW = (today() + timedelta(days=2)).isoformat()
HEARD: Given = {"kind": "OTHER", "summary": "heard", "observedOn": "2026-03-01", "externalId": "heard-1"}
_FILE = f"""rules:
  - {RULE | {"key": "imported"}}
"""

INPUTS: Mapping[str, Callable[[Desk], Given]] = {
    "createAccount": lambda on: {
        "name": "New", "parentId": on.account, "ownerId": on.director, "idempotencyKey": "new-account",
    },
    "updateAccount": lambda on: {
        "id": on.account, "version": 1, "name": "Other", "parentId": on.parent, "ownerId": on.director,
    },
    "createContact": lambda on: {"name": "New", "accountId": on.account, "idempotencyKey": "new-contact"},
    "updateContact": lambda on: {"id": on.contact, "version": 1, "title": "Head of Networks"},
    "recordInteraction": lambda on: {
        "accountId": on.account, "kind": "CALL", "happenedOn": "2026-03-01", "dealId": on.deal,
        "contactId": on.contact, "userId": on.director, "idempotencyKey": "new-call",
    },
    "exportContact": lambda on: {"id": on.contact},
    "eraseContact": lambda on: {"id": on.contact, "version": 1},
    "createDeal": lambda on: {
        "name": "New", "accountId": on.account, "ownerId": on.director, "contractId": on.contract,
        "idempotencyKey": "new-deal",
    },
    "updateDeal": lambda on: {
        "id": on.deal, "version": 1, "nextStep": "call", "ownerId": on.director, "contractId": on.contract,
    },
    "advanceDeal": lambda on: {"id": on.deal, "version": 1, "stage": "QUALIFIED"},
    "closeDeal": lambda on: {"id": on.deal, "version": 1, "stage": "WON"},
    "recordSignals": lambda on: {
        "signals": [{**HEARD, "accountId": on.account, "dealId": on.deal, "contactId": on.contact}]
    },
    "evaluate": lambda on: {"accountIds": [on.account]},
    "acceptRecommendation": lambda on: {"id": on.recommendation},
    "snoozeRecommendation": lambda on: {"id": on.recommendation, "until": TOMORROW},
    "dismissRecommendation": lambda on: {"id": on.recommendation, "reason": "not now"},
    "completeRecommendation": lambda on: {"id": on.recommendation, "outcome": "WORKED"},
    "recordOutcome": lambda on: {"id": on.done, "outcome": "WORKED"},
    "setLever": lambda _: {"action": "CALL", "percent": 30, "reason": "still more calls"},
    "clearLever": lambda on: {"id": on.lever},
    "setArbitrationLimits": lambda _: {"maxOffers": 4},
    "saveRulebook": lambda _: {"name": "saved", "rules": [RULE | {"key": "saved"}]},
    "importRulebook": lambda _: {"name": "imported", "yaml": _FILE},
    "activateRulebook": lambda on: {"id": on.draft},
    "rollBackRulebook": lambda _: {"name": "desk", "reason": "flags too many"},
    "retireRulebook": lambda on: {"id": on.live, "reason": "flags too many"},
    "startBacktest": lambda _: {"name": "desk", "number": 2, "fromOn": "2026-01-31", "untilOn": "2026-02-28"},
    "resolveEngineAlarm": lambda on: {"id": on.alarm},
    "createApiKey": lambda on: {
        "userId": on.program, "name": "nightly", "scopes": ["READ"], "idempotencyKey": "new-key",
    },
    "revokeApiKey": lambda on: {"id": on.key},
    "delegate": lambda on: {"assistantId": on.assistant, "principalId": on.director},
    "endDelegation": lambda on: {"id": on.delegation},
}  # fmt: skip
#: Of queries that have arguments and are no list.
ARGUMENTS: Mapping[str, Callable[[Desk], Given]] = {
    "account": lambda on: {"id": on.account},
    "deal": lambda on: {"id": on.deal},
    "nextBestActions": lambda on: {"accountId": on.account},
    "accountCase": lambda on: {"accountId": on.account, "ruleKey": "desk-waits"},
    "factKinds": lambda _: {"names": ["deal"]},
    "dryRun": lambda _: {"name": "desk", "version": 3},
    "rulebookDifference": lambda on: {"before": on.retired, "after": on.live},
    "rulebookFindings": lambda on: {"id": on.live},
    "checkRules": lambda _: {"name": "checked", "rules": [RULE | {"key": "checked"}]},
    "whyNot": lambda on: {"accountId": on.account, "ruleKey": "desk-waits"},
    "portfolio": lambda _: {},
    "node": lambda on: {"id": on.account},
    "nodes": lambda on: {"ids": [on.deal]},
}
#: Of subscriptions: which part is followed.
FOLLOWED: Mapping[str, Callable[[Desk], Given]] = {
    "recommendationChanged": lambda on: {"accountId": on.account},
    "riskChanged": lambda on: {"accountId": on.account},
    "evaluationProgress": lambda on: {"runId": on.run},
}
