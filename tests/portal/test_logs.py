"""Logs as a machine reads them, one JSON object a line; and nobody is in them, whatever goes wrong."""

import copy
import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from gunicorn.config import Config
from pytest_django.fixtures import Settings

from portal.serve.weblog import QuietLogger


def test_every_line_is_an_object_with_time_level_logger_and_message(monkeypatch: pytest.MonkeyPatch) -> None:
    config: dict[str, Any] = copy.deepcopy(settings.LOGGING)
    written = io.StringIO()
    config["handlers"]["console"] |= {"formatter": "json", "stream": written}
    config["loggers"]["regard.test"] = {"handlers": ["console"], "level": "INFO", "propagate": False}
    config["root"] = {"handlers": []}
    handlers = logging.getLogger().handlers[:]
    try:
        logging.config.dictConfig(config)
        logger = logging.getLogger("regard.test")
        logger.warning("Job %s stopped.\nIt is tried again.", 7)
        try:
            raise MemoryError
        except MemoryError:
            logger.exception("It broke.")
    finally:
        logging.config.dictConfig(settings.LOGGING)
        for handler in handlers:
            logging.getLogger().addHandler(handler)
    first, second = (json.loads(line) for line in written.getvalue().splitlines())
    assert first["message"] == "Job 7 stopped.\nIt is tried again."
    assert (first["level"], first["logger"]) == ("WARNING", "regard.test")
    assert {"at", "process"} <= set(first)
    assert "MemoryError" in second["trace"]


SECRETS = ("ada@example.org", "tok3n", "evil.example", "sessionid-of-ada")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What every logger of the portal writes, in the format that the test names, as production configures it."""
    config: dict[str, Any] = copy.deepcopy(settings.LOGGING)
    stream = io.StringIO()
    config["handlers"]["console"] |= {"formatter": request.param, "stream": stream}
    handlers = logging.getLogger().handlers[:]
    logging.config.dictConfig(config)
    yield stream
    logging.config.dictConfig(settings.LOGGING)
    for handler in handlers:
        logging.getLogger().addHandler(handler)


BOTH = pytest.mark.parametrize("written", ["json", "line"], indirect=True)


@BOTH
def test_a_trace_tells_places_and_classes_and_quotes_nothing(written: io.StringIO) -> None:
    try:
        try:
            raise ValueError("duplicate key: ada@example.org")
        except ValueError as error:
            raise MemoryError("while reading ada@example.org") from error
    except MemoryError:
        logging.getLogger("portal.jobs").exception("It broke.")
    said = written.getvalue()
    assert "ValueError" in said
    assert "which led to" in said
    assert "test_logs.py" in said
    assert not [secret for secret in SECRETS if secret in said]


@BOTH
@pytest.mark.django_db
def test_an_error_at_a_link_writes_no_token_and_mails_nobody(
    written: io.StringIO, client: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.ADMINS = [("Operator", "operator@example.org")]
    client.raise_request_exception = False
    client.cookies["session"] = "sessionid-of-ada"

    def fail(token: str) -> None:
        raise KeyError(f"{token} of ada@example.org")

    monkeypatch.setattr("portal.identity.links.request_of", fail)
    assert client.get("/open/tok3n/?email=ada@example.org").status_code == 500
    said = written.getvalue()
    assert "Answered 500 at /open/<str:token>/." in said
    assert "KeyError" in said
    assert not [secret for secret in SECRETS if secret in said]
    assert mail.outbox == []


@BOTH
@pytest.mark.django_db
def test_what_a_refused_sender_wrote_is_not_repeated(written: io.StringIO, client: Client) -> None:
    assert client.get("/open/tok3n/", headers={"host": "evil.example\nforged line"}).status_code == 400
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/find/?email=ada@example.org", {"email": "ada@example.org"}).status_code == 403
    said = written.getvalue()
    assert "Refused: DisallowedHost." in said
    assert "Refused: cross_site." in said
    assert "forged line" not in said
    assert not [secret for secret in SECRETS if secret in said]


def test_gunicorn_writes_no_address_of_a_page_or_of_a_machine(caplog: pytest.LogCaptureFixture) -> None:
    logger = QuietLogger(Config())
    try:
        raise BrokenPipeError
    except BrokenPipeError:
        logger.exception("Error handling request %s", "/open/tok3n/")
    logger.warning("Invalid request from ip=192.0.2.7: Invalid header: 'ada@example.org'")
    logger.access(None, None, {}, None)
    assert [record.getMessage() for record in caplog.records] == [
        "A request ended in an error.",
        "Refused: a request that is no HTTP.",
    ]
