"""Whether the time of an answer tells that a request exists: the find page and the code page, known against unknown.

    .venv/bin/python -m benchmarks.timing --rounds 300

Known and unknown take turns against a database of their own in a temporary folder. Prints JSON: quartiles in
milliseconds, and how often the known one was slower in a pair; a half means that the time tells nothing. Timings of a
busy machine are noisy; repeat. `--seconds 0` measures the work alone, without the pace at which answers leave.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

from tests import environment

environment.prepare()

import django  # noqa: E402

django.setup()

from celery import Celery  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from portal import flow  # noqa: E402
from portal.models import EmailCode, Notice  # noqa: E402
from portal.serve import seed  # noqa: E402

KNOWN, UNKNOWN = "ada@example.org", "eda@example.org"


def found(reference: str, email: str) -> tuple[float, float]:
    """Seconds of a request for a code, and of a wrong code after it."""
    client = Client()
    begun = time.perf_counter()
    response = client.post("/find/", {"reference": reference, "email": email})
    asked = time.perf_counter()
    client.post(response.url, {"code": "x"})  # type: ignore[attr-defined]  # of the redirect
    return asked - begun, time.perf_counter() - asked


def quartiles(seconds: list[float]) -> list[float]:
    return [round(1000 * value, 3) for value in statistics.quantiles(seconds, n=4)]


def compared(times: dict[str, list[float]]) -> dict[str, object]:
    """The quartiles of both, and in which share of the pairs the known one was slower."""
    pairs = list(zip(times[KNOWN], times[UNKNOWN], strict=True))
    slower = sum(known > unknown for known, unknown in pairs) / len(pairs)
    known, unknown = quartiles(times[KNOWN]), quartiles(times[UNKNOWN])
    return {"known_ms": known, "unknown_ms": unknown, "known_slower": round(slower, 3)}


def main(rounds: int, send: Callable[[str], object]) -> None:
    """Measure and print."""
    find: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    code: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    contact = flow.Contact(email=KNOWN)
    case = flow.receive(rights=["access"], contact=contact, channel="web", probe=None)
    for number in range(rounds + 10):
        for email in (KNOWN, UNKNOWN) if number % 2 else (UNKNOWN, KNOWN):
            EmailCode.objects.all().delete()
            Notice.objects.all().delete()
            asked, tried = found(case.reference, email)
            if number >= 10:
                find[email].append(asked)
                code[email].append(tried)
    send(json.dumps({"rounds": rounds, "find": compared(find), "wrong_code": compared(code)}, indent=2))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=0.1, help="the pace at which answers leave, as in use")
    wanted = parser.parse_args()
    settings.ANSWER_SECONDS = wanted.seconds
    Celery.send_task = lambda *_args, **_options: None
    setup_test_environment()
    call_command("migrate", verbosity=0)
    seed.demo_controller()
    main(wanted.rounds, print)
