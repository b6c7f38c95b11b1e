"""The letter as it is printed: complete, nothing but words, and right for every outcome."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.formats import date_format

from matching.models import Erasure, Photo, Source
from portal import flow
from portal.answers.content import blocks
from portal.answers.facts import photos_of
from portal.answers.letter import letter
from portal.answers.scope import granted_faces
from portal.models import ControllerProfile, ControllerText, Recipient, Requester
from rights.models import Claim, RightsRequest
from tests.portal.answers.printed import bare, text_of
from tests.portal.deeds import ADA, Ask, Run, decide, judge

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]


@pytest.fixture
def reviewed(painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User) -> RightsRequest:
    """Ada asks for access and erasure; every hit is reviewed, nothing is decided."""
    request = ask()
    flow.confirm(request_id=request.pk)
    run_jobs()
    judge(request, staff, other_staff, ADA)
    request.refresh_from_db()
    return request


def settle(request: RightsRequest, by: User, right: str, outcome: str, **how: object) -> None:
    flow.decide(
        request_id=request.pk,
        right=right,
        outcome=outcome,
        by=by,
        **{"identity_basis": "photo_and_email", **({"evidence": "File 7."} if "ground" in how else {}), **how},
    )
    request.refresh_from_db()


def strings(value: Any) -> list[str]:
    """Every line in the blocks, without their kinds."""
    if isinstance(value, str):
        return value.splitlines()
    if isinstance(value, dict):
        return [line for key, item in value.items() if key != "kind" for line in strings(item)]
    return [line for item in value for line in strings(item)] if isinstance(value, list) else []


def test_every_word_is_printed_and_nothing_else(reviewed: RightsRequest, painted: Source, staff: User) -> None:
    Photo.objects.filter(path="ada-1.jpg").update(source_url="https://example.org/a/very/long/address/" + "x" * 300)
    Recipient.objects.create(name="Agency", email="a@example.org", country="BE").sources.add(painted)
    settle(reviewed, staff, "access", "granted")
    settle(reviewed, staff, "erasure", "granted")
    said = text_of(letter(request=reviewed))
    profile, requester = ControllerProfile.load(), Requester.objects.get(request=reviewed)
    head = [profile.name, *profile.postal_address.splitlines(), profile.email, requester.name, "Answer to your request"]
    expected = [bare(line) for line in strings(blocks(reviewed)) + head]
    assert [line for line in expected if line not in said] == []
    known = [bare(reviewed.reference), bare(date_format(timezone.localdate(), "DATE_FORMAT"))]
    for line in sorted({*expected, *known} - {""}, key=len, reverse=True):
        said = said.replace(line, "|")
    assert set(said) <= set("|0123456789./•")  # Numbers of pages and sections, bullets.


def test_what_people_wrote_is_never_read_as_markup(reviewed: RightsRequest, staff: User) -> None:
    hostile = '#panic("x") *bold* _it_ $ x^2 $ `code` <label> @ref // gone? \\ #sys.inputs.data https://a.example/'
    kept = Photo.objects.get(path="ada-2.jpg").pk
    Requester.objects.filter(request=reviewed).update(name="#set page(width: 1pt)", postal_address="= 1 Street\n[x]")
    Photo.objects.filter(path="ada-1.jpg").update(source_url='https://example.org/#let x = "]"')
    settle(reviewed, staff, "access", "partial", ground="rights-of-others", reasons=hostile, withheld=[kept])
    settle(reviewed, staff, "erasure", "granted")
    said = text_of(letter(request=RightsRequest.objects.get(pk=reviewed.pk)))
    for written in (hostile, "#set page(width: 1pt)", "= 1 Street", "[x]", 'https://example.org/#let x = "]"'):
        # Typst writes straight quotes as the language does.
        assert bare(written).replace('"', "") in said.replace("“", "").replace("”", "").replace('"', "")


def test_each_picture_says_where_it_comes_from_and_what_the_erasure_does_to_it(
    reviewed: RightsRequest, staff: User
) -> None:
    kept = Photo.objects.get(path="ada-2.jpg").pk
    settle(reviewed, staff, "access", "granted")
    settle(reviewed, staff, "erasure", "partial", ground="legal-claims", reasons="A trial is pending.", withheld=[kept])
    table = next(block for block in blocks(reviewed) if block["kind"] == "table")
    fates = {photo.path: row[-1] for photo, row in zip(photos_of(reviewed), table["rows"], strict=True)}
    assert fates == {"ada-1.jpg": "deleted", "ada-2.jpg": "kept", "group.jpg": "you are obscured"}
    assert all("holdings" in row[2] for row in table["rows"])


def test_the_fate_in_the_letter_is_what_the_erasure_then_does(
    reviewed: RightsRequest, staff: User, run_jobs: Run
) -> None:
    settle(reviewed, staff, "access", "granted")
    settle(reviewed, staff, "erasure", "granted")
    table = next(block for block in blocks(reviewed) if block["kind"] == "table")
    told = sorted(row[-1] for row in table["rows"])
    run_jobs()
    flow.waive_copy(request_id=reviewed.pk)
    run_jobs()
    words = {"delete": "deleted", "redact": "you are obscured"}
    done = Erasure.objects.filter(subject=reviewed.pk).order_by("pk").values_list("action", flat=True)
    assert sorted(words[action] for action in done) == told


def test_without_an_erasure_nothing_is_said_about_one(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = ask(rights=("access",))
    flow.confirm(request_id=request.pk)
    run_jobs()
    judge(request, staff, other_staff)
    decide(request, staff)
    table = next(block for block in blocks(request) if block["kind"] == "table")
    assert table["header"][-1] == "Other faces"


@pytest.mark.parametrize("language", ["en", "fr", "de"])
@pytest.mark.parametrize("outcome", ["granted", "partial", "refused"])
def test_remedies_and_contacts_stand_in_every_letter_whatever_was_decided(
    reviewed: RightsRequest, staff: User, outcome: str, language: str
) -> None:
    RightsRequest.objects.filter(pk=reviewed.pk).update(language=language)
    how: dict[str, object] = {}
    if outcome != "granted":
        how = {"ground": "legal-claims", "reasons": "The reasons are these."}
    if outcome == "partial":
        how["withheld"] = [Photo.objects.get(path="ada-1.jpg").pk]
    settle(reviewed, staff, "erasure", outcome, **how)
    settle(reviewed, staff, "access", "granted")
    said = text_of(letter(request=RightsRequest.objects.get(pk=reviewed.pk)))
    profile, text = ControllerProfile.load(), ControllerText.objects.get(language=language)
    for element in (profile.authority_name, profile.authority_url, text.court, profile.email):
        assert bare(element).replace("'", "’") in said.replace("'", "’")
    assert (bare("The reasons are these.") in said) is (outcome != "granted")


def test_a_refused_access_tells_the_reasons_and_no_picture(reviewed: RightsRequest, staff: User) -> None:
    settle(reviewed, staff, "access", "refused", ground="not-identifiable", reasons="Nobody could say who asks.")
    assert list(photos_of(reviewed)) == []
    said = text_of(letter(request=reviewed))
    assert bare("Nobody could say who asks.") in said
    assert bare(ControllerProfile.load().authority_name).replace("'", "’") in said.replace("'", "’")
    for disclosing in ("holdings", "We found you", "we hold no picture", "ada-1"):
        assert bare(disclosing) not in said


@pytest.mark.parametrize("outcome", ["pending", "refused", "nothing_held"])
def test_no_face_is_given_out_before_or_against_a_decision(reviewed: RightsRequest, outcome: str) -> None:
    assert not granted_faces(reviewed, "access").exists()
    Claim.objects.filter(request=reviewed, right="access").update(outcome=outcome)
    assert not granted_faces(reviewed, "access").exists()
    Claim.objects.filter(request=reviewed, right="access").update(outcome="granted")
    assert granted_faces(reviewed, "access").count() == 3


def test_who_wrote_for_somebody_else_is_told_whom_the_letter_is_about(reviewed: RightsRequest, staff: User) -> None:
    assert "on behalf" not in str(blocks(reviewed))
    Requester.objects.filter(request=reviewed).update(on_behalf=True, person_name="Ada Example", relation="mother")
    assert "You wrote on behalf of Ada Example." in str(blocks(RightsRequest.objects.get(pk=reviewed.pk)))


def test_nothing_held_is_said_with_the_certificate_that_shows_it(
    painted: Source, ask: Ask, run_jobs: Run, staff: User
) -> None:
    request = ask(name="flo", email="flo@example.org")
    flow.confirm(request_id=request.pk)
    run_jobs()
    decide(request, staff, "nothing_held")
    said = text_of(letter(request=request))
    for expected in ("we hold no picture of you", "holdings (6)", "The search was complete", "disclosed to nobody"):
        assert bare(expected) in said
