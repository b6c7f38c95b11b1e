"""The law room is pure: it never asks for the time, knows no Django, and one module alone reads the holidays."""

import ast
from pathlib import Path

import pytest

from tests import project
from tests.project import ROOT

MODULES = sorted((ROOT / "rights" / "law").glob("*.py"))
ASKS_FOR_THE_TIME = {
    "now",
    "today",
    "utcnow",
    "localtime",
    "gmtime",
    "monotonic",
    "perf_counter",
    "time_ns",
    "localdate",
}
FORBIDDEN = {"django", "time", "random", "os", "requests", "urllib", "socket", "secrets", "holidays"}


def imported(path: Path) -> set[str]:
    """The first names of everything that a module imports."""
    found = set()
    for node in project.nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_the_law_never_asks_for_the_time(path: Path) -> None:
    found = [
        node.lineno
        for node in project.nodes(path)
        if (isinstance(node, ast.Attribute) and node.attr in ASKS_FOR_THE_TIME)
        or (isinstance(node, ast.Name) and node.id in ASKS_FOR_THE_TIME)
        or (isinstance(node, ast.alias) and node.name in ASKS_FOR_THE_TIME)
    ]
    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_the_law_imports_nothing_that_could_make_it_impure(path: Path) -> None:
    allowed = {"holidays"} if path.name == "calendars.py" else set()
    assert imported(path) & FORBIDDEN <= allowed


def test_only_the_pages_for_lawyers_read_what_belongs_to_one_statute_alone() -> None:
    """So nothing that answers a request can apply one statute's cap or look-back, under whatever regime."""
    readers = set()
    for path in project.modules():
        for node in project.nodes(path):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if "particulars" in module or any("particulars" in name for name in names):
                readers.add(project.name(path))
    assert readers == {"rights/law/document.py"}


@pytest.mark.parametrize("name", ["clock.py", "stops.py", "counting.py", "calendars.py"])
def test_no_number_of_a_statute_is_in_the_code(name: str) -> None:
    """Nothing but steps of one, a year's months and Saturday's place in the week; the rest is data."""
    found = {
        node.value
        for node in project.nodes(ROOT / "rights" / "law" / name)
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool)
    }
    assert found <= {0, 1, 5, 12}
