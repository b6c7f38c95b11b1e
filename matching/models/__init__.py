"""What is held, what was searched, what was found, and what was erased.

A `subject` is an opaque UUID under which the caller groups searches, reviews and erasures; this room does not
know whose it is.
"""

from matching.models.erased import Erasure, ErasureAction, Suppression
from matching.models.held import Face, GroupPolicy, Photo, PhotoProblem, PhotoStatus, Problem, Source, new_face_id
from matching.models.searched import Band, FurtherProbe, Hit, Review, Search, TemplateSpace, Verdict
from matching.models.suppressed import Hold, HoldOutcome, HoldVerdict, TemplateSuppression

__all__ = [
    "Band",
    "Erasure",
    "ErasureAction",
    "Face",
    "FurtherProbe",
    "GroupPolicy",
    "Hit",
    "Hold",
    "HoldOutcome",
    "HoldVerdict",
    "Photo",
    "PhotoProblem",
    "PhotoStatus",
    "Problem",
    "Review",
    "Search",
    "Source",
    "Suppression",
    "TemplateSpace",
    "TemplateSuppression",
    "Verdict",
    "new_face_id",
]
