"""Searched: every face held is swept for the person."""

import time
from collections.abc import Collection
from contextlib import ExitStack
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from matching import further, reviews
from matching import search as searching
from matching.index import SweepCancelled, Watch
from matching.models import Search
from matching.space_search import Supplied, together
from portal import jobs, vault
from portal.flow.received import is_decided
from portal.models import Event, Evidence, EvidenceKind, Job, JobKind, JobState
from portal.notices import outbox
from rights import journal, requests
from rights.law.lifecycle import Facts, RequestState, TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import RightsRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LOOK_UP = 5.0
"""Seconds between two looks, in a long pass, whether its result is still wanted."""
GATHERING = 20.0
"""Seconds for which a search takes further ones along: far less than a lease, and long beside a pass."""


@transaction.atomic
def search_anew(request: RightsRequest, *, why: str) -> None:
    """What is held changed since the review: search again, review what is new, decide again."""
    requests.reopen(request=requests.locked(request.pk), actor=journal.SYSTEM, why=why)
    jobs.post(request_id=request.pk, kind=JobKind.SEARCH)


@transaction.atomic
def look_again(*, request_id: UUID, face_key: int, by: "User") -> None:
    """Search also with a face that the review found to be the person's: one photograph does not find every pose.

    The verdicts stand, and what is new is reviewed; two people must agree on what only this face finds. Repeating it
    changes nothing.

    Raises:
        TransitionRefused: not between search and decision, the person's own photograph is gone, or the face was not
            accepted by as many people as it takes.
    """
    request = requests.locked(request_id)
    if request.state not in (RequestState.SEARCHED, RequestState.REVIEWED):
        raise TransitionRefused(gettext_noop("Hits are reviewed after the search and before the decision."))
    if is_decided(request):
        raise TransitionRefused(gettext_noop("A claim was decided on this review; the search it rests on stands."))
    if not probes_of(request):
        raise TransitionRefused(gettext_noop("The person's photograph was destroyed; nothing can be searched with."))
    reviewer = journal.staff(by.pk)
    try:
        added = further.add(subject=request.pk, face_key=face_key, by=reviewer)
    except further.NotAccepted as problem:
        text = gettext_noop("Only a hit that counts as the person, and is still held, can be searched with.")
        raise TransitionRefused(text) from problem
    if added:
        named = {"face": vault.alias(request, "face", face_key)}
        journal.record(request=request, actor=reviewer, event="further_probe", detail=named)
        requests.reopen(request=request, actor=reviewer, why="searched with a further face")
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
        jobs.SearchIncomplete: not everything held could be searched (a source is away); tried again until it can.
    """
    own: jobs.SearchIncomplete | None = None
    with ExitStack() as claimed:
        ready = {request_id: _templates(request_id)}
        others: dict[UUID, Job] = {}
        until = time.monotonic() + GATHERING
        while time.monotonic() < until and (job := claimed.enter_context(jobs.another(JobKind.SEARCH))):
            others[job.request_id] = job
            ready[job.request_id] = _templates(job.request_id)
        wanted = {subject: probes for subject, probes in ready.items() if probes is not None}
        try:
            found = searching.run_many(wanted, watch=_watch(wanted))
        except SweepCancelled:
            return  # All of them were withdrawn.
        for subject in found:
            try:
                _searched(subject, found[subject])
            except jobs.SearchIncomplete as incomplete:
                if subject == request_id:
                    own = incomplete
                else:
                    jobs.give_back(others[subject], problem=type(incomplete).__name__)
    if own:
        raise own


def _watch(wanted: Collection[UUID]) -> Watch:
    """While a pass runs: its jobs stay this process's, and it ends when nobody waits for it any more."""
    looked_at = time.monotonic()

    def cancelled() -> bool:
        nonlocal looked_at
        if time.monotonic() < looked_at + LOOK_UP:
            return False
        looked_at = time.monotonic()
        jobs.renew()
        return not RightsRequest.objects.filter(pk__in=wanted, state=RequestState.CONFIRMED).exists()

    return Watch(cancelled=cancelled)


def _templates(request_id: UUID) -> Supplied | None:
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
        raise jobs.SearchIncomplete(refused.why) from refused


def usable_templates(request: RightsRequest) -> Supplied | None:
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
