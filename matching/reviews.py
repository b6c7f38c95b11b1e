"""What reviewers said of hits, and what follows from it. A distance alone settles nothing."""

from collections.abc import Collection
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from matching import own_templates
from matching.bands import bands
from matching.models import Band, Erasure, Face, FurtherProbe, Hit, Review, Search, Verdict

TWO = 2
"""How many different people must say "same person" where one could be misled."""


class WhyTwo(StrEnum):
    """What makes a hit ask for two people."""

    FURTHER = "further"
    DISAGREEING = "disagreeing"
    POSSIBLE = "possible"
    LOOK_ALIKES = "look_alikes"
    UNMEASURED = "unmeasured"


class Outcome(StrEnum):
    OPEN = "open"
    SAME = "same"
    NOT = "not"
    DISPUTED = "disputed"


def record(*, subject: UUID, face_key: int, reviewer: str, verdict: str) -> Review:
    """Keep one reviewer's verdict on one face; a later one of theirs takes its place.

    Raises:
        ValueError: no such verdict.
    """
    review, _created = Review.objects.update_or_create(
        subject=subject,
        face_key=face_key,
        reviewer=reviewer,
        defaults={"verdict": Verdict(verdict), "at": timezone.now()},
    )
    return review


def said_same(*, subject: UUID, face_key: int, but: str) -> list[str]:
    """The reviewers who said that a face is the subject's, without `but`."""
    said = Review.objects.filter(subject=subject, face_key=face_key, verdict=Verdict.SAME).exclude(reviewer=but)
    return list(said.order_by("reviewer").values_list("reviewer", flat=True))


@transaction.atomic
def carry_over(*, subject: UUID, to: UUID) -> None:
    """Let what was said for `subject` hold for `to` too: the same person, searched for with the same photographs."""
    said = Review.objects.filter(subject=subject)
    Review.objects.bulk_create(
        (Review(subject=to, face_key=r.face_key, reviewer=r.reviewer, verdict=r.verdict, at=r.at) for r in said),
        ignore_conflicts=True,
    )
    further = FurtherProbe.objects.filter(subject=subject)
    FurtherProbe.objects.bulk_create(
        (FurtherProbe(subject=to, face_key=p.face_key, added_by=p.added_by, at=p.at) for p in further),
        ignore_conflicts=True,
    )


@transaction.atomic
def withdraw(*, subject: UUID, face_key: int, reviewer: str) -> str:
    """Take back what one reviewer said of one face; the verdict that it was, "" if there was none of theirs."""
    mine = Review.objects.filter(subject=subject, face_key=face_key, reviewer=reviewer)
    said = mine.values_list("verdict", flat=True).order_by("pk").first() or ""
    mine.delete()
    return said


@transaction.atomic
def forget_photos(*, subject: UUID, photos: Collection[int]) -> None:
    """Forget what was said of the faces in these photos: they were found to show somebody else."""
    keys = list(Face.objects.filter(photo_id__in=photos).values_list("pk", flat=True))
    Review.objects.filter(subject=subject, face_key__in=keys).delete()
    FurtherProbe.objects.filter(subject=subject, face_key__in=keys).delete()


@transaction.atomic
def forget(*, subject: UUID) -> None:
    """Delete what ties faces to a subject: hits, reviews, further probes.

    Searches keep their certificates, which name nobody.
    """
    Hit.objects.filter(search__subject=subject).delete()
    Review.objects.filter(subject=subject).delete()
    FurtherProbe.objects.filter(subject=subject).delete()


def latest_search(subject: UUID) -> Search | None:
    """The search in force."""
    return Search.objects.filter(subject=subject).order_by("-finished_at", "-pk").first()


