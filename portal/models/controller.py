"""The organisation that answers: what the law obliges it to say of itself."""

from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from rights.law import calendars
from rights.law.choice import choose
from rights.law.regime import CODES


class ControllerProfile(models.Model):
    """The one controller of this installation. Staff fill it in; an answer cannot be sent while it is incomplete."""

    name = models.CharField(_("name"), max_length=200, blank=True)
    postal_address = models.TextField(_("postal address"), blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    country = models.CharField(
        _("country"), max_length=2, default="FR", validators=[RegexValidator("^[A-Z]{2}$", _("Two capital letters."))]
    )
    subdivision = models.CharField(_("subdivision"), max_length=8, blank=True)
    dpo_contact = models.TextField(_("contact of the data protection officer"), blank=True)
    representative_contact = models.TextField(
        _("contact of the representative in the Union (article 27)"),
        blank=True,
        help_text=_("Leave empty only if the controller is established in the Union."),
    )
    established_in_union = models.BooleanField(_("established in the Union"), default=True)
    authority_name = models.CharField(_("supervisory authority"), max_length=200, blank=True)
    authority_address = models.TextField(_("its postal address"), blank=True)
    authority_url = models.URLField(_("its complaints page"), blank=True)
    transfers_outside_union = models.BooleanField(_("data is transferred outside the Union"), default=False)
    automated_decisions = models.BooleanField(_("automated decisions are taken (article 22)"), default=False)

    found_unlawful = models.TextField(
        _("processing found unlawful"),
        blank=True,
        help_text=_(
            "If an authority or a court has found the processing of these pictures unlawful: which decision. Erasure "
            "is then the default, and to keep a picture takes the signatures of two people (17(1)(d))."
        ),
    )
    dpo_email = models.EmailField(
        _("e-mail of the data protection officer"),
        blank=True,
        help_text=_("Told when a request is due and on every day after; nothing can mute it."),
    )

    class Meta:
        verbose_name = _("controller profile")
        verbose_name_plural = _("controller profile")
        constraints = [models.CheckConstraint(name="one_controller", condition=models.Q(pk=1))]

    def __str__(self) -> str:
        return self.name or str(_("controller profile"))

    def clean(self) -> None:
        """Refuse a place whose public holidays are unknown: no date could be reckoned there."""
        if not calendars.is_known(self.country, self.subdivision):
            place = "-".join(filter(None, [self.country, self.subdivision]))
            message = _(
                "No calendar of public holidays is known for %(place)s. Use ISO 3166 codes, like FR, or US and CA."
            )
            raise ValidationError({"country": ValidationError(message, params={"place": place})})

    def home(self) -> str:
        """The code of the law of the controller's place."""
        return choose(place="", country=self.country, subdivision=self.subdivision).code

    @classmethod
    def load(cls) -> Self:
        """The profile; an unsaved empty one before staff have filled it in."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class ControllerText(models.Model):
    """The prose that article 15 asks of the controller, in one language."""

    profile = models.ForeignKey(ControllerProfile, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=8)
    purposes = models.TextField(_("purposes of the processing, 15(1)(a)"), blank=True)
    categories = models.TextField(_("categories of data, 15(1)(b)"), blank=True)
    storage = models.TextField(_("storage period or its criteria, 15(1)(d)"), blank=True)
    origin = models.TextField(_("where the pictures come from, 15(1)(g)"), blank=True)
    automated = models.TextField(_("automated decisions: logic, significance, consequences, 15(1)(h)"), blank=True)
    safeguards = models.TextField(_("safeguards of transfers, 15(2)"), blank=True)
    court = models.TextField(_("judicial remedy: which court, how"), blank=True)

    class Meta:
        ordering = ["language"]
        verbose_name = _("text")
        verbose_name_plural = _("texts")
        constraints = [models.UniqueConstraint(name="one_text_per_language", fields=["profile", "language"])]

    def __str__(self) -> str:
        return self.language


class Remedy(models.Model):
    """Whom a person can turn to under a law other than that of the controller's own place, in one language."""

    profile = models.ForeignKey(ControllerProfile, on_delete=models.CASCADE, related_name="remedies")
    regime = models.CharField(_("law"), max_length=16, choices=[(code, code) for code in CODES])
    language = models.CharField(_("language"), max_length=8)
    authority_name = models.CharField(_("supervisory authority"), max_length=200)
    authority_address = models.TextField(_("its postal address"))
    authority_url = models.URLField(_("its complaints page"))
    court = models.TextField(_("judicial remedy: which court, how"))

    class Meta:
        ordering = ["regime", "language"]
        verbose_name = _("remedy under another law")
        verbose_name_plural = _("remedies under other laws")
        constraints = [
            models.UniqueConstraint(name="one_remedy_per_law", fields=["profile", "regime", "language"]),
        ]

    def __str__(self) -> str:
        return f"{self.regime} ({self.language})"
