"""The review: verdicts by script and by form, undo, who may know what others said, and pictures aligned at the eyes."""

import io
import re
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from PIL import Image

from matching import aligned, reviews
from matching.models import Hit, Review, Source
from portal import flow, vault
from portal.staff.roles import Role
from rights import journal
from rights.law.lifecycle import TransitionRefused
from rights.models import JournalEntry, RightsRequest
from tests.portal.deeds import Ask, Run, decide, judge
from tests.staffing import member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

PART = {"HTTP_X_REQUESTED_WITH": "fetch"}


@pytest.fixture
def case(painted: Source, ask: Ask, run_jobs: Run) -> RightsRequest:
    request = ask(rights=("access",))
    flow.confirm(request_id=request.pk)
    run_jobs()
    request.refresh_from_db()
    return request


@pytest.fixture
def desk(staff: User) -> Client:
    return sign_in(Client(), staff)


@pytest.fixture
def second(other_staff: User) -> Client:
    return sign_in(Client(), other_staff)


def url(name: str, request: RightsRequest, *args: object) -> str:
    return reverse(f"admin:rights_request_{name}", args=[request.pk, *args])


def hits(request: RightsRequest) -> list[Hit]:
    return list(reviews.latest_search(request.pk).hits.order_by("distance", "pk").select_related("photo"))


def hit_of(request: RightsRequest, path: str) -> Hit:
    return next(hit for hit in hits(request) if hit.photo.path == path)


def say(client: Client, request: RightsRequest, hit: object, verdict: str, **how: str) -> Any:
    return client.post(url("review", request), {"hit": getattr(hit, "pk", hit), "verdict": verdict}, **how)


def undo(client: Client, request: RightsRequest, hit: object, **how: str) -> Any:
    return client.post(url("withdraw_verdict", request), {"hit": getattr(hit, "pk", hit)}, **how)


def look(client: Client, request: RightsRequest, hit: Hit) -> str:
    return client.get(url("review", request), {"hit": hit.pk}).content.decode()


def events(request: RightsRequest, name: str) -> list[tuple[str, dict[str, object]]]:
    entries = JournalEntry.objects.filter(request=request, event=name).order_by("position")
    return [(entry.actor, entry.detail) for entry in entries]


# --- one verdict after another, without a page ------------------------------------------------------------------------


def test_a_script_is_given_the_part_with_the_next_hit(case: RightsRequest, desk: Client) -> None:
    order = hits(case)
    for number, hit in enumerate(order):
        part = say(desk, case, hit, "same", **PART)
        assert part.status_code == 200
        assert part.content.lstrip().startswith(b'<div id="review"')
        following = order[number + 1] if number + 1 < len(order) else None
        assert part.context["hit"] == following
        assert part.context["messages"] is not None
        assert not list(part.context["messages"]), "Nothing waits for the next page."
    assert "You have judged every hit" in part.content.decode()
    assert Review.objects.count() == len(order)


def test_without_scripts_the_same_forms_lead_to_pages(case: RightsRequest, desk: Client) -> None:
    first, following = hits(case)[:2]
    answer = say(desk, case, first, "same")
    assert (answer.status_code, answer["Location"]) == (302, f"{url('review', case)}?hit={following.pk}")
    back = undo(desk, case, first)
    assert (back.status_code, back["Location"]) == (302, f"{url('review', case)}?hit={first.pk}")
    page = desk.get(back["Location"])
    assert page.context["hit"] == first
    assert "Taken back." in page.content.decode()
    assert "<html" in page.content.decode()


def test_what_was_skipped_comes_again_at_the_end(case: RightsRequest, desk: Client) -> None:
    order = hits(case)
    assert say(desk, case, order[-1], "same", **PART).context["hit"] == order[0]
    assert say(desk, case, order[1], "same", **PART).context["hit"] == order[2]


def test_a_script_is_told_why_nothing_was_done(case: RightsRequest, desk: Client, staff: User) -> None:
    first = hits(case)[0]
    for answer, status in (
        (say(desk, case, 999999, "same", **PART), 404),
        (say(desk, case, "x", "same", **PART), 404),
        (undo(desk, case, 999999, **PART), 404),
        (say(desk, case, first, "maybe", **PART), 400),
    ):
        assert answer.status_code == status
        assert answer.json()["problem"].endswith(".")
    assert not events(case, "reviewed_hit")
    flow.withdraw(request_id=case.pk)
    for answer in (say(desk, case, first, "same", **PART), undo(desk, case, first, **PART)):
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/json"), "Its hits are forgotten."


