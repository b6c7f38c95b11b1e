"""Labels in the desk's lists: the colour says how urgent it is, the words say what it is."""

from datetime import datetime
from enum import StrEnum

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime


class Colour(StrEnum):
    """Classes of `static/desk.css`."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    PLAIN = "plain"


def whole(words: str) -> SafeString:
    """A date or number that is never broken over two lines."""
    return format_html('<span class="desk-whole">{}</span>', words)


def moment(at: datetime | None) -> SafeString:
    """Day and time, short, on one line; a dash where there is none."""
    return whole(date_format(localtime(at), "SHORT_DATETIME_FORMAT") if at else "–")


def label(colour: Colour, words: str) -> SafeString:
    """Words in a coloured frame. They must be enough for who sees no colours."""
    return format_html('<span class="desk-label desk-label-{}">{}</span>', colour.value, words)
