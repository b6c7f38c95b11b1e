"""Every text has its translation into each language, and each keeps the places that are filled in and the tags."""

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings

CATALOGUES = sorted(Path(settings.LOCALE_PATHS[0]).glob("*/LC_MESSAGES/django.po"))
TEMPLATE = Path(settings.LOCALE_PATHS[0], "django.pot")
PLACES = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|</?[a-z]\w*[^>]*>")


def test_there_is_a_catalogue_for_each_language_but_the_source_s() -> None:
    assert {path.parts[-3] for path in CATALOGUES} == {code for code, _name in settings.LANGUAGES} - {"en"}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_nothing_is_untranslated_fuzzy_or_out_of_place(path: Path) -> None:
    catalogue = polib.pofile(str(path))
    forms = re.match(r"nplurals=(\d);", catalogue.metadata["Plural-Forms"])
    assert forms, "the header says how many plural forms the language has"
    for entry in catalogue:
        assert entry.translated(), entry.msgid
        assert not entry.fuzzy, entry.msgid
        if entry.msgid_plural:
            assert len(entry.msgstr_plural) == int(forms[1]), entry.msgid
            plural = set(PLACES.findall(entry.msgid_plural))
            assert all(set(PLACES.findall(text)) <= plural for text in entry.msgstr_plural.values()), entry.msgid
        else:
            assert sorted(PLACES.findall(entry.msgstr)) == sorted(PLACES.findall(entry.msgid)), entry.msgid


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_each_catalogue_has_the_messages_of_the_template(path: Path) -> None:
    """Run `make messages` where it has not."""
    of_template, own = (
        {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in polib.pofile(str(file))}
        for file in (TEMPLATE, path)
    )
    assert own == of_template


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_each_text_of_a_template_is_in_the_catalogue(path: Path) -> None:
    """Without GNU gettext: the plain `translate` tags, which are most of them, are read from the templates."""
    known = {entry.msgid for entry in polib.pofile(str(path))}
    tag = re.compile(r"""\{%\s*translate\s+(["'])(.+?)\1\s*(?:as \w+\s*)?%\}""")
    for template in sorted(Path(settings.BASE_DIR, "templates").rglob("*.*")):
        for _quote, text in tag.findall(template.read_text(encoding="utf-8")):
            assert text.replace("%", "%%") in known or text in known, f"{template.name}: {text}"
