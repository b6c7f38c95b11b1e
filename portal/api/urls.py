"""Addresses of the API."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from portal.api.figures import Transparency
from portal.api.reference import reference
from portal.api.views import OneRequest, Requests

app_name = "api"
urlpatterns = [
    path("requests/", Requests.as_view(), name="requests"),
    path("requests/<uuid:request_id>/", OneRequest.as_view(), name="request"),
    path("transparency/", Transparency.as_view(), name="transparency"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", reference, name="docs"),
]
