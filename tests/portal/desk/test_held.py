"""Held photos: who may look and decide, what is journalled, and that a refusal is an erasure that is proven."""

import json
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from matching import images, ingest, search, suppression
from matching.models import Erasure, Face, Hold, Photo, Search, Source, Suppression, TemplateSuppression
from portal import consent, flow, jobs
from portal.models import Job, JobKind, JobState, Notice, Recipient
from rights.models import JournalEntry, RightsRequest
from tests.fakes import TWIN, PaintedEngine, paint, template_of
from tests.painted import folder_of
from tests.portal.deeds import Ask, Run, erased
from tests.staffing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def case(painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User) -> RightsRequest:
    """Ada was erased and consented to a template."""
    case = erased(ask, run_jobs, staff, other_staff)
    flow.consent(request_id=case.pk, text=consent.VERSION, language="en")
    run_jobs()
    return case


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    sign_in(client, staff)
    return client


def arrives(source: Source, name: str, *people: str | None, shade: int = 14) -> Hold | None:
    """A new photo in the source, imported; the case it opens."""
    (folder_of(source) / name).write_bytes(paint(people, shade=shade))
    ingest.import_source(source=source)
    return Hold.objects.order_by("-pk").first()


def url(name: str, case: Hold | None = None) -> str:
    return reverse(f"admin:matching_hold_{name}", args=[case.pk] if case else [])


def say(client: Client, case: Hold | None, outcome: str, reason: str = "") -> str:
    answer = client.post(url("judge", case), {"outcome": outcome, "reason": reason}, follow=True)
    return answer.content.decode()


def events(case: RightsRequest) -> list[str]:
    return list(case.journal_entries.filter(event__startswith="held").values_list("event", flat=True))


def names_in(path: Path) -> list[int]:
    """Left edges of the people who can be recognised in a file."""
    data = path.read_bytes()
    pixels = images.read_picture(data, max_bytes=len(data), max_pixels=10**7).pixels
    return [face.box.left for face in PaintedEngine().faces(pixels)]


def test_the_list_and_a_case_show_the_face_its_distance_and_how_many_decide(
    painted: Source, case: RightsRequest, desk: Client
) -> None:
    assert "No case waits" in desk.get(url("changelist")).content.decode()
    held = arrives(painted, "twin-2.jpg", TWIN, "bo")
    listed = desk.get(url("changelist")).content.decode()
    assert url("judge", held) in listed
    assert "0 of 2 have judged" in listed
    page = desk.get(url("judge", held))
    body = page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert "0.500" in body
    assert "2 people who say the same decide" in body
    assert case.reference in body
    assert "1 other face" in body
    for picture in ("face", "photo"):
        shown = desk.get(url(picture, held))
        assert shown["Content-Type"] == "image/jpeg"
        assert "no-store" in shown["Cache-Control"]
    looked = JournalEntry.objects.filter(request=case, event="viewed_picture", detail__hold=held.pk)
    assert looked.count() == 2


def test_nobody_without_the_right_sees_or_decides_anything(
    painted: Source, case: RightsRequest, client: Client
) -> None:
    held = arrives(painted, "new.jpg", "ada")
    addresses = [url("changelist"), *(url(name, held) for name in ("judge", "face", "photo"))]
    for address in addresses:
        assert client.get(address).status_code == 302
    sign_in(client, User.objects.create_user("powerless", password="x" * 12, is_staff=True))
    for address in addresses:
        assert client.get(address).status_code == 403
    assert client.post(url("judge", held), {"outcome": "refuse"}).status_code == 403
    destroy = reverse("admin:rights_request_withdraw_consent", args=[case.pk])
    assert client.post(destroy).status_code == 403
    assert TemplateSuppression.objects.exists()
    assert Hold.objects.get().outcome == ""


def test_a_refused_photo_is_erased_and_proven_and_refused_ever_after(
    painted: Source, case: RightsRequest, desk: Client, run_jobs: Run
) -> None:
    recipient = Recipient.objects.create(name="Agency", email="agency@example.org", country="BE")
    recipient.sources.add(painted)
    held = arrives(painted, "new.jpg", "ada")
    data = (folder_of(painted) / "new.jpg").read_bytes()
    assert "Refused." in say(desk, held, "refuse")
    run_jobs()
    assert not (folder_of(painted) / "new.jpg").exists()
    assert not Photo.objects.filter(path="new.jpg").exists()
    held = Hold.objects.get()
    assert (held.outcome, bool(held.erased_at)) == ("refuse", True)
    erasure = Erasure.objects.get(path="new.jpg")
    assert erasure.proven_at is not None
    assert erasure.subject == held.suppression_id
    assert events(case) == ["held_judged", "held_decided", "held_erased"]
    told = Notice.objects.get(recipient=recipient, request=case)
    assert [picture["sha256"] for picture in told.context["pictures"]] == [erasure.sha256]
    (folder_of(painted) / "back.jpg").write_bytes(data)
    assert ingest.import_source(source=painted).suppressed == 1
    assert Suppression.objects.filter(sha256=erasure.sha256).exists()
    assert Hold.objects.count() == 1


def test_in_a_photo_of_several_only_the_person_goes(
    painted: Source, case: RightsRequest, desk: Client, run_jobs: Run
) -> None:
    held = arrives(painted, "new.jpg", "bo", "ada", TWIN)
    held = Hold.objects.get(band="match")
    say(desk, held, "refuse")
    run_jobs()
    assert names_in(folder_of(painted) / "new.jpg") == [20, 260]
    assert Face.objects.filter(photo__path="new.jpg").count() == 2
    assert suppression.undecided().get().band == "possible"  # The twin still waits.
    assert Erasure.objects.get(path="new.jpg").action == "redact"


