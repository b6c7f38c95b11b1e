"""Pictures for the eyes of staff: probes and hits. Each look is journalled; nothing is cached or written down."""

from collections.abc import Iterable
from uuid import UUID

import numpy as np
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from PIL import Image, ImageDraw, ImageFont
from PIL.Image import fromarray

from matching import aligned, images, keys, reviews, sources, suppression
from matching.engine import Box
from matching.keys import box_of
from matching.models import Face, Hit, Photo, PhotoStatus
from portal import vault
from portal.desk.access import desk_view, seen, staff_view
from portal.models import EvidenceKind
from portal.staff.roles import JUDGE, SEE_HITS, SEE_PROBE
from rights.models import RightsRequest

LONG_SIDE = 900
FACE_MARGIN = 0.6
"""Share of the face's size shown around it: hair, ears and chin help to recognise a person."""

ORANGE = (255, 176, 0)
GRID = 100
GRID_TEXT = 24
"""Pixels between the lines of a grid, and of its numbers."""
NOTE_HEIGHT, NOTE_PAPER = 36, (60, 60, 60)
"""The line under a picture that is not aligned."""


def _jpeg(data: bytes) -> HttpResponse:
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@require_safe
@desk_view(SEE_PROBE)
def probe(http: HttpRequest, request: RightsRequest, evidence_id: UUID) -> HttpResponse:
    """The photograph the requester supplied."""
    return _jpeg(_probe(http, request, evidence_id))


@require_safe
@desk_view(SEE_PROBE)
def probe_aligned(http: HttpRequest, request: RightsRequest, evidence_id: UUID) -> HttpResponse:
    """The face in the photograph the requester supplied, with its eyes where those of every hit are."""
    pixels = _decoded(_probe(http, request, evidence_id))
    try:
        box = aligned.face_in(pixels)
    except aligned.NoEyes:
        return _plain(pixels)
    return _aligned(pixels, box)


def _probe(http: HttpRequest, request: RightsRequest, evidence_id: UUID) -> bytes:
    evidence = get_object_or_404(request.evidence, pk=evidence_id, kind=EvidenceKind.PROBE, destroyed_at=None)
    try:
        data = vault.unseal(request, bytes(evidence.sealed))
    except vault.VaultError as error:
        raise Http404 from error
    seen(http, request, "probe", evidence=evidence.pk.hex)
    return data


def _face(request: RightsRequest, hit_id: int) -> Face:
    latest = reviews.latest_search(request.pk)
    hit = get_object_or_404(Hit.objects.select_related("face__photo__source"), pk=hit_id, search=latest)
    if hit.face is None:
        raise Http404("This picture was erased.")
    return hit.face


def _pixels(photo: Photo) -> images.Pixels:
    try:
        data = sources.read_object(photo.source, photo.path)
    except (FileNotFoundError, sources.SourceUnreachable) as error:
        raise Http404("The source cannot be read at the moment.") from error
    return _decoded(data)


def _decoded(data: bytes) -> images.Pixels:
    return images.read_picture(data, max_bytes=max(len(data), 1), max_pixels=settings.IMAGE_MAX_PIXELS).pixels


def _cut(found: Face) -> HttpResponse:
    """The face, cut out of its photo."""
    return _jpeg(images.as_jpeg(_with_margin(_pixels(found.photo), box_of(found)), max_side=LONG_SIDE))


def _with_margin(pixels: images.Pixels, box: Box) -> images.Pixels:
    margin = int(FACE_MARGIN * max(box.right - box.left, box.bottom - box.top))
    return pixels[
        max(0, box.top - margin) : box.bottom + margin,
        max(0, box.left - margin) : box.right + margin,
    ]


def _aligned(pixels: images.Pixels, box: Box) -> HttpResponse:
    """The face in a box with its eyes where those of every other are; the plain cut, which says so, if it has none."""
    try:
        return _jpeg(images.as_jpeg(aligned.cut_out(pixels, box)))
    except aligned.NoEyes:
        return _plain(_with_margin(pixels, box))


