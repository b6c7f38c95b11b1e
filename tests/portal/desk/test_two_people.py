"""What takes two people, through the web; and that one person with two sessions is one person."""

import runpy

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse

from matching import reviews
from matching.models import Erasure, Source
from portal import flow
from portal.flow import decided
from portal.staff.roles import Role
from rights.law import guards
from rights.law.facts import Facts
from rights.law.lifecycle import TransitionRefused
from rights.models import Claim, Decision, JournalEntry, RightsRequest
from tests.portal.deeds import Ask, Run, judge, proposal_of, reviewed
from tests.project import ROOT
from tests.staffing import member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

GRANT = {"erasure-outcome": "granted", "erasure-identity_basis": "photo_and_email"}


def url(name: str, request: RightsRequest, *args: object) -> str:
    return reverse(f"admin:rights_request_{name}", args=[request.pk, *args])


@pytest.fixture
def many(painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, settings: object) -> RightsRequest:
    """A reviewed erasure of three pictures, where two are the most that one person may erase."""
    settings.ERASE_ALONE = 2  # type: ignore[attr-defined]
    return reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))


def signing(request: RightsRequest, right: str = "erasure") -> dict[str, int]:
    """What the form of the proposal sends that waits now."""
    return {"proposal": proposal_of(request, right)}


def page(client: Client, request: RightsRequest) -> str:
    return client.get(reverse("admin:rights_rightsrequest_change", args=[request.pk])).content.decode()


def test_many_pictures_wait_for_another_person_while_the_clock_goes_on(
    many: RightsRequest, run_jobs: Run, staff: User, other_staff: User
) -> None:
    first, again = sign_in(Client(), staff), sign_in(Client(), staff)
    assert first.post(url("decide", many, "erasure"), GRANT).status_code == 302
    assert Claim.objects.get().outcome == "pending"
    run_jobs()
    assert not Erasure.objects.exists()
    shown = page(first, many)
    assert "waits for a second signature" in shown
    assert "The clock goes on meanwhile" in shown
    assert "Sign as the second person" not in shown
    for client in (first, again):  # Two sessions are one person.
        client.post(url("countersign", many, "erasure"), signing(many))
        assert Claim.objects.get().outcome == "pending"
    assert (
        "takes a second person"
        in first.post(url("countersign", many, "erasure"), signing(many), follow=True).content.decode()
    )
    run_jobs()
    assert not Erasure.objects.exists()
    second = sign_in(Client(), other_staff)
    assert "Sign as the second person" in page(second, many)
    second.post(url("countersign", many, "erasure"), signing(many))
    run_jobs()
    many.refresh_from_db()
    assert many.state == "carried_out"
    assert Erasure.objects.count() == 3
    decision = Decision.objects.get()
    assert (decision.decided_by, decision.second_by) == (staff, other_staff)


def test_the_second_person_must_be_one_who_decides(many: RightsRequest, staff: User) -> None:
    sign_in(desk := Client(), staff)
    desk.post(url("decide", many, "erasure"), GRANT)
    for role in (Role.TRIAGE, Role.REVIEW, Role.ADMIN):
        other = sign_in(Client(), member(role.value, role))
        assert other.post(url("countersign", many, "erasure"), signing(many)).status_code == 403
    assert Claim.objects.get().outcome == "pending"
    decider = sign_in(Client(), member("decider", Role.DECIDE))
    decider.post(url("countersign", many, "erasure"), signing(many))
    assert Claim.objects.get().outcome == "granted"


def test_a_superuser_is_one_person_too(many: RightsRequest) -> None:
    root = User.objects.create_superuser("root")
    for client in (sign_in(Client(), root), sign_in(Client(), root)):
        client.post(url("decide", many, "erasure"), GRANT)
        client.post(url("countersign", many, "erasure"), signing(many))
    assert Claim.objects.get().outcome == "pending"


def test_the_second_person_may_say_no(many: RightsRequest, staff: User, other_staff: User) -> None:
    sign_in(desk := Client(), staff)
    desk.post(url("decide", many, "erasure"), GRANT)
    sign_in(second := Client(), other_staff)
    second.post(url("countersign", many, "erasure"), {"reject": "yes", **signing(many)})
    assert not Decision.objects.exists()
    assert JournalEntry.objects.get(event="proposal_dropped").actor == f"staff:{other_staff.pk}"


