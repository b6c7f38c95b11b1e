"""The worker is killed in the middle of each kind of work: the request goes on by itself, and nothing is told twice."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page

from tests.browser.actors import Citizen, Reviewer, notices, person_at, photos_of
from tests.browser.stack import Stack, until

pytestmark = pytest.mark.browser

PERSON = "P007"
EMAIL = "person.seven@example.org"


class Assassin(Thread):
    """Waits for a job to be in the middle of its work, then kills the worker with everything it has started.

    Attributes:
        killed_while_running: whether the job was still claimed by the killed process afterwards; None before.
    """

    def __init__(self, stack: Stack, kind: str, *, halfway: Callable[[], bool]) -> None:
        super().__init__(daemon=True)
        self.stack, self.kind, self.halfway = stack, kind, halfway
        self.killed_while_running: bool | None = None
        self.victim = 0
        self.start()

    def run(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            running = self.stack.row("SELECT id, owner FROM portal_job WHERE kind = ? AND state = 'running'", self.kind)
            if running and self.halfway():
                self.victim = self.stack.pid("worker")
                self.stack.kill_worker()
                after = self.stack.row("SELECT state, owner FROM portal_job WHERE id = ?", running[0])
                self.killed_while_running = after == ("running", running[1])
                return
            time.sleep(0.001)

    def confirm(self) -> None:
        """It did kill, in the middle of the work; and the worker comes back by itself."""
        self.join(70)
        assert self.killed_while_running is True
        until(lambda: self.stack.pid("worker") not in (0, self.victim), seconds=20, what="a new worker")
        assert not Path(f"/proc/{self.victim}/cmdline").exists()


def test_a_killed_worker_loses_nothing_and_tells_nothing_twice(
    live: Stack, new_page: Callable[..., Page], downloads: Path
) -> None:
    everybody_else = {path for path in photos_of(live, "P0") if not path.startswith(f"{PERSON}/")}
    held = photos_of(live, PERSON)
    citizen = Citizen(new_page(), live)
    citizen.ask(selfie=live.var / "demo" / "selfies" / f"{PERSON}.jpg", email=EMAIL)

    during_search = Assassin(live, "search", halfway=lambda: True)
    citizen.type_code(EMAIL)
    during_search.confirm()
    citizen.wait_for("searched")

    review(live, new_page, citizen)
    during_archive = Assassin(live, "build_answer", halfway=lambda: any((live.var / "answers").glob("*.partial")))
    decide(live, new_page, citizen)
    during_archive.confirm()
    until(lambda: "answer_ready" in [event for event, _key, _state in notices(live, citizen.request_id)])

    during_erasure = Assassin(live, "erase", halfway=lambda: objects_gone(live, citizen) > 0)
    citizen.fetch_answer(EMAIL, downloads / "answer.zip")
    during_erasure.confirm()
    citizen.wait_for("carried_out")

    assert (downloads / "answer.zip").stat().st_size > 100_000
    assert objects_gone(live, citizen) == len(held)
    assert photos_of(live, "P0") == everybody_else
    assert PERSON not in faces_left(live)
    proof = live.manage("verify_erasure", citizen.reference())
    assert proof.returncode == 0, proof.stdout + proof.stderr
    check_that_nothing_was_done_or_told_twice(live, citizen)


def review(live: Stack, new_page: Callable[..., Page], citizen: Citizen) -> None:
    for name in ("reviewer-one", "reviewer-two"):
        reviewer = Reviewer(new_page(), live)
        reviewer.sign_in(name)
        reviewer.review(citizen.request_id, PERSON)
    reviewer.finish_review(citizen.request_id)


def decide(live: Stack, new_page: Callable[..., Page], citizen: Citizen) -> None:
    reviewer = Reviewer(new_page(), live)
    reviewer.sign_in("reviewer-two")
    reviewer.grant(citizen.request_id, "access", "erasure")


def objects_gone(live: Stack, citizen: Citizen) -> int:
    """How many pictures the erasure has dealt with so far."""
    key = citizen.request_id.replace("-", "")
    query = "SELECT count(*) FROM matching_erasure WHERE subject = ? AND object_done_at IS NOT NULL"
    return int(live.value(query, key) or 0)


def faces_left(live: Stack) -> set[str]:
    """Everybody who has a face in the database."""
    rows = live.rows(
        "SELECT p.path, f.left, f.right, p.width FROM matching_face f JOIN matching_photo p ON p.id = f.photo_id"
    )
    return {person_at(path, (left + right) / 2 / width) for path, left, right, width in rows}


def check_that_nothing_was_done_or_told_twice(live: Stack, citizen: Citizen) -> None:
    until(lambda: {state for _event, _key, state in notices(live, citizen.request_id)} == {"sent"})
    posted = notices(live, citizen.request_id)
    assert len({(event, key) for event, key, _state in posted}) == len(posted)
    mine = [event for event, _key, _state in posted if event != "recipient_told"]
    assert sorted(set(mine) - {"code"}) == ["acknowledged", "answer_ready", "erased"]
    assert len(citizen.mails(EMAIL)) == len(mine)
    subjects = [subject for _mail, subject, _text in citizen.mails(EMAIL)]
    assert len(set(subjects)) == len(subjects) - (mine.count("code") - 1)
    key = citizen.request_id.replace("-", "")
    jobs = live.rows("SELECT kind, state FROM portal_job WHERE request_id = ? ORDER BY id", key)
    assert jobs == [("search", "done"), ("build_answer", "done"), ("erase", "done")]
    events = [row[0] for row in live.rows("SELECT event FROM rights_journalentry WHERE request_id = ?", key)]
    states = [event for event in events if event.startswith("state")]
    assert len(states) == len(set(states))


def test_a_broker_that_loses_everything_loses_no_work(live: Stack, new_page: Callable[..., Page]) -> None:
    """The broker keeps nothing; what was queued in it is found again in the database."""
    citizen = Citizen(new_page(), live)
    citizen.ask(selfie=live.var / "demo" / "selfies" / "P001.jpg", email="person.one@example.org", rights=("access",))
    victim = live.pid("broker")
    live.kill_worker()
    os.kill(victim, 9)
    citizen.type_code("person.one@example.org")
    citizen.wait_for("searched")
    assert live.pid("broker") not in (0, victim)
    citizen.withdraw()