def _plain(pixels: images.Pixels) -> HttpResponse:
    """A picture that was to be aligned, and says in itself that it is not: a page cannot know before."""
    image = fromarray(pixels)
    image.thumbnail((LONG_SIDE, LONG_SIDE))
    said, font = _("Not aligned: no eyes found"), ImageFont.load_default(GRID_TEXT)
    width = max(image.width, round(font.getlength(said)) + NOTE_HEIGHT)
    sheet = Image.new("RGB", (width, image.height + NOTE_HEIGHT), NOTE_PAPER)
    sheet.paste(image, ((sheet.width - image.width) // 2, 0))
    ImageDraw.Draw(sheet).text((sheet.width / 2, image.height + 4), said, (255, 255, 255), font, anchor="ma")
    return _jpeg(images.as_jpeg(np.asarray(sheet)))


def _framed(found: Face) -> HttpResponse:
    """The whole photo, with the face framed."""
    image = fromarray(_pixels(found.photo))
    _frame(image, [found])
    return _jpeg(images.as_jpeg(np.asarray(image), max_side=LONG_SIDE))


@require_safe
@desk_view(SEE_HITS)
def face(http: HttpRequest, request: RightsRequest, hit_id: int) -> HttpResponse:
    """The face of a hit, cut out of its photo."""
    found = _face(request, hit_id)
    seen(http, request, "picture", photo=found.photo_id, face=found.pk)
    return _cut(found)


@require_safe
@desk_view(SEE_HITS)
def face_aligned(http: HttpRequest, request: RightsRequest, hit_id: int) -> HttpResponse:
    """The face of a hit, with its eyes where those of the requester's photograph are."""
    found = _face(request, hit_id)
    seen(http, request, "picture", photo=found.photo_id, face=found.pk)
    return _aligned(_pixels(found.photo), box_of(found))


@require_safe
@desk_view(SEE_HITS)
def photo(http: HttpRequest, request: RightsRequest, hit_id: int) -> HttpResponse:
    """The whole photo of a hit, with the face framed."""
    found = _face(request, hit_id)
    seen(http, request, "picture", photo=found.photo_id)
    return _framed(found)


@require_safe
@staff_view(JUDGE)
def held(http: HttpRequest, photo_id: int) -> HttpResponse:
    """A photo that nobody asked for, to look for faces in it; those it is known to show are framed.

    With `?grid` it has lines with their pixels beside them, for those who mark a face by numbers.
    """
    found = get_object_or_404(Photo.objects.select_related("source"), pk=photo_id, status=PhotoStatus.READ)
    image = fromarray(_pixels(found))
    _frame(image, keys.seen(found).order_by("pk"))
    width = image.width
    image.thumbnail((LONG_SIDE, LONG_SIDE))
    if "grid" in http.GET:
        _grid(image, width / image.width)
    seen(http, None, "picture", photo=found.pk)
    return _jpeg(images.as_jpeg(np.asarray(image)))


def _frame(image: Image.Image, faces: Iterable[Face]) -> None:
    width = max(3, max(image.size) // 250)
    for face in faces:
        ImageDraw.Draw(image).rectangle(box_of(face), outline=ORANGE, width=width)


def _grid(image: Image.Image, scale: float) -> None:
    """Lines over a picture, each with the pixel of the original it stands for; `scale`: pixels there to one here."""
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(GRID_TEXT)
    for across in range(GRID, image.width, GRID):
        draw.line((across, 0, across, image.height), fill=ORANGE)
        draw.text((across + 2, 0), str(round(across * scale)), ORANGE, font, stroke_width=2, stroke_fill=(0, 0, 0))
    for down in range(GRID, image.height, GRID):
        draw.line((0, down, image.width, down), fill=ORANGE)
        draw.text((2, down), str(round(down * scale)), ORANGE, font, stroke_width=2, stroke_fill=(0, 0, 0))


@require_safe
@staff_view(JUDGE)
def held_face(http: HttpRequest, hold_id: int) -> HttpResponse:
    """The face for which a photo was held, cut out of it."""
    return _cut(_held(http, hold_id))


@require_safe
@staff_view(JUDGE)
def held_photo(http: HttpRequest, hold_id: int) -> HttpResponse:
    """The whole held photo, with the face framed."""
    return _framed(_held(http, hold_id))


def _held(http: HttpRequest, hold_id: int) -> Face:
    """The face of an open hold: once it is decided, nobody needs to look any more."""
    case = get_object_or_404(suppression.undecided().select_related("suppression"), pk=hold_id)
    found = get_object_or_404(Face.objects.select_related("photo__source"), pk=case.face_key)
    request = RightsRequest.objects.get(pk=case.suppression.subject)
    seen(http, request, "picture", photo=found.photo_id, hold=case.pk)
    return found
