"""The seventeen points (docs/law/points.md): one test each, through the forms, the desk, the worker and the commands.

Each is run twice and more: as it is, and with one thing taken away that holds it. Then it must fail.
"""

import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time

from matching import reviews
from matching.models import Face, Photo, Source
from portal import flow, jobs, procedure
from portal.answers import data
from portal.answers.letter import letter
from portal.desk.forms import LetterForm
from portal.flow import erased
from portal.flow.erased import ErasureNotProven
from portal.models import Audience, ControllerProfile, ControllerText, Event, Notice, NoticeState, Recipient
from portal.notices.compose import compose
from portal.serve import seed
from rights import timing, triggers
from rights.law import choice, clock, guards, lifecycle, regime, zones
from rights.law.lifecycle import TransitionRefused
from rights.law.points import POINTS, guards_of
from rights.models import Claim, ClockEvent, ClockKind, RightsRequest
from tests.painted import folder_of
from tests.portal.answers.printed import bare, text_of
from tests.portal.citizens.person import Person
from tests.portal.conftest import ask, painted
from tests.portal.deeds import ADA, Ask, Run, answered, decide, opened, proposal_of, reviewed
from tests.staffing import sign_in

__all__ = ["ask", "painted"]

pytestmark = pytest.mark.django_db


def sign(request: RightsRequest, right: str, by: User) -> None:
    """Sign the proposal that waits, as the second person."""
    flow.countersign(request_id=request.pk, right=right, proposal=proposal_of(request, right), by=by)


Removal = Callable[[pytest.MonkeyPatch], None]
ZONE = ZoneInfo("Europe/Paris")


@dataclass
class World:
    """A controller with six pictures, two members of staff, and whoever asks."""

    ask: Ask
    run: Run
    staff: User
    other: User
    source: Source
    desk: Client
    patch: pytest.MonkeyPatch
    folder: Path

    def post(self, name: str, request: RightsRequest, *args: object, **form: object) -> Any:
        """Send a form of the desk; what it said to the member of staff."""
        response = self.desk.post(reverse(f"admin:rights_request_{name}", args=[request.pk, *args]), form, follow=True)
        assert response.request["PATH_INFO"] != reverse("admin:login"), "the session has ended"
        return [str(message) for message in response.context["messages"]]

    def page(self, request: RightsRequest) -> str:
        return self.desk.get(reverse("admin:rights_rightsrequest_change", args=[request.pk])).content.decode()

    def reviewed(self, **asked: object) -> RightsRequest:
        return reviewed(self.ask, self.run, self.staff, self.other, **asked)

    def answered(self, **asked: object) -> RightsRequest:
        return answered(self.ask, self.run, self.staff, self.other, **asked)


