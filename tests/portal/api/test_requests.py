"""The API makes a request, reads its state with a token, and lists nothing."""

import uuid
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape

from matching.models import Source
from portal.models import Evidence, Notice, Requester
from rights.models import Channel, RightsRequest
from tests.fakes import paint

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/requests/"


def photo(data: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile("me.jpg", data if data is not None else paint(["ada"]), "image/jpeg")


def form(**changes: object) -> dict[str, object]:
    return {"rights": ["access", "erasure"], "email": "ada@example.org", "photo": photo(), **changes}


def test_a_request_is_made_with_its_reference_due_date_and_token(controller: object, client: Client) -> None:
    answer = client.post(URL, form())
    assert answer.status_code == 201, answer.content
    body = answer.json()
    request = RightsRequest.objects.get(pk=body["id"])
    assert body["reference"] == request.reference
    assert body["due"] == request.due.isoformat()
    assert [claim["right"] for claim in body["claims"]] == ["access", "erasure"]
    assert request.channel == Channel.API
    assert sorted(Notice.objects.values_list("event", flat=True)) == ["acknowledged", "code"]
    assert Evidence.objects.get().problem == ""


def test_the_place_decides_the_law_and_one_that_is_none_is_named(controller: object, client: Client) -> None:
    body = client.post(URL, form(place="US-CA")).json()
    assert body["law"] == "ccpa"
    assert client.post(URL, form(place="GB-ZZ")).json()["law"] == "uk-gdpr"
    refused = client.post(URL, form(place="ZZ"))
    assert refused.status_code == 400
    assert "There is no country" in refused.json()["place"][0]
    assert RightsRequest.objects.count() == 2


def test_its_state_is_read_with_its_token_and_with_no_other(controller: object, client: Client) -> None:
    mine, other = client.post(URL, form()).json(), client.post(URL, form()).json()
    url = f"{URL}{mine['id']}/"
    good = client.get(url, headers={"Authorization": f"Bearer {mine['token']}"})
    assert good.status_code == 200
    assert good.json() == {name: value for name, value in mine.items() if name != "token"}
    assert "ada" not in good.content.decode()
    assert good["Cache-Control"] == "no-store"
    for headers in (
        {}, {"Authorization": f"Bearer {other['token']}"}, {"Authorization": "Bearer x"},
        {"Authorization": f"Basic {mine['token']}"}, {"Authorization": "Bearer \xff"},
    ):  # fmt: skip
        refused = client.get(url, headers=headers)
        unknown = client.get(f"{URL}{uuid.uuid4()}/", headers=headers)
        assert (refused.status_code, refused.json()) == (404, unknown.json())


def test_nothing_is_listed(controller: object, client: Client) -> None:
    client.post(URL, form())
    assert client.get(URL).status_code == 405


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rights": []}, "rights"),
        ({"rights": ["portrait"]}, "rights"),
        ({"email": "nobody"}, "email"),
        ({"photo": ""}, "photo"),
        ({"language": "xx"}, "language"),
        ({"on_behalf": "true"}, "person_name"),
    ],
)
def test_bad_input_is_named_by_field_and_nothing_is_kept(
    controller: object, client: Client, change: dict[str, object], field: str
) -> None:
    answer = client.post(URL, form(**change))
    assert answer.status_code == 400
    assert field in answer.json()
    assert not RightsRequest.objects.exists()


def test_a_file_that_is_no_picture_is_refused_with_its_reason(controller: object, client: Client) -> None:
    for data, words in ((b"<html>", "not a picture"), (paint(["ada"])[:900], "damaged")):
        answer = client.post(URL, form(photo=photo(data)))
        assert answer.status_code == 400
        assert words in answer.json()["photo"][0]
    assert not Requester.objects.exists()


def test_any_number_of_requests_is_taken(controller: object, client: Client) -> None:
    dues = {client.post(URL, form()).json()["due"] for _again in range(12)}
    assert RightsRequest.objects.count() == 12
    assert len(dues) == 1


def test_a_request_made_here_goes_the_whole_way(
    painted: Source, controller: object, client: Client, run_jobs: Callable[[], None]
) -> None:
    from portal import flow

    made = client.post(URL, form()).json()
    flow.confirm(request_id=uuid.UUID(made["id"]))
    run_jobs()
    state = client.get(f"{URL}{made['id']}/", headers={"Authorization": f"Bearer {made['token']}"}).json()["state"]
    assert state == "searched"


def test_the_schema_describes_every_call(client: Client) -> None:
    answer = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    assert set(paths) == {URL, URL + "{request_id}/", "/api/transparency/"}
    assert "multipart/form-data" in paths[URL]["post"]["requestBody"]["content"]


def test_the_page_names_every_call_field_and_answer_of_the_schema(client: Client) -> None:
    page = client.get("/api/docs/").content.decode()
    described = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    for path, methods in described["paths"].items():
        for method, call in methods.items():
            assert f"{method.upper()} {path}" in page
            assert all(
                f"<strong>{status}</strong>" in page or f"{status} <span" in page for status in call["responses"]
            )
    fields = described["components"]["schemas"]["NewRequest"]
    for name, field in fields["properties"].items():
        assert f"<code>{name}</code>" in page
        assert escape(field["description"]) in page
    assert page.count(">required<") == len(fields["required"]) + 1, "and the number of a request"
    assert "<code>claims[].outcome</code>" in page
