"""The words with which a person is asked to let us keep a template of their face, and their version.

The journal of a consent names the version and the language; the words of a version are in this file's history. Whoever
changes a word gives them a new version: a test holds the digest of the English ones.
"""

from datetime import date
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext

VERSION: Final = "2026-11"


def words(until: date) -> list[tuple[str, str]]:
    """What is asked, point by point: a heading and its sentences, in the active language."""
    day = {"day": date_format(until, "DATE_FORMAT")}
    return [
        (
            gettext("What"),
            gettext(
                "A template: a row of numbers computed from the face in the photograph that you sent us. It is "
                "biometric data, and the law protects it especially."
            ),
        ),
        (
            gettext("What for"),
            gettext(
                "New pictures that reach us are compared with it. If one seems to show you, a person here decides "
                "whether it is erased. It serves for nothing else: it is not searched, and nobody is given it."
            ),
        ),
        (gettext("Where"), gettext("With us only, encrypted under a key of its own, apart from all pictures.")),
        (
            gettext("How long"),
            gettext("Until %(day)s; then it is destroyed. No law sets this period: it is our choice.") % day,
        ),
        (
            gettext("You can withdraw"),
            gettext(
                "At any time, on this page with one button, or by writing to us. The template is then destroyed at "
                "once. What was refused until then remains lawful."
            ),
        ),
        (
            gettext("If you say no"),
            gettext(
                "There is no disadvantage. Your erasure is done and stays so. The very files that we erased are "
                "refused in any case; without a template we do not recognise other or altered pictures of you."
            ),
        ),
    ]


def agreement(until: date) -> str:
    """The sentence beside the box to tick."""
    return gettext(
        "I agree that you keep a template of my face until %(day)s, only to recognise and refuse new pictures of me."
    ) % {"day": date_format(until, "DATE_FORMAT")}
