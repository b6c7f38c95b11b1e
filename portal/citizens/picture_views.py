"""The pictures of one's own answer, as the sealed copy has them; and "this is not me"."""

import json
import logging
import zipfile
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from portal import attempts, flow, vault
from portal.answers import archive
from portal.answers.facts import photos_of
from portal.attempts import Attempt
from portal.citizens import passes
from portal.citizens.guard import opened
from portal.citizens.message_form import MissedForm
from portal.models import Answer, NotMe
from portal.wording import refusal
from rights import journal
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest

logger = logging.getLogger(__name__)

ON_A_PAGE = 12
LONG = 10
"""Digits of a number that is no picture's."""


@dataclass(frozen=True)
class Shown:
    """One picture of the answer.

    Attributes:
        number: from 1, as in the names of the files; those that are withheld are counted too.
        file: its name in the archive. photo_key: None once it is held no more.
        said: what was said of it, and what staff found. chosen: the person wants it erased.
    """

    number: int
    file: str
    collection: str
    source_url: str
    photo_key: int | None
    said: NotMe | None
    chosen: bool


@require_safe
@opened
def pictures(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """The pictures, some on each page; like the file itself after a fresh code."""
    return show_pictures(request, case)


def show_pictures(request: HttpRequest, case: RightsRequest, missed: MissedForm | None = None) -> HttpResponse:
    """The page of the pictures. `missed`: the form for a picture that we missed, with a mistake in it."""
    answer = answer_for(request, case)
    if answer is None:
        return redirect("citizens:download", request_id=case.pk)
    if answer.size > archive.LARGEST_TO_LOOK_INTO:
        messages.info(request, gettext("Your answer is too large to be shown here. Please download it."))
        return redirect("citizens:download", request_id=case.pk)
    try:
        with archive.to_look_into(answer) as held:
            shown = _shown(case, held)
    except (vault.VaultError, FileNotFoundError) as problem:
        logger.error("The answer to request %s cannot be opened: %s.", case.pk, type(problem).__name__)
        messages.error(request, gettext("The answer cannot be opened at the moment. Please try later, or write to us."))
        return redirect("citizens:download", request_id=case.pk)
    paged = Paginator(shown, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"case": case, "paged": paged, "erased_by": flow.erased_by(case), "missed_form": missed or MissedForm()}
    return render(request, "citizens/pictures.html", context)


@require_safe
@opened
def picture(request: HttpRequest, case: RightsRequest, number: int) -> HttpResponse:
    """One picture, other people obscured. That it was shown is journalled."""
    answer = answer_for(request, case)
    if answer is None or answer.size > archive.LARGEST_TO_LOOK_INTO:
        raise Http404
    try:
        with archive.to_look_into(answer) as held:
            data = held.read(_one(_shown(case, held), number).file)
    except (vault.VaultError, FileNotFoundError) as error:
        raise Http404 from error
    journal.record(request=case, actor=journal.CITIZEN, event="answer_picture_shown", detail={"picture": number})
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@require_POST
@opened
def erase(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Take the choice of what is erased: everything, or what is ticked on this page and was chosen on others."""
    answer = answer_for(request, case)
    if answer is None or answer.size > archive.LARGEST_TO_LOOK_INTO:
        return redirect("citizens:download", request_id=case.pk)
    try:
        keys = None if "all" in request.POST else _chosen_keys(request, case, answer)
        target = flow.choose_erasure(request_id=case.pk, photo_keys=keys)
    except vault.VaultError as error:
        raise Http404 from error
    except TransitionRefused as refused:
        messages.info(request, refusal(refused))
        return redirect("citizens:pictures", request_id=case.pk)
    if target == case:
        messages.success(request, gettext("Your choice is noted. Only the pictures that you chose are erased."))
        return redirect("citizens:pictures", request_id=case.pk)
    passes.let_in(request.session, target.pk)
    text = gettext("We have your request for erasure, %(reference)s. It needs no further code.")
    messages.success(request, text % {"reference": target.reference})
    return redirect("citizens:status", request_id=target.pk)


def _chosen_keys(request: HttpRequest, case: RightsRequest, answer: Answer) -> set[int]:
    """Keys of the pictures ticked on this page, and of those chosen on others before."""
    with archive.to_look_into(answer) as held:
        shown = {item.number: item for item in _shown(case, held) if item.photo_key}
    seen, ticked = (_numbers(request.POST.getlist(name)) for name in ("shown", "picture"))
    kept = {number for number, item in shown.items() if item.chosen and number not in seen}
    return {shown[number].photo_key or 0 for number in (kept | (ticked & seen)) & set(shown)}


def _numbers(texts: list[str]) -> set[int]:
    return {int(text) for text in texts if text.isdecimal() and len(text) < LONG}


@require_POST
@opened
def not_me(request: HttpRequest, case: RightsRequest, number: int) -> HttpResponse:
    """Take "this is not me" for one picture."""
    answer = answer_for(request, case)
    if answer is None or answer.size > archive.LARGEST_TO_LOOK_INTO:
        return redirect("citizens:download", request_id=case.pk)
    try:
        with archive.to_look_into(answer) as held:
            found = _one(_shown(case, held), number)
        flow.not_me(request_id=case.pk, photo_key=found.photo_key or 0, number=number)
    except (vault.VaultError, FileNotFoundError) as error:
        raise Http404 from error
    except TransitionRefused as refused:
        messages.info(request, refusal(refused))
    else:
        messages.success(
            request, gettext("Thank you. Somebody will look at this picture again; it is not erased until then.")
        )
    return redirect("citizens:pictures", request_id=case.pk)


def answer_for(request: HttpRequest, case: RightsRequest) -> Answer | None:
    """The answer on offer, for a session that typed a code within the last quarter of an hour."""
    answer = Answer.objects.filter(request=case, offered_at__isnull=False, expires_at__gt=timezone.now()).first()
    if answer is None or not passes.download_until(request.session, case.pk):
        attempts.refused(Attempt.DOWNLOAD, case.pk)
        return None
    return answer


def _shown(case: RightsRequest, held: zipfile.ZipFile) -> list[Shown]:
    told: list[dict[str, Any]] = json.loads(held.read("data.json"))["pictures"]
    photos = list(photos_of(case))
    keys = {(photo.source.name, photo.path): photo.pk for photo in photos}
    chosen = flow.chosen_photos(case, photos)
    said = {item.photo_key: item for item in NotMe.objects.filter(request=case)}
    result: list[Shown] = []
    for number, entry in enumerate(told, start=1):
        if entry["file"] is None:
            continue
        key = keys.get((entry["collection"], entry["stored_as"]))
        shown = Shown(
            number=number,
            file=entry["file"],
            collection=entry["collection"],
            source_url=entry["source_url"] or "",
            photo_key=key,
            said=said.get(key) if key else None,
            chosen=key in chosen,
        )
        result.append(shown)
    return result


def _one(shown: list[Shown], number: int) -> Shown:
    for item in shown:
        if item.number == number:
            return item
    raise Http404
