"""The lists: what they are narrowed to, what the front counts, who sees to what, and kept texts."""

import re
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal import flow
from portal.desk import accesses, filters, lists, paging
from portal.flow import assign
from portal.models import Author, Job, JobKind, JobState, Message, MessageText
from portal.models.snippet import check_placeholders
from portal.staff.roles import Role
from rights import queries
from rights.law.lifecycle import TransitionRefused
from rights.models import Decision, JournalEntry, RightsRequest
from tests.portal.deeds import Ask
from tests.staffing import member, sign_in

pytestmark = pytest.mark.django_db

LIST = "admin:rights_rightsrequest_changelist"


@pytest.fixture
def me() -> User:
    return member("me", *Role)


@pytest.fixture
def desk(client: Client, me: User) -> Client:
    return sign_in(client, me)


def due_in(request: RightsRequest, days: int) -> None:
    day = timezone.localdate() + timedelta(days=days)
    RightsRequest.objects.filter(pk=request.pk).update(due=day, nominal_due=day)


@pytest.fixture
def cases(ask: Ask, me: User) -> list[RightsRequest]:
    """One of each kind: overdue, due soon, one that wrote, one held up, one ended though late."""
    made = [ask(email=f"{number}@example.org") for number in range(6)]
    for request, days in zip(made, (-3, 0, 7, 8, 20, -9), strict=True):
        due_in(request, days)
    Message.objects.create(request=made[1], author=Author.PERSON, written_by="citizen", written_at=timezone.now())
    Job.objects.update_or_create(
        request=made[2], kind=JobKind.SEARCH,
        defaults={"state": JobState.WAITING, "problem": "SearchIncomplete", "not_before": timezone.now()},
    )  # fmt: skip
    flow.assign(request_id=made[3].pk, member_id=me.pk, actor="staff:1")
    flow.withdraw(request_id=made[5].pk)
    return made


def shown(client: Client, query: str) -> set[str]:
    answer = client.get(f"{reverse(LIST)}?{query}")
    assert answer.status_code == 200
    return {case.reference for case in answer.context["cl"].result_list}


def test_every_count_of_the_front_is_the_number_of_rows_of_its_list(desk: Client, cases: list[RightsRequest]) -> None:
    answer = desk.get(reverse("desk"))
    counts = [count for _title, group in answer.context["groups"] for count in group]
    assert len(counts) == 9
    for count in counts:
        assert desk.get(count.address).context["cl"].result_count == count.number, count.words
    assert {count.words: count.number for count in counts} == {
        "overdue": 1, "due this week": 2, "waiting for us": 1, "waiting for the person": 3, "mine": 1, "unassigned": 4,
        "sources down": 0, "open jobs": 1, "held up": 1,
    }  # fmt: skip


def test_the_filter_of_whom_it_waits_for_is_the_column(desk: Client, cases: list[RightsRequest]) -> None:
    said: dict[str, set[str]] = {}
    for case in desk.get(reverse(LIST)).context["cl"].result_list:
        said.setdefault(case.waits.partition(":")[0], set()).add(case.reference)
    assert said.keys() == {"us", "person", "held"}
    for party in lists.PARTIES:
        assert shown(desk, f"waits={party}") == said.get(party, set())
    assert shown(desk, "waits=nonsense") == set()


def test_each_part_of_the_filter_agrees_with_the_column(cases: list[RightsRequest]) -> None:
    """With every set of things that can be open at once."""
    states, problems = ("confirmed", "searched", "withdrawn"), (None, "", "SourceReadOnly")
    every = RightsRequest.objects.order_by("pk")
    wrote, case = Message.objects.filter(request=cases[1]).get(), cases[1]
    claim = case.claims.order_by("pk")[0]
    by = User.objects.get(username="me")
    for state, problem, unread, proposed in product(states, problems, (True, False), (True, False)):
        ended = timezone.now() if state == "withdrawn" else None
        every.filter(pk=case.pk).update(state=state, ended_at=ended)
        Job.objects.filter(request=case).delete()
        if problem is not None:
            Job.objects.create(request=case, kind=JobKind.ERASE, problem=problem, not_before=timezone.now())
        Message.objects.filter(pk=wrote.pk).update(read_at=None if unread else timezone.now())
        Decision.objects.filter(claim=claim).delete()
        if proposed:
            how = {"outcome": "granted", "identity_basis": "photo_and_email", "in_force": False}
            Decision.objects.create(claim=claim, decided_by=by, decided_at=timezone.now(), **how)
        said = every.annotate(waits=lists.waiting()).get(pk=case.pk).waits.partition(":")[0]
        found = [party for party in lists.PARTIES if lists.waits_for(every, party).filter(pk=case.pk).exists()]
        assert found == ([said] if said else []), (state, problem, unread, proposed)
    assert lists.by_party(every).total() == sum(lists.waits_for(every, party).count() for party in lists.PARTIES)


