"""Every look of staff at evidence or a picture is in the journal: all addresses that give one out, found from the
patterns themselves."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from matching import reviews
from matching.models import Photo, Source
from portal import consent, flow, vault
from portal.desk.access import seen
from portal.models import Answer, Evidence, EvidenceKind, Notice
from portal.staff.roles import Role
from portal.words import LOOKS
from rights import journal
from rights.law.regime import Stop
from rights.models import JournalEntry, RightsRequest
from tests.fakes import TWIN, paint
from tests.portal.deeds import Ask, Run, decide, erased, judge
from tests.portal.desk.test_gate import GUARDED
from tests.portal.desk.test_held import arrives
from tests.staffing import member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

GIVES = re.compile(r"\.(jpg|png|zip|pdf|txt)$|/(reply|archive|picture|frame|evidence|probe|document|messages)/")
"""How an address that gives something out looks."""


def _letter(desk: Client) -> RightsRequest:
    """A request on paper: what answers it is posted and handed over."""
    data = {
        "channel": "post", "received_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M"), "rights": ["access"],
        "language": "en", "name": "Ada", "postal_address": "12 Street",
        "photo": SimpleUploadedFile("x.jpg", paint(["ada"]), "image/jpeg"),
    }  # fmt: skip
    desk.post(reverse("admin:rights_request_enter"), data)
    return RightsRequest.objects.latest("recorded_at")


@pytest.fixture
def looks(
    painted: Source, client: Client, controller: object, run_jobs: Run, staff: User, other_staff: User
) -> dict[str, tuple[str, str]]:
    """For each name of an address that gives something out: an address that does, and the kind it gives."""
    sign_in(client, staff)
    request = _letter(client)
    flow.confirm(request_id=request.pk)
    message = flow.hear(request_id=request.pk, words="See.", pictures=[paint(["ada"])])
    flow.ask(request_id=request.pk, kind=Stop.CLARIFICATION, question="Which?", actor="staff:1")
    reply = Evidence.objects.create(
        request=request, kind=EvidenceKind.REPLY, sealed=vault.seal(request, b"This one."),
        destroy_on=timezone.localdate(),
    )  # fmt: skip
    run_jobs()
    hit = reviews.latest_search(request.pk).hits.first()
    notice = Notice.objects.filter(request=request, state="by_post").first()

    def at(name: str, *args: object) -> str:
        return reverse(f"admin:rights_request_{name}", args=[request.pk, *args])

    probe = request.evidence.get(kind=EvidenceKind.PROBE)
    judge(request, staff, other_staff)
    decide(request, staff)
    run_jobs()
    assert Answer.objects.get(request=request).offered_at
    return {
        "admin:rights_request_probe": (at("probe", probe.pk), "probe"),
        "admin:rights_request_face": (at("face", hit.pk), "picture"),
        "admin:rights_request_probe_aligned": (at("probe_aligned", probe.pk), "probe"),
        "admin:rights_request_face_aligned": (at("face_aligned", hit.pk), "picture"),
        "admin:rights_request_photo": (at("photo", hit.pk), "picture"),
        "admin:rights_request_reply": (at("reply", reply.pk), "reply"),
        "admin:rights_request_thread": (at("thread"), "messages"),
        "admin:rights_request_enclosure": (
            at("enclosure", message.evidence.get(kind=EvidenceKind.ENCLOSURE).pk), "enclosure",
        ),
        "admin:rights_request_archive": (at("archive"), "archive"),
        "admin:matching_photo_held": (
            reverse("admin:matching_photo_held", args=[Photo.objects.filter(status="read").first().pk]), "picture",
        ),
        "admin:rights_request_by_post": (at("by_post", notice.pk), "letter"),
        "admin:rights_request_around": (at("around", hit.pk), "around"),
        "admin:rights_rightsrequest_change": (
            reverse("admin:rights_rightsrequest_change", args=[request.pk]), "request",
        ),
    }  # fmt: skip


def test_every_address_that_gives_something_out_is_tried_here(looks: dict[str, tuple[str, str]]) -> None:
    found = {name for name, address in GUARDED.items() if GIVES.search(address) and not address.endswith("/mark/")}
    # They take something and give nothing; the page about a document shows no more than the request's.
    forms = {
        f"admin:rights_request_{name}"
        for name in ("add_probe", "ask_document", "check_digits", "decide_document", "search_with", "search_with_held")
    }
    others = {"admin:matching_hold_face", "admin:matching_hold_photo"}  # Below.
    others |= {"admin:rights_request_document_picture"}  # In tests/portal/identity/test_document.py
    others |= {"admin:rights_request_frame"}  # In tests/portal/identity/test_live.py
    others |= {"admin:rights_request_mandate"}  # In tests/portal/test_represented.py
    assert found - forms - set(looks) - {"admin:rights_request_document"} == others


def test_each_look_is_journalled_with_who_what_and_nothing_personal(
    looks: dict[str, tuple[str, str]], client: Client, staff: User
) -> None:
    for name, (address, kind) in looks.items():
        before = JournalEntry.objects.count()
        answer = client.post(address) if kind == "archive" else client.get(address)
        assert answer.status_code == 200, name
        assert b"".join(iter(answer))
        assert "no-store" in answer["Cache-Control"]
        entries = JournalEntry.objects.order_by("position")[before:]
        (entry,) = [entry for entry in entries if entry.event.startswith("viewed_")]
        assert (entry.event, entry.actor) == (f"viewed_{kind}", f"staff:{staff.pk}"), name
        assert (entry.request is None) == (name == "admin:matching_photo_held")
        assert set(entry.detail) <= {"evidence", "photo", "face", "hold", "event"}
        assert "Ada" not in str(entry.detail)


def test_a_look_that_is_refused_shows_nothing(looks: dict[str, tuple[str, str]]) -> None:
    """Triage sees the requester's own photograph, and none of those that are held."""
    desk = sign_in(Client(), member("triage", Role.TRIAGE))
    for name, (address, kind) in looks.items():
        answer = desk.post(address) if kind == "archive" else desk.get(address)
        assert (answer.status_code == 403) == (kind in ("picture", "around", "archive")), name


