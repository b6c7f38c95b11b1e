"""The path of a request, its guards, and what happens when a step is taken twice or dies."""

import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from matching import erase as erasing
from matching import ingest, reviews
from matching.models import Erasure, Face, Photo, Source
from matching.reviews import Outcome
from portal import flow, jobs, vault
from portal.models import Answer, ControllerProfile, Event, Evidence, Job, JobState, Notice, Requester
from rights import queries
from rights.law.lifecycle import TransitionRefused
from rights.models import Channel, Claim, JournalEntry, RightsRequest
from tests.fakes import paint
from tests.painted import folder_of
from tests.portal.deeds import Ask, Run, decide, judge, opened, proposal_of, reviewed

pytestmark = pytest.mark.django_db(transaction=True)


def fetch(request: RightsRequest) -> zipfile.ZipFile:
    """Download the archive as the person does."""
    archive = opened(request)
    flow.delivered(request_id=request.pk)
    return archive


@pytest.mark.usefixtures("either_index")
def test_access_and_erasure_from_receipt_to_proof(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = ask()
    assert request.due > request.received_at.date()
    flow.confirm(request_id=request.pk)
    run_jobs()
    hits = {hit.photo.path: hit.band for hit in reviews.latest_search(request.pk).hits.select_related("photo")}
    assert hits == {"ada-1.jpg": "match", "ada-2.jpg": "match", "group.jpg": "match", "twin.jpg": "possible"}
    judge(request, staff, other_staff)
    decide(request, staff)
    run_jobs()
    pictures = [name for name in fetch(request).namelist() if name.startswith("pictures/")]
    assert len(pictures) == 3
    run_jobs()
    request.refresh_from_db()
    assert request.state == "carried_out"
    folder = Path(painted.url.removeprefix("file://"))
    assert {path.name for path in folder.glob("*.jpg")} == {"bo-1.jpg", "group.jpg", "twin.jpg", "empty.jpg"}
    assert Face.objects.count() == 4  # bo twice, cy, the twin
    proof = erasing.prove(subject=request.pk, probes=None)
    assert proof.ok
    assert proof.vectors_left == 0
    told = list(request.notices.order_by("created_at").values_list("event", flat=True))
    assert told == ["acknowledged", "code", "answer_ready", "erased"]


def test_nothing_is_erased_before_the_copy_was_fetched(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff)
    decide(request, staff)
    run_jobs()
    flow.start_due_erasures()
    with pytest.raises(jobs.Postponed):
        flow.erase(request_id=request.pk)
    assert not Erasure.objects.exists()
    assert Photo.objects.count() == 6
    flow.waive_copy(request_id=request.pk)
    run_jobs()
    assert Claim.objects.get(request=request, right="erasure").fulfilled_at


def test_on_the_due_date_the_erasure_no_longer_waits_for_a_copy_that_is_on_offer(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff)
    decide(request, staff)
    assert not flow.copy_is_settled(RightsRequest.objects.get(pk=request.pk))
    run_jobs()
    today = timezone.localdate()
    RightsRequest.objects.filter(pk=request.pk).update(due=today, nominal_due=today)
    assert flow.copy_is_settled(RightsRequest.objects.get(pk=request.pk))
    flow.start_due_erasures()
    run_jobs()
    assert Claim.objects.get(request=request, right="erasure").fulfilled_at
    assert len(fetch(request).namelist()) > 3  # the copy is still there


def test_somebody_elses_pending_access_holds_an_erasure_back(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    ada, bo = ask(rights=("erasure",)), ask("bo", rights=("access",), email="bo@example.org")
    for request in (ada, bo):
        flow.confirm(request_id=request.pk)
    run_jobs()
    judge(ada, staff, other_staff)
    decide(ada, staff)
    run_jobs()
    assert not Erasure.objects.exists()
    assert Job.objects.get(request=ada, kind="erase").problem == "Postponed"
    judge(bo, staff, other_staff, mine={"bo-1.jpg", "group.jpg"})
    decide(bo, staff)
    run_jobs()
    Job.objects.filter(request=ada, kind="erase").update(not_before=timezone.now())
    run_jobs()
    assert Claim.objects.get(request=ada).fulfilled_at


def test_a_possible_hit_needs_two_people(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = ask()
    flow.confirm(request_id=request.pk)
    run_jobs()
    twin = reviews.latest_search(request.pk).hits.get(band="possible")
    for _again in range(3):
        flow.review(request_id=request.pk, face_key=twin.face_key, verdict="same", by=staff)
    assert reviews.outcomes(request.pk)[twin.face_key] is Outcome.OPEN
    with pytest.raises(TransitionRefused):
        flow.finish_review(request_id=request.pk, by=staff)
    flow.review(request_id=request.pk, face_key=twin.face_key, verdict="not", by=other_staff)
    assert reviews.outcomes(request.pk)[twin.face_key] is Outcome.DISPUTED


def test_a_photograph_that_cannot_be_searched_with_is_told_and_the_clock_is_not_touched(
    painted: Source, ask: Ask, run_jobs: Run
) -> None:
    request = ask()
    nobody = paint([None])
    Evidence.objects.filter(request=request).update(sealed=vault.seal(request, nobody))
    due = request.due
    flow.confirm(request_id=request.pk)
    run_jobs()
    request.refresh_from_db()
    assert (request.state, request.due) == ("confirmed", due)
    assert Evidence.objects.get(request=request).problem == "no_face"
    assert Notice.objects.filter(request=request, event="better_photo").count() == 1
    flow.search(request_id=request.pk)
    assert Notice.objects.filter(request=request, event="better_photo").count() == 1
    flow.replace_probe(request_id=request.pk, probe=paint(["ada"], shade=3))
    run_jobs()
    request.refresh_from_db()
    assert request.state == "searched"


def test_nothing_held_is_an_answer_too(painted: Source, ask: Ask, run_jobs: Run, staff: User) -> None:
    request = ask("flo", email="flo@example.org")
    flow.confirm(request_id=request.pk)
    run_jobs()
    request.refresh_from_db()
    assert request.state == "reviewed"
    with pytest.raises(TransitionRefused):
        decide(request, staff)
    decide(request, staff, outcome="nothing_held")
    run_jobs()
    request.refresh_from_db()
    assert request.state == "carried_out"
    assert "letter.pdf" in fetch(request).namelist()


def test_an_answer_cannot_be_decided_while_the_profile_lacks_something_obligatory(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff)
    ControllerProfile.objects.update(authority_name="")
    with pytest.raises(flow.AnswerIncomplete) as refused:
        decide(request, staff)
    assert refused.value.elements
    assert not Claim.objects.exclude(outcome="pending").exists()


def test_a_refusal_needs_a_ground_and_reasons_and_names_the_remedies(
    painted: Source, ask: Ask, run_jobs: Run, staff: User
) -> None:
    request = ask(rights=("access",))
    with pytest.raises(TransitionRefused):
        flow.decide(request_id=request.pk, right="access", outcome="refused", by=staff)
    with pytest.raises(TransitionRefused):
        flow.decide(request_id=request.pk, right="access", outcome="granted", by=staff, identity_basis="in_person")
    ground = _grounds("access")[0]
    flow.decide(
        request_id=request.pk,
        right="access",
        outcome="refused",
        by=staff,
        ground=ground,
        reasons="As agreed by post.",
        evidence="Letter of 2 November.",
    )
    request.refresh_from_db()
    assert request.state == "carried_out"
    assert Notice.objects.get(request=request, event="refused").context == {"right": "access"}


def _grounds(right: str) -> list[str]:
    from rights.law import grounds

    fitting = (g for g in grounds.for_regime("gdpr") if right in g.applies_to)
    return [ground.code for ground in fitting if not ground.copy_only]


def test_the_rights_of_others_limit_the_copy_and_never_the_answer(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("access",))
    how = {"ground": "rights-of-others", "reasons": "They show a shelter."}
    with pytest.raises(TransitionRefused, match="the copy only"):
        decide(request, staff, "refused", **how)
    every = set(reviews.accepted_faces(request.pk).values_list("photo_id", flat=True))
    decide(request, staff, "partial", withheld=sorted(every), **how)
    run_jobs()
    names = fetch(request).namelist()
    assert "letter.pdf" in names
    assert not [name for name in names if name.startswith("pictures/")]


def test_a_partial_erasure_leaves_what_was_refused(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    kept = Photo.objects.get(path="ada-1.jpg")
    from rights.law import grounds

    ground = next(g.code for g in grounds.for_regime("gdpr") if g.allows_partial and "erasure" in g.applies_to)
    how = {"ground": ground, "reasons": "A court asked for this one.", "withheld": [kept.pk]}
    decide(request, staff, outcome="partial", **how)
    run_jobs()
    request.refresh_from_db()
    assert request.state == "carried_out"
    assert Photo.objects.filter(path="ada-1.jpg").exists()
    assert not Photo.objects.filter(path="ada-2.jpg").exists()


def test_a_picture_that_arrives_between_review_and_proof_goes_back_to_review(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    folder = Path(painted.url.removeprefix("file://"))
    (folder / "late.jpg").write_bytes(paint(["ada"], shade=15))
    ingest.import_source(source=painted)
    decide(request, staff)
    run_jobs()
    request.refresh_from_db()
    assert request.state == "searched"
    assert not Claim.objects.get(request=request).fulfilled_at
    judge(request, staff, other_staff, mine={"late.jpg"})
    run_jobs()
    request.refresh_from_db()
    assert request.state == "carried_out"
    assert not (folder / "late.jpg").exists()


def test_every_step_may_run_twice(painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User) -> None:
    request = ask()
    flow.confirm(request_id=request.pk)
    flow.confirm(request_id=request.pk)
    for _twice in range(2):
        flow.search(request_id=request.pk)
    judge(request, staff, other_staff)
    decide(request, staff)
    for _twice in range(2):
        flow.build_answer(request_id=request.pk)
    for _twice in range(2):
        flow.delivered(request_id=request.pk)
    for _twice in range(2):
        flow.erase(request_id=request.pk)
    run_jobs()
    events = list(Notice.objects.filter(request=request).values_list("event", flat=True))
    assert sorted(events) == sorted(set(events))
    states = JournalEntry.objects.filter(request=request, event__startswith="state:").values_list("event", flat=True)
    assert len(states) == len(set(states))


def test_a_job_whose_process_died_is_taken_over(painted: Source, ask: Ask, run_jobs: Run) -> None:
    request = ask()
    flow.confirm(request_id=request.pk)
    job = Job.objects.get(request=request)
    Job.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, owner="another-host:1", lease_until=timezone.now() + timedelta(minutes=5)
    )
    assert jobs.take_over_the_dead() == 0
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.take_over_the_dead() == 1
    run_jobs()
    request.refresh_from_db()
    assert request.state == "searched"


def test_only_one_of_two_workers_gets_a_job(painted: Source, ask: Ask) -> None:
    request = ask()
    flow.confirm(request_id=request.pk)
    job = Job.objects.get(request=request)
    with jobs.claimed(job.pk) as first, jobs.claimed(job.pk) as second:
        assert first is not None
        assert second is None


def test_a_withdrawn_request_loses_its_evidence_at_once(painted: Source, ask: Ask, run_jobs: Run) -> None:
    request = ask()
    flow.confirm(request_id=request.pk)
    run_jobs()
    flow.withdraw(request_id=request.pk)
    assert reviews.outcomes(request.pk) == {}
    assert Requester.objects.get(request=request).name == ""
    evidence = Evidence.objects.get(request=request)
    assert evidence.destroyed_at
    assert bytes(evidence.sealed) == b""
    with pytest.raises(vault.Destroyed):
        vault.seal(request, b"x")


def test_evidence_goes_on_its_date_and_the_case_stays(painted: Source, ask: Ask, run_jobs: Run, staff: User) -> None:
    request = ask("flo", email="flo@example.org")
    flow.confirm(request_id=request.pk)
    run_jobs()
    decide(request, staff, outcome="nothing_held")
    run_jobs()
    flow.destroy_what_is_due()
    assert Answer.objects.filter(request=request).exists()
    long_ago = timezone.now() - timedelta(days=91)
    RightsRequest.objects.filter(pk=request.pk).update(state_since=long_ago)
    flow.destroy_what_is_due()
    request.refresh_from_db()
    assert request.state == "closed"
    assert not Answer.objects.filter(request=request).exists()
    assert JournalEntry.objects.filter(request=request, event="evidence_destroyed").exists()


def test_a_second_request_while_one_is_open_is_accepted_in_full_and_linked(painted: Source, ask: Ask) -> None:
    first, second = ask(), ask()
    stranger = ask(email="somebody@example.org")
    assert second.linked_to == first
    assert stranger.linked_to is None
    assert second.due == first.due


def test_a_letter_counts_from_the_day_it_arrived(controller: object) -> None:
    arrived = timezone.now() - timedelta(days=10)
    request = flow.receive(
        rights=["access"],
        contact=flow.Contact(postal_address="12 Example Street"),
        channel=Channel.POST,
        probe=None,
        received_at=arrived,
        actor="staff:1",
    )
    now = flow.receive(
        rights=["access"], contact=flow.Contact(postal_address="x"), channel=Channel.POST, probe=None, actor="staff:1"
    )
    assert request.received_at == arrived
    assert request.due < now.due


def test_a_ground_that_needs_two_signatures_cannot_be_used_with_one(ask: Ask, staff: User) -> None:
    """Point 2: "excessive" and "unfounded" are never one person's word."""
    flow.confirm(request_id=ask(rights=("access",)).pk)
    request = ask(rights=("access",))
    for code in ("excessive", "unfounded"):
        decide(request, staff, "refused", ground=code, reasons="The same as yesterday's.")
        with pytest.raises(TransitionRefused, match="second person"):
            flow.countersign(request_id=request.pk, right="access", proposal=proposal_of(request, "access"), by=staff)
    assert not Claim.objects.exclude(outcome="pending").exists()
    request.refresh_from_db()
    assert request.state == "received"


def test_a_finding_takes_effect_when_a_second_person_signs_it(ask: Ask, staff: User, other_staff: User) -> None:
    first = ask(rights=("access",))
    flow.confirm(request_id=first.pk)
    request = ask(rights=("access",))
    decide(request, staff, "refused", ground="excessive", reasons="The same as yesterday's.")
    flow.countersign(request_id=request.pk, right="access", proposal=proposal_of(request, "access"), by=other_staff)
    claim = request.claims.get()
    assert claim.outcome == "refused"
    decision = queries.decision(claim)
    assert (decision.decided_by, decision.second_by) == (staff, other_staff)
    assert Notice.objects.get(request=request, event=Event.REFUSED)
    with pytest.raises(TransitionRefused, match="Nothing waits"):
        flow.countersign(request_id=request.pk, right="access", proposal=proposal_of(request, "access"), by=other_staff)
    with pytest.raises(TransitionRefused, match="never excessive"):  # The first one has none before it.
        decide(first, staff, "refused", ground="excessive", reasons="Too many.")


def test_a_finding_that_the_second_person_does_not_sign_is_dropped(ask: Ask, staff: User, other_staff: User) -> None:
    ask(rights=("access",))
    request = ask(rights=("access",))
    decide(request, staff, "refused", ground="unfounded", reasons="A joke.")
    flow.reject(request_id=request.pk, right="access", proposal=proposal_of(request, "access"), by=other_staff)
    assert not request.claims.get().decisions.exists()
    assert request.journal_entries.filter(event="proposal_dropped").exists()


def test_a_picture_that_was_replaced_after_the_review_is_searched_and_reviewed_again(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("access",))
    (folder_of(painted) / "ada-1.jpg").write_bytes(paint(["bo"], shade=13))
    decide(request, staff)
    run_jobs()
    request.refresh_from_db()
    assert request.state == "reviewed"  # Nothing new was found, and the old face is gone.
    assert not Answer.objects.exists()
    decide(request, staff)
    run_jobs()
    assert len([name for name in fetch(request).namelist() if name.startswith("pictures/")]) == 2


def test_a_picture_imported_anew_between_review_and_answer_is_not_left_out_of_it(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff)
    (folder_of(painted) / "ada-1.jpg").write_bytes(paint(["ada"], shade=13))
    ingest.import_source(source=painted)
    decide(request, staff)
    run_jobs()
    request.refresh_from_db()
    assert request.state == "searched"
    assert JournalEntry.objects.filter(request=request, event="decision_void").count() == 2
    judge(request, staff, other_staff)
    decide(request, staff)
    run_jobs()
    assert len([name for name in fetch(request).namelist() if name.startswith("pictures/")]) == 3


def test_a_settled_verdict_cannot_change_under_a_decision(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = ask()
    flow.confirm(request_id=request.pk)
    run_jobs()
    judge(request, staff, other_staff, mine=set())
    flow.decide(
        request_id=request.pk, right="erasure", outcome="nothing_held", by=staff, identity_basis="photo_and_email"
    )
    for hit in reviews.latest_search(request.pk).hits.all():
        with pytest.raises(TransitionRefused):
            flow.review(request_id=request.pk, face_key=hit.face_key, verdict="same", by=staff)


def test_a_decided_request_is_carried_out_and_not_withdrawn(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff)
    flow.decide(request_id=request.pk, right="access", outcome="granted", by=staff, identity_basis="in_person")
    with pytest.raises(TransitionRefused):
        flow.withdraw(request_id=request.pk)


def test_a_photograph_that_arrives_while_another_is_looked_at_is_searched_with_too(
    painted: Source, ask: Ask, run_jobs: Run
) -> None:
    request = ask()
    Evidence.objects.filter(request=request).update(sealed=vault.seal(request, paint([None])))
    flow.confirm(request_id=request.pk)
    job = Job.objects.get(request=request)
    with jobs.claimed(job.pk):
        flow.search(request_id=request.pk)
        flow.replace_probe(request_id=request.pk, probe=paint(["ada"], shade=3))
    assert jobs.due() == []
    flow.start_due_searches()
    run_jobs()
    request.refresh_from_db()
    assert request.state == "searched"


def test_the_proof_of_a_partial_erasure_can_be_repeated(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    from rights.law import grounds

    request = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    ground = next(g.code for g in grounds.for_regime("gdpr") if g.allows_partial and "erasure" in g.applies_to)
    kept = Photo.objects.get(path="ada-1.jpg").pk
    erased = (folder_of(painted) / "ada-2.jpg").read_bytes()
    decide(request, staff, "partial", ground=ground, reasons="A court asked for it.", withheld=[kept])
    run_jobs()
    call_command("verify_erasure", request.reference)
    (folder_of(painted) / "ada-2.jpg").write_bytes(erased)
    with pytest.raises(CommandError, match="not complete") as failed:
        call_command("verify_erasure", request.reference)
    assert failed.value.returncode == 1
    with pytest.raises(CommandError, match="no request"):
        call_command("verify_erasure", "REG-7777-7777")
