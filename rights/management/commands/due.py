"""`manage.py due`: when an answer is due under one of the laws, and how that is reckoned."""

import json
from argparse import ArgumentTypeError
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from rights.law import clock, regime, zones
from rights.law.lifecycle import TransitionRefused
from rights.law.regime import Stop

BAD_INPUT = 2
ACTS = ("answer", "acknowledge", "opt_out", "appeal")


def moment(text: str) -> datetime:
    """A moment with its offset, as ISO 8601."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a moment like 2026-01-31T22:30+01:00") from error
    if found.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} has no offset: write it like 2026-01-31T22:30+01:00")
    return found


def day(text: str) -> date:
    """A day, as ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a day like 2026-02-03") from error


def pause(text: str) -> clock.Pause:
    """`[identity:|clarification:|fee:]ASKED/ANSWERED`; without ANSWERED the answer is still awaited."""
    kind, colon, days = text.rpartition(":")
    asked, slash, answered = days.partition("/")
    if not slash:
        raise ArgumentTypeError(f"{text!r} is not two days like 2026-02-03/2026-02-10")
    try:
        return clock.Pause(day(asked), day(answered) if answered else None, Stop(kind) if colon else Stop.IDENTITY)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r}: {error}") from error


@dataclass(frozen=True)
class _Facts:
    received_at: datetime
    country: str
    subdivision: str
    time_zone: str


class Command(BaseCommand):
    """Prints a due date with its derivation. Looks at no request and no database."""

    help = "When the answer to a request is due under a law, and how that is reckoned."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--regime", required=True, help="one of " + ", ".join(regime.CODES))
        parser.add_argument("--country", required=True, help="whose public holidays count, ISO 3166-1, like FR")
        parser.add_argument("--subdivision", default="", help="ISO 3166-2 without the country, like CA")
        parser.add_argument("--received", required=True, type=moment, help="moment of receipt with its offset")
        parser.add_argument("--time-zone", help="the controller's; otherwise the country's")
        parser.add_argument(
            "--pause", action="append", default=[], type=pause, metavar="[KIND:]ASKED/[ANSWERED]",
            help="a question to the person; KIND is identity (otherwise), clarification or fee; may be repeated",
        )  # fmt: skip
        parser.add_argument("--extended-on", type=day, help="day on which the notice of extension was sent")
        parser.add_argument("--act", choices=ACTS, default="answer", help="what is due")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: object, **options: Any) -> None:
        """Raises: CommandError with exit status 2 for what cannot be reckoned, saying why."""
        try:
            self._print(self._deadline(options), as_json=options["json"])
        except (TransitionRefused, ValueError, OverflowError) as problem:
            raise CommandError(str(problem), returncode=BAD_INPUT) from problem

    def _deadline(self, options: dict[str, Any]) -> clock.Deadline:
        received, country = options["received"], options["country"].upper()
        if not zones.of_country(country):
            raise ValueError(f"The country {country!r} is unknown; write it like FR.")
        zone = options["time_zone"] or zones.of_moment(received, country)
        if zone is None:
            raise ValueError(
                f"In which time zone was that? It cannot be told for {country!r}: name it with --time-zone."
            )
        facts = _Facts(received, country, options["subdivision"].upper(), zone)
        law = regime.load(options["regime"], clock.local_day(received, zone))
        if options["act"] == "answer":
            return clock.deadline(
                regime=law, pauses=options["pause"], extended_on=options["extended_on"], **vars(facts)
            )
        if options["pause"] or options["extended_on"]:
            raise ValueError("Only the answer has pauses and an extension.")
        period = getattr(law, options["act"])
        if period is None:
            raise ValueError(f"{law.code} knows no such period: {law.absent[options['act']]}.")
        return clock.due_for(period=period, regime=law, **vars(facts))

    def _print(self, found: clock.Deadline, *, as_json: bool) -> None:
        lines = [line.text.format(**line.params) for line in found.derivation]
        limit = found.extension_limit.isoformat() if found.extension_limit else None
        if as_json:
            result = {
                "nominal_due": found.nominal_due.isoformat(),
                "due": found.due.isoformat(),
                "extension_limit": limit,
                "calendar": found.calendar,
                "citation": found.citation,
                "derivation": lines,
            }
            self.stdout.write(json.dumps(result, ensure_ascii=False, indent=2))
            return
        for line in lines:
            self.stdout.write(f"  {line}")
        self.stdout.write(f"Due: {found.due} (nominal: {found.nominal_due})")
        self.stdout.write(f"Extension: notice by {limit}" if limit else "Extension: none")
        self.stdout.write(f"{found.citation}. {found.calendar}.")