def why_two(hit: Hit) -> WhyTwo | None:
    """Why two people must agree before the hit counts as the subject; None where one is enough.

    One is enough only nearer than any two different people were measured; look-alikes reach into match. How near those
    come in a template space was not measured, and the engine's limits say nothing of distances there.
    """
    if hit.space:
        return WhyTwo.UNMEASURED if hit.band == Band.MATCH else WhyTwo.POSSIBLE
    if hit.band == Band.MATCH:
        return WhyTwo.LOOK_ALIKES if hit.distance > bands().one_reviewer else None
    if hit.through is not None:
        return WhyTwo.FURTHER
    return WhyTwo.DISAGREEING if hit.distance <= bands().match else WhyTwo.POSSIBLE


def reviewers_at(distance: float) -> int:
    """How many must agree at a distance (Euclidean): one only nearer than any two different people were measured."""
    return 1 if distance <= bands().one_reviewer else TWO


def reviewers_needed(hit: Hit) -> int:
    """How many different people must say "same person" before the hit counts (DESIGN, section 3)."""
    return TWO if why_two(hit) else 1


def outcomes(subject: UUID) -> dict[int, Outcome]:
    """What follows for each hit of the latest search, by face key, nearest first."""
    search = latest_search(subject)
    if search is None:
        return {}
    verdicts: dict[int, list[str]] = {}
    for face_key, verdict in Review.objects.filter(subject=subject).values_list("face_key", "verdict"):
        verdicts.setdefault(face_key, []).append(verdict)
    hits = search.hits.only("search_id", "face_key", "distance", "band", "through", "space").order_by("distance", "pk")
    return {hit.face_key: _outcome(reviewers_needed(hit), verdicts.get(hit.face_key, [])) for hit in hits}


def _outcome(needed: int, verdicts: list[str]) -> Outcome:
    same, different = verdicts.count(Verdict.SAME), verdicts.count(Verdict.NOT)
    if same and different:
        return Outcome.DISPUTED
    if different:
        return Outcome.NOT
    if Verdict.UNSURE in verdicts and same < TWO:
        return Outcome.OPEN  # One doubt asks for two who are sure.
    return Outcome.SAME if same >= needed else Outcome.OPEN


def of_others(hit: Hit, *, reviewer: str) -> QuerySet[Review]:
    """What others said, for the same subject, of the face of a hit."""
    return Review.objects.filter(subject=hit.search.subject, face_key=hit.face_key).exclude(reviewer=reviewer)


def elsewhere(hit: Hit) -> QuerySet[Review]:
    """What was said, for other subjects, of the faces in the photo of a hit; of its own face alone if that is gone."""
    keys = [hit.face_key]
    if hit.photo_id is not None:
        keys += Face.objects.filter(photo=hit.photo_id).values_list("pk", flat=True)
    return Review.objects.filter(face_key__in=keys).exclude(subject=hit.search.subject)


def open_hits(subject: UUID) -> list[Hit]:
    """Hits of the latest search that are not settled, nearest first."""
    unsettled = {key for key, outcome in outcomes(subject).items() if outcome in (Outcome.OPEN, Outcome.DISPUTED)}
    search = latest_search(subject)
    return [hit for hit in search.hits.order_by("distance", "pk") if hit.face_key in unsettled] if search else []


def accepted_faces(subject: UUID) -> QuerySet[Face]:
    """Faces that the review found to be the subject's, as far as they are still held.

    What another engine or space holds of the same face in the same picture is the subject's too, also where it lies
    beyond the bands there; unless the review said otherwise of it.
    """
    settled = outcomes(subject)
    same = [key for key, outcome in settled.items() if outcome is Outcome.SAME]
    beside = [key for key in own_templates.beside(same) if key not in settled]
    return Face.objects.filter(pk__in=[*same, *beside]).order_by("pk")


def lost_faces(subject: UUID) -> list[int]:
    """Keys of faces found to be the subject's that are held no more, though nothing erased them for the subject.

    A file that changed was read anew meanwhile; what the review said no longer covers what is held.
    """
    same = {key for key, outcome in outcomes(subject).items() if outcome is Outcome.SAME}
    planned = {
        key for keys in Erasure.objects.filter(subject=subject).values_list("face_keys", flat=True) for key in keys
    }
    held = set(accepted_faces(subject).values_list("pk", flat=True))
    return sorted(same - held - planned)
