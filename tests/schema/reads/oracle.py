"""Who may see what, said again in plain Python over all rows: ``models/visibility.py`` must agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from models.access import Role
from models.events import Dimension
from tests.schema.reads.names import snake
from tests.schema.reads.world import MODELS

Row = Mapping[str, object]
Rows = Mapping[str, list[Row]]
#: The column of accounts that events of a dimension name a value of.
PART = {
    Dimension.SEGMENT: "segment",
    Dimension.INDUSTRY: "industry",
    Dimension.COUNTRY: "country",
    Dimension.REGION: "region",
}


async def stored_rows() -> Rows:
    """Every row that is stored, by the name of its model."""
    rows: dict[str, list[Row]] = {
        model.__name__: [dict(row) for row in await model.all().values()] for model in MODELS
    }
    return {
        **rows,
        "Contact": [_with_the_last_contact(rows, contact) for contact in rows["Contact"]],
        "Bid": [_with_its_deal_and_round(rows, bid) for bid in rows["Bid"]],
        "AccountPlan": [_as_judged(rows, plan) for plan in rows["AccountPlan"]],
        "Trend": [_with_its_account(rows, trend) for trend in rows["Trend"]],
    }


def _with_the_last_contact(rows: Rows, contact: Row) -> Row:
    """A contact with the latest of what was noted and of the interactions that were a contact."""
    of = [each for each in rows["Interaction"] if each["contact_id"] == contact["id"]]
    days = [each["happened_on"] for each in of if _was_contact(each)] + [contact["last_contacted_on"]]
    return {**contact, "last_contacted_on": max((day for day in days if day), default=None)}  # type: ignore[type-var]


def _was_contact(interaction: Row) -> bool:
    if interaction["kind"] == "MAIL":
        return interaction["direction"] == "INBOUND"
    return interaction["kind"] != "TASK"


def _as_judged(rows: Rows, plan: Row) -> Row:
    """A plan with how it stood when it was judged last."""
    judged = [each for each in rows["PlanJudgement"] if each["account_plan_id"] == plan["id"]]
    kept: Row = next(iter(judged), {"health": None, "judged_on": None})
    return {**plan, "judged_health": kept["health"], "judged_on": kept["judged_on"]}


def _with_its_account(rows: Rows, trend: Row) -> Row:
    """A trend with what its account is among others."""
    (account,) = [account for account in rows["Account"] if account["id"] == trend["account_id"]]
    return {**trend, **{name: account[name] for name in ("segment", "industry", "region")}}


def _with_its_deal_and_round(rows: Rows, bid: Row) -> Row:
    """A bid with the account of its deal, and what became of the discount of its last round."""
    (account,) = [deal["account_id"] for deal in rows["Deal"] if deal["id"] == bid["deal_id"]]
    last = [
        round_["id"]
        for round_ in rows["BidRound"]
        if (round_["bid_id"], round_["number"]) == (bid["id"], bid["rounds_held"])
    ]
    approvals = [approval["state"] for approval in rows["BidApproval"] if approval["round_id"] in last]
    return {**bid, "account_id": account, "approval": next(iter(approvals), None)}


class Sight:
    """What one user sees of the rows."""

    def __init__(self, rows: Rows, user_id: str) -> None:
        self._rows = rows
        self._by_id = {str(row["id"]): row for of in rows.values() for row in of}
        self._user = self._by_id[user_id]

    @cached_property
    def ids(self) -> Mapping[str, frozenset[str]]:
        """The ids of the visible rows, by the name of their model."""
        return {
            model: frozenset(str(row["id"]) for row in rows if self._sees(model, row))
            for model, rows in self._rows.items()
        }

    def ids_within(self, model: str, record_id: object, listed: str) -> frozenset[str]:
        """The ids of the visible rows of one model that belong to a record of another."""
        return self.ids[listed] & within(self._rows, model, record_id, listed)

    @cached_property
    def all_ids(self) -> frozenset[str]:
        """The ids of all visible rows."""
        return frozenset().union(*self.ids.values())

    def _sees(self, model: str, row: Row) -> bool:
        if model == "Tenant":
            return row["id"] == self._user["tenant_id"]
        if row["tenant_id"] != self._user["tenant_id"]:
            return False
        if model in _PRIVATE:
            return self._user["role"] == Role.ADMIN or self._user["id"] in (row[of] for of in _PRIVATE[model])
        return self.sees_all or _RULES[model](self, row)

    @cached_property
    def sees_all(self) -> bool:
        """Whether it is the whole tenant."""
        return self._user["role"] in (Role.ADMIN, Role.INTEGRATION)

    @cached_property
    def _people(self) -> frozenset[object]:
        """Whose accounts and deals are seen: one's own, by managers and readers those of the teams below."""
        if self._user["role"] not in (Role.MANAGER, Role.READER) or self._user["team_id"] is None:
            return frozenset({self._user["id"]})
        below = {user["id"] for user in self._rows["User"] if self._is_below(user["team_id"])}
        return frozenset({self._user["id"], *below})

    def _is_below(self, team_id: object) -> bool:
        while team_id is not None:
            if team_id == self._user["team_id"]:
                return True
            team_id = self._by_id[str(team_id)]["parent_id"]
        return False

    def _row(self, row: Row, column: str) -> Row | None:
        """The row that a column refers to."""
        return self._by_id[str(row[column])] if row[column] is not None else None

    def everyone(self, _row: Row) -> bool:
        """The whole tenant sees it."""
        return True

    def owns(self, row: Row) -> bool:
        """An account or a deal of somebody whose are seen."""
        return row["owner_id"] in self._people

    def account(self, row: Row) -> bool:
        """An account: of its owner, and of whoever has a deal on it, or a share in one."""
        deals = [deal for deal in self._rows["Deal"] if deal["account_id"] == row["id"]]
        return self.owns(row) or any(self.owns(deal) or self.shares(deal) for deal in deals)

    def shares(self, deal: Row) -> bool:
        """A deal in which somebody has a share whose are seen."""
        return any(
            split["deal_id"] == deal["id"] and split["percent"] and split["user_id"] in self._people
            for split in self._rows["DealSplit"]
        )

    def of_seen_account(self, row: Row) -> bool:
        """What whoever sees the account sees."""
        account = self._row(row, "account_id")
        return account is not None and self.account(account)

    def of_both_accounts(self, row: Row) -> bool:
        """What whoever sees both accounts sees."""
        other = self._row(row, "other_id")
        return self.of_seen_account(row) and other is not None and self.account(other)

    def of_own_account(self, row: Row) -> bool:
        """What only the account's owner sees."""
        account = self._row(row, "account_id")
        return account is not None and self.owns(account)

    def deal(self, row: Row) -> bool:
        """A deal: of its owner, of whoever has a share, and of the account's."""
        return self.owns(row) or self.shares(row) or self.of_own_account(row)

    def of_deal(self, row: Row) -> bool:
        """A part of a deal."""
        deal = self._row(row, "deal_id")
        return deal is not None and self.deal(deal)

    def verdict(self, row: Row) -> bool:
        """What a rule says: to the account's owner, to the deal's what is not confidential."""
        return self.of_own_account(row) or (not row["confidential"] and self.of_deal(row))

    def of_verdict(self, row: Row) -> bool:
        """A part of what a rule says."""
        verdicts = [self._row(row, name) for name in ("recommendation_id", "risk_id") if name in row]
        return any(verdict is not None and self.verdict(verdict) for verdict in verdicts)

    def event(self, row: Row) -> bool:
        """What moved many accounts: to whoever owns one that it is about."""
        own = [account for account in self._rows["Account"] if self.owns(account)]
        if row["dimension"] == Dimension.TENANT:
            return bool(own)
        return any(account[PART[Dimension(str(row["dimension"]))]] == row["part"] for account in own)

    def of_person(self, row: Row) -> bool:
        """What is about somebody whose are seen."""
        return row["user_id"] in self._people

    def of_person_or_team(self, row: Row) -> bool:
        """What is about somebody whose are seen, or about the team of one."""
        teams = {user["team_id"] for user in self._rows["User"] if user["id"] in self._people} - {None}
        return self.of_person(row) or row["team_id"] in teams

    def of_person_or_led_team(self, row: Row) -> bool:
        """What is about somebody whose are seen, or a team all of whose people, and of those below, are."""
        below = [user["id"] for user in self._rows["User"] if self._is_in(user["team_id"], row["team_id"])]
        return self.of_person(row) or (bool(below) and all(each in self._people for each in below))

    def _is_in(self, team_id: object, top: object) -> bool:
        """Whether a team is another one or below it."""
        while team_id is not None and team_id != top:
            team_id = self._by_id[str(team_id)]["parent_id"]
        return team_id is not None

    def of_submission(self, row: Row) -> bool:
        """A part of somebody's forecast."""
        submission = self._row(row, "submission_id")
        return submission is not None and self.of_person(submission)

    def of_bid(self, row: Row) -> bool:
        """A part of a bid, which is a part of a deal."""
        bid = self._row(row, "bid_id")
        return bid is not None and self.of_deal(bid)

    def of_plays(self, row: Row) -> bool:
        """A play that was started: of the account's owner, and of whoever sees the deal that it is about."""
        return self.of_own_account(row) or self.of_deal(row)

    def of_play_run(self, row: Row) -> bool:
        """A part of a play that was started."""
        run = self._row(row, "play_run_id")
        return run is not None and self.of_plays(run)

    def of_team(self, row: Row) -> bool:
        """What the account's owner thinks of people, and whoever has a share in one of its deals."""
        deals = [deal for deal in self._rows["Deal"] if deal["account_id"] == row["account_id"]]
        return self.of_own_account(row) or any(map(self.shares, deals))

    def of_team_or_deal(self, row: Row) -> bool:
        """The same, and of what is thought in a deal whoever sees that."""
        return self.of_team(row) or self.of_deal(row)

    def of_maker(self, row: Row) -> bool:
        """What somebody whose are seen put on top of a forecast."""
        return row["made_by_id"] in self._people

    def asked_for(self, row: Row) -> bool:
        """What somebody had done whose accounts are seen."""
        return row["actor_id"] in self._people


