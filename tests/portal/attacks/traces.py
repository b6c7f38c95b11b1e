"""What an attack leaves behind: an entry in the journal of the request it was about, and nothing else."""

import pytest

from rights.models import JournalEntry, RightsRequest


def refusals(case: RightsRequest) -> list[str]:
    """The refused attempts in the journal of a request, in order, each by somebody who has proved nothing."""
    entries = JournalEntry.objects.filter(request=case, event__startswith="refused:").order_by("position")
    assert {entry.actor for entry in entries} <= {"unknown"}
    assert all(entry.detail == {} for entry in entries)
    return [entry.event.removeprefix("refused:") for entry in entries]


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The log's lines about refused attempts."""
    return [record.getMessage() for record in caplog.records if record.name == "portal.attempts"]
