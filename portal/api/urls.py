"""Addresses of the API."""

from csp.decorators import csp_update
from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from portal.api.figures import Transparency
from portal.api.views import OneRequest, Requests

docs = csp_update({"img-src": ["data:"]})(SpectacularSwaggerSplitView.as_view(url_name="api:schema"))
"""The viewer draws its icons as images in its style sheet."""

app_name = "api"
urlpatterns = [
    path("requests/", Requests.as_view(), name="requests"),
    path("requests/<uuid:request_id>/", OneRequest.as_view(), name="request"),
    path("transparency/", Transparency.as_view(), name="transparency"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
]