def test_a_closed_review_takes_nothing_and_says_so(
    case: RightsRequest, desk: Client, staff: User, other_staff: User
) -> None:
    first = hits(case)[0]
    judge(case, staff, other_staff)
    decide(case, staff)
    for answer in (say(desk, case, first, "not", **PART), undo(desk, case, first, **PART)):
        assert answer.status_code == 409
        assert "before the decision" in answer.json()["problem"]
    assert 'form="undo"' not in look(desk, case, first)


# --- undo -------------------------------------------------------------------------------------------------------------


def test_undo_takes_back_ones_last_verdict_and_then_the_one_before(case: RightsRequest, desk: Client) -> None:
    order = hits(case)
    for hit in order[:2]:
        say(desk, case, hit, "same")
    for last in (order[1], order[0]):
        page = desk.get(url("review", case))
        assert page.context["last"] == last
        assert undo(desk, case, last, **PART).context["hit"] == last
    assert desk.get(url("review", case)).context["last"] is None
    assert not Review.objects.exists()
    assert [detail["verdict"] for _actor, detail in events(case, "verdict_withdrawn")] == ["same", "same"]
    assert list(journal.check()) == []


def test_nobody_takes_back_what_somebody_else_said(
    case: RightsRequest, desk: Client, second: Client, staff: User
) -> None:
    first = hits(case)[0]
    say(desk, case, first, "not")
    assert second.get(url("review", case)).context["last"] is None
    assert undo(second, case, first, **PART).status_code == 200
    assert Review.objects.get().reviewer == f"staff:{staff.pk}"
    assert not events(case, "verdict_withdrawn")


def test_undo_again_changes_nothing_more(case: RightsRequest, desk: Client, staff: User) -> None:
    first, other = hits(case)[:2]
    for hit in (first, other):
        say(desk, case, hit, "same")
    for _each in range(2):
        undo(desk, case, other)
    assert [review.face_key for review in Review.objects.all()] == [first.face_key]
    named = {"face": vault.alias(case, "face", other.face_key), "verdict": "same"}
    assert events(case, "verdict_withdrawn") == [(f"staff:{staff.pk}", named)]


def test_undo_reopens_a_review_that_was_complete(case: RightsRequest, staff: User, other_staff: User) -> None:
    judge(case, staff, other_staff)
    case.refresh_from_db()
    assert case.state == "reviewed"
    key = hit_of(case, "ada-1.jpg").face_key
    assert flow.withdraw_verdict(request_id=case.pk, face_key=key, by=staff)
    case.refresh_from_db()
    assert case.state == "searched"
    assert [hit.face_key for hit in reviews.open_hits(case.pk)] == [key]
    with pytest.raises(TransitionRefused):
        flow.finish_review(request_id=case.pk, by=staff)


def test_who_only_decides_takes_nothing_back(case: RightsRequest, staff: User) -> None:
    first = hits(case)[0]
    flow.review(request_id=case.pk, face_key=first.face_key, verdict="same", by=staff)
    decider = sign_in(Client(), member("decider", Role.DECIDE))
    assert undo(decider, case, first, **PART).status_code == 403
    assert Review.objects.count() == 1


# --- two who look independently ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", ["same", "not", "unsure"])
def test_the_second_sees_nothing_of_the_first_before_speaking(
    case: RightsRequest, desk: Client, second: Client, staff: User, verdict: str
) -> None:
    twin = hit_of(case, "twin.jpg")
    untouched = re.sub(r'value="\w{64}"|nonce="[^"]+"', "", look(second, case, twin))
    say(desk, case, twin, verdict)
    shown = re.sub(r'value="\w{64}"|nonce="[^"]+"', "", look(second, case, twin))
    assert f"staff:{staff.pk}" not in shown
    if verdict != "not":  # That settles it, and what is settled waits for nobody.
        assert shown == untouched
    else:
        assert "desk-settled" in shown
        assert "✗" not in shown
    say(second, case, twin, "same")
    shown = look(second, case, twin)
    label = {"same": "same person", "not": "not this person", "unsure": "unsure"}[verdict]
    assert re.search(rf"staff:{staff.pk}: <strong>{label}</strong>", shown)


def test_a_disagreement_is_shown_to_both_and_to_no_third(case: RightsRequest, desk: Client, second: Client) -> None:
    twin = hit_of(case, "twin.jpg")
    say(desk, case, twin, "same")
    say(second, case, twin, "not")
    third = sign_in(Client(), member("third", Role.REVIEW))
    for client, knows in ((desk, True), (second, True), (third, False)):
        shown = look(client, case, twin)
        assert ("Two of you disagree" in shown) == knows
        assert ("desk-disputed" in shown) == knows


