"""What rules see of plans as they were judged, and that plans are withdrawn."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from models.plan_records import RevisionState
from tortoise import fields


class NewValues(ops.AlterField):
    """More values of a column of texts: nothing changes in the database, and no table is made anew."""

    async def database_forward(self, *_args: object, **_named: object) -> None:
        """Nothing."""

    async def database_backward(self, *_args: object, **_named: object) -> None:
        """Nothing."""


class Migration(migrations.Migration):
    dependencies = [('models', '0020_duplicate_dismissals')]

    initial = False

    operations = [
        ops.AddField(
            model_name='PlanJudgement',
            name='actions_overdue',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='PlanJudgement',
            name='objectives',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='PlanJudgement',
            name='objectives_without_action',
            field=fields.IntField(null=True),
        ),
        NewValues(
            model_name='PlanRevision',
            name='state',
            field=fields.CharEnumField(default=RevisionState.SUBMITTED, description='SUBMITTED: SUBMITTED\nAPPROVED: APPROVED\nRETURNED: RETURNED\nWITHDRAWN: WITHDRAWN', enum_type=RevisionState, max_length=20),
        ),
    ]
