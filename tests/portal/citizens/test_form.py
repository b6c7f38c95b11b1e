"""The form: one thing per page, nothing lost, sent once."""

from datetime import timedelta
from threading import Thread
from unittest import mock

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time
from pytest_django.fixtures import Settings

from portal import drafts, vault
from portal.citizens import wording
from portal.models import Draft, Event, Requester
from rights.models import RightsRequest
from tests.portal.citizens.person import Person, Response, id_in, upload

pytestmark = pytest.mark.django_db


def test_the_form_leads_through_five_pages_to_the_code(person: Person) -> None:
    for step, following in [("rights", "person"), ("person", "contact"), ("contact", "photo")]:
        assert person.answer(step).url == reverse("citizens:form", args=[following])
    assert person.answer("photo").url == reverse("citizens:check")
    response = person.send()
    case = RightsRequest.objects.get()
    assert response.url == reverse("citizens:code", args=[case.pk])
    assert sorted(case.claims.order_by("pk").values_list("right", flat=True)) == ["access", "erasure"]
    assert case.requester.email == "ada@example.org"
    assert case.evidence.count() == 1


def test_sending_acknowledges_at_once_and_sends_a_code(person: Person) -> None:
    case = person.ask()
    events = set(case.notices.order_by("pk").values_list("event", flat=True))
    assert events == {Event.ACKNOWLEDGED, Event.CODE}


def test_each_page_says_which_step_it_is(person: Person) -> None:
    person.fill_in()
    for number, step in enumerate(("rights", "person", "contact", "photo"), start=1):
        assert f"Step {number} of 5" in person.get("form", step=step).content.decode()
    assert "Step 5 of 5" in person.get("check").content.decode()


@pytest.mark.parametrize(
    ("step", "data", "field"),
    [
        ("rights", {}, "rights"),
        ("person", {}, "about"),
        ("person", {"about": "agent"}, "person_name"),
        ("person", {"about": "agent", "person_name": "Bo"}, "relation"),
        ("contact", {"email": "ada", "language": "en"}, "email"),
        ("contact", {"email": "ada@example.org", "language": "xx"}, "language"),
        ("photo", {}, "photo"),
    ],
)
def test_a_mistake_is_named_in_a_summary_that_links_to_its_field_and_takes_the_focus(
    person: Person, step: str, data: dict[str, str], field: str
) -> None:
    person.answer("rights")
    page = person.post("form", data, step=step).content.decode()
    summary = page[page.index('class="errors"') : page.index('class="progress"')]
    assert "autofocus" in summary
    assert f'href="#id_{field}"' in summary
    assert f'id="id_{field}"' in page
    assert "<title>\n      Error:" in page


def test_going_back_keeps_what_was_typed_even_if_it_is_not_right_yet(person: Person) -> None:
    person.answer("rights")
    person.answer("person")
    response = person.post("form", {"email": "ada@", "name": "Ada", "back": "yes"}, step="contact")
    assert response.url == reverse("citizens:form", args=["person"])
    page = person.get("form", step="contact").content.decode()
    assert 'value="ada@"' in page
    assert 'value="Ada"' in page
    assert 'class="errors"' not in page


def test_every_page_shows_again_what_was_answered(person: Person) -> None:
    person.fill_in()
    assert person.get("form", step="rights").content.decode().count("checked") == 2
    assert "ada@example.org" in person.get("form", step="contact").content.decode()
    assert reverse("citizens:draft_photo") in person.get("form", step="photo").content.decode()


def test_a_change_from_the_check_page_leads_back_to_it(person: Person) -> None:
    person.fill_in()
    address = reverse("citizens:form", args=["contact"]) + "?check="
    response: Response = person.client.post(address, {"email": "new@example.org", "name": "", "language": "fr"})
    assert response.url == reverse("citizens:check")
    assert "new@example.org" in person.get("check").content.decode()


def test_the_check_page_is_reached_only_with_every_question_answered(person: Person) -> None:
    person.answer("rights")
    assert person.get("check").url == reverse("citizens:form", args=["person"])


def test_for_somebody_else_the_name_and_the_capacity_are_kept(person: Person) -> None:
    person.answer("rights")
    person.answer("person", about="parent", person_name="Bo", relation="parent")
    nameless = person.answer("contact", name="")
    assert "you act for someone else" in nameless.content.decode()
    person.answer("contact")
    person.answer("photo")
    person.send()
    requester = Requester.objects.get()
    assert (requester.on_behalf, requester.person_name, requester.relation) == (True, "Bo", "parent")


def test_a_name_typed_before_choosing_oneself_is_not_kept(person: Person) -> None:
    person.answer("rights")
    person.answer("person", about="me", person_name="Bo", relation="parent")
    person.answer("contact")
    person.answer("photo")
    person.send()
    assert Requester.objects.get().person_name == ""


def test_the_photograph_can_be_put_off_and_the_clock_runs_all_the_same(person: Person) -> None:
    for step in ("rights", "person", "contact"):
        person.answer(step)
    person.post("form", {"later": "on"}, step="photo")
    person.send()
    case = RightsRequest.objects.get()
    assert case.evidence.count() == 0
    assert case.due > timezone.localdate()


@pytest.mark.parametrize(("data", "code"), [(b"", "empty"), (b"hello, I am no picture", "not_an_image")])
def test_a_file_that_is_no_photograph_is_answered_with_what_to_do(person: Person, data: bytes, code: str) -> None:
    person.answer("rights")
    response = person.post("form", {"photo": upload(data)}, step="photo")
    assert response.context["form"].errors["photo"] == [str(wording.UPLOAD[code])]


