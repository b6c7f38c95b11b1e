"""Create a request, read its state with a token, list nothing."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal import attempts, flow
from portal.api.serializers import CreatedSerializer, NewRequestSerializer, RequestSerializer
from portal.api.tokens import opens, token_for
from portal.attempts import Attempt
from portal.citizens.story import shown_state
from portal.identity import networks
from rights.models import Channel, RightsRequest

NO_STORE = {"Cache-Control": "no-store"}


class Requests(APIView):
    """Requests are made here; there is no list."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="create_request",
        request={"multipart/form-data": NewRequestSerializer},
        responses={201: CreatedSerializer, 400: OpenApiResponse(description="What was wrong, by field.")},
    )
    def post(self, http: Request) -> Response:
        """Make a request. A code goes to the e-mail address; the search begins once it was entered on the portal."""
        form = NewRequestSerializer(data=http.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        request = flow.receive(
            rights=sorted(data.pop("rights")),
            probe=data.pop("photo"),
            contact=flow.Contact(**data),
            channel=Channel.API,
            network=networks.asking(http),
        )
        body = {**RequestSerializer(_plain(request)).data, "token": token_for(request)}
        return Response(body, status=status.HTTP_201_CREATED, headers=NO_STORE)


class OneRequest(APIView):
    """The state of one request."""

    @extend_schema(
        operation_id="read_request",
        responses={200: RequestSerializer, 404: OpenApiResponse(description="No such request, or not your token.")},
    )
    def get(self, http: Request, request_id: UUID) -> Response:
        """Read the state with `Authorization: Bearer <token>`. Without the token, nothing exists here."""
        scheme, _space, token = get_authorization_header(http).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not opens(token.strip(), request_id):
            attempts.refused(Attempt.TOKEN, request_id)
            raise NotFound
        request = get_object_or_404(RightsRequest, pk=request_id)
        return Response(RequestSerializer(_plain(request)).data, headers=NO_STORE)


def _plain(request: RightsRequest) -> dict[str, object]:
    names = ("id", "reference", "state", "received_at", "nominal_due", "due")
    plain = {name: getattr(request, name) for name in names}
    return plain | {"state": shown_state(request), "law": request.regime, "claims": list(request.claims.all())}
