"""The whole procedural file of one request, for the authority (GDPR 31): what happened, when, by whom, what proves it.

It holds procedural facts. What is personal (contact data, the letter, what the person wrote) goes in only if that is
asked for and it still exists. Codes and links that open a request never go in.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet
from django.utils import timezone, translation

from matching import reviews
from matching.models import Erasure, Search
from portal import laws, vault
from portal.answers import archive
from portal.models import Answer, ControllerProfile, Event, EvidenceKind, Notice
from portal.notices.compose import Incomplete, compose
from portal.wording import sentence
from rights import journal, queries
from rights.law.grounds import GROUNDS
from rights.models import RightsRequest

HIDDEN = "[personal link]"
LINK = re.compile(re.escape(settings.PUBLIC_URL) + r"/open/\S+")
"""Whatever opens a request. A link is signed with the moment it was made, so no two of them are alike."""


def write(request: RightsRequest, *, with_person: bool) -> bytes:
    """The file as a ZIP archive: JSON for machines, `procedure.md` for people, and a list of checksums.

    Args:
        with_person: also contact data, the letter and what the person wrote, as far as they still exist.
    """
    with translation.override("en"):
        files = {f"{name}.json": _as_json(part) for name, part in _parts(request).items()}
        files["procedure.md"] = _in_words(request).encode()
        if with_person:
            files |= dict(_of_the_person(request))
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    files["SHA256SUMS"] = sums.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted(files.items()):
            packed.writestr(f"{request.reference}/{name}", content)
    return buffer.getvalue()


def _as_json(part: object) -> bytes:
    return json.dumps(part, indent=2, ensure_ascii=False, default=str).encode()


def _parts(request: RightsRequest) -> dict[str, object]:
    return {
        "request": _request(request),
        "decisions": [_decision(claim) for claim in request.claims.order_by("right")],
        "clock": _rows(request.clock_events.order_by("at", "pk"), "kind", "at", "asked_for", "words", "by", "detail"),
        "journal": _journal(request),
        "notices": [_notice(notice) for notice in request.notices.order_by("created_at", "pk")],
        "reminders": _rows(request.reminders.order_by("made_at", "pk"), "about", "days", "made_at"),
        "searches": _rows(Search.objects.filter(subject=request.pk).order_by("pk"), "finished_at", "certificate"),
        "reviews": _reviews(request),
        "erasures": _erasures(request),
        "answer": _rows(
            Answer.objects.filter(request=request).order_by("pk"),
            "sha256", "size", "photos", "tells", "built_at", "offered_at", "expires_at", "delivered_at", "waived_at",
        ),
        "evidence": _rows(
            request.evidence.order_by("created_at", "pk"), "kind", "created_at", "destroy_on", "destroyed_at"
        ),
        "controller": _rows(ControllerProfile.objects.filter(pk=1).order_by("pk"), *_CONTROLLER),
        "staff": _staff(request),
    }  # fmt: skip


_CONTROLLER = ("name", "postal_address", "email", "country", "dpo_contact", "representative_contact", "authority_name",
               "authority_address", "found_unlawful")  # fmt: skip


def _rows(rows: QuerySet[Any], *names: str) -> list[dict[str, object]]:
    return [_row(row, *names) for row in rows]


def _row(row: Model, *names: str) -> dict[str, object]:
    return {name: getattr(row, name) for name in names}


def _request(request: RightsRequest) -> dict[str, object]:
    law, deadline = laws.of_request(request), queries.deadline(request)
    names = ("reference", "regime", "place", "country", "subdivision", "time_zone", "channel", "language",
             "received_at", "recorded_at", "state", "state_since", "ended_at", "nominal_due", "due")  # fmt: skip
    return _row(request, *names) | {
        "law": law.title,
        "why_this_law": law.why,
        "linked_to": request.linked_to.reference if request.linked_to else None,
        "derivation": [sentence(line) for line in deadline.derivation],
        "citation": deadline.citation,
        "extension_limit": deadline.extension_limit,
    }


def _decision(claim: Any) -> dict[str, object]:
    rows = []
    for decision in claim.decisions.order_by("decided_at", "pk"):
        ground = GROUNDS.get(decision.ground)
        row = _row(decision, "outcome", "ground", "reasons", "evidence", "identity_basis", "in_force", "decided_at")
        row["citation"] = ground.citation if ground else ""
        row["withheld"] = len(decision.withheld)
        row["signed_by"] = journal.staff(decision.decided_by_id)
        row["second"] = journal.staff(decision.second_by_id) if decision.second_by_id else None
        row["second_at"] = decision.second_at
        rows.append(row)
    return {"right": claim.right, "outcome": claim.outcome, "carried_out": claim.fulfilled_at, "decisions": rows}


def _journal(request: RightsRequest) -> dict[str, object]:
    """The request's entries with their place in the chain, and whether the whole chain holds."""
    names = ("position", "at", "actor", "event", "detail", "previous", "digest")
    head = journal.head()
    return {
        "entries": _rows(request.journal_entries.order_by("position"), *names),
        "chain": {"flaws": [flaw.what for flaw in journal.check()], "anchor": f"{head.position}:{head.digest}"},
    }


