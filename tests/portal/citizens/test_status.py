"""The status page: the way of a request, its legal date, and what is asked of the person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from freezegun import freeze_time

from matching.bands import bands
from matching.models import Search
from portal import flow
from portal.citizens import record, wording
from portal.models import Answer, Event, Recipient
from portal.words import grouped
from rights import decisions, requests
from rights.law.grounds import for_regime
from rights.law.lifecycle import ClaimOutcome
from rights.law.regime import Stop
from rights.models import RightsRequest
from tests.portal.citizens.person import Person, upload
from tests.portal.deeds import SHOWN, covered

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def case(person: Person) -> RightsRequest:
    """A confirmed request, open in the person's browser."""
    case = person.ask()
    person.type_code(case)
    case.refresh_from_db()
    return case


def seen(person: Person, case: RightsRequest) -> str:
    return str(person.get("status", request_id=case.pk).content.decode())


def take(case: RightsRequest, *steps: str) -> None:
    for step in steps:
        requests.take(request=case, step=step, actor="system", facts=SHOWN)


def decide(case: RightsRequest, by: User, **outcomes: ClaimOutcome) -> None:
    """Decide each claim without anybody having looked at a hit."""
    take(case, "search", "review")
    for right, outcome in outcomes.items():
        refused = outcome in (ClaimOutcome.REFUSED, ClaimOutcome.PARTIAL)
        fitting = (g for g in for_regime("gdpr") if right in g.applies_to)
        partial = outcome is ClaimOutcome.PARTIAL
        ground = next(g.code for g in fitting if (g.allows_partial if partial else not g.copy_only))
        decisions.decide(
            claim=case.claims.get(right=right),
            outcome=outcome,
            by=by,
            ground=ground if refused else "",
            reasons="Because a court\nasked us to keep it." if refused else "",
            evidence="The order of the court." if refused else "",
            identity_basis="" if outcome is ClaimOutcome.REFUSED else "photo_and_email",
            withheld=[1] if partial else [],
            facts=replace(SHOWN, accepted=frozenset()) if outcome is ClaimOutcome.NOTHING_HELD else SHOWN,
        )
    take(case, "decide")


def offer(case: RightsRequest, **changes: object) -> Answer:
    now = timezone.now()
    facts: dict[str, object] = {"offered_at": now, "expires_at": now + timedelta(days=30)}
    return Answer.objects.create(request=case, size=3, sha256="0" * 64, photos=2, built_at=now, **facts | changes)


def test_it_shows_the_reference_and_the_legal_date_with_the_days_left(person: Person, case: RightsRequest) -> None:
    page = seen(person, case)
    assert case.reference in page
    assert date_format(case.due, "DATE_FORMAT") in page
    assert f'<span class="due-count">{(case.due - timezone.localdate()).days}</span>' in page


def test_it_says_how_the_date_was_computed_with_the_articles(person: Person, case: RightsRequest) -> None:
    page = seen(person, case)
    assert "How this date was computed" in page
    assert date_format(timezone.localdate(case.received_at), "DATE_FORMAT") in page
    assert "12(3)" in page
    assert "{received}" not in page


def test_a_date_that_has_passed_is_owned_up_to_with_the_authority_named(person: Person, case: RightsRequest) -> None:
    with freeze_time(timezone.now() + timedelta(days=40)):
        person.open(case)
        page = seen(person, case)
    assert "We should have answered by" in page
    assert "due over" in page


def test_the_timeline_marks_what_is_done_and_what_is_next(person: Person, case: RightsRequest) -> None:
    marks = [step.mark for step in person.get("status", request_id=case.pk).context["page"].steps]
    assert marks == ["done", "done", "now", "later", "later", "later"]


def test_before_the_code_it_asks_for_the_code(person: Person) -> None:
    case = person.ask()
    person.open(case)
    assert reverse("citizens:code", args=[case.pk]) in seen(person, case)


@pytest.mark.parametrize("code", sorted(wording.PROBE))
def test_a_photograph_that_cannot_be_searched_with_is_answered_with_what_to_do(
    person: Person, case: RightsRequest, code: str
) -> None:
    case.evidence.update(problem=code)
    page = seen(person, case)
    assert str(wording.PROBE[code]) in page
    assert reverse("citizens:photo", args=[case.pk]) in page


def test_a_better_photograph_is_taken_and_the_legal_date_stays(person: Person, case: RightsRequest) -> None:
    case.evidence.update(problem="blurred")
    due = case.due
    person.post("photo", {"photo": upload()}, request_id=case.pk)
    case.refresh_from_db()
    assert case.due == due
    assert case.evidence.filter(problem="").count() == 1
    assert reverse("citizens:photo", args=[case.pk]) not in seen(person, case)


def test_a_file_that_is_no_photograph_is_refused_on_the_status_page_too(person: Person, case: RightsRequest) -> None:
    case.evidence.update(problem="blurred")
    page = person.post("photo", {"photo": upload(b"no picture")}, request_id=case.pk).content.decode()
    assert str(wording.UPLOAD["not_an_image"]) in page
    assert 'class="errors"' in page


