"""What holds for the whole project. The suite polices the code, so that a review can look at what it means."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models
from django.template import engines
from django.urls import URLPattern, URLResolver, get_resolver

from tests import project
from tests.project import ROOT

LONG_MODULES = {"portal/settings.py"}  # One file by intent: what can be set is read in one place.
"""Modules above 300 lines, each after a second look."""
LONG_FUNCTIONS: set[str] = set()
"""Functions whose work, without signature and docstring, takes more than 40 lines, each after a second look."""

OWN_MODELS = [model for room in project.ROOMS for model in apps.get_app_config(room).get_models()]


def test_no_module_is_longer_than_300_lines_without_being_looked_at_again() -> None:
    found = {
        project.name(path) for path in project.modules() if len(path.read_text(encoding="utf-8").splitlines()) > 300
    }
    assert found == LONG_MODULES


def test_no_function_is_longer_than_40_lines_without_being_looked_at_again() -> None:
    found = {
        f"{project.name(path)}:{function.name}"
        for path in project.modules()
        for function in project.functions(path)
        if project.lines_of_work(function) > 40
    }
    assert found == LONG_FUNCTIONS


def test_nothing_catches_every_exception() -> None:
    """`except Exception` and its kin hide what nobody thought of. Catching it to clean up and raise again is fine."""
    found = []
    for path in project.modules():
        for node in project.nodes(path):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = ast.unparse(node.type) if node.type else "BaseException"
            raises_again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if re.search(r"\b(Base)?Exception\b", caught) and not raises_again:
                found.append(f"{project.name(path)}:{node.lineno}")
    assert found == []


def test_every_module_says_what_it_is_for() -> None:
    found = []
    for path in project.modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if tree.body and path.name != "apps.py" and ast.get_docstring(tree) is None:
            found.append(project.name(path))
    assert found == []


def test_nothing_prints() -> None:
    found = [
        f"{project.name(path)}:{node.lineno}"
        for path in project.modules()
        for node in project.nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "breakpoint")
    ]
    assert found == []


# --- models -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", OWN_MODELS, ids=lambda model: model.__name__)
def test_every_list_of_a_model_has_an_order(model: type[models.Model]) -> None:
    alone = any(
        isinstance(field, models.OneToOneField) for field in model._meta.get_fields()
    )  # One to a request: never listed.
    one_row = any(constraint.name in ("one_controller", "one_journal_head") for constraint in model._meta.constraints)
    assert model._meta.ordering or alone or one_row


PROTECTED = {
    # What must outlive the thing it points to, or stop its deletion: never CASCADE.
    "rights.JournalEntry.request": models.PROTECT,
    "rights.RightsRequest.linked_to": models.PROTECT,
    "rights.RightsRequest.assignee": models.SET_NULL,
    "rights.Decision.decided_by": models.PROTECT,
    "rights.Decision.second_by": models.PROTECT,
    "rights.ClockEvent.answers": models.PROTECT,
    "matching.Photo.source": models.PROTECT,
    "matching.Erasure.source": models.PROTECT,
    "matching.Erasure.photo": models.SET_NULL,
    "matching.Hit.photo": models.SET_NULL,
    "matching.Hit.face": models.SET_NULL,
    "portal.Notice.recipient": models.PROTECT,
}


def test_deleting_a_row_takes_along_only_what_is_its_own() -> None:
    """A relation that is not listed cascades, and only from a part to its whole within one aggregate."""
    found = {}
    for model in OWN_MODELS:
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and field.remote_field.on_delete is not models.CASCADE:
                found[f"{model._meta.label}.{field.name}"] = field.remote_field.on_delete
    assert found == PROTECTED


# --- templates and pages ----------------------------------------------------------------------------------------------


def test_every_template_is_used() -> None:
    templates = {path.relative_to(ROOT / "templates").as_posix() for path in (ROOT / "templates").rglob("*.*")}
    used = {text for path in project.modules() for text in project.strings(path)}
    for path in (ROOT / "templates").rglob("*.*"):
        used |= set(re.findall(r"{%\s*(?:extends|include)\s+[\"']([^\"']+)", path.read_text(encoding="utf-8")))
    patterns = [re.escape(text).replace("%s", ".+") for text in used if "%s" in text and "/" in text]
    spread = [_fstring_pattern(node) for path in project.modules() for node in project.nodes(path)]
    found = {
        name
        for name in templates - used - {"404.html", "403.html", "400.html", "500.html", "403_csrf.html"}
        if not any(re.fullmatch(pattern, name) for pattern in [*patterns, *filter(None, spread)])
    }
    assert found == set()


def _fstring_pattern(node: ast.AST) -> str:
    """An f-string that can name a template, as a regular expression; empty for anything else."""
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in node.values]
    return "".join(parts) if "/" in "".join(parts) else ""


@pytest.mark.parametrize(
    "path", sorted((ROOT / "templates").rglob("*.*")), ids=lambda path: path.relative_to(ROOT / "templates").as_posix()
)
def test_every_template_compiles(path: Path) -> None:
    engines["django"].get_template(path.relative_to(ROOT / "templates").as_posix())


def _patterns(resolver: URLResolver, prefix: str = "") -> dict[str, URLPattern]:
    found: dict[str, URLPattern] = {}
    for item in resolver.url_patterns:
        if isinstance(item, URLResolver):
            found |= _patterns(item, prefix + str(item.pattern))
        else:
            found[prefix + str(item.pattern)] = item
    return found


def test_no_address_carries_a_reference_an_email_or_a_name() -> None:
    """Addresses end up in logs and histories; a request is named by its UUID or by a signed token there."""
    found = [route for route in _patterns(get_resolver()) if re.search(r"<[^>]*(reference|email|name)", route)]
    assert [route for route in found if not route.startswith("desk/")] == []


# --- what the law forbids (LAW.md, points 1, 2 and 17) ---------------------------------------------------------------

COUNTS_REQUESTS = re.compile(
    r"throttl|quota|rate_?limit|per_person|max_requests|requests_per|too_many_requests|excessive", re.IGNORECASE
)


def test_no_code_of_the_portal_counts_a_persons_requests() -> None:
    found = []
    for path in project.modules("portal", "rights"):
        for node in project.nodes(path):
            names = [getattr(node, field, None) for field in ("id", "attr", "arg", "name")]
            if any(isinstance(name, str) and COUNTS_REQUESTS.search(name) for name in names):
                found.append(f"{project.name(path)}:{getattr(node, 'lineno', 0)}")
    assert found == []


def test_nothing_counts_or_limits_what_is_looked_up_by_a_requesters_address() -> None:
    """A query that begins at somebody's address may find a request to link to. It may not be counted or compared."""
    found = []
    for path in project.modules("portal"):
        for function in project.functions(path):
            text = ast.unparse(function)
            by_person = re.search(r"requester__(email|name)|Requester\.objects", text)
            counted = re.search(r"\.count\(\)|\bCount\(|\.aggregate\(|len\(", text)
            if by_person and counted:
                found.append(f"{project.name(path)}:{function.name}")
    assert found == []


