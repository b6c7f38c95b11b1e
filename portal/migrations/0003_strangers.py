import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0002_partial"),
        ("rights", "0002_partial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="emailcode",
            name="request",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="codes",
                to="rights.rightsrequest",
            ),
        ),
        migrations.AddField(
            model_name="emailcode",
            name="stranger",
            field=models.UUIDField(blank=True, db_index=True, null=True),
        ),
        migrations.AddField(
            model_name="emailcode",
            name="locked_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="emailcode",
            name="tries",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="Wrong tries, carried over from the code before."
            ),
        ),
        migrations.AddConstraint(
            model_name="emailcode",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("request__isnull", False), ("stranger__isnull", True)),
                    models.Q(("request__isnull", True), ("stranger__isnull", False)),
                    _connector="OR",
                ),
                name="code_of_a_request_or_a_stranger",
            ),
        ),
    ]
