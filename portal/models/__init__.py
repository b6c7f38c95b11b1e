"""One file per aggregate."""

from portal.models.answer import Answer
from portal.models.code import EmailCode
from portal.models.controller import ControllerProfile, ControllerText, Remedy
from portal.models.draft import Draft
from portal.models.evidence import Evidence, EvidenceKey, EvidenceKind
from portal.models.job import Job, JobKind, JobState
from portal.models.local_mail import LocalMail
from portal.models.notice import Audience, Event, Notice, NoticeState
from portal.models.recipient import Recipient
from portal.models.reminder import Reminder
from portal.models.requester import Requester
from portal.models.staff import FailureKind, RecoveryCodes, SignInFailures, StaffAccount, Totp

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
    "FailureKind",
    "Job",
    "JobKind",
    "JobState",
    "LocalMail",
    "Notice",
    "NoticeState",
    "Recipient",
    "RecoveryCodes",
    "Remedy",
    "Reminder",
    "Requester",
    "SignInFailures",
    "StaffAccount",
    "Totp",
]
