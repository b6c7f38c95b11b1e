"""A real Chromium, a real server, worker and broker, the real dlib models."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.browser.album import Album
from tests.browser.gallery import SHOWN, write_index
from tests.browser.stack import Stack

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A camera that shows a test picture, and no question whether it may be used.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]

VIOLATION = "Content Security Policy"
"""In Chromium's own words, and in those of `REPORT`."""
REPORT = f"""document.addEventListener("securitypolicyviolation", (event) => console.error(
  "{VIOLATION}:", location.pathname, event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber))"""


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running Regard with a small demonstration collection."""
    stack = Stack(tmp_path_factory.mktemp("live"))
    stack.make_demo()
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def album(request: pytest.FixtureRequest) -> Iterator[Album]:
    """All pages, looked at. `make screenshots` names a folder in ALBUM and wants them photographed."""
    chosen = os.environ.get("ALBUM", "")
    album = Album(Path(chosen) if chosen else None)
    yield album
    if album.folder is not None:
        write_index(album.folder)
    whole = {"test_mistakes", "test_pages", "test_rare", "test_states", "test_story"} <= {
        Path(item.path).stem for item in request.session.items
    }
    if whole and not request.config.option.keyword and not request.session.testsfailed:
        assert album.seen == SHOWN | {""}, "Pages are looked at and not in SHOWN, or the other way round."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Only for one module: while Playwright's loop runs, Django refuses to touch its database here."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        message = "Chromium is missing: give its path in CHROMIUM, or install Debian's package `chromium`."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser, live: Stack) -> Iterator[Callable[..., Page]]:
    """Open a page in a browser profile of its own.

    What goes wrong in its scripts fails the test; so does all that its Content-Security-Policy refuses, and every
    request to anywhere else.
    """
    contexts, problems = [], []

    def watch(request: Request) -> None:
        by_name = live.url.replace("127.0.0.1", "localhost")  # A passkey belongs to a name.
        if not request.url.startswith((f"{live.url}/", f"{by_name}/", "blob:", "data:")):
            problems.append(f"asked elsewhere: {request.url}")

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and VIOLATION in message.text:
            problems.append(message.text)

    def open_page(**options: object) -> Page:
        context = browser.new_context(locale="en-GB", accept_downloads=True, **options)
        context.set_default_timeout(45_000)
        contexts.append(context)
        context.on("weberror", lambda error: problems.append(str(error.error)))
        context.on("request", watch)
        context.on("console", listen)
        context.add_init_script(REPORT)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "downloads"
    folder.mkdir()
    return folder
