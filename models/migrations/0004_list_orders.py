"""Indexes in the order of each long list, so that a page is read where it begins and nothing is sorted."""

from tortoise import migrations
from tortoise.migrations import operations as ops

#: The table, the column of its list's order, whether it is a text, and whether rows may lack it.
ORDERS = (
    ("account", "name", True, False),
    ("contact", "name", True, False),
    ("contract", "ends_on", False, True),
    ("deal", "close_on", False, True),
    ("recommendation", "priority", False, False),
    ("risk", "exposure_minor", False, False),
    ("service", "name", True, False),
    ("signal", "observed_on", False, False),
    ("ticket", "opened_on", False, False),
)


async def create(_apps, editor):
    # A text is ordered by its code points on both databases; what is missing comes last.
    by_code_point = "" if editor.client.capabilities.dialect == "sqlite" else ' collate "C"'
    for table, column, is_text, may_lack in ORDERS:
        missing = f"(case when {column} is null then 1 else 0 end), " if may_lack else ""
        ordered = f"{column}{by_code_point}" if is_text else column
        await editor.client.execute_script(
            f'create index "list_{table}" on "{table}" (tenant_id, {missing}{ordered}, id{by_code_point})'
        )


async def drop(_apps, editor):
    for table, *_ in ORDERS:
        await editor.client.execute_script(f'drop index "list_{table}"')


class Migration(migrations.Migration):
    dependencies = [("models", "0003_whole_rules_engine")]

    initial = False

    operations = [ops.RunPython(create, drop)]