def plan(rows: QuerySet[Any]) -> str:
    """How the database finds them."""
    return str(rows.explain())


def test_no_list_reads_every_request_to_find_a_few(me: User) -> None:
    """PostgreSQL decides by how many rows there are: of a few it reads all, and only the questions are tried there."""
    every = RightsRequest.objects.order_by()
    if connection.vendor != "sqlite":
        assert all(plan(lists.waits_for(every, party).values("pk")) for party in lists.PARTIES)
        return
    for party in lists.PARTIES:
        said = plan(lists.waits_for(every, party).values("pk"))
        assert not re.search("SCAN ([VW]0|rights_rightsrequest) ", said), (party, said)
    assert "requests_by_assignee" in plan(every.filter(assignee=me).order_by("due", "received_at", "pk").values("pk"))
    assert "TEMP B-TREE" not in plan(JournalEntry.objects.order_by("-position").values("pk")[:50])


SORTED = {
    "rights_rightsrequest": tuple(f"o={n}&which=all" for n in (1, -1, 2, -2, 4, -4, 5, -5)),
    "portal_notice": ("o=1", "o=-1", "o=6", "o=-6"),
    "portal_job": ("o=4", "o=-4"),
    "matching_photo": ("o=0", "o=-0", "o=4", "o=-4", "o=6", "o=-6", "status__exact=read"),
}


@pytest.mark.parametrize(("of", "query"), [(of, query) for of, queries in SORTED.items() for query in queries])
def test_a_page_of_a_sorted_list_is_walked_in_an_index_in_either_direction(desk: Client, of: str, query: str) -> None:
    rows = desk.get(f"{reverse(f'admin:{of}_changelist')}?{query}").context["cl"].queryset.values("pk")
    for page in (rows[:50], rows.reverse()[:50]):
        said = plan(page)
        if connection.vendor == "sqlite":
            assert "TEMP B-TREE" not in said, said
            assert of == "matching_photo" or "INDEX" in said, said


def test_counts_over_many_requests_read_an_index_only(me: User) -> None:
    if connection.vendor != "sqlite":
        return
    of_claims = "rights_claim USING COVERING INDEX"  # Each claim leads to its request; none is asked for its claims.
    for rule, read in (
        ({"which": "ended"}, "COVERING INDEX requests_by"),
        ({"which": "ended", "right": "erasure"}, f"SCAN {of_claims}"),
        ({"which": "ended", "country__exact": "DE"}, "COVERING INDEX requests_by"),
    ):
        client = sign_in(Client(), me)
        found = client.get(reverse(LIST), rule).context["cl"].queryset.order_by().values("pk")
        said = plan(found)
        assert read in said, said


def test_a_list_shown_at_once_or_on_one_page_has_all_columns(desk: Client, cases: list[RightsRequest]) -> None:
    for query in ("", "all=&which=all", "which=all&p=1"):
        listed = desk.get(f"{reverse(LIST)}?{query}").context["cl"]
        assert [case.waits for case in listed.result_list], query
        assert listed.result_count == len(listed.result_list) == (6 if "which" in query else 5)


def test_a_column_turned_around_gives_the_list_turned_around(desk: Client, cases: list[RightsRequest]) -> None:
    def order(query: str) -> list[str]:
        return [case.reference for case in desk.get(f"{reverse(LIST)}?{query}").context["cl"].result_list]

    for which in ("", "&which=all"):
        assert order(f"o=5{which}") == order(f"o=-5{which}")[::-1]
    by_due = [case.reference for case in RightsRequest.objects.order_by("due") if case.is_open]
    assert order("o=5") == by_due, "equal in the channel: the next due first"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_page_and_the_number_of_all_rows_in_one_query_are_the_same(
    cases: list[RightsRequest], number: int, django_assert_num_queries: Any
) -> None:
    rows = RightsRequest.objects.order_by("due", "pk")
    usual = paging.KeyPaginator(rows, 2)
    with django_assert_num_queries(1):
        likely = paging.KeyPaginator(rows, 2, likely=number)
        assert (likely.count, likely.num_pages) == (6, 3)
        keys = likely._keys(2 * number - 2, 2 * number)
    assert keys == usual._keys(2 * number - 2, 2 * number)
    for other in (1, 2, 3):
        assert list(likely.page(other)) == list(usual.page(other))


