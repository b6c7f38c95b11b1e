"""How long each kind of data of a requester is kept: `retention.toml`, and what an installation sets instead."""

import tomllib
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext, gettext_noop

FILE = Path(__file__).with_name("retention.toml")
DAYS_OF_A_YEAR: Final = 365.25
SENTENCES = ("what", "since", "why", "ends")
WORDS: Final = (
    gettext_noop("A form that was begun and not sent"),
    gettext_noop("your last change"),
    gettext_noop("So that nothing is lost when a browser is closed."),
    gettext_noop("It is destroyed with its key."),
    gettext_noop("That a code was sent by e-mail, without its digits"),
    gettext_noop("the end of the code"),
    gettext_noop("It counts the tries, so that nobody can guess."),
    gettext_noop("It is deleted."),
    gettext_noop("Your answer, ready to download"),
    gettext_noop("its completion, and again whenever you ask for it"),
    gettext_noop("So that you can fetch it."),
    gettext_noop("It is offered again whenever you ask, until it is destroyed with your photograph."),
    gettext_noop(
        "Your photograph, your replies, the messages between us, your name and postal address, your answer, "
        "and which pictures show you"
    ),
    gettext_noop("the day on which everything was done; after a withdrawal, nothing is kept any longer"),
    gettext_noop("So that you can object, and a complaint can be answered."),
    gettext_noop(
        "The key of your request is destroyed; what was sealed with it can no longer be read, in "
        "backups either. The rest is deleted."
    ),
    gettext_noop("A picture of an identity document, only if we asked you for one because of a recorded doubt"),
    gettext_noop("the day on which we received it, at the latest; as a rule it ends earlier, with the check"),
    gettext_noop("So that a person can compare it with your photograph, once."),
    gettext_noop(
        "The file is destroyed in the same moment as the check is decided. Only the note “identity card "
        "was checked” stays."
    ),
    gettext_noop("The three pictures of a live photo check"),
    gettext_noop(
        "the day on which we received them, at the latest; as a rule they end earlier, with the decision "
        "on your request"
    ),
    gettext_noop("So that a person can see that it is you who asks."),
    gettext_noop("They are destroyed. Pictures of a check that was not passed are destroyed at once."),
    gettext_noop(
        "Your e-mail address, and our reasons and questions in our own words, beside the record of your request"
    ),
    gettext_noop("the day on which your request was closed or withdrawn"),
    gettext_noop("So that you can look up what was done, and we can prove it."),
    gettext_noop(
        "The address and the words are deleted. What stays is what happened, when, and what was erased; "
        "it names nobody."
    ),
    gettext_noop("A template of your face after an erasure, only if you agreed to it separately"),
    gettext_noop("your consent; you can withdraw it at any time"),
    gettext_noop("So that new pictures of you are held back until somebody has decided on them."),
    gettext_noop("Which requests are open in your browser, by a number without a meaning"),
    gettext_noop("the last time that you opened one"),
    gettext_noop("So that you need not prove yourself on each page."),
    gettext_noop("It is deleted, and at once when you close the request in your browser."),
    gettext_noop("After a wrong code: that one came from your network, without its address"),
    gettext_noop("the wrong code; as a rule it ends an hour later"),
    gettext_noop("So that nobody can guess codes of many people."),
    gettext_noop("That a mail was asked for with your address, and from which network, without either address"),
    gettext_noop("the day on which the mail was sent"),
    gettext_noop("So that nobody can fill your mailbox."),
)
"""Every sentence of the file, for the catalogues. A test compares the two."""


@dataclass(frozen=True)
class Kind:
    """One kind of data: how long it is kept, and English sentences that say what, since when, why, and the end.

    Attributes:
        holds: models whose rows go at the end, and fields that are emptied where the row stays.
    """

    key: str
    days: int
    sentences: dict[str, str]
    holds: tuple[str, ...]

    @property
    def length(self) -> timedelta:
        """How long it is kept."""
        return timedelta(days=self.days)

    @property
    def years(self) -> int:
        """The same in years, for people who do not count in days; 0 if it is less than one."""
        return round(self.days / DAYS_OF_A_YEAR) if self.days >= int(DAYS_OF_A_YEAR) else 0

    def __getattr__(self, name: str) -> str:
        """One of the sentences in the language of the page."""
        if name not in SENTENCES:
            raise AttributeError(name)
        return gettext(self.sentences[name])


def read(text: str) -> dict[str, Kind]:
    """The kinds that a file describes, in its order.

    Raises:
        ImproperlyConfigured: names the table, and the key in it that is missing, unknown or of the wrong type.
    """
    raw = tomllib.loads(text)
    if set(raw) != set(settings.RETENTION_DAYS):
        raise ImproperlyConfigured(f"retention.toml has {sorted(raw)}; wanted are {sorted(settings.RETENTION_DAYS)}.")
    return {key: _kind(key, values) for key, values in raw.items()}


def _kind(key: str, values: dict[str, Any]) -> Kind:
    odd = set(values) ^ {"days", "holds", *SENTENCES}
    if odd:
        raise ImproperlyConfigured(f"retention.toml, [{key}]: {', '.join(sorted(odd))} missing or unknown.")
    days = values["days"]
    if type(days) is not int or days < 1:
        raise ImproperlyConfigured(f"retention.toml, [{key}]: days is {days!r}, not a number of days.")
    for name in SENTENCES:
        if not isinstance(values[name], str) or not values[name]:
            raise ImproperlyConfigured(f"retention.toml, [{key}]: {name} is no sentence.")
    holds = values["holds"]
    if not isinstance(holds, list) or not holds or not all(isinstance(name, str) for name in holds):
        raise ImproperlyConfigured(f"retention.toml, [{key}]: holds lists models and their fields.")
    return Kind(key, days, {name: values[name] for name in SENTENCES}, tuple(holds))


@cache
def _described() -> dict[str, Kind]:
    return read(FILE.read_text(encoding="utf-8"))


def kinds() -> list[Kind]:
    """Every kind that is kept, with the lengths that hold in this installation."""
    kept = []
    for kind in _described().values():
        days: int | None = settings.RETENTION_DAYS[kind.key]
        if days != 0:
            kept.append(replace(kind, days=days or kind.days))
    return kept


def length(key: str) -> timedelta:
    """How long a kind is kept."""
    return next(kind.length for kind in kinds() if kind.key == key)