def test_a_possible_one_is_released_by_two_and_stays(
    painted: Source, case: RightsRequest, client: Client, staff: User, other_staff: User, run_jobs: Run
) -> None:
    held = arrives(painted, "twin-2.jpg", TWIN)
    sign_in(client, staff)
    assert "Say why" in client.post(url("judge", held), {"outcome": "release"}).content.decode()
    assert "Somebody else must say the same" in say(client, held, "release", "Her sister, see file 7.")
    assert Hold.objects.get().outcome == ""
    sign_in(client, other_staff)
    shown = client.get(url("judge", held)).content.decode()
    assert "Her sister, see file 7." in shown
    assert "Released." in say(client, held, "release", "The sister.")
    run_jobs()
    assert Photo.objects.filter(path="twin-2.jpg").exists()
    assert search.find(template_of(TWIN)[None]).certificate["complete"]
    assert events(case) == ["held_judged", "held_judged", "held_decided"]
    assert "is decided, or what it was about is gone" in say(client, held, "refuse")
    assert client.get(url("face", held)).status_code == 404
    assert url("judge", held) not in client.get(url("changelist")).content.decode()


def test_the_journal_holds_no_reason_no_path_and_no_name(
    painted: Source, case: RightsRequest, desk: Client, run_jobs: Run
) -> None:
    held = arrives(painted, "ada-at-the-sea.jpg", "ada")
    say(desk, held, "release", "Ada Lovelace agreed.")
    said = json.dumps(list(case.journal_entries.filter(event__startswith="held").values_list("detail", flat=True)))
    for personal in ("ada", "lovelace", "sea", "example.org"):
        assert personal not in said.lower()
    keys = {key for entry in case.journal_entries.filter(event__startswith="held") for key in entry.detail}
    assert keys == {"hold", "outcome", "band", "held_at", "by"}


def test_an_erasure_that_died_is_picked_up(
    painted: Source, case: RightsRequest, desk: Client, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = arrives(painted, "new.jpg", "ada")
    say(desk, held, "refuse")
    with monkeypatch.context() as patch:
        patch.setattr(flow.suppressed, "_close", dies)
        with pytest.raises(SystemExit):
            flow.erase_held(request_id=case.pk)
    assert Hold.objects.get().erased_at is None
    Job.objects.filter(kind=JobKind.ERASE_HELD).delete()  # As if nobody had ever posted it.
    flow.start_due_held_erasures()
    run_jobs()
    assert Hold.objects.get().erased_at is not None
    assert "held_erased" in events(case)
    flow.start_due_held_erasures()
    assert not Job.objects.filter(kind=JobKind.ERASE_HELD).exclude(state=JobState.DONE).exists()


def dies(*args: object) -> None:
    raise SystemExit("killed")


def test_what_somebody_elses_pending_access_asks_for_is_not_erased_before_it_is_answered(
    painted: Source, case: RightsRequest, desk: Client, run_jobs: Run, ask: Ask
) -> None:
    held = arrives(painted, "new.jpg", "bo", "ada")
    bo = ask("bo", rights=("access",), email="bo@example.org")
    flow.confirm(request_id=bo.pk)
    run_jobs()
    say(desk, held, "refuse")
    with pytest.raises(jobs.Postponed):
        flow.erase_held(request_id=case.pk)
    assert not Erasure.objects.filter(path="new.jpg").exists()
    assert names_in(folder_of(painted) / "new.jpg") == [20, 140]


def test_staff_record_a_withdrawal_on_paper_and_every_open_case_goes(
    painted: Source, case: RightsRequest, desk: Client, staff: User, run_jobs: Run
) -> None:
    held = arrives(painted, "new.jpg", "ada")
    say(desk, held, "refuse")  # Decided, and not yet carried out.
    arrives(painted, "newer.jpg", "ada", shade=12)
    request_page = reverse("admin:rights_rightsrequest_change", args=[case.pk])
    destroy = reverse("admin:rights_request_withdraw_consent", args=[case.pk])
    assert destroy in desk.get(request_page).content.decode()
    assert desk.get(destroy).status_code == 405
    desk.post(destroy)
    assert destroy not in desk.get(request_page).content.decode()
    assert not TemplateSuppression.objects.exists()
    assert not Hold.objects.exists()
    entry = case.journal_entries.get(event="template_destroyed")
    assert entry.actor == f"staff:{staff.pk}"
    run_jobs()
    assert (folder_of(painted) / "new.jpg").exists()  # Nobody wants it refused any more.


def test_the_request_s_own_proof_and_searches_stay_as_they_were(
    painted: Source, case: RightsRequest, desk: Client, run_jobs: Run
) -> None:
    before = list(Erasure.objects.filter(subject=case.pk).values())
    searches = set(Search.objects.values_list("pk", flat=True))
    say(desk, arrives(painted, "new.jpg", "ada"), "refuse")
    run_jobs()
    assert list(Erasure.objects.filter(subject=case.pk).values()) == before
    assert set(Search.objects.values_list("pk", flat=True)) == searches
    case.refresh_from_db()
    assert case.state == "carried_out"


def test_a_template_that_another_engine_made_is_told_to_staff(
    painted: Source, case: RightsRequest, desk: Client
) -> None:
    warning = "made by another face engine"
    assert warning not in desk.get(url("changelist")).content.decode()
    TemplateSuppression.objects.update(engine="another/1")
    assert warning in desk.get(url("changelist")).content.decode()
