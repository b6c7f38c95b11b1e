"""The questions of the form, one thing per page."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from matching.images import UPLOAD_SIDE, ImageProblem, clean_upload
from portal import consent, places
from portal.citizens.wording import upload_problem
from portal.models import Representation, Requester, Role
from rights.models import Right

PHOTO_TYPES = "image/jpeg,image/png,image/webp,image/tiff,image/heic,image/heif,.heic,.heif"


class RightsForm(forms.Form):
    """What is asked for."""

    rights = forms.MultipleChoiceField(
        label=_("What would you like to ask for?"),
        widget=forms.CheckboxSelectMultiple,
        choices=[
            (Right.ACCESS.value, _("Send me the pictures of me that you hold, and tell me what you do with them")),
            (Right.ERASURE.value, _("Erase the pictures of me that you hold")),
        ],
        error_messages={"required": _("Choose at least one of the two.")},
    )


class PersonForm(forms.Form):
    """Whose pictures they are."""

    ME = "me"
    AGENT = Role.AGENT.value
    PARENT = Role.PARENT.value

    about = forms.ChoiceField(
        label=_("Who is the request about?"),
        widget=forms.RadioSelect,
        choices=[
            (ME, _("Me")),
            (AGENT, _("Someone else, whom I may act for")),
            (PARENT, _("A child or somebody in my care, as parent or guardian")),
        ],
        error_messages={"required": _("Say whether the request is about you or about someone else.")},
    )
    person_name = forms.CharField(
        label=_("Name of the person the pictures show"),
        max_length=Requester._meta.get_field("person_name").max_length,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    relation = forms.CharField(
        label=_("How are you connected to this person?"),
        help_text=_("For example: parent, legal guardian, lawyer. We may ask you for a proof."),
        max_length=Requester._meta.get_field("relation").max_length,
        required=False,
    )

    person_email = forms.EmailField(
        label=_("E-mail address of that person, if they have one of their own"),
        help_text=_("We ask them there whether they want this. Not your own address."),
        max_length=Representation._meta.get_field("person_email").max_length,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"invalid": _("Write the e-mail address in full, like name@example.org.")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("about") in Role.values:
            if not cleaned.get("person_name"):
                self.add_error("person_name", _("Give the name of the person you act for."))
            if not cleaned.get("relation"):
                self.add_error("relation", _("Say how you are connected to this person, for example: parent."))
        return cleaned


def place_choices() -> list[tuple[str, str]]:
    """Every country by its name, none of them first."""
    return [("", gettext("I would rather not say")), *places.choices()]


def language_field() -> forms.ChoiceField:
    """In which language we write."""
    return forms.ChoiceField(
        label=_("In which language shall we write to you?"),
        widget=forms.RadioSelect,
        choices=settings.LANGUAGES,
        error_messages={"required": _("Choose the language in which we shall write to you.")},
    )


class ContactForm(forms.Form):
    """How the answer finds its way."""

    email = forms.EmailField(
        label=_("Your e-mail address"),
        help_text=_("We send a code there, the news of your request, and nothing else."),
        max_length=Requester._meta.get_field("email").max_length,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={
            "required": _("Give an e-mail address, so that we can answer you."),
            "invalid": _("Write the e-mail address in full, like name@example.org."),
        },
    )
    name = forms.CharField(
        label=_("Your name (optional)"),
        help_text=_("So that we can address you. We do not search by name."),
        max_length=Requester._meta.get_field("name").max_length,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    place = forms.ChoiceField(
        label=_("Where do you live? (optional)"),
        help_text=_("It decides which law protects you. If you do not say, it is the law of the place where we are."),
        choices=place_choices,
        required=False,
    )
    language = language_field()

    def __init__(self, *args: Any, on_behalf: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].initial = get_language()
        if on_behalf:
            name = self.fields["name"]
            name.required = True
            name.label = _("Your name")
            name.help_text = _("You act for someone else, so we need to know who you are.")
            name.error_messages["required"] = _("Give your own name: you act for someone else.")


class PhotoField(forms.FileField):
    """A photograph, which comes out cleaned: a JPEG of at most 2000 pixels with no metadata, as bytes."""

    widget = forms.FileInput(attrs={"accept": PHOTO_TYPES})

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """The limits, for the script that reduces a picture on the device: to what `clean_upload` would leave of it."""
        limits = {"data-side": UPLOAD_SIDE, "data-max-bytes": settings.UPLOAD_MAX_BYTES}
        return super().widget_attrs(widget) | limits

    def clean(self, data: "UploadedFile[bytes] | None", initial: object = None) -> bytes | None:
        file = super().clean(data, initial)
        if not isinstance(file, UploadedFile):
            return None
        try:
            return clean_upload(file.read())
        except ImageProblem as problem:
            raise forms.ValidationError(str(upload_problem(problem.code)), code=problem.code) from problem


class PhotoForm(forms.Form):
    """The photograph to search with.

    Args:
        oversize: the upload was larger than the server takes, and so no file arrived.
        held: a photograph is held already; another one is optional.
    """

    photo = PhotoField(
        label=_("Choose a photograph"),
        help_text=_("JPEG, PNG, WebP, TIFF or HEIC, at most %(megabytes)d MB."),
        allow_empty_file=True,
        error_messages={"required": _("Choose a photograph of the face to search for.")},
    )

    def __init__(self, *args: Any, oversize: bool = False, held: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        photo = self.fields["photo"]
        photo.help_text = photo.help_text % {"megabytes": settings.UPLOAD_MAX_BYTES // (1024 * 1024)}
        photo.required = oversize or not held
        if held:
            photo.label = _("Choose another photograph")
        if oversize:
            photo.error_messages["required"] = str(upload_problem("file_too_large"))


class DocumentForm(PhotoForm):
    """A picture of an identity document, masked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        photo = self.fields["photo"]
        photo.label = _("Choose the picture of your document")
        if not kwargs.get("oversize"):
            photo.error_messages["required"] = _("Choose the picture of your document.")


