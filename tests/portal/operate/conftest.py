"""A broker, a worker and a mail server of the test's own."""

import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from portal.serve import children
from tests.painted import painted
from tests.project import ROOT

__all__ = ["painted"]


@pytest.fixture
def broker(settings: Settings, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Valkey on a unix socket, which the settings name."""
    socket = children.socket_path(tmp_path)
    broker_child = children.children(run=tmp_path, port=1)[0]
    socket = Path(broker_child.environment["REGARD_BROKER_URL"].removeprefix("redis+socket://"))
    settings.CELERY_BROKER_URL = f"redis+socket://{socket}"
    process = subprocess.Popen(broker_child.command, stdout=subprocess.DEVNULL)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def worker(broker: subprocess.Popen[bytes], settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker without beat at that broker."""
    environment = {**os.environ, "REGARD_BROKER_URL": settings.CELERY_BROKER_URL}
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "portal.celery", "worker", "--pool", "solo"]
    process = subprocess.Popen(
        [*command, "--without-gossip", "--without-mingle", "--loglevel", "ERROR"],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield process
    process.kill()
    process.wait()


class _Smtp(socketserver.StreamRequestHandler):
    """As much of a mail server as greets, and counts the mails it is offered."""

    def handle(self) -> None:
        server: Any = self.server
        self.wfile.write(server.greeting)
        for line in self.rfile:
            verb = line.split()[0].upper()
            server.verbs.append(verb)
            self.wfile.write(b"221 Bye\r\n" if verb == b"QUIT" else server.answer)
            if verb == b"QUIT":
                return


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[Callable[..., list[bytes]]]:
    """Start a mail server with a greeting and an answer to everything; the verbs it was told."""
    started: list[socketserver.TCPServer] = []

    def start(greeting: bytes = b"220 Hello\r\n", answer: bytes = b"250 Fine\r\n") -> list[bytes]:
        server: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp)
        server.daemon_threads, server.greeting, server.answer, server.verbs = True, greeting, answer, []
        started.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.LOCAL_MAILBOX = False
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        verbs: list[bytes] = server.verbs
        return verbs

    yield start
    for server in started:
        server.shutdown()
        server.server_close()
