"""No file that somebody sends does more than be refused or come out as nothing but its pixels."""

import io
import os
import signal
import struct
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image
from pytest_django.fixtures import Settings

from matching import decoder, decoding, images, limits
from matching.images import ImageProblem
from tests.matching import hostile_files, misbehaving
from tests.matching.hostile_files import FORMATS, TAKEN
from tests.matching.hostile_parts import MARK, chunk, good, noise, png, saved, secrets

pytestmark = [pytest.mark.any_database, pytest.mark.filterwarnings("ignore::UserWarning:PIL")]

APP0, DQT, SOF0, DHT, SOS, EOI = 0xE0, 0xDB, 0xC0, 0xC4, 0xDA, b"\xff\xd9"


def outcome(data: bytes) -> str:
    """What became of an upload: `TAKEN`, or the code of its refusal. What was taken is checked."""
    try:
        cleaned = images.clean_upload(data)
    except ImageProblem as problem:
        return problem.code
    check_clean(cleaned)
    return TAKEN


def check_clean(jpeg: bytes) -> None:
    """Pixels and what it takes to read them, with nothing between, before or behind."""
    assert MARK not in jpeg
    position, markers = 2, list[int]()
    while not markers or markers[-1] != SOS:
        marker, length = jpeg[position + 1], struct.unpack_from(">H", jpeg, position + 2)[0]
        if marker == APP0:
            assert jpeg[position + 4 : position + 9] == b"JFIF\0"
            assert length == 16, "no room for a thumbnail"
        markers.append(marker)
        position += 2 + length
    assert jpeg[:2] == b"\xff\xd8"
    assert set(markers) == {APP0, DQT, SOF0, DHT, SOS}
    assert jpeg.index(EOI, position) == len(jpeg) - 2
    with Image.open(io.BytesIO(jpeg)) as image:
        assert max(image.size) <= images.UPLOAD_SIDE


@pytest.fixture(scope="module")
def corpus() -> list[hostile_files.Hostile]:
    return list(hostile_files.everything())


def test_each_of_the_hostile_files_is_refused_for_a_right_reason_or_comes_out_as_pixels_alone(
    corpus: list[hostile_files.Hostile],
) -> None:
    kinds: Counter[str] = Counter()
    wrong = []
    for number, (kind, data, may) in enumerate(corpus):
        kinds[kind] += 1
        found = outcome(data)
        if found not in may:
            wrong.append((number, kind, found))
    assert not wrong
    assert kinds.total() >= 2_000
    assert len(kinds) == len(hostile_files.CLASSES)


def test_the_corpus_is_the_same_each_time(corpus: list[hostile_files.Hostile]) -> None:
    again = hostile_files.everything()
    assert all(one == other for one, other in zip(corpus, again, strict=True))


@hypothesis_settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    format=st.sampled_from(FORMATS),
    edits=st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(max_size=12), st.integers(0, 40)), max_size=6),
)
def test_whatever_is_edited_in_a_file_its_decoder_answers(format: str, edits: list[tuple[int, bytes, int]]) -> None:
    data = good(format)
    for place, new, dropped in edits:
        at = place % (len(data) + 1)
        data = data[:at] + new + data[at + dropped :]
    assert outcome(data) in decoding.CODES - {"busy"} | {TAKEN}


