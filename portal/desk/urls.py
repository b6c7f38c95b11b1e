"""Addresses of the desk that belong to no model: second factors, a first password, who looked."""

from django.urls import path

from portal.desk import accesses, passkeys, second
from portal.desk.password import change_password, set_password

app_name = "staff"
urlpatterns = [
    path("second/", second.second, name="second"),
    path("second/enrol/", second.enrol, name="enrol"),
    path("second/factors/", second.factors, name="factors"),
    path("second/passkey/add/", passkeys.Begin.as_view(), name="passkey_add"),
    path("second/passkey/added/", passkeys.Complete.as_view(), name="passkey_added"),
    path("second/passkey/ask/", passkeys.Ask.as_view(), name="passkey_ask"),
    path("second/passkey/told/", passkeys.Told.as_view(), name="passkey_told"),
    path("password_change/", change_password, name="password_change"),  # In place of Django's own.
    path("password/<uidb64>/<token>/", set_password, name="password"),
    path("accesses/", accesses.every, name="accesses"),
    path("accesses/<uuid:request_id>/", accesses.of_request, name="accesses_of"),
]
