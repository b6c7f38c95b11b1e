"""Pages that need a case of their own: acting for somebody, an identity document, a photo that is held back."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actors import Citizen, Reviewer
from tests.browser.album import Album
from tests.browser.stack import Stack, shell

pytestmark = pytest.mark.browser

AGENT = "agent.of.somebody@example.org"
CONCERNED = "concerned.herself@example.org"
HELD = """
from matching.models import Face, Hold, TemplateSuppression
key, face = "{request}", Face.objects.select_related("photo").order_by("pk").first()
kept = TemplateSuppression.objects.create(subject=key, ends_on="2099-01-01")
box = [face.left, face.top, face.right, face.bottom]
print(Hold.objects.create(
    suppression=kept, face_key=face.pk, sha256=face.photo.sha256, box=box, distance=0.41, band="match").pk)
"""


def test_acting_for_somebody_and_being_asked_for_a_document(
    live: Stack, new_page: Callable[..., Page], album: Album
) -> None:
    agent = ask_for_another(live, new_page(), album)
    page, here = agent.page, f"{live.url}/requests/{agent.request_id}"
    album.take(page, "citizen-30-status-of-an-agent")
    page.goto(f"{here}/mandate/")
    album.take(page, "citizen-31-mandate")
    agent.next()
    expect(page).to_have_title(re.compile("^Error:"))
    album.take(page, "citizen-31b-mandate-error")
    the_person_concerned(live, new_page(), album, agent)
    staff = Reviewer(new_page(), live)
    staff.sign_in("reviewer-one")
    ask_for_a_document(live, agent)
    page.goto(f"{here}/")
    album.take(page, "citizen-34-status-document-asked")
    page.goto(f"{here}/document/")
    page.locator("summary").last.click()
    album.take(page, "citizen-35-document")
    page.locator("input[name=photo]").set_input_files(live.var / "demo" / "selfies" / "P001.jpg")
    agent.next()
    expect(page).to_have_url(f"{here}/")
    staff.page.goto(f"{live.url}/desk/rights/rightsrequest/{agent.request_id}/document/")
    album.take(staff.page, "desk-20-document")
    staff.open(agent.request_id)
    album.take(staff.page, "desk-21-request-of-an-agent")
    hold = shell(live, HELD.replace("{request}", agent.request_id))
    staff.page.goto(f"{live.url}/desk/matching/hold/")
    album.take(staff.page, "desk-22-held-waiting")
    staff.page.goto(f"{live.url}/desk/matching/hold/{hold}/")
    expect(staff.page.locator("h1")).to_contain_text(f"Held photo {hold}")
    album.take(staff.page, "desk-23-held-judge")
    remove = f"from matching.models import TemplateSuppression as T; T.objects.filter(subject='{agent.request_id}')"
    shell(live, f"{remove}.delete()")
    page.goto(concerned_address(live, agent))
    page.locator("button[name=say][value=no]").click()
    expect(page.locator("h1")).to_contain_text("closed")
    album.take(page, "citizen-36-concerned-closed")


def ask_for_another(live: Stack, page: Page, album: Album) -> Citizen:
    """A lawyer asks for somebody who has an address of her own."""
    agent = Citizen(page, live)
    page.goto(f"{live.url}/request/rights/")
    page.locator("input[name=rights][value=access]").check()
    agent.next()
    page.locator("input[name=about][value=agent]").check()
    page.locator("[name=person_name]").fill("Ada Example")
    page.locator("[name=relation]").fill("her lawyer")
    page.locator("[name=person_email]").fill(CONCERNED)
    album.take(page, "citizen-29-person-another")
    agent.next()
    page.locator("input[name=email]").fill(AGENT)
    page.locator("input[name=name]").fill("Bo Agent")
    agent.next()
    page.locator("input[name=photo]").set_input_files(live.var / "demo" / "selfies" / "P001.jpg")
    agent.next()
    agent.next()
    expect(page).to_have_url(re.compile("/code/"))
    agent.request_id = re.findall(r"/requests/([0-9a-f-]{36})/", page.url)[0]
    agent.type_code(AGENT)
    return agent


def concerned_address(live: Stack, agent: Citizen) -> str:
    """The link in the mail to the person concerned."""
    code = (
        "from portal.identity import links; from rights.models import RightsRequest; "
        f"print(links.concerned_url(RightsRequest.objects.get(pk='{agent.request_id}')))"
    )
    return re.sub("^https?://[^/]+", live.url, shell(live, code))


def the_person_concerned(live: Stack, page: Page, album: Album, agent: Citizen) -> None:
    """Is asked, and agrees."""
    page.goto(concerned_address(live, agent))
    album.take(page, "citizen-32-concerned")
    page.locator("button[name=say][value=yes]").click()
    expect(page.locator("main")).to_contain_text("You told us that you want this")
    album.take(page, "citizen-33-concerned-agreed")


def ask_for_a_document(live: Stack, agent: Citizen) -> None:
    """On a doubt that is written down first."""
    shell(
        live,
        f"from portal import flow; key = '{agent.request_id}'; "
        "flow.doubt(request_id=key, words='The age in the letter differs.', actor='staff:1'); "
        "flow.ask_document(request_id=key, actor='staff:1')",
    )
