"""The seventeen points: what the decision against Clearview AI and those after it ask of a portal, and what holds each.

CNIL, decision MED 2021-134 of 26 November 2021, and the authorities that followed it. Point n is tested by
`tests/test_seventeen.py`, which also takes away what holds it and sees that the test then fails.
"""

from typing import Final, NamedTuple

from rights.law.guards import POINTS as GUARDED


class Point(NamedTuple):
    """One point.

    Attributes:
        rule: what a portal that complies does.
        held_by: what makes it so, beside the guards of the table of steps.
    """

    number: int
    rule: str
    held_by: str


POINTS: Final = (
    Point(1, "searches all holdings, with no date window", "the sweep reads every face held; its certificate says so"),
    Point(2, 'has no request quota; "excessive" exists only as a documented finding signed by a person, and is never '
             "available for requests a year or more apart", "a database constraint asks for the second signature"),
    Point(3, "starts the clock at the first receipt in any official channel; a reminder is not a new request",
          "`rights.timing.received_again`, and a rule of the database"),
    Point(4, "accepts agents, post and e-mail (staff enter them); never demands an account or a re-submission",
          "the form of the desk; no page for citizens has a login"),
    Point(5, 'acknowledges with a reference and a due date; a registered request can never become "not found"',
          "the notice is posted in the transaction of the receipt; rules of the database refuse a deletion"),
    Point(6, "asks for an identity document only with a recorded reasonable doubt, and refuses to ask where photo and "
             "e-mail suffice", "the desk shows the action only when the guards let it"),
    Point(7, "cannot close an access answer unless 15(1)(a) to (h), 15(2) and the copy are in it; a link to a privacy "
             "policy is not an answer", "`rights.law.answer`"),
    Point(8, "names the recipients, the sources, the metadata, and says that a template exists",
          "`portal.answers.told` reads it off the finished document"),
    Point(9, "tracks access and erasure as separate outcomes: silence on either is a failure",
          "one claim a right; rules of the database"),
    Point(10, "deletes nothing that a pending access request asks for until that answer was delivered",
          "`portal.flow.erased`; for others' requests too, after the own legal date only for copies granted"),
    Point(11, "erases images, templates, hashes, thumbnails and metadata, and tells processors and recipients",
          "`matching.erase.prove`: a fresh sweep and the bytes"),
    Point(12, "defaults to erasure where the processing itself is unlawful", "the controller's profile says so once"),
    Point(13, "sends an extension notice with reasons before the first due date; afterwards there is no extension",
          "`rights.law.clock.ExtensionRefused`; notice and extension are one transaction"),
    Point(14, "puts reasons, the authority's name and the court remedy into every refusal, also a partial one",
          "a database constraint; the mail waits rather than leave one out"),
    Point(15, "shows the contacts of the controller, its data protection officer and its representative",
          "every page's foot and every letter"),
    Point(16, "can export the whole evidence of a request for the authority", "`manage.py export_evidence`"),
    Point(17, "has no setting that refuses a region, a period or a frequency",
          "`rights.law.choice`: a place without a known law is answered by the GDPR"),
)  # fmt: skip


def guards_of(number: int) -> list[str]:
    """Names of the guards that hold a point."""
    return [guard.__name__ for guard, numbers in GUARDED.items() if number in numbers]
