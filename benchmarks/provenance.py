"""What was measured, as `matching/bands.toml` keeps it."""

import json
from typing import Any, Final

from benchmarks.rates import Rate

DIGITS: Final = 4
"""Of a rate: a hundredth of a per cent."""


def toml(result: dict[str, Any]) -> str:
    """The tables `measured`, one for each collection of a report of `benchmarks.accuracy`."""
    return "\n".join(_measured(result, collection) for collection in result["collections"])


def _measured(result: dict[str, Any], collection: dict[str, Any]) -> str:
    lines = [
        "[[measured]]",
        f"on = {result['measured_on']}",
        f"data = {_text(collection['about'])}",
        f"synthetic = {str(collection['synthetic']).lower()}",
        *(f"{key} = {collection[key]}" for key in ("people", "pictures", "pictures_without_face")),
        f"engine = {_text(result['engine'])}",
        f"engine_class = {_text(result['engine_class'])}",
        f"interval = {_text(result['interval'])}",
        f"command = {_text(result['command'])}",
    ]
    for band, limit in result["bands"].items():
        lines += [f"[measured.{band}]", f"up_to = {limit}"]
        lines += [f"{error} = {_rate(rate)}" for error, rate in collection["everybody"][band].items()]
    return "\n".join(lines) + "\n"


def _rate(rate: Rate) -> str:
    ends = {"rate": rate.rate, "low": rate.low, "high": rate.high}
    parts = [f"errors = {rate.errors}", f"pairs = {rate.trials}"]
    return "{ " + ", ".join([*parts, *(f"{name} = {round(end, DIGITS)}" for name, end in ends.items())]) + " }"


def _text(text: str) -> str:
    """A basic string of TOML, whose escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False)
