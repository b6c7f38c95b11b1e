"""Requests in the states that the stories do not pass. Made beside the running servers, by `manage.py shell`."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from django.contrib.auth.models import User
from django.utils import timezone
from PIL import Image

from matching import images
from portal import flow
from portal.flow.carried_out import start
from portal.identity import links
from portal.models import DocumentCheck, Job, JobKind, JobState
from rights import decisions, requests
from rights.law.grounds import for_regime
from rights.law.lifecycle import ClaimOutcome
from rights.law.regime import Stop
from rights.models import Channel, RightsRequest
from tests.portal.deeds import SHOWN, covered

REASONS = "The photograph shows two people, and we cannot tell which of them asks."
BOTH = ("access", "erasure")


def make(selfie: Path) -> str:
    """Every one of them; its key and the link of its mails, by name, as JSON."""
    probe = images.clean_upload(selfie.read_bytes())
    made = {
        "code": _asked(probe, "code"),
        "photo": _faceless(),
        "overdue": _overdue(probe),
        "question": _question(probe),
        "messages": _messages(probe),
        "extended": _extended(probe),
        "held-up": _held_up(probe),
        "refused": _refused(probe),
        "document-received": _document(probe),
        "nothing-held": _nothing_held(probe),
        "closed": _closed(probe),
    }
    return json.dumps({name: [str(case.pk), links.status_url(case)] for name, case in made.items()})


def address_of(name: str) -> str:
    """To which the mails of a state go."""
    return f"state.{name}@example.org"


def _asked(probe: bytes, name: str, *, days_ago: int = 0) -> RightsRequest:
    return flow.receive(
        rights=BOTH,
        contact=flow.Contact(name="Ida Example", email=address_of(name), language="en"),
        channel=Channel.WEB,
        probe=probe,
        received_at=timezone.now() - timedelta(days=days_ago),
        network=None,
    )


def _taken(case: RightsRequest, *steps: str) -> RightsRequest:
    """Moved without a worker: what a search of these people would find is another test's."""
    for step in steps:
        requests.take(request=case, step=step, actor="system", facts=SHOWN)
    return case


def _searched(probe: bytes, name: str, *, days_ago: int = 0) -> RightsRequest:
    return _taken(_asked(probe, name, days_ago=days_ago), "confirm", "search")


def _faceless() -> RightsRequest:
    """No face is in the photograph: a worker says so."""
    grey = io.BytesIO()
    Image.new("RGB", (320, 400), "gray").save(grey, "JPEG")
    case = _asked(images.clean_upload(grey.getvalue()), "photo")
    flow.confirm(request_id=case.pk)
    return case


def _overdue(probe: bytes) -> RightsRequest:
    return _searched(probe, "overdue", days_ago=40)


def _question(probe: bytes) -> RightsRequest:
    """Something was asked that stops the clock."""
    case = _searched(probe, "question")
    flow.doubt(request_id=case.pk, words="Two people share this address.", actor="staff:1")
    flow.ask(request_id=case.pk, kind=Stop.IDENTITY, question="In which town were you photographed?", actor="staff:1")
    return case


def _messages(probe: bytes) -> RightsRequest:
    case = _searched(probe, "messages")
    flow.hear(request_id=case.pk, words="Do you also hold pictures of the concert in June?", pictures=[probe])
    flow.tell(request_id=case.pk, words="We look at all collections.\n\nYou will read of each.", actor="staff:1")
    return case


def _extended(probe: bytes) -> RightsRequest:
    case = _searched(probe, "extended", days_ago=20)
    flow.extend(request_id=case.pk, reasons="Nine hundred requests reached us this month.", actor="staff:1")
    return case


def _held_up(probe: bytes) -> RightsRequest:
    case = _taken(_asked(probe, "held-up"), "confirm")
    later = timezone.now() + timedelta(hours=5)
    Job.objects.create(
        request=case, kind=JobKind.SEARCH, state=JobState.WAITING, problem="SourceUnreachable", not_before=later
    )
    return case


def _document(probe: bytes) -> RightsRequest:
    """A copy of an identity document lies with staff; a worker compares it."""
    case = _searched(probe, "document-received")
    flow.doubt(request_id=case.pk, words="Two people share this address.", actor="staff:1")
    flow.ask_document(request_id=case.pk, actor="staff:1")
    flow.receive_document(request_id=case.pk, picture=probe)
    assert DocumentCheck.objects.filter(request=case).exists()
    return case


def _decided(case: RightsRequest, outcome: ClaimOutcome) -> RightsRequest:
    _taken(case, "review")
    for claim in case.claims.order_by("right"):
        refused = outcome is ClaimOutcome.REFUSED
        grounds = (ground for ground in for_regime("gdpr") if claim.right in ground.applies_to and not ground.copy_only)
        decisions.decide(
            claim=claim,
            outcome=outcome,
            by=User.objects.get(username="reviewer-one"),
            ground=next(grounds).code if refused else "",
            reasons=REASONS if refused else "",
            evidence="The photograph itself." if refused else "",
            identity_basis="" if refused else "photo_and_email",
            facts=SHOWN if refused else replace(SHOWN, accepted=frozenset()),
        )
    _taken(case, "decide")
    start(case)
    return case


def _refused(probe: bytes) -> RightsRequest:
    return _decided(_searched(probe, "refused"), ClaimOutcome.REFUSED)


def _nothing_held(probe: bytes) -> RightsRequest:
    case = _searched(probe, "nothing-held")
    covered(case, photos=20_418)
    return _decided(case, ClaimOutcome.NOTHING_HELD)


def _closed(probe: bytes) -> RightsRequest:
    case = _decided(_searched(probe, "closed"), ClaimOutcome.REFUSED)
    _taken(case, "close")
    flow.closed.destroy_evidence(case)
    return case
