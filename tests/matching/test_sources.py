"""Every kind of storage keeps the same promises: nothing is left out, away is never gone, deleted is deleted."""

import json
import math
import os
import pickle
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from matching import erase, ingest, reading, reviews, search, sources
from matching.models import Erasure, GroupPolicy, Photo, Problem, Source
from matching.stores import AddressRefused, store_of
from matching.stores.sftp import KnownHosts
from tests.fakes import paint, template_of
from tests.painted import HOLDINGS
from tests.storages import BUCKET, Place, S3Place, SftpPlace, WebPlace, place_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

KINDS = ["folder", "web", "sftp", "s3"]
WRITABLE = ["folder", "sftp", "s3", "s3-versions"]
PROBE = template_of("ada")[None]
DEEP = "2024/été & co/di.jpg"


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "s3"))


@pytest.fixture
def place(kind: str, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with place_of(kind, tmp_path, settings, monkeypatch) as found:
        yield found


@pytest.fixture
def held(place: Place, settings: Settings) -> Source:
    """The painted holdings and one more picture two folders down, imported."""
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"
    for number, (name, people) in enumerate(HOLDINGS.items()):
        place.put(name, paint(people, shade=number))
    place.put(DEEP, paint(["di"]))
    place.put("readme.txt", b"no picture")
    source = ingest.register(url=place.url, name="holdings", group_policy=GroupPolicy.REDACT)
    ingest.import_source(source=source)
    return source


every_kind = pytest.mark.parametrize("kind", KINDS, indirect=True)
writable = pytest.mark.parametrize("kind", WRITABLE, indirect=True)
only_s3 = pytest.mark.parametrize("kind", ["s3", "s3-versions"], indirect=True)
versioned = pytest.mark.parametrize("kind", ["s3-versions"], indirect=True)
sftp = pytest.mark.parametrize("kind", ["sftp"], indirect=True)
web = pytest.mark.parametrize("kind", ["web"], indirect=True)


def problem_of(source: Source) -> str:
    source.refresh_from_db()
    return str(source.problem)


# --- what all kinds promise -------------------------------------------------------------------------------------------


@every_kind
def test_every_picture_at_every_level_is_held(place: Place, held: Source) -> None:
    assert held.photos.count() == len(HOLDINGS) + 1
    deep = held.photos.get(path__endswith="di.jpg")
    assert (deep.face_count, deep.size) == (1, len(paint(["di"])))
    assert sources.read_object(held, deep.path) == paint(["di"])
    assert ingest.register(url=held.url).pk == held.pk
    assert search.find(PROBE).certificate["complete"] is True


@every_kind
def test_an_import_reads_what_changed_and_nothing_else(place: Place, held: Source) -> None:
    assert ingest.import_source(source=held).unchanged == 7
    place.put("bo-1.jpg", paint(["ed"], shade=7))
    place.put("new.jpg", paint(["flo"]))
    place.remove("twin.jpg")
    report = ingest.import_source(source=held)
    assert (report.new, report.changed, report.gone, report.unchanged) == (1, 1, 1, 5)
    assert Photo.objects.get(path="bo-1.jpg").version == sources.version_of(held, "bo-1.jpg")


@every_kind
def test_a_sidecar_is_read_where_there_is_one(place: Place, held: Source) -> None:
    place.put("web.jpg", paint(["flo"]))
    place.put("web.jpg.json", json.dumps({"source_url": "https://example.org/a"}).encode())
    ingest.import_source(source=held)
    assert Photo.objects.get(path="web.jpg").source_url == "https://example.org/a"
    assert sources.read_sidecar(held, "bo-1.jpg") is None


@every_kind
def test_a_source_that_is_away_loses_nothing_and_says_so(place: Place, held: Source) -> None:
    place.stop()
    for ask in (
        lambda: ingest.import_source(source=held),
        lambda: sources.exists(held, "ada-1.jpg"),
        lambda: sources.delete_object(held, "ada-1.jpg"),
        lambda: ingest.import_one(source=held, path="ada-1.jpg"),
    ):
        with pytest.raises(sources.SourceUnreachable):
            ask()
    assert held.photos.count() == 7
    certificate = search.find(PROBE).certificate
    assert (certificate["complete"], certificate["sources"][0]["reachable"]) == (False, False)
    held.refresh_from_db()
    since = held.unreachable_since
    assert not held.reachable
    assert held.problem
    assert since
    assert sources.look(held) is False
    assert Source.objects.get(pk=held.pk).unreachable_since == since
    place.start()
    assert sources.look(held) is True
    held.refresh_from_db()
    assert (held.reachable, held.problem, held.unreachable_since) == (True, "", None)
    assert search.find(PROBE).certificate["complete"] is True
    assert ingest.import_source(source=held).unchanged == 7


@every_kind
def test_a_server_that_stops_half_way_leaves_nothing_out_quietly(
    place: Place, held: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = reading.read_photo, []

    def stopping(source: Source, path: str, *how: object) -> object:
        calls.append(path)
        if len(calls) == 2:
            place.stop()
        return real(source, path, *how)

    for number in range(4):
        place.put(f"more-{number}.jpg", paint(["flo"], shade=number))
    monkeypatch.setattr(ingest, "read_photo", stopping)
    if isinstance(place, (S3Place, WebPlace, SftpPlace)):
        with pytest.raises(sources.SourceUnreachable):
            ingest.import_source(source=held)
        assert not held.reachable
    else:  # A file that is not there is one that vanished since; the next import sees that all have.
        ingest.import_source(source=held)
        with pytest.raises(sources.SourceUnreachable):
            ingest.import_source(source=held)
    assert held.photos.count() == 8
    place.start()
    calls.extend(["past the stop"] * 10)
    assert ingest.import_source(source=held).new == 3


@every_kind
def test_a_source_that_lies_there_empty_is_not_believed(place: Place, held: Source) -> None:
    """An unmounted disk is an empty folder; a bucket made anew is an empty bucket."""
    paths = [*held.photos.values_list("path", flat=True), "readme.txt"]
    for path in [*HOLDINGS, DEEP, "readme.txt"]:
        place.remove(path)
    if hasattr(place, "root"):
        (place.root / DEEP).parent.rmdir()
        (place.root / DEEP).parent.parent.rmdir()
    with pytest.raises(sources.SourceUnreachable):
        ingest.import_source(source=held)
    with pytest.raises(sources.SourceUnreachable):
        sources.exists(held, paths[0])
    assert (problem_of(held), held.photos.count()) == (Problem.EMPTY, 7)
    assert search.find(PROBE).certificate["complete"] is False
    out = StringIO()
    call_command("import_photos", held.url, "--emptied", stdout=out)
    assert "7 gone" in out.getvalue()
    assert problem_of(held) == ""


@every_kind
def test_an_address_that_is_none_is_refused(place: Place, tmp_path: Path) -> None:
    place.stop()
    with pytest.raises(ValueError, match=r"There is no folder|cannot be reached"):
        ingest.register(url=place.url)
    place.start()
    assert not Source.objects.exists()


# --- what all that can be written promise -----------------------------------------------------------------------------


def review_ada() -> uuid.UUID:
    subject = uuid.uuid4()
    for hit in search.run(subject=subject, probes=PROBE).hits.select_related("face"):
        hers = bytes(hit.face.template) == template_of("ada").astype("<f4").tobytes()
        reviews.record(subject=subject, face_key=hit.face_key, reviewer="one", verdict="same" if hers else "not")
    erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    return subject


@writable
def test_an_erasure_reaches_the_object_its_sidecar_and_the_group_picture(place: Place, held: Source) -> None:
    place.put("ada-1.jpg.json", b"{}")
    group = place.get("group.jpg")
    subject = review_ada()
    erase.carry_out(subject=subject)
    assert [place.get(name) for name in ("ada-1.jpg", "ada-1.jpg.json", "ada-2.jpg")] == [None] * 3
    assert place.get("group.jpg") not in (None, group)
    assert place.get("bo-1.jpg") == paint(["bo"], shade=2)
    assert erase.prove(subject=subject, probes=PROBE).ok
    assert ingest.import_source(source=held).unchanged == 5
    if isinstance(place, SftpPlace):
        assert not list(place.root.glob(".regard-*"))


@writable
def test_an_erasure_waits_for_a_source_and_goes_on_when_it_is_back(place: Place, held: Source) -> None:
    subject = review_ada()
    place.stop()
    with pytest.raises(sources.SourceUnreachable):
        erase.carry_out(subject=subject)
    with pytest.raises(sources.SourceUnreachable):
        erase.prove(subject=subject, probes=PROBE)
    assert not Erasure.objects.exclude(rows_done_at=None).exists()
    place.start()
    erase.carry_out(subject=subject)
    assert erase.prove(subject=subject, probes=PROBE).ok


def test_a_source_that_is_away_does_not_hold_back_the_others(
    place: S3Place, held: Source, tmp_path: Path, settings: Settings
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "ada-3.jpg").write_bytes(paint(["ada"], shade=12))
    ingest.import_source(source=ingest.register(url=str(other)))
    subject = review_ada()
    place.stop()
    with pytest.raises(sources.SourceUnreachable):
        erase.carry_out(subject=subject)
    assert not (other / "ada-3.jpg").exists()
    place.start()
    erase.carry_out(subject=subject)
    assert erase.prove(subject=subject, probes=PROBE).ok


# --- S3 ---------------------------------------------------------------------------------------------------------------


@versioned
def test_of_a_bucket_with_versions_every_version_goes(place: S3Place, held: Source) -> None:
    place.put("ada-1.jpg", paint(["ada"], shade=0))
    place.put("ada-1.jpg.json", b'{"album": "one"}')
    place.put("ada-1.jpg.json", b"{}")
    assert len(place.versions("ada-1.jpg")) == 2
    subject = review_ada()
    erase.carry_out(subject=subject)
    for name in ("ada-1.jpg", "ada-1.jpg.json", "ada-2.jpg"):
        assert place.versions(name) == []
    assert place.versions("group.jpg") == [place.get("group.jpg")]
    assert erase.prove(subject=subject, probes=PROBE).ok


@versioned
def test_an_object_that_others_deleted_is_not_gone_while_a_version_is_kept(place: S3Place, held: Source) -> None:
    subject = review_ada()
    place.remove("ada-1.jpg")
    assert (place.get("ada-1.jpg"), len(place.versions("ada-1.jpg"))) == (None, 1)
    assert erase.prove(subject=subject, probes=None).objects_left == 3
    erase.carry_out(subject=subject)
    assert place.versions("ada-1.jpg") == []
    assert erase.prove(subject=subject, probes=PROBE).ok


@versioned
def test_the_proof_counts_a_version_that_came_back_and_none_that_came_later(place: S3Place, held: Source) -> None:
    subject = review_ada()
    erase.carry_out(subject=subject)
    # S3 tells whole seconds: what comes within the same one counts as from before.
    Erasure.objects.update(rows_done_at=timezone.now() - timedelta(seconds=2))
    for shade in (1, 2):
        place.put("ada-1.jpg", paint(["bo"], shade=shade))
    assert sources.older_versions(held, "ada-1.jpg") == 1
    assert erase.prove(subject=subject, probes=None).ok
    Erasure.objects.update(rows_done_at=None)
    assert erase.prove(subject=subject, probes=None).objects_left


@versioned
def test_a_deletion_that_dies_between_two_versions_is_mended(
    place: S3Place, held: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shade in range(3):
        place.put("ada-1.jpg", paint(["bo"], shade=shade))
    place.put("ada-1.jpg", paint(["ada"], shade=0))
    subject = review_ada()
    store = type(store_of(held.url))
    real, calls = store._call, []  # type: ignore[attr-defined]

    def dying(self: object, method: str, **kwargs: Any) -> object:
        calls.append(method)
        if calls.count("delete_object") == 3:
            raise OSError("the network went")
        return real(self, method, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(store, "_call", dying)
        with pytest.raises(sources.SourceUnreachable):
            erase.carry_out(subject=subject)
    assert place.get("ada-1.jpg") == paint(["ada"], shade=0)
    erase.carry_out(subject=subject)
    assert place.versions("ada-1.jpg") == []
    assert erase.prove(subject=subject, probes=PROBE).ok


@only_s3
def test_a_replaced_object_keeps_its_type_and_no_older_version(place: S3Place, held: Source) -> None:
    sources.replace_object(held, "bo-1.jpg", paint(["flo"]))
    assert place.versions("bo-1.jpg") == [paint(["flo"])]
    assert place.client.head_object(Bucket=BUCKET, Key="archive/bo-1.jpg")["ContentType"] == "image/jpeg"


@only_s3
def test_more_objects_than_one_page_holds_are_all_listed(
    place: S3Place, held: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = type(store_of(held.url))
    real, pages = store._call, []  # type: ignore[attr-defined]

    def small(self: object, method: str, **kwargs: Any) -> object:
        pages.append(method)
        return real(self, method, **kwargs, **({"MaxKeys": 2} if "list" in method and "MaxKeys" not in kwargs else {}))

    monkeypatch.setattr(store, "_call", small)
    for shade in range(5):
        place.put("ada-1.jpg", paint(["ada"], shade=shade))
    assert len(sources.list_objects(held).pictures) == 7
    assert pages.count("list_objects_v2") == 5
    sources.delete_object(held, "ada-1.jpg")
    assert place.versions("ada-1.jpg") == []
    assert place.get("ada-2.jpg")


def test_wrong_credentials_are_a_state_and_nothing_is_gone(
    place: S3Place, held: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.ask_for_credentials(after=0)
    try:
        with pytest.raises(sources.SourceUnreachable):
            ingest.import_source(source=held)
        for ask in (sources.exists, sources.read_object, sources.read_sidecar, sources.version_of):
            with pytest.raises(sources.SourceUnreachable):
                ask(held, "ada-1.jpg")
    finally:
        place.ask_for_credentials(after=math.inf)
    assert (problem_of(held), held.photos.count()) == (Problem.DENIED, 7)


def test_credentials_that_are_not_set_are_a_state_of_their_own(
    place: S3Place, held: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    store_of(held.url).forget()
    assert sources.look(held) is False
    assert held.problem == Problem.NO_CREDENTIALS


def test_a_bucket_that_is_missing_is_not_an_object_that_is(place: S3Place, held: Source) -> None:
    place.empty()
    for ask in (sources.exists, sources.read_object, sources.read_sidecar):
        with pytest.raises(sources.SourceUnreachable):
            ask(held, "ada-1.jpg")
    assert sources.look(held) is False
    assert held.problem == Problem.MISSING
    with pytest.raises(ValueError, match="There is no folder"):
        sources.normal_url("s3://no-such-bucket/at-all")


# --- SFTP -------------------------------------------------------------------------------------------------------------


@sftp
@pytest.mark.parametrize("known", ["", "[127.0.0.1]:{port} ecdsa-sha2-nistp256 {other}\n", None])
def test_a_server_whose_key_is_not_known_is_not_spoken_to(place: SftpPlace, held: Source, known: str | None) -> None:
    import paramiko

    if known is None:
        place.known_hosts.unlink()
    else:
        other = paramiko.ECDSAKey.generate().get_base64()
        place.known_hosts.write_text(known.format(port=place.port, other=other))
    KnownHosts.clear_instance_cache()
    before = len(place.transports)
    assert sources.look(held) is False
    assert held.problem == Problem.HOST_KEY
    assert not any(transport.is_authenticated() for transport in place.transports[before:])


@sftp
def test_a_wrong_password_and_none_are_told_apart(place: SftpPlace, held: Source, settings: Settings) -> None:
    for password, key, problem in (
        ("wrong", "", Problem.DENIED), ("", "", Problem.NO_CREDENTIALS), ("", "/no/such/key", Problem.NO_CREDENTIALS),
    ):  # fmt: skip
        settings.SFTP_PASSWORD, settings.SFTP_KEY_FILE = password, key
        KnownHosts.clear_instance_cache()
        with pytest.raises(sources.SourceUnreachable):
            sources.exists(held, "ada-1.jpg")
        sources.look(held)
        assert held.problem == problem, (password, key)


@sftp
def test_a_folder_that_may_not_be_listed_is_not_left_out(place: SftpPlace, held: Source) -> None:
    place.denied.add("/holdings/2024")
    with pytest.raises(sources.SourceUnreachable):
        ingest.import_source(source=held)
    assert (problem_of(held), held.photos.count()) == (Problem.DENIED, 7)
    assert search.find(PROBE).certificate["complete"] is False  # Its root answers; it is not back for that.
    place.denied.clear()
    assert search.find(PROBE).certificate["complete"] is True


@sftp
def test_links_are_followed_once_on_a_server_too(place: SftpPlace, held: Source) -> None:
    elsewhere = place.root.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "shown.jpg").write_bytes(paint(["flo"]))
    (place.root / "link.jpg").symlink_to(elsewhere / "shown.jpg")
    (place.root / "album").symlink_to(elsewhere)
    (place.root / "back").symlink_to(place.root)
    (place.root / "nothing.jpg").symlink_to(elsewhere / "missing.jpg")
    assert ingest.import_source(source=held).new == 2
    sources.replace_object(held, "link.jpg", paint(["ed"]))
    assert (place.root / "link.jpg").is_symlink()
    assert (elsewhere / "shown.jpg").read_bytes() == paint(["ed"])
    sources.delete_object(held, "link.jpg")
    assert not os.path.lexists(place.root / "link.jpg")
    assert not (elsewhere / "shown.jpg").exists()


@sftp
def test_a_disk_that_is_full_leaves_the_old_picture(place: SftpPlace, held: Source) -> None:
    before = place.get("bo-1.jpg")
    place.full = True
    with pytest.raises(sources.SourceUnreachable):
        sources.replace_object(held, "bo-1.jpg", paint(["flo"]))
    assert place.get("bo-1.jpg") == before
    assert not list(place.root.glob(".regard-*"))


@sftp
def test_a_connection_that_was_lost_is_made_anew(place: SftpPlace, held: Source) -> None:
    transport = store_of(held.url).ftp.get_channel().get_transport()  # type: ignore[attr-defined]
    place.stop()
    place.start()
    transport.join(10)
    assert sources.exists(held, "ada-1.jpg")


# --- web --------------------------------------------------------------------------------------------------------------


@web
def test_an_erasure_from_a_source_that_can_only_be_read_waits_until_others_deleted_it(
    place: WebPlace, held: Source
) -> None:
    subject = review_ada()
    for _twice in range(2):
        with pytest.raises(sources.SourceReadOnly):
            erase.carry_out(subject=subject)
    assert sources.look(held) is True
    assert not erase.prove(subject=subject, probes=None).ok
    place.remove("ada-1.jpg")
    with pytest.raises(sources.SourceReadOnly):
        erase.carry_out(subject=subject)
    assert [item.path for item in Erasure.objects.exclude(rows_done_at=None)] == ["ada-1.jpg"]
    place.remove("ada-2.jpg")
    place.put("group.jpg", paint(["bo", None, "cy"], shade=3))
    erase.carry_out(subject=subject)
    assert erase.prove(subject=subject, probes=PROBE).ok


@web
@pytest.mark.parametrize("status", [200, 301, 302, 401, 403, 500, 503])
def test_an_answer_that_is_no_listing_empties_nothing(place: WebPlace, held: Source, status: int) -> None:
    login = (status, {"Content-Type": "text/html", "Location": "/login"}, b"<html><a href='/login'>Log in</a></html>")
    place.answers["/holdings/"] = place.answers["/login"] = login
    with pytest.raises(sources.SourceUnreachable):
        ingest.import_source(source=held)
    assert held.photos.count() == 7
    assert sources.look(held) is False


@web
def test_a_listing_that_names_less_does_not_make_the_rest_gone(place: WebPlace, held: Source) -> None:
    page = b"<html><a href='bo-1.jpg'>bo</a> <a href='?C=M'>sort</a> <a href='../'>up</a></html>"
    place.answers["/holdings/"] = (200, {"Content-Type": "text/html"}, page)
    place.remove("twin.jpg")
    assert ingest.import_source(source=held).gone == 1
    assert held.photos.count() == 6


@web
def test_a_page_in_the_place_of_a_picture_is_not_taken_for_it(place: WebPlace, held: Source) -> None:
    place.answers["/holdings/ada-1.jpg"] = (200, {"Content-Type": "text/html"}, b"<html>Not found</html>")
    for ask in (sources.exists, sources.read_object, sources.version_of):
        with pytest.raises(sources.SourceUnreachable):
            ask(held, "ada-1.jpg")


@web
def test_links_and_redirects_that_lead_out_are_not_followed(place: WebPlace, held: Source, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "x.jpg").write_bytes(paint(["flo"]))
    with WebPlaceOnAnotherPort(tmp_path) as other:
        links = ["../secret/x.jpg", "/secret/", "%2e%2e/secret/x.jpg", other.url + "y.jpg", "//[", "mailto:a@b.example"]
        page = "".join(f"<a href='{link}'>x</a>" for link in [*links, "moved.jpg", "bo-1.jpg", "./group.jpg#top"])
        place.answers["/holdings/"] = (200, {"Content-Type": "text/html"}, page.encode())
        place.answers["/holdings/moved.jpg"] = (302, {"Location": "bo-1.jpg"}, b"")
        assert {item.path for item in sources.list_objects(held).pictures} == {"moved.jpg", "bo-1.jpg", "group.jpg"}
        for target in (other.url + "y.jpg", "/secret/x.jpg"):
            place.answers["/holdings/moved.jpg"] = (302, {"Location": target}, b"")
            with pytest.raises(sources.SourceUnreachable):
                sources.read_object(held, "moved.jpg")
        assert other.handler.asked == []
    assert "/secret/x.jpg" not in place.handler.asked


class WebPlaceOnAnotherPort(WebPlace):
    def __init__(self, root: Path) -> None:
        super().__init__(root / "another")

    def __enter__(self) -> "WebPlaceOnAnotherPort":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


@web
def test_a_link_with_a_query_is_a_picture_an_order_or_something_that_is_not_understood(
    place: WebPlace, held: Source
) -> None:
    links = ["bo-1.jpg?v=3", "group.jpg", "?C=N;O=D", "?sort=name&order=asc"]
    page = "".join(f"<a href='{link}'>x</a>" for link in links)
    place.answers["/holdings/"] = (200, {"Content-Type": "text/html"}, page.encode())
    place.answers["/holdings/bo-1.jpg?v=3"] = (200, {"Content-Type": "image/jpeg"}, b"with a query")
    assert [item.path for item in sources.list_objects(held).pictures] == ["bo-1.jpg?v=3", "group.jpg"]
    assert sources.read_object(held, "bo-1.jpg?v=3") == b"with a query"
    page += "<a href='?page=2'>more</a>"
    place.answers["/holdings/"] = (200, {"Content-Type": "text/html"}, page.encode())
    with pytest.raises(sources.SourceUnreachable):
        sources.list_objects(held)


@web
def test_a_server_that_tells_no_date_is_read_to_notice_a_change(place: WebPlace, held: Source) -> None:
    for body in (b"one", b"two"):
        place.answers["/holdings/ada-1.jpg"] = (200, {"Content-Type": "image/jpeg"}, body)
        first = sources.version_of(held, "ada-1.jpg")
        assert sources.version_of(held, "ada-1.jpg") == first
    place.answers["/holdings/ada-1.jpg"] = (200, {"Content-Type": "image/jpeg"}, b"one")
    assert sources.version_of(held, "ada-1.jpg") != first


@web
def test_a_listing_without_end_is_not_walked_for_ever(place: WebPlace, held: Source) -> None:
    deeper = (200, {"Content-Type": "text/html"}, b"<a href='deeper/'>deeper</a>")
    place.answers.update({"/holdings/" + "deeper/" * depth: deeper for depth in range(200)})
    with pytest.raises(sources.SourceUnreachable):
        sources.list_objects(held)
    assert len(place.handler.asked) < 200


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIA:hush@bucket/photos", "s3://AKIA@bucket", "https://me:hush@example.org/", "http://hush@example.org/",
        "sftp://me:hush@example.org/photos", "sftp://me:@example.org/", "https://example.org/?token=hush",
        "https://example.org/#hush", "s3://bucket/?hush", "https://example.org:hush/", "https://[hush", "s3:///hush",
        "simplecache::s3://hush", "ftp://hush/", "memory://hush",
    ],
)  # fmt: skip
def test_an_address_with_credentials_is_refused_and_not_repeated(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("import_photos", url, stdout=StringIO())
    said: list[BaseException | None] = [refused.value, refused.value.__cause__]
    assert all("hush" not in str(error) and "AKIA" not in str(error) for error in said)
    assert "hush" not in caplog.text
    assert not Source.objects.exists()
    with pytest.raises(AddressRefused):
        store_of(url)


def test_one_place_has_one_address(tmp_path: Path) -> None:
    same: list[tuple[Callable[[], str], Callable[[], str]]] = [
        (store_of("s3://bucket/photos/").url, store_of("s3://bucket/photos").url),
        (store_of("sftp://me@example.org/a/").url, store_of("sftp://me@example.org/a").url),
        (store_of("https://Example.org/a").url, store_of("https://example.org:443/a/").url),
        (store_of(str(tmp_path) + "/").url, store_of(f"file://{tmp_path}").url),
    ]
    for one, other in same:
        assert one() == other()


@pytest.mark.parametrize("error", [sources.SourceReadOnly(), sources.SourceUnreachable(Problem.DENIED)])
def test_a_state_survives_the_way_from_another_process(error: sources.SourceUnreachable) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.problem, str(again)) == (type(error), error.problem, str(error))