@pytest.mark.parametrize("format", FORMATS)
def test_limits_are_asked_before_anything_is_decoded(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    large = saved(noise(5, 300, 200), format)

    def decoded(*_anything: object) -> None:
        pytest.fail("It was decoded.")

    monkeypatch.setattr(Image.Image, "load", decoded)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    for changed in ({"max_pixels": 59_999}, {"max_bytes": len(large) - 1}):
        numbers = {"max_bytes": 10**6, "max_pixels": 10**6} | changed
        with pytest.raises(ImageProblem) as problem:
            decoding.opened(large, **numbers)
        assert problem.value.code in ("too_many_pixels", "file_too_large")


@pytest.mark.parametrize("lossless", [True, False])
def test_the_canvas_of_a_webp_is_counted_before_pillow_makes_room_for_it(
    lossless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = saved(noise(5, 300, 200), "WEBP", lossless=lossless)
    extended = saved(noise(5, 300, 200), "WEBP", lossless=lossless, exif=secrets())
    monkeypatch.setattr(Image, "open", lambda *_a, **_k: pytest.fail("Pillow was asked."))
    for data in (plain, extended):
        with pytest.raises(ImageProblem, match="too_many_pixels"):
            decoding.opened(data, max_bytes=10**6, max_pixels=59_999)


def test_what_is_larger_than_allowed_never_reaches_the_decoder(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.UPLOAD_MAX_BYTES = len(good("JPEG")) - 1
    monkeypatch.setattr(decoder, "_asked", lambda *_a, **_k: pytest.fail("It was sent."))
    assert outcome(good("JPEG")) == "file_too_large"
    assert outcome(b"GIF89a") == "format_not_supported"


def test_the_picture_is_what_was_sent() -> None:
    for format in ("PNG", "TIFF"):
        sent = noise(6, 90, 70)
        assert (decoder.decode(saved(sent, format), side=100) == np.asarray(sent)).all()
    assert decoder.decode(saved(noise(6, 900, 700), "PNG"), side=90).shape == (70, 90, 3)


def test_the_largest_picture_that_is_allowed_is_taken(settings: Settings) -> None:
    side = int(settings.IMAGE_MAX_PIXELS**0.5)
    flat = chunk(b"IDAT", zlib.compress(bytes(side * (side * 3 + 1)), 1))
    assert outcome(png(side, side, flat)) == TAKEN


# --- A decoder that somebody has taken over -------------------------------------------------------------------------


@pytest.fixture
def taken_over(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    settings.UPLOAD_SECONDS, settings.UPLOAD_DECODERS = 1, 20
    decoder.end()
    monkeypatch.setattr(decoder, "PROGRAM", misbehaving.PROGRAM)
    yield
    decoder.end()


def deed(name: str) -> bytes:
    return misbehaving.BEGINNING + name.encode()


def children() -> set[str]:
    """Processes that were forked for a file and are still there."""
    kept = decoder.kept_process()
    return set(Path(f"/proc/{kept}/task/{kept}/children").read_text().split())


@pytest.mark.usefixtures("taken_over")
def test_a_decoder_that_crashes_hangs_eats_or_lies_refuses_its_own_file_and_no_other() -> None:
    assert outcome(good("JPEG")) == TAKEN
    kept = decoder.kept_process()
    with ThreadPoolExecutor(len(misbehaving.FATAL)) as threads:
        found = dict(threads.map(lambda name: (name, outcome(deed(name))), misbehaving.FATAL))
    assert found == dict.fromkeys(misbehaving.FATAL, "too_costly")
    assert outcome(good("JPEG")) == TAKEN
    until = time.monotonic() + 5
    while children() and time.monotonic() < until:
        time.sleep(0.05)
    assert not children(), "what hung has been killed"
    assert decoder.kept_process() == kept


@pytest.mark.usefixtures("taken_over")
def test_a_decoder_has_the_memory_that_the_setting_says(settings: Settings) -> None:
    settings.UPLOAD_MAX_MEMORY = 12 * misbehaving.BITE
    assert 1 <= decoder.decode(deed("measure"), side=100).shape[1] < 12


@pytest.mark.usefixtures("taken_over")
def test_whoever_takes_over_a_decoder_can_do_nothing_but_answer() -> None:
    assert decoder.decode(deed("thread"), side=100).shape == (1, 2, 3), "HEIC needs threads"
    assert decoder.decode(deed("break_out"), side=100).shape == (1, 1, 3), "one pixel more for each that worked"


@pytest.mark.usefixtures("taken_over")
def test_a_decoding_process_that_is_gone_or_stuck_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(good("JPEG")) == TAKEN
    first = decoder._kept[os.getpid()].process
    first.kill()
    first.wait()
    assert outcome(good("JPEG")) == TAKEN
    monkeypatch.setattr(decoder, "GRACE", 0.1)
    stuck = decoder._kept[os.getpid()].process
    stuck.send_signal(signal.SIGSTOP)
    assert outcome(good("JPEG")) == "too_costly"
    assert stuck.returncode == -signal.SIGKILL
    assert outcome(good("JPEG")) == TAKEN


@pytest.mark.usefixtures("taken_over")
def test_a_process_that_cannot_even_start_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "PROGRAM", "raise SystemExit(1)")
    assert outcome(good("JPEG")) == "too_costly"


def test_who_finds_no_turn_is_told_to_come_again(settings: Settings) -> None:
    settings.UPLOAD_DECODERS, settings.UPLOAD_WAIT_SECONDS = 1, 0.05
    with decoder._turn():
        assert outcome(good("JPEG")) == "busy"
    assert outcome(good("JPEG")) == TAKEN


def test_the_decoding_process_has_no_secret_and_ends_with_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder.end()
    monkeypatch.setenv("REGARD_SECRET_KEY", "do not tell")
    assert outcome(good("JPEG")) == TAKEN
    kept = decoder._kept[os.getpid()]
    assert b"do not tell" not in Path(f"/proc/{kept.process.pid}/environ").read_bytes()
    kept.orders.close()
    assert kept.process.wait(timeout=5) == 0
    decoder.end()


def test_a_jpeg_with_as_many_scans_as_anybody_makes_is_taken() -> None:
    progressive = saved(noise(8, 200, 150), "JPEG", progressive=True)
    assert 5 < decoding.scans_of(progressive) < limits.MOST_SCANS
    assert outcome(progressive) == TAKEN
