"""Texts that staff keep for messages, per language. They are filled in by replacement: nothing in them is run."""

import re
from collections.abc import Mapping
from typing import Final

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

PLACEHOLDERS: Final = ("reference", "due")
BRACED: Final = re.compile(r"\{([^{}]*)\}")


def check_placeholders(words: str) -> None:
    """Refuse braces that are no placeholder we know. Raises: ValidationError."""
    unknown = [name for name in BRACED.findall(words) if name not in PLACEHOLDERS]
    if unknown or set("{}") & set(BRACED.sub("", words)):
        message = _("Only these placeholders are known: %(known)s. Other braces cannot be used.")
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValidationError(message, code="placeholder", params={"known": known})


class MessageText(models.Model):
    """A text for messages to the person, in one language."""

    language = models.CharField(_("language"), max_length=8)
    title = models.CharField(_("title"), max_length=80, help_text=_("Only staff read it."))
    words = models.TextField(
        _("text"),
        max_length=5000,
        validators=[check_placeholders],
        help_text=_("{reference} becomes the reference of the request, {due} its legal date."),
    )

    class Meta:
        ordering = ["language", "title", "pk"]
        verbose_name = _("text for messages")
        verbose_name_plural = _("texts for messages")
        constraints = [models.UniqueConstraint(name="one_message_text_per_title", fields=["language", "title"])]

    def __str__(self) -> str:
        return f"{self.title} ({self.language})"

    def filled(self, values: Mapping[str, str]) -> str:
        """The text with its placeholders replaced, once: what a value holds is not looked at again.

        Args:
            values: a word for each of `PLACEHOLDERS`.
        """
        return BRACED.sub(lambda found: values.get(found[1], found[0]), self.words)
