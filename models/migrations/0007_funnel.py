from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0006_erased_contacts')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='AuditRecord',
            index=Index(fields=['tenant_id', 'command']),
        ),
        ops.AddIndex(
            model_name='Change',
            index=Index(fields=['tenant_id', 'known_on']),
        ),
        ops.AddIndex(
            model_name='Deal',
            index=Index(fields=['tenant_id', 'closed_on']),
        ),
    ]
