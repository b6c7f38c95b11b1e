"""Pages that the story does not pass, in both languages, on a telephone and a desktop; and the way without scripts."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.actors import Citizen, Reviewer
from tests.browser.album import Album, light_and_still
from tests.browser.gallery import DESK
from tests.browser.stack import Stack

pytestmark = pytest.mark.browser


def test_the_way_back_and_the_ways_out(live: Stack, new_page: Callable[..., Page], album: Album) -> None:
    citizen = Citizen(new_page(), live)
    email = "person.ten@example.org"
    citizen.ask(selfie=live.var / "demo" / "selfies" / "P010.jpg", email=email)
    citizen.type_code(email)
    citizen.wait_for("searched")
    _looks_again_by_itself(citizen.page, f"{live.url}/requests/{citizen.request_id}/")
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

    _before_the_camera(citizen, album)
    citizen.album = album
    citizen.withdraw()
    citizen.look("citizen-16-withdrawn")


def _looks_again_by_itself(page: Page, url: str) -> None:
    """While a worker is busy the page asks again, also after the server was away, and shows what is new."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.resource_type)
        if len(asked) == 2:
            route.fulfill(status=503, body="away")
            return
        response = route.fetch()
        text = response.text()
        if len(asked) == 1:
            text = text.replace('data-working="no"', 'data-working="yes"').replace(
                'data-version="', 'data-version="old-'
            )
        route.fulfill(response=response, body=text)

    page.route(url, answer)
    page.goto(url)
    expect(page.locator("#status")).to_have_attribute("data-working", "yes")
    expect(page.locator("#news")).to_have_text("There is news of your request.", timeout=45_000)
    expect(page.locator("#status")).to_have_attribute("data-working", "no")
    assert asked == ["document", "fetch", "fetch"]
    page.unroute(url)