def test_who_does_not_judge_sees_what_was_said(case: RightsRequest, desk: Client, staff: User) -> None:
    first = hits(case)[0]
    say(desk, case, first, "not")
    shown = look(sign_in(Client(), member("decider", Role.DECIDE)), case, first)
    assert f"staff:{staff.pk}: <strong>not this person</strong>" in shown
    assert 'id="verdict"' not in shown


def test_what_was_said_for_another_request_is_shown_after_the_own_verdict(
    case: RightsRequest, ask: Ask, run_jobs: Run, desk: Client, staff: User, other_staff: User
) -> None:
    bo = ask(name="bo", email="bo@example.org")
    flow.confirm(request_id=bo.pk)
    run_jobs()
    judge(bo, staff, other_staff, mine={"bo-1.jpg", "group.jpg"})
    group = hit_of(case, "group.jpg")
    assert bo.reference not in look(desk, case, group)
    say(desk, case, group, "same")
    shown = look(desk, case, group)
    assert "Another face in this picture, for another request" in shown
    assert bo.reference in shown
    assert "bo@example.org" not in shown
    again = ask(email="again@example.org")
    flow.confirm(request_id=again.pk)
    run_jobs()
    say(desk, again, hit_of(again, "group.jpg"), "same")
    assert "This face, for another request" in look(desk, again, hit_of(again, "group.jpg"))


def test_what_is_stored_with_the_picture_is_told(case: RightsRequest, desk: Client) -> None:
    group = hit_of(case, "group.jpg")
    shown = look(desk, case, group)
    for part in (group.photo.source.name, "group.jpg", f"{group.photo.width} × {group.photo.height} pixels"):
        assert part in shown
    assert re.search(rf"faces in it</dt><dd>{group.photo.face_count}</dd>", shown)


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_probe_and_hit_are_cut_out_with_the_eyes_on_the_same_points(case: RightsRequest, desk: Client) -> None:
    probe = case.evidence.get()
    for address in (url("probe_aligned", case, probe.pk), url("face_aligned", case, hit_of(case, "group.jpg").pk)):
        image = Image.open(io.BytesIO(desk.get(address).content))
        assert image.size == (aligned.SIDE, aligned.SIDE)
        # Painted people have eyes at 0.3 and 0.7 of their square, 0.35 down: it begins at 0.15 and 0.175 of the cut.
        coloured = np.ptp(np.asarray(image).astype(int), axis=2) > 60
        left, top = (np.argwhere(coloured.any(axis=axis)).min() / aligned.SIDE for axis in (0, 1))
        assert left == pytest.approx(0.36 - 0.3 * 0.28 / 0.4, abs=0.02)
        assert top == pytest.approx(0.42 - 0.35 * 0.28 / 0.4, abs=0.02)


def test_where_no_eyes_are_found_the_plain_cut_says_so(
    case: RightsRequest, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_any: object) -> None:
        raise aligned.NoEyes

    hit = hits(case)[0]
    plain = Image.open(io.BytesIO(desk.get(url("face", case, hit.pk)).content)).size
    for name in ("cut_out", "face_in"):
        monkeypatch.setattr(aligned, name, none)
        for address in (url("face_aligned", case, hit.pk), url("probe_aligned", case, case.evidence.get().pk)):
            image = Image.open(io.BytesIO(desk.get(address).content))
            assert image.height > plain[1], "A line is under it."
            line = np.asarray(image.convert("L"))[-30:]
            assert line.max() > 200
            assert np.median(line) < 80


def test_both_are_shown_whole_when_asked_and_the_next_too(case: RightsRequest, desk: Client) -> None:
    first, following = hits(case)[:2]
    for query, name in (("aligned", "face_aligned"), ("whole", "photo"), ("<script>", "face_aligned")):
        page = desk.get(url("review", case), {"hit": first.pk, "look": query})
        text = page.content.decode()
        assert f'<img src="{url(name, case, first.pk)}"' in text
        assert f'data-ahead="{url(name, case, following.pk)}"' in text
        assert "<script>" not in text.split('id="review"')[1]
    answer = desk.post(url("review", case), {"hit": first.pk, "verdict": "same", "look": "whole"})
    assert answer["Location"].endswith(f"?hit={following.pk}&look=whole")
