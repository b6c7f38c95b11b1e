"""Which addresses are on a screenshot, which are on none and why; and the page that shows them all."""

from fnmatch import fnmatchcase
from html import escape
from itertools import groupby
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

ELSEWHERE = "takes a form of another page and leads back to it"
DJANGO = "Django's own page in our frame, like those shown"

NONE = {
    "citizens:start": "leads to the form",
    "citizens:leave": "leads to the front page",
    "citizens:link": "leads to the status page",
    "citizens:due_date": "a calendar entry",
    "citizens:download_file": "an archive",
    "citizens:draft_photo": "a picture",
    "citizens:message_picture": "a picture",
    "citizens:answer_picture": "a picture",
    "citizens:photo": ELSEWHERE,
    "citizens:reply": ELSEWHERE,
    "citizens:message": ELSEWHERE,
    "citizens:consent": ELSEWHERE,
    "citizens:withdraw_consent": ELSEWHERE,
    "citizens:renew": ELSEWHERE,
    "citizens:not_me": ELSEWHERE,
    "citizens:erase_chosen": ELSEWHERE,
    "citizens:missed": ELSEWHERE,
    "citizens:leave_form": ELSEWHERE,
    "citizens:contact_details": ELSEWHERE,
    "citizens:contact_code": ELSEWHERE,
    "citizens:contact_address": ELSEWHERE,
    "citizens:contact_prove": ELSEWHERE,
    "staff:passkey_*": "data for a script",
    "admin:index": "leads to the first page that the role may see",
    "admin:logout": ELSEWHERE,
    "admin:password_change": "ours stands at its address",
    "admin:password_change_done": DJANGO,
    "admin:portal_messagetext_*": DJANGO,
    "admin:autocomplete": "data for a script",
    "admin:jsi18n": "a script",
    "admin:view_on_site": "leads elsewhere",
    "admin:None": "leads to the page with an address of its own, or to none",
    "admin:staff_reset": ELSEWHERE,
    "admin:staff_unlock": ELSEWHERE,
    "admin:staff_end": ELSEWHERE,
    "admin:*_history": DJANGO,
    "admin:*_delete": DJANGO,
    "admin:matching_*_add": "nobody may add one here",
    "admin:matching_hold_face": "a picture",
    "admin:matching_hold_photo": "a picture",
    "admin:matching_photo_held": "a picture",
    "admin:portal_job_*": "nobody may open or add one here",
    "admin:portal_notice_*": "nobody may open or add one here",
    "admin:portal_signinfailures_*": "nobody may open or add one here",
    "admin:portal_controllerprofile_*": "there is one, and its list leads to it",
    "admin:portal_recipient_change": "the same form as for a new one",
    "admin:rights_journalentry_*": "nobody may open or add one here",
    "admin:rights_rightsrequest_add": "nobody may add one here",
    "admin:rights_request_*": ELSEWHERE,
}
"""Address, or a pattern of several, to the reason why it is on no screenshot. What is in `SHOWN` is not looked up."""

SHOWN = {
    *(
        f"citizens:{name}"
        for name in ("front", "form", "check", "code", "find", "kept", "transparency", "accessibility")
    ),
    *(f"citizens:{name}" for name in ("status", "live", "withdraw", "erase_now", "download", "pictures", "contact")),
    *(f"staff:{name}" for name in ("second", "enrol", "factors", "password", "accesses", "accesses_of")),
    "api:docs",
    "desk",
    *("citizens:concerned", "citizens:mandate", "citizens:document"),
    *("admin:matching_hold_judge", "admin:rights_request_document"),
    *("mailbox:list", "mailbox:mail", "admin:login", "staff:password_change", "admin:app_list"),
    *("admin:rights_rightsrequest_changelist", "admin:rights_rightsrequest_change", "admin:rights_request_enter"),
    *("admin:rights_request_review", "admin:rights_request_around", "admin:rights_request_thread"),
    *("admin:rights_journalentry_changelist", "admin:portal_notice_changelist", "admin:portal_job_changelist"),
    *("admin:portal_signinfailures_changelist", "admin:portal_controllerprofile_change"),
    *("admin:portal_recipient_changelist", "admin:portal_recipient_add"),
    *("admin:portal_messagetext_changelist", "admin:portal_messagetext_add", "admin:auth_user_history"),
    *("admin:portal_messagetext_change", "admin:portal_messagetext_history", "admin:portal_messagetext_delete"),
    "admin:staff_link",
    *("admin:matching_source_changelist", "admin:matching_source_change", "admin:matching_hold_changelist"),
    *("admin:matching_photo_changelist", "admin:matching_photo_change"),
    *("admin:matching_photo_faceless", "admin:matching_photo_mark"),
    *("admin:auth_user_changelist", "admin:auth_user_change", "admin:auth_user_add"),
}
"""Addresses that the browser tests photograph."""

