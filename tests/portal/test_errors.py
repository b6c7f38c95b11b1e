"""Pages for what goes wrong before a view has its say."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db


def test_what_is_too_large_is_said_to_be_too_large(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    response = Client().post("/find/", {"reference": "x" * 2000}, headers={"accept-language": "de"})
    assert response.status_code == 413
    assert "zu groß" in response.content.decode()


@pytest.fixture
def closed(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    call_command("maintenance", "on", stdout=StringIO())


@pytest.mark.parametrize(("language", "said"), [("en", "working on this site"), ("fr", "travaillons")])
def test_a_closed_portal_says_so_without_asking_the_database(
    closed: None, language: str, said: str, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        response = Client().get("/find/", headers={"accept-language": language})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "600")
    assert said in response.content.decode()
    assert "script-src" in response.headers["Content-Security-Policy"]


def test_the_desk_and_the_probes_stay_open(closed: None) -> None:
    assert Client().get("/desk/login/").status_code == 200
    assert Client().get("/healthz").status_code == 200


def test_it_is_opened_again(closed: None) -> None:
    call_command("maintenance", "off", stdout=StringIO())
    call_command("maintenance", "off", stdout=StringIO())
    assert Client().get("/find/").status_code == 200
