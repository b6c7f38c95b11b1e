"""Suppressed: a template kept with consent after an erasure, and the new pictures that were held for it."""

from datetime import date
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from matching import erase as erasing
from matching import own_templates, suppression
from matching import search as searching
from matching.models import Erasure, Face, Hold, HoldOutcome, TemplateSuppression
from portal import jobs, vault
from portal.flow.carried_out import DISCLOSING
from portal.flow.erased import ErasureNotProven, tell_of, wanted_by_others
from portal.flow.searched import probes_of
from portal.models import Event, Evidence, JobKind
from portal.notices import outbox
from rights import journal, queries, requests
from rights.law.counting import MONTHS_IN_A_YEAR, add_months
from rights.law.lifecycle import TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import Right, RightsRequest

# --- The consent ------------------------------------------------------------------------------------------------------


def ends_on() -> date:
    """The day on which a consent given today ends."""
    return add_months(timezone.localdate(), MONTHS_IN_A_YEAR * settings.TEMPLATE_YEARS)


def may_be_asked(request: RightsRequest) -> bool:
    """Whether the person may be asked for their consent: about themselves, once they are proven to be erased."""
    return bool(settings.TEMPLATE_YEARS) and is_erased(request) and not request.requester.on_behalf


def is_erased(request: RightsRequest) -> bool:
    """Whether an erasure was carried out and proven."""
    claim = queries.claim(request, Right.ERASURE)
    if claim is None or claim.outcome not in DISCLOSING or claim.fulfilled_at is None:
        return False
    return Erasure.objects.filter(subject=request.pk, proven_at__isnull=False).exists()


@transaction.atomic
def consent(*, request_id: UUID, text: str, language: str) -> None:
    """The person consents to a template being kept; a worker computes it from the photograph that is still held.

    Args:
        text: version of the words that were shown (`portal.consent`); language: in which.

    Raises:
        TransitionRefused: nothing was proven to be erased, or no photograph is held any more.
    """
    request = requests.locked(request_id)
    if not may_be_asked(request) or not probes_of(request):
        raise TransitionRefused(
            gettext_noop("A template can only be kept after an erasure, from a photograph we hold.")
        )
    if suppression.of(request.pk):
        return
    row = suppression.begin(subject=request.pk, ends_on=ends_on())
    detail = {"text": text, "language": language, "until": row.ends_on.isoformat(), "how": "status_page"}
    journal.record(request=request, actor=journal.CITIZEN, event="template_consent", detail=detail)
    jobs.post(request_id=request.pk, kind=JobKind.KEEP_TEMPLATE)


def keep_template(*, request_id: UUID) -> None:
    """Compute and seal the template that the person consented to; without a usable photograph the consent is void."""
    request = RightsRequest.objects.get(pk=request_id)
    row = suppression.of(request.pk)
    if row is None or row.engine:
        return
    templates = _templates(request)
    with transaction.atomic():
        requests.locked(request_id)
        if not templates:
            _let_go(request, actor=journal.SYSTEM, why="no_photograph")
        elif suppression.keep(subject=request.pk, templates=np.stack(templates)):
            journal.record(
                request=request, actor=journal.SYSTEM, event="template_kept", detail={"templates": len(templates)}
            )
            until = {"until": row.ends_on.isoformat()}
            outbox.post(request=request, event=Event.TEMPLATE_KEPT, key=row.pk.hex, context=until)


def _templates(request: RightsRequest) -> list[np.ndarray]:
    """Of the photographs still held; what cannot be used (any more) is left out."""
    found = []
    for evidence in probes_of(request):
        try:
            found.append(searching.probe_template(vault.unseal(request, bytes(evidence.sealed))))
        except searching.ProbeProblem as problem:
            Evidence.objects.filter(pk=evidence.pk).update(problem=problem.code)
        except vault.Destroyed:
            return []
    return found


@transaction.atomic
def withdraw_consent(*, request_id: UUID, actor: str = journal.CITIZEN) -> bool:
    """The person withdraws: the template is destroyed now. False if there was none."""
    return _let_go(requests.locked(request_id), actor=actor, why="withdrawn")


