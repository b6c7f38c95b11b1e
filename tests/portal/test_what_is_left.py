"""What is left of a person after every date has come: procedural facts, and nothing that leads to them or a picture."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time

from matching import reviews
from matching.frames import Asked
from matching.models import Face, Photo, Source
from portal import flow, retention, tasks, vault
from portal.answers import archive
from portal.models import EvidenceKey, Notice, Recipient, Requester
from portal.operate import contents
from portal.operate.finding import Level
from portal.staff.roles import Role
from rights import journal
from rights.models import DESTROYED, ClockEvent, Decision, JournalEntry, RightsRequest
from tests.matching.test_frames import frame as frame_of
from tests.portal.deeds import Ask, Run, answered, decide, erased, judge, reviewed
from tests.staffing import member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def let_every_date_pass(request: RightsRequest) -> None:
    flow.delivered(request_id=request.pk)
    for days in (100, 2200):
        with freeze_time(timezone.now() + timedelta(days=days)):
            flow.destroy_what_is_due()
    request.refresh_from_db()
    assert request.state == "closed"
    assert Requester.objects.get(request=request).email == ""


def in_part(request: RightsRequest, by: User, run_jobs: Run) -> None:
    """Most of it is erased; the words of the decision name the person."""
    photos = sorted(set(reviews.accepted_faces(request.pk).values_list("photo_id", flat=True)))
    flow.doubt(request_id=request.pk, words="Looks like Ada Byron's sister.", actor=journal.staff(by.pk))
    flow.withdraw_doubt(request_id=request.pk, words="Ada Byron came in person.", actor=journal.staff(by.pk))
    flow.decide(
        request_id=request.pk,
        right="erasure",
        outcome="partial",
        by=by,
        ground="legal-claims",
        reasons="Ada Byron sues us.",
        evidence="File 7, Ada Byron.",
        identity_basis="in_person",
        withheld=photos[:1],
    )
    run_jobs()
    request.refresh_from_db()


def test_no_table_names_the_person_and_no_row_the_picture_that_was_kept(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    in_part(request, staff, run_jobs)
    let_every_date_pass(request)
    rows = [(model._meta.label, str(row)) for model in apps.get_models() for row in model._default_manager.values()]
    assert [label for label, row in rows if "Byron" in row or "ada@example" in row] == []
    decision = Decision.objects.get(claim__request=request)
    assert (decision.withheld, decision.reasons, decision.evidence) == ([], DESTROYED, DESTROYED)
    assert decision.ground == "legal-claims"
    flow.destroy_what_is_due()  # And again, for nothing.


EMPTY: tuple[object, ...] = (None, "", b"", [], {}, DESTROYED)


def left_of(name: str) -> list[object]:
    """What is left in a model whose rows go, or in a field that is emptied, as `portal/retention.toml` names them."""
    if name.count(".") == 1:
        return list(apps.get_model(name).objects.order_by("pk"))
    label, _dot, field = name.rpartition(".")
    values = apps.get_model(label).objects.order_by("pk").values_list(field, flat=True)
    return [value for value in values if (bytes(value) if isinstance(value, memoryview) else value) not in EMPTY]


def test_whatever_the_retention_file_names_is_gone_or_empty_after_its_date(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = ask(rights=("erasure",))
    flow.confirm(request_id=request.pk)
    flow.hear(request_id=request.pk, words="By mail.", mail_digest="d" * 64)
    check = flow.draw_poses(request_id=request.pk)
    for frame in check.frames.all():
        flow.receive_frame(request_id=request.pk, frame_id=frame.pk, picture=frame_of(Asked(frame.asked)))
    run_jobs()
    judge(request, staff, other_staff)
    in_part(request, staff, run_jobs)
    held = {name for kind in retention.kinds() if kind.key not in ("template", "session") for name in kind.holds}
    assert {"portal.LiveFrame.yaw", "portal.Message.mail_digest", "matching.Hit"} <= {
        name for name in held if left_of(name)
    }
    for _twice in range(2):
        flow.destroy_unused_frames()
    assert request.journal_entries.get(event="frames_destroyed").detail == {"files": 3}
    let_every_date_pass(request)
    assert {name: left_of(name) for name in sorted(held) if left_of(name)} == {}
    events = list(JournalEntry.objects.filter(request=request).values_list("event", flat=True))
    assert {"evidence_destroyed", "address_destroyed"} <= set(events)


def test_the_database_lets_words_be_destroyed_and_nothing_else_be_changed(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    in_part(request, staff, run_jobs)
    decided = Decision.objects.filter(claim__request=request)
    said = ClockEvent.objects.filter(request=request, kind="doubted")

    def refused(rows: object, **change: object) -> bool:
        try:
            with transaction.atomic():
                rows.update(**change)  # type: ignore[attr-defined]
        except DatabaseError:
            return True
        return False

    assert refused(decided, reasons=DESTROYED)  # The request has not ended.
    assert refused(said, words=DESTROYED)
    let_every_date_pass(request)
    for change in ({"reasons": "Other words."}, {"outcome": "granted"}, {"withheld": [1]}, {"second_by": other_staff}):
        assert refused(decided, **change), change
    for change in ({"words": "Other words."}, {"kind": "received"}, {"by": "staff:7"}):
        assert refused(said, **change), change


def test_the_journal_says_that_a_picture_was_judged_and_no_longer_which(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = answered(ask, run_jobs, staff, other_staff, rights=("access",))
    client = sign_in(Client(), staff)
    hit = reviews.latest_search(request.pk).hits.first()
    for _twice in range(2):
        client.get(reverse("admin:rights_request_face", args=[request.pk, hit.pk]))
    looks = JournalEntry.objects.filter(request=request, event="viewed_picture")
    assert len({look.detail["face"] for look in looks}) == 1
    assert looks[0].detail["face"] == vault.alias(request, "face", hit.face_key)
    said = JournalEntry.objects.filter(request=request, event__in=["reviewed_hit", "viewed_picture"])
    keys = {str(row.pk) for row in [*Face.objects.all(), *Photo.objects.all()]}
    assert not {str(value) for entry in said for value in entry.detail.values()} & keys
    let_every_date_pass(request)
    assert vault.alias(request, "face", hit.face_key) == ""


def test_what_recipients_were_told_is_forgotten_and_staff_without_the_role_never_read_it(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    Recipient.objects.create(name="Press", email="press@example.org", country="FR").sources.add(painted)
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    Photo.objects.update(source_url="https://pictures.example/of-somebody")
    decide(request, staff)
    run_jobs()
    notice = Notice.objects.get(request=request, event="recipient_told")
    digest = notice.context["pictures"][0]["sha256"]
    page = sign_in(Client(), member("triage-one", Role.TRIAGE)).get(
        reverse("admin:portal_notice_change", args=[notice.pk])
    )
    assert page.status_code == 200
    assert digest not in page.content.decode()
    assert "of-somebody" not in page.content.decode()
    Notice.objects.filter(pk=notice.pk).update(state="waiting")
    let_every_date_pass(request)
    notice.refresh_from_db()
    assert notice.context["pictures"], "somebody must still be told"
    Notice.objects.filter(pk=notice.pk).update(state="sent")
    flow.destroy_what_is_due()
    notice.refresh_from_db()
    assert notice.context == {}


def test_one_archive_that_cannot_be_deleted_keeps_nobodys_key(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    first = answered(ask, run_jobs, staff, other_staff, rights=("access",))
    second = answered(ask, run_jobs, staff, other_staff, rights=("access",), email="bo@example.org")
    for each in (first, second):
        flow.delivered(request_id=each.pk)
        path = archive.path_of(each)
        path.unlink()
        path.mkdir()  # What `unlink` refuses, as a broken disk would.
    later = timezone.now() + timedelta(days=100)
    with freeze_time(later):
        assert contents.destruction().level == Level.WRONG
        flow.destroy_what_is_due()
        assert contents.destruction().level == Level.OK
    assert not EvidenceKey.objects.filter(request__in=[first, second]).exists()
    tasks.forget_sessions()
    archive.path_of(first).rmdir()
    archive.path_of(second).rmdir()


def test_an_archive_without_a_request_that_has_a_key_is_swept_up(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = answered(ask, run_jobs, staff, other_staff, rights=("access",))
    kept = archive.path_of(request)
    orphans = [Path(f"{kept.parent}/{'0' * 8}-0000-4000-8000-{'0' * 12}.sealed{end}") for end in ("", ".17.partial")]
    for orphan in orphans:
        orphan.write_bytes(b"sealed under a key that is gone")
    tasks.forget_sessions()
    assert kept.exists()
    assert not any(orphan.exists() for orphan in orphans)


def test_a_photograph_that_nobody_confirmed_ends_and_the_request_stays(painted: Source, ask: Ask) -> None:
    request, confirmed = ask(), ask(email="bo@example.org")
    flow.confirm(request_id=confirmed.pk)
    with freeze_time(timezone.now() + timedelta(days=200)):
        flow.destroy_what_is_due()
    assert request.evidence.get().destroyed_at is not None
    assert confirmed.evidence.get().destroyed_at is None
    request.refresh_from_db()
    assert request.state == "received"


def test_a_proven_erasure_leaves_only_what_a_restored_backup_needs(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = erased(ask, run_jobs, staff, other_staff)
    let_every_date_pass(request)
    left = {
        model._meta.label
        for model in apps.get_models()
        for row in model._default_manager.values()
        if {str(value) for key, value in row.items() if key in ("subject", "request_id")} & {str(request.pk)}
    }
    assert left <= {
        "rights.Claim", "rights.ClockEvent", "rights.JournalEntry", "portal.Requester", "portal.Notice", "portal.Job",
        "portal.Evidence", "portal.Reminder", "matching.Search", "matching.Erasure",
    }  # fmt: skip
