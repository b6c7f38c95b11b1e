"""Pages that the story does not pass, in both languages, on a telephone and a desktop; and the way without scripts."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actors import Album, Citizen, Reviewer
from tests.browser.stack import Stack

pytestmark = pytest.mark.browser

DESK = {
    "enter": "rights/rightsrequest/enter/",
    "journal": "rights/journalentry/",
    "notices": "portal/notice/",
    "jobs": "portal/job/",
    "sources": "matching/source/",
    "photos": "matching/photo/",
    "profile": "portal/controllerprofile/1/change/",
    "recipients": "portal/recipient/",
    "staff": "auth/user/",
}


def test_the_way_back_and_the_ways_out(live: Stack, new_page: Callable[..., Page], album: Album) -> None:
    citizen = Citizen(new_page(), live)
    email = "person.ten@example.org"
    citizen.ask(selfie=live.var / "demo" / "selfies" / "P010.jpg", email=email)
    citizen.type_code(email)
    citizen.wait_for("searched")
    stranger = new_page()
    stranger.goto(f"{live.url}/requests/{citizen.request_id}/")
    expect(stranger).to_have_url(re.compile("/find/"))
    album.take(stranger, "citizen-13-find")
    stranger.locator("input[name=reference]").fill(citizen.reference())
    stranger.locator("input[name=email]").fill("somebody.else@example.org")
    stranger.locator("main form button").first.click()
    expect(stranger).to_have_url(re.compile("/code/"))
    album.take(stranger, "citizen-14-find-code")
    stranger.locator("input[name=code]").fill("000000")
    stranger.locator("main form button").first.click()
    expect(stranger.locator("main")).to_contain_text("not right")
    album.take(stranger, "citizen-15-wrong-code")

    citizen.album = album
    citizen.withdraw()
    citizen.look("citizen-16-withdrawn")


def test_a_mistake_is_named_at_the_top_and_at_its_field(
    live: Stack, new_page: Callable[..., Page], album: Album
) -> None:
    page = new_page()
    page.goto(f"{live.url}/request/rights/")
    page.locator("main form button.button:not(.second)").first.click()
    expect(page).to_have_title(re.compile("^Error:"))
    album.take(page, "citizen-17-error")


def test_an_address_that_leads_nowhere_says_so(live: Stack, new_page: Callable[..., Page], album: Album) -> None:
    page = new_page()
    response = page.goto(f"{live.url}/nowhere/")
    assert response is not None
    assert response.status == 404
    album.take(page, "citizen-18-not-found")


def test_the_pages_speak_french(live: Stack, new_page: Callable[..., Page], album: Album) -> None:
    page = new_page()
    page.goto(live.url)
    page.locator("button[name=language][value=fr]").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    album.take(page, "citizen-19-front-french")
    page.goto(f"{live.url}/request/rights/")
    album.take(page, "citizen-20-rights-french")


def test_every_page_of_the_desk_opens(live: Stack, new_page: Callable[..., Page], album: Album) -> None:
    staff = Reviewer(new_page(), live)
    staff.sign_in("reviewer-one")
    for name, path in DESK.items():
        response = staff.page.goto(f"{live.url}/desk/{path}")
        assert response is not None
        assert response.status == 200, path
        album.take(staff.page, f"desk-08-{name}")


def test_everything_works_without_scripts(live: Stack, new_page: Callable[..., Page]) -> None:
    citizen = Citizen(new_page(java_script_enabled=False), live)
    email = "without.scripts@example.org"
    citizen.ask(selfie=live.var / "demo" / "selfies" / "P001.jpg", email=email)
    citizen.type_code(email)
    citizen.wait_for("searched")
    citizen.page.reload()
    expect(citizen.page.locator("main")).to_contain_text(citizen.reference())
    citizen.withdraw()


def test_nothing_is_loaded_from_anywhere_else(live: Stack, new_page: Callable[..., Page]) -> None:
    page = new_page()
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(live.url) else None)
    for path in ("/", "/request/rights/", "/find/", "/transparency/", "/mailbox/", "/desk/login/", "/api/docs/"):
        page.goto(live.url + path)
    assert [url for url in elsewhere if not url.startswith(("data:", "blob:"))] == []
