"""How often the live photo check lets still pictures through, and what it makes of honest ones.

    .venv/bin/python -m benchmarks.identity [--faces FOLDER] [--people 60] [--seed 1]

measures on the ten people of `openpeople`, who do not exist, and on a folder of photographs of people who agreed to it
(see `benchmarks.faces`). Every one of the 36 draws of three poses is tried with each set of three pictures:

- attacks: one still picture thrice, mirrored, held askew, squeezed, and maps drawn at random of all these; one whose
  nose is moved for each pose; the still picture of another person before the camera of the requester's;
- honest: pictures that look ahead, taken twice: how much two differ in yaw and pitch (the spread of the measurement),
  whether they are taken for one picture or for two people; and the turn seen in pictures whose head is turned. Nobody
  was asked to turn their head for this, so a computer turns it (`benchmarks.turning`), as a stand-in for who does.

Prints JSON with 95 % intervals (Wilson). Nothing printed shows or names a person. Each person takes about a minute of
one core, and there is a process for each core.
"""

import argparse
import io
import itertools
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("REGARD_PROFILE", "dev")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # There is a process for each core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import django

django.setup()

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from benchmarks import faces  # noqa: E402
from benchmarks.detection import wilson  # noqa: E402
from benchmarks.presentation_attacks import ATTACKS, HEADS, NOSES, Moved  # noqa: E402
from matching import frames  # noqa: E402
from matching.bands import bands  # noqa: E402
from matching.engine import get_engine  # noqa: E402
from matching.frames import Asked, Frame  # noqa: E402
from matching.search import ProbeProblem  # noqa: E402

SIDE = 800
LARGER = 2000
"""Pixels of the longer side; in pictures of a whole person the face is small."""
TURNED_KINDS = ("amateur_posture",)
SHEETS = ("character_sheet", "emotions_sheet")
DRAWS = sorted(
    {
        order
        for others in itertools.permutations([pose for pose in Asked if pose is not Asked.AHEAD], 2)
        for order in itertools.permutations((Asked.AHEAD, *others))
    }
)


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def opened(path: Path, side: int = SIDE) -> Image.Image:
    image = Image.open(path).convert("RGB")
    image.thumbnail((side, side))
    return image


def looked(image: Image.Image) -> Frame | None:
    try:
        return frames.look(jpeg(image))
    except ProbeProblem:
        return None


def rate(successes: int, trials: int) -> dict[str, Any]:
    low, high = wilson(successes, trials) if trials else (0.0, 1.0)
    return {"passed": successes, "of": trials, "rate_95": [round(low, 5), round(high, 5)]}


def passed(three: Sequence[Frame | None], known: Sequence[Frame]) -> int:
    """In how many of the draws three pictures, in their order, would pass."""
    if any(frame is None for frame in three):
        return 0
    shown = [frame for frame in three if frame is not None]
    return sum(
        all(item.problem is None for item in frames.judge(shown, draw, known))
        for draw in DRAWS
        if _poses_fit(shown, draw)  # The rest of the judgement takes its time.
    )


def _poses_fit(three: Sequence[Frame], draw: Sequence[Asked]) -> bool:
    ahead = three[draw.index(Asked.AHEAD)].pose
    return all(frames.shows(frame.pose, asked, ahead=ahead) for frame, asked in zip(three, draw, strict=True))


def attacks(pool: Executor, stills: Sequence[Image.Image], seed: int) -> dict[str, Any]:
    """One still picture, changed twice, against every draw.

    The tries with one picture hang together, so the interval is over people: those with whose picture any try passed.
    `usable` says in how many sets all three pictures had one face to look at; the others fail for that alone.
    """
    by_person = list(pool.map(_attacked, stills, itertools.count(seed)))
    found = {}
    for name in ATTACKS:
        tries = [one[name][1] for one in by_person]
        found[name] = {
            "people": rate(sum(count > 0 for count in tries), len(tries)),
            "usable": sum(one[name][0] for one in by_person),
            "tries_passed": sum(tries),
            "tries": len(tries) * len(DRAWS) * 6,
        }
    return found


