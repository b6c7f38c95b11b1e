"""The page of figures and its JSON: readable by everybody, and saying nothing about anybody."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from rights.law.grounds import GROUNDS
from rights.models import Claim, Decision, RightsRequest
from tests.portal.citizens.person import Person

pytestmark = pytest.mark.django_db

SPRING = datetime(2025, 3, 10, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_is_cached() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def record(
    number: int, *, outcome: str = "granted", at: datetime = SPRING, days: int = 7, right: str = "access"
) -> list[Claim]:
    """So many claims, answered."""
    claims = []
    for _claim in range(number):
        due = at.date() + timedelta(days=31)
        request = RightsRequest.objects.create(
            reference=f"R{RightsRequest.objects.count()}", country="FR", time_zone="Europe/Paris", channel="web",
            language="en", received_at=at, nominal_due=due, due=due, state="closed", state_since=at, ended_at=at,
        )  # fmt: skip
        claims += [
            Claim.objects.create(request=request, right=right, outcome=outcome, fulfilled_at=at + timedelta(days=days))
        ]
    return claims


def html() -> str:
    response = Client().get("/transparency/")
    assert response.status_code == 200
    return response.content.decode()


def table(page: str, caption: str) -> list[list[str]]:
    """The words of a table, row by row."""
    found = next(part for part in re.findall(r"<table.*?</table>", page, re.DOTALL) if f">{caption}<" in part)
    rows = re.findall(r"<tr>(.*?)</tr>", found, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]


def figures() -> dict[str, Any]:
    answer = Client().get("/api/transparency/")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def numbers(value: object) -> Iterator[dict[str, Any]]:
    """Every number of the JSON with its mark."""
    if isinstance(value, dict):
        if "count" in value:
            yield value
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, list):
        for part in value:
            yield from numbers(part)


def test_a_few_requests_are_one_sentence_and_no_table() -> None:
    record(4)
    page = html()
    assert "Fewer than 5 requests for each right" in page
    assert "<table" not in page
    record(1)
    assert "<table" not in html(), "figures are renewed every ten minutes"
    cache.clear()
    assert "Fewer than 5 requests for each right" not in html()


def test_an_empty_installation_says_that_there_is_nothing_to_count() -> None:
    page = html()
    assert "There is nothing to count yet." in page
    assert "<table" not in page
    assert [right["total"] for right in figures()["rights"]] == [{"count": 0, "suppressed": False}] * 2


def test_a_request_of_this_month_is_not_told(person: Person) -> None:
    person.ask()
    assert "There is nothing to count yet." in html()


def test_the_page_tells_the_numbers_in_words_and_tables() -> None:
    record(12)
    record(6, outcome="nothing_held", days=40)
    page = html()
    assert ["Granted", "12", "0"] in table(page, "Requests by outcome")
    assert ["Total", "18", "0"] in table(page, "Requests by outcome")
    assert ["Answered late", "6", "0"] in table(page, "Answers in time and late")
    half, nine = table(page, "Days from receipt to answer")[1:]
    assert (half[1:], nine[1:]) == (["7 days", "not shown"], ["40 days", "not shown"])
    assert ["March 2025", "18", "0"] in table(page, "Requests by month, earlier")
    assert len(table(page, "Requests by month")) == 1 + 12
    assert "Nothing was refused." in page


def test_every_table_has_a_caption_and_scopes_and_every_bar_is_silent() -> None:
    record(9)
    page = html()
    assert page.count("<table") == page.count("<caption>") == 7
    for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL):
        assert re.search(r'<th scope="(col|row)">', row)
    bars = re.findall(r"<svg class=\"bar\".*?>", page, re.DOTALL)
    assert bars
    assert all('aria-hidden="true"' in bar for bar in bars)
    assert [width for width in re.findall(r'<rect width="(\d+)"', page) if int(width) > 100] == []
    assert not re.search(r"<style|\sstyle=", page)


def test_no_small_number_is_in_the_page_or_the_json(staff: Any) -> None:
    record(20)
    for outcome, number in (("nothing_held", 3), ("refused", 2)):
        for claim in record(number, outcome=outcome, at=SPRING.replace(month=5)):
            if outcome == "refused":
                Decision.objects.create(
                    claim=claim, outcome=outcome, ground="not-identifiable", reasons="No.", decided_by=staff,
                    decided_at=SPRING,
                )  # fmt: skip
    for value in numbers(figures()):
        assert value["suppressed"] == (value["count"] is None)
        assert value["count"] not in (1, 2, 3, 4)
    told = re.findall(r"<td>(.*?)</td>", html(), re.DOTALL)
    words = {re.sub(r"<[^>]+>", " ", cell).strip() for cell in told}
    assert {"not shown", "25"} <= words
    assert not words & {"1", "2", "3", "4"}


def test_a_handful_of_requests_is_told_as_fewer_than_five() -> None:
    record(3)
    record(5, right="erasure")
    assert ["Total", "fewer than 5", "5"] in table(html(), "Requests by outcome")
    first = figures()["rights"][0]
    assert first["total"] == {"count": None, "suppressed": True}
    assert all(value["count"] is None for value in numbers(first))
    assert first["days"] == {"median": None, "percentile_90": None, "suppressed": True}


def test_a_ground_is_told_with_its_title_and_its_rule(staff: Any) -> None:
    for claim in record(5, outcome="refused"):
        Decision.objects.create(
            claim=claim,
            outcome="refused",
            ground="not-identifiable",
            reasons="No.",
            decided_by=staff,
            decided_at=SPRING,
        )
    ground = GROUNDS["not-identifiable"]
    rule = "GDPR 12(2), GDPR 11(2)"
    assert table(html(), "Refusals by ground")[1:] == [[f"{ground.title} ({rule})", "5", "0"]]
    found = next(part for part in figures()["rights"][0]["refusals"] if part["key"] == "not-identifiable")
    assert (found["count"], found["title"], found["citation"]) == (5, ground.title, ground.citation)


def test_the_json_names_the_last_month_counted_and_holds_no_row_of_anybody() -> None:
    claims = record(7)
    body = Client().get("/api/transparency/").content.decode()
    last = timezone.localdate().replace(day=1) - timedelta(days=1)
    assert figures()["until"] == f"{last:%Y-%m}"
    assert not [claim for claim in claims if str(claim.request_id) in body or f'"{claim.request.reference}"' in body]


def test_the_schema_says_what_each_field_means(client: Client) -> None:
    schema = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    named = {name: part for name, part in schema["components"]["schemas"].items() if name in ("Part", "Count", "Days")}
    assert set(named) == {"Part", "Count", "Days"}
    for part in named.values():
        assert all(field.get("description") for field in part["properties"].values())


def test_it_is_linked_from_every_page_keeps_the_policy_and_only_reads(client: Client) -> None:
    assert reverse("citizens:transparency") in client.get("/find/").content.decode()
    assert "default-src 'none'" in client.get("/transparency/").headers["Content-Security-Policy"]
    assert client.post("/transparency/").status_code == 405
    assert client.post("/api/transparency/").status_code == 405
