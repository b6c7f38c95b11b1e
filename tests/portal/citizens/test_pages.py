"""What every page keeps: one style sheet, nothing inline, nothing cached, both languages."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import find
from django.test import Client
from django.urls import reverse

from portal import flow
from tests.portal.citizens.person import Person, Response

TEMPLATES = [
    path
    for path in sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
    if path.parent.name == "citizens" or "citizens" in path.parts or path.parent.name == "templates"
]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_inline_styles_or_scripts(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", text)


@pytest.mark.django_db
def test_the_front_page_leads_to_access_and_erasure_alike(person: Person) -> None:
    page = person.get("front").content.decode()
    assert "?want=access" in page
    assert "?want=erasure" in page
    assert reverse("citizens:find") in page


@pytest.mark.django_db
def test_the_front_page_stands_before_staff_have_said_who_they_are() -> None:
    assert Client().get("/").status_code == 200


@pytest.mark.django_db
def test_every_page_names_the_controller_and_how_to_reach_it(person: Person) -> None:
    page = person.get("find").content.decode()
    profile = person.get("find").context["controller"]
    assert profile.name in page
    assert profile.email in page


@pytest.mark.django_db
def test_pages_about_a_person_are_kept_by_no_cache_and_load_nothing_from_elsewhere(person: Person) -> None:
    case = person.ask()
    pages = [person.get("code", request_id=case.pk), person.type_code(case)]
    pages += [person.get("status", request_id=case.pk), person.get("withdraw", request_id=case.pk)]
    pages += [person.get("form", step="rights"), person.get("find")]
    for response in pages:
        assert "no-store" in response.headers["Cache-Control"]
        assert "noindex" in response.headers["X-Robots-Tag"]
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.django_db
def test_an_unknown_address_is_answered_with_a_way_on(person: Person) -> None:
    response = person.client.get("/nowhere/")
    assert response.status_code == 404
    assert reverse("citizens:find") in response.content.decode()


@pytest.mark.django_db
def test_an_unknown_step_of_the_form_is_not_found(person: Person) -> None:
    assert person.get("form", step="payment").status_code == 404


@pytest.mark.django_db
def test_the_language_can_be_changed_on_every_page(person: Person) -> None:
    response: Response = person.client.post(
        reverse("set_language"), {"language": "fr", "next": reverse("citizens:find")}
    )
    assert response.url == reverse("citizens:find")
    assert '<html lang="fr">' in person.get("find").content.decode()
    assert "English" in person.get("find").content.decode(), "a language is offered by its own name"


@pytest.mark.any_database
@pytest.mark.django_db
def test_every_page_is_light_with_all_it_loads(person: Person) -> None:
    """Without a browser, and so on every page: HTML, style sheets and scripts, unpacked."""
    case = person.ask()
    person.type_code(case)
    flow.draw_poses(request_id=case.pk)
    pages = [person.get("status", request_id=case.pk), person.get("live", request_id=case.pk)]
    pages += [person.get(name) for name in ("front", "kept", "find", "transparency", "accessibility")]
    pages += [person.get(name, request_id=case.pk) for name in ("contact", "withdraw")]
    other = Person()
    for step in ("rights", "person", "contact"):
        pages.append(other.get("form", step=step))
        other.answer(step)
    pages.append(other.get("form", step="photo"))
    for page in pages:
        assert page.status_code == 200
        loads = set(re.findall(r"/static/([\w./-]+)", page.content.decode()))
        assert len(loads) >= 4
        weights = {name: Path(find(name) or "").stat().st_size for name in loads}
        assert len(page.content) + sum(weights.values()) < 150_000, weights
