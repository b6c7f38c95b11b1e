"""Template spaces: what the controller declares of templates that it made with an engine of its own.

The declaration is a TOML file (docs/own-templates.md). It is read strictly: what is missing, unknown or impossible is
refused by the name of its key. The model that encodes probes is tried before anything is written down.
"""

import math
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from matching.engine import Box, Template, get_engine
from matching.engines.encoder import ModelUnusable, ProbeModel, aligned, cropped, load
from matching.images import Pixels
from matching.metrics import Metric
from matching.models import Face, TemplateSpace

SMALLEST, LARGEST = 32, 4096
"""Numbers of a template. Fewer do not tell people apart, and their bytes might stand in another template too."""
LARGEST_NUMBER: Final = 1e6
"""Of an own template: beyond it float32 says little of a distance, and squares might overflow."""
MODEL_PROBLEMS: Final = {
    "model_missing": "the file cannot be read",
    "model_altered": "its SHA-256 is another one",
    "model_unusable": "it is no ONNX model with one float32 input of this size and layout and one output of the "
    "declared dimension",
}


class DeclarationRefused(ValueError):  # noqa: N818 - what it says
    """The declaration cannot be taken; the text names its file and key."""


class _Table:
    """A table of the file; what is asked for is checked, and nothing else may stand in it."""

    def __init__(self, file: Path, name: str, raw: object) -> None:
        self.file, self.name, self.raw, self.asked = file, name, raw, set[str]()
        if not isinstance(raw, dict):
            raise DeclarationRefused(f"{file}: {name}: a table is wanted.")

    def take(self, key: str, right: Callable[[Any], bool], wanted: str, default: Any = None) -> Any:
        """The value of a key. Raises: DeclarationRefused if it is missing, or is not what is wanted."""
        self.asked.add(key)
        value = self.raw.get(key, default)  # type: ignore[attr-defined]
        if value is None:
            raise self.refused(key, f"missing; wanted is {wanted}")
        if not right(value):
            raise self.refused(key, f"wanted is {wanted}")
        return value

    def done(self) -> None:
        """Raises: DeclarationRefused if there are keys that nobody asked for."""
        for key in sorted(set(self.raw) - self.asked):  # type: ignore[call-overload]
            raise self.refused(key, "unknown key")

    def refused(self, key: str, why: str) -> DeclarationRefused:
        return DeclarationRefused(f"{self.file}: {self.name}{key}: {why}.")


