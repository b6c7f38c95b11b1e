"""What a person does with a request they have opened: a better photograph, the answer, the erasure, the end."""

import logging
from collections.abc import Iterator, Mapping
from itertools import chain
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import attempts, flow, retention, vault
from portal.answers import archive
from portal.attempts import Attempt
from portal.citizens import passes, status_page
from portal.citizens.forms import ConsentForm, PhotoForm, ReplyForm
from portal.citizens.guard import opened
from portal.citizens.message_form import MessageForm
from portal.identity import email_code, networks
from portal.models import Answer
from portal.wording import refusal
from rights import journal, queries
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest

logger = logging.getLogger(__name__)

READ_OR_WRITE = ("GET", "POST")


@require_GET
@opened
def status(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """The state of a request, and what can be done next."""
    return show_status(request, case, PhotoForm())


def show_status(
    request: HttpRequest,
    case: RightsRequest,
    photo_form: PhotoForm,
    replies: Mapping[int, ReplyForm] | None = None,
    consent_form: ConsentForm | None = None,
    message_form: MessageForm | None = None,
) -> HttpResponse:
    """The status page.

    Args:
        photo_form, replies, consent_form, message_form: forms with a mistake in them; replies by the id of their
            question.
    """
    page = status_page.build(case, session=request.session)
    given = replies or {}
    questions = [
        (question, given.get(question.pk) or ReplyForm(auto_id=f"id_%s_{question.pk}")) for question in page.questions
    ]
    mistaken = next((form for form in given.values() if form.errors), consent_form or message_form)
    context = {
        "page": page,
        "form": mistaken or photo_form,
        "photo_form": photo_form,
        "consent_form": consent_form or (ConsentForm(until=page.keeping.until) if page.keeping else None),
        "questions": questions,
        "message_form": message_form or MessageForm(),
    }
    return render(request, "citizens/status.html", context)


@require_http_methods(READ_OR_WRITE)
@opened
def reply(request: HttpRequest, case: RightsRequest, question_id: int) -> HttpResponse:
    """Answer a question of ours; the clock goes on."""
    if request.method != "POST":
        return redirect("citizens:status", request_id=case.pk)
    question = queries.open_questions(case).filter(pk=question_id).first()
    if question is None:
        messages.info(request, gettext("This question is answered already."))
        return redirect("citizens:status", request_id=case.pk)
    form = ReplyForm(request.POST, auto_id=f"id_%s_{question.pk}")
    if not form.is_valid():
        return show_status(request, case, PhotoForm(), {question.pk: form})
    try:
        flow.answer(
            request_id=case.pk, question_id=question.pk, words=form.cleaned_data["words"], actor=journal.CITIZEN
        )
    except TransitionRefused as refused:
        messages.info(request, refusal(refused))
    else:
        messages.success(request, gettext("Thank you. We have your answer and go on."))
    return redirect("citizens:status", request_id=case.pk)


@require_http_methods(READ_OR_WRITE)
@opened
def photo(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Take a better photograph."""
    if request.method != "POST":  # Where the language was switched on the page with a mistake.
        return redirect("citizens:status", request_id=case.pk)
    oversize = int(request.META.get("CONTENT_LENGTH") or 0) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    form = PhotoForm(request.POST, request.FILES, oversize=oversize)
    if not form.is_valid():
        return show_status(request, case, form)
    try:
        flow.replace_probe(request_id=case.pk, probe=form.cleaned_data["photo"])
    except (TransitionRefused, vault.Destroyed):
        messages.info(request, gettext("No other photograph is needed: the search was made already, or has ended."))
    else:
        messages.success(request, gettext("Thank you. We have your photograph."))
    return redirect("citizens:status", request_id=case.pk)


@require_http_methods(READ_OR_WRITE)
@opened
def withdraw(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Take the request back, after one question."""
    if not status_page.can_withdraw(case):
        messages.info(request, gettext("This request can no longer be withdrawn: it was decided, or has ended."))
        return redirect("citizens:status", request_id=case.pk)
    if request.method != "POST":
        return render(request, "citizens/withdraw.html", {"case": case})
    try:
        flow.withdraw(request_id=case.pk)
    except TransitionRefused:
        messages.info(request, gettext("This request can no longer be withdrawn: it was decided, or has ended."))
    else:
        messages.success(request, gettext("Your request is withdrawn. You can make a new one at any time."))
    return redirect("citizens:status", request_id=case.pk)


@require_http_methods(READ_OR_WRITE)
@opened
def consent(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Consent to a template being kept after the erasure."""
    keeping = status_page.keeping(case)
    if request.method != "POST" or keeping is None or not keeping.offered:
        return redirect("citizens:status", request_id=case.pk)
    form = ConsentForm(request.POST, until=keeping.until)
    if not form.is_valid():
        return show_status(request, case, PhotoForm(), consent_form=form)
    try:
        flow.consent(request_id=case.pk, text=form.cleaned_data["text"], language=get_language() or case.language)
    except TransitionRefused as refused:
        messages.info(request, refusal(refused))
    else:
        messages.success(request, gettext("Thank you. We have your consent; you can withdraw it here at any time."))
    return redirect("citizens:status", request_id=case.pk)


@require_http_methods(READ_OR_WRITE)
@opened
def withdraw_consent(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Withdraw that consent: as easy as giving it, so there is no further question."""
    if request.method == "POST" and flow.withdraw_consent(request_id=case.pk):
        messages.success(request, gettext("Your consent is withdrawn. The template of your face is destroyed."))
    return redirect("citizens:status", request_id=case.pk)


@require_http_methods(READ_OR_WRITE)
@opened
def erase_now(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Let the erasure begin before the copy was fetched, after one question."""
    if not status_page.waits_for_copy(case):
        return redirect("citizens:status", request_id=case.pk)
    if request.method != "POST":
        return render(request, "citizens/erase_now.html", {"case": case, "answer": case.answer})
    flow.waive_copy(request_id=case.pk)
    messages.success(request, gettext("The erasure begins now. We write to you when it is done and proven."))
    return redirect("citizens:status", request_id=case.pk)


@require_POST
@opened
def renew(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Offer the answer for another period, as often as the person likes."""
    if Answer.objects.filter(request=case, offered_at__isnull=False).exists():
        flow.renew_answer(request_id=case.pk)
        messages.success(request, gettext("Your answer can be downloaded again."))
    return redirect("citizens:download", request_id=case.pk)


@require_http_methods(READ_OR_WRITE)
@opened
def download(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """The answer on offer: a fresh code first, then the file."""
    answer = Answer.objects.filter(request=case, offered_at__isnull=False).first()
    if answer is None:
        messages.info(request, gettext("There is no answer to download at the moment."))
        return redirect("citizens:status", request_id=case.pk)
    if request.method == "POST":
        email_code.issue_if_due(request=case, network=networks.asking(request))
        passes.ask(request.session, case.pk, passes.Purpose.DOWNLOAD)
        return redirect("citizens:code", request_id=case.pk)
    return render(request, "citizens/download.html", _download_context(request, case, answer))


def _download_context(request: HttpRequest, case: RightsRequest, answer: Answer) -> dict[str, object]:
    return {
        "case": case,
        "answer": answer,
        "expired": _is_expired(answer),
        "until": passes.download_until(request.session, case.pk),
        "days": retention.length("answer").days,
    }


def _is_expired(answer: Answer) -> bool:
    return answer.expires_at is None or answer.expires_at <= timezone.now()


@require_GET
@opened
def download_file(request: HttpRequest, case: RightsRequest) -> HttpResponseBase:
    """The archive itself, to a session that typed a code within the last quarter of an hour."""
    answer = Answer.objects.filter(request=case, offered_at__isnull=False).first()
    if answer is None or _is_expired(answer) or not passes.download_until(request.session, case.pk):
        attempts.refused(Attempt.DOWNLOAD, case.pk)
        return redirect("citizens:download", request_id=case.pk)
    chunks = archive.stream(answer)
    try:
        first = next(chunks, b"")
    except (vault.VaultError, FileNotFoundError) as problem:
        logger.error("The answer to request %s cannot be opened: %s.", case.pk, type(problem).__name__)
        messages.error(request, gettext("The answer cannot be opened at the moment. Please try later, or write to us."))
        return redirect("citizens:download", request_id=case.pk)
    response = StreamingHttpResponse(_to_the_last_byte(chain([first], chunks), case.pk), content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{case.reference}.zip"'
    response.headers["Content-Length"] = str(answer.size)
    response.headers["Accept-Ranges"] = "none"
    return response


def _to_the_last_byte(chunks: Iterator[bytes], request_id: UUID) -> Iterator[bytes]:
    """The chunks; once the server has asked for more than the last one, the answer counts as delivered."""
    yield from chunks
    flow.delivered(request_id=request_id)
