"""Mails say what is true of this request, and nothing where nothing is to be said."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from matching.models import Photo, Source
from portal import flow
from portal.models import (
    Answer,
    ControllerProfile,
    ControllerText,
    Event,
    Evidence,
    LocalMail,
    Notice,
    NoticeState,
    Recipient,
)
from portal.notices import outbox
from portal.notices.compose import Incomplete, compose
from rights.models import Claim, RightsRequest
from tests.portal.deeds import Ask, Run, answered, decide, reviewed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

PROOF: dict[str, Any] = {
    "deleted": 2, "redacted": 1, "swept_at": "2026-11-23T10:11:12+00:00", "faces_scanned": 9, "photos_held": 7,
    "found": 0, "recipients": [],
}  # fmt: skip


def erased(request: RightsRequest, **changed: object) -> str:
    return str(compose(outbox.post(request=request, event=Event.ERASED, context=PROOF | changed)).body)


def html_of(notice: Notice) -> str:
    return str(compose(notice).alternatives[0][0])


def test_the_proof_tells_how_many_pictures_which_way_and_when_it_was_looked(ask: Ask) -> None:
    body = erased(ask())
    assert "- 2 pictures deleted\n- 1 picture that shows others too" in body
    assert "on 23 November 2026, 11:11 we searched all 9 faces in the 7 pictures we still hold" in body
    assert "found you in none of them" in body


def test_what_was_not_done_is_not_listed(ask: Ask) -> None:
    body = erased(ask(), deleted=0)
    assert "0 picture" not in body
    assert "deleted" not in body


def test_without_a_photograph_no_search_is_claimed(ask: Ask) -> None:
    body = erased(ask(), faces_scanned=None, photos_held=None)
    assert "None" not in body
    assert "could not search by face again" in body


def test_a_partial_erasure_does_not_claim_that_the_person_is_in_no_picture(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    kept = Photo.objects.get(path="ada-1.jpg").pk
    decide(request, staff, "partial", ground="legal-claims", reasons="A trial is pending.", withheld=[kept])
    run_jobs()
    body = str(compose(Notice.objects.get(request=request, event=Event.ERASED)).body)
    assert "- 1 picture kept, as our decision says" in body
    assert "found you in none but those that are kept" in body
    assert "found you in none of them" not in body


@pytest.mark.parametrize("outcome", ["refused", "partial"])
def test_every_refusal_names_its_ground_reasons_authority_and_court(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, outcome: str
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    how: dict[str, object] = {"withheld": [Photo.objects.get(path="ada-1.jpg").pk]} if outcome == "partial" else {}
    decide(request, staff, outcome, ground="legal-claims", reasons="A trial is pending.", **how)
    notice = Notice.objects.get(request=request, event=Event.REFUSED)
    body = str(compose(notice).body)
    profile, text = ControllerProfile.load(), ControllerText.objects.get(language="en")
    for part in (
        "establish, exercise or defend legal claims", "GDPR 17(3)(e)", "A trial is pending.", profile.authority_name,
        *profile.authority_address.splitlines(), profile.authority_url, text.court,
    ):  # fmt: skip
        assert part in body
    assert f'href="{profile.authority_url}"' in html_of(notice)


@pytest.mark.parametrize("lacking", ["authority_name", "authority_address", "authority_url", "court"])
def test_nothing_can_be_refused_without_telling_the_remedies(ask: Ask, staff: User, lacking: str) -> None:
    request = ask(rights=("access",))
    if lacking == "court":
        ControllerText.objects.filter(language="en").update(court="")
    else:
        ControllerProfile.objects.update(**{lacking: ""})
    with pytest.raises(flow.AnswerIncomplete):
        decide(request, staff, "refused", ground="not-identifiable", reasons="Nobody could say.")
    assert Claim.objects.get(request=request).outcome == "pending"


def test_a_refusal_whose_remedies_were_blanked_since_waits_for_them(ask: Ask, staff: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "portal.mailbox.LocalMailboxBackend"
    request = ask(rights=("access",))
    decide(request, staff, "refused", ground="not-identifiable", reasons="Nobody could say.")
    notice = Notice.objects.get(request=request, event=Event.REFUSED)
    ControllerText.objects.filter(language="en").delete()
    with pytest.raises(Incomplete):
        outbox.deliver(notice_id=notice.pk)
    notice.refresh_from_db()
    assert notice.state == NoticeState.WAITING
    assert not LocalMail.objects.exists()


def test_who_sent_no_photograph_is_asked_for_one(ask: Ask) -> None:
    request = ask()
    notice = Notice.objects.get(request=request, event=Event.ACKNOWLEDGED)
    assert "we also need a photograph" not in compose(notice).body
    Evidence.objects.all().delete()
    assert "we also need a photograph" in compose(notice).body


def test_an_answer_without_pictures_promises_none(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = ask(name="flo", email="flo@example.org", rights=("access",))
    flow.confirm(request_id=request.pk)
    run_jobs()
    decide(request, staff, "nothing_held")
    run_jobs()
    assert "it holds no pictures" in compose(Notice.objects.get(request=request, event=Event.ANSWER_READY)).body
    with_pictures = answered(ask, run_jobs, staff, other_staff)
    body = compose(Notice.objects.get(request=with_pictures, event=Event.ANSWER_READY)).body
    assert "and the pictures" in body
    assert "You also asked for erasure" in body


def test_an_answer_that_is_gone_is_not_announced_any_more(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = answered(ask, run_jobs, staff, other_staff)
    notice = Notice.objects.get(request=request, event=Event.ANSWER_READY)
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.WAITING)
    Answer.objects.all().delete()
    assert not outbox.deliver(notice_id=notice.pk)
    notice.refresh_from_db()
    assert notice.state == NoticeState.FAILED


def test_a_recipient_learns_which_pictures_show_others_too(ask: Ask) -> None:
    recipient = Recipient.objects.create(name="Agency", email="agency@example.org", country="BE")
    pictures = [
        {"sha256": "ab" * 32, "url": "", "action": "delete"},
        {"sha256": "cd" * 32, "url": "", "action": "redact"},
    ]
    notice = outbox.post(
        request=ask(), event=Event.RECIPIENT_TOLD, key="k", recipient=recipient, context={"pictures": pictures}
    )
    alone, shared = [line for line in compose(notice).body.splitlines() if line.startswith("- ")]
    assert alone == "- " + "ab" * 32
    assert shared.startswith("- " + "cd" * 32 + " (")


@pytest.mark.parametrize("event", [Event.ACKNOWLEDGED, Event.CODE])
def test_each_mail_is_signed_once_apart_from_its_last_paragraph(ask: Ask, event: Event) -> None:
    notice = Notice.objects.get(request=ask(), event=event)
    name = ControllerProfile.load().name
    assert compose(notice).body.endswith(f"\n\n{name}\n")
    assert compose(notice).body.count(name) == 1
    assert html_of(notice).count(name) == 1


def test_the_html_loads_nothing_and_runs_nothing(ask: Ask) -> None:
    html = html_of(Notice.objects.get(request=ask(), event=Event.ACKNOWLEDGED))
    for forbidden in ("<img", "<script", "url(", "@import", "<link", "background=", "onload"):
        assert forbidden not in html


def test_a_link_in_the_mailbox_leaves_the_frame(ask: Ask, client: Any, settings: Settings, run_jobs: Run) -> None:
    settings.EMAIL_BACKEND = "portal.mailbox.LocalMailboxBackend"
    ask()
    run_jobs()
    mail = LocalMail.objects.filter(subject__contains="received").get()
    page = client.get(f"/mailbox/{mail.pk}/").content.decode()
    frame = page[page.index("<iframe") : page.index("</iframe>")]
    assert "allow-scripts" not in frame
    assert "allow-same-origin" not in frame
    assert f'src="/mailbox/{mail.pk}/html/"' in frame
    framed = client.get(f"/mailbox/{mail.pk}/html/")
    assert '<base target="_top">' in framed.content.decode()
    assert "default-src 'none'" in framed["Content-Security-Policy"]
    assert "sandbox allow-top-navigation-by-user-activation allow-popups" in framed["Content-Security-Policy"]
