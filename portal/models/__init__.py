"""One file per aggregate."""

from portal.models.answer import Answer
from portal.models.code import EmailCode
from portal.models.controller import ControllerProfile, ControllerText, Remedy
from portal.models.draft import Draft
from portal.models.evidence import Evidence, EvidenceKey, EvidenceKind
from portal.models.job import Job, JobKind, JobState
from portal.models.local_mail import LocalMail
from portal.models.notice import Audience, Event, Notice, NoticeState
from portal.models.pulse import Pulse
from portal.models.recipient import Recipient
from portal.models.reminder import Reminder
from portal.models.requester import Requester

__all__ = [
    "Answer",
    "Audience",
    "ControllerProfile",
    "ControllerText",
    "Draft",
    "EmailCode",
    "Event",
    "Evidence",
    "EvidenceKey",
    "EvidenceKind",
    "Job",
    "JobKind",
    "JobState",
    "LocalMail",
    "Notice",
    "NoticeState",
    "Pulse",
    "Recipient",
    "Remedy",
    "Reminder",
    "Requester",
]
