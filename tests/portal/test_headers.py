"""What every answer tells the browser: of each address of the portal, to nobody, to its person and to staff."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django.fixtures import Settings

from matching import reviews
from matching.models import Source
from portal import flow
from portal.headers import allows
from portal.identity import links
from portal.models import Evidence, Notice
from rights.models import RightsRequest
from tests import project
from tests.portal.deeds import Ask, Run
from tests.staffing import sign_in

pytestmark = pytest.mark.any_database

FRAMED = "/mailbox/1/html/"
"""A mail in its frame is the one page with a policy of its own."""
WORDS = {
    "step": "rights", "right": "access", "kind": "identity", "token": "nonsense", "question_id": "1", "hold_id": "1",
    "mail_id": "1", "id": "1", "number": "1", "photo_key": "1", "app_label": "rights", "url": "nowhere",
    "content_type_id": "1", "uidb64": "MQ", "who": "person", "user_id": "1",
}  # fmt: skip


def patterns(resolver: Any = None, prefix: str = "/") -> Iterator[str]:
    """Every address of the portal, with its parameters in angle brackets."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            regular = re.sub(r"\(\?P(<\w+>)(?:[^()]|\([^()]*\))*\)", r"\1", str(entry.pattern))
            yield prefix + regular.strip("^$")


def addresses(case: RightsRequest, photo: int, hit: int) -> list[str]:
    """The same, with values that lead somewhere where a test can have any."""
    values = WORDS | {
        "request_id": str(case.pk), "evidence_id": str(Evidence.objects.get(request=case).pk), "hit_id": str(hit),
        "photo_id": str(photo), "object_id": "1", "notice_id": str(Notice.objects.filter(request=case)[0].pk),
    }  # fmt: skip
    return sorted({re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], each) for each in patterns()})


@pytest.fixture
def case(painted: Source, ask: Ask, run_jobs: Run, settings: Settings) -> RightsRequest:
    settings.EMAIL_BACKEND = "portal.mailbox.LocalMailboxBackend"
    request = ask()
    flow.confirm(request_id=request.pk)
    run_jobs()
    return request


def visitors(case: RightsRequest, staff: User) -> dict[str, Client]:
    """Nobody, the person whose request it is, and a member of staff who may do everything."""
    person, desk = Client(), Client()
    person.get(links.status_url(case))
    staff.is_superuser = True
    staff.save()
    sign_in(desk, staff)
    return {"nobody": Client(), "person": person, "staff": desk}


def directives(answer: HttpResponse) -> dict[str, list[str]]:
    parts = [part.split() for part in answer["Content-Security-Policy"].split(";")]
    return {name: values for name, *values in parts}


def test_every_address_carries_every_header(case: RightsRequest, staff: User) -> None:
    hit = reviews.latest_search(case.pk).hits.get(photo__path="ada-1.jpg")
    every = addresses(case, hit.photo_id, hit.pk)
    assert len(every) > 100
    found = set()
    for client in visitors(case, staff).values():
        for address in every:
            answer = client.get(address)
            check(address, answer)
            found.add(answer.status_code)
    assert found == {200, 302, 403, 404, 405}


def check(address: str, answer: HttpResponse) -> None:
    said = answer.headers
    assert "no-store" in said["Cache-Control"], address
    assert said["X-Content-Type-Options"] == "nosniff", address
    assert said["Referrer-Policy"] == "same-origin", address
    assert said["Cross-Origin-Opener-Policy"] == "same-origin", address
    assert said["Cross-Origin-Resource-Policy"] == "same-origin", address
    camera = "camera=(self)" if address.endswith("/live/") else "camera=()"
    assert camera in said["Permissions-Policy"], address
    policy = directives(answer)
    assert policy["default-src"] == ["'none'"], address
    for values in policy.values():
        assert not {"*", "http:", "https:", "'unsafe-eval'", "'strict-dynamic'", "'unsafe-hashes'"} & set(values), (
            address
        )
    if address == FRAMED and answer.status_code == 200:
        assert said["X-Frame-Options"] == "SAMEORIGIN"
        assert set(policy) == {"default-src", "style-src", "frame-ancestors", "sandbox"}
        assert "allow-scripts" not in policy["sandbox"]
        return
    assert said["X-Frame-Options"] == "DENY", address
    assert "'unsafe-inline'" not in str(policy), address
    assert policy["style-src"] == policy["connect-src"] == policy["form-action"] == ["'self'"], address
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == ["'none'"], address
    assert all(value.startswith("'nonce-") for value in policy.get("script-src", [])), address


def test_a_nonce_is_made_for_one_answer(client: Client, controller: object) -> None:
    first, second = client.get("/"), client.get("/")
    nonce = directives(first)["script-src"][0][len("'nonce-") : -1]
    assert f'<script nonce="{nonce}"' in first.content.decode()
    assert len(nonce) >= 22
    assert directives(second)["script-src"] != directives(first)["script-src"]


@pytest.mark.parametrize("header", ["HTTP_HOST", None])
def test_refusals_and_errors_carry_them_too(
    client: Client, controller: object, header: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if header:
        answer = client.get("/find/", **{header: "evil.example"})
        assert answer.status_code == 400
    else:
        client.raise_request_exception = False
        monkeypatch.setattr("portal.laws.for_place", lambda place: 1 / 0)
        answer = client.get("/")
        assert answer.status_code == 500
    check("/find/", answer)


def test_only_the_view_that_asks_for_the_camera_may_use_it(rf: RequestFactory) -> None:
    view: Callable[..., HttpResponseBase] = allows("camera")(lambda request: HttpResponse())
    said = view(rf.get("/")).headers["Permissions-Policy"]
    assert "camera=(self)" in said
    assert "microphone=()" in said


def test_no_template_has_code_or_style_of_its_own() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:")
    found = [
        project.name(path)
        for path in sorted((project.ROOT / "templates").rglob("*.html"))
        if inline.search(path.read_text(encoding="utf-8")) and "notices" not in path.parts
    ]
    assert found == []  # A mail brings its style along, as mails must.