@pytest.fixture
def world(
    ask: Ask,
    run_jobs: Run,
    staff: User,
    other_staff: User,
    painted: Source,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> World:
    seed.demo_recipients(painted)
    desk = Client()
    sign_in(desk, staff)
    return World(ask, run_jobs, staff, other_staff, painted, desk, monkeypatch, tmp_path)


def held_by(*removals: Removal) -> Callable[[Callable[[World], None]], Callable[..., None]]:
    """A point's test, and once more for each thing that holds the point, taken away: then it must fail.

    An IntegrityError counts: the database still refuses, but nobody is told why.
    """

    def decorate(test: Callable[[World], None]) -> Callable[..., None]:
        names = ["as it is", *(removal.__name__ for removal in removals)]

        @pytest.mark.parametrize("removed", [None, *removals], ids=names)
        @wraps(test)
        def both(world: World, removed: Removal | None, monkeypatch: pytest.MonkeyPatch) -> None:
            if removed is None:
                test(world)
                return
            removed(monkeypatch)
            with pytest.raises((AssertionError, pytest.fail.Exception, IntegrityError)):
                test(world)

        del both.__wrapped__  # pytest would read the inner signature
        return both

    return decorate


def without(name: str) -> Removal:
    """Take a guard out of every table, and the rules of the database that say the same."""
    guard = getattr(guards, name)

    def removal(patch: pytest.MonkeyPatch) -> None:
        for table in ("REQUEST_STEPS", "CLAIM_STEPS"):
            steps = {
                step: entry._replace(guards=tuple(each for each in entry.guards if each is not guard))
                for step, entry in getattr(lifecycle, table).items()
            }
            patch.setattr(lifecycle, table, steps)
        asking = {kind: tuple(g for g in conditions if g is not guard) for kind, conditions in lifecycle.ASKING.items()}
        patch.setattr(lifecycle, "ASKING", asking)
        patch.setattr(guards, name, lambda facts: None)
        triggers.remove(connection)

    removal.__name__ = f"without {name}"
    return removal


def test_each_point_has_its_test_and_each_guard_of_a_point_is_taken_away_once() -> None:
    tests = {int(found[1]): test for name, test in globals().items() if (found := re.match(r"test_(\d\d)_", name))}
    assert sorted(tests) == [point.number for point in POINTS] == list(range(1, 18))
    for number, test in tests.items():
        (mark,) = [mark for mark in test.pytestmark if mark.name == "parametrize"]
        ids = mark.kwargs["ids"]
        assert len(ids) > 1, f"point {number} is held by nothing"
        assert {f"without {name}" for name in guards_of(number)} <= set(ids)


# ----------------------------------------------------------------------------------------------------------------------


@held_by(without("everything_was_searched"))
def test_01_searches_all_holdings_with_no_date_window(world: World) -> None:
    Photo.objects.filter(path="ada-1.jpg").update(taken_at=datetime(1961, 4, 12, tzinfo=ZONE))
    Photo.objects.filter(path="ada-2.jpg").update(taken_at=None, imported_at=datetime(2009, 1, 1, tzinfo=ZONE))
    request = world.ask()
    flow.confirm(request_id=request.pk)
    folder = folder_of(world.source)
    folder.rename(world.folder / "away")
    world.run()
    request.refresh_from_db()
    assert request.state == "confirmed", "a search that could not read everything is not over"
    (world.folder / "away").rename(folder)
    request.jobs.update(not_before=timezone.now())
    world.run()
    request.refresh_from_db()
    assert request.state == "searched"
    search = reviews.latest_search(request.pk)
    assert search.certificate["faces_scanned"] == search.certificate["faces_held"] == Face.objects.count()
    found = set(search.hits.filter(band="match").values_list("photo__path", flat=True))
    assert found == ADA


@held_by(without("two_people_sign"), without("requests_come_close_together"))
def test_02_has_no_quota_and_excessive_takes_two_people_and_less_than_a_year(world: World) -> None:
    many = [world.ask(rights=("access",)) for _each in range(12)]
    flow.confirm(request_id=many[0].pk)  # What nobody confirmed may have been sent by anybody, and counts for nothing.
    assert {request.due for request in many} == {many[0].due}
    decide(many[-1], world.staff, "refused", ground="excessive", reasons="The twelfth within a minute.")
    assert many[-1].claims.get().outcome == "pending"
    with pytest.raises(TransitionRefused), transaction.atomic():
        sign(many[-1], "access", world.staff)
    assert many[-1].claims.get().outcome == "pending"
    sign(many[-1], "access", world.other)
    assert many[-1].claims.get().outcome == "refused"
    with freeze_time(timezone.now() + timedelta(days=366)):
        later = world.ask(rights=("access",))
        with pytest.raises(TransitionRefused, match="never excessive"):
            decide(later, world.staff, "refused", ground="excessive", reasons="Again.")


def _every_receipt_counts(patch: pytest.MonkeyPatch) -> None:
    def last_one_counts(*, request: RightsRequest, at: datetime, channel: str, actor: str) -> bool:
        RightsRequest.objects.filter(pk=request.pk).update(received_at=at)
        request.refresh_from_db()
        return timing.refresh(request)

    triggers.remove(connection)
    patch.setattr(timing, "received_again", last_one_counts)


def _the_database_lets_it_be_moved(patch: pytest.MonkeyPatch) -> None:
    triggers.remove(connection)


@held_by(_every_receipt_counts, _the_database_lets_it_be_moved)
def test_03_starts_the_clock_at_the_first_receipt_and_a_reminder_is_no_new_request(world: World) -> None:
    with freeze_time("2026-03-20T10:00:00Z"):
        request = world.ask()
        assert request.due == date(2026, 4, 20)
    with freeze_time("2026-04-02T10:00:00Z"):
        form = {"again-at": "2026-04-01T09:00", "again-channel": "post"}
        world.post("again", request, **form)
        request.refresh_from_db()
        assert request.due == date(2026, 4, 20), "a reminder moves nothing"
        world.post("again", request, **form | {"again-at": "2026-03-05T09:00"})
        request.refresh_from_db()
        assert request.due == date(2026, 4, 7), "5 April is a Sunday and the 6th Easter Monday"
        assert RightsRequest.objects.count() == 1
        assert request.clock_events.filter(kind=ClockKind.RECEIVED_AGAIN).count() == 2
        with pytest.raises(IntegrityError), transaction.atomic():
            RightsRequest.objects.filter(pk=request.pk).update(received_at=timezone.now())


def _the_desk_wants_an_address_of_mail(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LetterForm.base_fields["email"], "required", True)


@held_by(_the_desk_wants_an_address_of_mail)
def test_04_accepts_agents_post_and_mail_and_demands_no_account(world: World) -> None:
    received = timezone.localtime() - timedelta(days=3)
    form = {
        "channel": "post", "received_at": received.strftime("%Y-%m-%dT%H:%M"), "rights": ["access", "erasure"],
        "name": "Bo", "postal_address": "1 Example Street", "language": "en", "on_behalf": "on",
        "person_name": "Ada", "relation": "lawyer",
    }  # fmt: skip
    for channel in ("post", "email", "phone", "desk"):
        world.desk.post(reverse("admin:rights_request_enter"), form | {"channel": channel})
    requests = RightsRequest.objects.order_by("pk")
    assert {request.channel for request in requests} == {"post", "email", "phone", "desk"}
    for request in requests:
        assert timezone.localdate(request.received_at) == received.date()
        assert request.requester.on_behalf
        assert request.notices.get(event=Event.ACKNOWLEDGED).state == NoticeState.BY_POST
    for name in ("front", "find"):
        assert Client().get(reverse(f"citizens:{name}")).status_code == 200
    assert Client().get(reverse("citizens:form", args=["rights"])).status_code == 200


def _try_to_delete(request: RightsRequest) -> None:
    """What somebody with a connection to the database might do; it is undone if it works."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM rights_rightsrequest WHERE reference = %s", [request.reference])
        transaction.set_rollback(True)


@held_by(_the_database_lets_it_be_moved)
def test_05_acknowledges_with_reference_and_date_and_is_never_not_found(world: World) -> None:
    person = Person()
    request = person.ask()
    world.run()
    (told,) = [each for each in mail.outbox if request.reference in each.subject]
    due = f"{request.due.day} {request.due:%B %Y}"
    assert due in told.body
    with pytest.raises(IntegrityError):
        _try_to_delete(request)
    person.type_code(request)
    person.post("withdraw", request_id=request.pk)
    assert request.reference in person.get("status", request_id=request.pk).content.decode()
    assert not request.evidence.filter(destroyed_at=None).exists()


@held_by(without("there_is_a_recorded_doubt"), without("the_less_intrusive_was_tried"))
def test_06_asks_for_more_about_who_it_is_only_with_a_recorded_doubt(world: World) -> None:
    request = world.ask()
    question = {"identity-question": "Please tell us the year of one of the pictures."}
    action = reverse("admin:rights_request_ask", args=[request.pk, "identity"])
    world.post("doubt", request, **{"doubt-doubt": "The name is not that of the photograph."})
    world.post("ask", request, "identity", **question)
    assert not request.clock_events.filter(kind=ClockKind.ASKED).exists(), "the code by mail comes first"
    request = world.ask()
    action = reverse("admin:rights_request_ask", args=[request.pk, "identity"])
    flow.confirm(request_id=request.pk)
    assert action not in world.page(request)
    world.post("ask", request, "identity", **question)
    assert not request.clock_events.filter(kind=ClockKind.ASKED).exists(), "photograph and mail suffice"
    world.post("doubt", request, **{"doubt-doubt": "Somebody else claims the address."})
    assert action in world.page(request)
    world.post("ask", request, "identity", **question)
    assert request.clock_events.get(kind=ClockKind.ASKED).words == question["identity-question"]
    assert Notice.objects.get(request=request, event=Event.ASKED)


@held_by(without("the_answer_can_say_everything"))
def test_07_cannot_close_an_access_answer_unless_everything_is_in_it(world: World) -> None:
    said = ControllerText.objects.get(language="en")
    blanks = [(field, "") for field in ("purposes", "categories", "storage", "origin", "safeguards", "court")]
    request = world.reviewed(rights=("access",))
    for field, nothing in [*blanks, ("purposes", "See our privacy policy: https://example.org/privacy")]:
        ControllerText.objects.filter(pk=said.pk).update(**{field: nothing})
        with pytest.raises(TransitionRefused), transaction.atomic():
            decide(request, world.staff)
        assert request.claims.get().outcome == "pending"
        ControllerText.objects.filter(pk=said.pk).update(**{field: getattr(said, field)})
    request = world.answered(rights=("access",))
    assert request.claims.get().fulfilled_at
    text = text_of(letter(request=request))
    assert bare(ControllerProfile.load().authority_name) in text
    for letter_of in "abcdegh":  # (f) is the authority, at the end.
        assert f"15(1)({letter_of})" in text
    assert "15(2)" in text
    assert any(name.startswith("pictures/") for name in opened(request).namelist())


@held_by(without("the_copy_tells_everything"))
def test_08_names_recipients_sources_metadata_and_says_that_a_template_exists(world: World) -> None:
    Photo.objects.filter(path="ada-1.jpg").update(source_url="https://example.org/ada", metadata={"album": "Summer"})
    request = world.answered(rights=("access",))
    document = json.loads(opened(request).read("data.json"))
    assert {item["name"] for item in document["recipients"]} == set(Recipient.objects.values_list("name", flat=True))
    by_path = {picture["stored_as"]: picture for picture in document["pictures"]}
    assert set(by_path) == ADA
    assert by_path["ada-1.jpg"]["source_url"] == "https://example.org/ada"
    assert by_path["ada-1.jpg"]["metadata"] == {"album": "Summer"}
    assert all(len(face["template"]) == 128 for picture in by_path.values() for face in picture["faces_of_you"])
    assert "template" in text_of(letter(request=request))
    world.patch.setattr(data, "recipients_of", lambda request: [])
    silent = world.reviewed(rights=("access",), email="other@example.org")
    decide(silent, world.staff)
    with pytest.raises(TransitionRefused, match="recipients"):
        world.run()
    assert silent.claims.get().fulfilled_at is None


@held_by(without("every_claim_is_decided"), without("every_claim_is_carried_out"))
def test_09_tracks_access_and_erasure_apart(world: World) -> None:
    request = world.reviewed()
    flow.decide(
        request_id=request.pk, right="access", outcome="granted", by=world.staff, identity_basis="photo_and_email"
    )
    request.refresh_from_db()
    assert request.state == "reviewed", "silence on the erasure is no answer"
    flow.decide(
        request_id=request.pk, right="erasure", outcome="granted", by=world.staff, identity_basis="photo_and_email"
    )
    flow.build_answer(request_id=request.pk)
    with pytest.raises(jobs.Postponed):
        flow.erase(request_id=request.pk)
    request.refresh_from_db()
    assert request.state == "decided", "the erasure was not carried out"
    done = {claim.right: claim.fulfilled_at is not None for claim in request.claims.all()}
    assert done == {"access": True, "erasure": False}


@held_by(without("the_copy_comes_first"))
def test_10_deletes_nothing_that_a_pending_access_asks_for(world: World) -> None:
    request = world.answered()
    assert Photo.objects.filter(path__in=ADA).count() == 3
    with pytest.raises(jobs.Postponed, match="copy"):
        flow.erase(request_id=request.pk)
    assert all((folder_of(world.source) / name).exists() for name in ADA)
    flow.delivered(request_id=request.pk)
    world.run()
    assert not (folder_of(world.source) / "ada-1.jpg").exists()


@held_by(without("nothing_is_left"), without("the_recipients_are_told"))
def test_11_erases_everything_and_tells_the_recipients(world: World) -> None:
    templates = [bytes(face.template) for face in Face.objects.filter(photo__path__in=("ada-1.jpg", "ada-2.jpg"))]
    request = world.reviewed(rights=("erasure",))
    before = (folder_of(world.source) / "ada-1.jpg").read_bytes()
    decide(request, world.staff)
    with world.patch.context() as sabotage:
        sabotage.setattr(erased, "tell_recipients", lambda request: [])
        with pytest.raises(ErasureNotProven, match="recipients"):
            flow.erase(request_id=request.pk)
    (folder_of(world.source) / "ada-1.jpg").write_bytes(before)
    with pytest.raises(ErasureNotProven, match="left"):
        flow.erase(request_id=request.pk)
    assert request.claims.get().fulfilled_at is None
    (folder_of(world.source) / "ada-1.jpg").unlink()
    flow.erase(request_id=request.pk)
    assert request.claims.get().fulfilled_at
    told = Notice.objects.filter(request=request, event=Event.RECIPIENT_TOLD, audience=Audience.RECIPIENT)
    assert {notice.recipient for notice in told} == set(Recipient.objects.all())
    assert not any(bytes(face.template) in templates for face in Face.objects.all())


@held_by(without("what_is_unlawful_is_erased"))
def test_12_defaults_to_erasure_where_the_processing_is_unlawful(world: World) -> None:
    both = world.reviewed()
    refusal = {"ground": "legal-claims", "reasons": "A trial is pending.", "evidence": "File 7."}
    flow.decide(request_id=both.pk, right="erasure", outcome="refused", by=world.staff, **refusal)
    ControllerProfile.objects.update(found_unlawful="CNIL, decision of 1 March 2026")
    with pytest.raises(TransitionRefused), transaction.atomic():
        flow.decide(
            request_id=both.pk, right="access", outcome="granted", by=world.staff, identity_basis="photo_and_email"
        )
    assert both.claims.get(right="access").outcome == "pending", "what one person kept is not carried out any more"
    request = world.reviewed(rights=("erasure",))
    assert re.search(r'value="granted"[^>]*checked', world.page(request))
    decide(request, world.staff, "refused", ground="legal-claims", reasons="A trial is pending.")
    with pytest.raises(TransitionRefused), transaction.atomic():
        sign(request, "erasure", world.staff)
    assert request.claims.get().outcome == "pending"
    decide(request, world.staff, "granted")
    assert request.claims.get().outcome == "granted"


def _a_late_notice_extends(patch: pytest.MonkeyPatch) -> None:
    def late(case: Any, extended_on: date, limit: date | None) -> regime.Period:
        law = case.regime.extension
        return regime.Period(law.number, law.unit, law.source)

    patch.setattr(clock, "_extension", late)


def _an_extension_sends_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(flow, "extend", lambda *, request_id, reasons, actor: timing.extend(
        request=RightsRequest.objects.get(pk=request_id), reasons=reasons, actor=actor))  # fmt: skip


@held_by(_a_late_notice_extends, _an_extension_sends_nothing)
def test_13_extends_with_a_notice_in_time_and_never_afterwards(world: World) -> None:
    with freeze_time("2026-03-02T10:00:00Z"):
        first, second = world.ask(), world.ask()
        assert first.due == date(2026, 4, 2)
    with freeze_time("2026-04-02T21:00:00Z"):  # 23:00 in Paris, still the last day.
        sign_in(world.desk, world.staff)
        assert world.post("extend", first, **{"extend-reasons": ""})
        assert not first.clock_events.filter(kind=ClockKind.EXTENDED).exists(), "without reasons there is none"
        world.post("extend", first, **{"extend-reasons": "Twelve thousand pictures must be looked at."})
        first.refresh_from_db()
        assert first.due == date(2026, 6, 2)
        notice = first.notices.filter(event=Event.EXTENDED).first()
        assert notice is not None
        assert "Twelve thousand" in str(compose(notice).body)
    with freeze_time("2026-04-02T22:30:00Z"):  # 00:30 on the next day.
        sign_in(world.desk, world.staff)
        world.post("extend", second, **{"extend-reasons": "Too many."})
        second.refresh_from_db()
        assert second.due == date(2026, 4, 2)
        assert not second.notices.filter(event=Event.EXTENDED).exists()


@held_by(without("the_refusal_has_a_ground"), without("the_remedies_can_be_named"))
def test_14_puts_reasons_authority_and_court_into_every_refusal(world: World) -> None:
    request = world.reviewed(rights=("erasure",))
    with pytest.raises(TransitionRefused), transaction.atomic():
        decide(request, world.staff, "refused", ground="legal-claims", reasons="  ")
    ControllerProfile.objects.update(authority_name="")
    with pytest.raises(TransitionRefused), transaction.atomic():
        decide(request, world.staff, "refused", ground="legal-claims", reasons="A trial is pending.")
    assert request.claims.get().outcome == "pending"
    ControllerProfile.objects.update(authority_name="The Authority")
    kept = reviews.accepted_faces(request.pk).first().photo_id
    decide(request, world.staff, "partial", ground="legal-claims", reasons="A trial over this one.", withheld=[kept])
    mail = str(compose(request.notices.get(event=Event.REFUSED)).body)
    court = ControllerText.objects.get(language="en").court
    for part in ("A trial over this one.", "The Authority", court, "17(3)(e)"):
        assert part in mail


@held_by(without("the_answer_can_say_everything"))
def test_15_shows_the_contacts_of_controller_officer_and_representative(world: World) -> None:
    ControllerProfile.objects.update(
        established_in_union=False, representative_contact="Rep Ltd\nrep@example.org", dpo_contact="dpo@example.org"
    )
    profile = ControllerProfile.load()
    request = world.answered(rights=("access",))
    foot, text = Client().get(reverse("citizens:front")).content.decode(), text_of(letter(request=request))
    for contact in (profile.email, "dpo@example.org", "rep@example.org"):
        assert contact in foot
        assert bare(contact) in text
    for field in ("dpo_contact", "representative_contact", "postal_address"):
        request = world.reviewed(rights=("access",))
        held = getattr(profile, field)
        ControllerProfile.objects.update(**{field: ""})
        with pytest.raises(TransitionRefused), transaction.atomic():
            decide(request, world.staff)
        ControllerProfile.objects.update(**{field: held})


def _the_journal_is_left_out(patch: pytest.MonkeyPatch) -> None:
    real = procedure._parts
    patch.setattr(procedure, "_parts", lambda request: real(request) | {"journal": {"entries": []}})


@held_by(_the_journal_is_left_out)
def test_16_exports_the_whole_evidence_of_a_request(world: World) -> None:
    request = world.answered()
    flow.delivered(request_id=request.pk)
    world.run()
    target = world.folder / "file.zip"
    call_command("export_evidence", request.reference, output=target)
    with zipfile.ZipFile(target) as packed:
        files = {name.partition("/")[2]: packed.read(name) for name in packed.namelist()}
    journal = json.loads(files["journal.json"])
    positions = list(request.journal_entries.order_by("position").values_list("position", flat=True))
    assert [entry["position"] for entry in journal["entries"]] == positions
    assert journal["chain"]["flaws"] == []
    assert json.loads(files["request.json"])["derivation"]
    assert {item["event"] for item in json.loads(files["notices.json"])} >= {"acknowledged", "erased"}
    assert json.loads(files["searches.json"])[0]["certificate"]["complete"] is True
    assert len(json.loads(files["erasures.json"])) == 3
    whole = b"".join(files.values())
    assert b"ada@example.org" not in whole
    assert request.reference.encode() in whole


def _a_region_is_refused(patch: pytest.MonkeyPatch) -> None:
    real = choice.choose

    def choose(*, place: str, country: str, subdivision: str) -> choice.Choice:
        if place == "JP":
            raise ValueError("We do not serve this region.")
        return real(place=place, country=country, subdivision=subdivision)

    patch.setattr(choice, "choose", choose)


@held_by(_a_region_is_refused)
def test_17_has_no_setting_that_refuses_a_region_a_period_or_a_frequency(world: World) -> None:
    refused = []
    for country in ("AQ", "BR", "CN", "FR", "JP", "KP", "NG", "RU", "US", "VA", "ZA"):
        assert zones.of_country(country)
        contact = flow.Contact(email="ada@example.org", place=country)
        try:
            flow.receive(
                rights=["access"], contact=contact, channel="post", probe=None,
                received_at=timezone.now() - timedelta(days=3650),
            )  # fmt: skip
        except ValueError:
            refused.append(country)
    assert refused == []
    names = re.findall(r"REGARD_[A-Z_]+", Path("docs/settings.md").read_text(encoding="utf-8"))
    assert names
    assert not [name for name in names if re.search("REGION|COUNTR|QUOTA|FREQUEN|PER_YEAR|LOOK_?BACK|WINDOW", name)]
    fields = {field.name for field in ControllerProfile._meta.get_fields()}
    assert not [name for name in fields if re.search("quota|look_?back|refuse|region|per_year", name)]


def test_what_the_clock_was_told_stays_told(world: World) -> None:
    world.ask()
    event = ClockEvent.objects.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        ClockEvent.objects.filter(pk=event.pk).update(at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.all()._raw_delete("default")
