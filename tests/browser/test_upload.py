"""A picture on its way: shown, made smaller, its sending seen; and nothing is lost where network or file is bad."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Request, expect

from tests.browser.stack import Stack

pytestmark = pytest.mark.browser

PHOTO_STEP = re.compile("/request/photo/")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A picture of some megabytes, twelve megapixels, whose camera lay on its side."""
    random = np.random.default_rng(1).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    image = Image.fromarray(random).resize((4000, 3000), Image.Resampling.BICUBIC)
    exif = image.getexif()
    exif[0x0112] = 6  # To be turned by a quarter.
    image.save(tmp_path / "somebody's name.jpg", quality=97, exif=exif)
    return tmp_path / "somebody's name.jpg"


def to_the_photograph(page: Page, live: Stack) -> None:
    page.goto(f"{live.url}/request/rights/")
    page.locator("input[name=rights][value=access]").check()
    page.locator("main .actions button").first.click()
    page.locator("input[name=about][value=me]").check()
    page.locator("main .actions button").first.click()
    page.locator("input[name=email]").fill("somebody@example.org")
    page.locator("main .actions button").first.click()
    expect(page).to_have_url(PHOTO_STEP)


def test_a_large_picture_is_shown_made_smaller_and_survives_a_broken_network(
    live: Stack, new_page: Callable[..., Page], large: Path
) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    to_the_photograph(page, live)
    assert large.stat().st_size > 2_000_000
    page.locator("input[type=file]").set_input_files(large)
    expect(page.locator(".preview img")).to_be_visible()
    expect(page.locator(".preview")).to_contain_text("Made smaller on your device")
    page.locator(".preview button").click()
    expect(page.locator(".preview img")).to_have_count(0)
    assert page.locator("input[type=file]").input_value() == ""

    page.locator("input[type=file]").set_input_files(large)
    expect(page.locator(".preview")).to_contain_text("Made smaller on your device")
    page.route(PHOTO_STEP, lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.locator("main .actions button").first.click()
    expect(page.locator("[role=alert]")).to_contain_text("Nothing is lost")
    expect(page.locator(".preview img")).to_be_visible()

    page.unroute(PHOTO_STEP)
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.locator("main .actions button").first.click()
    expect(page).to_have_url(re.compile("/request/check/"))
    (post,) = sent
    body = post.post_data_buffer or b""
    assert len(body) < large.stat().st_size / 2
    assert b"somebody's name" not in body
    kept = Image.open(io.BytesIO(page.request.get(f"{live.url}/request/photo/picture/").body()))
    assert kept.width < kept.height  # Upright, though the note of it was not sent.
    assert max(kept.size) == 2000


def test_what_the_server_refuses_is_said_on_the_same_page_and_a_form_is_destroyed_when_asked(
    live: Stack, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page()
    to_the_photograph(page, live)
    words = tmp_path / "letter.jpg"
    words.write_text("This is no picture.")
    page.locator("input[type=file]").set_input_files(words)
    page.locator("main .actions button").first.click()
    expect(page.locator(".errors")).to_be_focused()
    expect(page).to_have_title(re.compile("^Error:"))
    expect(page).to_have_url(PHOTO_STEP)
    page.get_by_text("Destroy what I typed").click()
    expect(page.locator("main")).to_contain_text("What you typed is destroyed.")
    page.goto(f"{live.url}/request/contact/")
    expect(page).to_have_url(re.compile("/request/rights/"))
    expect(page.locator("input[name=rights]:checked")).to_have_count(0)
