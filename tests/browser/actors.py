"""What a citizen and staff do in a browser, step by step, as the pages offer it."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.album import Album, light_and_still
from tests.browser.stack import Stack, until


class Citizen:
    """A person with a selfie and a mail address, and no account."""

    def __init__(self, page: Page, stack: Stack, album: Album | None = None) -> None:
        self.page, self.stack, self.album = page, stack, album
        self.request_id = ""
        self.rights: tuple[str, ...] = ()

    def look(self, name: str) -> None:
        if self.album:
            self.album.take(self.page, name)

    def ask(self, *, selfie: Path, email: str, rights: tuple[str, ...] = ("access", "erasure"), name: str = "") -> None:
        """Fill in the form and send it."""
        page, self.rights = self.page, rights
        page.goto(self.stack.url + "/")
        self.look("citizen-01-front")
        page.goto(f"{self.stack.url}/request/rights/")
        self.look("citizen-02-rights")
        for right in rights:
            page.locator(f"input[name=rights][value={right}]").check()
        self.next()
        self.look("citizen-03-person")
        page.locator("input[name=about][value=me]").check()
        self.next()
        self.look("citizen-04-contact")
        page.locator("input[name=email]").fill(email)
        page.locator("input[name=name]").fill(name)
        page.locator("input[name=language][value=en]").check()
        self.next()
        self.look("citizen-05-photo")
        page.locator("input[name=photo]").set_input_files(selfie)
        self.next()
        expect(page).to_have_url(re.compile("/request/check/"))
        self.look("citizen-06-check")
        self.next()
        expect(page).to_have_url(re.compile("/code/"))
        self.request_id = re.findall(r"/requests/([0-9a-f-]{36})/", page.url)[0]
        self.look("citizen-07-code")

    def next(self) -> None:
        """The page's main button."""
        self.page.locator("main form button.button[type=submit]:not(.second)").first.click()

    def type_code(self, email: str, *, not_before: int = 0) -> None:
        """Read the newest code in the mailbox page and type it."""
        code = self.code_from_mailbox(email, not_before=not_before)
        self.page.locator("input[name=code]").fill(code)
        self.next()
        expect(self.page).not_to_have_url(re.compile("/code/"))

    def mails(self, email: str) -> list[tuple[int, str, str]]:
        """Identifier, subject and text of the mails to this person, the oldest first."""
        return self.stack.rows('SELECT id, subject, text FROM portal_localmail WHERE "to" = ? ORDER BY id', email)

    def code_from_mailbox(self, email: str, *, not_before: int) -> str:
        """Six digits, read where a person would read them: on the page of the mail."""

        def newest() -> int:
            found = [
                mail
                for mail, _subject, text in self.mails(email)
                if mail > not_before and re.search(r"\b\d{3} ?\d{3}\b", text)
            ]
            return max(found, default=0)

        mail = until(newest, seconds=90, what="a mail with a code")
        reader = self.page.context.new_page()
        reader.goto(f"{self.stack.url}/mailbox/{mail}/")
        text = reader.locator("main").inner_text()
        if self.album:
            self.album.take(reader, "mail-code")
        reader.close()
        return re.findall(r"\b(\d{3} ?\d{3})\b", text)[0]

    def last_mail(self, email: str) -> int:
        return max((mail for mail, _subject, _text in self.mails(email)), default=0)

    def state(self) -> str:
        """The state of the request, as it stands in the database."""
        key = self.request_id.replace("-", "")
        return str(self.stack.value("SELECT state FROM rights_rightsrequest WHERE id = ?", key))

    def wait_for(self, *states: str, seconds: float = 180) -> None:
        until(lambda: self.state() in states, seconds=seconds, what=f"{states}, it is {self.state()}")

    def reference(self) -> str:
        key = self.request_id.replace("-", "")
        return str(self.stack.value("SELECT reference FROM rights_rightsrequest WHERE id = ?", key))

    def withdraw(self) -> None:
        """Take the request back; what it asked for holds nobody else's erasure up any more."""
        self.page.goto(f"{self.stack.url}/requests/{self.request_id}/withdraw/")
        self.look("citizen-12-withdraw")
        self.page.locator("main form button").first.click()
        self.wait_for("withdrawn")

    def fetch_answer(self, email: str, target: Path) -> Path:
        """Ask for a fresh code, type it, and download the archive."""
        page = self.page
        before = self.last_mail(email)
        page.goto(f"{self.stack.url}/requests/{self.request_id}/answer/")
        self.look("citizen-09-answer")
        if "erasure" in self.rights:
            page.goto(f"{self.stack.url}/requests/{self.request_id}/erase-now/")
            self.look("citizen-09b-erase-now")
            page.go_back()
        self.next()
        expect(page).to_have_url(re.compile("/code/"))
        self.type_code(email, not_before=before)
        self.look("citizen-10-download")
        self._look_at_own_pictures()
        with page.expect_download() as download:
            page.locator("a[download]").click()
        download.value.save_as(target)
        return target

    def _look_at_own_pictures(self) -> None:
        """See the pictures of the answer, and where contact details are corrected; both as open as the download is."""
        page, back = self.page, self.page.url
        light_and_still(page, f"{self.stack.url}/requests/{self.request_id}/answer/pictures/", pictures=False)
        shown = page.locator(".own-picture").first
        expect(shown.locator("img")).to_have_css("filter", re.compile("blur"))
        shown.locator("input").check()
        expect(shown.locator("img")).to_have_css("filter", "none")
        chosen = page.locator(".own-picture").count() if "erasure" in self.rights else 0
        expect(page.locator("input[name=picture]:checked")).to_have_count(chosen)
        self.look("citizen-10-pictures")
        page.goto(f"{self.stack.url}/requests/{self.request_id}/contact/")
        self.look("citizen-10-contact")
        page.goto(back)