#: What administrators alone see, besides the people whom these columns name.
_PRIVATE: Mapping[str, tuple[str, ...]] = {"ApiKey": (), "Delegation": ("assistant_id", "principal_id")}
_RULES: Mapping[str, Callable[[Sight, Row], bool]] = {
    "Account": Sight.account,
    "Deal": Sight.deal,
    "DealLine": Sight.of_deal,
    "DealContact": Sight.of_deal,
    **dict.fromkeys(
        ("StageChange", "StageWaiver", "DealCompetitor", "DecisionCriterion"),
        Sight.of_deal,
    ),
    "DealSplit": Sight.of_deal,
    "SnapshotDeal": Sight.of_deal,
    "Bid": Sight.of_deal,
    **dict.fromkeys(("BidDocument", "BidMember", "BidRound", "BidApproval"), Sight.of_bid),
    **dict.fromkeys(
        (
            "AccountPlan", "PlanEntry", "Objective", "ObjectiveMeasure", "PlanAction", "AcceptedRisk",
            "PlanRevision", "PlanJudgement",
        ),
        Sight.of_own_account,
    ),
    "AccountPotential": Sight.of_own_account,
    "CompatibilityRule": Sight.everyone,
    "PlayRun": Sight.of_plays,
    "PlayRunStep": Sight.of_play_run,
    "Quota": Sight.of_person_or_team,
    "ForecastProjection": Sight.of_person_or_led_team,
    "DealLikelihood": Sight.of_deal,
    "ForecastSubmission": Sight.of_person,
    "ForecastCall": Sight.of_submission,
    "ForecastAdjustment": Sight.of_maker,
    "PipelineSnapshot": Sight.everyone,
    "Contact": Sight.of_seen_account,
    "Signal": Sight.of_seen_account,
    "Interaction": Sight.of_seen_account,
    "Stakeholder": Sight.of_seen_account,
    "Assessment": Sight.of_team_or_deal,
    "Rapport": Sight.of_team,
    "NeededRoles": Sight.everyone,
    "Trend": Sight.of_seen_account,
    "CompetitorPosition": Sight.of_seen_account,
    "Competitor": Sight.everyone,
    "CompetitorName": Sight.everyone,
    "BattleNote": Sight.everyone,
    "Judgement": Sight.of_seen_account,
    "PendingJudgement": Sight.of_seen_account,
    "AccountMerge": Sight.of_seen_account,
    "DuplicateDismissal": Sight.of_both_accounts,
    "Contract": Sight.of_own_account,
    "Service": Sight.of_own_account,
    "UsageMonth": Sight.of_own_account,
    "Ticket": Sight.of_own_account,
    "Answer": Sight.of_own_account,
    "Recommendation": Sight.verdict,
    "Risk": Sight.verdict,
    "Evidence": Sight.of_verdict,
    "RiskLine": Sight.of_verdict,
    "PopulationEvent": Sight.event,
    "EvaluationRun": Sight.asked_for,
    "Backtest": Sight.asked_for,
    **dict.fromkeys(
        (
            "Team", "User", "Product", "Lever", "Rulebook", "Rule", "EngineAlarm", "Pipeline",
            "PipelineStage", "LossReason", "ExchangeRate", "DiscountLevel", "Play", "PlayStep",
        ),
        Sight.everyone,
    ),
}  # fmt: skip


def within(rows: Rows, model: str, record_id: object, listed: str) -> frozenset[str]:
    """The ids of the rows of one model that belong to a record of another, whoever sees them."""
    column = "parent_id" if listed == model else f"{snake(model)}_id"
    return frozenset(str(row["id"]) for row in rows[listed] if row[column] == record_id)


def model_of(rows: Rows) -> Mapping[str, str]:
    """The name of the model of each id."""
    return {str(row["id"]): model for model, of in rows.items() for row in of}
