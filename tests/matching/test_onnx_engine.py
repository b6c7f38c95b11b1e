"""dlib's network in ONNX Runtime: its weights read, its templates compared with dlib's, and dlib where they differ."""

import logging
import multiprocessing
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image
from pytest_django.fixtures import Settings

from matching import ingest, processes, search
from matching.certificate import certificate
from matching.engine import _engine, get_engine
from matching.engines import auto, dat, graph, onnx
from matching.engines.dlib import ENCODER, DlibEngine, model
from matching.models import Face, Source
from tests.holdings import People

pytestmark = pytest.mark.any_database

SETTING = "matching.engines.onnx.OnnxEngine"
FIRST_LAYER = b"\x01\x05con_4" + b"\x01\x02" + b"\x02\x80\x12" + 3 * b"\x01\x01"
"""What stands before the first weight: the layer's name, the tensor's version and its shape, (4736, 1, 1, 1)."""


@pytest.fixture(scope="module")
def weights() -> Path:
    return Path(model(ENCODER))


@pytest.fixture(scope="module")
def network(weights: Path) -> dat.Network:
    return dat.read(weights)


@pytest.fixture(scope="module")
def reference() -> DlibEngine:
    return DlibEngine()


@pytest.fixture
def spoilt(weights: Path) -> bytearray:
    """The bytes of the weights, for a test to spoil."""
    return bytearray(weights.read_bytes())


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


# --- the reader -------------------------------------------------------------------------------------------------------


def test_the_file_is_read_as_the_network_that_dlib_describes(network: dat.Network) -> None:
    kinds = [layer.kind for layer in network.layers]
    assert network.side == 150
    assert network.mean == pytest.approx((122.782, 117.001, 104.298), abs=1e-4)
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "con": 29,
        "affine": 29,
        "relu": 29,
        "max_pool": 1,
        "add_prev": 14,
        "avg_pool": 5,
        "fc": 1,
    }
    filters = [layer.weights.shape for layer in network.layers if layer.kind == "con"]
    assert filters[0] == (32, 3, 7, 7)
    assert filters[-1] == (256, 256, 3, 3)
    assert network.layers[-1].weights.shape == (256, 128)


@pytest.mark.parametrize("kept", [0, 1, 2, 10, 30, 200, 0x130, 0x150, 0x160, 0x165, 5000, 1_000_000, -100, -20, -2, -1])
def test_a_file_that_was_cut_short_is_refused(spoilt: bytearray, kept: int) -> None:
    with pytest.raises(dat.WeightsDamaged, match="at byte"):
        dat.parse(spoilt[:kept])


def test_a_file_that_goes_on_is_refused(spoilt: bytearray) -> None:
    with pytest.raises(dat.WeightsDamaged, match="before the file does"):
        dat.parse(spoilt + b"\x01")


def test_any_flipped_bit_before_the_first_weight_is_refused(spoilt: bytearray) -> None:
    """But those of the loss's two numbers and of the mean colour: any number may stand there."""
    first_name, versions = spoilt.index(b"loss"), spoilt.index(b"\x01\x02\x01\x02")
    colours, layer = spoilt.index(b"input") + len(b"input_rgb_image_sized"), spoilt.index(FIRST_LAYER)
    places = [*range(first_name + 13), *range(versions, colours), *range(layer, layer + len(FIRST_LAYER))]
    assert len(places) > 300
    for place in places:
        for bit in range(8):
            spoilt[place] ^= 1 << bit
            with pytest.raises(dat.WeightsDamaged):
                dat.parse(spoilt)
            spoilt[place] ^= 1 << bit


def test_a_bit_flipped_anywhere_between_the_weights_is_refused_or_changes_no_shape(
    spoilt: bytearray, network: dat.Network
) -> None:
    chance = random.Random("regard")
    names = [b"con_4", b"affine_", b"relu_", b"avg_pool_2", b"add_prev_", b"fc_2"]
    refused = 0
    for name in names * 12:
        place = spoilt.rindex(name) + chance.randrange(-30, 40)
        bit = 1 << chance.randrange(8)
        spoilt[place] ^= bit
        try:
            shapes = [layer.weights.shape for layer in dat.parse(spoilt).layers]
        except dat.WeightsDamaged:
            refused += 1
        else:
            assert shapes == [layer.weights.shape for layer in network.layers]
        spoilt[place] ^= bit
    assert refused > len(names) * 4


