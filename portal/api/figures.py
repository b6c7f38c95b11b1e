"""The public figures as JSON."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rights import figures
from rights.law.grounds import GROUNDS
from rights.models import Right


class CountSerializer(serializers.Serializer[Any]):
    """A number of claims."""

    count = serializers.IntegerField(
        allow_null=True, min_value=0, help_text="Null where it is suppressed; never a number from 1 to 4."
    )
    suppressed = serializers.BooleanField(
        help_text="True where the number is from 1 to 4, or would let such a number be worked out."
    )


class PartSerializer(CountSerializer):
    """A part of a total."""

    key = serializers.CharField(
        help_text="What is counted: an outcome, a month (YYYY-MM), `late`, `overdue` and so on."
    )


class GroundSerializer(PartSerializer):
    """The claims refused, in whole or in part, on one ground."""

    title = serializers.CharField(help_text="The ground in the language of the answer.")
    citation = serializers.CharField(help_text="The rule that it rests on.")


class DaysSerializer(serializers.Serializer[Any]):
    """How long answers took: whole days from the day of receipt to the day on which the answer was carried out."""

    median = serializers.IntegerField(allow_null=True, help_text="Half of the answers took at most so many days.")
    percentile_90 = serializers.IntegerField(allow_null=True, help_text="Nine in ten took at most so many days.")
    suppressed = serializers.BooleanField(
        help_text="True where fewer than 5 claims were answered, or where that number must not become known."
    )


class RightSerializer(serializers.Serializer[Any]):
    """The figures of one right."""

    right = serializers.ChoiceField(choices=Right.choices)
    total = CountSerializer(help_text="Claims received in completed months.")
    outcomes = PartSerializer(many=True, help_text="They add up to the total; `pending` until it was carried out.")
    months = PartSerializer(many=True, help_text="By month of receipt, oldest first; they add up to the total.")
    extensions = PartSerializer(many=True, help_text="Whether the time for the answer was extended.")
    answered = PartSerializer(many=True, help_text="Answered claims: by the due date, or after it.")
    pending = PartSerializer(many=True, help_text="Claims without an answer: past the due date (`overdue`), or not.")
    refusals = GroundSerializer(many=True, help_text="Claims refused in whole or in part, by ground.")
    days = DaysSerializer()


class FiguresSerializer(serializers.Serializer[Any]):
    """The figures that are published, without any personal data."""

    until = serializers.CharField(help_text="The last month counted, YYYY-MM. The current month never is.")
    smallest = serializers.IntegerField(help_text="The smallest number, above nought, that is published.")
    rights = RightSerializer(many=True)


class Transparency(APIView):
    """Figures for everybody."""

    @extend_schema(operation_id="read_figures", responses={200: FiguresSerializer})
    def get(self, http: Request) -> Response:
        """Read how claims are answered.

        A request that asks for access and for erasure counts once under each right. The figures are renewed every
        ten minutes.
        """
        found = figures.current()
        body = {
            "until": found.until,
            "smallest": figures.SMALLEST,
            "rights": [_right(figures_of) for figures_of in found.rights],
        }
        return Response(FiguresSerializer(body).data)


def _right(found: figures.RightFigures) -> dict[str, object]:
    days = found.days
    return {
        "right": found.right,
        "total": _count(found.outcomes.total),
        "outcomes": _parts(found.outcomes.parts),
        "months": _parts(found.months.parts),
        "extensions": _parts(found.extensions.parts),
        "answered": _parts(found.answered.parts),
        "pending": _parts(found.pending.parts),
        "refusals": [
            {**part, "title": gettext(GROUNDS[part["key"]].title), "citation": GROUNDS[part["key"]].citation}
            for part in _parts(found.refusals.parts)
        ],
        "days": {
            "median": days.median if days else None,
            "percentile_90": days.ninetieth if days else None,
            "suppressed": days is None,
        },
    }


def _count(count: int | None) -> dict[str, Any]:
    return {"count": count, "suppressed": count is None}


def _parts(parts: Mapping[str, int | None]) -> list[dict[str, Any]]:
    return [{"key": code, **_count(count)} for code, count in parts.items()]
