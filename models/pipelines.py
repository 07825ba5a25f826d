"""Pipelines by kind of deal, their stages with what a deal must have to leave them, and reasons of losses."""

from __future__ import annotations

from collections.abc import Sequence

from tortoise import fields

from models.base import Record, reference
from models.deals import ForecastCategory, Stage
from models.described import Described
from models.errors import Invalid, allowed


class ExitFact(Described):
    """What a deal may have to have before it leaves a stage forward."""

    AMOUNT_SET = "AMOUNT_SET", "Its amount is more than nothing."
    CLOSE_DATE_SET = "CLOSE_DATE_SET", "It has an expected close date."
    NEXT_STEP_PLANNED = "NEXT_STEP_PLANNED", "It has a next step, and a day by which that is to be done."
    LINE_PRESENT = "LINE_PRESENT", "It has a line at least."
    ECONOMIC_BUYER_KNOWN = "ECONOMIC_BUYER_KNOWN", "An economic buyer takes part in it."
    CHAMPION_KNOWN = "CHAMPION_KNOWN", "A champion takes part in it."
    DECISION_MAKER_KNOWN = "DECISION_MAKER_KNOWN", "A decision maker takes part in it."
    COMPETITION_KNOWN = "COMPETITION_KNOWN", "A competitor is named, or it is said that there is none."
    BID_DECIDED = "BID_DECIDED", "It is decided of a bid for its tender whether it is made."
    OFFER_APPROVED = (
        "OFFER_APPROVED",
        "It has a bid with a round, and no offer of its bids lacks approval, but for those that were lost,"
        " withdrawn or a NO_GO.",
    )
    METRICS_VALIDATED = "METRICS_VALIDATED", "The element METRICS is validated."
    ECONOMIC_BUYER_VALIDATED = "ECONOMIC_BUYER_VALIDATED", "The element ECONOMIC_BUYER is validated."
    DECISION_CRITERIA_VALIDATED = (
        "DECISION_CRITERIA_VALIDATED",
        "The element DECISION_CRITERIA is validated.",
    )
    DECISION_PROCESS_VALIDATED = "DECISION_PROCESS_VALIDATED", "The element DECISION_PROCESS is validated."
    PAPER_PROCESS_VALIDATED = "PAPER_PROCESS_VALIDATED", "The element PAPER_PROCESS is validated."
    IDENTIFIED_PAIN_VALIDATED = "IDENTIFIED_PAIN_VALIDATED", "The element IDENTIFIED_PAIN is validated."
    CHAMPION_VALIDATED = "CHAMPION_VALIDATED", "The element CHAMPION is validated."
    COMPETITION_VALIDATED = "COMPETITION_VALIDATED", "The element COMPETITION is validated."


class Pipeline(Record):
    """The way that deals of some kinds take, stage by stage.

    ``kinds`` are the kinds of deals that it is for, ``default_for`` those of them whose new deals go through
    it unless said otherwise; no kind has two such. One that is not ``active`` takes no more deals.
    """

    prefix = "pipe"

    tenant = reference("Tenant")
    name = fields.CharField(max_length=200)
    kinds = fields.JSONField[list[str]]()
    default_for = fields.JSONField[list[str]]()
    active = fields.BooleanField(default=True, db_default=True)
    tenant_id: str

    class Meta:
        table = "pipeline"
        unique_together = (("tenant", "name"),)