def test_a_weight_that_is_no_number_is_refused(spoilt: bytearray) -> None:
    place = spoilt.index(FIRST_LAYER) + len(FIRST_LAYER) + 4 * 1000
    spoilt[place : place + 4] = np.array([np.nan], "<f4").tobytes()
    with pytest.raises(dat.WeightsDamaged, match="not finite"):
        dat.parse(spoilt)


# --- the graph --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [0, 1, 2, 3, 9, 25, 30, 31, 40, -2, -1])
def test_a_network_without_one_of_its_layers_is_not_built(network: dat.Network, missing: int) -> None:
    layers = list(network.layers)
    del layers[missing]
    with pytest.raises(graph.NotTheFaceNetwork):
        graph.build(network._replace(layers=tuple(layers)))


def test_a_network_with_a_layer_too_many_is_not_built(network: dat.Network) -> None:
    with pytest.raises(graph.NotTheFaceNetwork):
        graph.build(network._replace(layers=(*network.layers, dat.Layer("relu"))))


# --- the engine -------------------------------------------------------------------------------------------------------


def test_it_finds_the_faces_and_templates_that_dlib_finds(people: People, reference: DlibEngine) -> None:
    engine = onnx.OnnxEngine()
    pictures = [*(people.selfie(name) for name in ("P002", "P007")), people.asset("P009"), people.group("P001", "P004")]
    compared = 0
    for picture in pictures:
        pixels = pixels_of(picture)
        for ours, theirs in zip(engine.faces(pixels), reference.faces(pixels), strict=True):
            assert (ours.box, ours.score) == (theirs.box, theirs.score)
            assert (ours.template.shape, ours.template.dtype) == ((128,), np.float32)
            assert np.abs(ours.template - theirs.template).max() <= onnx.AGREEMENT
            compared += 1
    assert compared == 5
    assert engine._network is not None
    assert engine.faces(np.zeros((200, 200, 3), np.uint8)) == []


def test_a_template_does_not_depend_on_who_else_is_in_the_picture(people: People, reference: DlibEngine) -> None:
    """As `face_recognition` does it: each face is cut out and encoded alone."""
    pixels = pixels_of(people.group("P001", "P004"))
    found = [rectangle for rectangle, _score in reference._by_hog(pixels, 0.0)]
    alone = [reference._encoder.compute_face_descriptor(pixels, reference._landmarks(pixels, box)) for box in found]
    assert len(found) == 2
    for engine in (reference, onnx.OnnxEngine()):
        templates = np.array([face.template for face in engine.faces(pixels)])
        assert np.abs(templates - np.array(alone)).max() <= onnx.AGREEMENT


