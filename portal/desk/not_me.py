"""Pictures that the person says do not show them: somebody looks again."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal import flow
from portal.desk.access import actor, desk_view
from portal.desk.pages import attempt, back
from portal.staff.roles import JUDGE
from rights.models import RightsRequest


def context_of(request: RightsRequest, photos: dict[int, str]) -> dict[str, object]:
    """What the request's page shows of it. `photos`: addresses of pictures of the faces, by photo."""
    said = list(request.not_me.all())
    return {
        "not_me": [(item, photos.get(item.photo_key, "")) for item in said],
        "not_me_open": any(item.settled_at is None for item in said),
    }


@require_POST
@desk_view(JUDGE)
def settle(http: HttpRequest, request: RightsRequest, photo_key: int) -> HttpResponse:
    """Record what was found. Anything but "it shows the person" keeps the picture out of the erasure."""
    shows = http.POST.get("shows") == "them"
    attempt(
        http,
        lambda: flow.settle_not_me(request_id=request.pk, photo_key=photo_key, shows_them=shows, actor=actor(http)),
        _("Recorded."),
    )
    return back(request)