class PipelineStage(Record):
    """A stage of a pipeline, which stands for one of the open states of a deal's lifecycle.

    A deal that enters it gets its ``stage``, ``forecast_category`` and ``probability`` (percent), and stays
    for ``usual_days``. ``required`` are the facts that it must have to leave it forward. A stage that was
    taken out (``removed_on``) stays, as deals have been in it.
    """

    prefix = "pstg"

    tenant = reference("Tenant")
    pipeline = reference("Pipeline", "stages")
    name = fields.CharField(max_length=200)
    position = fields.IntField()
    stage = fields.CharEnumField(Stage, max_length=20)
    forecast_category = fields.CharEnumField(ForecastCategory, max_length=20)
    probability = fields.IntField()
    usual_days = fields.IntField(null=True)
    required = fields.JSONField[list[str]]()
    removed_on = fields.DateField(null=True)
    tenant_id: str
    pipeline_id: str

    class Meta:
        table = "pipeline_stage"
        indexes = (("tenant_id", "pipeline_id", "position"),)

    @property
    def entered(self) -> dict[str, object]:
        """What a deal that enters the stage becomes."""
        return {
            "pipeline_id": self.pipeline_id,
            "pipeline_stage_id": self.id,
            "stage": Stage(self.stage),
            "probability": self.probability,
            "forecast_category": ForecastCategory(self.forecast_category),
        }

    @property
    def facts(self) -> list[ExitFact]:
        """The facts that a deal must have to leave the stage forward."""
        return [ExitFact(each) for each in self.required]


class StageWaiver(Record):
    """That a deal left a stage forward without facts that it needed, on somebody's word.

    ``facts`` are those that were missing; ``to_stage`` is null where the deal was won.
    """

    prefix = "waiv"
    immutable = frozenset({"facts", "reason", "waived_on", "waived_by_id"})

    tenant = reference("Tenant")
    deal = reference("Deal", "waivers")
    from_stage = reference("PipelineStage")
    to_stage = reference("PipelineStage", null=True)
    waived_by = reference("User", null=True)
    waived_on = fields.DateField()
    facts = fields.JSONField[list[str]]()
    reason = fields.CharField(max_length=500)
    tenant_id: str
    deal_id: str
    from_stage_id: str
    to_stage_id: str | None
    waived_by_id: str | None

    class Meta:
        table = "stage_waiver"
        indexes = (
            ("tenant_id", "deal_id"),
            ("tenant_id", "from_stage_id"),
            ("tenant_id", "to_stage_id"),
            ("tenant_id", "waived_by_id"),
        )


class LossReason(Record):
    """Why deals are lost, as a tenant counts it, those that are ``active`` are its list."""

    prefix = "loss"

    tenant = reference("Tenant")
    name = fields.CharField(max_length=200)
    active = fields.BooleanField(default=True, db_default=True)
    tenant_id: str

    class Meta:
        table = "loss_reason"
        unique_together = (("tenant", "name"),)


#: What is offered to a tenant that has no list of its own.
DEFAULT_LOSS_REASONS = (
    "Price",
    "Product or coverage",
    "Delivery time",
    "Relationship",
    "Incumbent kept",
    "No decision",
    "Budget withdrawn",
)


def standing_for(stages: Sequence[PipelineStage], stage: Stage) -> PipelineStage:
    """The first of a pipeline's stages that stands for a state of the lifecycle.

    Raises:
        Invalid: none does.
    """
    for each in stages:
        if each.stage is stage:
            return each
    known = allowed(list(dict.fromkeys(str(each.stage) for each in stages)))
    raise Invalid(f"no stage of the pipeline stands for {stage}; allowed: {known}", ["stage"])


def nearest(stages: Sequence[PipelineStage], stage: Stage) -> PipelineStage | None:
    """The first stage that stands for a state, else the last before it, else the first; None of none."""
    at_most = [each for each in stages if Stage(each.stage).rank <= stage.rank]
    exact = [each for each in at_most if each.stage is stage]
    return next(iter([*exact, *reversed(at_most), *stages]), None)


def passed(
    stages: Sequence[PipelineStage], before: PipelineStage, after: PipelineStage | None
) -> list[PipelineStage]:
    """The stages that a deal leaves forward, none when it goes back; without ``after`` it is won."""
    return [
        each
        for each in stages
        if each.position >= before.position and (after is None or each.position < after.position)
    ]