def _attacked(still: Image.Image, seed: int) -> dict[str, tuple[bool, int]]:
    """For each attack with one picture, whether all three frames had one face, and how many tries passed."""
    random = np.random.default_rng(seed)
    found = {}
    for name, change in ATTACKS.items():
        three = [looked(still), looked(change(still, random)), looked(change(still, random))]
        tries = sum(passed(order, []) for order in itertools.permutations(three))
        found[name] = (None not in three, tries)
    return found


def strangers(people: Sequence[Frame]) -> dict[str, Any]:
    """How often the frame ahead of one person resembles the photograph of another, which the check would let pass."""
    pairs = [float(np.linalg.norm(a.template - b.template)) for a, b in itertools.combinations(people, 2)]
    return rate(sum(distance <= bands().possible for distance in pairs), len(pairs))


def honest(people: Sequence[Sequence[Frame]]) -> dict[str, Any]:
    """What two pictures of one person that both look ahead differ in."""
    pairs = [pair for own in people for pair in itertools.combinations(own, 2)]
    every = [frame for own in people for frame in own]
    differences = np.array([[a.pose.yaw - b.pose.yaw, a.pose.pitch - b.pose.pitch] for a, b in pairs])
    distances = [float(np.linalg.norm(a.template - b.template)) for a, b in pairs]
    likenesses = np.array([frames.likeness(a, b) for a, b in pairs])
    return {
        "pictures": len(every),
        "looks_ahead": rate(sum(frames.shows(f.pose, Asked.AHEAD, ahead=f.pose) for f in every), len(every)),
        "pairs": len(pairs),
        "spread_of_yaw_and_pitch_degrees": [round(float(each), 2) for each in differences.std(axis=0)],
        "taken_for_two_people": rate(sum(each > bands().possible for each in distances), len(pairs)),
        "likeness_quartiles": [round(float(each), 3) for each in np.quantile(likenesses, [0, 0.25, 0.5, 0.75, 1])],
        "taken_for_one_picture_although_in_one_pose": rate(int((likenesses >= frames.SAME_PICTURE).sum()), len(pairs)),
        "taken_for_a_known_picture": rate(int((likenesses >= frames.KNOWN_PICTURE).sum()), len(pairs)),
    }


def turned(collection: faces.Collection) -> dict[str, Any]:
    """Pictures of `openpeople` whose head is turned, beside the portrait of the same person."""
    ahead = {item.person: looked(opened(item.path)) for item in collection.pictures if item.kind == "studio_portrait"}
    seen = []
    for item in collection.pictures:
        one, other = ahead.get(item.person), looked(opened(item.path, LARGER)) if item.kind in TURNED_KINDS else None
        if one is None or other is None or abs(other.pose.yaw) < frames.LEAST_TURN:
            continue
        side = Asked.LEFT if other.pose.yaw > 0 else Asked.RIGHT
        (_ahead, problem) = (item.problem for item in frames.judge([one, other], [Asked.AHEAD, side]))
        seen.append({"yaw": round(other.pose.yaw - one.pose.yaw, 1), "problem": problem})
    return {"pictures": len(seen), "seen": seen}


def made_of_one_picture(
    pool: Executor, people: Sequence[Sequence[Image.Image]], moved: Moved, seed: int
) -> dict[str, Any]:
    """Frames made of one picture of each person, while another one is the photograph of the request.

    Where the head is turned as a whole this stands in for honest people, and says as much of computers that do so.
    Where the nose is moved it is the attack of who has one still picture and a drawing program.
    """
    tried = list(pool.map(_moved, people, itertools.repeat(moved), itertools.count(seed)))
    passed_by = [draws for draws, _problems in tried if draws is not None]
    problems = sum((found for _draws, found in tried), Counter[str]())
    return {
        "people": len(passed_by),
        "draws_passed": rate(sum(passed_by), len(passed_by) * len(DRAWS)),
        "people_of_whom_any_draw_passes": rate(sum(count > 0 for count in passed_by), len(passed_by)),
        "people_who_pass_most_draws": rate(sum(count > len(DRAWS) / 2 for count in passed_by), len(passed_by)),
        "why_not": dict(problems),
    }


