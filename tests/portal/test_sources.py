"""A source that is away is a state on the desk; nothing is answered on half of what is held, and what waits goes on."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from matching import ingest, reviews, sources
from matching.models import Erasure, Source
from portal import flow, tasks
from portal.models import Answer, Event, Job, JobKind, JobState, Notice
from rights.law.lifecycle import TransitionRefused
from rights.models import JournalEntry, RightsRequest
from tests.fakes import paint
from tests.painted import HOLDINGS
from tests.portal.deeds import Ask, Run, decide, judge, opened
from tests.staffing import sign_in
from tests.storages import Place, S3Place, place_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

QUEUE, SOURCES = "admin:rights_rightsrequest_changelist", "admin:matching_source_changelist"
SENT = (Event.ANSWER_READY, Event.ERASED, Event.REFUSED)


@pytest.fixture(params=["s3-versions"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    with place_of(request.param, tmp_path, settings, monkeypatch) as found:
        yield found


@pytest.fixture
def held(place: Place, settings: Settings) -> Source:
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"
    for number, (name, people) in enumerate(HOLDINGS.items()):
        place.put(name, paint(people, shade=number))
    source = ingest.register(url=place.url, name="The bucket")
    ingest.import_source(source=source)
    return source


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    sign_in(client, staff)
    return client


def page(desk: Client, request: RightsRequest) -> str:
    return desk.get(reverse("admin:rights_rightsrequest_change", args=[request.pk])).content.decode()


def waits(request: RightsRequest, kind: JobKind) -> str:
    return str(request.jobs.get(kind=kind, state=JobState.WAITING).problem)


def test_a_request_whose_source_goes_away_and_comes_back_twice(
    place: S3Place, held: Source, desk: Client, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = ask()
    place.stop()
    flow.confirm(request_id=request.pk)
    run_jobs()
    nothing_can_be_sent(request, held, desk, staff)
    place.start()
    tasks.look_at_sources()
    run_jobs()
    request.refresh_from_db()
    assert (request.state, reviews.latest_search(request.pk).certificate["complete"]) == ("searched", True)
    assert "does not answer" not in page(desk, request)
    judge(request, staff, other_staff)
    decide(request, staff)
    run_jobs()
    assert len([name for name in opened(request).namelist() if name.startswith("pictures/")]) == 3

    place.stop()
    flow.delivered(request_id=request.pk)
    with pytest.raises(sources.SourceUnreachable):
        run_jobs()
    the_erasure_waits(request, held, desk)
    place.start()
    tasks.look_at_sources()
    run_jobs()
    request.refresh_from_db()
    assert request.state == "carried_out"
    assert [place.versions(name) for name in ("ada-1.jpg", "ada-2.jpg")] == [[], []]
    assert place.versions("group.jpg") == [place.get("group.jpg")]
    assert request.notices.filter(event=Event.ERASED).exists()


def nothing_can_be_sent(request: RightsRequest, held: Source, desk: Client, staff: User) -> None:
    """The search saw half of what is held, and says so; neither staff nor a worker can make an answer of it."""
    request.refresh_from_db()
    certificate = reviews.latest_search(request.pk).certificate
    assert (request.state, certificate["complete"], certificate["sources"][0]["reachable"]) == (
        "confirmed", False, False,
    )  # fmt: skip
    assert waits(request, JobKind.SEARCH) == "SearchIncomplete"
    assert JournalEntry.objects.filter(request=request, event="search_incomplete").exists()
    for outcome in ("nothing_held", "granted"):
        with pytest.raises(TransitionRefused):
            flow.decide(
                request_id=request.pk, right="access", outcome=outcome, by=staff, identity_basis="photo_and_email"
            )
    address = reverse("admin:rights_request_decide", args=[request.pk, "access"])
    refused = desk.post(
        address, {"access-outcome": "nothing_held", "access-identity_basis": "photo_and_email"}, follow=True
    )
    assert "Only a refusal can be decided before" in refused.content.decode()
    flow.build_answer(request_id=request.pk)
    assert not Answer.objects.exists()
    assert not Notice.objects.filter(event__in=SENT).exists()
    shown = page(desk, request)
    assert "Not everything held could be searched. (GDPR 15(1))" in shown
    assert "everything held to be searched" in shown
    held.refresh_from_db()
    for body in (shown, *(desk.get(reverse(name)).content.decode() for name in (QUEUE, SOURCES))):
        assert "The bucket" in body
        assert "it does not answer" in body
        assert f"{timezone.localtime(held.unreachable_since):%Y}" in body
    assert "1 search could not see everything held" in desk.get(reverse(QUEUE)).content.decode()


def the_erasure_waits(request: RightsRequest, held: Source, desk: Client) -> None:
    """Nothing is called done, and staff see what it waits for."""
    tasks.look_at_sources()
    assert waits(request, JobKind.ERASE) == "SourceUnreachable"
    assert Erasure.objects.filter(subject=request.pk, rows_done_at=None).count() == 3
    assert request.claims.get(right="erasure").fulfilled_at is None
    shown = page(desk, request)
    assert "a source that does not answer" in shown
    assert "it does not answer" in shown
    assert "1 erasure waits for it." in desk.get(reverse(QUEUE)).content.decode()
    assert not request.notices.filter(event=Event.ERASED).exists()


def test_an_answer_on_an_incomplete_search_is_refused_with_its_rule(
    place: S3Place, held: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    """Even if a search that did not see everything had come to its review."""
    request = ask(rights=("access",))
    flow.confirm(request_id=request.pk)
    run_jobs()
    judge(request, staff, other_staff)
    latest = reviews.latest_search(request.pk)
    latest.certificate["complete"] = False
    latest.save()
    with pytest.raises(flow.AnswerIncomplete) as refused:
        decide(request, staff)
    assert refused.value.citation
    assert not Answer.objects.exists()


@pytest.mark.parametrize("place", ["web"], indirect=True)
def test_an_erasure_that_others_must_do_is_told_to_staff_and_goes_on_once_they_did(
    place: Place, held: Source, desk: Client, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = ask(rights=("erasure",))
    flow.confirm(request_id=request.pk)
    run_jobs()
    judge(request, staff, other_staff)
    decide(request, staff)
    with pytest.raises(sources.SourceReadOnly):
        run_jobs()
    assert waits(request, JobKind.ERASE) == "SourceReadOnly"
    shown = page(desk, request)
    for name in ("ada-1.jpg", "ada-2.jpg", "group.jpg"):
        assert place.url + name in shown
    queue = desk.get(reverse(QUEUE)).content.decode()
    assert "3 pictures must be deleted where they are kept" in queue
    assert "others: a picture to be deleted where it is kept" in queue
    assert "pictures to be deleted there" in desk.get(reverse(SOURCES)).content.decode()
    held.refresh_from_db()
    assert held.reachable
    for name in ("ada-1.jpg", "ada-2.jpg", "group.jpg"):
        place.remove(name)
    Job.objects.update(not_before=timezone.now())
    run_jobs()
    request.refresh_from_db()
    assert request.state == "carried_out"
    assert "must be deleted" not in desk.get(reverse(QUEUE)).content.decode()


def test_sources_that_answer_are_not_spoken_of(place: S3Place, held: Source, desk: Client) -> None:
    tasks.look_at_sources()
    assert "hold something up" not in desk.get(reverse(QUEUE)).content.decode()
    listed = desk.get(reverse(SOURCES)).content.decode()
    assert "answers" in listed
    assert "does not answer" not in listed
    assert desk.get(reverse("admin:matching_source_change", args=[held.pk])).status_code == 200


def test_a_look_resumes_only_what_waits_for_a_source(place: S3Place, held: Source, ask: Ask, run_jobs: Run) -> None:
    later = timezone.now() + timedelta(hours=1)
    request = ask()
    for kind, problem in ((JobKind.SEARCH, "SourceUnreachable"), (JobKind.ERASE, "Postponed")):
        Job.objects.create(request=request, kind=kind, problem=problem, not_before=later)
    tasks.look_at_sources()
    assert set(Job.objects.values_list("not_before", flat=True)) == {later}
    Source.objects.update(reachable=False)
    tasks.look_at_sources()
    assert Job.objects.get(problem="SourceUnreachable").not_before <= timezone.now()
    assert Job.objects.get(problem="Postponed").not_before == later