DESK = {
    "overview": "",
    "enter": "rights/rightsrequest/enter/",
    "journal": "rights/journalentry/",
    "notices": "portal/notice/",
    "jobs": "portal/job/",
    "sources": "matching/source/",
    "photos": "matching/photo/",
    "faceless": "matching/photo/faceless/",
    "source": "matching/source/1/change/",
    "photo": "matching/photo/1/change/",
    "held": "matching/hold/",
    "profile": "portal/controllerprofile/1/change/",
    "recipients": "portal/recipient/",
    "recipient": "portal/recipient/add/",
    "texts": "portal/messagetext/",
    "text": "portal/messagetext/add/",
    "history": "auth/user/1/history/",
    "staff": "auth/user/",
    "member": "auth/user/1/change/",
    "new-member": "auth/user/add/",
    "password": "password_change/",
    "records": "rights/",
    "failures": "portal/signinfailures/",
    "accesses": "accesses/",
    "factors": "second/factors/",
}
"""Pages of the desk that need no request, by the names of their screenshots."""


def addresses() -> set[str]:
    """Names of all addresses of citizens, of the API's page and of the desk, as "citizens:status"."""
    rooms = ("citizens:", "staff:", "admin:", "desk", "api:docs")
    return {name for name in _named(get_resolver(), "") if name.startswith(rooms)}


def _named(resolver: URLResolver, room: str) -> list[str]:
    found = []
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            found.append(f"{room}{pattern.name}")
        else:
            found += _named(pattern, f"{room}{pattern.namespace}:" if pattern.namespace else room)
    return found


def why_not(name: str) -> str:
    """The reason why an address is on no screenshot, or nothing."""
    return NONE.get(name) or next((why for pattern, why in NONE.items() if fnmatchcase(name, pattern)), "")


def write_index(folder: Path) -> Path:
    """`index.html` with every picture of the folder, those of one page in a row."""
    pictures = sorted((path.stem.rsplit("-", 2)[0], path.name) for path in folder.glob("*.png"))
    rows = []
    for name, files in groupby(pictures, key=lambda picture: picture[0]):
        shown = "".join(
            f'<a href="{escape(file)}"><figure><img src="{escape(file)}" alt="{escape(file)}" loading="lazy">'
            f"<figcaption>{escape(file)}</figcaption></figure></a>"
            for _name, file in files
        )
        rows.append(f'<h2 id="{escape(name)}">{escape(name)}</h2><div>{shown}</div>')
    index = folder / "index.html"
    index.write_text(PAGE.replace("ROWS", "\n".join(rows)), encoding="utf-8")
    return index


PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>All pages of Regard</title>
<style>
:root { color-scheme: light dark; } body { font: 1rem system-ui; margin: 1rem; }
div { display: flex; flex-wrap: wrap; gap: 1rem; align-items: start; } figure { margin: 0; }
img { height: 28rem; width: auto; max-width: 90vw; object-fit: cover; object-position: top; border: 1px solid gray; }
</style>
<h1>All pages of Regard</h1>
ROWS
</html>
"""
