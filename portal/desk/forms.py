"""Forms of the desk."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from matching import images
from matching.models import HoldOutcome
from portal import places
from portal.flow import Contact
from portal.identity.basis import IdentityBasis
from portal.models import ControllerProfile, Role
from rights.law import grounds
from rights.law.lifecycle import ClaimOutcome
from rights.models import Channel, Claim, Right
from rights.requests import FIRST_YEAR

OUTCOMES = [
    (ClaimOutcome.GRANTED.value, _("granted")),
    (ClaimOutcome.PARTIAL.value, _("granted in part: some pictures are withheld")),
    (ClaimOutcome.NOTHING_HELD.value, _("nothing held")),
    (ClaimOutcome.REFUSED.value, _("refused")),
]
PROBLEMS = {
    "empty": _("The file is empty."),
    "file_too_large": _("The file is too large."),
    "too_many_pixels": _("The picture has too many pixels."),
    "not_an_image": _("The file is not a picture."),
    "format_not_supported": _("This kind of picture is not supported: use JPEG, PNG, WebP, TIFF or HEIC."),
    "animated": _("The picture is animated; use a still one."),
    "damaged": _("The file is damaged and cannot be read to its end."),
    "too_costly": _("The picture could not be opened safely within the memory and time that one may take."),
    "busy": _("Too many pictures are being sent at once. Send it again in a moment."),
}


class PhotoField(forms.FileField):
    """A picture, cleaned to a JPEG without metadata. Its cleaned value is bytes."""

    def clean(self, data: object, initial: object = None) -> bytes | None:
        upload = super().clean(data, initial)
        if not upload:
            return None
        try:
            return images.clean_upload(upload.read())
        except images.ImageProblem as problem:
            raise forms.ValidationError(PROBLEMS[problem.code], code=problem.code) from problem


class ProbeForm(forms.Form):
    """A photograph that staff add for a person who sent it by post or mail."""

    photo = PhotoField(label=_("Photograph of the person"))


def place_choices() -> list[tuple[str, str]]:
    """Places, none of them first."""
    return [("", "—"), *places.choices()]


def _said(ground: grounds.Ground) -> str:
    """A ground as the desk lists it: its rule, its name, what must be recorded as evidence, and who signs."""
    evidence = "; ".join(gettext(item) for item in ground.requires_evidence)
    said = f"{ground.citation}: {gettext(ground.title)} ({evidence})"
    return f"{said} – {gettext('two people sign')}" if ground.second_signature else said


class DecisionForm(forms.Form):
    """The outcome of one claim."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=OUTCOMES, widget=forms.RadioSelect)
    identity_basis = forms.ChoiceField(
        label=_("How the person's identity was established"),
        required=False,
        choices=[("", _("(needed unless it is refused)")), *IdentityBasis.choices],
    )
    ground = forms.ChoiceField(label=_("Ground, for a refusal or a partial one"), required=False)
    reasons = forms.CharField(
        label=_("Reasons, in the person's language; printed in the letter"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    evidence = forms.CharField(
        label=_("What proves the ground; for the authority, it is not sent to the person"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    withheld = forms.TypedMultipleChoiceField(
        label=_("Pictures withheld, for a partial refusal"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data: QueryDict | None = None, *, claim: Claim, photos: Mapping[int, str] | None = None) -> None:
        super().__init__(data, prefix=claim.right)
        known = grounds.for_regime(claim.request.regime, two_people=True)
        fitting = [ground for ground in known if claim.right in ground.applies_to]
        self._choices("ground", [("", "—"), *((ground.code, _said(ground)) for ground in fitting)])
        if claim.right == Right.ERASURE and ControllerProfile.load().found_unlawful.strip():
            self.initial.setdefault("outcome", ClaimOutcome.GRANTED.value)
        self._choices("withheld", [(str(pk), _pictured(pk, address)) for pk, address in (photos or {}).items()])
        if not photos:
            self.fields["withheld"].widget = forms.MultipleHiddenInput()  # A heading over nothing.
        self.claim = claim

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - told to the type checker
        field.choices = choices


def _pictured(pk: int, address: str) -> SafeString:
    """A photo's number beside a small picture of the face in it, if there is one."""
    name = gettext("photo %d") % pk
    if not address:
        return format_html("{} ({})", name, gettext("template only"))
    return format_html('<img class="desk-thumb" src="{}" alt="" loading="lazy"> {}', address, name)


def not_too_early(at: datetime) -> datetime:
    """Refuse a year that is a slip of the hand."""
    if at.year < FIRST_YEAR:
        raise forms.ValidationError(_("Check the year: it is before %(year)s."), params={"year": FIRST_YEAR})
    return at


class LetterForm(forms.Form):
    """A request that arrived by letter, mail, telephone or in person."""

    channel = forms.ChoiceField(
        label=_("How it arrived"), choices=[c for c in Channel.choices if c[0] not in (Channel.WEB, Channel.API)]
    )
    received_at = forms.DateTimeField(
        label=_("Received"),
        help_text=_("First receipt in any official channel, local time: the clock runs from here."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    rights = forms.MultipleChoiceField(
        label=_("What the person asks for"), choices=Right.choices, widget=forms.CheckboxSelectMultiple
    )
    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    email = forms.EmailField(label=_("E-mail"), required=False)
    postal_address = forms.CharField(
        label=_("Postal address"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    place = forms.ChoiceField(
        label=_("Where the person lives, if they say so; it decides the law"), required=False, choices=place_choices
    )
    on_behalf = forms.BooleanField(label=_("Asks on behalf of someone else"), required=False)
    person_name = forms.CharField(label=_("Person concerned"), required=False, max_length=200)
    relation = forms.CharField(label=_("In what capacity"), required=False, max_length=200)
    role = forms.ChoiceField(label=_("If on behalf of someone else, as"), choices=Role.choices, required=False)
    person_email = forms.EmailField(label=_("E-mail of the person concerned, if known"), required=False)
    photo = PhotoField(label=_("Photograph, if one was sent"), required=False)

    def clean_received_at(self) -> object:
        received: datetime = self.cleaned_data["received_at"]
        if received > timezone.now():
            raise forms.ValidationError(_("A request cannot have been received in the future."))
        return not_too_early(received)

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if not data.get("email") and not data.get("postal_address"):
            raise forms.ValidationError(_("Enter an e-mail address or a postal address: the person must be answered."))
        return data

    def contact(self) -> Contact:
        """The contact part of the valid form."""
        names = ("name", "email", "language", "on_behalf", "person_name", "relation", "postal_address", "place",
                 "person_email")  # fmt: skip
        role = self.cleaned_data["role"] or Role.AGENT
        return Contact(role=role, **{name: self.cleaned_data[name] for name in names})


class ExtendForm(forms.Form):
    """The reasons of an extension. They are sent."""

    reasons = forms.CharField(
        label=_("Why we need longer, in the person's language; it is sent to them now"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class DoubtForm(forms.Form):
    """Why there is a reasonable doubt about who asks. It stays here and goes to the authority if it asks."""

    doubt = forms.CharField(
        label=_("What makes you doubt who asks? Name the contradiction, not a person"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class UndoubtForm(forms.Form):
    """Why a doubt is gone."""

    words = forms.CharField(label=_("Why the doubt is gone"), widget=forms.Textarea(attrs={"rows": 2}))


class AskForm(forms.Form):
    """A question to the person. It is sent."""

    question = forms.CharField(
        label=_("The question, in the person's language; it is sent to them now"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def _moment(label: Promise) -> forms.DateTimeField:
    """A moment that staff enter, local time."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget)  # type: ignore[arg-type]  # a lazy text


class PastForm(forms.Form):
    """Something that happened at a time that staff enter."""

    def __init__(self, *args: Any, earliest: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.earliest = earliest

    def clean_at(self) -> datetime:
        at: datetime = not_too_early(self.cleaned_data["at"])
        if at > timezone.now():
            raise forms.ValidationError(_("This lies in the future."))
        # The field has minutes, the question was asked in one of them.
        if self.earliest and at < self.earliest.replace(second=0, microsecond=0):
            raise forms.ValidationError(_("An answer cannot have arrived before its question."))
        return max(at, self.earliest) if self.earliest else at


class AnswerForm(PastForm):
    """An answer that did not come through the page."""

    at = _moment(_("Arrived on"))
    words = forms.CharField(
        label=_("What the person answered; it is sealed"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class AgainForm(PastForm):
    """The request, or a reminder of it, arrived another time."""

    at = _moment(_("Reached us on"))
    channel = forms.ChoiceField(label=_("By"), choices=Channel.choices)


class HeldForm(forms.Form):
    """What becomes of a held photo."""

    outcome = forms.ChoiceField(
        label=_("What becomes of it"),
        choices=[
            (HoldOutcome.REFUSE.value, _("Refuse: it shows the person, who is then erased from it")),
            (HoldOutcome.RELEASE.value, _("Release: it is somebody else, or we may keep it on another legal ground")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Reason; needed for a release. It stays here and is destroyed with the template"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if data.get("outcome") == HoldOutcome.RELEASE and not str(data.get("reason", "")).strip():
            self.add_error("reason", _("Say why: a release without a reason is none."))
        return data
