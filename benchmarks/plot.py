"""A report of `benchmarks.accuracy` drawn as SVG, by hand: a plotting library for one picture would be a large guest.

A row for each collection, with four panels: the rates along the distance with their intervals and the bands; the
trade-off of the two (DET curve); and of every group the false matches at the wide band and the misses at the narrow.
Rates stand on a logarithmic scale, as both are rare; none at all stands at the bottom, and the shade above it says how
little that means. Colours are those of Okabe and Ito, which the colour-blind can tell apart; lines differ by their
dashes too.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape

from benchmarks.rates import Rate

WIDTH, PANEL, TOP, HEIGHT = 1390, 255, 56, 280.0
LEFTS: Final = (60, 375, 820, 1110)
ROW_OF_GROUP: Final = 16
LOWEST: Final = 1e-4
"""The bottom of logarithmic scales; what is below is drawn here."""
TICKS: Final = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
COLOUR: Final = {"false_match": "#d55e00", "false_non_match": "#0072b2"}
DASH: Final = {"false_match": "none", "false_non_match": "6 3"}
NAMES: Final = {"false_match": "false match", "false_non_match": "false non-match"}
STYLE: Final = (
    "text{font:12px sans-serif;fill:#222}.t{font-weight:bold;font-size:13px}.s{font-size:11px;fill:#555}"
    ".g{stroke:#ddd}.b{stroke:#777;stroke-dasharray:2 3}.f{fill:none;stroke:#777}"
)


class Panel(NamedTuple):
    """A frame with scales that turn values into pixels."""

    left: float
    top: float
    width: float
    height: float

    def rate_up(self, rate: float) -> float:
        """Where a rate stands on a logarithmic scale from the bottom to the top."""
        return self.top + self.height * (1 - _share(rate))

    def rate_right(self, rate: float) -> float:
        return self.left + self.width * _share(rate)

    def along(self, value: float, first: float, last: float) -> float:
        return self.left + self.width * (value - first) / (last - first)


def _share(rate: float) -> float:
    return 1 - math.log(max(rate, LOWEST)) / math.log(LOWEST)


def _percent(rate: float) -> str:
    return f"{100 * rate:g} %"


def _line(x1: float, y1: float, x2: float, y2: float, **names: str) -> str:
    attributes = "".join(f' {name.rstrip("_").replace("_", "-")}="{value}"' for name, value in names.items())
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"{attributes}/>'


def _label(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _frame(panel: Panel, title: str) -> list[str]:
    box = f'x="{panel.left}" y="{panel.top}" width="{panel.width}" height="{panel.height}"'
    return [f'<rect {box} class="f"/>', _label(panel.left, panel.top - 10, title, kind="t")]


def _scale_up(panel: Panel) -> list[str]:
    marks = []
    for tick in TICKS:
        y = panel.rate_up(tick)
        marks.append(_line(panel.left, y, panel.left + panel.width, y, class_="g"))
        marks.append(_label(panel.left - 6, y + 4, _percent(tick), anchor="end", kind="s"))
    return marks


def _scale_right(panel: Panel) -> list[str]:
    marks = []
    for tick in TICKS:
        x = panel.rate_right(tick)
        marks.append(_line(x, panel.top, x, panel.top + panel.height, class_="g"))
        marks.append(_label(x, panel.top + panel.height + 15, _percent(tick), anchor="middle", kind="s"))
    return marks


# --- panels -----------------------------------------------------------------------------------------------------------


def by_distance(panel: Panel, curve: Sequence[dict[str, Any]], bands: dict[str, float]) -> list[str]:
    """Both rates along the distance, with their intervals as shades."""
    first, last = curve[0]["distance"], curve[-1]["distance"]

    def at(distance: float) -> float:
        return panel.along(distance, first, last)

    drawn = [*_scale_up(panel), *_frame(panel, "Error rates by distance, with 95 % intervals")]
    for error, colour in COLOUR.items():
        rates = [(at(point["distance"]), point[error]) for point in curve if point[error].trials]
        edge = [(x, panel.rate_up(rate.high)) for x, rate in rates]
        edge += [(x, panel.rate_up(rate.low)) for x, rate in reversed(rates)]
        drawn.append(f'<polygon points="{_points(edge)}" fill="{colour}" fill-opacity="0.15"/>')
        points = _points((x, panel.rate_up(rate.rate)) for x, rate in rates)
        drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{DASH[error]}"/>'
        )
    for place, (name, limit) in enumerate(bands.items()):
        x = at(limit)
        drawn.append(_line(x, panel.top, x, panel.top + panel.height, class_="b"))
        drawn.append(_label(x - 3, panel.top + 13 + 14 * place, f"{name} {limit:g}", anchor="end", kind="s"))
    for tick in (0.2, 0.4, 0.6, 0.8, 1.0):
        drawn.append(_label(at(tick), panel.top + panel.height + 15, f"{tick:g}", anchor="middle", kind="s"))
    return [*drawn, *_legend(panel.left, panel.top + panel.height + 34)]


def _legend(x: float, y: float) -> list[str]:
    drawn = []
    for place, (error, colour) in enumerate(COLOUR.items()):
        at = x + 130 * place
        drawn.append(_line(at, y - 4, at + 24, y - 4, stroke=colour, stroke_width="2", stroke_dasharray=DASH[error]))
        drawn.append(_label(at + 30, y, NAMES[error]))
    return drawn


def trade_off(panel: Panel, curve: Sequence[dict[str, Any]], bands: dict[str, float]) -> list[str]:
    """The DET curve: what each distance costs on either side."""
    drawn = [*_scale_up(panel), *_scale_right(panel), *_frame(panel, "False non-match (up) against false match")]
    places = {
        point["distance"]: (panel.rate_right(point["false_match"].rate), panel.rate_up(point["false_non_match"].rate))
        for point in curve
        if point["false_match"].trials and point["false_non_match"].trials
    }
    drawn.append(f'<polyline points="{_points(places.values())}" fill="none" stroke="#222" stroke-width="2"/>')
    for name, limit in bands.items():
        if limit in places:
            x, y = places[limit]
            drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#222"/>')
            drawn.append(_label(x + 7, y - 7, f"{name} {limit:g}"))
    return drawn


def by_group(
    panel: Panel, rows: Sequence[tuple[str, dict[str, Any]]], error: str, band: str, *, named: bool
) -> list[str]:
    """One rate of every group at a band, with its interval; with the groups' names on the left if `named`."""
    title = f"{NAMES[error].capitalize()} at the band “{band}”"
    drawn = [*_scale_right(panel), *_frame(panel, title)]
    for place, (name, group) in enumerate(rows):
        y = panel.top + ROW_OF_GROUP * (place + 0.7)
        rate: Rate = group[band][error]
        flag = "*" if group["few_people"] else ""
        if named:
            drawn.append(_label(panel.left - 6, y + 4, f"{name} ({group['people']}){flag}", anchor="end", kind="s"))
        if not rate.trials:
            drawn.append(_label(panel.left + 6, y + 4, "no pair", kind="s"))
            continue
        ends = (panel.rate_right(rate.low), panel.rate_right(rate.high))
        drawn.append(_line(ends[0], y, ends[1], y, stroke=COLOUR[error], stroke_width="2"))
        drawn.append(f'<circle cx="{panel.rate_right(rate.rate):.1f}" cy="{y:.1f}" r="4" fill="{COLOUR[error]}"/>')
    return drawn


