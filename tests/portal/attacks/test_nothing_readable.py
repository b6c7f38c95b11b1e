"""Everything that a person can send is sent; then database, files, temporary files, broker and logs are searched for
the bytes of each upload and for the templates that were made of it."""

import base64
import builtins
import io
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import numpy as np
import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django.fixtures import Settings

from matching import images
from matching.engine import Box, DetectedFace, Detector
from matching.frames import Asked
from matching.models import Face, Source
from portal import flow
from portal.answers import archive
from portal.models import Answer, Draft, Evidence, EvidenceKind
from rights.models import RightsRequest
from tests.fakes import PaintedEngine, paint
from tests.matching.test_frames import frame as frame_of
from tests.portal.attacks.test_thieves import dump
from tests.portal.citizens.person import Person, upload
from tests.portal.deeds import Run, decide, judge
from tests.traces import database_bytes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

PIECE = 24
"""Bytes of an upload that are searched for at a time."""
WORDS = "Quetzalcoatl saw me beside the lake in May."


class UnlikeEngine(PaintedEngine):
    """Makes another template of each picture of a person, as real engines do, and remembers those it made."""

    made: ClassVar[list[np.ndarray]] = []

    def faces(self, pixels: np.ndarray, *, detector: Detector = Detector.DEFAULT) -> list[DetectedFace]:
        return [face._replace(template=self._unlike(pixels, face.box)) for face in super().faces(pixels)]

    def encode(self, pixels: np.ndarray, boxes: Any) -> np.ndarray:
        return np.array([self._unlike(pixels, box) for box in boxes], np.float32)

    def _unlike(self, pixels: np.ndarray, box: Box) -> np.ndarray:
        noise = np.random.default_rng(int(pixels.sum())).normal(size=self.dimension)
        template = super().encode(pixels, [box])[0] + 0.05 * noise / np.linalg.norm(noise)
        self.made.append(template.astype(np.float32))
        return self.made[-1]


def speckled(jpeg: bytes, seed: int) -> bytes:
    """The picture with noise, so that no stretch of it is like another picture's."""
    pixels = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(np.int16)
    noisy = np.clip(pixels + np.random.default_rng(seed).integers(-9, 9, pixels.shape), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noisy).save(buffer, "JPEG", quality=95, subsampling=0, comment=WORDS.encode())
    return buffer.getvalue()


class Sent:
    """What was sent, as it was and as it was kept."""

    def __init__(self) -> None:
        self.blobs: list[bytes] = []

    def picture(self, painted: bytes) -> bytes:
        raw = speckled(painted, len(self.blobs))
        self.blobs += [raw, images.clean_upload(raw)]
        return raw

    def clean(self, painted: bytes) -> bytes:
        self.picture(painted)
        return self.blobs[-1]

    def words(self, about: str) -> str:
        self.blobs.append(f"{WORDS} ({about})".encode())
        return self.blobs[-1].decode()


