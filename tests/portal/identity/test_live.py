"""The live photo check: drawn at random, good for ten minutes, looked at by a worker, judged by staff."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time
from pytest_django.fixtures import Settings

from matching.frames import Asked
from matching.models import Source
from portal import flow, jobs
from portal.identity import live
from portal.models import Evidence, EvidenceKind, Job, JobState, LiveCheck, LiveState
from rights.law.lifecycle import TransitionRefused
from rights.models import JournalEntry, RightsRequest
from tests.fakes import paint
from tests.matching.test_frames import frame as frame_of
from tests.portal.citizens.person import Person, upload
from tests.portal.deeds import Ask, Run, decide, judge
from tests.staffing import sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]


@pytest.fixture
def case(painted: Source, ask: Ask) -> RightsRequest:
    request = ask()
    flow.confirm(request_id=request.pk)
    request.refresh_from_db()
    return request


@pytest.fixture
def person(case: RightsRequest) -> Person:
    somebody = Person()
    somebody.open(case)
    return somebody


def send(person: Person, case: RightsRequest, picture: bytes, frame: int | None = None) -> Any:
    check = flow.live_check(case)
    asked = flow.next_frame(check) if check else None
    number = frame if frame is not None else asked.pk if asked else 0
    return person.post("live", {"frame": number, "photo": upload(picture)}, request_id=case.pk)


def begin(person: Person, case: RightsRequest) -> LiveCheck:
    person.post("live", {"begin": "yes"}, request_id=case.pk)
    check = flow.live_check(case)
    assert check is not None
    return check


def pass_it(person: Person, case: RightsRequest, who: str = "ada") -> LiveCheck:
    check = begin(person, case)
    for frame in check.frames.all():
        send(person, case, frame_of(Asked(frame.asked), who))
    return check


def text(person: Person, case: RightsRequest, name: str = "live") -> str:
    return str(person.get(name, request_id=case.pk).content.decode())


def frames_kept() -> int:
    return Evidence.objects.filter(kind=EvidenceKind.FRAME, destroyed_at=None).exclude(sealed=b"").count()


def test_every_way_of_three_poses_is_drawn_and_one_looks_ahead() -> None:
    drawn = Counter(tuple(live.draw()) for _each in range(2000))
    assert len(drawn) == 36
    assert all(len(set(poses)) == 3 and Asked.AHEAD in poses for poses in drawn)
    assert max(drawn.values()) < 4 * min(drawn.values())


def test_the_whole_way_without_scripts(
    case: RightsRequest, person: Person, client: Client, staff: User, run_jobs: Run
) -> None:
    assert "Show that it is you" in text(person, case, "status")
    first = text(person, case)
    assert "Without a camera" in first
    assert "a mask or a computed face" in first
    check = begin(person, case)
    asked = [Asked(frame.asked) for frame in check.frames.all()]
    for number, pose in enumerate(asked, start=1):
        shown = text(person, case)
        assert f"Picture {number} of 3" in shown
        assert 'capture="user"' in shown
        send(person, case, frame_of(pose))
    assert "We look at your three pictures" in text(person, case, "status")
    run_jobs()
    assert "Your live photo has arrived" in text(person, case, "status")
    check.refresh_from_db()
    assert (check.state, check.likeness) == (LiveState.PASSED, "same")
    sign_in(client, staff)
    desk = client.get(reverse("admin:rights_rightsrequest_change", args=[case.pk])).content.decode()
    assert "Live photo check" in desk
    assert "You judge" in desk
    for frame in check.frames.all():
        address = reverse("admin:rights_request_frame", args=[case.pk, frame.evidence_id])
        assert address in desk
        assert client.get(address)["Content-Type"] == "image/jpeg"
    assert JournalEntry.objects.filter(request=case, event="viewed_frame").count() == 3


def test_the_next_pose_is_not_told_before_the_frame_of_the_last(case: RightsRequest, person: Person) -> None:
    check = begin(person, case)
    pages = []
    for frame in check.frames.all():
        pages.append(text(person, case))
        send(person, case, frame_of(Asked(frame.asked)))
    words = [page.split('id="pose">')[1].split("<")[0] for page in pages]
    for number, page in enumerate(pages):
        assert [word for word in words if word in page] == [words[number]]


def test_nobody_draws_until_the_poses_fit(case: RightsRequest, person: Person) -> None:
    first = begin(person, case)
    again = begin(person, case)
    assert first.pk == again.pk
    assert LiveCheck.objects.count() == 1


def test_frames_that_do_not_fit_are_destroyed_and_said_kindly(
    case: RightsRequest, person: Person, run_jobs: Run
) -> None:
    check = begin(person, case)
    for _frame in check.frames.all():
        send(person, case, paint(["ada"], turned=(0.0, 0.0)))
    run_jobs()
    check.refresh_from_db()
    assert check.state == LiveState.FAILED
    assert frames_kept() == 0
    assert case.evidence.filter(kind=EvidenceKind.PROBE, destroyed_at=None).exists()
    shown = text(person, case)
    assert "That did not work yet" in shown
    assert "says nothing about you" in shown
    assert "Try again" in shown


def test_somebody_else_before_the_camera_does_not_pass(case: RightsRequest, person: Person, run_jobs: Run) -> None:
    check = pass_it(person, case, "bo")
    run_jobs()
    check.refresh_from_db()
    assert (check.state, check.likeness) == (LiveState.FAILED, "different")
    assert "another face than the photograph" in text(person, case)


def test_ten_minutes_are_over(case: RightsRequest, person: Person) -> None:
    check = begin(person, case)
    first = check.frames.all()[0]
    send(person, case, frame_of(Asked(first.asked)))
    with freeze_time(timezone.now() + timedelta(minutes=11)):
        person.open(case)
        later = check.frames.all()[1]
        said = send(person, case, frame_of(Asked(later.asked)), later.pk)
        assert said.status_code == 302
        assert not LiveCheck.objects.get().frames.filter(number=1, evidence__isnull=False).exists()
        flow.destroy_unused_frames()
        assert LiveCheck.objects.get().state == LiveState.EXPIRED
        assert frames_kept() == 0
        assert "ten minutes were over" in text(person, case)
        assert begin(person, case).pk != check.pk


def test_a_frame_goes_once_and_only_for_its_pose(case: RightsRequest, person: Person) -> None:
    check = begin(person, case)
    first, second, _third = check.frames.all()
    send(person, case, frame_of(Asked.AHEAD), first.pk)
    send(person, case, frame_of(Asked.AHEAD), first.pk)
    send(person, case, frame_of(Asked.AHEAD), second.pk + 1)
    assert [frame.evidence_id is not None for frame in check.frames.all()] == [True, False, False]


def test_another_browser_cannot_send_for_this_request(case: RightsRequest, person: Person) -> None:
    begin(person, case)
    stranger = Person()
    assert send(stranger, case, frame_of(Asked.AHEAD)).url == reverse("citizens:find")
    assert stranger.get("live", request_id=case.pk).url == reverse("citizens:find")
    assert frames_kept() == 0


def test_five_draws_that_came_to_nothing_lock_and_say_until_when(
    case: RightsRequest, person: Person, run_jobs: Run
) -> None:
    with freeze_time("2026-11-23T10:00:00+01:00"):
        person.open(case)
        for _try in range(live.TRIES):
            check = begin(person, case)
            for _frame in check.frames.all():
                send(person, case, paint(["ada"], turned=(0.0, 0.0)))
            run_jobs()
        said = person.client.post(reverse("citizens:live", args=[case.pk]), {"begin": "yes"}, follow=True)
        assert "11:00" in said.content.decode()
        assert "another way" in said.content.decode()
        assert LiveCheck.objects.count() == live.TRIES
    with freeze_time("2026-11-23T11:01:00+01:00"):
        person.open(case)
        assert begin(person, case).state == LiveState.DRAWN


def test_fifteen_draws_that_came_to_nothing_are_the_last_and_the_other_ways_stay(
    case: RightsRequest, person: Person
) -> None:
    start = timezone.now()
    for number in range(live.IN_ALL):
        with freeze_time(start + timedelta(minutes=20 * number)):
            flow.draw_poses(request_id=case.pk)
    with freeze_time(start + timedelta(days=1)):
        person.open(case)
        said = person.client.post(reverse("citizens:live", args=[case.pk]), {"begin": "yes"}, follow=True)
        assert "no more poses are drawn" in said.content.decode()
        assert LiveCheck.objects.count() == live.IN_ALL
        person.post("live", {"way": "desk"}, request_id=case.pk)
        assert LiveCheck.objects.filter(way="desk").exists()


def test_another_way_is_noted_and_told_to_staff(
    case: RightsRequest, person: Person, client: Client, staff: User
) -> None:
    person.post("live", {"way": "video"}, request_id=case.pk)
    assert "by video call" in text(person, case, "status")
    sign_in(client, staff)
    assert "by video call" in client.get(reverse("admin:rights_rightsrequest_change", args=[case.pk])).content.decode()
    person.post("live", {"way": "nonsense"}, request_id=case.pk)
    assert LiveCheck.objects.count() == 1


def test_another_way_stays_on_the_page_while_poses_are_asked_and_a_choice_sent_twice_is_one(
    case: RightsRequest, person: Person
) -> None:
    begin(person, case)
    shown = text(person, case)
    assert "Picture 1 of 3" in shown
    assert "Without a camera" in shown
    for _sent in range(2):
        person.post("live", {"way": "post"}, request_id=case.pk)
    assert LiveCheck.objects.filter(way="post").count() == 1
    assert JournalEntry.objects.filter(request=case, event="live_instead").count() == 1
    person.post("live", {"way": "desk"}, request_id=case.pk)
    assert "in person" in text(person, case, "status")


def test_a_worker_that_dies_leaves_the_check_to_the_next(
    case: RightsRequest, person: Person, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = pass_it(person, case)

    def killed(_check: LiveCheck) -> None:
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(live, "compare", killed)
        with pytest.raises(SystemExit):
            flow.check_live(request_id=case.pk)
    check.refresh_from_db()
    assert check.state == LiveState.RECEIVED
    Job.objects.filter(kind="check_live").delete()  # What the broker and the table lost is posted again.
    flow.start_due_live_checks()
    assert Job.objects.filter(kind="check_live", state=JobState.WAITING).count() == 1
    run_jobs()
    flow.check_live(request_id=case.pk)  # Once more changes nothing.
    check.refresh_from_db()
    assert check.state == LiveState.PASSED
    assert JournalEntry.objects.filter(request=case, event="live_checked").count() == 1


def test_the_frames_go_with_the_decision(
    case: RightsRequest, person: Person, staff: User, other_staff: User, run_jobs: Run
) -> None:
    pass_it(person, case)
    run_jobs()
    judge(case, staff, other_staff)
    assert frames_kept() == 3
    looked = Evidence.objects.filter(kind=EvidenceKind.FRAME)[0]
    sign_in(Client(), staff).get(reverse("admin:rights_request_frame", args=[case.pk, looked.pk]))
    decide(case, staff, identity_basis="live_photo")
    flow.destroy_unused_frames()
    assert frames_kept() == 0
    with pytest.raises(TransitionRefused):
        flow.draw_poses(request_id=case.pk)


def test_another_photograph_makes_what_passed_moot_and_each_photograph_counts(
    case: RightsRequest, person: Person, run_jobs: Run
) -> None:
    """A stalker passes with a photograph of their own, and then adds one of somebody else."""
    check = pass_it(person, case)
    flow.check_live(request_id=case.pk)
    check.refresh_from_db()
    assert check.state == LiveState.PASSED
    assert begin(person, case).pk == check.pk, "what passed stays"
    flow.replace_probe(request_id=case.pk, probe=paint(["bo"]))
    check.refresh_from_db()
    assert check.state == LiveState.MOOT
    assert frames_kept() == 0
    assert "once more" in text(person, case)
    again = pass_it(person, case)
    flow.check_live(request_id=case.pk)
    again.refresh_from_db()
    assert (again.state, again.likeness) == (LiveState.FAILED, "different")


def test_a_photograph_that_comes_while_a_worker_looks_leaves_nothing_passed(
    case: RightsRequest, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = pass_it(person, case)
    real = live.compare

    def slow(row: LiveCheck) -> Any:
        found = real(row)
        flow.replace_probe(request_id=case.pk, probe=paint(["bo"]))
        return found

    monkeypatch.setattr(live, "compare", slow)
    flow.check_live(request_id=case.pk)
    check.refresh_from_db()
    assert check.state == LiveState.MOOT


def test_without_a_passed_check_it_is_no_basis(
    case: RightsRequest, staff: User, other_staff: User, run_jobs: Run
) -> None:
    run_jobs()
    judge(case, staff, other_staff)
    with pytest.raises(TransitionRefused, match="No live photo check"):
        decide(case, staff, identity_basis="live_photo")


def test_where_it_is_required_a_photograph_and_an_address_are_too_little(
    case: RightsRequest, staff: User, other_staff: User, run_jobs: Run, settings: Settings
) -> None:
    settings.LIVE_PHOTO_REQUIRED = True
    run_jobs()
    judge(case, staff, other_staff)
    with pytest.raises(TransitionRefused, match="not enough here"):
        decide(case, staff)
    decide(case, staff, identity_basis="video_call")
    assert jobs.due()
