"""What is sealed opens only whole, only for its request, and not at all once the key is gone."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from matching import sealing
from portal import vault
from portal.models import EvidenceKey
from portal.operate import contents
from portal.operate.finding import Level
from rights.models import Channel, RightsRequest


def make_request() -> RightsRequest:
    now = timezone.now()
    request = RightsRequest.objects.create(
        reference=f"REG-{RightsRequest.objects.count():09d}",
        country="FR",
        time_zone="Europe/Paris",
        channel=Channel.WEB,
        language="en",
        received_at=now,
        nominal_due=now.date(),
        due=now.date(),
        state_since=now,
    )
    vault.create_key(request)
    return request


@given(st.binary(max_size=2000))
def test_bytes_come_back_as_they_were(data: bytes) -> None:
    key = vault.new_key()
    assert vault.unseal_with(key, vault.seal_with(key, data)) == data


def test_altered_bytes_and_wrong_keys_do_not_open() -> None:
    key = vault.new_key()
    sealed = vault.seal_with(key, b"a face")
    for broken in (sealed[:-1], sealed[1:], sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:], b""):
        with pytest.raises(vault.VaultError):
            vault.unseal_with(key, broken)
    with pytest.raises(vault.VaultError):
        vault.unseal_with(vault.new_key(), sealed)


@pytest.mark.django_db
def test_one_request_cannot_open_what_another_sealed() -> None:
    mine, other = make_request(), make_request()
    with pytest.raises(vault.VaultError):
        vault.unseal(other, vault.seal(mine, b"a face"))


@pytest.mark.django_db
def test_a_destroyed_key_never_comes_back() -> None:
    request = make_request()
    sealed = vault.seal(request, b"a face")
    assert vault.destroy(request)
    assert not vault.destroy(request)
    with pytest.raises(vault.Destroyed):
        vault.unseal(request, sealed)
    with pytest.raises(vault.Destroyed):
        vault.seal(request, b"again")


@pytest.mark.django_db
def test_a_missing_master_key_is_named(settings: Settings) -> None:
    request = make_request()
    settings.MASTER_KEYS = [("newer", b"n" * 32)]
    with pytest.raises(vault.MasterKeyMissing, match="lacks the key"):
        vault.seal(request, b"x")


@pytest.mark.django_db
@pytest.mark.parametrize("size", [0, 1, vault.CHUNK, vault.CHUNK + 1, 2 * vault.CHUNK])
def test_a_file_comes_back_and_shows_nothing_on_disk(tmp_path: Path, size: int) -> None:
    request = make_request()
    data = b"plain words " * (size // 12 + 1)
    target = tmp_path / "deep" / "file.sealed"
    vault.seal_file(request, iter([data[:5], data[5:]]), target)
    assert b"".join(vault.unseal_file(request, target)) == data
    assert b"plain words" not in target.read_bytes()


@pytest.mark.django_db
def test_a_file_cut_off_or_rearranged_does_not_open(tmp_path: Path) -> None:
    request = make_request()
    target = tmp_path / "file.sealed"
    vault.seal_file(request, [b"x" * (2 * vault.CHUNK + 10)], target)
    whole = target.read_bytes()
    head, step = len(vault.MAGIC), 9 + vault.NONCE + vault.TAG + vault.CHUNK
    first, second = whole[head : head + step], whole[head + step : head + 2 * step]
    broken = {
        "cut": whole[: head + step],
        "swapped": whole[:head] + second + first + whole[head + 2 * step :],
        "short": whole[:-1],
        "not sealed": b"PK" + whole,
    }
    for data in broken.values():
        target.write_bytes(data)
        with pytest.raises(vault.VaultError):
            b"".join(vault.unseal_file(request, target))


@pytest.mark.django_db
def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    request = make_request()

    def pieces() -> Iterator[bytes]:
        yield b"begun"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        vault.seal_file(request, pieces(), tmp_path / "file.sealed")
    assert list(tmp_path.iterdir()) == []


OLD, NEW, OTHER = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))


@pytest.mark.django_db
def test_a_new_master_key_takes_over_and_the_old_one_can_go(settings: Settings) -> None:
    settings.MASTER_KEYS = [("old", OLD)]
    requests = [make_request() for _each in range(3)]
    sealed = [vault.seal(request, b"a face") for request in requests]
    settings.MASTER_KEYS = [("new", NEW), ("old", OLD)]
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    assert "3 keys are now wrapped by 'new'" in out.getvalue()
    assert "take out of REGARD_KEYS: old" in out.getvalue()
    settings.MASTER_KEYS = [("new", NEW)]
    assert [vault.unseal(request, data) for request, data in zip(requests, sealed, strict=True)] == [b"a face"] * 3
    settings.MASTER_KEYS = [("old", OLD)]
    with pytest.raises(vault.MasterKeyMissing):
        vault.unseal(requests[0], sealed[0])


@pytest.mark.django_db
def test_keys_whose_master_key_is_away_are_named_and_left_alone(settings: Settings) -> None:
    settings.MASTER_KEYS = [("old", OLD)]
    lost, kept = make_request(), make_request()
    sealed = vault.seal(lost, b"a face")
    EvidenceKey.objects.filter(request=kept).delete()
    settings.MASTER_KEYS = [("new", NEW), ("old", OTHER)]  # Another key under the same name.
    with pytest.raises(CommandError, match=r"1 keys could not be opened.*old"):
        call_command("rotate_keys", stdout=StringIO())
    settings.MASTER_KEYS = [("new", NEW), ("old", OLD)]
    call_command("rotate_keys", stdout=StringIO())
    assert vault.unseal(lost, sealed) == b"a face"
    with pytest.raises(vault.Destroyed):
        vault.unseal(kept, sealed)


@pytest.mark.django_db
def test_rotating_twice_changes_nothing(settings: Settings) -> None:
    settings.MASTER_KEYS = [("old", OLD)]
    request = make_request()
    settings.MASTER_KEYS = [("new", NEW), ("old", OLD)]
    assert sealing.rewrap(vault.wrapped_keys()) == (1, 0)
    wrapped = bytes(EvidenceKey.objects.get(request=request).wrapped)
    assert sealing.rewrap(vault.wrapped_keys()) == (0, 0)
    assert bytes(EvidenceKey.objects.get(request=request).wrapped) == wrapped


def opened_by(settings: Settings, keys: list[tuple[str, bytes]], sealed: dict[RightsRequest, bytes]) -> bool:
    settings.MASTER_KEYS = keys
    return all(vault.unseal(request, data) == b"a face" for request, data in sealed.items())


@pytest.mark.django_db(transaction=True)
def test_a_rotation_that_is_killed_in_the_middle_loses_nothing_and_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MASTER_KEYS = [("old", OLD)]
    sealed = {request: vault.seal(request, b"a face") for request in [make_request() for _each in range(4)]}
    both = settings.MASTER_KEYS = [("new", NEW), ("old", OLD)]
    real, done = sealing.wrap, []

    def dying(key: bytes, *, bound_to: bytes) -> tuple[str, bytes]:
        done.append(key)
        if len(done) == 3:
            raise SystemExit("killed")
        return real(key, bound_to=bound_to)

    with monkeypatch.context() as patch:
        patch.setattr(sealing, "wrap", dying)
        with pytest.raises(SystemExit):
            call_command("rotate_keys", stdout=StringIO())
    assert EvidenceKey.objects.filter(master_key="new").count() == 2
    assert opened_by(settings, both, sealed)
    call_command("rotate_keys", stdout=StringIO())
    assert opened_by(settings, [("new", NEW)], sealed)


@pytest.mark.django_db(transaction=True)
def test_two_rotations_at_once_while_a_key_is_destroyed_lose_nothing(settings: Settings) -> None:
    settings.MASTER_KEYS = [("old", OLD)]
    sealed = {request: vault.seal(request, b"a face") for request in [make_request() for _each in range(12)]}
    gone = next(iter(sealed))
    settings.MASTER_KEYS = [("new", NEW), ("old", OLD)]

    def rotate() -> None:
        call_command("rotate_keys", stdout=StringIO())

    def in_a_process_of_its_own(what: Callable[[], object]) -> None:
        try:
            what()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(in_a_process_of_its_own, [rotate, rotate, lambda: vault.destroy(gone)]))
    del sealed[gone]
    assert opened_by(settings, [("new", NEW)], sealed)
    assert not EvidenceKey.objects.filter(request=gone).exists()


@pytest.mark.django_db
def test_another_key_under_the_old_name_is_noticed(settings: Settings) -> None:
    settings.MASTER_KEYS = [("2026", OLD)]
    make_request()
    assert contents.keys().level != Level.WRONG
    settings.MASTER_KEYS = [("2026", NEW)]
    with pytest.raises(CommandError, match="1 keys could not be opened"):
        call_command("rotate_keys", stdout=StringIO())
    assert contents.keys().level == Level.WRONG


@pytest.mark.django_db
def test_a_key_made_under_the_old_name_during_a_rotation_keeps_the_old_one_needed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was not restarted makes a request after the requests' keys were wrapped anew."""
    settings.MASTER_KEYS = [("old", OLD)]
    make_request()
    settings.MASTER_KEYS = [("new", NEW), ("old", OLD)]
    real = sealing.rewrap

    def then_another(keys: sealing.Keys) -> sealing.Rotation:
        done = real(keys)
        if EvidenceKey.objects.count() == 1:
            settings.MASTER_KEYS = [("old", OLD)]
            make_request()
            settings.MASTER_KEYS = [("new", NEW), ("old", OLD)]
        return done

    monkeypatch.setattr(sealing, "rewrap", then_another)
    said = StringIO()
    with pytest.raises(CommandError, match="used meanwhile"):
        call_command("rotate_keys", stdout=said)
    assert "take out" not in said.getvalue()


@pytest.mark.django_db(transaction=True)
def test_no_log_keeps_a_key_that_was_destroyed() -> None:
    if connection.vendor != "sqlite":
        return  # PostgreSQL vacuums; docs/threat-model.md says what that means.
    request = make_request()
    vault.create_key(request)
    wrapped = bytes(EvidenceKey.objects.get(request=request).wrapped)
    log = Path(f"{connection.settings_dict['NAME']}-wal")
    assert wrapped in log.read_bytes()
    with transaction.atomic():
        vault.destroy(request)
    assert wrapped not in log.read_bytes()
