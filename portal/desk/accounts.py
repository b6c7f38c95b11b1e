"""Accounts of the desk's staff, and the locks after failed sign-ins. What happens to an account is journalled."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_otp_webauthn.models import WebAuthnAttestation, WebAuthnCredential

from portal.desk.access import actor, member, staff_view
from portal.desk.pages import page
from portal.desk.records import OnlyOwnFilters, ReadOnly
from portal.models import SignInFailures
from portal.staff import accounts, factors, locks, sessions
from portal.staff.roles import ACCOUNTS, Role
from rights import journal

for model in (User, Group, WebAuthnCredential, WebAuthnAttestation):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class RolesField(forms.ModelMultipleChoiceField):
    """The roles by their names in the reader's language."""

    def label_from_instance(self, obj: Any) -> str:
        return str(Role(obj.name).label)


class AccountForm(forms.ModelForm):
    """An account without its password, which nobody sets for somebody else."""

    groups = RolesField(
        label=_("Roles"),
        queryset=Group.objects.filter(name__in=Role.values).order_by("pk"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email", "is_active", "groups"]


@admin.register(User)
class StaffAdmin(OnlyOwnFilters):
    """Accounts are added and closed, never deleted: the journal names them."""

    form = AccountForm
    list_display = ["username", "roles", "enrolled", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    search_fields = ["username", "first_name", "last_name"]
    ordering = ["username"]
    change_form_template = "desk/account.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).filter(is_staff=True).prefetch_related("groups")

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        held = {group.name for group in user.groups.all()}
        return ", ".join(str(role.label) for role in Role if role in held)

    @admin.display(description=_("second factor"), boolean=True)
    def enrolled(self, user: User) -> bool:
        return factors.is_enrolled(user)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Nobody gives themselves a role."""
        return ["is_active", "roles"] if obj is not None and obj.pk == request.user.pk else []

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        own = obj is not None and obj.pk == request.user.pk
        return ["username", "first_name", "last_name", "email", "is_active", "roles" if own else "groups"]

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only a superuser touches a superuser's account."""
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return super().has_change_permission(request, obj) and not above

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.is_staff = True
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change and not form.changed_data:
            return
        user = form.instance
        held = sorted(user.groups.values_list("name", flat=True))
        changed = sorted(set(form.changed_data) & {"username", "is_active", "groups"})
        event = "account_changed" if change else "account_added"
        detail = {"changed": changed} if change else {}
        accounts.note(event, user, actor=actor(request), roles=held, active=user.is_active, **detail)

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        return redirect("admin:auth_user_change", obj.pk)

    def get_urls(self) -> list[URLPattern]:
        one = "<int:user_id>/"
        return [
            path(one + "link/", link, name="staff_link"),
            path(one + "reset/", reset, name="staff_reset"),
            path(one + "unlock/", unlock, name="staff_unlock"),
            path(one + "end/", end, name="staff_end"),
            *super().get_urls(),
        ]


def _other(http: HttpRequest, user_id: int) -> User | None:
    """The account, unless it is one's own or stands above one; then the page says why nothing was done."""
    user = get_object_or_404(User, pk=user_id, is_staff=True)
    me = member(http)
    if not sessions.is_fresh(http.session):  # An unattended screen gives nobody's account away.
        messages.error(http, gettext("Show your second factor once more, then do this again."))
    elif user.pk == me.pk:
        messages.error(http, gettext("Somebody else must do this for your own account."))
    elif user.is_superuser and not me.is_superuser:
        messages.error(http, gettext("Only a superuser can do this to the account of a superuser."))
    else:
        return user
    return None


@require_POST
@staff_view(ACCOUNTS)
def link(http: HttpRequest, user_id: int) -> HttpResponse:
    """Show a link to set a password, to be handed over by a way that is safe."""
    user = _other(http, user_id)
    if user is None:
        return redirect("admin:auth_user_change", user_id)
    accounts.note("link_made", user, actor=actor(http))
    return page(http, "desk/link.html", gettext("A link to set a password"), account=user, link=accounts.link(user))


@require_POST
@staff_view(ACCOUNTS)
def reset(http: HttpRequest, user_id: int) -> HttpResponse:
    """Forget the second factors of somebody who has lost them."""
    user = _other(http, user_id)
    if user is not None:
        accounts.reset_factor(user=user, actor=actor(http))
        messages.success(http, gettext("Reset. The next sign-in sets up a new second factor."))
    return redirect("admin:auth_user_change", user_id)


@require_POST
@staff_view(ACCOUNTS)
def unlock(http: HttpRequest, user_id: int) -> HttpResponse:
    """Lift the locks of an account."""
    user = _other(http, user_id)
    if user is not None:
        locks.forgive(user)
        accounts.note("lock_lifted", user, actor=actor(http))
        messages.success(http, gettext("The account is not locked any more."))
    return redirect("admin:auth_user_change", user_id)


@require_POST
@staff_view(ACCOUNTS)
def end(http: HttpRequest, user_id: int) -> HttpResponse:
    """End the sessions of an account."""
    user = _other(http, user_id)
    if user is not None:
        sessions.end_all(user.pk)
        accounts.note("sessions_ended", user, actor=actor(http))
        messages.success(http, gettext("Every session of this account has ended."))
    return redirect("admin:auth_user_change", user_id)


@admin.register(SignInFailures)
class FailuresAdmin(ReadOnly):
    """Failures by name, second factor and network address. Neither names nor addresses are kept; accounts are shown."""

    list_display = ["kind", "account", "count", "locks", "last_at", "locked_until"]
    list_display_links = None
    list_filter = ["kind"]
    ordering = ["-last_at"]
    actions = ["lift"]

    @admin.display(description=_("account"))
    def account(self, row: SignInFailures) -> str:
        user = locks.account_of(row)
        return user.get_username() if user else "—"

    def has_lift_permission(self, request: HttpRequest) -> bool:
        """Django's admin asks it before it offers the action."""
        return request.user.has_perm(ACCOUNTS)

    @admin.action(description=_("Lift the lock"), permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[SignInFailures]) -> None:
        for row in queryset:
            user = locks.account_of(row)
            if user is not None and user.pk == request.user.pk:
                messages.error(request, gettext("Somebody else must do this for your own account."))
                continue
            detail = {"by": row.kind} | ({"account": journal.staff(user.pk)} if user else {})
            row.delete()
            journal.record(request=None, actor=actor(request), event="lock_lifted", detail=detail)
        messages.success(request, gettext("Done."))
