"""A template space is declared strictly, and its model is run only as declared."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto
from PIL import Image

from matching import spaces
from matching.engine import Box, get_engine
from matching.engines.encoder import FIVE_POINTS, Encoder, ModelUnusable, ProbeModel, aligned, cropped, load
from matching.metrics import Metric
from matching.models import Band, Face, Source, TemplateSpace
from tests.fakes import PaintedEngine, paint
from tests.foreign import MEAN, SIZE, STD, ForeignEngine, model_of, row, write
from tests.holdings import People

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"extra": 1}, "extra: unknown key"),
    "unknown model key": ({"model__threads": 1}, "model.threads: unknown key"),
    "no name": ({"name": None}, "name: missing"),
    "name leads elsewhere": ({"name": "../x"}, "name: wanted"),
    "name of the engine": ({"name": "painted-1"}, "the engine in use"),
    "dimension as text": ({"dimension": "64"}, "dimension: wanted"),
    "dimension true": ({"dimension": True}, "dimension: wanted"),
    "dimension too large": ({"dimension": 5000}, "dimension: wanted"),
    "no such metric": ({"metric": "manhattan"}, "metric: wanted"),
    "no provenance": ({"bands__provenance": " "}, "bands.provenance: wanted"),
    "bands of a distance": ({"bands__match": 0.3, "bands__possible": 0.5}, "bands.match: must be at least"),
    "bands of a similarity for a distance": ({"metric": "euclidean"}, "bands.match: must be at most"),
    "a cosine above one": ({"bands__match": 1.5}, "bands.match: wanted"),
    "a band that is nan": ({"bands__match": "nan"}, "bands.match: wanted"),
    "one mean": ({"model__mean": [0.5]}, "model.mean: wanted"),
    "std of zero": ({"model__std": [1.0, 0.0, 1.0]}, "model.std: wanted"),
    "a margin that is not used": ({"model__alignment": "five_points"}, "model.margin: unknown key"),
    "no margin": ({"model__margin": None}, "model.margin: missing"),
    "another file": ({"model__sha256": "0" * 64}, "its SHA-256 is another one"),
    "no file": ({"model__path": "gone.onnx"}, "the file cannot be read"),
    "a folder": ({"model__path": "."}, "the file cannot be read"),
    "another dimension than the model gives": ({"dimension": 128}, "declared dimension"),
    "another size": ({"model__size": 20}, "declared dimension"),
    "another layout": ({"model__layout": "nhwc"}, "declared dimension"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _painted_engine(settings: Any) -> None:
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"


@pytest.fixture
def foreign(tmp_path: Path) -> ForeignEngine:
    return ForeignEngine(tmp_path)


@pytest.mark.parametrize(("changes", "said"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_declaration_is_refused_by_file_and_key(
    foreign: ForeignEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr(PaintedEngine, "name", "painted-1")
    file = foreign.declaration(tmp_path, **changes)
    with pytest.raises(spaces.DeclarationRefused) as refused:
        spaces.read(file)
    assert str(file) in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["name = ", "\x00", "model = 3\nbands = 4"])
def test_what_is_no_declaration_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "space.toml"
    file.write_text(text)
    with pytest.raises(spaces.DeclarationRefused, match=r"space\.toml"):
        spaces.read(file)
    with pytest.raises(spaces.DeclarationRefused, match="cannot be read"):
        spaces.read(tmp_path / "none.toml")


@pytest.mark.parametrize("data", [b"", b"no model", b"\x08\x07" * 400, model_of(np.ones((768, 64), np.float32))[:-900]])
def test_a_file_that_is_no_model_is_refused(foreign: ForeignEngine, tmp_path: Path, data: bytes) -> None:
    foreign.model.write_bytes(data)
    with pytest.raises(spaces.DeclarationRefused, match="no ONNX model"):
        spaces.read(foreign.declaration(tmp_path))


def test_a_model_that_gives_no_numbers_or_takes_others_is_refused(foreign: ForeignEngine, tmp_path: Path) -> None:
    foreign.model.write_bytes(model_of(np.full((768, 64), np.nan, np.float32)))
    with pytest.raises(spaces.DeclarationRefused, match="no ONNX model"):
        spaces.read(foreign.declaration(tmp_path))


def test_the_model_gets_what_was_declared_and_nothing_else(foreign: ForeignEngine, tmp_path: Path) -> None:
    space = spaces.read(foreign.declaration(tmp_path))
    pixels = np.asarray(Image.open(io.BytesIO(paint(["bo", "ada"]))))
    for face in PaintedEngine().faces(pixels):
        made = foreign.template(pixels, face.box)
        encoded = spaces.encode(space, pixels, face.box)
        assert np.abs(encoded - made / np.linalg.norm(made)).max() < 1e-5


def test_grey_and_rows_first_are_what_they_say(tmp_path: Path) -> None:
    seen = Encoder.__new__(Encoder)
    pictures: list[np.ndarray] = []

    class Session:
        def run(self, _outputs: object, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            pictures.extend(inputs.values())
            return [np.ones((1, 64), np.float32)]

    chip = Image.fromarray(np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8))
    common: dict[str, Any] = {"path": "", "sha256": "", "dimension": 64, "size": SIZE, "alignment": "crop"}
    for layout, colours, channels in (("nhwc", "rgb", 3), ("nchw", "grey", 1)):
        seen.model = ProbeModel(
            **common, layout=layout, colours=colours, mean=(MEAN,) * channels, std=(STD,) * channels
        )
        seen._session, seen._input, seen._output = Session(), "in", "out"
        seen.encode(chip)
    colour, grey = pictures
    assert np.allclose(colour[0] * STD + MEAN, np.asarray(chip), atol=1e-3)
    assert np.allclose(grey[0, 0] * STD + MEAN, np.asarray(chip.convert("L")), atol=1e-3)


def test_a_model_that_went_or_was_exchanged_says_so(foreign: ForeignEngine, tmp_path: Path) -> None:
    model = spaces.model_of(spaces.read(foreign.declaration(tmp_path)))
    data = foreign.model.read_bytes()
    foreign.model.write_bytes(model_of(np.ones((768, 64), np.float32)))
    with pytest.raises(ModelUnusable) as problem:
        load(model)
    assert problem.value.code == "model_altered"
    foreign.model.unlink()
    with pytest.raises(ModelUnusable) as problem:
        load(model)
    assert problem.value.code == "model_missing"
    foreign.model.write_bytes(data)
    assert load(model).model == model


def test_a_model_reads_no_further_file(tmp_path: Path) -> None:
    """Weights kept beside a model could be exchanged without changing its SHA-256."""
    import onnx

    model = onnx.load_from_string(model_of(np.ones((768, 64), np.float32)))
    onnx.save_model(
        model, str(tmp_path / "foreign.onnx"), save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    engine = ForeignEngine.__new__(ForeignEngine)
    engine.dimension, engine.model = 64, tmp_path / "foreign.onnx"
    assert (tmp_path / "weights.bin").exists()
    with pytest.raises(spaces.DeclarationRefused, match="no ONNX model"):
        spaces.read(engine.declaration(tmp_path))


def test_a_model_of_other_numbers_is_refused(foreign: ForeignEngine, tmp_path: Path) -> None:
    from onnx import helper

    weights = [helper.make_tensor_value_info("pixels", TensorProto.DOUBLE, [1, 3, SIZE, SIZE])]
    out = [helper.make_tensor_value_info("template", TensorProto.DOUBLE, [1, 768])]
    nodes = [helper.make_node("Flatten", ["pixels"], ["template"], axis=1)]
    graph = helper.make_graph(nodes, "doubles", weights, out)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    foreign.model.write_bytes(model.SerializeToString())
    with pytest.raises(spaces.DeclarationRefused, match="float32 input"):
        spaces.read(foreign.declaration(tmp_path, dimension=768))


# --- metrics and chips ------------------------------------------------------------------------------------------------


@given(st.floats(-1, 1))
def test_cosines_and_distances_turn_into_each_other(cosine: float) -> None:
    assert math.isclose(Metric.COSINE.of(Metric.COSINE.euclidean(cosine)), cosine, abs_tol=1e-12)
    assert Metric.EUCLIDEAN.of(Metric.EUCLIDEAN.euclidean(cosine)) == cosine


def test_bands_are_those_of_the_metric() -> None:
    space = TemplateSpace(metric="cosine", match=0.5, possible=0.35)
    assert space.radius == pytest.approx(math.sqrt(1.3))
    assert space.band(Metric.COSINE.euclidean(0.51)) == Band.MATCH
    assert space.band(Metric.COSINE.euclidean(0.49)) == Band.POSSIBLE
    assert TemplateSpace(metric="euclidean", match=0.5, possible=0.9).band(0.5) == Band.MATCH


def test_landmarks_come_to_lie_where_arcface_expects_them() -> None:
    """A picture with a spot at each landmark, turned, scaled and moved: the chip has its spots at the five points."""
    rng = np.random.default_rng(2)
    for _attempt in range(5):
        turn = rng.uniform(1.2, 2.0) * np.exp(1j * rng.uniform(-0.6, 0.6))
        where = turn * FIVE_POINTS + complex(120, 90)
        across, down = np.meshgrid(np.arange(500), np.arange(500))
        picture = sum(255 * np.exp(-(np.abs(across + 1j * down - spot) ** 2) / 30) for spot in where)
        pixels = np.repeat(np.clip(picture, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
        chip = np.asarray(aligned(pixels, np.stack([where.real, where.imag], axis=1), size=112))[:, :, 0].astype(float)
        grid_x, grid_y = np.meshgrid(np.arange(112), np.arange(112))
        for spot in FIVE_POINTS:
            near = chip * (np.abs(grid_x + 1j * grid_y - spot) < 6)
            centre = ((near * grid_x).sum() + 1j * (near * grid_y).sum()) / near.sum()
            assert abs(centre - spot) < 0.15


def test_points_that_are_one_point_align_nothing() -> None:
    with pytest.raises(ModelUnusable):
        aligned(np.zeros((50, 50, 3), np.uint8), np.full((5, 2), 7.0), size=112)


def test_a_crop_reaches_beyond_the_picture() -> None:
    pixels = np.full((40, 40, 3), 200, np.uint8)
    chip = np.asarray(cropped(pixels, Box(0, 0, 40, 40), size=60, margin=0.5))
    assert chip.shape == (60, 60, 3)
    assert chip[0, 0].tolist() == [0, 0, 0]
    assert chip[30, 30].tolist() == [200, 200, 200]


def test_dlib_sees_the_five_points_of_a_real_face(settings: Any, people: People) -> None:
    settings.FACE_ENGINE = "matching.engines.dlib.DlibEngine"
    pixels = np.asarray(Image.open(people.selfie("P001")).convert("RGB"))
    (face,) = get_engine().faces(pixels)
    left_eye, right_eye, nose, left_mouth, right_mouth = get_engine().five_points(pixels, face.box)
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    chip = np.asarray(aligned(pixels, get_engine().five_points(pixels, face.box), size=112))
    assert chip.std() > 20  # A face, not the black beyond the picture.


# --- declaring twice --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_space_is_declared_again_only_on_purpose(foreign: ForeignEngine, tmp_path: Path) -> None:
    first = spaces.declare(spaces.read(foreign.declaration(tmp_path)))
    assert spaces.declare(spaces.read(foreign.declaration(tmp_path))).pk == first.pk
    other = foreign.declaration(tmp_path, bands__match=0.9)
    with pytest.raises(spaces.DeclarationRefused, match="match"):
        spaces.declare(spaces.read(other))
    assert spaces.declare(spaces.read(other), redeclare=True).pk == first.pk
    assert TemplateSpace.objects.get().match == 0.9


@pytest.mark.django_db
def test_templates_that_are_held_keep_their_metric(foreign: ForeignEngine, tmp_path: Path) -> None:
    space = foreign.declaration(tmp_path)
    rows = [row("a.jpg", None, np.ones(64, np.float32))]
    file = str(write(tmp_path / "t.parquet", rows))
    options = {"space": space, "source": "bare", "no_pictures": True}
    call_command("import_templates", file, **options)
    foreign.declaration(tmp_path, metric="inner_product")
    with pytest.raises(CommandError, match="metric"):
        call_command("import_templates", file, **options, redeclare=True)
    assert Face.objects.get().engine == "foreign-1"
    assert Source.objects.get().name == "bare"