def groups(collection: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Everybody, those alike, and every group, as rows."""
    rows = [("everybody", collection["everybody"]), ("same sex, age, ethnicity", collection["alike"])]
    rows += [(name, group) for found in collection["groups"].values() for name, group in found.items()]
    return rows


def svg(result: dict[str, Any]) -> str:
    """The whole picture."""
    drawn: list[str] = []
    top = 0.0
    for collection in result["collections"]:
        parts, height = _row(collection, result["bands"], top)
        drawn += parts
        top += height
    note = (
        f"{result['engine']}, {result['measured_on']}. People in brackets; * few people. Rates on a logarithmic "
        f"scale; {_percent(LOWEST)} stands for that and less. A rate of none is drawn there too."
    )
    drawn.append(_label(LEFTS[0], top + 14, note, kind="s"))
    size = f'width="{WIDTH}" height="{top + 30:.0f}" viewBox="0 0 {WIDTH} {top + 30:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n'
        "<title>False match and false non-match rates by distance and by group</title>\n"
        f'<style>{STYLE}</style>\n<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(drawn) + "\n</svg>\n"
    )


def _row(collection: dict[str, Any], bands: dict[str, float], top: float) -> tuple[list[str], float]:
    """The panels of one collection, and how high they are together."""
    rows = groups(collection)
    height = max(HEIGHT, ROW_OF_GROUP * (len(rows) + 0.6))
    panels = [Panel(left, top + TOP, PANEL, HEIGHT) for left in LEFTS[:2]]
    wide = [Panel(left, top + TOP, PANEL, height) for left in LEFTS[2:]]
    about = collection["about"].partition(":")[0]
    parts = [
        _label(LEFTS[0], top + 22, f"{collection['people']} {about}; {collection['pictures']} pictures", kind="t"),
        *by_distance(panels[0], collection["curve"], bands),
        *trade_off(panels[1], collection["curve"], bands),
        *by_group(wide[0], rows, "false_match", "possible", named=True),
        *by_group(wide[1], rows, "false_non_match", "match", named=False),
    ]
    return parts, TOP + height + 60