def _moved(own: Sequence[Image.Image], moved: Moved, seed: int) -> tuple[int | None, Counter[str]]:
    """In how many draws one person passes, None if a photograph cannot be used; and why the others failed."""
    problems = Counter[str]()
    known, ahead = looked(own[0]), looked(own[1])
    if known is None or ahead is None:
        problems["unusable photograph"] += 1
        return None, problems
    random, shown = np.random.default_rng(seed), {}
    for pose in Asked:
        yaw, pitch = random.normal(0, moved.give_or_take, size=2)
        yaw += {Asked.LEFT: moved.turn, Asked.RIGHT: -moved.turn}.get(pose, 0)
        pitch += {Asked.UP: moved.tilt, Asked.DOWN: -moved.tilt}.get(pose, 0)
        shown[pose] = looked(moved.change(moved.move(own[1], ahead.landmarks, yaw, pitch), random))
    with patch.object(frames, "are_one_picture", cache(frames.are_one_picture)):  # A pair is in many draws.
        return sum(_passes(shown, draw, known, problems) for draw in DRAWS), problems


def _passes(shown: dict[Asked, Frame | None], draw: Sequence[Asked], known: Frame, problems: Counter[str]) -> bool:
    three = [shown[pose] for pose in draw]
    seen = [frame for frame in three if frame is not None]
    if len(seen) < len(three):
        problems["a frame without one usable face"] += 1
        return False
    if not _poses_fit(seen, draw):
        problems[str(frames.FrameProblem.POSE)] += 1
        return False
    found = {item.problem for item in frames.judge(seen, draw, [known])} - {None}
    ahead = seen[draw.index(Asked.AHEAD)]
    if float(np.linalg.norm(ahead.template - known.template)) > bands().possible:
        problems["unlike the photograph"] += 1
        return False
    problems.update(str(problem) for problem in found)
    return not found


def measured(pool: Executor, collection: faces.Collection, most: int, seed: int) -> dict[str, Any]:
    names = sorted({item.person for item in collection.pictures})[:most]
    own = {name: list(_pictures(collection, name)) for name in names}
    stills = [pictures[0] for pictures in own.values() if pictures]
    pairs = [pictures for pictures in own.values() if len(pictures) > 1]
    people = [[frame for frame in map(looked, pictures) if frame is not None] for pictures in own.values()]
    return {
        "about": collection.about,
        "people": len(names),
        "attacks_with_still_pictures": attacks(pool, stills, seed),
        "another_person_resembles_the_photograph": strangers([frames_of[0] for frames_of in people if frames_of]),
        "honest_pictures": honest(people),
        "heads_turned_by_a_computer": {
            name: made_of_one_picture(pool, pairs, moved, seed) for name, moved in HEADS.items()
        },
        "noses_moved_in_a_still_picture": {
            name: made_of_one_picture(pool, pairs, moved, seed) for name, moved in NOSES.items()
        },
    }


def _pictures(collection: faces.Collection, name: str) -> Iterator[Image.Image]:
    for item in collection.pictures:
        if item.person == name and item.kind not in (*SHEETS, *TURNED_KINDS):
            yield opened(item.path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the live photo check; prints JSON.")
    parser.add_argument("--faces", type=Path, help="folder of labelled pictures, measured besides openpeople")
    parser.add_argument("--people", type=int, default=60, help="at most so many of each collection")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        _report(pool, wanted)


def _report(pool: Executor, wanted: argparse.Namespace) -> None:
    synthetic = faces.synthetic()
    collections = [synthetic]
    if wanted.faces:
        collections.append(faces.folder(wanted.faces, about="a folder of consenting adults"))
    report = {
        "engine": get_engine().name,
        "draws": len(DRAWS),
        "limits": {
            "least_turn": frames.LEAST_TURN,
            "least_tilt": frames.LEAST_TILT,
            "same_picture": frames.SAME_PICTURE,
            "at_rest": frames.AT_REST,
            "known_picture": frames.KNOWN_PICTURE,
        },
        "turned_pictures": turned(synthetic),
        "collections": {item.name: measured(pool, item, wanted.people, wanted.seed) for item in collections},
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
