"""Staying erased by face: templates kept with consent, and the photos that an import holds for them.

A held photo is imported and searched like any other, so that every answer stays complete; the hold only says that
somebody must decide what becomes of it. Decrypted templates exist in the memory of the process that compares, while it
does, and nowhere else: in no index, no certificate, no log.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from matching import database, erased_log, keys, sealing
from matching.bands import bands
from matching.engine import Box, get_engine
from matching.index.base import Vectors
from matching.index.sweep import checked
from matching.models import Erasure, Face, Hold, HoldOutcome, HoldVerdict, Photo, TemplateSuppression
from matching.reviews import TWO, reviewers_at

A_DAY: Final = timedelta(days=1)
SAME_PLACE: Final = 0.5
"""Overlap, as the intersection over the union, from which two boxes in the same bytes are the same face."""
_PURPOSE: Final = b"template suppression "
"""What keys and templates are bound to besides their row: no other sealed bytes can be put in their place."""


# --- 1. The template, from consent to its end -------------------------------------------------------------------------


def begin(*, subject: UUID, ends_on: date) -> TemplateSuppression:
    """Note that a template may be kept until a day; it is computed and sealed by `keep`."""
    row, _created = TemplateSuppression.objects.get_or_create(subject=subject, defaults={"ends_on": ends_on})
    return row


def of(subject: UUID) -> TemplateSuppression | None:
    """What is kept, or about to be, for a subject."""
    return TemplateSuppression.objects.filter(subject=subject).first()


@transaction.atomic
def keep(*, subject: UUID, templates: Vectors) -> bool:
    """Seal the templates, float32 (k, dimension), under a new key; False if nothing waits for them (any more).

    Raises:
        ValueError: templates of another shape, or not finite.
    """
    engine = get_engine()
    plain = checked(templates, engine.dimension)
    row = TemplateSuppression.objects.select_for_update().filter(subject=subject, engine="").first()
    if row is None:
        return False
    key = sealing.new_key()
    row.master_key, row.wrapped = sealing.wrap(key, bound_to=_bound(row))
    row.sealed = sealing.seal_with(key, np.ascontiguousarray(plain, dtype="<f4").tobytes(), bound_to=_bound(row))
    row.engine = engine.name
    row.save(update_fields=["master_key", "wrapped", "sealed", "engine"])
    return True


def _bound(row: TemplateSuppression) -> bytes:
    return _PURPOSE + row.pk.bytes


def opened(row: TemplateSuppression) -> Vectors:
    """The templates, float32 (k, dimension). Raises: sealing.VaultError."""
    key = sealing.unwrap(row.master_key, bytes(row.wrapped), bound_to=_bound(row))
    plain = sealing.unseal_with(key, bytes(row.sealed), bound_to=_bound(row))
    return np.frombuffer(plain, dtype="<f4").reshape(-1, get_engine().dimension)


def wrapped_keys() -> sealing.Keys:
    """The key of every template that is kept."""
    return sealing.Keys(TemplateSuppression.objects.exclude(engine=""), _bound)


@transaction.atomic
def forget(*, subject: UUID, log: bool = True) -> bool:
    """Destroy a template with its key, its holds and what staff said of them; False if there is none.

    What was erased for it stays erased. An erasure that was planned and not begun is dropped: nobody wants it any more.
    """
    row = TemplateSuppression.objects.select_for_update().filter(subject=subject).first()
    if row is None:
        return False
    Erasure.objects.filter(subject=row.pk, object_done_at=None).delete()
    row.delete()
    if log:
        erased_log.forgotten(subject)
    transaction.on_commit(database.flush)
    return True


def over(today: date) -> list[UUID]:
    """Subjects whose consent ends today or has ended."""
    return list(TemplateSuppression.objects.filter(ends_on__lte=today).values_list("subject", flat=True))


def unusable() -> int:
    """How many templates hold nothing, because another engine made them: templates of two engines are not compared."""
    return TemplateSuppression.objects.exclude(engine__in=["", get_engine().name]).count()


# --- 2. An import compares --------------------------------------------------------------------------------------------


def hold(photo: Photo) -> int:
    """Hold a photo whose faces were just written down, in the same transaction; how many faces are held for it.

    Raises:
        sealing.VaultError: a template cannot be opened. The photo is then not imported: it must not slip through.
    """
    # Consented templates are of the engine in use, and compare with nothing else.
    faces = list(keys.seen(photo).filter(engine=get_engine().name))
    found = compare(faces, _all_opened()) if faces else {}
    kept = TemplateSuppression.objects.select_for_update().in_bulk({row for row, _face in found})  # Or withdrawn since.
    known = set(Hold.objects.filter(suppression__in=kept).values_list("suppression", "face_key"))
    new = [
        Hold(
            suppression=kept[row],
            face_key=face.pk,
            sha256=photo.sha256,
            box=[face.left, face.top, face.right, face.bottom],
            distance=distance,
            band=bands().of(distance),
        )
        for (row, face), distance in found.items()
        if row in kept and (row, face.pk) not in known
    ]
    return len(Hold.objects.bulk_create(each for each in new if not _was_released(each)))


def _all_opened() -> dict[UUID, Vectors]:
    """The templates that hold photos today, float32 (k, dimension) each. Raises: sealing.VaultError."""
    rows = TemplateSuppression.objects.filter(engine=get_engine().name, ends_on__gt=timezone.localdate())
    return {row.pk: opened(row) for row in rows}


def compare(faces: Sequence[Face], kept: Mapping[UUID, Vectors]) -> dict[tuple[UUID, Face], float]:
    """The smallest distance between each suppression's templates and each face, where it lies within a band.

    Exact: Euclidean in float64, from the differences themselves.
    """
    if not kept:
        return {}
    owners = [pk for pk, templates in kept.items() for _each in templates]
    every = np.concatenate(list(kept.values())).astype(np.float64)
    found: dict[tuple[UUID, Face], float] = {}
    for face in faces:
        shown = checked(np.frombuffer(bytes(face.template), dtype="<f4")[None], every.shape[1])
        distances = np.linalg.norm(every - shown, axis=1)
        for number in np.flatnonzero(distances <= bands().possible):
            pair = owners[number], face
            found[pair] = min(float(distances[number]), found.get(pair, np.inf))
    return found


def _was_released(new: Hold) -> bool:
    """Whether somebody released this face in these very bytes: a decided case is not opened again."""
    return any(_is_same_case(new, old) for old in _of_the_same_file(new).filter(outcome=HoldOutcome.RELEASE))


def _of_the_same_file(one: Hold) -> QuerySet[Hold]:
    return Hold.objects.filter(suppression=one.suppression, sha256=one.sha256)


def _is_same_case(one: Hold, other: Hold) -> bool:
    return common_share(Box(*one.box), Box(*other.box)) >= SAME_PLACE


def common_share(one: Box, other: Box) -> float:
    """How much two boxes have in common: intersection over union, 0 to 1."""
    width = max(0, min(one.right, other.right) - max(one.left, other.left))
    height = max(0, min(one.bottom, other.bottom) - max(one.top, other.top))
    areas = sum((box.right - box.left) * (box.bottom - box.top) for box in (one, other))
    return width * height / (areas - width * height) if width and height else 0.0


# --- 3. People decide -------------------------------------------------------------------------------------------------


class AlreadyDecided(Exception):  # noqa: N818 - what it says
    """Somebody decided this case before, or what it was about is gone."""


def undecided() -> QuerySet[Hold]:
    """Holds that wait for a decision on a face that is still held, the oldest first."""
    held = Face.objects.filter(pk=OuterRef("face_key"))
    return Hold.objects.filter(Exists(held), outcome="").order_by("held_at", "pk")


@transaction.atomic
def judge(*, hold_id: int, reviewer: str, outcome: str, reason: str, alone: int) -> Hold:
    """Take what one member of staff says; enough of them who agree decide the case, and its copies with it.

    Args:
        alone: how many pictures one person may refuse within a day, copies included; beyond that it takes two.

    Raises:
        AlreadyDecided: there is nothing to decide any more.
        ValueError: no such outcome, or a release without a reason.
    """
    said = HoldOutcome(outcome)
    if said is HoldOutcome.RELEASE and not reason.strip():
        raise ValueError("A release needs a reason.")
    case = Hold.objects.select_for_update().filter(pk=hold_id, pk__in=undecided()).first()
    if case is None:
        raise AlreadyDecided
    HoldVerdict.objects.update_or_create(
        hold=case, reviewer=reviewer, defaults={"outcome": said, "reason": reason.strip(), "at": timezone.now()}
    )
    verdicts = set(case.verdicts.values_list("reviewer", "outcome"))
    agreed = {outcome for _reviewer, outcome in verdicts} == {said}
    alike = [each.pk for each in _of_the_same_file(case).filter(outcome="") if _is_same_case(case, each)]
    now = timezone.now()
    many = said is HoldOutcome.REFUSE and len(alike) + _refused_since(now - A_DAY, reviewer) > alone
    if agreed and len(verdicts) >= (TWO if many else reviewers_at(case.distance)):
        Hold.objects.filter(pk__in=alike).update(outcome=said, decided_at=now)
        case.refresh_from_db()
    return case


def _refused_since(moment: datetime, reviewer: str) -> int:
    """How many holds were refused since then in decisions that a reviewer took part in, copies included."""
    refused = Hold.objects.filter(outcome=HoldOutcome.REFUSE, decided_at__gt=moment)
    own = refused.filter(verdicts__reviewer=reviewer).order_by().values("decided_at")
    return refused.filter(decided_at__in=own).count()


def to_erase(subject: UUID) -> tuple[TemplateSuppression | None, list[Hold]]:
    """What is kept for a subject, and the holds that were refused and are not yet proven to be gone."""
    row = of(subject)
    waiting = row.holds.filter(outcome=HoldOutcome.REFUSE, erased_at=None).order_by("pk") if row else ()
    return row, list(waiting)


def subjects_to_erase() -> list[UUID]:
    """Subjects with something refused and not yet gone."""
    waiting = Hold.objects.filter(outcome=HoldOutcome.REFUSE, erased_at=None)
    return list(waiting.order_by("suppression").values_list("suppression__subject", flat=True).distinct())
