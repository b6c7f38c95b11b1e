"""What goes in and out of the API."""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from matching import images
from portal.desk.forms import PROBLEMS
from rights.law import choice
from rights.law.lifecycle import ClaimOutcome, RequestState
from rights.models import Right, RightsRequest


@extend_schema_field({"type": "string", "format": "binary"})
class PhotoField(serializers.Field[bytes, Any, None, bytes]):
    """A picture (JPEG, PNG, WebP, TIFF, HEIC), cleaned to a JPEG without metadata; its internal value is bytes."""

    def to_internal_value(self, data: "UploadedFile[Any]") -> bytes:
        if not isinstance(data, UploadedFile):
            raise serializers.ValidationError("Send the picture as a file.", code="invalid")
        try:
            return images.clean_upload(data.read())
        except images.ImageProblem as problem:
            raise serializers.ValidationError(PROBLEMS[problem.code], code=problem.code) from problem


class NewRequestSerializer(serializers.Serializer[RightsRequest]):
    """A request to be made."""

    rights = serializers.MultipleChoiceField(
        choices=Right.choices, allow_empty=False, help_text="What is asked for; once for each right."
    )
    email = serializers.EmailField(help_text="Where the code goes, and word of the answer.")
    name = serializers.CharField(max_length=200, required=False, default="", help_text="How letters address them.")
    language = serializers.ChoiceField(
        choices=settings.LANGUAGES, default="en", help_text="Of pages, mails and the answer."
    )
    place = serializers.CharField(
        max_length=6,
        required=False,
        default="",
        help_text="Where the person lives, like FR or US-CA: it decides the law.",
    )
    on_behalf = serializers.BooleanField(default=False, help_text="Whether it is for somebody else.")
    person_name = serializers.CharField(
        max_length=200, required=False, default="", help_text="The person concerned, if it is for somebody else."
    )
    relation = serializers.CharField(
        max_length=200, required=False, default="", help_text="In what capacity, if it is for somebody else."
    )
    photo = PhotoField(help_text="The person, alone, face to the camera.")

    def validate_place(self, place: str) -> str:
        if place:
            try:
                choice.split(place)
            except ValueError as error:
                raise serializers.ValidationError(str(error), code="unknown_place") from error
        return place

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        if attrs["on_behalf"] and not (attrs["person_name"] and attrs["relation"]):
            raise serializers.ValidationError({"person_name": "Say for whom you ask and in what capacity."})
        return attrs


class ClaimSerializer(serializers.Serializer[object]):
    """One right asked for, and what came of it."""

    right = serializers.ChoiceField(choices=Right.choices)
    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in ClaimOutcome])
    fulfilled_at = serializers.DateTimeField(allow_null=True)


class RequestSerializer(serializers.Serializer[Any]):
    """The state of a request. No personal data: whoever holds the token learns how far it is, nothing more."""

    id = serializers.UUIDField()
    reference = serializers.CharField(help_text="What people quote.")
    state = serializers.ChoiceField(choices=[state.value for state in RequestState])
    law = serializers.CharField(help_text="Code of the law that governs it, as in docs/law.")
    received_at = serializers.DateTimeField(help_text="From here the legal time runs.")
    nominal_due = serializers.DateField(help_text="The legal date as counted, before a weekend or holiday moves it.")
    due = serializers.DateField(help_text="The legal date as it stands.")
    claims = ClaimSerializer(many=True)


class CreatedSerializer(RequestSerializer):
    """The new request, with the token that reads its state."""

    token = serializers.CharField(help_text="Reads the state of this request. It is shown here alone.")
