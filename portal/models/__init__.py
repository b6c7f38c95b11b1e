"""One file per aggregate."""

from portal.models.address import AddressChange
from portal.models.answer import Answer
from portal.models.code import EmailCode, WrongTry
from portal.models.controller import ControllerProfile, ControllerText, Remedy
from portal.models.document import OPEN_DOCUMENTS, CheckDigits, DocumentCheck, DocumentState, Likeness
from portal.models.draft import Draft
from portal.models.evidence import OF_MESSAGES, Evidence, EvidenceKey, EvidenceKind
from portal.models.job import Job, JobKind, JobState
from portal.models.live import OPEN_LIVE, LiveCheck, LiveFrame, LiveState, Way
from portal.models.local_mail import LocalMail
from portal.models.message import Author, Message
from portal.models.not_me import NotMe
from portal.models.notice import Audience, Event, Notice, NoticeState
from portal.models.own_answer import ErasureChoice, FollowUp
from portal.models.pulse import Pulse
from portal.models.recipient import Recipient
from portal.models.reminder import Reminder
from portal.models.representation import Representation, Role
from portal.models.requester import Requester
from portal.models.snippet import MessageText
from portal.models.staff import FailureKind, RecoveryCodes, SignInFailures, StaffAccount, Totp
from portal.models.turn import MailTurn

__all__ = [
    "OF_MESSAGES",
    "OPEN_DOCUMENTS",
    "OPEN_LIVE",
    "AddressChange",
    "Answer",
    "Audience",
    "Author",
    "CheckDigits",
    "ControllerProfile",
    "ControllerText",
    "DocumentCheck",
    "DocumentState",
    "Draft",
    "EmailCode",
    "ErasureChoice",
    "Event",
    "Evidence",
    "EvidenceKey",
    "EvidenceKind",
    "FailureKind",
    "FollowUp",
    "Job",
    "JobKind",
    "JobState",
    "Likeness",
    "LiveCheck",
    "LiveFrame",
    "LiveState",
    "LocalMail",
    "MailTurn",
    "Message",
    "MessageText",
    "NotMe",
    "Notice",
    "NoticeState",
    "Pulse",
    "Recipient",
    "RecoveryCodes",
    "Remedy",
    "Reminder",
    "Representation",
    "Requester",
    "Role",
    "SignInFailures",
    "StaffAccount",
    "Totp",
    "Way",
    "WrongTry",
]