def _whole(least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and least <= value <= most


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _one_of(values: Iterable[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in set(values)


def read(file: Path) -> TemplateSpace:
    """The space that a file declares, not saved; its model was tried.

    Raises:
        DeclarationRefused: names the file and the key.
    """
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DeclarationRefused(f"{file}: cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise DeclarationRefused(f"{file}: is not TOML: {error}") from error
    top = _Table(file, "", raw)
    letters = "up to 64 small letters, digits, dots, underscores and hyphens"
    name = top.take("name", _matches(r"[a-z0-9][a-z0-9._-]{0,63}"), letters)
    if name == get_engine().name:
        raise top.refused("name", "this is the name of the engine in use")
    dimension = top.take("dimension", _whole(SMALLEST, LARGEST), f"a whole number from {SMALLEST} to {LARGEST}")
    metric = Metric(top.take("metric", _one_of(Metric.values), " or ".join(Metric.values)))
    bands = _Table(file, "bands.", top.take("bands", lambda value: True, "a table"))
    model = _Table(file, "model.", top.take("model", lambda value: True, "a table"))
    top.done()
    declared = _model(model, dimension)
    space = TemplateSpace(name=name, dimension=dimension, metric=metric, model=declared, **_bands(bands, metric))
    try:
        load(model_of(space))
    except ModelUnusable as problem:
        raise model.refused("path", MODEL_PROBLEMS[problem.code]) from problem
    return space


def _bands(table: _Table, metric: Metric) -> dict[str, Any]:
    wanted = "a number from -1 to 1" if metric.of_unit_vectors else "a number above 0"

    def right(value: Any) -> bool:
        return _number(value) and (-1 <= value <= 1 if metric.of_unit_vectors else value > 0)

    match, possible = table.take("match", right, wanted), table.take("possible", right, wanted)
    if metric.euclidean(match) > metric.euclidean(possible):
        nearer = "at least" if metric.of_unit_vectors else "at most"
        raise table.refused("match", f"must be {nearer} bands.possible, for a match is nearer")
    provenance = table.take("provenance", _text, "a sentence that says where the bands come from")
    table.done()
    return {"match": float(match), "possible": float(possible), "provenance": provenance}


def _model(table: _Table, dimension: int) -> dict[str, Any]:
    path = table.take("path", _text, "the path of an ONNX file")
    colours = table.take("colours", _one_of(("rgb", "bgr", "grey")), "rgb or bgr or grey")
    channels = 1 if colours == "grey" else 3

    def each(value: Any) -> bool:
        return isinstance(value, list) and len(value) == channels and all(map(_number, value))

    wanted = f"a list of {channels} numbers"
    alignment = table.take("alignment", _one_of(("five_points", "crop")), "five_points or crop")
    found = {
        "path": str((table.file.parent / path).resolve()),
        "sha256": table.take("sha256", _matches(r"[0-9a-f]{64}"), "64 small hex digits"),
        "dimension": dimension,
        "size": table.take("size", _whole(16, 1024), "a whole number of pixels from 16 to 1024"),
        "layout": table.take("layout", _one_of(("nchw", "nhwc")), "nchw or nhwc"),
        "colours": colours,
        "mean": table.take("mean", each, wanted),
        "std": table.take("std", lambda value: each(value) and all(one > 0 for one in value), f"{wanted} above 0"),
        "alignment": alignment,
    }
    if alignment == "crop":
        found["margin"] = table.take("margin", lambda value: _number(value) and 0 <= value <= 2, "a share from 0 to 2")
    table.done()
    return found


def declare(space: TemplateSpace, *, redeclare: bool = False) -> TemplateSpace:
    """Write a space down, or find that it is written down already.

    Raises:
        DeclarationRefused: it was declared otherwise before, and `redeclare` is false, or faces of it are held that
            another dimension or metric would not fit.
    """
    before = TemplateSpace.objects.filter(name=space.name).first()
    if before is None:
        space.save()
        return space
    differing = [key for key in DECLARED if getattr(before, key) != getattr(space, key)]
    fixed = [key for key in differing if key in ("dimension", "metric")]
    if fixed and Face.objects.filter(engine=space.name).exists():
        raise DeclarationRefused(f"{space.name}: {', '.join(fixed)}: templates are held that would not fit any more.")
    if differing and not redeclare:
        raise DeclarationRefused(
            f"{space.name} was declared otherwise before: {', '.join(differing)}. See --redeclare."
        )
    if differing:
        space.pk = before.pk
        space.save()
        return space
    return before


DECLARED: Final = ("dimension", "metric", "match", "possible", "provenance", "model")


def model_of(space: TemplateSpace) -> ProbeModel:
    """The model of a space, as it was declared."""
    raw = space.model
    return ProbeModel(**raw | {"mean": tuple(raw["mean"]), "std": tuple(raw["std"])})


# --- templates --------------------------------------------------------------------------------------------------------


def fitted(space: TemplateSpace, numbers: np.ndarray[Any, Any]) -> Template:
    """A template as it is held: float32 (dimension,), of the length 1 where the metric asks for that.

    Raises:
        ValueError: another dimension, a number that is not finite or too large, no direction, or (inner product) a
            length that is not 1; the text says which.
    """
    if numbers.shape != (space.dimension,):
        raise ValueError("another number of numbers than the declared dimension")
    with np.errstate(invalid="ignore"):  # Some NaN are said to be invalid even to copy.
        exact = numbers.astype(np.float64)
    if not np.isfinite(exact).all():
        raise ValueError("a number that is not finite")
    if float(np.abs(exact).max()) > LARGEST_NUMBER:
        raise ValueError("a number that is too large")
    if not Metric(space.metric).of_unit_vectors:
        return exact.astype(np.float32)
    length = float(np.linalg.norm(exact))
    if length < 1e-6:
        raise ValueError("a template of the length 0 has no direction")
    if space.metric == Metric.INNER_PRODUCT and abs(length - 1) > UNIT:
        raise ValueError("a length that is not 1, which the inner product asks for")
    return (exact / length).astype(np.float32)


UNIT: Final = 0.01
"""How far the length of a template may be from 1: float16 rounds by less."""


def encode(space: TemplateSpace, pixels: Pixels, box: Box) -> Template:
    """The template of a face in a probe, by the space's own model. Raises: ModelUnusable."""
    model = model_of(space)
    encoder = load(model)
    if model.alignment == "five_points":
        chip = aligned(pixels, get_engine().five_points(pixels, box), size=model.size)
    else:
        chip = cropped(pixels, box, size=model.size, margin=model.margin)
    template = encoder.encode(chip)
    if Metric(space.metric).of_unit_vectors:  # Also where the model itself leaves the length open.
        length = float(np.linalg.norm(template.astype(np.float64)))
        if length < 1e-6:
            raise ModelUnusable("model_unusable")
        template = (template / length).astype(np.float32)
    return template


def names() -> list[str]:
    """Of every space declared."""
    return list(TemplateSpace.objects.values_list("name", flat=True))
