"""What `benchmarks/import.py` makes of readings: counts, rates, and templates compared box by box."""

from importlib import import_module

import dlib
import numpy as np

benchmark = import_module("benchmarks.import")

ONE, OTHER = (0, 0, 10, 10), (20, 0, 30, 10)


def filled(value: float) -> np.ndarray:
    return np.full(128, value, np.float32)


def test_templates_are_compared_where_both_found_the_same_box() -> None:
    ours = {"a.jpg": [(OTHER, filled(0.5)), (ONE, filled(0.25))], "b.jpg": [(ONE, filled(0))], "c.jpg": []}
    theirs = {"a.jpg": [(ONE, filled(0.25)), (OTHER, filled(0.75))], "b.jpg": [(OTHER, filled(0))]}
    assert benchmark.compared(ours, theirs) == {
        "photos": 2,
        "same_boxes": 2,
        "boxes_only_face_recognition_found": 1,
        "largest_template_difference": 0.25,
    }
    assert benchmark.compared({"c.jpg": []}, {"c.jpg": []})["largest_template_difference"] is None


def test_rates_are_those_of_all_halves_together() -> None:
    faces = {"a.jpg": [(ONE, filled(0)), (OTHER, filled(0))], "b.jpg": []}
    told = benchmark.told([benchmark.Read(faces, 1.0, 3.0), benchmark.Read(faces, 3.0, 5.0)])
    assert (told["photos"], told["faces"]) == (4, 4)
    assert (told["photos_per_second"], told["faces_per_second"], told["cpu_seconds_per_photo"]) == (1.0, 1.0, 2.0)


def test_boxes_are_clipped_as_regard_clips_them() -> None:
    pixels = np.zeros((50, 40, 3), np.uint8)
    assert benchmark.boxes_of([dlib.rectangle(-5, 3, 60, 49)], pixels) == [(0, 3, 40, 50)]


def test_face_recognition_is_left_as_it_was() -> None:
    class Api:
        @staticmethod
        def _raw_face_locations(pixels: list[int]) -> list[int]:
            return [2 * value for value in pixels]

    real = Api._raw_face_locations
    with benchmark._noted(Api) as found:
        assert Api._raw_face_locations([1, 2]) == found == [2, 4]
    assert Api._raw_face_locations is real