def _before_the_camera(citizen: Citizen, album: Album) -> None:
    """Three frames of a camera that shows nobody, and the words for that."""
    page = citizen.page
    page.set_viewport_size({"width": 390, "height": 844})
    light_and_still(page, f"{citizen.stack.url}/requests/{citizen.request_id}/")
    light_and_still(page, f"{citizen.stack.url}/requests/{citizen.request_id}/live/")
    album.take(page, "citizen-17-live")
    page.locator("button[name=begin]").click()
    expect(page.locator("video")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    light_and_still(page, page.url)
    for number in (1, 2, 3):
        expect(page.locator("main")).to_contain_text(f"Picture {number} of 3")
        expect(page.locator("video")).to_be_visible()
        if number == 1:
            album.take(page, "citizen-18-camera")
        page.locator("#shoot").click()
    expect(page).to_have_url(re.compile(f"/requests/{citizen.request_id}/$"))
    expect(page.locator("#status")).to_contain_text("did not fit yet", timeout=60_000)
    page.goto(f"{citizen.stack.url}/requests/{citizen.request_id}/live/")
    expect(page.locator("main")).to_contain_text("could not see a face")
    album.take(page, "citizen-19-live-failed")


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


@pytest.mark.parametrize(("code", "name"), [("fr", "french"), ("de", "german")])
def test_the_pages_speak_other_languages(
    live: Stack, new_page: Callable[..., Page], album: Album, code: str, name: str
) -> None:
    page = new_page()
    page.goto(live.url)
    page.locator(f"button[name=language][value={code}]").click()
    expect(page.locator("html")).to_have_attribute("lang", code)
    album.take(page, f"citizen-19-front-{name}")
    page.set_viewport_size({"width": 390, "height": 844})
    brand = page.locator(".brand-name").bounding_box()
    assert brand is not None
    assert brand["height"] < 40, "the name at the top stays on one line, however long the other words are"
    for number, path in enumerate(("request/rights/", "kept/", "find/", "accessibility/"), 20):
        page.goto(f"{live.url}/{path}")
        album.take(page, f"citizen-{number}-{path.split('/')[-2]}-{name}")


def test_pages_for_everybody(live: Stack, new_page: Callable[..., Page], album: Album) -> None:
    page = new_page()
    for path in ("kept", "transparency", "accessibility", "api/docs"):
        page.goto(f"{live.url}/{path}/")
        album.take(page, f"citizen-24-{path.split('/')[0]}")


def test_every_page_of_the_desk_opens(live: Stack, new_page: Callable[..., Page], album: Album) -> None:
    staff = Reviewer(new_page(), live)
    staff.sign_in("reviewer-one")
    for name, path in DESK.items():
        response = staff.page.goto(f"{live.url}/desk/{path}")
        assert response is not None
        assert response.status == 200, path
        album.take(staff.page, f"desk-08-{name}")


def test_faces_are_framed_with_the_mouse_and_the_numbers_follow(
    live: Stack, new_page: Callable[..., Page], album: Album
) -> None:
    staff = Reviewer(new_page(), live)
    staff.sign_in("reviewer-one")
    page = staff.page
    page.goto(f"{live.url}/desk/matching/photo/{_photo(live)}/mark/")
    album.take(page, "desk-09-mark")
    canvas, first = page.locator(".desk-canvas"), page.locator("#boxes fieldset").first
    expect(canvas.locator("img")).to_be_visible()
    _draw(page, (0.25, 0.25), (0.5, 0.75))
    _draw(page, (0.5, 0.5), (0.501, 0.501))  # A tap is no face.
    numbers = [int(field.input_value()) for field in first.locator("input").all()]
    width, height = (int(page.locator("#mark").get_attribute(f"data-{side}") or 0) for side in ("width", "height"))
    wanted = (width / 4, height / 4, width / 2, 3 * height / 4)
    assert all(abs(number - edge) <= 6 for number, edge in zip(numbers, wanted, strict=True))
    expect(canvas.locator(".desk-frame:visible")).to_have_count(1)
    for _more in range(3):
        _draw(page, (0.6, 0.6), (0.9, 0.9))
    expect(page.locator("#boxes fieldset")).to_have_count(4)
    expect(page.locator("[name=box-TOTAL_FORMS]")).to_have_value("4")
    first.locator("[data-clear]").click()
    expect(canvas.locator(".desk-frame:visible")).to_have_count(3)
    page.locator("[name=box-1-right]").fill("9")
    expect(canvas.locator(".desk-frame:visible")).to_have_count(2)
    page.locator("#mark button[type=submit]").first.click()
    expect(page.get_by_text("outside the picture").first).to_be_visible()


def test_faces_are_marked_by_numbers_without_scripts(live: Stack, new_page: Callable[..., Page]) -> None:
    staff = Reviewer(new_page(java_script_enabled=False), live)
    staff.sign_in("reviewer-one")
    page = staff.page
    page.goto(f"{live.url}/desk/matching/photo/{_photo(live)}/mark/")
    expect(page.locator("noscript img, img[src*=grid]").first).to_be_visible()
    expect(page.locator(".desk-canvas")).to_be_hidden()
    for side, value in {"left": "0", "top": "0", "right": "99999", "bottom": "50"}.items():
        page.locator(f"[name=box-0-{side}]").fill(value)
    page.locator("#mark button[type=submit]").first.click()
    expect(page.get_by_text("outside the picture").first).to_be_visible()
    expect(page.locator("[name=box-0-right]")).to_have_value("99999")


def _photo(live: Stack) -> int:
    """A photo that is held."""
    return int(live.rows("SELECT MIN(id) FROM matching_photo WHERE status = 'read'")[0][0])


def _draw(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a frame over the picture; points are shares of its sides."""
    area = page.locator(".desk-canvas img").bounding_box()
    assert area is not None
    for number, (across, down) in enumerate((start, end)):
        page.mouse.move(area["x"] + across * area["width"], area["y"] + down * area["height"])
        if number:
            page.mouse.up()
        else:
            page.mouse.down()


def test_a_passkey_is_made_and_signs_in(live: Stack, new_page: Callable[..., Page], album: Album) -> None:
    """At `localhost`: a passkey belongs to a name, which 127.0.0.1 is not."""
    staff = Reviewer(new_page(), live)
    page, here = staff.page, live.url.replace("127.0.0.1", "localhost")
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    said = live.manage("add_staff", "passkey-person", "--role", "triage")
    link = re.findall(r"http://\S+", said.stdout)[0]
    assert link.startswith(f"{live.url}/"), "commands know where `make run` serves"
    page.goto(link.replace(live.url, here))
    album.take(page, "desk-09b-first-password")
    for field in ("new_password1", "new_password2"):
        page.locator(f"input[name={field}]").fill("correct horse battery staple")
    page.locator("form button[type=submit]").click()
    _password(page, "passkey-person")
    expect(page).to_have_url(re.compile("/desk/second/enrol/"))
    album.take(page, "desk-10-enrol")
    page.locator("#passkey button").click()
    expect(page).to_have_url(re.compile("/desk/second/factors/"))
    page.locator("button[name=codes]").click()
    expect(page.locator(".desk-codes li")).to_have_count(10)
    album.take(page, "desk-11-codes")
    page.goto(f"{here}/desk/auth/user/")
    expect(page.get_by_text("It takes the role")).to_be_visible()
    album.take(page, "desk-12-refused")
    page.context.clear_cookies()
    page.goto(f"{here}/desk/login/")
    album.take(page, "desk-01-login")
    _password(page, "passkey-person")
    expect(page).to_have_url(re.compile("/desk/second/"))
    album.take(page, "desk-01b-second")
    page.locator("#passkey button").click()
    expect(page).to_have_url(f"{here}/desk/")


def _password(page: Page, name: str) -> None:
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill("correct horse battery staple")
    page.locator("form [type=submit]").first.click()


def test_everything_works_without_scripts(live: Stack, new_page: Callable[..., Page]) -> None:
    citizen = Citizen(new_page(java_script_enabled=False), live)
    email = "without.scripts@example.org"
    citizen.ask(selfie=live.var / "demo" / "selfies" / "P001.jpg", email=email)
    citizen.type_code(email)
    citizen.wait_for("searched")
    citizen.page.reload()
    expect(citizen.page.locator("main")).to_contain_text(citizen.reference())
    citizen.withdraw()


def test_going_back_after_leaving_shows_nothing_of_the_request(live: Stack, new_page: Callable[..., Page]) -> None:
    citizen = Citizen(new_page(), live)
    email = "shared.computer@example.org"
    citizen.ask(selfie=live.var / "demo" / "selfies" / "P001.jpg", email=email)
    citizen.type_code(email)
    page = citizen.page
    citizen.withdraw()  # Of no use here, but an open one would hold other people's erasures up.
    page.goto(f"{live.url}/requests/{citizen.request_id}/")
    reference = citizen.reference()
    expect(page.locator("main")).to_contain_text(reference)
    page.locator("form[action='/leave/'] button").click()
    expect(page).to_have_url(f"{live.url}/")
    for _step in range(8):
        page.go_back(wait_until="load")
        assert reference not in page.content()
        assert email not in page.content()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/request/rights/",
        "/find/",
        "/transparency/",
        "/kept/",
        "/mailbox/",
        "/nowhere/",
        "/desk/login/",
        "/api/docs/",
    ],
)
def test_the_policy_refuses_nothing_that_a_page_needs(live: Stack, new_page: Callable[..., Page], path: str) -> None:
    page = new_page()  # It fails the test where the policy refuses something, and where something is asked elsewhere.
    answer = page.goto(live.url + path, wait_until="networkidle")
    assert answer is not None
    assert "script-src 'nonce-" in answer.headers["content-security-policy"]


def test_the_policy_lets_no_foreign_code_run(live: Stack, browser: Browser) -> None:
    page = browser.new_page()
    stopped: dict[str, str | None] = {}
    page.on("requestfailed", lambda request: stopped.update({request.url: request.failure}))
    page.goto(live.url)
    page.evaluate("""() => {
        const add = (name, more) => document.body.append(Object.assign(document.createElement(name), more));
        add("script", { textContent: "window.ran = 'inline'" });
        add("script", { src: "/static/desk.js", onload: () => { window.ran = "own, without a nonce" } });
        add("img", { src: "https://example.org/spy.png" });
        const spy = "<a id=spy href=# onclick='window.ran = 1' style='color: red'>x</a>";
        document.body.insertAdjacentHTML("beforeend", spy);
        document.getElementById("spy").click();
    }""")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert page.evaluate("getComputedStyle(document.getElementById('spy')).color") != "rgb(255, 0, 0)"
    assert stopped["https://example.org/spy.png"] == "csp"
    page.close()


@pytest.mark.parametrize(
    "path", ["/", "/request/rights/", "/find/", "/transparency/", "/kept/", "/desk/login/", "/api/docs/"]
)
def test_a_page_is_light_and_nothing_in_it_moves(live: Stack, new_page: Callable[..., Page], path: str) -> None:
    """Under 150 KB with all it needs, unpacked; and a layout shift of nothing that anybody would notice."""
    light_and_still(new_page(viewport={"width": 390, "height": 844}), live.url + path)
