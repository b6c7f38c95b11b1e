"""Searches that wait share one pass over the faces, and each gets what a pass of its own would give."""

import shutil
from pathlib import Path

import pytest

from matching import reviews
from matching.index import SegmentIndex
from matching.models import Source
from portal import flow, jobs, tasks
from portal.flow import searched
from portal.models import Job, JobState
from rights.models import RightsRequest
from tests.painted import folder_of
from tests.portal.deeds import ADA, Ask, Run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of owners of each pass over the index."""
    seen: list[int] = []
    within = SegmentIndex.within

    def counted(self, probes, *, owners, **how):  # type: ignore[no-untyped-def]
        seen.append(len(set(owners.tolist())))
        return within(self, probes, owners=owners, **how)

    monkeypatch.setattr(SegmentIndex, "within", counted)
    return seen


def waiting(ask: Ask, count: int) -> list[RightsRequest]:
    """Confirmed requests, of ada and bo in turn, whose searches wait."""
    people = ["ada", "bo"]
    requests = [ask(people[number % 2]) for number in range(count)]
    for request in requests:
        flow.confirm(request_id=request.pk)
    return requests


def paths(request: RightsRequest) -> set[str]:
    search = reviews.latest_search(request.pk)
    assert search is not None
    return set(search.hits.filter(band="match").values_list("photo__path", flat=True))


def test_one_pass_serves_all_who_wait(painted: Source, ask: Ask, passes: list[int]) -> None:
    requests = waiting(ask, 6)
    tasks.run_job(Job.objects.get(request=requests[3]).pk)
    assert passes == [6]
    for number, request in enumerate(requests):
        request.refresh_from_db()
        assert request.state == "searched"
        assert (paths(request) == ADA) == (number % 2 == 0)
    assert not Job.objects.exclude(state=JobState.DONE).exists()


def test_what_failed_once_is_tried_alone(painted: Source, ask: Ask, passes: list[int]) -> None:
    first, second, third = waiting(ask, 3)
    Job.objects.filter(request=second).update(attempts=1)
    tasks.run_job(Job.objects.get(request=first).pk)
    assert passes == [2]
    assert Job.objects.get(request=second).state == JobState.WAITING
    tasks.run_job(Job.objects.get(request=second).pk)
    assert passes == [2, 1]
    assert Job.objects.get(request=third).state == JobState.DONE


def test_a_pass_that_dies_gives_every_search_back(painted: Source, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = waiting(ask, 3)

    def die(_probes: object, **_watch: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(searched.searching, "run_many", die)
        with pytest.raises(MemoryError):
            tasks.run_job(Job.objects.get(request=requests[0]).pk)
    assert set(Job.objects.values_list("state", "attempts", "problem")) == {(JobState.WAITING, 1, "MemoryError")}


def test_a_worker_that_was_killed_leaves_jobs_that_are_tried_alone(painted: Source, ask: Ask) -> None:
    waiting(ask, 2)
    Job.objects.update(state=JobState.RUNNING, owner="", lease_until=None)
    assert jobs.take_over_the_dead() == 2
    assert set(Job.objects.values_list("state", "attempts")) == {(JobState.WAITING, 1)}


def test_while_a_source_is_away_all_wait_and_then_all_go_on(
    painted: Source, ask: Ask, run_jobs: Run, tmp_path: Path
) -> None:
    requests = waiting(ask, 3)
    folder = Path(painted.url.removeprefix("file://"))
    away = tmp_path / "away"
    shutil.move(folder, away)
    with pytest.raises(jobs.SearchIncomplete):
        tasks.run_job(Job.objects.get(request=requests[0]).pk)
    assert set(RightsRequest.objects.values_list("state", flat=True)) == {"confirmed"}
    assert set(Job.objects.values_list("state", "problem")) == {(JobState.WAITING, "SearchIncomplete")}
    shutil.move(away, folder)
    Job.objects.update(not_before="2000-01-01T00:00Z")
    run_jobs()
    assert set(RightsRequest.objects.values_list("state", flat=True)) == {"searched"}


def test_a_request_that_is_withdrawn_meanwhile_is_left_as_it_is(
    painted: Source, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = waiting(ask, 2)
    run_many = searched.searching.run_many

    def withdrawn_meanwhile(probes, **how):  # type: ignore[no-untyped-def]
        flow.withdraw(request_id=second.pk)
        return run_many(probes, **how)

    monkeypatch.setattr(searched.searching, "run_many", withdrawn_meanwhile)
    tasks.run_job(Job.objects.get(request=first).pk)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.state == "searched"
    assert second.state not in ("searched", "confirmed")


def test_after_an_outage_they_share_a_pass_again(painted: Source, ask: Ask, passes: list[int], tmp_path: Path) -> None:
    """That a source was away is no search's fault, and no reason to try it alone."""
    requests = waiting(ask, 4)
    folder = folder_of(painted)
    shutil.move(folder, tmp_path / "away")
    with pytest.raises(jobs.SearchIncomplete):
        tasks.run_job(Job.objects.get(request=requests[0]).pk)
    assert set(Job.objects.values_list("problem", "attempts")) == {("SearchIncomplete", 1)}
    shutil.move(tmp_path / "away", folder)
    jobs.resume()
    passes.clear()
    tasks.run_job(Job.objects.get(request=requests[1]).pk)
    assert passes == [4]
    assert not Job.objects.exclude(state=JobState.DONE).exists()


def test_a_pass_that_nobody_waits_for_any_more_ends(painted: Source, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """And while somebody does, its jobs are taken over by nobody."""
    monkeypatch.setattr(searched, "LOOK_UP", 0.0)
    request, other = waiting(ask, 2)
    watch = searched._watch([request.pk, other.pk])
    flow.withdraw(request_id=request.pk)
    with jobs.claimed(Job.objects.get(request=other).pk) as job:
        assert job is not None
        Job.objects.filter(pk=job.pk).update(lease_until=None)
        assert not watch.cancelled()
        job.refresh_from_db()
        assert job.lease_until is not None
        flow.withdraw(request_id=other.pk)
        assert watch.cancelled()
