"""Assigning requests, one or many: what is done to many is shown before, and told one by one after."""

from typing import Any, Final, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from portal import flow
from portal.desk import coming_back, lists
from portal.desk.access import actor, desk_view, member
from portal.desk.pages import attempt, back, page
from portal.staff.roles import CHANGE
from portal.wording import refusal
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest
from rights.requests import ENDED

MOST: Final = 500
"""Requests that one action takes: each is a transaction of its own, and somebody waits for the page."""


def name_of(user: User) -> str:
    """As lists show members of staff to one another."""
    return user.get_full_name() or user.get_username()


class MemberField(forms.ModelChoiceField):
    """One of those who move requests."""

    def label_from_instance(self, obj: User) -> str:
        return name_of(obj)


class AssignForm(forms.Form):
    """To whom."""

    member = MemberField(queryset=User.objects.none(), label=_("Assigned to"), empty_label=_("nobody"), required=False)

    def __init__(self, *args: Any, needed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        member = cast("MemberField", self.fields["member"])
        member.queryset = lists.movers()
        member.required = needed
        if needed:
            member.empty_label = gettext("choose")


def context_of(http: HttpRequest, request: RightsRequest) -> dict[str, object]:
    """What the request's page shows of it, and the way back to the list."""
    found = request.assignee
    open_still = request.state not in ENDED and http.user.has_perm(CHANGE)
    return {
        "assigned_to": name_of(found) if found else "",
        "assigned_to_me": found is not None and found.pk == http.user.pk,
        "assign_form": AssignForm(initial={"member": found.pk if found else None}) if open_still else None,
        "list_address": coming_back.address(http),
    }


@require_POST
@desk_view(CHANGE)
def assign_one(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Assign one request: to whoever asks, to another, or to nobody."""
    form = AssignForm(http.POST)
    if "me" in http.POST:
        chosen: int | None = member(http).pk
    elif form.is_valid():
        chosen = form.cleaned_data["member"].pk if form.cleaned_data["member"] else None
    else:
        messages.error(http, gettext("Choose a member of staff from the list."))
        return back(request)

    def act() -> None:
        flow.assign(request_id=request.pk, member_id=chosen, actor=actor(http))

    attempt(http, act, gettext("The assignment was recorded."))
    return back(request)


@admin.action(description=_("Assign to me"), permissions=["change_rights"])
def assign_to_me(_admin: Any, http: HttpRequest, chosen: QuerySet[RightsRequest]) -> HttpResponse | None:
    """Each to whoever asks."""
    me = member(http)
    return _confirmed(http, chosen, "assign_to_me", gettext("Assign to %(name)s") % {"name": name_of(me)}, me.pk)


@admin.action(description=_("Assign to somebody else"), permissions=["change_rights"])
def assign_to_other(_admin: Any, http: HttpRequest, chosen: QuerySet[RightsRequest]) -> HttpResponse | None:
    """Each to the one who is chosen on the page that asks whether it is meant."""
    form = AssignForm(http.POST if "confirmed" in http.POST else None, needed=True)
    to = form.cleaned_data["member"].pk if form.is_bound and form.is_valid() else None
    return _confirmed(http, chosen, "assign_to_other", gettext("Assign to somebody else"), to, form)


@admin.action(description=_("Assign to nobody"), permissions=["change_rights"])
def unassign(_admin: Any, http: HttpRequest, chosen: QuerySet[RightsRequest]) -> HttpResponse | None:
    """Each to nobody."""
    return _confirmed(http, chosen, "unassign", gettext("Assign to nobody"), None)


def _confirmed(
    http: HttpRequest,
    chosen: QuerySet[RightsRequest],
    action: str,
    title: str,
    to: int | None,
    form: AssignForm | None = None,
) -> HttpResponse | None:
    """The page that says what will happen; once it was sent, what it says is done."""
    keys = list(chosen.values_list("pk", flat=True)[: MOST + 1])
    if len(keys) > MOST:
        messages.error(http, gettext("At most %(most)d requests at once: narrow the list.") % {"most": MOST})
        return None
    if "confirmed" in http.POST and (form is None or form.is_valid()):
        _assign(http, keys, to)
        return None
    rows = RightsRequest.objects.filter(pk__in=keys).select_related("assignee").order_by("due", "pk")
    return page(http, "desk/bulk.html", title, action=action, rows=rows, number=len(keys), form=form, what=title)


def _assign(http: HttpRequest, keys: list[UUID], to: int | None) -> None:
    """Through the same step as one alone; what is refused hinders no other."""
    done, same = 0, 0
    names = dict(RightsRequest.objects.filter(pk__in=keys).values_list("pk", "reference"))
    for key in keys:
        try:
            changed = flow.assign(request_id=key, member_id=to, actor=actor(http))
        except TransitionRefused as refused:
            messages.error(http, f"{names[key]}: {refusal(refused)}")
            continue
        done, same = done + changed, same + (not changed)
    if done:
        words = ngettext("%(n)d request was assigned anew.", "%(n)d requests were assigned anew.", done)
        messages.success(http, words % {"n": done})
    if same:
        words = ngettext("%(n)d request was so already.", "%(n)d requests were so already.", same)
        messages.info(http, words % {"n": same})