class Reviewer:
    """A member of staff at the desk."""

    def __init__(self, page: Page, stack: Stack, album: Album | None = None) -> None:
        self.page, self.stack, self.album = page, stack, album

    def look(self, name: str) -> None:
        if self.album:
            self.album.take(self.page, name)

    def sign_in(self, name: str) -> None:
        """Password and code, once for each account; a code goes once, so later pages share the session."""
        queue = f"{self.stack.url}/desk/rights/rightsrequest/"
        if name in self.stack.sessions:
            self.page.context.add_cookies(self.stack.sessions[name])
            self.page.goto(queue)
        else:
            self.password(name)
            expect(self.page).to_have_url(re.compile("/desk/second/"))
            self.page.locator("input[name=code]").fill(self.stack.code(name))
            self.page.locator("form button[type=submit]").first.click()
            expect(self.page).to_have_url(re.compile("/desk/rights/rightsrequest/"))
            self.stack.sessions[name] = [
                cookie for cookie in self.page.context.cookies() if cookie["name"] == "sessionid"
            ]
        expect(self.page).to_have_url(queue)

    def password(self, name: str) -> None:
        """The first step alone."""
        self.page.goto(f"{self.stack.url}/desk/login/?next=/desk/rights/rightsrequest/")
        self.page.locator("input[name=username]").fill(name)
        self.page.locator("input[name=password]").fill(self.stack.logins()[name])
        self.page.locator("form [type=submit]").first.click()

    def open(self, request_id: str) -> None:
        self.page.goto(f"{self.stack.url}/desk/rights/rightsrequest/{request_id}/change/")

    def review(self, request_id: str, person: str) -> int:
        """Judge every hit that waits for this reviewer, with the keyboard; the number of them."""
        page = self.page
        page.goto(f"{self.stack.url}/desk/rights/rightsrequest/{request_id}/review/")
        judged = 0
        while page.locator("#verdict").count():
            if judged == 0:
                self.look_around()
            hit = int(page.locator("#verdict input[name=hit]").get_attribute("value") or 0)
            key = "s" if self.stack_knows(hit) == person else "n"
            page.keyboard.press(key)
            expect(page.locator(f"#verdict input[name=hit][value='{hit}']")).to_have_count(0)
            judged += 1
            assert judged < 200, "The review does not end."
        return judged

    def look_around(self) -> None:
        """The first hit as it is judged, and what else there is to see before one judges."""
        if not self.album:
            return
        self.look("desk-04-review")
        review, desk = self.page.url, f"{self.stack.url}/desk"
        request_id = re.findall(r"[0-9a-f-]{36}", review)[0]
        hit = self.page.locator("#verdict input[name=hit]").get_attribute("value")
        self.page.goto(f"{desk}/rights/rightsrequest/{request_id}/around/{hit}/")
        self.look("desk-04b-around")
        self.page.goto(f"{desk}/rights/rightsrequest/{request_id}/messages/")
        self.look("desk-04c-messages")
        self.page.goto(f"{desk}/accesses/{request_id}/")
        self.look("desk-04d-accesses")
        self.page.goto(review)

    def stack_knows(self, hit: int) -> str:
        """Who is on the hit: the demonstration's file names tell, from left to right."""
        path, left, right, width = self.stack.rows(
            "SELECT p.path, f.left, f.right, p.width FROM matching_hit h JOIN matching_face f ON f.id = h.face_id "
            "JOIN matching_photo p ON p.id = f.photo_id WHERE h.id = ?",
            hit,
        )[0]
        return person_at(path, (left + right) / 2 / width)

    def finish_review(self, request_id: str) -> None:
        self.open(request_id)
        self.look("desk-05-reviewed")
        self.page.locator("form[action$='/review/finish/'] button").click()
        expect(self.page).to_have_url(re.compile("/change/"))

    def grant(self, request_id: str, *rights: str) -> None:
        """Grant the claims, one decision after another."""
        for right in rights:
            self.open(request_id)
            form = self.page.locator(f"#decide-{right} form")
            form.locator("input[type=radio][value=granted]").check()
            form.locator("select[name$=identity_basis]").select_option("photo_and_email")
            form.locator("button").last.click()
            expect(self.page).to_have_url(re.compile("/change/"))


def person_at(path: str, place: float) -> str:
    """The person at a place (0 left, 1 right) of one of the demonstration's pictures."""
    if not path.startswith("groups/"):
        return path.split("/")[0]
    members = path.removeprefix("groups/").removesuffix(".jpg").split("-")
    return members[min(int(place * len(members)), len(members) - 1)]


def photos_of(stack: Stack, person: str) -> set[str]:
    """Paths of the pictures held that show the person."""
    paths = [row[0] for row in stack.rows("SELECT path FROM matching_photo ORDER BY path")]
    return {path for path in paths if person in path}


def notices(stack: Stack, request_id: str) -> list[tuple[Any, ...]]:
    """Event, key and state of every notice of a request."""
    key = request_id.replace("-", "")
    return stack.rows("SELECT event, key, state FROM portal_notice WHERE request_id = ? ORDER BY created_at", key)