def test_a_search_that_waits_for_a_source_says_so(person: Person, case: RightsRequest) -> None:
    waits = "leaves nothing out, and goes on by itself"
    assert set(case.jobs.values_list("kind", flat=True)) == {"search"}
    before = person.get("status", request_id=case.pk).context["page"].version
    assert waits not in seen(person, case)
    case.jobs.update(problem="SourceUnreachable")
    assert waits in seen(person, case)
    assert person.get("status", request_id=case.pk).context["page"].version != before


def test_an_answer_without_pictures_promises_none(person: Person, case: RightsRequest, staff: User) -> None:
    covered(case, photos=20_418)
    decide(case, staff, access=ClaimOutcome.NOTHING_HELD, erasure=ClaimOutcome.NOTHING_HELD)
    answer = offer(case)
    assert "the pictures of you" in seen(person, case)
    assert "It holds no pictures." not in person.get("download", request_id=case.pk).content.decode()
    answer.photos = 0
    answer.save()
    page = seen(person, case)
    assert "The file holds no pictures." in page
    assert "the pictures of you" not in page
    assert "all 20,418 pictures" in page
    assert "It holds no pictures." in person.get("download", request_id=case.pk).content.decode()


def test_an_answer_whose_pictures_are_all_withheld_does_not_say_that_there_are_none(
    person: Person, case: RightsRequest, staff: User
) -> None:
    covered(case, photos=3)
    decide(case, staff, access=ClaimOutcome.PARTIAL, erasure=ClaimOutcome.GRANTED)
    Answer.objects.filter(pk=offer(case).pk).update(photos=0)
    page = seen(person, case)
    assert "The file holds no pictures." in page
    assert "there is no picture" not in page


def test_an_outcome_is_not_shown_before_all_of_it_is_decided(person: Person, case: RightsRequest, staff: User) -> None:
    take(case, "search", "review")
    decisions.decide(
        claim=case.claims.get(right="access"),
        outcome=ClaimOutcome.GRANTED,
        by=staff,
        identity_basis="photo_and_email",
        facts=SHOWN,
    )
    assert "Granted" not in seen(person, case)


def test_a_refusal_comes_with_reasons_authority_and_court(person: Person, case: RightsRequest, staff: User) -> None:
    decide(case, staff, access=ClaimOutcome.GRANTED, erasure=ClaimOutcome.PARTIAL)
    page = seen(person, case)
    profile = person.get("status", request_id=case.pk).context["controller"]
    assert "Because a court<br>asked us to keep it." in page
    assert profile.authority_url in page
    assert profile.texts.get(language="en").court.splitlines()[0] in page


def test_an_erasure_that_waits_for_the_copy_can_be_had_at_once(
    person: Person, case: RightsRequest, staff: User
) -> None:
    decide(case, staff, access=ClaimOutcome.GRANTED, erasure=ClaimOutcome.GRANTED)
    requests.fulfil(claim=case.claims.get(right="access"), actor="system", facts=SHOWN)
    answer = offer(case)
    assert reverse("citizens:erase_now", args=[case.pk]) in seen(person, case)
    assert "cannot be undone" in person.get("erase_now", request_id=case.pk).content.decode()
    person.post("erase_now", request_id=case.pk)
    answer.refresh_from_db()
    assert answer.waived_at is not None
    assert case.jobs.filter(kind="erase").exists()
    assert reverse("citizens:erase_now", args=[case.pk]) not in seen(person, case)


def test_nothing_can_be_waived_before_it_is_on_offer(person: Person, case: RightsRequest, staff: User) -> None:
    decide(case, staff, access=ClaimOutcome.GRANTED, erasure=ClaimOutcome.GRANTED)
    answer = offer(case, offered_at=None, expires_at=None)
    person.post("erase_now", request_id=case.pk)
    answer.refresh_from_db()
    assert answer.waived_at is None


def test_the_proof_of_an_erasure_is_told_in_words(person: Person, case: RightsRequest, staff: User) -> None:
    decide(case, staff, access=ClaimOutcome.REFUSED, erasure=ClaimOutcome.GRANTED)
    proof = {"deleted": 11, "redacted": 3, "swept_at": timezone.now().isoformat(), "found": 0}
    requests.fulfil(claim=case.claims.get(right="erasure"), actor="system", facts=SHOWN, detail=proof)
    told = Recipient.objects.create(name="The Daily Picture", email="desk@daily.example", country="FR")
    case.notices.create(event=Event.RECIPIENT_TOLD, key="1", recipient=told, language="en", not_before=timezone.now())
    page = seen(person, case)
    assert "11 pictures were deleted" in page
    assert "In 3 pictures" in page
    assert "The Daily Picture" in page


