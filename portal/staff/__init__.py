"""Who works at the desk: roles, second factors, locks after failures, and how long a session lasts."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from portal.staff.roles import CHANGE

__all__ = ["CHANGE", "at_the_desk"]


def at_the_desk() -> QuerySet[User]:
    """Members of staff who may move a request: those who are reminded of its date. None of them can opt out."""
    return User.objects.with_perm(
        CHANGE, backend="django.contrib.auth.backends.ModelBackend", include_superusers=True
    ).filter(is_staff=True)
