"""Members of staff who want more than their role: two people in one, another's account, a proposal exchanged."""

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time
from pytest_django.fixtures import Settings

from matching import ingest, reviews
from matching.models import Erasure, Hold, Source
from portal import consent, flow
from portal.models import Recipient, SignInFailures
from portal.staff import locks, sessions
from portal.staff.roles import Role
from rights.law.lifecycle import TransitionRefused
from rights.models import Claim, Decision, JournalEntry, RightsRequest
from tests.conftest import PASSWORD
from tests.fakes import paint
from tests.painted import folder_of
from tests.portal.deeds import Ask, Run, erased, proposal_of, reviewed
from tests.staffing import app_of, member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "abcd efgh ijkl mnop"


def url(name: str, request: RightsRequest, *args: object) -> str:
    return reverse(f"admin:rights_request_{name}", args=[request.pk, *args])


@pytest.fixture
def many(painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, settings: Settings) -> RightsRequest:
    """A reviewed erasure of three pictures, where two are the most that one person may erase."""
    settings.ERASE_ALONE = 2
    return reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))


def propose(case: RightsRequest, by: User, basis: str = "photo_and_email") -> int:
    data = {"erasure-outcome": "granted", "erasure-identity_basis": basis}
    sign_in(Client(), by).post(url("decide", case, "erasure"), data)
    return proposal_of(case, "erasure")


def test_the_second_person_signs_the_proposal_they_read_and_no_other(
    many: RightsRequest, staff: User, other_staff: User
) -> None:
    read = propose(many, staff)
    second = sign_in(Client(), other_staff)
    page = second.get(reverse("admin:rights_rightsrequest_change", args=[many.pk])).content.decode()
    assert f'name="proposal" value="{read}"' in page
    assert propose(many, staff, basis="in_person") != read  # Exchanged while the second person reads.
    for data in ({"proposal": read}, {}, {"proposal": "x"}, {"proposal": read, "reject": "yes"}):
        answer = second.post(url("countersign", many, "erasure"), data, follow=True)
        assert "took the place of the one you read" in answer.content.decode()
    assert Decision.objects.get().in_force is False
    second.post(url("countersign", many, "erasure"), {"proposal": proposal_of(many, "erasure")})
    assert Claim.objects.get().outcome == "granted"


@pytest.mark.parametrize("act", ["staff_link", "staff_reset", "groups"])
def test_who_had_the_others_account_in_hand_is_not_the_second_person(
    many: RightsRequest, staff: User, other_staff: User, act: str
) -> None:
    read = propose(many, staff)
    app_of(other_staff)
    chief = sign_in(Client(), staff)
    if act == "groups":
        page = reverse("admin:auth_user_change", args=[other_staff.pk])
        chief.post(page, {"username": other_staff.username, "is_active": "on", "groups": []})
    else:
        chief.post(reverse(f"admin:{act}", args=[other_staff.pk]))
    for first, other in ((staff, other_staff), (other_staff, staff)):  # Whichever of the two signed first.
        Decision.objects.update(decided_by=first)
        with pytest.raises(TransitionRefused, match="third person"):
            flow.countersign(request_id=many.pk, right="erasure", proposal=read, by=other)
    with freeze_time(timezone.now() + timedelta(days=31)):
        flow.countersign(request_id=many.pk, right="erasure", proposal=read, by=staff)