def test_few_pictures_take_one_person(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, settings: object
) -> None:
    settings.ERASE_ALONE = 3  # type: ignore[attr-defined]
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    sign_in(desk := Client(), staff)
    desk.post(url("decide", request, "erasure"), GRANT)
    assert Claim.objects.get().outcome == "granted"


def test_a_hundred_is_the_most_whatever_is_set() -> None:
    def facts(pictures: int, alone: int, **more: object) -> Facts:
        return Facts(right="erasure", accepted=frozenset(range(pictures)), alone=alone, signed_by=1, **more)

    guards.many_pictures_take_two(facts(100, 100))
    for refused in (facts(101, 100), facts(101, 100_000), facts(101, 100, second=1), facts(1, 0),
                    facts(60, 100, erased=41)):  # fmt: skip
        with pytest.raises(TransitionRefused, match="second person"):
            guards.many_pictures_take_two(refused)
    guards.many_pictures_take_two(facts(101, 100, second=2))
    guards.many_pictures_take_two(facts(101, 100, withheld=frozenset({5})))
    guards.many_pictures_take_two(Facts(right="access", accepted=frozenset(range(500))))


@pytest.mark.parametrize("value", ["101", "-1"])
def test_the_setting_is_not_raised_silently(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGARD_ERASE_ALONE", value)
    with pytest.raises(ImproperlyConfigured, match="takes two people"):
        runpy.run_path(str(ROOT / "portal" / "settings.py"))


def test_pictures_that_come_to_light_later_count_as_well(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, settings: object
) -> None:
    """Decided alone for three; by the end of a further review they are more than one person may erase."""
    settings.ERASE_ALONE = 3  # type: ignore[attr-defined]
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    flow.decide(request_id=request.pk, right="erasure", outcome="granted", by=staff, identity_basis="photo_and_email")
    RightsRequest.objects.filter(pk=request.pk).update(state="decided")
    request.refresh_from_db()
    decided.requests.take(request=request, step="find_more", actor="system")
    settings.ERASE_ALONE = 2  # type: ignore[attr-defined]
    flow.finish_review(request_id=request.pk, by=staff)
    request.refresh_from_db()
    assert request.state == "reviewed"
    assert JournalEntry.objects.filter(event="second_person_needed").count() == 1
    sign_in(desk := Client(), staff)
    desk.post(url("decide", request, "erasure"), GRANT)
    request.refresh_from_db()
    assert request.state == "reviewed"
    sign_in(second := Client(), other_staff)
    second.post(url("countersign", request, "erasure"), signing(request))
    request.refresh_from_db()
    assert request.state == "decided"


def test_a_possible_hit_takes_two_people_not_two_sessions(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = ask()
    flow.confirm(request_id=request.pk)
    run_jobs()
    hit = next(hit for hit in reviews.latest_search(request.pk).hits.all() if reviews.reviewers_needed(hit) == 2)
    for client in (sign_in(Client(), staff), sign_in(Client(), staff)):
        client.post(url("review", request), {"hit": hit.pk, "verdict": "same"})
        assert reviews.outcomes(request.pk)[hit.face_key] == "open"
    sign_in(second := Client(), other_staff)
    second.post(url("review", request), {"hit": hit.pk, "verdict": "same"})
    assert reviews.outcomes(request.pk)[hit.face_key] == "same"


def test_excessive_takes_two_people_not_two_sessions(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    flow.confirm(request_id=ask(rights=("access",)).pk)
    request = ask(rights=("access",))
    flow.confirm(request_id=request.pk)
    run_jobs()
    judge(RightsRequest.objects.get(pk=request.pk), staff, other_staff)
    refuse = {
        "access-outcome": "refused", "access-ground": "excessive", "access-reasons": "Daily.",
        "access-evidence": "File.",
    }  # fmt: skip
    for client in (sign_in(Client(), staff), sign_in(Client(), staff)):
        client.post(url("decide", request, "access"), refuse)
        client.post(url("countersign", request, "access"), signing(request, "access"))
        assert Claim.objects.get(request=request).outcome == "pending"
    sign_in(second := Client(), other_staff)
    second.post(url("countersign", request, "access"), signing(request, "access"))
    assert Claim.objects.get(request=request).outcome == "refused"
