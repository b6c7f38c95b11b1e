"""With a keyboard alone, at 400 % zoom, and with the spacing of text that a reader may want."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actors import Citizen, Reviewer
from tests.browser.gallery import DESK
from tests.browser.stack import Stack
from tests.project import ROOT

pytestmark = pytest.mark.browser

MEASURES = Path(__file__).with_name("access.js").read_text(encoding="utf-8")
EMAIL = "keyboard.alone@example.org"
PUBLIC = ("", "request/rights/", "find/", "kept/", "transparency/", "nowhere/", "mailbox/", "desk/login/")


def measure(page: Page, name: str) -> Any:
    """What one function of `access.js` returns for the page."""
    return page.evaluate(f"({MEASURES.partition('(')[2].rpartition(')')[0]}).{name}()")


def go_to(page: Page, selector: str, *, key: str = "Tab") -> None:
    """Press Tab until this has the focus; at every stop on the way the focus can be seen."""
    for _step in range(80):
        page.keyboard.press(key)
        stop = measure(page, "stop")
        assert not stop or stop["wrong"] == [], f"{page.url}: {stop}"
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with {key} on {page.url}.")


def press(page: Page, selector: str, key: str) -> None:
    """Go there, press the key, and wait for the page that follows."""
    go_to(page, selector)
    with page.expect_navigation():
        page.keyboard.press(key)


NEXT = "main form button.button[type=submit]:not(.second)"


def test_a_request_is_made_and_opened_with_the_keyboard_alone(live: Stack, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 1280, "height": 700})
    citizen = Citizen(page, live)
    page.goto(live.url)
    go_to(page, ".skip")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    press(page, "main a[href*='/request/rights/']", "Enter")
    fill_in(citizen)
    code = citizen.code_from_mailbox(EMAIL, not_before=0)
    page.bring_to_front()
    go_to(page, "input[name=code]")
    page.keyboard.type(code)
    press(page, NEXT, "Enter")
    expect(page).to_have_url(f"{live.url}/requests/{citizen.request_id}/")
    go_to(page, "main a[href], main button, main summary")
    go_to(page, ".skip, header a", key="Shift+Tab")
    citizen.wait_for("searched")
    desk = new_page(viewport={"width": 1280, "height": 700})
    open_at_the_desk(desk, live, citizen)
    request = f"{live.url}/desk/rights/rightsrequest/{citizen.request_id}"
    check_narrow(desk, [f"{request}/change/", f"{request}/review/", f"{request}/messages/"])
    own = f"{live.url}/requests/{citizen.request_id}"
    check_narrow(page, [f"{own}/", f"{own}/live/", f"{own}/withdraw/"])
    citizen.withdraw()


def fill_in(citizen: Citizen) -> None:
    """The whole form, to the page that asks for the code."""
    page = citizen.page
    go_to(page, "input[name=rights][value=access]")
    if not page.locator("input[name=rights][value=access]").is_checked():
        page.keyboard.press("Space")
    press(page, NEXT, "Enter")
    go_to(page, "input[name=about]")
    page.keyboard.press("Space")
    expect(page.locator("input[name=about][value=me]")).to_be_checked()
    press(page, NEXT, "Enter")
    go_to(page, "input[name=email]")
    page.keyboard.type(EMAIL)
    press(page, NEXT, "Enter")
    go_to(page, "input[name=photo]")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(citizen.stack.var / "demo" / "selfies" / "P007.jpg")
    press(page, NEXT, "Enter")
    expect(page).to_have_url(re.compile("/request/check/"))
    press(page, NEXT, "Enter")
    expect(page).to_have_url(re.compile("/code/"))
    citizen.request_id = re.findall(r"/requests/([0-9a-f-]{36})/", page.url)[0]


def open_at_the_desk(page: Page, live: Stack, citizen: Citizen) -> None:
    """Sign in with password and code, and open the request that the list shows."""
    name = "reviewer-two"
    page.goto(f"{live.url}/desk/login/?next=/desk/rights/rightsrequest/")
    for field, value in (("username", name), ("password", live.logins()[name])):
        if not page.evaluate("(name) => document.activeElement.name === name", field):
            go_to(page, f"input[name={field}]")
        page.keyboard.type(value)
    press(page, "form [type=submit]", "Enter")
    if not page.evaluate("document.activeElement.name === 'code'"):
        go_to(page, "input[name=code]")
    page.keyboard.type(live.code(name))
    press(page, "form [type=submit]", "Enter")
    expect(page).to_have_url(f"{live.url}/desk/rights/rightsrequest/")
    live.sessions[name] = [cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid"]
    go_to(page, ".skip-to-content-link")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content-start"
    press(page, f"#result_list a[href*='{citizen.request_id}']", "Enter")
    expect(page.locator("main")).to_contain_text(citizen.reference())
    for _stop in range(15):
        page.keyboard.press("Tab")
        stop = measure(page, "stop")
        assert stop is None or stop["wrong"] == [], stop


def test_pages_fit_at_400_percent_and_lose_no_text_to_wider_spacing(live: Stack, new_page: Callable[..., Page]) -> None:
    page = new_page()
    staff = Reviewer(page, live)
    staff.sign_in("reviewer-two")
    check_narrow(
        page, [f"{live.url}/{path}" for path in (*PUBLIC, "desk/", *(f"desk/{path}" for path in DESK.values()))]
    )


def check_narrow(page: Page, addresses: list[str]) -> None:
    """A window of 1280 by 1024 at 400 % is 320 by 256 CSS pixels: WCAG 2.2, success criteria 1.4.10 and 1.4.12."""
    page.set_viewport_size({"width": 320, "height": 256})
    wrong: list[str] = []
    for address in addresses:
        page.goto(address)
        wrong += found(page, f"{address} at 320 pixels")
        measure(page, "space")
        wrong += found(page, f"{address} at 320 pixels, spaced")
    assert wrong == [], "\n".join(wrong)


def found(page: Page, where: str) -> list[str]:
    """What cannot be read without scrolling sideways, or at all."""
    words = {"wide": "too wide", "cut": "cut off", "sideways": "scrolls"}
    return [f"{where}: {said}: {one}" for name, said in words.items() for one in measure(page, name)]


def test_no_style_sheet_asks_how_the_screen_is_held() -> None:
    """WCAG 2.2, success criterion 1.3.4: the one rule of axe-core that the pages' policy lets nobody run."""
    sheets = sorted((ROOT / "static").glob("*.css"))
    assert sheets
    assert not [sheet.name for sheet in sheets if "orientation" in sheet.read_text(encoding="utf-8")]
