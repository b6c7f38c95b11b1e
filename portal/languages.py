"""The languages of the portal: English, and each whose catalogue under `locale/` translates everything.

To add one is to drop in a file, `locale/<code>/LC_MESSAGES/django.po`; docs/translating.md says how. A catalogue in
which something is missing is not offered, and `manage.py doctor` says so: half a letter in English helps nobody.
"""

from pathlib import Path

import polib
from babel import Locale
from babel.core import UnknownLocaleError
from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured
from django.utils.text import capfirst
from django.utils.translation import to_language, to_locale

SOURCE = "en"
"""What the texts are written in; it needs no catalogue."""
TEMPLATE = "django.pot"
"""Every message, none translated: what `make messages` collects, and what a new catalogue begins as."""


def catalogues(folder: Path) -> dict[str, Path]:
    """The catalogues in a folder like `locale/`, by the codes of their languages, like `pt-br`."""
    files = sorted(folder.glob("*/LC_MESSAGES/django.po"))
    return {to_language(path.parts[-3]): path for path in files}


def lacking(folder: Path) -> dict[str, int]:
    """How many messages each catalogue leaves out, untranslated or fuzzy; 0: it is complete.

    Raises:
        ImproperlyConfigured: a catalogue or the template cannot be read as one.
    """
    wanted = {_key(entry) for entry in _read(folder / TEMPLATE)}
    return {
        code: len(wanted - {_key(entry) for entry in _read(path) if entry.translated()})
        for code, path in catalogues(folder).items()
    }


def offered(folder: Path, chosen: list[str]) -> list[tuple[str, str]]:
    """The languages that people can choose, each by its own name; English first, the others by code.

    Args:
        folder: where the catalogues lie.
        chosen: codes of those wanted beside English, in their order; empty: all that are complete.

    Raises:
        ImproperlyConfigured: a catalogue is chosen that is not there or not complete; or one cannot be read, or lies
            in a folder that names no language.
    """
    left = lacking(folder)
    unfit = [code for code in chosen if code != SOURCE and left.get(code) != 0]
    if unfit:
        raise ImproperlyConfigured(f"REGARD_LANGUAGES names {', '.join(unfit)}: no complete catalogue is in locale/.")
    codes = chosen or [code for code, number in left.items() if not number]
    return [(code, own_name(code)) for code in [SOURCE, *(code for code in codes if code != SOURCE)]]


def own_name(code: str) -> str:
    """The name of a language in itself, like Deutsch. Django is told of those that it does not know, like Maltese.

    Raises:
        ImproperlyConfigured: it is the code of no language.
    """
    if "name_local" not in LANG_INFO.get(code, {}):
        try:
            locale = Locale.parse(to_locale(code))
        except (UnknownLocaleError, ValueError) as error:
            raise ImproperlyConfigured(f"locale/{to_locale(code)} is named after no language.") from error
        LANG_INFO[code] = {
            "bidi": locale.text_direction == "rtl",
            "code": code,
            "name": locale.get_display_name("en") or code,
            "name_local": locale.get_display_name() or code,
        }
    return capfirst(str(LANG_INFO[code]["name_local"]))


def _read(path: Path) -> polib.POFile:
    try:
        return polib.pofile(str(path), encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{path.name} in {path.parent} cannot be read as a catalogue: {error}") from error


def _key(entry: polib.POEntry) -> tuple[str | None, str]:
    return entry.msgctxt, entry.msgid
