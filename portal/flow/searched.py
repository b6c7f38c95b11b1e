"""Searched: every face held is swept for the person."""

import time
from contextlib import ExitStack
from uuid import UUID

from django.db import transaction

from matching import reviews
from matching import search as searching
from matching.models import Search
from matching.space_search import Probes, together
from portal import jobs, vault
from portal.models import Event, Evidence, EvidenceKind, Job, JobKind, JobState
from portal.notices import outbox
from rights import journal, requests
from rights.law.lifecycle import Facts, RequestState, TransitionRefused
from rights.models import RightsRequest

GATHERING = 20.0
"""Seconds for which a search takes further ones along: far less than a lease, and long beside a pass."""


@transaction.atomic
def search_anew(request: RightsRequest, *, why: str) -> None:
    """What is held changed since the review: search again, review what is new, decide again."""
    requests.reopen(request=requests.locked(request.pk), actor=journal.SYSTEM, why=why)
    jobs.post(request_id=request.pk, kind=JobKind.SEARCH)


def start_due_searches() -> None:
    """Post the searches that nothing stands in the way of: a photograph may arrive while another is looked at."""
    waiting = RightsRequest.objects.filter(state=RequestState.CONFIRMED).exclude(
        jobs__kind=JobKind.SEARCH, jobs__state__in=[JobState.WAITING, JobState.RUNNING]
    )
    for request in waiting.order_by("due", "pk"):
        if probes_of(request):
            jobs.post(request_id=request.pk, kind=JobKind.SEARCH)


def probes_of(request: RightsRequest) -> list[Evidence]:
    """The photographs that can be searched with."""
    return list(request.evidence.filter(kind=EvidenceKind.PROBE, problem="", destroyed_at=None))


def search(*, request_id: UUID) -> None:
    """Sweep every face held for the person in the probes, and in the same pass for the others who wait for that.

    Raises:
        jobs.Postponed: not everything held could be searched (a source is away); tried again until it can.
    """
    with ExitStack() as claimed:
        ready = {request_id: _templates(request_id)}
        others: dict[UUID, Job] = {}
        until = time.monotonic() + GATHERING
        while time.monotonic() < until and (job := claimed.enter_context(jobs.another(JobKind.SEARCH))):
            others[job.request_id] = job
            ready[job.request_id] = _templates(job.request_id)
        found = searching.run_many({subject: probes for subject, probes in ready.items() if probes is not None})
        for subject in [*others, request_id]:
            try:
                if subject in found:
                    _searched(subject, found[subject])
            except jobs.Postponed:
                if subject == request_id:
                    raise
                jobs.give_back(others[subject], problem="Postponed")


def _templates(request_id: UUID) -> Probes | None:
    """What to search with; None if the request does not wait for a search, or has nothing usable."""
    request = RightsRequest.objects.get(pk=request_id)
    return usable_templates(request) if request.state == RequestState.CONFIRMED else None


def _searched(request_id: UUID, found: Search) -> None:
    """Take the step that the search allows. Raises: jobs.Postponed."""
    try:
        with transaction.atomic():
            request = requests.locked(request_id)
            if request.state != RequestState.CONFIRMED:
                return  # Withdrawn, or searched by another worker, while the sweep ran.
            complete = Facts(search_complete=bool(found.certificate["complete"]))
            requests.take(request=request, step="search", actor=journal.SYSTEM, facts=complete)
            if not reviews.open_hits(request.pk):  # None were found, or all were judged before.
                requests.take(request=request, step="review", actor=journal.SYSTEM, facts=Facts(hits_open=0))
    except TransitionRefused as refused:
        journal.record(request=request, actor=journal.SYSTEM, event="search_incomplete")
        raise jobs.Postponed(refused.why) from refused


def usable_templates(request: RightsRequest) -> Probes | None:
    """Templates of the usable probes in each space; None if no probe is usable, and the person was told."""
    templates = []
    for evidence in probes_of(request):
        try:
            templates.append(searching.probe(vault.unseal(request, bytes(evidence.sealed))))
        except searching.ProbeProblem as problem:
            with transaction.atomic():
                Evidence.objects.filter(pk=evidence.pk).update(problem=problem.code)
                context = {"problem": problem.code}
                outbox.post(request=request, event=Event.BETTER_PHOTO, key=evidence.pk.hex, context=context)
                journal.record(request=request, actor=journal.SYSTEM, event="probe_unusable", detail=context)
    return together(templates) if templates else None