def test_what_was_searched_is_told_of_the_search_that_was_decided_on_not_of_the_proof(
    person: Person, case: RightsRequest, staff: User
) -> None:
    covered(case, photos=248)
    decide(case, staff, access=ClaimOutcome.REFUSED, erasure=ClaimOutcome.GRANTED)
    covered(case, photos=5)
    page = seen(person, case)
    assert "all 248 pictures" in page
    assert "541 faces" in page
    assert "3 files could not be read" in page


def test_how_often_the_bands_were_wrong_is_told_with_the_search(
    person: Person, case: RightsRequest, staff: User
) -> None:
    """As measured on people who exist; a certificate from before it was measured tells nothing of it."""
    covered(case, photos=248)
    decide(case, staff, access=ClaimOutcome.REFUSED, erasure=ClaimOutcome.GRANTED)
    assert "pairs measured" not in seen(person, case)
    search = Search.objects.get()
    search.certificate["bands"] = bands().as_json()
    search.save()
    page = seen(person, case)
    for measured in bands().measured:
        share = measured.possible.false_match
        assert (f"{grouped(share.errors)} of {grouped(share.pairs)} pairs measured" in page) is not measured.synthetic


def test_what_was_searched_is_told_once_the_request_is_answered(person: Person, case: RightsRequest) -> None:
    covered(case, photos=248)
    assert "What we searched" not in seen(person, case)


def test_withdrawing_asks_once_and_destroys_the_photograph(person: Person, case: RightsRequest) -> None:
    assert person.get("withdraw", request_id=case.pk).status_code == 200
    case.refresh_from_db()
    assert case.state == "confirmed"
    person.post("withdraw", request_id=case.pk)
    case.refresh_from_db()
    assert case.state == "withdrawn"
    assert case.evidence.filter(destroyed_at=None).count() == 0
    page = seen(person, case)
    assert "You withdrew this request" in page
    assert reverse("citizens:withdraw", args=[case.pk]) not in page


def test_what_was_decided_can_no_longer_be_withdrawn(person: Person, case: RightsRequest, staff: User) -> None:
    decide(case, staff, access=ClaimOutcome.GRANTED, erasure=ClaimOutcome.GRANTED)
    person.post("withdraw", request_id=case.pk)
    case.refresh_from_db()
    assert case.state == "decided"


def test_it_says_until_when_the_photograph_is_kept(person: Person, case: RightsRequest) -> None:
    assert date_format(case.evidence.get().destroy_on, "DATE_FORMAT") in seen(person, case)


def test_alike_pieces_are_told_together(person: Person, case: RightsRequest) -> None:
    probe = case.evidence.get()
    for _more in range(2):
        case.evidence.create(kind="frame", media_type="image/jpeg", sealed=b"", destroy_on=probe.destroy_on)
    page = " ".join(seen(person, case).split())
    assert "Picture of your live photo check (2)" in page
    assert "<dt>Photograph you gave us</dt>" in page
    case.evidence.filter(kind="frame").update(destroyed_at=timezone.now())
    told = record.pieces_of(case)
    assert [(piece.kind, piece.count, piece.destroyed_on) for piece in told] == [
        ("probe", 1, None),
        ("frame", 2, timezone.localdate()),
    ]


def test_other_requests_of_the_same_address_are_listed(
    person: Person, case: RightsRequest, another: Callable[[], Person]
) -> None:
    second = another().ask()
    assert second.reference in seen(person, case)
    assert reverse("citizens:status", args=[second.pk]) not in seen(person, case)


def test_while_a_question_is_open_the_page_says_what_is_waited_for(person: Person, case: RightsRequest) -> None:
    take(case, "search")
    assert "People look at what it found" in seen(person, case)
    flow.doubt(request_id=case.pk, words="Two people share this address.", actor="staff:1")
    flow.ask(request_id=case.pk, kind=Stop.IDENTITY, question="Which concert was it?", actor="staff:1")
    page = seen(person, case)
    assert "go on as soon as we have your answer" in page
    assert "People look at what it found" not in page


def test_of_a_withdrawn_request_nothing_is_due_and_no_card_is_empty(person: Person, case: RightsRequest) -> None:
    flow.withdraw(request_id=case.pk)
    page = seen(person, case)
    assert "nothing is due any more" in page
    assert "How this date was computed" not in page
    assert "Not decided yet" not in page
    assert page.count("Ended before it was decided.") == 2
    assert "Messages between you and us" not in page
    assert "any picture;" in page, "no blank stands before the semicolon"


def test_a_refusal_is_answered_and_not_carried_out(person: Person, case: RightsRequest, staff: User) -> None:
    decide(case, staff, access=ClaimOutcome.NOTHING_HELD, erasure=ClaimOutcome.REFUSED)
    case.claims.update(fulfilled_at=timezone.now())
    page = seen(person, case)
    assert page.count("Answered on") == 2
    assert "What we refused is below" not in page, "not before all of it was answered"
    take(case, "carry_out")
    page = seen(person, case)
    assert page.count("Answered on") == 3, "beside the legal date too"
    assert "What we refused is below" in page
    assert "Carried out on" not in page
