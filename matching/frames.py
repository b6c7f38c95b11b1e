"""Frames of one person before a camera: whether each shows the pose that was asked, and whether they are three.

A face that turns moves its nose before its eyes; no picture that is tilted, stretched, mirrored or photographed again
does that. So a pose is asked for, and two frames that fit on one another after an affine map, mirrored or not, are one.
Nor does a picture whose nose was moved in a drawing program: hair, ears and forehead rest while the nose turns, and
two frames of which too much rests are one as well. docs/identity.md says what passes all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Final

import numpy as np
from PIL import Image

from matching import pose
from matching.bands import bands
from matching.engine import Template, get_engine
from matching.pose import Floats, Pose
from matching.registration import Grey, Picture, at_rest, correlation
from matching.search import ProbeProblem, the_face


class Asked(StrEnum):
    """How somebody is asked to hold their head; left and right are their own."""

    AHEAD = "ahead"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


AHEAD_WITHIN: Final = (14.0, 25.0)
"""Degrees of yaw and pitch that still look ahead: cameras are held low, and noses differ."""
LEAST_TURN: Final = 12.0
MOST_TURN: Final = 50.0
LEAST_TILT: Final = 8.0
"""Degrees from the frame that looks ahead. Of two frames that both looked ahead, yaw differed by 2.0 and pitch by 2.9
(standard deviations, docs/identity.md)."""
MOST_ASIDE: Final = 20.0
"""Degrees of yaw that tilting up or down may bring along."""
SAME_PICTURE: Final = 0.96
"""Correlation from which two frames of different poses are one picture; measured in docs/identity.md."""
AT_REST: Final = 0.2
"""Share of a head, resting under one affine map, from which two frames of different poses are one picture in which a
part was moved. At most 0.16 where a computer turned the head, 0.32 and more where it moved the nose
(docs/identity.md)."""
KNOWN_PICTURE: Final = 0.985
"""From which a frame is a picture that was there before: whoever took that in the same light may look much alike."""


class FrameProblem(StrEnum):
    """Why a frame does not do."""

    UNREADABLE = "unreadable"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "face_too_small"
    BLURRED = "blurred"
    POSE = "pose"
    SAME_PICTURE = "same_picture"
    ANOTHER = "another_person"


@dataclass(frozen=True, eq=False)
class Frame:
    """One face before the camera.

    Attributes:
        template: float32 (dimension,).
        landmarks: (68, 2) in pixels of `grey`.
        grey: uint8 (height, width).
    """

    template: Template
    pose: Pose
    landmarks: Floats
    grey: Grey

    @property
    def picture(self) -> Picture:
        return Picture(self.grey, self.landmarks)


@dataclass(frozen=True)
class Looked:
    """What was seen in one frame: why it does not do, and its pose, either of which may be unknown."""

    problem: FrameProblem | None
    pose: Pose | None


def look(jpeg: bytes) -> Frame:
    """The one face of a frame. Raises: matching.search.ProbeProblem, with its code."""
    face, pixels = the_face(jpeg)
    landmarks = get_engine().landmarks(pixels, face.box)
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    return Frame(face.template, pose.of_landmarks(landmarks), landmarks, grey)


def check(jpegs: Sequence[bytes], asked: Sequence[Asked], known: Sequence[bytes] = ()) -> list[Looked]:
    """What is wrong with each frame, in their order; nothing where the problem is None.

    Args:
        asked: the pose of each frame; one of them is ahead, and the others are measured from it.
        known: earlier pictures of the person, which no frame may be a copy of.
    """
    seen = [_seen(jpeg) for jpeg in jpegs]
    frames = [frame for frame in seen if isinstance(frame, Frame)]
    if len(frames) < len(seen):
        return [Looked(None, item.pose) if isinstance(item, Frame) else Looked(item, None) for item in seen]
    return judge(frames, asked, [item for item in map(_seen, known) if isinstance(item, Frame)])


def judge(frames: Sequence[Frame], asked: Sequence[Asked], known: Sequence[Frame] = ()) -> list[Looked]:
    """As `check`, of frames that were looked at."""
    ahead = frames[list(asked).index(Asked.AHEAD)]
    copies = _copies(frames, known)
    return [
        Looked(_problem(frame, wanted, ahead, is_copy=number in copies), frame.pose)
        for number, (frame, wanted) in enumerate(zip(frames, asked, strict=True))
    ]


def _seen(jpeg: bytes) -> Frame | FrameProblem:
    try:
        return look(jpeg)
    except ProbeProblem as problem:
        return FrameProblem(problem.code)


def _problem(frame: Frame, asked: Asked, ahead: Frame, *, is_copy: bool) -> FrameProblem | None:
    if float(np.linalg.norm(frame.template - ahead.template)) > bands().possible:
        return FrameProblem.ANOTHER
    if not shows(frame.pose, asked, ahead=ahead.pose):
        return FrameProblem.POSE
    return FrameProblem.SAME_PICTURE if is_copy else None


def shows(seen: Pose, asked: Asked, *, ahead: Pose) -> bool:
    """Whether a head is held as was asked, measured from the frame that looks ahead."""
    turn, tilt = seen.yaw - ahead.yaw, seen.pitch - ahead.pitch
    match asked:
        case Asked.AHEAD:
            return abs(seen.yaw) <= AHEAD_WITHIN[0] and abs(seen.pitch) <= AHEAD_WITHIN[1]
        case Asked.LEFT | Asked.RIGHT:
            return LEAST_TURN <= (turn if asked is Asked.LEFT else -turn) <= MOST_TURN
        case Asked.UP | Asked.DOWN:
            return (tilt if asked is Asked.UP else -tilt) >= LEAST_TILT and abs(turn) <= MOST_ASIDE


# --- one picture or two -----------------------------------------------------------------------------------------------


def _copies(frames: Sequence[Frame], known: Sequence[Frame]) -> set[int]:
    """Numbers of the frames that are the picture of an earlier frame, or of a known one."""
    pairs = combinations(enumerate(frames), 2)
    twice = {later for (_earlier, one), (later, other) in pairs if are_one_picture(one, other)}
    again = (any(likeness(frame, other) >= KNOWN_PICTURE for other in known) for frame in frames)
    return twice | {number for number, is_known in enumerate(again) if is_known}


def are_one_picture(one: Frame, other: Frame) -> bool:
    """Whether two frames of different poses are one picture, as it was or with a part of it moved."""
    return likeness(one, other) >= SAME_PICTURE or at_rest(one.picture, other.picture) >= AT_REST


def likeness(one: Frame, other: Frame) -> float:
    """How well one picture, or its mirror image, fits on the other after an affine map: a correlation, -1 to 1."""
    return max(correlation(one.picture, other.picture), correlation(one.picture, other.picture.mirrored()))