def test_no_search_looks_at_the_date_of_a_picture() -> None:
    """The only uses of `taken_at` write it down, print it or put it into the copy: it never selects."""
    selects = re.compile(r"(filter|exclude|Q|When|get)\([^()]*\b(taken_at|imported_at)(__\w+)?\b")
    found = [
        project.name(path)
        for path in project.modules()
        if selects.search(re.sub(r"\s+", " ", path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_no_setting_refuses_a_region_a_period_or_a_frequency() -> None:
    text = (ROOT / "portal" / "settings.py").read_text(encoding="utf-8")
    names = set(re.findall(r"REGARD_[A-Z_]+", text))
    forbidden = re.compile(r"COUNTRIES|REGION|WINDOW|SINCE|LOOK_?BACK|PER_(DAY|WEEK|MONTH|YEAR|PERSON)|QUOTA|THROTTLE")
    assert {name for name in names if forbidden.search(name)} == set()


# --- privacy of logs and tasks ---------------------------------------------------------------------------------------


def test_tasks_take_identifiers_and_nothing_else() -> None:
    for function in project.functions(ROOT / "portal" / "tasks.py"):
        names = [argument.arg for argument in function.args.args + function.args.kwonlyargs]
        assert all(name.endswith("_id") for name in names), function.name


def test_no_log_line_names_a_person() -> None:
    personal = re.compile(r"\b(email|reference|requester|contact|token|digits|template|probe)\b")
    found = []
    for path in project.modules():
        for node in project.nodes(path):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).startswith(("logger.", "logging.")):
                continue
            if any(personal.search(ast.unparse(argument)) for argument in node.args[1:]):
                found.append(f"{project.name(path)}:{node.lineno}")
    assert found == []


# --- files ------------------------------------------------------------------------------------------------------------


def test_no_file_names_this_machine_or_a_private_registry() -> None:
    here = re.compile(
        "|".join(
            [
                "/" + "work/",
                "/" + "tmp/brief",
                "/" + "root/",
                "/" + "home/",
                r"--" + r"index-url",
                r"--" + r"find-links",
            ]
        )
    )
    found = []
    for path in project.tracked():
        if path.suffix in (".png", ".ico", ".woff2"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{project.name(path)}: {match.group()}" for match in here.finditer(text)]
    assert found == []


def test_no_photograph_of_a_person_is_in_the_repository() -> None:
    pictures = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".tif", ".tiff", ".gif"}
    found = [project.name(path) for path in project.tracked() if path.suffix.lower() in pictures]
    assert [name for name in found if not name.startswith("docs/images/")] == []


def test_every_locked_package_has_a_hash() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        pinned = re.findall(r"^[A-Za-z0-9][^\s=]*==", text, re.MULTILINE)
        hashed = re.findall(r"^[A-Za-z0-9][^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)
        assert len(pinned) == len(hashed) > 20


def test_ci_calls_make_test_and_nothing_cleverer() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "exec make test"]
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"]).returncode == 0
