"""docs/answer-format.md describes data.json as it is: every key, and no other."""

import json
import re
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User

from matching import suppression
from matching.models import Source
from portal.models import Recipient
from tests.portal.deeds import Ask, Run, answered, opened
from tests.project import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


def documented() -> dict[str, set[str]]:
    """Keys by the heading they are listed under."""
    text = (ROOT / "docs" / "answer-format.md").read_text(encoding="utf-8")
    _intro, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    return {
        section.splitlines()[0].strip("`"): set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
        for section in sections
    }


def test_every_key_is_described_and_no_other(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    Recipient.objects.create(name="Agency", email="a@example.org", country="BE").sources.add(painted)
    first = ask()
    suppression.begin(subject=first.pk, ends_on=date.max)
    request = answered(ask, run_jobs, staff, other_staff)
    with opened(request) as zipped:
        data: dict[str, Any] = json.loads(zipped.read("data.json"))
    face = data["pictures"][0]["faces_of_you"][0]
    assert documented() == {
        "The document": set(data),
        "decisions": set(data["decisions"][0]),
        "certificate": set(data["certificate"]),
        "recipients": set(data["recipients"][0]),
        "templates_kept_with_consent": set(data["templates_kept_with_consent"][0]),
        "pictures": set(data["pictures"][0]),
        "faces_of_you": set(face),
    }
    assert face["confirmed_by_reviewers"] == 1
    assert len(face["template"]) == 128
    assert all(isinstance(number, float) for number in face["template"])
