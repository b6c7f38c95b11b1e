"""Forms as they come back with what is wrong, and the pages that Django brings along, for axe-core."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actors import Citizen, Reviewer
from tests.browser.album import Album
from tests.browser.stack import Stack

pytestmark = pytest.mark.browser

FORMS = (
    "rights/rightsrequest/enter/",
    "portal/recipient/add/",
    "portal/messagetext/add/",
    "auth/user/add/",
    "password_change/",
)


def test_forms_with_mistakes_and_confirmations_of_the_desk_are_accessible(
    live: Stack, new_page: Callable[..., Page], album: Album
) -> None:
    staff = Reviewer(new_page(), live)
    staff.sign_in("reviewer-one")
    page = staff.page
    for path in FORMS:
        page.goto(f"{live.url}/desk/{path}")
        _send_with_mistakes(page, "#content form, main form")
        album.take(page, f"desk-42-mistakes-{path.strip('/').replace('/', '-')}")
    page.goto(f"{live.url}/desk/portal/messagetext/add/")
    page.locator("input[name=title]").fill("Of this test")
    page.locator("textarea[name=words]").fill("Words.")
    page.locator("input[name=_continue], button[name=_continue]").first.click()
    expect(page).to_have_url(re.compile("/change/"))
    text = page.url.partition("/change/")[0]
    for path in ("change", "history", "delete"):
        page.goto(f"{text}/{path}/")
        album.take(page, f"desk-42-text-{path}")
    page.locator("#content form [type=submit]").first.click()
    expect(page).to_have_url(re.compile("/messagetext/$"))


def test_steps_of_the_form_with_mistakes_are_accessible(
    live: Stack, new_page: Callable[..., Page], album: Album
) -> None:
    page = new_page()
    citizen = Citizen(page, live)
    page.goto(f"{live.url}/request/rights/")
    right = {"rights": "input[value=access]", "person": "input[value=me]", "contact": "input[name=email]", "photo": ""}
    for step, answer in right.items():
        expect(page).to_have_url(re.compile(f"/request/{step}/"))
        _send_with_mistakes(page, "main form:has(.button:not(.second))")
        expect(page).to_have_title(re.compile("^Error:"))
        album.take(page, f"citizen-42-mistakes-{step}")
        if step == "contact":
            page.locator(answer).fill("with.mistakes@example.org")
            page.locator("input[name=language][value=en]").check()
            citizen.next()
        elif answer:
            page.locator(answer).check()
            citizen.next()
    page.goto(f"{live.url}/find/")
    _send_with_mistakes(page, "main form")
    expect(page).to_have_title(re.compile("^Error:"))
    album.take(page, "citizen-42-mistakes-find")


def _send_with_mistakes(page: Page, form: str) -> None:
    """Empty every field and send, whatever the browser thinks of that."""
    with page.expect_navigation():
        page.locator(form).first.evaluate("""form => {
            form.querySelectorAll("input[type=text], input[type=email], textarea").forEach(one => { one.value = ""; });
            form.querySelectorAll(":checked").forEach(one => { one.checked = false; });
            form.noValidate = true;
            form.requestSubmit(form.querySelector("[name=_save], [type=submit]:not(.second)"));
        }""")
