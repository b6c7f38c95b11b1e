"""The main job, end to end, in a browser: a selfie leads to every picture, a copy, and an erasure that is proven."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from matching.engine import get_engine
from tests.browser.actors import Citizen, Reviewer, notices, person_at, photos_of
from tests.browser.album import Album
from tests.browser.stack import Stack, until

pytestmark = pytest.mark.browser

PERSON = "P004"
EMAIL = "person.four@example.org"
NAME = "Quetzalcoatl Featherstone"


def files(stack: Stack) -> dict[str, str]:
    """Every picture in the source, with its hash."""
    folder = stack.var / "demo" / "photos"
    found = sorted(folder.rglob("*.jpg"))
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def faces_in(stack: Stack, path: str) -> int:
    """How many faces dlib finds in a picture of the source."""
    return len(get_engine().faces(pixels((stack.var / "demo" / "photos" / path).read_bytes())))


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def hits(stack: Stack, request_id: str) -> list[tuple[str, str, str]]:
    """Path, band and person of every hit of the latest search."""
    rows = stack.rows(
        "SELECT p.path, h.band, f.left, f.right, p.width FROM matching_hit h JOIN matching_face f ON f.id = h.face_id "
        "JOIN matching_photo p ON p.id = f.photo_id JOIN matching_search s ON s.id = h.search_id WHERE s.subject = ?",
        request_id.replace("-", ""),
    )
    return [(path, band, person_at(path, (left + right) / 2 / width)) for path, band, left, right, width in rows]


def test_a_selfie_leads_to_every_picture_a_copy_and_a_proven_erasure(
    live: Stack, new_page: Callable[..., Page], album: Album, downloads: Path
) -> None:
    before = files(live)
    faces = {path: faces_in(live, path) for path in before if path.startswith("groups/") and PERSON in path}
    assert photos_of(live, PERSON) == {path for path in before if PERSON in path}

    citizen = Citizen(new_page(), live, album)
    citizen.ask(selfie=live.var / "demo" / "selfies" / f"{PERSON}.jpg", email=EMAIL, name=NAME)
    citizen.type_code(EMAIL)
    expect(citizen.page).to_have_url(f"{live.url}/requests/{citizen.request_id}/")
    citizen.wait_for("searched")
    citizen.page.reload()
    citizen.look("citizen-08-status-searched")
    found = hits(live, citizen.request_id)
    assert {path for path, _band, person in found if person == PERSON} == photos_of(live, PERSON)
    assert {band for _path, band, _person in found} <= {"match", "possible"}

    review_and_grant(live, new_page, album, citizen)
    until(lambda: "answer_ready" in [event for event, _key, _state in notices(live, citizen.request_id)])
    assert files(live) == before  # Nothing goes before the copy was fetched.

    archive = citizen.fetch_answer(EMAIL, downloads / "answer.zip")
    check_archive(archive, expected=photos_of(live, PERSON), stack=live)

    citizen.wait_for("carried_out")
    citizen.page.goto(f"{live.url}/requests/{citizen.request_id}/")
    citizen.look("citizen-11-status-erased")
    check_erasure(live, citizen, before, faces)
    check_mails(live, citizen, new_page(), album)
    check_logs(live, citizen)


def check_logs(live: Stack, citizen: Citizen) -> None:
    """Nothing that any process wrote names the person, her address, her reference, a code or a link of hers."""
    said = live.said() + "".join(path.read_text(encoding="utf-8") for path in (live.var / "run").glob("*.log"))
    assert "Regard is running" in said
    texts = "\n".join(text for _mail, _subject, text in citizen.mails(EMAIL))
    codes = {code.replace(" ", "") for code in re.findall(r"\b\d{3} ?\d{3}\b", texts)}
    links = set(re.findall(r"/open/([^/\s]+)/", texts))
    assert codes
    assert links
    own = (EMAIL, EMAIL.split("@")[0], NAME, PERSON, citizen.reference(), citizen.reference()[4:])
    for secret in (*own, *links, *(f"/open/{link}" for link in links)):
        assert secret.lower() not in said.lower()
    for code in codes:
        assert not re.search(rf"\b{code}\b", said)


def review_and_grant(live: Stack, new_page: Callable[..., Page], album: Album, citizen: Citizen) -> None:
    """Two members of staff review; what is only possible needs both. One of them decides."""
    first, second = Reviewer(new_page(), live, album), Reviewer(new_page(), live)
    first.sign_in("reviewer-one")
    first.look("desk-02-queue")
    expect(first.page.get_by_text(citizen.reference())).to_be_visible()
    first.open(citizen.request_id)
    first.look("desk-03-request")
    assert first.review(citizen.request_id, PERSON) > 0
    second.sign_in("reviewer-two")
    assert second.review(citizen.request_id, PERSON) > 0
    first.finish_review(citizen.request_id)
    citizen.wait_for("reviewed")
    first.look("desk-06-decide")
    first.grant(citizen.request_id, "access", "erasure")
    citizen.wait_for("decided")
    first.look("desk-07-decided")


def check_archive(archive: Path, *, expected: set[str], stack: Stack) -> None:
    """Exactly the accepted pictures, other people's faces beyond recovery, letter and data with them."""
    selfie = (stack.var / "demo" / "selfies" / f"{PERSON}.jpg").read_bytes()
    probe = get_engine().faces(pixels(selfie))[0].template
    with zipfile.ZipFile(archive) as content:
        assert content.testzip() is None
        names = [name for name in content.namelist() if name.startswith("pictures/")]
        assert len(names) == len(expected)
        assert content.read("letter.pdf").startswith(b"%PDF-")
        data = json.loads(content.read("data.json"))
        assert {f"https://example.org/photos/{path.removesuffix('.jpg')}" for path in expected} <= strings(data)
        for name in names:
            for face in get_engine().faces(pixels(content.read(name))):
                assert np.linalg.norm(face.template - probe) <= 0.6, f"Somebody else can be seen in {name}."


