"""Addresses of the portal."""

from django.contrib import admin
from django.urls import include, path

from portal.desk.dashboard import opening

handler400 = "portal.errors.bad_request"

urlpatterns = [
    path("", include("portal.citizens.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/", include("portal.api.urls")),
    path("mailbox/", include("portal.mailbox")),
    path("desk/", admin.site.admin_view(opening), name="desk"),
    path("desk/", include("portal.desk.urls")),
    path("desk/", admin.site.urls),
]