def test_a_review_that_takes_two_is_not_done_with_an_account_in_hand(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    case = ask()
    flow.confirm(request_id=case.pk)
    run_jobs()
    key = case_hit(case)
    sign_in(Client(), staff).post(reverse("admin:staff_link", args=[other_staff.pk]))
    flow.review(request_id=case.pk, face_key=key, verdict="same", by=staff)
    with pytest.raises(TransitionRefused, match="third person"):
        flow.review(request_id=case.pk, face_key=key, verdict="same", by=other_staff)
    flow.review(request_id=case.pk, face_key=key, verdict="not", by=other_staff)


def case_hit(case: RightsRequest) -> int:
    latest = reviews.latest_search(case.pk)
    assert latest is not None
    return int(latest.hits.values_list("face_key", flat=True)[0])


def test_one_click_does_not_refuse_more_held_pictures_than_one_person_may_erase(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, settings: Settings
) -> None:
    case = erased(ask, run_jobs, staff, other_staff)
    flow.consent(request_id=case.pk, text=consent.VERSION, language="en")
    run_jobs()
    for number in range(4):
        (folder_of(painted) / f"again-{number}.jpg").write_bytes(paint(["ada"], shade=14))
    ingest.import_source(source=painted)
    settings.ERASE_ALONE = 2
    before = Erasure.objects.filter(rows_done_at__isnull=False).count()
    address = reverse("admin:matching_hold_judge", args=[Hold.objects.order_by("pk")[0].pk])
    sign_in(Client(), staff).post(address, {"outcome": "refuse", "reason": ""})
    assert not Hold.objects.exclude(outcome="").exists()
    sign_in(Client(), other_staff).post(address, {"outcome": "refuse", "reason": ""})
    run_jobs()
    assert Hold.objects.filter(outcome="refuse").count() == 4
    assert Erasure.objects.filter(rows_done_at__isnull=False).count() == before + 4


def test_a_list_cannot_be_asked_for_the_beginning_of_a_password(staff: User) -> None:
    chief = sign_in(Client(), member("the-admin", Role.ADMIN))
    for guess in (staff.password[:40], "wrong"):
        answer = chief.get(reverse("admin:auth_user_changelist"), {"password__startswith": guess})
        assert answer.status_code in (302, 400)
        assert staff.username not in answer.content.decode()
    assert chief.get(reverse("admin:auth_user_changelist"), {"is_active__exact": "1"}).status_code == 200


def test_an_unattended_screen_gives_no_account_away_and_changes_no_password(staff: User, other_staff: User) -> None:
    app_of(other_staff)
    client = sign_in(Client(), staff)
    session = client.session
    session[sessions.KEY] = session[sessions.KEY] | {"passed": int(time.time()) - 3600}
    session.save()
    for name in ("staff_reset", "staff_link"):
        answer = client.post(reverse(f"admin:{name}", args=[other_staff.pk]), follow=True).content.decode()
        assert "second factor once more" in answer
        assert "/password/" not in answer
    data = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert "/second/" in client.post(reverse("admin:password_change"), data)["Location"]
    staff.refresh_from_db()
    assert staff.check_password(PASSWORD)


def test_the_old_password_cannot_be_guessed_at_and_a_change_is_journalled(staff: User) -> None:
    client, other = sign_in(Client(), staff), sign_in(Client(), staff)
    address = reverse("admin:password_change")
    for _try in range(10):
        client.post(address, {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW})
    assert JournalEntry.objects.filter(event="sign_in_locked").exists()
    last = client.post(address, {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW})
    assert "/login/" in last["Location"]
    SignInFailures.objects.all().delete()
    other.post(address, {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW})
    assert JournalEntry.objects.filter(event="password_changed", actor=f"staff:{staff.pk}").count() == 1


def test_slow_guesses_at_the_second_step_are_counted(staff: User) -> None:
    app_of(staff)
    with freeze_time(timezone.now()) as clock:
        for _round in range(3):
            client = Client()
            client.post(reverse("admin:login"), {"username": staff.username, "password": PASSWORD})
            for guess in range(2):
                client.post(reverse("staff:second"), {"code": f"{guess:06d}"})
            clock.tick(timedelta(minutes=20))
    assert JournalEntry.objects.filter(event="sign_in_locked").exists()


def test_the_machines_of_one_network_are_one(rf: RequestFactory) -> None:
    one, two = (rf.get("/", REMOTE_ADDR=f"2001:db8:1:2::{last}") for last in (1, 2))
    assert locks.of_address(one) == locks.of_address(two)
    assert locks.of_address(one) != locks.of_address(rf.get("/", REMOTE_ADDR="2001:db8:1:3::1"))


def test_who_is_told_and_what_becomes_of_group_pictures_is_journalled(painted: Source, controller: object) -> None:
    chief = sign_in(Client(), member("the-admin", Role.ADMIN))
    press = Recipient.objects.create(name="Press", email="press@example.org", country="FR")
    press.sources.add(painted)
    address = reverse("admin:portal_recipient_change", args=[press.pk])
    data = {"name": "Press", "role": "recipient", "email": "mine@example.org", "country": "FR", "since": ""}
    assert chief.post(address, data | {"sources": [painted.pk]}).status_code == 302
    entry = JournalEntry.objects.get(event="recipient_changed")
    assert entry.detail == {"row": press.pk, "changed": ["email"]}
    form = chief.get(reverse("admin:matching_source_change", args=[painted.pk])).context["adminform"].form
    fields = {name: value for name, value in form.initial.items() if value is not None and name in form.fields}
    other = "redact" if painted.group_policy == "delete" else "delete"
    chief.post(reverse("admin:matching_source_change", args=[painted.pk]), fields | {"group_policy": other})
    assert JournalEntry.objects.get(event="source_changed").detail["changed"] == ["group_policy"]
