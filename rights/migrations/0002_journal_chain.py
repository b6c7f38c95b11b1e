from django.db import migrations, models


def chain(apps, schema_editor):
    """Give the entries that are there their place in the chain, in the order in which they were written."""
    from rights import journal

    entries = apps.get_model("rights", "JournalEntry")
    position, digest = 0, ""
    for entry in entries.objects.order_by("pk").iterator(chunk_size=journal.CHUNK):
        position += 1
        entry.position, entry.previous = position, digest
        entry.digest = digest = journal.digest_of(entry)
        entry.save(update_fields=["position", "previous", "digest"])
    apps.get_model("rights", "JournalHead").objects.update_or_create(
        pk=1, defaults={"position": position, "digest": digest}
    )


class Migration(migrations.Migration):
    dependencies = [
        ("rights", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="JournalHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveBigIntegerField(default=0)),
                ("digest", models.CharField(blank=True, max_length=64)),
            ],
        ),
        migrations.AddField("journalentry", "position", models.PositiveBigIntegerField(null=True)),
        migrations.AddField("journalentry", "previous", models.CharField(default="", max_length=64)),
        migrations.AddField("journalentry", "digest", models.CharField(default="", max_length=64)),
        migrations.RunPython(chain, migrations.RunPython.noop),
    ]
