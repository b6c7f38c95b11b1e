"""Three frames: each in its pose, one person, three pictures."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from pytest_django.fixtures import Settings

from matching import frames
from matching.frames import Asked, FrameProblem, Looked
from tests.fakes import paint
from tests.holdings import People

ORDER = [Asked.LEFT, Asked.AHEAD, Asked.UP]
TURNED = {
    Asked.AHEAD: (1.0, 3.0), Asked.LEFT: (22.0, 2.0), Asked.RIGHT: (-22.0, 2.0),
    Asked.UP: (2.0, 16.0), Asked.DOWN: (-2.0, -10.0),
}  # fmt: skip
Change = Callable[[Image.Image], Image.Image]


@pytest.fixture
def paints(settings: Settings) -> None:
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"


def frame(asked: Asked, who: str = "ada") -> bytes:
    return paint([who], turned=TURNED[asked])


def problems(looked: list[Looked]) -> list[FrameProblem | None]:
    return [item.problem for item in looked]


def test_three_poses_of_one_person_pass(paints: None) -> None:
    looked = frames.check([frame(asked) for asked in ORDER], ORDER, [paint(["ada"])])
    assert problems(looked) == [None] * 3
    assert [round(item.pose.yaw) for item in looked if item.pose] == pytest.approx([22, 1, 2], abs=3)


@pytest.mark.parametrize("asked", [Asked.LEFT, Asked.RIGHT, Asked.UP, Asked.DOWN])
def test_each_pose_is_told_from_every_other(paints: None, asked: Asked) -> None:
    for shown in Asked:
        looked = frames.check([frame(Asked.AHEAD), frame(shown)], [Asked.AHEAD, asked])
        assert (looked[1].problem is None) == (shown is asked), shown


def test_whoever_does_not_look_ahead_is_told(paints: None) -> None:
    looked = frames.check([frame(Asked.LEFT), frame(Asked.RIGHT)], [Asked.AHEAD, Asked.RIGHT])
    assert looked[0].problem is FrameProblem.POSE


def test_another_person_in_one_frame_is_seen(paints: None) -> None:
    looked = frames.check([frame(Asked.LEFT, "bo"), frame(Asked.AHEAD), frame(Asked.UP)], ORDER)
    assert problems(looked) == [FrameProblem.ANOTHER, None, None]


def test_frames_that_show_no_one_face_are_named_before_anything_is_compared(paints: None) -> None:
    looked = frames.check([paint([None]), paint(["ada", "bo"]), b"no picture"], ORDER)
    assert problems(looked) == [FrameProblem.NO_FACE, FrameProblem.SEVERAL_FACES, FrameProblem.UNREADABLE]
    assert [item.pose for item in looked] == [None] * 3


# --- with dlib --------------------------------------------------------------------------------------------------------


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def tilted(image: Image.Image) -> Image.Image:
    """As if a print was held askew before the camera."""
    width, height = image.size
    corners = (0, 0, 0.03 * width, 0.98 * height, width, 0.9 * height, 0.92 * width, 0.06 * height)
    return image.transform(image.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)


def squeezed(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.resize((round(0.85 * width), height))


WARPS: dict[str, Change] = {
    "the same": lambda image: image,
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "tilted": tilted,
    "squeezed": squeezed,
    "turned": lambda image: image.rotate(8, Image.Resampling.BICUBIC),
}


@pytest.mark.parametrize("warp", WARPS.values(), ids=WARPS.keys())
def test_a_still_picture_stays_the_same_picture_and_shows_no_pose(people: People, warp: Change) -> None:
    still = Image.open(people.selfie("P001"))
    one, other = frames.look(jpeg(still)), frames.look(jpeg(warp(still)))
    assert frames.likeness(one, other) >= frames.SAME_PICTURE
    turned = [asked for asked in (Asked.LEFT, Asked.RIGHT) if frames.shows(other.pose, asked, ahead=one.pose)]
    assert turned == []


def test_two_pictures_of_one_person_are_two_and_another_person_is_seen(people: People) -> None:
    selfie, portrait, stranger = (
        people.selfie("P001").read_bytes(), people.asset("P001").read_bytes(), people.selfie("P002").read_bytes(),
    )  # fmt: skip
    assert frames.likeness(frames.look(selfie), frames.look(portrait)) < frames.SAME_PICTURE
    looked = frames.check([portrait, stranger], [Asked.AHEAD, Asked.LEFT])
    assert looked[1].problem is FrameProblem.ANOTHER