def end_due_consents() -> None:
    """Destroy the templates whose date has come."""
    for subject in suppression.over(timezone.localdate()):
        with transaction.atomic():
            _let_go(requests.locked(subject), actor=journal.SYSTEM, why="ended")


def _let_go(request: RightsRequest, *, actor: str, why: str) -> bool:
    row = suppression.of(request.pk)
    if row is None or not suppression.forget(subject=request.pk):
        return False
    journal.record(request=request, actor=actor, event="template_destroyed", detail={"why": why})
    outbox.post(request=request, event=Event.TEMPLATE_GONE, key=row.pk.hex, context={"why": why})
    return True


# --- What was held ----------------------------------------------------------------------------------------------------


@transaction.atomic
def judge_held(*, hold_id: int, outcome: str, reason: str, actor: str) -> Hold:
    """A member of staff says what becomes of a held picture; once it is refused, a worker erases it.

    Raises:
        suppression.AlreadyDecided: there is nothing to decide any more.
        ValueError: no such outcome, or a release without a reason.
    """
    case = suppression.judge(
        hold_id=hold_id, reviewer=actor, outcome=outcome, reason=reason, alone=settings.ERASE_ALONE
    )
    request = RightsRequest.objects.get(pk=case.suppression.subject)
    said = {"hold": case.pk, "outcome": outcome, "band": case.band}
    journal.record(request=request, actor=actor, event="held_judged", detail=said)
    if case.outcome:
        detail = said | {"held_at": case.held_at.isoformat(), "by": case.verdicts.count()}
        journal.record(request=request, actor=actor, event="held_decided", detail=detail)
    if case.outcome == HoldOutcome.REFUSE:
        jobs.post(request_id=request.pk, kind=JobKind.ERASE_HELD)
    return case


def start_due_held_erasures() -> None:
    """Post the erasures of refused pictures, whatever was lost on the way."""
    for subject in suppression.subjects_to_erase():
        jobs.post(request_id=subject, kind=JobKind.ERASE_HELD)


def erase_held(*, request_id: UUID) -> None:
    """Erase the person from the pictures that were refused, by the ordinary way, and prove it.

    The erasures go by the suppression's own identifier: the request's are proven and stay as they are.

    Raises:
        jobs.Postponed: somebody's pending access request asks for one of the pictures.
        matching.sources.SourceUnreachable: a source is away; tried again until it is back.
        ErasureNotProven: the proof failed.
    """
    with transaction.atomic():
        request = requests.locked(request_id)  # A withdrawal comes before or after, never in between.
        row, refused = suppression.to_erase(request_id)
        if row is None or not refused:
            return
        held = [case.face_key for case in refused]
        faces = list(Face.objects.filter(pk__in=[*held, *own_templates.beside(held)]).select_related("photo"))
        if wanted_by_others(request, [face.photo_id for face in faces]):
            raise jobs.Postponed("Somebody else's access request asks for one of these pictures.")
        erasing.plan(subject=row.pk, faces=faces)
    erasing.carry_out(subject=row.pk)
    proof = erasing.prove(subject=row.pk, probes=None)
    if not proof.ok:
        raise ErasureNotProven("A refused picture is still there.")
    _close(request, row, refused)


@transaction.atomic
def _close(request: RightsRequest, row: TemplateSuppression, refused: list[Hold]) -> None:
    requests.locked(request.pk)
    now = timezone.now()
    erased = Erasure.objects.filter(subject=row.pk)
    for case in refused:
        if not Hold.objects.filter(pk=case.pk, erased_at=None).update(erased_at=now):
            continue  # Another process was here first, or the consent was withdrawn meanwhile.
        its = erased.filter(pk__in=[item.pk for item in erased if case.face_key in item.face_keys])
        detail = {"hold": case.pk, "proven_at": now.isoformat(), "did": sorted(its.values_list("action", flat=True))}
        journal.record(request=request, actor=journal.SYSTEM, event="held_erased", detail=detail)
        tell_of(request, its, key=f":{case.pk}")
