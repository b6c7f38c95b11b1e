"""The public figures as a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal.wording import cited
from rights import figures
from rights.figures import Breakdown, RightFigures
from rights.law.grounds import GROUNDS
from rights.law.lifecycle import ClaimOutcome
from rights.models import Right

RECENT: Final = 12
"""Months that are shown at once; the earlier ones open on demand."""
NOT_SHOWN: Final = _("not shown")
NAMES: Final[dict[str, Promise]] = {
    ClaimOutcome.GRANTED: _("Granted"),
    ClaimOutcome.PARTIAL: _("Granted in part"),
    ClaimOutcome.REFUSED: _("Refused"),
    ClaimOutcome.NOTHING_HELD: _("No picture held"),
    ClaimOutcome.PENDING: _("Not answered yet"),
    figures.WITHDRAWN: _("Withdrawn by the person"),
    "in_time": _("Answered in time"),
    "late": _("Answered late"),
    "overdue": _("Overdue"),
    "not_due": _("Not due yet"),
    "extended": _("Extended"),
    "not_extended": _("Not extended"),
    Right.ACCESS: _("Access"),
    Right.ERASURE: _("Erasure"),
}


@dataclass(frozen=True)
class Cell:
    """A number in words, and the length of its bar, 0 to 100; None where the number is hidden."""

    text: str
    width: int | None


@dataclass(frozen=True)
class Row:
    """A line of a table; `note` is the rule behind its name, mostly empty."""

    name: str
    note: str
    cells: list[Cell]


@dataclass(frozen=True)
class Table:
    """What one table shows; `total` is None where it would only repeat another table's."""

    caption: Promise
    rows: list[Row]
    total: Row | None = None


@require_safe
def transparency(request: HttpRequest) -> HttpResponse:
    """How requests are answered here, in numbers that say nothing about anybody."""
    found = figures.current()
    months = _table(_("Requests by month"), found.rights, lambda right: right.months, _month_name)
    months.rows.reverse()
    context = {
        "until": _month_name(found.until),
        "smallest": figures.SMALLEST,
        "columns": [NAMES[right.right] for right in found.rights],
        "empty": not months.rows,
        "few": not any(right.outcomes.total for right in found.rights),
        "outcomes": _table(_("Requests by outcome"), found.rights, lambda right: right.outcomes, total=True),
        "days": Table(_("Days from receipt to answer"), _days(found.rights)),
        "answered": _table(_("Answers in time and late"), found.rights, lambda right: right.answered),
        "pending": _table(_("Requests not answered yet"), found.rights, lambda right: right.pending),
        "extensions": _table(_("Extensions of the deadline"), found.rights, lambda right: right.extensions),
        "refusals": _refusals(found.rights),
        "months": Table(months.caption, months.rows[:RECENT]),
        "earlier": Table(_("Requests by month, earlier"), months.rows[RECENT:]),
    }
    return render(request, "citizens/transparency.html", context)


def _table(
    caption: Promise,
    rights: Sequence[RightFigures],
    of: Callable[[RightFigures], Breakdown],
    name: Callable[[str], str] = lambda code: str(NAMES[code]),
    *,
    total: bool = False,
) -> Table:
    """A table with a column for each right, its bars drawn to one scale."""
    breakdowns = [of(right) for right in rights]
    codes = list(dict.fromkeys(code for breakdown in breakdowns for code in breakdown.parts))
    longest = max((count or 0 for breakdown in breakdowns for count in breakdown.parts.values()), default=0)
    rows = [
        Row(
            name(code),
            "",
            [
                _cell(breakdown.parts[code], longest) if code in breakdown.parts else _absent()
                for breakdown in breakdowns
            ],
        )
        for code in codes
    ]
    sums = Row(gettext("Total"), "", [_total(breakdown.total) for breakdown in breakdowns]) if total else None
    return Table(caption, rows, sums)


def _cell(count: int | None, longest: int) -> Cell:
    return Cell(str(NOT_SHOWN), None) if count is None else Cell(str(count), round(100 * count / max(longest, 1)))


def _absent() -> Cell:
    return Cell(gettext("does not apply"), None)


def _total(count: int | None) -> Cell:
    """The number of all claims of a right: where it is hidden, it is small and nothing else."""
    small = gettext("fewer than %(smallest)d") % {"smallest": figures.SMALLEST}
    return Cell(small if count is None else str(count), None)


def _days(rights: Sequence[RightFigures]) -> list[Row]:
    days = [right.days for right in rights]
    most = max((found.ninetieth for found in days if found), default=0)
    half = [_length(found.median if found else None, most) for found in days]
    nine = [_length(found.ninetieth if found else None, most) for found in days]
    return [
        Row(gettext("Half of the answers took at most"), gettext("median"), half),
        Row(gettext("Nine in ten took at most"), gettext("90th percentile"), nine),
    ]


def _length(days: int | None, most: int) -> Cell:
    cell = _cell(days, most)
    words = cell.text if days is None else ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
    return Cell(words, cell.width)


def _refusals(rights: Sequence[RightFigures]) -> Table:
    """By ground. A ground that was given nowhere is left out, for its noughts are public."""
    given = {code for right in rights for code, count in right.refusals.parts.items() if count != 0}
    table = _table(_("Refusals by ground"), rights, lambda right: right.refusals, name=str)
    rows = [
        Row(gettext(GROUNDS[row.name].title), cited(GROUNDS[row.name].citation), row.cells)
        for row in table.rows
        if row.name in given
    ]
    return Table(table.caption, rows)


def _month_name(month: str) -> str:
    return date_format(date.fromisoformat(f"{month}-01"), "YEAR_MONTH_FORMAT")
