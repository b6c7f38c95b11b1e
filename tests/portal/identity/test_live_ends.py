"""A live photo check whose frames are destroyed before a worker looked at them ends, and is not looked at for ever."""

import pytest
from django.contrib.auth.models import User

from matching.models import Source
from portal import flow, vault
from portal.models import Evidence, EvidenceKind, Job, JobState, LiveState
from rights.models import RightsRequest
from tests.portal.citizens.person import Person
from tests.portal.deeds import Ask, Run, decide, judge
from tests.portal.identity.test_live import pass_it

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def case(painted: Source, ask: Ask, run_jobs: Run) -> RightsRequest:
    request = ask()
    flow.confirm(request_id=request.pk)
    run_jobs()
    request.refresh_from_db()
    return request


@pytest.fixture
def person(case: RightsRequest) -> Person:
    somebody = Person()
    somebody.open(case)
    return somebody


def ends(case: RightsRequest, run_jobs: Run) -> bool:
    """Whether the check ends with the job that is there, and none is posted for it again."""
    run_jobs()
    flow.start_due_live_checks()
    check = flow.live_check(case)
    states = Job.objects.filter(kind="check_live").values_list("state", flat=True)
    return check is not None and check.state == LiveState.EXPIRED and list(states) == [JobState.DONE]


def test_a_decision_ends_a_check_that_was_not_looked_at(
    case: RightsRequest, person: Person, staff: User, other_staff: User, run_jobs: Run
) -> None:
    judge(case, staff, other_staff)
    pass_it(person, case)
    decide(case, staff)
    flow.destroy_unused_frames()
    assert ends(case, run_jobs)


def test_a_withdrawal_ends_it_too(case: RightsRequest, person: Person, run_jobs: Run) -> None:
    pass_it(person, case)
    flow.withdraw(request_id=case.pk)
    assert ends(case, run_jobs)


def test_frames_that_do_not_open_but_are_there_are_tried_again(case: RightsRequest, person: Person) -> None:
    check = pass_it(person, case)
    Evidence.objects.filter(kind=EvidenceKind.FRAME).update(sealed=b"altered")
    with pytest.raises(vault.VaultError):
        flow.check_live(request_id=case.pk)
    check.refresh_from_db()
    assert check.state == LiveState.RECEIVED
