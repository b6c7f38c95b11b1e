"""Whose desk a request lies on moves from a row of its own into the request's."""

from typing import Any

from django.db import migrations


def move(apps: Any, schema_editor: Any) -> None:
    for one in apps.get_model("portal", "Assignment").objects.order_by("pk").iterator():
        apps.get_model("rights", "RightsRequest").objects.filter(pk=one.request_id).update(assignee=one.member_id)


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0013_what_waits"),
        ("rights", "0005_assignee_and_journal_indexes"),
    ]

    operations = [
        migrations.RunPython(move, migrations.RunPython.noop),
        migrations.DeleteModel(name="Assignment"),
    ]
