"""Kind sentences for the codes that pictures come back with: what is wrong, and what to do."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from matching.frames import Asked, FrameProblem

UPLOAD: Final[dict[str, Promise]] = {
    "empty": _("The file is empty. Choose the photograph again; perhaps it was not copied completely."),
    "file_too_large": _("The file is too large. Choose a smaller one, or a screenshot of the photograph."),
    "too_many_pixels": _("The picture has too many pixels. Save it smaller, or choose a screenshot of it."),
    "not_an_image": _("This file is not a picture. Choose a photograph, for example one from your telephone."),
    "format_not_supported": _(
        "We cannot read this kind of picture. Choose a JPEG, PNG, WebP, TIFF or HEIC file, or a screenshot."
    ),
    "animated": _("This picture moves. Choose one that stands still."),
    "damaged": _("The file is damaged and we cannot open it. Choose another photograph, or save this one again."),
    "too_costly": _("We could not open this picture safely. Choose a screenshot of it, or another photograph."),
    "busy": _("Many photographs are being sent just now. Wait a moment, then send yours again."),
}
"""By code of `matching.images.ImageProblem`."""

PROBE: Final[dict[str, Promise]] = {
    "no_face": _("We could not see a face in your photograph. Choose one that shows the face from the front."),
    "several_faces": _("Your photograph shows more than one face. Choose one with a single person, or cut it out."),
    "face_too_small": _("The face in your photograph is too small. Choose one taken from nearer, or cut it out."),
    "blurred": _("Your photograph is blurred. Choose a sharper one, taken in good light."),
    "unreadable": _("We could not read your photograph. Choose another one, or save this one again."),
}
"""By code of `matching.search.ProbeProblem`."""

ANOTHER: Final = _("We could not search with this photograph. Choose another one that shows the face clearly.")


def upload_problem(code: str) -> Promise:
    return UPLOAD.get(code, UPLOAD["damaged"])


def probe_problem(code: str) -> Promise:
    return PROBE.get(code, ANOTHER)


POSES: Final[dict[Asked, Promise]] = {
    Asked.AHEAD: _("Look straight into the camera."),
    Asked.LEFT: _("Turn your head to your left, half as far as it goes, and leave it there."),
    Asked.RIGHT: _("Turn your head to your right, half as far as it goes, and leave it there."),
    Asked.UP: _("Raise your chin as if you looked at the edge of the ceiling."),
    Asked.DOWN: _("Lower your chin as if you looked at the table before you."),
}

FRAME: Final[dict[str, Promise]] = {
    FrameProblem.UNREADABLE: _("we could not read it."),
    FrameProblem.NO_FACE: _("we could not see a face. More light from the front helps; do not turn too far."),
    FrameProblem.SEVERAL_FACES: _("there is more than one face in it. Take it where you are alone in the picture."),
    FrameProblem.TOO_SMALL: _("the face is too small. Hold the camera nearer, at arm’s length."),
    FrameProblem.BLURRED: _("it is blurred. Hold the camera still, in good light."),
    FrameProblem.SAME_PICTURE: _("it looks like the same picture as another one. Take a new one for each pose."),
    FrameProblem.ANOTHER: _("it seems to show another face than the other pictures."),
}
"""By `matching.frames.FrameProblem`; goes on after the number of the picture."""

WRONG_POSE: Final[dict[Asked, Promise]] = {
    Asked.AHEAD: _("look straight into the camera, which is best held at the height of your eyes."),
    Asked.LEFT: _(
        "turn a little further to your left. Some telephones save pictures mirrored; then use the camera here."
    ),
    Asked.RIGHT: _(
        "turn a little further to your right. Some telephones save pictures mirrored; then use the camera here."
    ),
    Asked.UP: _("raise your chin a little more, with the camera where it is."),
    Asked.DOWN: _("lower your chin a little more, with the camera where it is."),
}


def frame_problem(code: str, asked: Asked) -> Promise:
    """What was wrong with a frame of a live photo check."""
    return WRONG_POSE[asked] if code == FrameProblem.POSE else FRAME.get(code, FRAME[FrameProblem.UNREADABLE])
