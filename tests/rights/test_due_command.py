"""`manage.py due`: a date on the command line, and exit status 2 with what was wrong."""

import json
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.project import ROOT

JANUARY = ["--regime", "gdpr", "--country", "FR", "--received", "2026-01-31T22:30+01:00"]


def due(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("due", *arguments, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def replaced(name: str, value: str) -> list[str]:
    return [value if JANUARY[max(0, n - 1)] == name and n else word for n, word in enumerate(JANUARY)]


def test_it_says_the_dates_the_limit_of_an_extension_the_rules_and_the_steps() -> None:
    found = due(*JANUARY)
    assert (found["nominal_due"], found["due"], found["extension_limit"]) == ("2026-02-28", "2026-03-02", "2026-03-02")
    assert "GDPR 12(3)" in found["citation"]
    assert found["derivation"][0] == "Your request reached us on 2026-01-31. This day itself does not count."
    assert len(found["derivation"]) == 4


def test_a_pause_and_an_extension() -> None:
    assert due(*JANUARY, "--pause", "2026-02-03/2026-02-10")["due"] == "2026-03-09"
    assert due(*JANUARY, "--pause", "identity:2026-02-03/2026-02-10")["due"] == "2026-03-09"
    assert due(*JANUARY, "--extended-on", "2026-02-20")["due"] == "2026-04-30"
    assert due(*JANUARY, "--pause", "2026-02-03/")["due"] == "2026-03-02"


def test_a_regime_without_an_extension_has_no_limit_for_one() -> None:
    found = due("--regime", "lgpd", "--country", "BR", "--received", "2026-03-01T10:00-03:00")
    assert (found["due"], found["extension_limit"]) == ("2026-03-16", None)


def test_other_acts_have_their_own_dates() -> None:
    california = ["--regime", "ccpa", "--country", "us", "--subdivision", "ca", "--received", "2026-03-02T10:00-08:00"]
    assert due(*california, "--act", "acknowledge")["due"] == "2026-03-16"
    assert due(*california, "--act", "opt_out")["due"] == "2026-03-23"


def test_for_people_it_prints_sentences() -> None:
    out = StringIO()
    call_command("due", *JANUARY, stdout=out)
    assert "Due: 2026-03-02 (nominal: 2026-02-28)" in out.getvalue()
    assert "{" not in out.getvalue()


@pytest.mark.parametrize(
    ("received", "country", "zone", "due_on"),
    [
        ("2026-01-31T23:30+00:00", "FR", None, "2026-03-02"),  # 00:30 of 1 February in Paris; 1 March is a Sunday.
        ("2026-03-31T22:30+00:00", "FR", None, "2026-05-04"),  # 00:30 of 1 April in Paris.
        ("2026-03-31T22:30+00:00", "FR", "Europe/Lisbon", "2026-04-30"),
        ("2026-03-31T23:30+01:00", "PT", None, "2026-04-30"),  # Lisbon, by its offset; Madeira has the same.
    ],
)
def test_the_day_of_receipt_is_that_of_the_country_unless_a_zone_is_named(
    received: str, country: str, zone: str | None, due_on: str
) -> None:
    more = ["--time-zone", zone] if zone else []
    assert due("--regime", "gdpr", "--country", country, "--received", received, *more)["due"] == due_on


WRONG = {
    "regime": ([*replaced("--regime", "mars")], "no regime 'mars'"),
    "country": ([*replaced("--country", "ZZ")], "'ZZ' is unknown"),
    "subdivision": ([*JANUARY, "--subdivision", "QQ"], "'FR-QQ'"),
    "zone": ([*JANUARY, "--time-zone", "Europe/Atlantis"], "'Europe/Atlantis' is unknown"),
    "late extension": ([*JANUARY, "--extended-on", "2026-03-03"], "too late"),
    "early extension": ([*JANUARY, "--extended-on", "2026-01-30"], "before the receipt"),
    "late pause": ([*JANUARY, "--pause", "2026-03-03/2026-03-04"], "had ended"),
    "act": ([*JANUARY, "--act", "appeal"], "no such period"),
    "act with a pause": (
        ["--regime", "ccpa", "--country", "US", "--subdivision", "CA", "--received", "2026-03-02T10:00-08:00",
         "--act", "opt_out", "--pause", "2026-03-03/2026-03-04"], "Only the answer"),
    "which of many zones": (
        ["--regime", "ccpa", "--country", "US", "--received", "2026-02-01T05:30+00:00"], "name it with --time-zone"),
    "end of time": ([*replaced("--received", "9999-12-31T22:30+01:00")], "out of range"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_bad_input_ends_with_status_two_and_says_what_was_wrong(wrong: tuple[list[str], str]) -> None:
    with pytest.raises(CommandError, match=wrong[1]) as error:
        call_command("due", *wrong[0], stdout=StringIO())
    assert error.value.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--received", "2026-13-31T22:30+01:00"], "not a moment"),
        (["--received", "2026-01-31T22:30"], "no offset"),
        (["--received", "yesterday"], "not a moment"),
        (["--extended-on", "2026-02-30"], "not a day"),
        (["--pause", "2026-02-03"], "not two days"),
        (["--pause", "2026-02-10/2026-02-03"], "before the question"),
        (["--pause", "moon:2026-02-03/2026-02-10"], "moon"),
        (["--pause", "2026-02-03/tomorrow"], "not a day"),
        (["--act", "dance"], "invalid choice"),
    ],
)
def test_an_argument_that_cannot_be_read_says_so(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("due", *JANUARY, *arguments, stdout=StringIO())


@pytest.mark.parametrize("wrong", [["--received", "yesterday"], ["--country", "ZZ"], ["--extended-on", "2026-03-03"]])
def test_on_the_command_line_the_status_is_two(wrong: list[str]) -> None:
    command = [sys.executable, "manage.py", "due", *JANUARY, *wrong]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.strip()
    assert "Traceback" not in ended.stderr
