"""What the browser does with a picture: reduces it, shows it, sends it, and keeps the form when that fails."""

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.actors import Album
from tests.browser.stack import Stack

pytestmark = pytest.mark.browser

RECORD = """() => {
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (data) {
    this.upload.addEventListener("progress", (event) => { sessionStorage.sent = event.total; });
    send.call(this, data);
  };
}"""
"""Keeps how many bytes a script sends, for the page after it to say."""


def large_photo() -> bytes:
    """A JPEG of 3000 x 2000 pixels that its EXIF says to stand upright, with noise that compresses badly."""
    noise = np.random.default_rng(7).integers(0, 255, (250, 375, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise).resize((3000, 2000)).save(buffer, "JPEG", quality=98, exif=exif)
    return buffer.getvalue()


def at_the_photo(page: Page, live: Stack) -> None:
    page.goto(f"{live.url}/request/rights/")
    page.locator("input[name=rights][value=access]").check()
    forward(page)
    page.locator("input[name=about][value=me]").check()
    forward(page)
    page.locator("input[name=email]").fill("large.picture@example.org")
    page.locator("input[name=language][value=en]").check()
    forward(page)
    expect(page).to_have_url(re.compile("/request/photo/"))


def forward(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()


def test_a_large_picture_is_shown_and_reduced_before_it_is_sent(
    live: Stack, new_page: Callable[..., Page], album: Album
) -> None:
    page = new_page()
    page.set_default_timeout(15_000)
    at_the_photo(page, live)
    data = large_photo()
    page.locator("input[name=photo]").set_input_files({"name": "ada.jpg", "mimeType": "image/jpeg", "buffer": data})
    expect(page.locator(".chosen-picture")).to_be_visible()
    expect(page.locator(".chosen-words")).to_contain_text("2000 × 3000")
    expect(page.locator(".chosen-words")).to_contain_text("Reduced on your device")
    chosen = "document.querySelector('input[name=photo]').files[0]"
    assert page.evaluate(f"{chosen}.name") == "picture.jpg"
    assert page.evaluate(f"createImageBitmap({chosen}).then((b) => [b.width, b.height])") == [1333, 2000]
    assert page.evaluate(f"{chosen}.size") < len(data) / 2

    page.route("**/request/photo/", lambda route: route.abort())
    forward(page)
    expect(page.locator(".chosen-words")).to_contain_text("could not be sent")
    expect(page.locator(".chosen-words")).to_be_focused()
    album.take(page, "citizen-20-not-sent")
    page.unroute("**/request/photo/")

    page.evaluate(RECORD)
    forward(page)
    expect(page).to_have_url(re.compile("/request/check/"))
    expect(page.locator("img.portrait")).to_be_visible()
    assert 0 < int(page.evaluate("sessionStorage.sent")) < len(data) / 2


def test_what_the_server_says_of_a_file_is_shown_as_without_scripts(
    live: Stack, new_page: Callable[..., Page], album: Album
) -> None:
    page = new_page()
    page.set_default_timeout(15_000)
    at_the_photo(page, live)
    page.locator("input[name=photo]").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    )
    expect(page.locator(".chosen-words")).to_contain_text("does not look like a picture")
    forward(page)
    expect(page.locator(".errors")).to_be_focused()
    expect(page).to_have_title(re.compile("^Error:"))
    page.locator(".errors a").click()
    expect(page.locator("input[name=photo]")).to_be_focused()
    page.goto(f"{live.url}/request/rights/")
    expect(page.locator("main")).to_contain_text("You have begun this form already")
    album.take(page, "citizen-21-go-on")


def test_the_photograph_can_be_taken_with_the_camera_of_the_device(live: Stack, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.set_default_timeout(15_000)
    at_the_photo(page, live)
    field = page.locator("input[name=photo]")
    page.get_by_role("button", name="with this device’s camera").click()
    expect(page.locator("video")).to_be_visible()
    expect(field).to_be_hidden()
    expect(page.locator(".camera-hint")).not_to_be_empty()
    page.get_by_role("button", name="Without the camera").click()
    expect(field).to_be_visible()
    page.get_by_role("button", name="with this device’s camera").click()
    page.get_by_role("button", name="Take the picture").click()
    expect(page.locator(".chosen-picture")).to_be_visible()
    assert page.evaluate("document.querySelector('video').srcObject.active") is False, "the camera is closed"
    forward(page)
    expect(page).to_have_url(re.compile("/request/check/"))
    expect(page.locator("main img.portrait")).to_be_visible()
