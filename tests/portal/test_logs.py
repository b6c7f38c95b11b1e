"""Logs as a machine reads them: one JSON object a line, errors with their trace inside it."""

import copy
import io
import json
import logging
import logging.config

import pytest
from django.conf import settings


def test_every_line_is_an_object_with_time_level_logger_and_message(monkeypatch: pytest.MonkeyPatch) -> None:
    config = copy.deepcopy(settings.LOGGING)
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
