"""A quick look around one hit: the faces nearest to it, hits or not, from the index that may forget some.

For reviewers who wonder whether the search saw every pose. Pictures are shown of hits only; of others there are just
the figures, so that nobody leafs through strangers. No answer rests on it.
"""

from typing import NamedTuple

import numpy as np
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from matching import reviews
from matching.index import IndexUnreachable, index_for
from matching.models import Face, Hit
from portal.desk.access import desk_view, seen
from portal.desk.views import page
from portal.staff.roles import JUDGE
from rights.models import RightsRequest

NEAREST = 25


class Neighbour(NamedTuple):
    """A face held, how far it is from the hit (Euclidean), and its own hit in this search, if it is one."""

    face: Face
    distance: float
    hit: Hit | None


@require_safe
@desk_view(JUDGE)
def around(http: HttpRequest, request: RightsRequest, hit_id: int) -> HttpResponse:
    """List the faces nearest to a hit's."""
    latest = reviews.latest_search(request.pk)
    hit = get_object_or_404(Hit.objects.select_related("face__photo"), pk=hit_id, search=latest)
    if hit.face is None:
        raise Http404("This picture was erased.")
    index = index_for(hit.face.engine)
    template = np.frombuffer(bytes(hit.face.template), dtype="<f4")
    try:
        near = [(face, far) for face, far in index.preview(template, count=NEAREST) if face != hit.face_key]
    except IndexUnreachable:
        messages.error(http, _("The server that holds the index of faces does not answer. Try again in a while."))
        return redirect("admin:rights_request_review", request.pk)
    faces = Face.objects.select_related("photo__source").in_bulk([face for face, _far in near])
    hits = {own.face_key: own for own in Hit.objects.filter(search=latest)}
    seen(http, request, "around", face=hit.face_key)
    return page(
        http,
        "desk/around.html",
        _("Around a hit of %(reference)s") % {"reference": request.reference},
        case=request,
        hit=hit,
        neighbours=[Neighbour(faces[face], far, hits.get(face)) for face, far in near if face in faces],
        quality=index.preview_quality(),
    )
