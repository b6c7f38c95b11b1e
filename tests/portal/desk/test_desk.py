"""The desk: who gets in, what is journalled, and that its forms lead where the flow leads."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from matching import reviews
from matching.models import Face, Source
from portal import flow, vault
from portal.models import ControllerProfile, Evidence, Notice, NoticeState
from rights.law import grounds
from rights.models import Claim, Decision, JournalEntry, RightsRequest
from tests.fakes import paint
from tests.portal.deeds import Ask, Run, answered, judge
from tests.staffing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    sign_in(client, staff)
    return client


def url(name: str, request: RightsRequest, *args: object) -> str:
    return reverse(f"admin:rights_request_{name}", args=[request.pk, *args])


def page(request: RightsRequest) -> str:
    return reverse("admin:rights_rightsrequest_change", args=[request.pk])


def searched(ask: Ask, run_jobs: Run, **asked: object) -> RightsRequest:
    request = ask(**asked)
    flow.confirm(request_id=request.pk)
    run_jobs()
    request.refresh_from_db()
    return request


def test_the_queue_begins_with_what_is_due_next_and_hides_what_is_done(desk: Client, ask: Ask) -> None:
    late, soon, later, done = (ask(email=f"{n}@example.org") for n in range(4))
    today = timezone.localdate()
    for request, days in ((late, -3), (soon, 2), (later, 25), (done, 1)):
        due = today + timedelta(days=days)
        RightsRequest.objects.filter(pk=request.pk).update(due=due, nominal_due=due)
    flow.withdraw(request_id=done.pk)
    body = desk.get(reverse("admin:rights_rightsrequest_changelist")).content.decode()
    places = [body.index(request.reference) for request in (late, soon, later)]
    assert places == sorted(places)
    assert done.reference not in body
    assert "overdue by 3 d" in body
    everything = desk.get(reverse("admin:rights_rightsrequest_changelist") + "?which=all").content.decode()
    assert done.reference in everything
    overdue = desk.get(reverse("admin:rights_rightsrequest_changelist") + "?due=overdue").content.decode()
    assert late.reference in overdue
    assert soon.reference not in overdue


def test_nobody_without_the_right_sees_anything(painted: Source, client: Client, ask: Ask, run_jobs: Run) -> None:
    request = searched(ask, run_jobs)
    evidence = Evidence.objects.get()
    hit = reviews.latest_search(request.pk).hits.first()
    addresses = [
        page(request), url("review", request), url("probe", request, evidence.pk), url("face", request, hit.pk),
        url("photo", request, hit.pk), reverse("admin:rights_request_enter"),
    ]  # fmt: skip
    for address in addresses:
        assert client.get(address).status_code == 302
    powerless = User.objects.create_user("powerless", password="x" * 12, is_staff=True)
    sign_in(client, powerless)
    for address in addresses:
        assert client.get(address).status_code == 403
    for name in ("confirm", "withdraw", "finish_review"):
        assert client.post(url(name, request)).status_code == 403


def test_each_look_at_a_request_a_photograph_or_a_picture_is_in_the_journal(
    painted: Source, desk: Client, ask: Ask, run_jobs: Run, staff: User
) -> None:
    request = searched(ask, run_jobs)
    hit = reviews.latest_search(request.pk).hits.first()
    for address in (
        page(request), url("probe", request, Evidence.objects.get().pk), url("face", request, hit.pk),
        url("photo", request, hit.pk),
    ):  # fmt: skip
        answer = desk.get(address)
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
    seen = JournalEntry.objects.filter(event__startswith="viewed", actor=f"staff:{staff.pk}")
    assert list(seen.values_list("event", flat=True)) == [
        "viewed_request", "viewed_probe", "viewed_picture", "viewed_picture",
    ]  # fmt: skip


def test_a_picture_of_another_request_cannot_be_had_through_this_one(
    painted: Source, desk: Client, ask: Ask, run_jobs: Run
) -> None:
    mine, other = searched(ask, run_jobs), searched(ask, run_jobs, name="bo", email="bo@example.org")
    hit = reviews.latest_search(other.pk).hits.first()
    assert desk.get(url("face", mine, hit.pk)).status_code == 404
    assert desk.get(url("probe", mine, other.evidence.get().pk)).status_code == 404
    assert desk.get(url("face", mine, 999999)).status_code == 404
    assert desk.get(reverse("admin:rights_rightsrequest_change", args=[uuid.uuid4()])).status_code == 404


def test_around_a_hit_others_are_figures_and_hits_are_links(
    painted: Source, desk: Client, ask: Ask, run_jobs: Run
) -> None:
    request = searched(ask, run_jobs)
    latest = reviews.latest_search(request.pk)
    hit = latest.hits.order_by("distance").first()
    shown = desk.get(url("around", request, hit.pk))
    near = shown.context["neighbours"]
    assert {item.face.pk for item in near} == set(Face.objects.exclude(pk=hit.face_key).values_list("pk", flat=True))
    assert [item.distance for item in near] == sorted(item.distance for item in near)
    assert {item.face.pk for item in near if item.hit} == set(
        latest.hits.exclude(pk=hit.pk).values_list("face_key", flat=True)
    )
    text = shown.content.decode()
    assert "no hit: too far" in text
    assert text.count("/face/") == 1  # Only the hit itself is to be seen.
    entry = JournalEntry.objects.get(event="viewed_around")
    assert entry.detail == {"face": vault.alias(request, "face", hit.face_key)}
    other = searched(ask, run_jobs, name="bo", email="bo@example.org")
    assert desk.get(url("around", other, hit.pk)).status_code == 404


def test_hits_are_reviewed_one_after_another_and_then_decided(
    painted: Source, client: Client, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = searched(ask, run_jobs)
    hits = list(reviews.latest_search(request.pk).hits.order_by("distance", "pk"))
    for member in (staff, other_staff):
        sign_in(client, member)
        for _each in hits:
            shown = client.get(url("review", request))
            hit = shown.context["hit"]
            if hit is None:
                break
            verdict = "not" if hit.photo.path == "twin.jpg" else "same"
            client.post(url("review", request), {"hit": hit.pk, "verdict": verdict})
    assert client.get(url("review", request)).context["unsettled"] == 0
    client.post(url("finish_review", request))
    for right in ("access", "erasure"):
        data = {f"{right}-outcome": "granted", f"{right}-identity_basis": "photo_and_email"}
        answer = client.post(url("decide", request, right), data)
        assert answer.status_code == 302, answer.content.decode()
    request.refresh_from_db()
    assert request.state == "decided"
    assert set(Decision.objects.values_list("decided_by", flat=True)) == {other_staff.pk}
    events = set(JournalEntry.objects.filter(request=request).values_list("event", flat=True))
    assert {"reviewed_hit", "decided", "state:decided"} <= events


def test_a_verdict_that_is_none_changes_nothing(painted: Source, desk: Client, ask: Ask, run_jobs: Run) -> None:
    request = searched(ask, run_jobs)
    hit = reviews.latest_search(request.pk).hits.first()
    for data in ({}, {"hit": hit.pk}, {"hit": hit.pk, "verdict": "maybe"}, {"hit": 99999, "verdict": "same"}):
        assert desk.post(url("review", request), data).status_code == 302
    assert not JournalEntry.objects.filter(event="reviewed_hit").exists()


def test_what_the_law_refuses_is_said_and_what_was_typed_is_kept(
    painted: Source, desk: Client, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = searched(ask, run_jobs, rights=("access",))
    judge(request, staff, other_staff)
    answer = desk.post(
        url("decide", request, "access"), {"access-outcome": "refused", "access-reasons": "Because we say so."}
    )
    body = answer.content.decode()
    assert "needs a coded ground" in body
    assert "GDPR 12(4)" in body
    assert "Because we say so." in body
    answer = desk.post(url("decide", request, "access"), {"access-outcome": "granted"})
    assert "identity was established" in answer.content.decode()
    assert not Decision.objects.exists()


def test_a_refusal_on_a_coded_ground_is_told(desk: Client, ask: Ask, run_jobs: Run) -> None:
    request = ask(rights=("erasure",))
    ground = next(g for g in grounds.for_regime("gdpr") if "erasure" in g.applies_to and not g.second_signature)
    data = {
        "erasure-outcome": "refused",
        "erasure-ground": ground.code,
        "erasure-reasons": "A statute.",
        "erasure-evidence": "Its text.",
    }
    assert desk.post(url("decide", request, "erasure"), data).status_code == 302
    run_jobs()
    assert Claim.objects.get(request=request).fulfilled_at
    assert Notice.objects.get(request=request, event="refused").state == NoticeState.SENT


def test_what_is_missing_in_the_profile_is_named_on_the_request(desk: Client, ask: Ask) -> None:
    request = ask()
    assert "The answer cannot be sent yet" not in desk.get(page(request)).content.decode()
    ControllerProfile.objects.update(dpo_contact="")
    body = desk.get(page(request)).content.decode()
    assert "The answer cannot be sent yet" in body
    assert "data protection officer" in body


def letter(**changes: object) -> dict[str, object]:
    arrived = timezone.localtime() - timedelta(days=9)
    return {
        "channel": "post", "received_at": arrived.strftime("%Y-%m-%dT%H:%M"), "rights": ["access"], "language": "fr",
        "name": "Ada", "postal_address": "12 Street", **changes,
    }  # fmt: skip


def test_a_letter_gets_its_true_date_of_receipt(desk: Client, controller: object, staff: User) -> None:
    photo = SimpleUploadedFile("x.jpg", paint(["ada"]), "image/jpeg")
    answer = desk.post(reverse("admin:rights_request_enter"), letter(photo=photo))
    request = RightsRequest.objects.get()
    assert answer["Location"] == page(request)
    assert timezone.localtime(request.received_at).date() == timezone.localdate() - timedelta(days=9)
    assert (request.channel, request.language) == ("post", "fr")
    assert JournalEntry.objects.get(event="received").actor == f"staff:{staff.pk}"
    assert vault.unseal(request, bytes(Evidence.objects.get().sealed)).startswith(b"\xff\xd8")
    desk.post(url("confirm", request))
    request.refresh_from_db()
    assert request.state == "confirmed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"received_at": "2999-01-01T00:00"}, "in the future"),
        ({"postal_address": "", "email": ""}, "must be answered"),
        ({"rights": []}, "required"),
        ({"channel": "web"}, "valid choice"),
    ],
)
def test_a_letter_that_cannot_be_right_is_not_entered(
    desk: Client, controller: object, change: dict[str, object], words: str
) -> None:
    answer = desk.post(reverse("admin:rights_request_enter"), letter(**change))
    assert words in answer.content.decode()
    assert not RightsRequest.objects.exists()


def test_a_photograph_that_came_by_post_is_added_and_a_bad_one_is_refused(desk: Client, controller: object) -> None:
    desk.post(reverse("admin:rights_request_enter"), letter())
    request = RightsRequest.objects.get()
    bad = SimpleUploadedFile("x.jpg", b"no picture", "image/jpeg")
    answer = desk.post(url("add_probe", request), {"photo": bad}, follow=True)
    assert "not a picture" in answer.content.decode()
    desk.post(url("add_probe", request), {"photo": SimpleUploadedFile("x.jpg", paint(["ada"]), "image/jpeg")})
    assert Evidence.objects.filter(request=request).count() == 1


def test_the_profile_is_one_row_with_its_texts(desk: Client, controller: object) -> None:
    answer = desk.get(reverse("admin:portal_controllerprofile_changelist"))
    assert answer["Location"] == reverse("admin:portal_controllerprofile_change", args=[1])
    assert desk.get(answer["Location"]).status_code == 200
    assert desk.get(reverse("admin:portal_controllerprofile_add")).status_code == 403


def test_journal_notices_and_jobs_can_be_read_and_not_changed(desk: Client, ask: Ask) -> None:
    ask()
    for model, row in (
        ("rights_journalentry", JournalEntry.objects.first()),
        ("portal_notice", Notice.objects.first()),
    ):
        assert desk.get(reverse(f"admin:{model}_changelist")).status_code == 200
        assert desk.get(reverse(f"admin:{model}_change", args=[row.pk])).status_code == 200
        assert desk.post(reverse(f"admin:{model}_change", args=[row.pk]), {"event": "x"}).status_code == 403
        assert desk.post(reverse(f"admin:{model}_delete", args=[row.pk])).status_code == 403
    assert desk.get(reverse("admin:portal_job_changelist")).status_code == 200
    assert desk.get(reverse("admin:matching_photo_changelist")).status_code == 200
    assert desk.get(reverse("admin:matching_source_changelist")).status_code == 200


def test_an_uncertain_mail_goes_again_only_when_a_person_says_so(desk: Client, ask: Ask, run_jobs: Run) -> None:
    ask()
    notice = Notice.objects.get(event="acknowledged")
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.UNCERTAIN)
    run_jobs()
    data = {"action": "send_again", "_selected_action": [str(notice.pk)]}
    desk.post(reverse("admin:portal_notice_changelist"), data)
    run_jobs()
    notice.refresh_from_db()
    assert notice.state == NoticeState.SENT
    assert JournalEntry.objects.filter(event="notice_again").count() == 1


def test_somebody_without_an_address_is_answered_on_paper(
    painted: Source, desk: Client, controller: object, run_jobs: Run, staff: User, other_staff: User
) -> None:
    photo = SimpleUploadedFile("x.jpg", paint(["ada"]), "image/jpeg")
    desk.post(reverse("admin:rights_request_enter"), letter(photo=photo, rights=["access", "erasure"], language="en"))
    request = RightsRequest.objects.get()
    notice = Notice.objects.get(event="acknowledged")
    assert request.reference in desk.get(url("by_post", request, notice.pk)).content.decode()
    desk.post(url("by_post", request, notice.pk))
    notice.refresh_from_db()
    assert (notice.state, notice.sent_at is None) == (NoticeState.SENT, False)
    assert desk.get(url("by_post", request, notice.pk)).status_code == 404
    desk.post(url("confirm", request))
    run_jobs()
    request.refresh_from_db()
    judge(request, staff, other_staff)
    for claim in request.claims.order_by("right"):
        flow.decide(request_id=request.pk, right=claim.right, outcome="granted", by=staff, identity_basis="in_person")
    run_jobs()
    taken = desk.post(url("archive", request))
    assert taken.getvalue().startswith(b"PK")
    assert JournalEntry.objects.filter(event="viewed_archive").count() == 1
    run_jobs()
    request.refresh_from_db()
    assert request.state == "carried_out"


def test_an_archive_that_a_person_fetches_themselves_is_not_opened_at_the_desk(
    painted: Source, desk: Client, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = answered(ask, run_jobs, staff, other_staff)
    assert desk.post(url("archive", request)).status_code == 302
    assert not JournalEntry.objects.filter(event="viewed_archive").exists()
    request.answer.refresh_from_db()
    assert request.answer.delivered_at is None