def strings(value: object) -> set[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        return {value}
    children = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return set().union(*map(strings, children))


def check_erasure(live: Stack, citizen: Citizen, before: dict[str, str], faces: dict[str, int]) -> None:
    """The person is gone, everybody else's pictures are as they were, and the proof can be repeated."""
    after = files(live)
    alone = {path for path in before if path.startswith(f"{PERSON}/")}
    together = {path for path in before if path.startswith("groups/") and PERSON in path}
    assert set(after) == set(before) - alone
    assert all(after[path] != before[path] for path in together)
    untouched = set(before) - alone - together
    assert {path: after[path] for path in untouched} == {path: before[path] for path in untouched}
    for path in together:
        assert faces_in(live, path) == faces[path] - 1
    proof = live.manage("verify_erasure", citizen.reference(), "--json")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    result = json.loads(proof.stdout)
    assert (result["faces_found"], result["objects_left"], result["vectors_left"]) == (0, 0, 0)
    held = live.rows(
        "SELECT p.path, f.left, f.right, p.width FROM matching_face f JOIN matching_photo p ON p.id = f.photo_id"
    )
    assert PERSON not in {person_at(path, (left + right) / 2 / width) for path, left, right, width in held}
    assert not any((live.var / "demo" / "photos" / PERSON).glob("*"))  # Nor what was written beside the pictures.


def check_mails(live: Stack, citizen: Citizen, reader: Page, album: Album) -> None:
    """One mail per event, and none twice."""
    posted = notices(live, citizen.request_id)
    until(lambda: {state for _event, _key, state in notices(live, citizen.request_id)} == {"sent"})
    assert len({(event, key) for event, key, _state in posted}) == len(posted)
    events = [event for event, _key, _state in notices(live, citizen.request_id)]
    told = [event for event in events if event not in ("code", "recipient_told")]
    assert sorted(told) == ["acknowledged", "answer_ready", "erased"]
    assert events.count("recipient_told") == 2
    identifiers = [row[0] for row in live.rows("SELECT message_id FROM portal_localmail")]
    assert len(identifiers) == len(set(identifiers)) >= len(events)
    reader.goto(f"{live.url}/mailbox/")
    album.take(reader, "mailbox")
    for mail, subject, _text in citizen.mails(EMAIL):
        reader.goto(f"{live.url}/mailbox/{mail}/")
        expect(reader.locator("main")).to_contain_text(subject)
        album.take(reader, f"mail-{mail:02d}")