def _notice(notice: Notice) -> dict[str, object]:
    """A notice with its text written again from what is known today; a code's text is left out."""
    row = _row(notice, "event", "audience", "language", "state", "created_at", "sent_at", "attempts")
    if notice.event == Event.CODE:
        return row
    try:
        message = compose(notice)
    except (Incomplete, ObjectDoesNotExist, ValueError, KeyError) as error:  # What it needs was destroyed since.
        return row | {"text": f"cannot be written again ({type(error).__name__})"}
    return row | {"subject": str(message.subject), "text": LINK.sub(HIDDEN, str(message.body)), "written_again": True}


def _reviews(request: RightsRequest) -> dict[str, int]:
    found = list(reviews.outcomes(request.pk).values())
    return {outcome.value: found.count(outcome) for outcome in reviews.Outcome}


def _erasures(request: RightsRequest) -> list[dict[str, object]]:
    names = ("sha256", "source_url", "action", "redacted_sha256", "object_done_at", "rows_done_at", "proven_at")
    erased = Erasure.objects.filter(subject=request.pk).select_related("source").order_by("pk")
    return [_row(item, *names) | {"source": item.source.name} for item in erased]


def _staff(request: RightsRequest) -> dict[str, str]:
    """The members of staff that the journal names by number."""
    actors = set(request.journal_entries.filter(actor__startswith="staff:").values_list("actor", flat=True))
    users = User.objects.filter(pk__in=[actor.removeprefix("staff:") for actor in actors]).order_by("pk")
    return {journal.staff(user.pk): user.get_full_name() or user.get_username() for user in users}


def _of_the_person(request: RightsRequest) -> Iterator[tuple[str, bytes]]:
    requester = getattr(request, "requester", None)
    if requester is not None:
        names = ("name", "email", "postal_address", "on_behalf", "person_name", "relation")
        yield "person.json", _as_json(_row(requester, *names))
    for number, reply in enumerate(request.evidence.filter(kind=EvidenceKind.REPLY, destroyed_at=None), start=1):
        yield f"reply-{number}.txt", vault.unseal(request, bytes(reply.sealed))
    yield from _messages(request)
    answer = Answer.objects.filter(request=request).first()
    if answer is not None and archive.path_of(request).exists():
        with zipfile.ZipFile(io.BytesIO(b"".join(archive.stream(answer)))) as packed:
            yield "letter.pdf", packed.read("letter.pdf")


def _messages(request: RightsRequest) -> Iterator[tuple[str, bytes]]:
    names = ("author", "written_by", "written_at", "by_mail", "left_out", "read_at")
    for number, message in enumerate(request.messages.all(), start=1):
        yield f"message-{number}.json", _as_json(_row(message, *names))
        for place, part in enumerate(message.evidence.filter(destroyed_at=None)):
            name = f"message-{number}.txt" if part.kind == EvidenceKind.MESSAGE else f"message-{number}-{place}.jpg"
            yield name, vault.unseal(request, bytes(part.sealed))


def _in_words(request: RightsRequest) -> str:
    """The file for people."""
    parts = _request(request)
    lines = [
        f"# Request {request.reference}",
        "",
        f"Written on {timezone.now():%Y-%m-%d %H:%M} UTC by {ControllerProfile.load().name}.",
        "",
        f"- Law: {parts['law']}. {parts['why_this_law']}",
        f"- First receipt: {timezone.localtime(request.received_at):%Y-%m-%d %H:%M} ({request.time_zone}), by "
        f"{request.get_channel_display()}",
        f"- Answer due: {request.due} (before rolling: {request.nominal_due})",
        f"- State: {request.state} since {timezone.localtime(request.state_since):%Y-%m-%d %H:%M}",
        "",
        "## How the date is reckoned",
        "",
        *(f"{number}. {line}" for number, line in enumerate(parts["derivation"], start=1)),  # type: ignore[arg-type,var-annotated]
        "",
        f"{parts['citation']}",
        "",
        "## What was decided",
        "",
    ]
    for claim in request.claims.order_by("right"):
        done = f"{timezone.localtime(claim.fulfilled_at):%Y-%m-%d %H:%M}" if claim.fulfilled_at else "not yet"
        lines.append(f"- {claim.get_right_display()}: {claim.outcome}; carried out: {done}")
    lines += ["", "## What happened", "", "| Entry | When | Who | What |", "|---|---|---|---|"]
    for entry in request.journal_entries.order_by("position"):
        when = f"{timezone.localtime(entry.at):%Y-%m-%d %H:%M:%S}"
        lines.append(f"| {entry.position} | {when} | {entry.actor} | {entry.event} |")
    lines += ["", "The files beside this one hold every part in full; SHA256SUMS covers them.", ""]
    return "\n".join(lines)
