"""Those to whom the controller disclosed pictures; they are named in answers and told of erasures."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from matching.models import Source


class Recipient(models.Model):
    """One recipient or processor, and the sources whose pictures it was shown."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    role = models.CharField(
        _("role"),
        max_length=12,
        choices=[("recipient", _("recipient")), ("processor", _("processor"))],
        default="recipient",
    )
    email = models.EmailField(_("e-mail"))
    country = models.CharField(_("country"), max_length=2)
    sources = models.ManyToManyField(Source, verbose_name=_("sources"), related_name="recipients")
    since = models.DateField(_("since"), null=True, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")

    def __str__(self) -> str:
        return self.name
