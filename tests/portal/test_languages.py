"""A language is a file: complete, it is offered by its own name; incomplete, it is not, and that is said."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import polib
import pytest
from django.conf import settings as configured
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language_info, ngettext
from pytest_django.fixtures import Settings

from portal import languages, places
from portal.operate import doctor
from portal.wording import cited, sentence
from rights.law.clock import Sentence

LOCALE = Path(configured.LOCALE_PATHS[0])
OF_THE_UNION = [
    *["bg", "cs", "da", "el", "es", "et", "fi", "ga", "hr", "hu", "it"],
    *["lt", "lv", "mt", "nl", "pl", "pt", "ro", "sk", "sl", "sv"],
]
"""The official languages of the Union but English, French and German."""


def _drop_in(folder: Path, code: str, *, left_out: int = 0, fuzzy: int = 0) -> Path:
    """A catalogue in which every message is its own translation, but for some."""
    (folder / code / "LC_MESSAGES").mkdir(parents=True)
    shutil.copy(LOCALE / languages.TEMPLATE, folder)
    catalogue = polib.pofile(str(folder / languages.TEMPLATE))
    for number, entry in enumerate(catalogue):
        if number < left_out:
            continue
        if entry.msgid_plural:
            entry.msgstr_plural = {0: entry.msgid, 1: entry.msgid_plural}
        else:
            entry.msgstr = entry.msgid
        if number < left_out + fuzzy:
            entry.flags.append("fuzzy")
    path = folder / code / "LC_MESSAGES" / "django.po"
    catalogue.save(str(path))
    return path


def test_english_french_and_german_are_offered_by_their_own_names() -> None:
    assert configured.LANGUAGES == [("en", "English"), ("de", "Deutsch"), ("fr", "Français")]


@pytest.mark.parametrize("code", OF_THE_UNION)
def test_every_other_official_language_of_the_union_is_offered_by_dropping_in_a_file(tmp_path: Path, code: str) -> None:
    _drop_in(tmp_path, code)
    offered = languages.offered(tmp_path, [])
    assert [found for found, _name in offered] == ["en", code]
    name = offered[1][1]
    assert name[0].isupper()
    assert name != get_language_info(code)["name"], "in itself, not in English"
    with translation.override(code):
        assert dict(places.choices())["FR"]


def test_the_names_that_django_does_not_know_come_from_babel() -> None:
    assert languages.own_name("mt") == "Malti"
    assert languages.own_name("el") == "Ελληνικά"


@pytest.mark.parametrize("gap", [{"left_out": 1}, {"fuzzy": 1}])
def test_an_incomplete_catalogue_is_not_offered_and_the_doctor_says_so(
    tmp_path: Path, settings: Settings, gap: dict[str, int]
) -> None:
    _drop_in(tmp_path, "pl", **gap)
    assert languages.offered(tmp_path, []) == [("en", "English")]
    settings.LOCALE_PATHS = [tmp_path]
    found = doctor.examine("languages")
    assert found.level == "warning"
    assert "pl (1 messages)" in found.says
    with pytest.raises(ImproperlyConfigured, match="names pl"):
        languages.offered(tmp_path, ["pl"])


def test_a_message_that_the_catalogue_does_not_have_is_missing_too(tmp_path: Path) -> None:
    path = _drop_in(tmp_path, "pl")
    catalogue = polib.pofile(str(path))
    del catalogue[0]
    catalogue.save()
    assert languages.lacking(tmp_path) == {"pl": 1}


def test_an_installation_chooses_languages_and_their_order() -> None:
    assert [code for code, _name in languages.offered(LOCALE, ["fr", "de"])] == ["en", "fr", "de"]
    assert [code for code, _name in languages.offered(LOCALE, ["fr"])] == ["en", "fr"]
    with pytest.raises(ImproperlyConfigured, match="names xx"):
        languages.offered(LOCALE, ["xx"])


def test_what_cannot_be_read_and_what_is_no_language_stop_the_start(tmp_path: Path) -> None:
    path = _drop_in(tmp_path, "qqq")
    with pytest.raises(ImproperlyConfigured, match="no language"):
        languages.offered(tmp_path, [])
    path.write_text('msgid "a"\nno line of a catalogue\n', encoding="utf-8")
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        languages.lacking(tmp_path)


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        ("en", "31 January 2026", "31 January 2026, 15:05"),
        ("fr", "31 janvier 2026", "31 janvier 2026 15:05"),
        ("de", "31. Januar 2026", "31. Januar 2026, 15:05 Uhr"),
    ],
)
def test_dates_are_written_as_the_language_writes_them(language: str, day: str, moment: str) -> None:
    with translation.override(language):
        assert date_format(date(2026, 1, 31), "DATE_FORMAT") == day
        assert date_format(datetime(2026, 1, 31, 15, 5, tzinfo=UTC), "DATETIME_FORMAT") == moment
        line = Sentence("Your request reached us on {received}. This day itself does not count.", {
            "received": date(2026, 1, 31)
        })  # fmt: skip
        assert day in sentence(line)


@pytest.mark.parametrize(
    ("language", "none", "one", "two"),
    [("en", "0 days", "1 day", "2 days"), ("fr", "0 jour", "1 jour", "2 jours"), ("de", "0 Tage", "1 Tag", "2 Tage")],
)
def test_plurals_are_those_of_the_language(language: str, none: str, one: str, two: str) -> None:
    with translation.override(language):
        said = [ngettext("%(days)d day", "%(days)d days", n) % {"days": n} for n in (0, 1, 2)]
    assert said == [none, one, two]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "GDPR 15(1), GDPR 15(3); GDPR 17(3)(e); GDPR 27; UK GDPR 12(3)"),
        ("fr", "article\xa015, paragraphe\xa01, du RGPD, article\xa015, paragraphe\xa03, du RGPD; article\xa017, "
               "paragraphe\xa03, point\xa0e), du RGPD; article\xa027 du RGPD; UK GDPR 12(3)"),
        ("de", "Art.\xa015 Abs.\xa01 DSGVO, Art.\xa015 Abs.\xa03 DSGVO; Art.\xa017 Abs.\xa03 Buchst.\xa0e DSGVO; "
               "Art.\xa027 DSGVO; UK GDPR 12(3)"),
    ],
)  # fmt: skip
def test_the_regulation_is_cited_as_the_language_cites_it(language: str, said: str) -> None:
    with translation.override(language):
        assert cited("GDPR 15(1), 15(3); GDPR 17(3)(e); GDPR 27; UK GDPR 12(3)") == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Regulation 1182/71, 3(4); EDPB Guidelines 01/2022, paragraphs 159-164; Regulation 1182/71, 3(2)(d)"),
        ("fr", "règlement n°\xa01182/71, article\xa03, paragraphe\xa04; "
               "lignes directrices 01/2022 du CEPD, points\xa0159-164; "
               "règlement n°\xa01182/71, article\xa03, paragraphe\xa02, point\xa0d)"),
        ("de", "Verordnung (EWG, Euratom) Nr.\xa01182/71, Art.\xa03 Abs.\xa04; "
               "EDSA-Leitlinien 01/2022, Rn.\xa0159-164; "
               "Verordnung (EWG, Euratom) Nr.\xa01182/71, Art.\xa03 Abs.\xa02 Buchst.\xa0d"),
    ],
)  # fmt: skip
def test_what_else_the_union_says_of_time_is_cited_in_the_language(language: str, said: str) -> None:
    english = "Regulation 1182/71, 3(4); EDPB Guidelines 01/2022, paragraphs 159-164; Regulation 1182/71, 3(2)(d)"
    with translation.override(language):
        assert cited(english) == said


@pytest.mark.parametrize(
    ("language", "place", "nominal", "said"),
    [
        ("en", "FR", date(2026, 12, 25), "(Christmas Day)"),
        ("fr", "FR", date(2026, 12, 25), "(Noël)"),
        ("de", "DE-BY", date(2026, 1, 6), "(Heilige Drei Könige)"),
        ("de", "FR", date(2026, 11, 14), "(Samstag)"),
        ("fr", "IE", date(2026, 3, 17), "(Saint Patrick's Day)"),  # That calendar knows no French.
        ("fr", "IE", date(2026, 3, 15), "(dimanche)"),
    ],
)
def test_why_nobody_works_on_a_day_is_said_in_the_language(language: str, place: str, nominal: date, said: str) -> None:
    moved = "{nominal} is not a working day ({why}), so the date moves to the next one, {due}."
    params = {"nominal": nominal, "why": "a holiday", "place": place, "due": nominal, "citation": "3(4)"}
    with translation.override(language):
        assert said in sentence(Sentence(moved, params))


@pytest.mark.parametrize(
    ("language", "names"), [("de", ["Oman", "Österreich", "Pakistan"]), ("fr", ["Allemagne", "Égypte", "Yémen"])]
)
def test_countries_are_sorted_without_regard_to_accents(language: str, names: list[str]) -> None:
    with translation.override(language):
        listed = [name for _place, name in places.choices()]
    assert sorted(names, key=listed.index) == names


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "said"), [("de", "Welche Bilder von Ihnen haben wir?"), ("fr", "Quelles images")])
def test_a_browser_that_asks_for_a_language_is_answered_in_it(client: Client, language: str, said: str) -> None:
    page = client.get("/", headers={"Accept-Language": f"{language}-CH,{language};q=0.9,en;q=0.5"}).content.decode()
    assert f'<html lang="{language}">' in page
    assert said in page


@pytest.mark.django_db
def test_many_languages_are_a_list_to_choose_from(client: Client, settings: Settings) -> None:
    settings.LANGUAGES = [(code, languages.own_name(code)) for code in ("en", "de", "fr", "mt", "pl")]
    page = client.get("/").content.decode()
    assert '<select name="language"' in page
    assert "Malti" in page


def test_every_column_filter_and_field_of_the_desk_has_a_name_that_is_translated() -> None:
    """A field without a name of its own is called by its attribute, in English, at a desk in any language."""
    from_django = {"auth"}
    plain = []
    for model, pages in admin.site._registry.items():
        named = {*pages.list_display, *(each for each in pages.list_filter if isinstance(each, str))}
        for name in sorted(named | set(pages.fields or [])):
            label = label_for_field(name, model, pages)
            if not isinstance(label, Promise) and name != "__str__" and model._meta.app_label not in from_django:
                plain.append(f"{model.__name__}.{name}: {label}")
    assert plain == []
