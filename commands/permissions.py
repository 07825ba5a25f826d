"""Who may do what: the roles and the scope that each kind of command needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commands.validation import active_user
from models.access import Actor, Role, Scope
from models.errors import Forbidden, allowed


@dataclass(frozen=True)
class Right:
    """What a kind of command needs: one of the roles and, of who is limited to scopes, the scope."""

    roles: frozenset[Role]
    scope: Scope


#: Everybody who works with accounts.
_SELLERS = frozenset({Role.DIRECTOR, Role.MANAGER, Role.ASSISTANT, Role.INTEGRATION, Role.ADMIN})
#: Those who decide which rules are live and who is judged.
_RULE_MAKERS = frozenset({Role.MANAGER, Role.ADMIN})
_ADMINISTRATORS = frozenset({Role.ADMIN})

READ = Right(frozenset(Role), Scope.READ)
READ_MONEY = Right(frozenset(Role), Scope.READ_MONEY)
READ_PERSONAL = Right(frozenset(Role), Scope.READ_PERSONAL)
#: Accounts, contacts, deals, and answers to recommendations.
SELL = Right(_SELLERS, Scope.WRITE_SALES)
#: Handing in what one will win.
FORECAST = Right(_SELLERS - {Role.INTEGRATION}, Scope.WRITE_SALES)
#: Quotas, shares in deals, adjusting forecasts, their calendar, and who may give which discount.
LEAD = Right(frozenset({Role.MANAGER, Role.ADMIN}), Scope.WRITE_SALES)
#: Deciding on discounts that others ask for: in one's own name alone.
APPROVE = Right(frozenset({Role.DIRECTOR, Role.MANAGER, Role.ADMIN}), Scope.WRITE_SALES)
#: Recording what was heard.
LISTEN = Right(_SELLERS, Scope.WRITE_SIGNALS)
#: Having one's accounts judged by the live rules.
JUDGE = Right(_SELLERS, Scope.EVALUATE)
#: Keeping the whole tenant judged.
KEEP_JUDGED = Right(_ADMINISTRATORS, Scope.EVALUATE)
#: Seeing what rules would say, which changes nothing.
TRY_RULES = Right(_RULE_MAKERS, Scope.EVALUATE)
#: Rulebooks, levers, limits and alarms.
MAKE_RULES = Right(_RULE_MAKERS, Scope.WRITE_RULES)
#: Pipelines, reasons of losses, exchange rates and how the worth of deals is counted.
CONFIGURE_SALES = Right(_RULE_MAKERS, Scope.WRITE_RULES)
#: Letting a deal go on without what its stage needs.
WAIVE = Right(_RULE_MAKERS, Scope.WRITE_SALES)
#: Records of a source, with its users and teams.
BRING_IN = Right(frozenset({Role.INTEGRATION, Role.ADMIN}), Scope.IMPORT)
#: Having an assistant act on one's behalf.
DELEGATE = Right(frozenset({Role.DIRECTOR, Role.MANAGER, Role.ADMIN}), Scope.ADMINISTER)
#: Answering for the personal data of people at the accounts of one's teams.
STEWARD = Right(_RULE_MAKERS, Scope.ADMINISTER)
#: Who else may sign in, and how.
ADMINISTER = Right(_ADMINISTRATORS, Scope.ADMINISTER)

RIGHTS = (
    READ, READ_MONEY, READ_PERSONAL, SELL, FORECAST, LEAD, APPROVE, LISTEN, JUDGE, KEEP_JUDGED, TRY_RULES,
    MAKE_RULES, CONFIGURE_SALES, WAIVE, BRING_IN, DELEGATE, STEWARD, ADMINISTER,
)  # fmt: skip


def require(actor: Actor, right: Right, act: str) -> None:
    """Raise Forbidden, naming the role or the scope that is missing; ``act`` completes "may not …"."""
    if actor.role not in right.roles:
        raise Forbidden(f"a {actor.role} may not {act}; allowed: {allowed(sorted(right.roles))}")
    if _stands_alone(actor):
        raise Forbidden(f"an {actor.role} may not {act} but on somebody's behalf: X-On-Behalf-Of: usr_…")
    if actor.scopes is not None and right.scope not in actor.scopes:
        raise Forbidden(f"to {act}, the scope {right.scope} is needed; {granted(actor)}")


def may(actor: Actor, right: Right) -> bool:
    """Whether ``require`` would let the actor pass."""
    within = actor.scopes is None or right.scope in actor.scopes
    return actor.role in right.roles and within and not _stands_alone(actor)


def granted(actor: Actor) -> str:
    """What an actor's key or token is limited to, as an error message says it."""
    return f"this key or token has: {allowed(sorted(actor.scopes or ()))}"


def scopes_of(role: Role) -> frozenset[Scope]:
    """The scopes that mean anything for a role."""
    return frozenset(right.scope for right in RIGHTS if role in right.roles)


def _stands_alone(actor: Actor) -> bool:
    return actor.role is Role.ASSISTANT and actor.on_behalf_of is None


async def check_owner(actor: Actor, values: Mapping[str, object]) -> None:
    """Check whom ``values`` make the owner, if they do: somebody active whom the actor may give it to.

    Raises:
        NotFound: there is no such active user.
        Forbidden: a director or manager would give it out of their team, or to nobody.
    """
    if "owner_id" not in values:
        return
    owner_id = values["owner_id"]
    if owner_id is not None:
        await active_user(actor, str(owner_id), "ownerId")
    if actor.owners is not None and owner_id not in actor.owners:
        raise Forbidden("it can only be given to somebody in your own team", ["ownerId"])
