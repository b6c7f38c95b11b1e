"""Pages of requests in the states that no story passes; what is asked before many are changed; pages that say no."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.actors import Citizen, Reviewer, notices
from tests.browser.album import Album
from tests.browser.stack import Stack, shell, until

pytestmark = pytest.mark.browser

MAKE = "from pathlib import Path; from tests.browser import states; print(states.make(Path({selfie!r})))"
AT_THE_DESK = ("photo", "overdue", "question", "extended", "held-up", "refused", "document-received", "closed")
NOT_ME = "not.me@example.org"
RENDER = """
import json
from django.template.loader import render_to_string
from django.utils import timezone
names = ("400", "403", "403_csrf", "413", "429", "500", "503")
print(json.dumps({name: render_to_string(f"{name}.html", {"until": timezone.localtime()}) for name in names}))
"""


def test_each_state_has_a_page_that_can_be_read(live: Stack, new_page: Callable[..., Page], album: Album) -> None:
    made = json.loads(shell(live, MAKE.format(selfie=str(live.var / "demo" / "selfies" / "P010.jpg"))))
    staff, page = Reviewer(new_page(), live), new_page()
    staff.sign_in("reviewer-one")
    for name in AT_THE_DESK:
        staff.open(made[name][0])
        album.take(staff.page, f"desk-40-{name}")
    staff.page.goto(f"{live.url}/desk/rights/rightsrequest/{made['messages'][0]}/messages/")
    album.take(staff.page, "desk-40-messages")
    offered = "SELECT COUNT(*) FROM portal_answer WHERE request_id = ? AND offered_at IS NOT NULL"
    until(lambda: live.value(offered, made["nothing-held"][0].replace("-", "")))
    for name, (key, link) in made.items():
        page.goto(re.sub("^https?://[^/]+", live.url, link))
        expect(page).to_have_url(f"{live.url}/requests/{key}/")
        album.take(page, f"citizen-40-{name}")
    _mails(live, page, album)
    _many_at_once(staff, album)


def _mails(live: Stack, page: Page, album: Album) -> None:
    """One of each kind that the states bring."""
    count = "SELECT COUNT(*) FROM portal_notice WHERE state <> 'sent' AND not_before < CURRENT_TIMESTAMP"
    until(lambda: live.value(count) == 0, what="every mail is sent")
    rows = live.rows("SELECT subject, id FROM portal_localmail WHERE \"to\" LIKE 'state.%'")
    kinds = {re.sub("REG-[A-Z0-9-]+", "", subject): mail for subject, mail in rows}
    assert len(kinds) >= 9, kinds
    for number, (_kind, mail) in enumerate(sorted(kinds.items())):
        page.goto(f"{live.url}/mailbox/{mail}/")
        album.take(page, f"mail-40-{number:02d}")


def _many_at_once(staff: Reviewer, album: Album) -> None:
    """Before it is done, what it will be done to; after, what was done."""
    page, queue = staff.page, f"{staff.stack.url}/desk/rights/rightsrequest/"
    for action in ("assign_to_other", "assign_to_me"):
        page.goto(queue)
        for box in page.locator("input[name=_selected_action]").all()[:3]:
            box.check()
        page.locator("select[name=action]").select_option(action)
        page.locator("button[name=index]").click()
        expect(page.locator("main")).to_contain_text("3 requests are meant")
        album.take(page, f"desk-41-{action.replace('_', '-')}")
    page.locator("form .desk-primary").click()
    expect(page.get_by_text("3 requests were assigned anew")).to_be_visible()
    album.take(page, "desk-41-assigned")


def test_a_picture_that_is_said_to_show_somebody_else_is_looked_at_again(
    live: Stack, new_page: Callable[..., Page], album: Album, downloads: Path
) -> None:
    citizen, staff = Citizen(new_page(), live), Reviewer(new_page(), live)
    citizen.ask(selfie=live.var / "demo" / "selfies" / "P010.jpg", email=NOT_ME, rights=("access",))
    citizen.type_code(NOT_ME)
    citizen.wait_for("searched")
    for name in ("reviewer-two", "reviewer-one"):
        staff.page.context.clear_cookies()
        staff.sign_in(name)
        staff.review(citizen.request_id, "P010")
    staff.finish_review(citizen.request_id)
    staff.grant(citizen.request_id, "access")
    until(lambda: "answer_ready" in [event for event, _key, _state in notices(live, citizen.request_id)])
    citizen.fetch_answer(NOT_ME, downloads / "answer.zip")
    page = citizen.page
    page.goto(f"{live.url}/requests/{citizen.request_id}/answer/pictures/")
    page.locator("form[action$='/not-me/'] button").first.click()
    expect(page.locator("main")).to_contain_text("Somebody looks at it again.")
    album.take(page, "citizen-43-not-me")
    staff.open(citizen.request_id)
    expect(staff.page.locator("#not-me img")).to_be_visible()
    album.take(staff.page, "desk-43-not-me")
    staff.page.locator("#not-me button[value=them]").click()
    expect(staff.page.locator("#not-me")).to_contain_text("looked at again: it shows the person")
    page.reload()
    expect(page.locator("main")).to_contain_text("We looked again and think that it is")
    album.take(page, "citizen-44-not-me-settled")


def test_a_link_to_set_a_password_is_shown_once(live: Stack, new_page: Callable[..., Page], album: Album) -> None:
    """For an account of its own: who made a link for another no longer signs beside them."""
    assert live.manage("add_staff", "linked-person", "--role", "triage").returncode == 0
    staff = Reviewer(new_page(), live)
    live.sessions.pop("reviewer-one", None)  # Only who showed the second factor lately makes one.
    staff.sign_in("reviewer-one")
    page = staff.page
    page.goto(f"{live.url}/desk/auth/user/")
    page.get_by_role("link", name="linked-person").click()
    page.locator("form[action$='/link/'] button").click()
    expect(page.locator("main")).to_contain_text("/desk/password/")
    album.take(page, "desk-44-link")


def test_what_goes_wrong_is_said_in_the_same_look(live: Stack, new_page: Callable[..., Page], album: Album) -> None:
    """The pages as the templates make them; how one gets there is tried without a browser."""
    rendered = json.loads(shell(live, RENDER))
    page = new_page()
    for name, html in rendered.items():
        page.route(f"{live.url}/wrong/{name}/", serving(html))
        page.goto(f"{live.url}/wrong/{name}/")
        expect(page.locator("h1")).to_be_visible()
        album.take(page, f"citizen-45-{name}")


def serving(html: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8")