class FrameForm(PhotoForm):
    """A frame of a live photo check, for one pose."""

    frame = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        photo = self.fields["photo"]
        photo.label = _("Take or choose the picture")
        photo.widget.attrs["capture"] = "user"
        if not kwargs.get("oversize"):
            photo.error_messages["required"] = _("Take or choose the picture for this pose.")


class MandateForm(PhotoForm):
    """A picture of a mandate, or of a proof of parenthood or guardianship."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        photo = self.fields["photo"]
        photo.label = _("Choose a picture of the mandate or proof")
        if not kwargs.get("oversize"):
            photo.error_messages["required"] = _("Choose a picture of the mandate or proof.")


class PhotoStepForm(PhotoForm):
    """The same question inside the form, where it can be put off."""

    later = forms.BooleanField(
        label=_("Send the request without a photograph for now"),
        help_text=_("The legal time runs all the same, but we can only search once we have a photograph."),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound and self.data.get("later"):
            self.fields["photo"].required = False


class ReplyForm(forms.Form):
    """The answer to a question of ours."""

    words = forms.CharField(
        label=_("Your answer"),
        help_text=_("It is stored encrypted, and destroyed with your photograph."),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Write your answer here.")},
    )


class ConsentForm(forms.Form):
    """The consent to a template of the face. Never ticked beforehand; it names the version of the words shown."""

    text = forms.CharField(widget=forms.HiddenInput, initial=consent.VERSION)
    agree = forms.BooleanField(
        error_messages={"required": _("Tick the box if you agree. If you do not, you need not do anything.")}
    )

    def __init__(self, data: Mapping[str, str] | None = None, *, until: date) -> None:
        super().__init__(data, auto_id="id_consent_%s")
        self.fields["agree"].label = consent.agreement(until)

    def clean_text(self) -> str:
        if self.cleaned_data["text"] != consent.VERSION:
            raise forms.ValidationError(_("The words of this question have changed. Please read them again."))
        return consent.VERSION