def test_a_page_beyond_the_last_is_counted_all_the_same(cases: list[RightsRequest]) -> None:
    assert paging.KeyPaginator(RightsRequest.objects.order_by("pk"), 2, likely=9).count == 6
    assert paging.KeyPaginator(RightsRequest.objects.none().order_by("pk"), 2, likely=1).count == 0


def test_part_of_a_reference_finds_its_request(desk: Client, cases: list[RightsRequest]) -> None:
    for typed in (cases[0].reference, cases[0].reference[3:].lower()):
        assert cases[0].reference in shown(desk, f"q={typed}")
    assert shown(desk, "q=nosuch") == set()


def test_a_page_counted_off_from_the_end_is_the_same_page(cases: list[RightsRequest]) -> None:
    rows = RightsRequest.objects.order_by("state", "-due", "pk")
    pages = paging.KeyPaginator(rows, 2)
    assert [case.pk for number in pages.page_range for case in pages.page(number)] == [case.pk for case in rows]
    pages = paging.KeyPaginator(rows, 4)
    assert [case.pk for number in pages.page_range for case in pages.page(number)] == [case.pk for case in rows]


def test_who_looked_is_paged_by_the_last_look(desk: Client, cases: list[RightsRequest], monkeypatch: Any) -> None:
    monkeypatch.setattr(accesses, "PER_PAGE", 2)
    for case in (*cases, cases[0]):
        desk.get(reverse("admin:rights_rightsrequest_change", args=[case.pk]))
    shown, address = [], reverse("staff:accesses")
    while address:
        answer = desk.get(address)
        shown += [case.reference for case, _facts in answer.context["requests"]]
        older = answer.context["older"]
        address = f"{reverse('staff:accesses')}?before={older}" if older else ""
    assert shown == [case.reference for case in (cases[0], *reversed(cases[1:]))]
    assert desk.get(f"{reverse('staff:accesses')}?before=x").status_code == 200


def test_the_journal_is_searched_by_reference(desk: Client, cases: list[RightsRequest]) -> None:
    address = reverse("admin:rights_journalentry_changelist")
    found = desk.get(address, {"q": cases[0].reference[4:].lower()}).context["cl"].result_list
    assert {entry.request_id for entry in found} == {cases[0].pk}


def test_the_countries_to_choose_from_are_those_that_requests_have(desk: Client, cases: list[RightsRequest]) -> None:
    for case, country in zip(cases, ("DE", "FR", "DE", "AT", "FR", "FR"), strict=True):
        RightsRequest.objects.filter(pk=case.pk).update(country=country)
    filters_shown = desk.get(reverse(LIST)).context["cl"].filter_specs
    (offered,) = (each for each in filters_shown if isinstance(each, filters.CountryFilter))
    assert offered.lookup_choices == [("AT", "Austria"), ("FR", "France"), ("DE", "Germany")]
    assert shown(desk, "country__exact=DE") == {cases[0].reference, cases[2].reference}
    assert shown(desk, "country__exact=XX") == set()


def test_without_requests_there_are_no_countries() -> None:
    assert queries.countries() == []


def test_filters_narrow_together(desk: Client, cases: list[RightsRequest], me: User) -> None:
    assert shown(desk, "due=overdue&which=all") == {cases[0].reference}
    assert shown(desk, "assignee=me") == shown(desk, "assignee=me&right=erasure") == {cases[3].reference}
    assert shown(desk, "assignee=99999999999999999999999") == set()
    assert shown(desk, "which=ended") == {cases[5].reference}
    assert shown(desk, "channel__exact=post") == set()


def test_one_comes_back_to_the_list_as_it_was(desk: Client, cases: list[RightsRequest]) -> None:
    body = desk.get(f"{reverse(LIST)}?assignee=me&o=2").content.decode()
    link = re.search(r'href="(/desk/rights/rightsrequest/[^"]+/change/\?_changelist_filters=[^"]+)"', body)
    assert link is not None
    back = f'href="{reverse(LIST)}?assignee=me&amp;o=2"'
    assert back in desk.get(link[1]).content.decode()
    page = reverse("admin:rights_rightsrequest_change", args=[cases[3].pk])
    assert back in desk.get(page).content.decode(), "also where a form led"
    assert "evil" not in desk.get(f"{page}?_changelist_filters=//evil").context["list_address"].partition("?")[0]


