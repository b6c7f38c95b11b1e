"""A hundred hits reviewed with the keyboard: no page is loaded, and every picture is given out once."""

import re
from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.actors import Album, Citizen, Reviewer
from tests.browser.stack import Stack

pytestmark = pytest.mark.browser

MANY = 80
MORE_HITS = """
import secrets
from uuid import UUID
from matching import reviews
from matching.models import Face, Hit
search = reviews.latest_search(UUID("{request}"))
known = set(search.hits.values_list("face_key", flat=True))
faces = list(Face.objects.exclude(pk__in=known).order_by("pk")[: {many} - len(known)])
rows = [Hit(search=search, face=face, face_key=face.pk, photo_id=face.photo_id) for face in faces]
rows += [Hit(search=search, face_key=secrets.randbits(62)) for _each in range({many} - len(known) - len(rows))]
for number, hit in enumerate(rows):
    hit.distance, hit.band, hit.distances = 0.5 + number / 2000, "possible", [0.5 + number / 2000]
Hit.objects.bulk_create(rows)
"""
"""Faces held become hits, and if they are too few the rest are of pictures that are gone."""


@pytest.fixture
def reviewer(live: Stack, new_page: Callable[..., Page], album: Album) -> Reviewer:
    """Before the first of a hundred hits."""
    citizen = Citizen(new_page(), live)
    selfie, email = live.var / "demo" / "selfies" / "P007.jpg", "many.hits@example.org"
    citizen.ask(selfie=selfie, email=email, rights=("erasure",))  # For a copy, the erasures of other tests would wait.
    citizen.type_code(email)
    citizen.wait_for("searched")
    made = live.manage("shell", "-c", MORE_HITS.format(request=citizen.request_id, many=MANY))
    assert made.returncode == 0, made.stderr
    staff = Reviewer(new_page(), live, album)
    staff.sign_in("reviewer-one")
    staff.page.goto(f"{live.url}/desk/rights/rightsrequest/{citizen.request_id}/review/")
    return staff


def number(page: Page) -> int:
    """Which hit is before the reviewer."""
    return int(re.findall(r"Hit (\d+) of", page.locator(".desk-tools h2").inner_text())[0])


def press(page: Page, key: str, *, to: int) -> None:
    page.keyboard.press(key)  # Looked at with every frame: `expect` would wait a tenth of a second each time.
    shown = "(said) => document.querySelector('.desk-tools h2')?.textContent === said"
    page.wait_for_function(shown, arg=f"Hit {to} of {MANY}")


def test_a_hundred_hits_are_reviewed_with_the_keyboard_on_one_page(reviewer: Reviewer, live: Stack) -> None:
    page = reviewer.page
    loaded, fetched = [], Counter[str]()

    def note(request: Request) -> None:
        if request.is_navigation_request():
            loaded.append(request.url)
        elif request.resource_type == "image":
            fetched[request.url] += 1

    first = page.locator(".desk-stage img").nth(1).get_attribute("src")
    page.on("request", note)
    press(page, "n", to=2)
    press(page, "z", to=1)
    expect(page.locator("#said")).to_contain_text("Taken back.")
    press(page, "ArrowRight", to=2)
    press(page, "ArrowLeft", to=1)
    reviewer.look("desk-04-review-aligned")
    _enlarge(page)
    _look_at_the_whole(page)
    _switch_keys_off(page)
    press(page, "Control+n", to=1)  # The browser's own.
    for hit in range(1, MANY):
        press(page, "sn"[hit % 2], to=hit + 1)
    page.keyboard.press("u")
    expect(page.locator("#review")).to_contain_text("You have judged every hit")
    page.keyboard.press("z")
    expect(page.locator(".desk-tools h2")).to_have_text(f"Hit {MANY} of {MANY}")
    page.keyboard.press("u")
    expect(page.locator("#verdict")).to_have_count(0)
    assert loaded == []
    request = re.findall(r"/([0-9a-f-]{36})/", page.url)[0].replace("-", "")
    assert live.value("SELECT count(*) FROM matching_review WHERE subject = ?", request) == MANY
    assert set(fetched.values()) == {1}, "Each picture is given out once: that counts as a look."
    assert not any(str(first) in address for address in fetched), "What the page came with is not fetched again."


def _enlarge(page: Page) -> None:
    """Both alike; what moves one moves the other."""
    left, right = (page.locator(".desk-stage").nth(place) for place in (0, 1))
    for _each in range(3):
        page.keyboard.press("+")
    expect(page.locator(".desk-percent")).to_have_text("300")
    sizes = [stage.evaluate("(e) => [e.scrollWidth / e.clientWidth, e.scrollLeft]") for stage in (left, right)]
    assert sizes[0] == sizes[1]
    assert sizes[0][0] == pytest.approx(3, abs=0.05)
    left.evaluate("(e) => e.scrollTo(40, 60)")
    page.wait_for_function("() => document.querySelectorAll('.desk-stage')[1].scrollTop === 60")
    page.keyboard.press("0")
    expect(page.locator(".desk-percent")).to_have_text("100")


def _look_at_the_whole(page: Page) -> None:
    for shown in ("Picture with the face framed", "Face found"):
        page.keyboard.press("w")
        expect(page.locator(f".desk-stage img[alt='{shown}']")).to_be_visible()


def _switch_keys_off(page: Page) -> None:
    page.locator(".desk-keys summary").click()
    page.locator("#keys").uncheck()
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("n")
    assert number(page) == 1
    page.locator("#keys").check()
    page.locator("h1").click()