def spellings(blob: bytes) -> Iterator[bytes]:
    """Pieces of a blob, as they are and as texts would hold them."""
    for share in (0.3, 0.5, 0.7, 0.9):
        start = max(0, min(int(len(blob) * share), len(blob) - PIECE))
        piece = blob[start : start + PIECE]
        yield piece
        yield piece.hex().encode()
        yield from (base64.b64encode(piece[shift:])[:24] for shift in range(3))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> set[Path]:
    """Every path that Python opens to write while the test runs; temporary files go to a folder of its own."""
    found: set[Path] = set()
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    real_open, real_low = builtins.open, os.open

    def opened(file: Any, mode: str = "r", *args: Any, **how: Any) -> Any:
        if set(mode) & set("wax+") and not isinstance(file, int):
            found.add(Path(os.fsdecode(file)))
        return real_open(file, mode, *args, **how)

    def opened_low(path: Any, flags: int, *args: Any, **how: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            found.add(Path(os.fsdecode(path)))
        return real_low(path, flags, *args, **how)

    for module in (builtins, io):
        monkeypatch.setattr(module, "open", opened)
    monkeypatch.setattr(os, "open", opened_low)
    return found


@pytest.fixture
def engine(painted: Source, settings: Settings, controller: object) -> type[UnlikeEngine]:
    settings.FACE_ENGINE = f"{__name__}.UnlikeEngine"
    UnlikeEngine.made.clear()
    return UnlikeEngine


def asks(sent: Sent, person: Person) -> RightsRequest:
    """A draft that stays one, and a form that is sent."""
    begun = Person()
    begun.answer("rights")
    begun.answer("person")
    begun.answer("contact", name=sent.words("draft")[:60])
    assert begun.answer("photo", photo=upload(sent.picture(paint(["ada"])))).status_code == 302
    person.answer("rights", rights=["access"])
    person.answer("person")
    person.answer("contact")
    person.answer("photo", photo=upload(sent.picture(paint(["ada"], shade=9))))
    case = RightsRequest.objects.get(pk=person.send().url.split("/requests/")[1].split("/")[0])
    person.type_code(case)
    return case


def shows_who_they_are(sent: Sent, person: Person, case: RightsRequest, run_jobs: Run) -> None:
    """A live photo, an answer to a question, an identity document."""
    person.post("live", {"begin": "yes"}, request_id=case.pk)
    check = flow.live_check(case)
    assert check is not None
    for asked in check.frames.all():
        frame = sent.picture(frame_of(Asked(asked.asked)))
        person.post("live", {"frame": asked.pk, "photo": upload(frame)}, request_id=case.pk)
    run_jobs()
    flow.doubt(request_id=case.pk, words="The age differs.", actor="staff:1")
    flow.ask_document(request_id=case.pk, actor="staff:1")
    card = upload(sent.picture(paint([None, "ada"], shade=3)), "card.jpg")
    person.post("document", {"photo": card}, request_id=case.pk)
    run_jobs()


def writes(sent: Sent, person: Person, case: RightsRequest, staff: User) -> None:
    """A message and one of staff's, each with a picture, and one by the API's form."""
    picture = upload(sent.picture(paint([None])))
    data = {"key": str(uuid4()), "words": sent.words("message"), "picture": picture}
    person.client.post(reverse("citizens:message", args=[case.pk]), data)
    flow.tell(request_id=case.pk, words=sent.words("told"), actor="staff:1", pictures=[sent.clean(paint(["bo"]))])
    flow.ask(request_id=case.pk, kind="clarification", question="Which years do you mean?", actor="staff:1")
    question = case.clock_events.filter(asked_for="clarification").latest("pk")
    flow.answer(request_id=case.pk, question_id=question.pk, words=sent.words("reply"), actor="citizen")
    form = {"rights": ["access"], "email": "api@example.org", "photo": upload(sent.picture(paint(["di"])))}
    assert Client().post("/api/requests/", form).status_code == 201


def acts_for_another(sent: Sent) -> None:
    request = flow.receive(
        rights=["access"],
        contact=flow.Contact(name="Bo", email="bo@example.org", on_behalf=True, person_name="Ada", relation="lawyer"),
        channel="web",
        probe=sent.clean(paint(["ed"])),
    )
    person = Person()
    person.open(request)
    person.post("mandate", {"photo": upload(sent.picture(paint([None, None])), "mandate.jpg")}, request_id=request.pk)


def is_answered(sent: Sent, case: RightsRequest, run_jobs: Run, by: User, second: User) -> None:
    """The archive, its letter and its pictures; of the data in it much stands in the database, as the profile does."""
    run_jobs()
    judge(case, by, second)
    decide(case, by)
    run_jobs()
    with archive.to_look_into(Answer.objects.get(request=case)) as held:
        names = held.namelist()
        assert [name for name in names if name.startswith("pictures/")]
        sent.blobs += [held.read(name) for name in names if name.endswith((".jpg", ".pdf"))]


def everything_kept(folder: Path) -> bytes:
    """Values and files of the database, files of the installation, and whatever lies in the temporary folder."""
    roots = (Path(configured.ANSWERS_DIR), Path(configured.INDEX_DIR), Path(configured.TURNS_DIR), folder)
    files = [path.read_bytes() for root in roots for path in sorted(root.rglob("*")) if path.is_file()]
    return b"\n".join([dump(), database_bytes(), *files])


def test_no_upload_and_no_template_of_one_is_readable_anywhere(
    engine: type[UnlikeEngine],
    written: set[Path],
    run_jobs: Run,
    staff: User,
    other_staff: User,
    tmp_path: Path,
    sent_tasks: list[tuple[str, tuple[Any, ...]]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = everything_kept(tmp_path / "temporary")
    sent, person = Sent(), Person()
    case = asks(sent, person)
    shows_who_they_are(sent, person, case, run_jobs)
    writes(sent, person, case, staff)
    acts_for_another(sent)
    kept = {EvidenceKind(kind) for kind in Evidence.objects.filter(destroyed_at=None).values_list("kind", flat=True)}
    assert kept == set(EvidenceKind), "a kind that is not sent here is a kind that is not looked for"
    assert Draft.objects.exclude(sealed_photo=None).exists()
    flow.decide_document(request_id=case.pk, sufficient=True, actor="staff:1")
    is_answered(sent, case, run_jobs, staff, other_staff)

    stored = everything_kept(tmp_path / "temporary")
    said = json.dumps(sent_tasks).encode() + caplog.text.encode()
    control = [bytes(Face.objects.order_by("pk")[0].template), bytes(Evidence.objects.filter(kind="probe")[0].sealed)]
    assert all(blob[40:64] in stored for blob in control), "or the search below could not find anything"
    assert len(engine.made) > 8
    templates = [made.astype(kind).tobytes() for made in engine.made for kind in (np.float32, np.float64)]
    pieces = {piece for blob in [*sent.blobs, *templates] for piece in spellings(blob)}
    public = {piece for piece in pieces if piece in before}  # At most an address of the profile, as in the letter.
    assert len(public) <= 5
    for piece in pieces - public:
        assert piece not in stored
        assert piece not in said
    for made in engine.made:
        assert repr(float(made[7]))[:12].encode() not in stored + said

    folders = tuple(str(each) for each in (configured.ANSWERS_DIR, configured.INDEX_DIR, configured.TURNS_DIR))
    strange = {path for path in written if not str(path).startswith(folders) and path != Path(os.devnull)}
    assert strange == set(), "files that nobody looks into"
    assert list((tmp_path / "temporary").iterdir()) == []
