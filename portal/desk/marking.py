"""Photos in which no face was found: a list, and a page on which staff mark faces or say that there is none.

What is written here goes through the journal like every other act of staff; it belongs to no one request.
"""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from matching import keys, marking
from matching.engine import Box
from matching.models import Photo, PhotoStatus, Source
from matching.sources import SourceUnreachable
from portal.desk.access import actor, staff_view
from portal.desk.pages import page
from portal.staff.roles import JUDGE
from rights import journal

PER_PAGE = 12
"""Each picture shown is an entry of the journal."""
FARTHEST = 1_000_000
"""Pixels. No picture is as wide; a number above it is a slip, or hostile."""
EMPTY_FORMS = 2
REFUSALS = {
    "none": _("Nothing was marked: draw a frame around each face, or fill in its four numbers."),
    "too_many": _("These are too many faces at a time. Mark some, then the others."),
    "outside": _("A frame lies outside the picture, or its sides are the wrong way round."),
    "too_small": _("A frame is too small: a face needs at least 16 pixels a side."),
    "changed": _("The picture is no longer the one that was imported. Import its source, then look again."),
    "has_faces": _("Faces were found in this picture meanwhile."),
}
AWAY = _("The source of this picture cannot be read at the moment.")


class BoxForm(forms.Form):
    """A face: pixels of the upright picture, from its left and upper edge."""

    left = forms.IntegerField(label=pgettext_lazy("edge of a frame", "left"), min_value=0, max_value=FARTHEST)
    top = forms.IntegerField(label=pgettext_lazy("edge of a frame", "top"), min_value=0, max_value=FARTHEST)
    right = forms.IntegerField(label=pgettext_lazy("edge of a frame", "right"), min_value=0, max_value=FARTHEST)
    bottom = forms.IntegerField(label=pgettext_lazy("edge of a frame", "bottom"), min_value=0, max_value=FARTHEST)

    def box(self) -> Box:
        """Of a valid form."""
        return Box(*(self.cleaned_data[side] for side in ("left", "top", "right", "bottom")))


BoxForms = forms.formset_factory(
    BoxForm, extra=EMPTY_FORMS, max_num=marking.MOST, absolute_max=marking.MOST, validate_max=True
)


@require_safe
@staff_view(JUDGE)
def faceless(http: HttpRequest) -> HttpResponse:
    """The photos in which nothing found a face and nobody has looked for one, by source."""
    waiting = marking.to_look_at().select_related("source")
    sources = [(source, waiting.filter(source=source).count()) for source in Source.objects.order_by("name", "pk")]
    wanted = http.GET.get("source", "")
    chosen = next((source for source, _count in sources if str(source.pk) == wanted), None)
    if chosen is not None:
        waiting = waiting.filter(source=chosen)
    return page(
        http,
        "desk/faceless.html",
        gettext("Photos in which no face was found"),
        sources=sources,
        chosen=chosen,
        shown=Paginator(waiting, PER_PAGE).get_page(http.GET.get("page")),
    )


@require_http_methods(["GET", "POST"])
@staff_view(JUDGE)
def mark(http: HttpRequest, photo_id: int) -> HttpResponse:
    """One photo: frames around the faces that are marked, or the word of a person that there is none."""
    photo = get_object_or_404(Photo.objects.select_related("source"), pk=photo_id, status=PhotoStatus.READ)
    boxes = BoxForms(http.POST if http.method == "POST" and "nothing" not in http.POST else None, prefix="box")
    if http.method == "POST":
        # A file that was imported anew since the page was opened shows something else where the frames are.
        photo.sha256 = http.POST.get("sha256", "")[:64]
        if "nothing" in http.POST:
            done = _try(http, lambda: _nothing_there(http, photo))
        elif boxes.is_valid():
            chosen = [form.box() for form in boxes if form.has_changed()]
            done = _try(http, lambda: _mark(http, photo, chosen))
        else:
            done = _refused(http, gettext("A frame needs four whole numbers inside the picture."))
        if done:
            return _to_the_next(photo)
        photo.refresh_from_db()
    return page(
        http,
        "desk/mark.html",
        gettext("Photo %(number)d: mark faces") % {"number": photo.pk},
        photo=photo,
        boxes=boxes,
        faces=keys.seen(photo).count(),
    )


def _mark(http: HttpRequest, photo: Photo, boxes: list[Box]) -> None:
    faces = marking.faces_in(photo, boxes)  # It may take seconds; nothing is locked meanwhile.
    with transaction.atomic():
        new = marking.mark(photo=photo, faces=faces)
        detail = {"photo": photo.pk, "faces": [face.pk for face in new]}
        journal.record(request=None, actor=actor(http), event="faces_marked", detail=detail)
    told = ngettext("%(count)d face was marked.", "%(count)d faces were marked.", len(new)) % {"count": len(new)}
    messages.success(http, told + " " + gettext("The next search compares them."))


def _nothing_there(http: HttpRequest, photo: Photo) -> None:
    with transaction.atomic():
        marking.nothing_there(photo=photo, by=actor(http))
        journal.record(request=None, actor=actor(http), event="no_face_there", detail={"photo": photo.pk})
    messages.success(http, gettext("Noted: there is no face in photo %(number)d.") % {"number": photo.pk})


def _try(http: HttpRequest, act: Callable[[], None]) -> bool:
    try:
        act()
    except marking.MarkRefused as refused:
        return _refused(http, str(REFUSALS[refused.code]))
    except SourceUnreachable:
        return _refused(http, str(AWAY))
    return True


def _refused(http: HttpRequest, why: str) -> bool:
    messages.error(http, why)
    return False


def _to_the_next(photo: Photo) -> HttpResponse:
    """The photo of the same source that waits next, or the list."""
    waiting = marking.to_look_at().filter(source=photo.source)
    following = waiting.filter(pk__gt=photo.pk).first() or waiting.first()
    return (
        redirect("admin:matching_photo_mark", following.pk) if following else redirect("admin:matching_photo_faceless")
    )
