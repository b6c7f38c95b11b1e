"""Which address is on which screenshot, which is on none and why; and the page that shows them all."""

from html import escape
from pathlib import Path

NONE = {
    "citizens:draft_photo": "a picture",
    "citizens:start": "leads to the form",
    "citizens:leave": "leads to the front page",
    "citizens:link": "leads to the status page",
    "citizens:due_date": "a calendar entry",
    "citizens:photo": "takes a form of the status page and leads back to it",
    "citizens:reply": "takes a form of the status page and leads back to it",
    "citizens:message": "takes a form of the status page and leads back to it",
    "citizens:message_picture": "a picture",
    "citizens:consent": "takes a form of the status page and leads back to it",
    "citizens:withdraw_consent": "takes a form of the status page and leads back to it",
    "citizens:renew": "leads to the page of the answer",
    "citizens:answer_picture": "a picture",
    "citizens:not_me": "takes a form of the pictures and leads back to it",
    "citizens:erase_chosen": "takes a form of the pictures and leads back to it",
    "citizens:missed": "takes a form of the pictures and leads back to it",
    "citizens:download_file": "an archive",
}