def test_a_file_too_large_for_the_server_is_told_to_be_so(person: Person, settings: Settings) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 200
    person.answer("rights")
    response = person.post("form", {"photo": upload()}, step="photo")
    assert response.context["form"].errors["photo"] == [str(wording.UPLOAD["file_too_large"])]


def test_the_draft_opens_with_the_cookie_alone(person: Person) -> None:
    person.fill_in()
    row = Draft.objects.get()
    assert b"ada" not in bytes(row.sealed)
    cookie = person.client.cookies["regard_draft"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/request/"
    with pytest.raises(vault.VaultError):
        vault.unseal_with(vault.new_key(), bytes(row.sealed), bound_to=row.pk.bytes)


def test_an_altered_cookie_opens_nothing_and_begins_again(person: Person) -> None:
    person.fill_in()
    person.client.cookies["regard_draft"] = person.client.cookies["regard_draft"].value[:-1]
    assert person.get("check").url == reverse("citizens:form", args=["rights"])
    assert person.client.get(reverse("citizens:draft_photo")).status_code == 404


def test_a_draft_is_gone_after_a_day(person: Person) -> None:
    person.fill_in()
    with freeze_time(timezone.now() + timedelta(hours=24, seconds=1)):
        assert person.get("check").url == reverse("citizens:form", args=["rights"])


def test_sending_twice_makes_one_request(person: Person) -> None:
    person.fill_in()
    version = person.version()
    first, second = person.send(version), person.send(version)
    assert id_in(first) == id_in(second)
    assert RightsRequest.objects.count() == 1


def test_once_sent_nothing_is_left_of_the_draft_but_the_request_it_became(person: Person) -> None:
    case = person.ask()
    row = Draft.objects.get()
    assert row.request_id == case.pk
    assert bytes(row.sealed) == b""
    assert row.sealed_photo is None


def test_looking_back_at_the_form_after_sending_leads_to_the_request(person: Person) -> None:
    case = person.ask()
    for address in (reverse("citizens:check"), reverse("citizens:form", args=["contact"])):
        response: Response = person.client.get(address)
        assert response.url == reverse("citizens:code", args=[case.pk])


def test_an_answer_changed_in_another_tab_is_checked_again_before_it_is_sent(person: Person) -> None:
    person.fill_in()
    seen = person.version()
    person.answer("rights", rights=["access"])
    assert person.send(seen).url == reverse("citizens:check")
    assert RightsRequest.objects.count() == 0


def test_a_second_request_can_be_made_in_the_same_browser(person: Person) -> None:
    first = person.ask()
    second = person.ask()
    assert first.pk != second.pk
    assert second.linked_to == first


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_the_same_moment_make_one_request(person: Person) -> None:
    person.fill_in()
    version, cookies = person.version(), person.client.cookies
    answers: list[int] = []

    def send() -> None:
        client = Client()
        client.cookies = cookies
        answers.append(client.post(reverse("citizens:check"), {"version": version}).status_code)
        connection.close()

    if connection.settings_dict["NAME"] == ":memory:" or "mode=memory" in str(connection.settings_dict["NAME"]):
        pytest.skip("An in-memory database is not shared between threads.")
    threads = [Thread(target=send) for _sender in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [302, 302]
    assert RightsRequest.objects.count() == 1


def test_the_loser_of_a_race_gets_the_winners_request(person: Person) -> None:
    person.fill_in()
    loser = drafts.open_draft(_token(person))
    assert loser is not None
    case_id = id_in(person.send())
    receive = mock.Mock()
    assert drafts.send(loser, receive=receive) == case_id
    receive.assert_not_called()


def test_if_putting_on_record_fails_the_draft_can_be_sent_again(person: Person) -> None:
    person.fill_in()
    draft = drafts.open_draft(_token(person))
    assert draft is not None
    with pytest.raises(ZeroDivisionError):
        drafts.send(draft, receive=mock.Mock(side_effect=ZeroDivisionError))
    assert person.send().status_code == 302
    assert RightsRequest.objects.count() == 1


def _token(person: Person) -> str:
    request = HttpRequest()
    request.COOKIES = {"regard_draft": person.client.cookies["regard_draft"].value}
    return str(request.get_signed_cookie("regard_draft", salt="portal.citizens.draft"))


def test_the_front_page_leads_into_the_form_with_its_wish_ticked(person: Person) -> None:
    page = person.client.get(reverse("citizens:form", args=["rights"]) + "?want=erasure").content.decode()
    assert page.count("checked") == 1


def test_no_form_is_taken_without_its_token(person: Person) -> None:
    strict = Client(enforce_csrf_checks=True)
    for address in (reverse("citizens:form", args=["rights"]), reverse("citizens:find"), reverse("citizens:leave")):
        assert strict.post(address, {"rights": "access"}).status_code == 403


def test_the_page_of_the_photograph_alone_may_use_the_camera(person: Person) -> None:
    person.answer("rights")
    person.answer("person")
    assert "camera=()" in person.get("form", step="contact").headers["Permissions-Policy"]
    person.answer("contact")
    page = person.get("form", step="photo")
    assert "camera=(self)" in page.headers["Permissions-Policy"]
    said = page.content.decode()
    assert 'data-camera="photo"' in said
    assert "live.js" in said
    assert "framing.js" in said
    assert 'class="camera-start" hidden' in said, "it is offered by the script, where there is a camera"