def test_pictures_held_back_are_journalled_too(
    painted: Source, ask: Ask, run_jobs: Run, client: Client, staff: User, other_staff: User
) -> None:
    gone = erased(ask, run_jobs, staff, other_staff)
    flow.consent(request_id=gone.pk, text=consent.VERSION, language="en")
    run_jobs()
    held = arrives(painted, "twin-2.jpg", TWIN)
    sign_in(client, staff)
    for name in ("face", "photo"):
        assert client.get(reverse(f"admin:matching_hold_{name}", args=[held.pk])).status_code == 200
    seen = JournalEntry.objects.filter(event="viewed_picture", actor=f"staff:{staff.pk}").order_by("position")
    assert [entry.detail["hold"] for entry in seen] == [held.pk, held.pk]


def test_who_looked_is_shown_to_who_answers_for_it(
    painted: Source, client: Client, ask: Ask, run_jobs: Run, staff: User
) -> None:
    request = ask()
    sign_in(client, staff)
    client.get(reverse("admin:rights_rightsrequest_change", args=[request.pk]))
    client.get(reverse("admin:rights_request_probe", args=[request.pk, request.evidence.get().pk]))
    officer = sign_in(Client(), member("officer", Role.ADMIN))
    listed = officer.get(reverse("staff:accesses")).content.decode()
    assert request.reference in listed
    shown = officer.get(reverse("staff:accesses_of", args=[request.pk])).content.decode()
    assert "the photograph that the requester supplied" in shown
    assert staff.username in shown
    assert "ada@example.org" not in listed + shown
    assert officer.get(reverse("admin:rights_rightsrequest_change", args=[request.pk])).status_code == 403


def test_a_look_without_words_is_refused_before_it_is_journalled(rf: RequestFactory, staff: User) -> None:
    http = rf.get("/")
    http.user = staff
    with pytest.raises(ValueError, match="secrets"):
        seen(http, None, "secrets")
    assert not JournalEntry.objects.filter(event="viewed_secrets").exists()


def test_every_kind_of_look_is_on_the_page_in_words(client: Client, staff: User, ask: Ask) -> None:
    request = ask()
    for kind in LOOKS:
        journal.record(request=request, actor=journal.staff(staff.pk), event=f"viewed_{kind}")
    sign_in(client, staff)
    page = client.get(reverse("staff:accesses_of", args=[request.pk])).content.decode()
    assert [kind for kind, words in LOOKS.items() if escape(str(words)) not in page] == []