def test_many_faces_are_encoded_in_batches_to_the_same_templates(reference: DlibEngine) -> None:
    network = onnx.OnnxEngine()._network
    chips = onnx.known_chips()
    many = np.concatenate([chips] * (2 * onnx.BATCH // len(chips) + 1))
    assert len(many) > 2 * onnx.BATCH
    templates = onnx.encode(network, many)
    alone = np.concatenate([onnx.encode(network, chip[None]) for chip in chips])
    assert np.abs(templates - np.concatenate([alone] * (len(many) // len(chips)))).max() <= onnx.AGREEMENT


def test_the_known_chips_are_different_to_the_encoder_and_contain_faces(reference: DlibEngine) -> None:
    chips = onnx.known_chips()
    assert (chips.shape[1:], chips.dtype) == ((150, 150, 3), np.uint8)
    assert len(chips) == 3 + onnx.PORTRAITS
    assert np.array_equal(chips, onnx.known_chips())
    templates = np.asarray(reference._encoder.compute_face_descriptor(list(chips)))
    apart = np.linalg.norm(templates[:, None] - templates[None], axis=-1)
    assert apart[~np.eye(len(chips), dtype=bool)].min() > 0.1
    assert all(reference.detect(chip, threshold=-0.5) for chip in chips[3:])


def test_without_the_demonstration_people_the_check_goes_on_with_what_it_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)
    assert len(onnx.known_chips()) == 3
    assert onnx.OnnxEngine()._network is not None


def test_threads_are_those_of_the_settings_or_those_asked_for(settings: Settings) -> None:
    settings.ENCODER_THREADS = 3
    assert onnx.OnnxEngine()._network.get_session_options().intra_op_num_threads == 3
    assert onnx.OnnxEngine(threads=2)._network.get_session_options().intra_op_num_threads == 2


def test_what_one_encoder_imported_is_found_by_the_other_and_is_not_read_again(
    collection: Source, people: People, settings: Settings
) -> None:
    selfie = people.selfie("P004").read_bytes()
    before = search.find(search.probe_template(selfie)[None])
    settings.FACE_ENGINE = "dlib"
    assert ingest.import_source(source=collection).read == 0
    after = search.find(search.probe_template(selfie)[None])
    assert [found.certificate["runtime"].split()[0] for found in (before, after)] == ["ONNX", "dlib"]
    assert after.certificate["complete"] is True
    assert after.certificate["faces_scanned"] == Face.objects.count()
    assert [(hit.face_id, hit.band) for hit in after.hits] == [(hit.face_id, hit.band) for hit in before.hits]
    assert [hit.distance for hit in after.hits] == pytest.approx([hit.distance for hit in before.hits], abs=0.0023)


# --- the converted file -----------------------------------------------------------------------------------------------


def test_the_conversion_is_made_once_for_the_same_weights(weights: Path, tmp_path: Path, spoilt: bytearray) -> None:
    first = onnx.converted(weights, tmp_path / "models")
    state = first.stat()
    assert onnx.converted(weights, tmp_path / "models") == first
    assert (first.stat().st_ino, first.stat().st_mtime_ns) == (state.st_ino, state.st_mtime_ns)
    other = tmp_path / weights.name
    spoilt[1_000_000] ^= 1  # The last bit of a weight, or nearly.
    other.write_bytes(spoilt)
    assert onnx.converted(other, tmp_path / "models") != first
    assert len(list((tmp_path / "models").iterdir())) == 2


def test_a_damaged_conversion_is_made_again_before_it_is_used(
    weights: Path, tmp_path: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MODELS_DIR = tmp_path
    cached = onnx.converted(weights, tmp_path)
    good = bytearray(cached.read_bytes())
    for damage in (good[:1_000_000], good[:-1] + b"?", bytes(good[:5000]) + b"!" + bytes(good[5001:])):
        cached.write_bytes(damage)
        with caplog.at_level(logging.WARNING, logger="matching.engines.onnx"):
            caplog.clear()
            engine = onnx.OnnxEngine()
            assert engine.runtime == onnx.RUNTIME
        assert [record.getMessage() for record in caplog.records] == [
            "The converted network is damaged; it is made again."
        ]
        assert cached.read_bytes() == good
        assert list(tmp_path.iterdir()) == [cached]


def test_processes_that_convert_at_once_leave_one_whole_file(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, initializer=processes.begin) as pool:
        first, second = pool.map(onnx.converted, [weights, weights], [folder, folder])
    assert first == second
    assert list(folder.iterdir()) == [first]
    assert onnx._intact(first)


# --- the choice -------------------------------------------------------------------------------------------------------


def test_without_a_choice_onnx_runtime_encodes_and_the_log_and_certificate_say_so(
    db: None, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    engine = onnx.OnnxEngine()
    assert settings.FACE_ENGINE == "auto"
    assert isinstance(get_engine(), onnx.OnnxEngine)
    with caplog.at_level(logging.INFO, logger="matching.engines.onnx"):
        engine.prepare()
    [record] = caplog.records
    assert record.getMessage().startswith(f"Faces are encoded by {onnx.RUNTIME}")
    covered = certificate("segments/1", 0)
    assert covered["runtime"].startswith("ONNX Runtime ")
    assert covered["engine"] == DlibEngine.name


def test_where_onnx_runtime_cannot_be_loaded_dlib_encodes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "matching.engines.onnx", None)
    engine = auto.engine()
    assert type(engine) is DlibEngine
    assert engine.runtime.startswith("dlib ")
    assert "ONNX Runtime is not used" in caplog.text


def test_the_models_are_prepared_by_a_command(settings: Settings, tmp_path: Path) -> None:
    settings.MODELS_DIR = tmp_path / "models"
    settings.FACE_ENGINE = SETTING
    _engine.cache_clear()
    out = StringIO()
    call_command("prepare_models", stdout=out)
    _engine.cache_clear()
    assert out.getvalue() == f"Faces are encoded by {onnx.RUNTIME}.\n"
    assert len(list(settings.MODELS_DIR.glob("*.onnx"))) == 1


# --- where the two do not agree ---------------------------------------------------------------------------------------


def falls_back(caplog: pytest.LogCaptureFixture, people: People, reference: DlibEngine) -> str:
    """Whether an engine made now is dlib, number for number; returns what it told the log."""
    pixels = pixels_of(people.asset("P009"))
    with caplog.at_level(logging.WARNING, logger="matching.engines.onnx"):
        engine = onnx.OnnxEngine()
        ours, theirs = engine.faces(pixels), reference.faces(pixels)
        engine.faces(pixels)
    assert len(ours) == len(theirs) == 1
    assert np.array_equal(ours[0].template, theirs[0].template)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    return record.getMessage()


@pytest.mark.parametrize("factor", [1.01, np.nan], ids=["slightly off", "not a number"])
def test_a_network_that_differs_from_dlib_is_not_used_and_made_again(
    factor: float,
    network: dat.Network,
    weights: Path,
    tmp_path: Path,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    people: People,
    reference: DlibEngine,
) -> None:
    settings.MODELS_DIR = tmp_path
    *layers, last = network.layers
    last = last._replace(weights=last.weights * np.float32(factor))
    cached = onnx.converted(weights, tmp_path)
    good = cached.read_bytes()
    bad = graph.build(network._replace(layers=(*layers, last))).SerializeToString()
    cached.unlink()
    other = cached.with_stem(f"{cached.stem.rpartition('-')[0]}-{onnx._checksum(bad)}")
    other.write_bytes(bad)
    assert "differ from dlib's" in falls_back(caplog, people, reference)
    assert not other.exists()
    assert onnx.OnnxEngine()._network is not None
    assert cached.read_bytes() == good


def test_a_conversion_that_cannot_be_loaded_is_not_used_and_made_again(
    weights: Path,
    tmp_path: Path,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    people: People,
    reference: DlibEngine,
) -> None:
    settings.MODELS_DIR = tmp_path
    cached = onnx.converted(weights, tmp_path)
    bad = cached.read_bytes()[:1_000_000]
    cached.unlink()
    cached.with_stem(f"{cached.stem.rpartition('-')[0]}-{onnx._checksum(bad)}").write_bytes(bad)
    assert "ONNX Runtime is not used" in falls_back(caplog, people, reference)
    assert onnx.OnnxEngine()._network is not None
    assert list(tmp_path.iterdir()) == [cached]


def test_without_a_place_for_the_conversion_dlib_encodes(
    tmp_path: Path, settings: Settings, caplog: pytest.LogCaptureFixture, people: People, reference: DlibEngine
) -> None:
    (tmp_path / "file").write_text("")
    settings.MODELS_DIR = tmp_path / "file" / "models"
    assert "ONNX Runtime is not used" in falls_back(caplog, people, reference)


def test_without_readable_weights_dlib_encodes(
    spoilt: bytearray,
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    people: People,
    reference: DlibEngine,
) -> None:
    settings.MODELS_DIR = tmp_path / "models"
    (tmp_path / ENCODER).write_bytes(spoilt[:-1])
    monkeypatch.setattr(onnx, "model", lambda name: str(tmp_path / name))
    assert "at byte" in falls_back(caplog, people, reference)
    assert not settings.MODELS_DIR.exists()
