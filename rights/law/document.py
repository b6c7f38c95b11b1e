"""The laws as pages for a lawyer: `python -m rights.law.document [--check]` writes docs/law/ from the data.

With `--check` nothing is written; the exit status is 1 if a page is stale, and its name is on the error output.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from rights.law import grounds, lifecycle, particulars, points, regime, retention
from rights.law.guards import Guard
from rights.law.regime import Effect, Extension, Period, Regime, Roll, StopRule, Unit, Words
from rights.law.tables import Read, Source

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "law"
MADE: Final = (
    "<!-- Made by `python -m rights.law.document` from the data in `rights/law/`. Change the data, not this page. -->"
)
TITLES: Final = {
    "answer": "Answer",
    "extension": "Extension",
    "acknowledge": "Acknowledgement",
    "opt_out": "Opt-out",
    "appeal": "Answer to an appeal",
    "counting": "How time is counted",
    "roll": "A last day on which nobody works",
    "least_working_days": "Working days at least",
    "identity": "Asking who the person is",
    "clarification": "Asking what the person means",
    "fee": "Waiting for a fee",
    "repeated": "Never excessive when this far apart",
    "cost": "Cost",
    "refusal": "Named in a refusal",
    "places": "Places (ISO 3166)",
}
UNITS: Final = {
    Unit.CALENDAR_MONTHS: "calendar months",
    Unit.CALENDAR_DAYS: "calendar days",
    Unit.BUSINESS_DAYS: "business days",
    Unit.CALENDAR_YEARS: "calendar years",
}
EFFECTS: Final = {
    Effect.PAUSES: "pauses the clock until the answer arrives; a begun month counts as {days} days",
    Effect.RESTARTS: "the whole time runs from the day the answer arrives",
    Effect.DAYS_DO_NOT_COUNT: "the days from asking to the answer, both included, do not count",
    Effect.NEVER_STOPS: "does not stop the clock",
}
READ: Final = {
    Read.PRIMARY: "yes: the text or the decision was read",
    Read.SECONDARY: "yes: a source about it was read",
    Read.UNMARKED: "**no**: stated in the project's notes, without a word on how it was read",
    Read.NONE: "**no**: general knowledge",
}


def pages() -> dict[str, str]:
    """Every page by its file name."""
    found = {f"{code}.md": page(regime.load(code)) for code in regime.CODES}
    found |= {f"{code}.md": _retention_page(retention.load(code)) for code in retention.CODES}
    return found | {"index.md": _index(), "lifecycle.md": _lifecycle(), "points.md": _points()}


def stale() -> list[str]:
    """The names of pages that are missing, differ from the data, or should not be there."""
    wanted = pages()
    held = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    return sorted(name for name in wanted.keys() | held.keys() if wanted.get(name) != held.get(name))


def page(law: Regime) -> str:
    """One regime as Markdown."""
    own = particulars.of(law.code)
    lines = [MADE, "", f"# {law.title}", "", f"`{law.code}`: {law.place}.", ""]
    lines += [*_row_head(), *_rows(law), ""]
    notes = [f"- {TITLES[key]}: {source.note}" for key, source in _sources(law) if source.note]
    lines += ["## Notes", "", *notes, ""] if notes else []
    lines += ["## What is not there", "", *(f"- {TITLES[key]}: {why}." for key, why in law.absent.items()), ""]
    lines += _own(own) + _grounds(law.code)
    return "\n".join(lines).rstrip() + "\n"


def _row_head() -> list[str]:
    return ["| What | Content | Rule | Applies from | Verified |", "|---|---|---|---|---|"]


def _sources(law: Regime) -> Iterator[tuple[str, Source]]:
    for key in TITLES:
        value = getattr(law, key)
        if value is not None:
            yield key, value if isinstance(value, Source) else value.source


def _rows(law: Regime) -> Iterator[str]:
    for key, source in _sources(law):
        yield _row(TITLES[key], _content(getattr(law, key)), source)


def _row(title: str, content: str, source: Source) -> str:
    rule = f"[{source.citation}]({source.url})" if source.url else source.citation
    since = source.since.isoformat() if source.since else "not seen"
    return f"| {title} | {content} | {rule}; {source.instrument} | {since} | {READ[source.read]} |"


def _content(value: Period | Extension | Roll | StopRule | Words | Source) -> str:
    match value:
        case Period() | Extension():
            return _amount(value.number, value.unit)
        case Roll():
            return "moves to the next working day"
        case StopRule():
            return EFFECTS[value.effect].format(days=value.month_days)
        case Words():
            return "; ".join(value.items)
    return "see the note"


def _amount(number: int | None, unit: Unit | None) -> str:
    if number is None or unit is None:
        return "a new date is told; no number was seen"
    return f"{number} {UNITS[unit]}" if number != 1 else f"1 {UNITS[unit].removesuffix('s')}"


def _own(own: particulars.Particulars) -> list[str]:
    if own.free_answers is None and own.look_back is None:
        return []
    lines = ["## This statute alone", "", "Recorded, and applied to nobody: no other regime has a place for it.", ""]
    lines += _row_head()
    notes = []
    if own.free_answers:
        content = f"{own.free_answers.number} within {own.free_answers.within}"
        lines.append(_row("Free answers", content, own.free_answers.source))
        notes.append(f"- Free answers: {own.free_answers.source.note}")
    if own.look_back:
        lifted = "which the person may lift" if own.look_back.person_may_lift else "which the person cannot lift"
        content = (
            f"{own.look_back.months} months at least, {lifted}; then since {own.look_back.lifted_since.isoformat()}"
        )
        lines.append(_row("Look-back", f"{content}. This portal: {own.look_back.portal}", own.look_back.source))
        notes.append(f"- Look-back: {own.look_back.source.note}")
    return [*lines, "", *notes, ""]


def _grounds(code: str) -> list[str]:
    found = grounds.for_regime(code, two_people=True)
    if not found:
        return ["## Grounds of refusal", "", "None was seen, so under this regime nothing can be refused here.", ""]
    lines = ["## Grounds of refusal", "", "| Code | Rule | For | In part | Evidence | Signatures | Verified |"]
    lines.append("|---|---|---|---|---|---|---|")
    for ground in found:
        rights, part = " and ".join(sorted(ground.applies_to)), "yes" if ground.allows_partial else "no"
        signatures, read = (2 if ground.second_signature else 1), "yes" if ground.verified else "**no**"
        evidence = "; ".join(ground.requires_evidence)
        cells = (f"`{ground.code}`: {ground.title}", ground.citation, rights, part, evidence, signatures, read)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return [*lines, ""]


def _retention_page(rule: retention.RetentionRule) -> str:
    limit = _amount(rule.destroy.number, rule.destroy.unit)
    content = f"destroy within {limit} of the last interaction, or earlier when the purpose is met"
    lines = [
        MADE,
        "",
        f"# {rule.title}",
        "",
        f"`{rule.code}`: {rule.place}. Not a right of access: a duty to destroy.",
        "",
    ]
    lines += [*_row_head(), _row("Retention", content, rule.destroy.source), "", rule.destroy.source.note]
    return "\n".join(lines) + "\n"


def _index() -> str:
    example = "manage.py due --regime gdpr --country FR --received 2026-01-31T22:30+01:00"
    lines = [MADE, "", "# The laws", "", f"A date under one of them: `{example}`.", ""]
    lines += ["| Law | Where | Answer within |", "|---|---|---|"]
    for code in regime.CODES:
        law = regime.load(code)
        lines.append(f"| [{law.title}]({code}.md) | {law.place} | {_content(law.answer)} |")
    for rule in (retention.load(code) for code in retention.CODES):
        lines.append(f"| [{rule.title}]({rule.code}.md) | {rule.place} | no right of access; a retention rule |")
    lines += ["", "How a request goes: [lifecycle.md](lifecycle.md). What it is all about: [points.md](points.md)."]
    return "\n".join(lines) + "\n"


def _lifecycle() -> str:
    """The table of steps as diagrams, and what must be true before each."""
    lines = [MADE, "", "# The way of a request", "", "```mermaid", "stateDiagram-v2", "    [*] --> received"]
    for name, step in lifecycle.REQUEST_STEPS.items():
        lines += [f"    {source} --> {step.target}: {name}" for source in sorted(step.sources)]
    lines += ["    closed --> [*]", "    withdrawn --> [*]", "```", "", "## Steps of a request", ""]
    lines += ["| Step | From | To | Only if |", "|---|---|---|---|"]
    for name, step in lifecycle.REQUEST_STEPS.items():
        lines.append(f"| `{name}` | {_sorted(step.sources)} | {step.target} | {_guards(step.guards)} |")
    lines += ["", "## Steps of a claim", "", "Without a target the outcome stays, and is carried out.", ""]
    lines += ["| Step | From | To | Only if |", "|---|---|---|---|"]
    for name, claim in lifecycle.CLAIM_STEPS.items():
        lines.append(f"| `{name}` | {_sorted(claim.sources)} | {claim.target or '—'} | {_guards(claim.guards)} |")
    lines += ["", "## Questions to the person", "", "| About | Only if |", "|---|---|"]
    lines += [f"| {kind} | {_guards(conditions)} |" for kind, conditions in lifecycle.ASKING.items()]
    return "\n".join(lines) + "\n"


def _sorted(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))


def _guards(conditions: Iterable[Guard]) -> str:
    return "; ".join(guard.__name__.replace("_", " ") for guard in conditions) or "—"


def _points() -> str:
    """The seventeen points with what holds each."""
    lines = [MADE, "", "# The seventeen points", "", "A portal that complies …", ""]
    lines += ["| | … | Guards | And |", "|---|---|---|---|"]
    for point in points.POINTS:
        names = "; ".join(name.replace("_", " ") for name in points.guards_of(point.number)) or "—"
        lines.append(f"| {point.number} | {point.rule} | {names} | {point.held_by} |")
    lines += ["", "`tests/test_seventeen.py` has one test a point, and takes away what holds it to see that test fail."]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or check them; the exit status."""
    if "--check" in arguments:
        sys.stderr.writelines(f"docs/law/{name} is stale\n" for name in stale())
        return 1 if stale() else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