def test_an_assignment_is_journalled_once_and_only_to_who_moves_requests(ask: Ask, me: User) -> None:
    request, nobody = ask(), member("keeper", Role.ADMIN)
    assert assign(request_id=request.pk, member_id=me.pk, actor="staff:1")
    assert not assign(request_id=request.pk, member_id=me.pk, actor="staff:1")
    with pytest.raises(TransitionRefused):
        assign(request_id=request.pk, member_id=nobody.pk, actor="staff:1")
    assert assign(request_id=request.pk, member_id=None, actor="staff:1")
    told = JournalEntry.objects.filter(request=request, event__in=["assigned", "unassigned"]).order_by("position")
    assert [(entry.event, entry.detail) for entry in told] == [
        ("assigned", {"to": f"staff:{me.pk}"}), ("unassigned", {}),
    ]  # fmt: skip
    flow.withdraw(request_id=request.pk)
    with pytest.raises(TransitionRefused):
        assign(request_id=request.pk, member_id=me.pk, actor="staff:1")


def test_one_request_is_assigned_from_its_page(desk: Client, cases: list[RightsRequest], me: User) -> None:
    address = reverse("admin:rights_request_assign", args=[cases[0].pk])
    desk.post(address, {"me": "yes"})
    assert RightsRequest.objects.get(pk=cases[0].pk).assignee == me
    desk.post(address, {"member": "9999"})
    assert RightsRequest.objects.get(pk=cases[0].pk).assignee == me
    desk.post(address, {"member": ""})
    assert RightsRequest.objects.get(pk=cases[0].pk).assignee is None


def test_a_bulk_action_asks_first_and_tells_what_was_refused(
    desk: Client, cases: list[RightsRequest], me: User
) -> None:
    other = member("other", Role.TRIAGE)
    form = {"action": "assign_to_other", "index": "0", "_selected_action": [str(case.pk) for case in cases]}
    address = reverse(LIST) + "?which=all"
    asked = desk.post(address, form)
    assert asked.context["number"] == 6
    assert all(case.reference in asked.content.decode() for case in cases)
    assert RightsRequest.objects.exclude(assignee=None).count() == 1, "nothing was done yet"
    unchosen = desk.post(address, form | {"confirmed": "yes", "member": ""})
    assert unchosen.context["form"].errors
    body = desk.post(address, form | {"confirmed": "yes", "member": str(other.pk)}, follow=True).content.decode()
    assert "5 requests were assigned anew." in body
    assert f"{cases[5].reference}: This request has ended" in body
    assert RightsRequest.objects.filter(assignee=other).count() == 5


def test_bulk_actions_are_for_those_who_move_requests(client: Client, cases: list[RightsRequest], me: User) -> None:
    keeper = member("keeper", Role.ADMIN)
    sign_in(client, keeper)
    form = {"action": "assign_to_me", "index": "0", "confirmed": "yes", "_selected_action": [str(cases[0].pk)]}
    assert client.post(reverse(LIST), form).status_code == 403
    assert RightsRequest.objects.exclude(assignee=None).count() == 1


@pytest.mark.parametrize("words", ["{name}", "{ reference }", "{", "}", "{{reference}}", "{reference.pk}", "{0}"])
def test_a_text_with_other_braces_is_refused(words: str) -> None:
    with pytest.raises(ValidationError):
        check_placeholders(words)


def test_a_kept_text_is_added_to_what_was_typed_and_sends_nothing(desk: Client, cases: list[RightsRequest]) -> None:
    text = MessageText.objects.create(language="en", title="Photo", words="About {reference}: {% now %} <b>")
    foreign = MessageText.objects.create(language="fr", title="Photo", words="Bonjour")
    address = reverse("admin:rights_request_thread", args=[cases[0].pk])
    before = Message.objects.count()
    assert list(desk.get(address).context["texts"]) == [text]
    answer = desk.post(address, {"add_text": "yes", "text": str(text.pk), "words": "Dear Ada,"})
    assert answer.context["form"]["words"].value() == f"Dear Ada,\n\nAbout {cases[0].reference}: {{% now %}} <b>"
    assert "<b>" not in answer.content.decode()
    for wrong in (str(foreign.pk), "x", "9" * 30):
        kept = desk.post(address, {"add_text": "yes", "text": wrong, "words": "Dear Ada,"})
        assert kept.context["form"]["words"].value() == "Dear Ada,"
    assert Message.objects.count() == before
