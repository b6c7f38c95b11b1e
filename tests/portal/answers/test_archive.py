"""The answer is complete, in the person's language, and shows nobody else."""

import hashlib
import io
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from django.contrib.auth.models import User
from PIL import Image
from pytest_django.fixtures import Settings

from matching import reviews, sources
from matching.models import Face, Photo, Source
from portal import flow, vault
from portal.answers import archive
from portal.answers.content import blocks
from portal.answers.facts import missing
from portal.models import Answer, ControllerProfile, ControllerText, Recipient
from rights.law import answer, grounds
from rights.models import RightsRequest
from tests.fakes import CELL, PaintedEngine, template_of
from tests.painted import folder_of
from tests.portal.answers.tags import attribute, tags
from tests.portal.deeds import Ask, Run, answered, decide, judge, opened, reviewed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]


def words(request: RightsRequest) -> str:
    """All text of the letter."""
    return json.dumps(blocks(request), ensure_ascii=False)


def test_it_holds_exactly_the_accepted_pictures(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = answered(ask, run_jobs, staff, other_staff)
    with opened(request) as zipped:
        assert zipped.testzip() is None
        assert sorted(zipped.namelist()) == [
            "README.txt", "data.json", "letter.pdf", "pictures/001.jpg", "pictures/002.jpg", "pictures/003.jpg",
        ]  # fmt: skip
    assert Answer.objects.get(request=request).photos == 3


def test_nobody_else_can_be_seen_in_it(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = answered(ask, run_jobs, staff, other_staff)
    with opened(request) as zipped:
        for name in zipped.namelist():
            if not name.startswith("pictures/"):
                continue
            with Image.open(io.BytesIO(zipped.read(name))) as image:
                assert not image.getexif()
                pixels = np.asarray(image.convert("RGB"))
            found = PaintedEngine().faces(pixels)
            assert [float(np.linalg.norm(face.template - template_of("ada"))) for face in found] == [0.0]
            if pixels.shape[1] == 3 * CELL:
                others = np.concatenate([pixels[30:90, 30:90], pixels[30:90, 270:330]]).astype(int)
                assert abs(others - 128).max() < 12


def test_the_data_holds_everything_stored_the_templates_themselves_included(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    Photo.objects.filter(path="ada-1.jpg").update(
        source_url="https://example.org/1", metadata={"make": "X", "gps": {"latitude": 1.5, "longitude": 2.5}}
    )
    request = answered(ask, run_jobs, staff, other_staff)
    with opened(request) as zipped:
        data = json.loads(zipped.read("data.json"))
        assert {item["file"] for item in data["pictures"]} <= set(zipped.namelist())
    assert data["format"] == "regard-answer/1"
    assert data["certificate"]["complete"] is True
    first = next(item for item in data["pictures"] if item["stored_as"] == "ada-1.jpg")
    assert first["source_url"] == "https://example.org/1"
    assert first["metadata"]["gps"] == {"latitude": 1.5, "longitude": 2.5}
    (face,) = first["faces_of_you"]
    assert face["box"] == [20, 20, 100, 100]
    assert np.allclose(face["template"], template_of("ada"))
    group = next(item for item in data["pictures"] if item["stored_as"] == "group.jpg")
    assert len(group["faces_of_you"]) == 1


def test_the_letter_is_a_tagged_pdf_in_the_person_s_language(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    for language, title in (("en", "Answer to your request"), ("fr", None), ("de", "Antwort auf Ihren Antrag")):
        request = ask(email=f"{language}@example.org")
        RightsRequest.objects.filter(pk=request.pk).update(language=language)
        flow.confirm(request_id=request.pk)
        run_jobs()
        judge(request, staff, other_staff)
        decide(request, staff)
        run_jobs()
        with opened(request) as zipped, pikepdf.open(io.BytesIO(zipped.read("letter.pdf"))) as pdf:
            assert pdf.Root.MarkInfo.Marked
            assert pdf.Root.StructTreeRoot
            assert str(pdf.Root.Lang) == language
            with pdf.open_metadata() as metadata:
                assert metadata["pdfuaid:part"] == "1"
                assert title is None or metadata["dc:title"] == title
            assert pdf.Root.ViewerPreferences.DisplayDocTitle
            check_tags(pdf)


def check_tags(pdf: pikepdf.Pdf) -> None:
    """What a screen reader goes by: one order of headings, headers over every column, words for every figure."""
    found = tags(pdf)
    kinds = [tag.kind for tag in found]
    levels = [int(kind[1:]) for kind in kinds if re.fullmatch(r"H\d+", kind)]
    assert len(levels) > 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert "Table" in kinds
    assert kinds.count("TH") > 1
    assert {attribute(tag.element, "/Scope") for tag in found if tag.kind == "TH"} == {"Column"}
    assert all("Table" in tag.above for tag in found if tag.kind in ("TR", "TH", "TD"))
    assert all("/Alt" in tag.element for tag in found if tag.kind in ("Figure", "Formula"))
    assert all(page.get("/Tabs") == "/S" for page in pdf.pages)


def test_the_letter_says_all_that_the_law_asks_for(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    recipient = Recipient.objects.create(name="Agency of Somewhere", email="a@example.org", country="BE")
    recipient.sources.add(painted)
    request = answered(ask, run_jobs, staff, other_staff)
    profile, text = ControllerProfile.load(), ControllerText.objects.get(language="en")
    said = words(request)
    for expected in (
        text.purposes, text.categories, text.storage, text.origin, text.court, profile.name, profile.authority_name,
        profile.authority_url, "Agency of Somewhere", "template of your face", "article 16", "every face we hold",
        "painted/1",
    ):  # fmt: skip
        assert json.dumps(expected, ensure_ascii=False)[1:-1] in said, expected
    assert profile.dpo_contact.splitlines()[0] in said


@pytest.mark.parametrize("field", ["name", "postal_address", "dpo_contact", "authority_name", "authority_url"])
def test_an_answer_lacks_something_as_soon_as_one_obligatory_field_is_blank(
    controller: ControllerProfile, ask: Ask, field: str
) -> None:
    request = ask()
    assert missing(request) == []
    ControllerProfile.objects.update(**{field: " "})
    assert len(missing(request)) == 1


@pytest.mark.parametrize("field", ["purposes", "categories", "storage", "origin", "court"])
def test_the_texts_are_needed_in_the_language_of_the_request(
    controller: ControllerProfile, ask: Ask, field: str
) -> None:
    request = ask()
    ControllerText.objects.filter(language="fr").update(**{field: ""})
    assert missing(request) == []
    ControllerText.objects.filter(language="en").update(**{field: ""})
    assert [element.key for element in missing(request)] == [field]


def test_transfers_automated_decisions_and_a_representative_are_asked_for_only_where_they_exist(
    controller: ControllerProfile, ask: Ask
) -> None:
    request = ask()
    ControllerText.objects.update(safeguards="", automated="")
    ControllerProfile.objects.update(
        transfers_outside_union=True, automated_decisions=True, established_in_union=False, representative_contact=""
    )
    assert {element.key for element in missing(request)} == {"safeguards", "automated", "representative"}
    ControllerProfile.objects.update(
        transfers_outside_union=False, automated_decisions=False, established_in_union=True
    )
    assert missing(request) == []


def test_every_obligatory_element_has_a_fact(controller: ControllerProfile, ask: Ask) -> None:
    from portal.answers.facts import facts

    assert set(facts(ask())) >= {element.key for element in answer.OBLIGATORY}


def test_a_partial_refusal_withholds_the_copy_and_still_tells_all(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("access",))
    ground = next(g for g in grounds.for_regime("gdpr") if g.allows_partial and "access" in g.applies_to)
    kept = Photo.objects.get(path="ada-2.jpg")
    decide(request, staff, "partial", ground=ground.code, reasons="It shows a shelter.", withheld=[kept.pk])
    run_jobs()
    with opened(request) as zipped:
        assert len([name for name in zipped.namelist() if name.startswith("pictures/")]) == 2
        data = json.loads(zipped.read("data.json"))
    withheld = next(item for item in data["pictures"] if item["stored_as"] == "ada-2.jpg")
    assert (withheld["file"], withheld["withheld"]) == (None, True)
    assert len(withheld["faces_of_you"]) == 1
    said = words(request)
    assert "It shows a shelter." in said
    assert ground.letter_text in said
    assert ControllerProfile.load().authority_name in said


def test_nothing_of_it_is_readable_on_disk(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, settings: Settings
) -> None:
    request = answered(ask, run_jobs, staff, other_staff)
    folder = Path(settings.ANSWERS_DIR)
    files = list(folder.iterdir())
    assert [path.name for path in files] == [f"{request.pk}.sealed"]
    stored = files[0].read_bytes()
    for trace in (b"PK\x03\x04", b"letter.pdf", b"%PDF", b"ada-1", template_of("ada").astype("<f4").tobytes()[:16]):
        assert trace not in stored
    whole = b"".join(archive.stream(Answer.objects.get(request=request)))
    assert hashlib.sha256(whole).hexdigest() == Answer.objects.get(request=request).sha256
    archive.destroy(request=request)
    assert list(folder.iterdir()) == []


def test_a_death_in_the_middle_leaves_nothing_and_the_next_attempt_builds_it(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:  # fmt: skip
    request = reviewed(ask, run_jobs, staff, other_staff)
    decide(request, staff)

    def dying(**kwargs: object) -> bytes:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(archive, "letter", dying)
        with pytest.raises(SystemExit):
            flow.build_answer(request_id=request.pk)
    assert not Answer.objects.exists()
    assert list(Path(settings.ANSWERS_DIR).iterdir()) == []
    flow.build_answer(request_id=request.pk)
    assert opened(request).namelist()


def test_a_source_that_is_away_is_waited_for(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, tmp_path: Path
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("access",))
    decide(request, staff)
    folder = folder_of(painted)
    folder.rename(tmp_path / "away")
    with pytest.raises((sources.SourceUnreachable, FileNotFoundError)):
        flow.build_answer(request_id=request.pk)
    (tmp_path / "away").rename(folder)
    flow.build_answer(request_id=request.pk)
    assert Answer.objects.get(request=request).offered_at


def test_a_destroyed_key_takes_the_archive_with_it(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = answered(ask, run_jobs, staff, other_staff)
    vault.destroy(request)
    with pytest.raises(vault.Destroyed):
        list(archive.stream(Answer.objects.get(request=request)))


def test_the_person_s_own_face_stays_where_a_neighbour_s_margin_would_cover_it(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = answered(ask, run_jobs, staff, other_staff)
    near = Face.objects.get(photo__path="group.jpg", left=20)
    Face.objects.filter(pk=near.pk).update(right=135)  # Its margin now reaches into ada's box, which begins at 140.
    mine = reviews.accepted_faces(request.pk).get(photo__path="group.jpg")
    data = archive.copy_of(mine.photo, [mine])
    with Image.open(io.BytesIO(data)) as image:
        own = np.asarray(image.convert("RGB"))[mine.top : mine.bottom, mine.left : mine.right]
    assert (abs(own.astype(int) - 128).max(axis=2) > 60).mean() > 0.95
