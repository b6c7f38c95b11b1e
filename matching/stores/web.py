"""A listing of a web server, as Apache, nginx or Caddy make them. It can be read, and nothing else.

fsspec gives the session. Its own `ls` finds links with a regular expression and its `info` takes every failure for a
missing file, so links are parsed and answers judged here.
"""

import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, NamedTuple

import aiohttp
from django.conf import settings
from fsspec.asyn import sync
from fsspec.implementations.http import HTTPFileSystem
from yarl import URL

from matching.models import Problem
from matching.stores.base import SUFFIXES, ObjectInfo, SourceReadOnly, SourceUnreachable, Store, stamp

DEEPEST = 64
"""Folders within folders; a server that answers every address with the same page has no end."""
GONE = (404, 410)
DENIED = (401, 403, 407)
HEAD_IS_UNKNOWN = (405, 501)
ORDERS = {"C", "O", "F", "sort", "order", "layout"}


class LedAway(aiohttp.ClientError):
    """A redirect led out of the source."""


class Answer(NamedTuple):
    status: int
    headers: Any
    body: bytes

    @property
    def is_page(self) -> bool:
        return str(self.headers.get("Content-Type", "")).partition(";")[0].strip().lower() == "text/html"


class WebStore(Store):
    """Below its root only: links and redirects that lead elsewhere are not followed."""

    read_only = True
    listing_is_proof = False  # A page in place of the listing must not empty the source; each file is asked after.
    errors = (OSError, ValueError, aiohttp.ClientError)

    def __init__(self, url: str) -> None:
        root = URL(url)
        self.root = root if root.raw_path.endswith("/") else root.with_path(root.raw_path + "/", encoded=True)
        wait = settings.SOURCE_TIMEOUT
        self.filesystem = HTTPFileSystem(
            client_kwargs={
                "timeout": aiohttp.ClientTimeout(total=None, sock_connect=wait, sock_read=wait),
                "trust_env": True,  # Credentials from the file that NETRC names, proxies as the machine has them.
                "headers": {"Accept-Encoding": "identity"},
            },
        )

    def url(self) -> str:
        return str(self.root)

    def _ask(self, method: str, url: URL) -> Answer:
        """Raises: FileNotFoundError, where the server says that there is nothing; SourceUnreachable for the rest."""
        try:
            answer: Answer = sync(self.filesystem.loop, self._answer, method, url)
        except FileNotFoundError as error:  # Of a file of ours; not to be taken for an object.
            raise SourceUnreachable(Problem.FAILED) from error
        if answer.status in GONE:
            raise FileNotFoundError(str(url))
        if answer.status in DENIED:
            raise SourceUnreachable(Problem.DENIED)
        if answer.status != 200 and not (method == "HEAD" and answer.status in HEAD_IS_UNKNOWN):
            raise SourceUnreachable(Problem.FAILED)
        return answer

    async def _answer(self, method: str, url: URL) -> Answer:
        session = await self.filesystem.set_session()
        async with session.request(method, url, middlewares=(self._stay,)) as response:
            body = b"" if method == "HEAD" else await response.read()
            return Answer(response.status, response.headers, body)

    async def _stay(self, request: Any, handler: Any) -> Any:
        """Called for every hop, so that a redirect reaches no other host, and no other part of this one."""
        if not self._is_below(request.url):
            raise LedAway
        return await handler(request)

    def _is_below(self, url: URL) -> bool:
        segments = [part.lower().replace("%2e", ".") for part in url.raw_path.split("/")]
        below = url.raw_path.startswith(self.root.raw_path) and url.origin() == self.root.origin()
        return below and ".." not in segments

    def _page(self, url: URL) -> set[URL]:
        """The links of one listing that stay below the root. Raises: SourceUnreachable, if it is no listing."""
        answer = self._ask("GET", url)
        if not answer.is_page:
            raise SourceUnreachable(Problem.STRANGE)
        parser = _Links()
        try:
            parser.feed(answer.body.decode())
        except UnicodeDecodeError as error:  # Names guessed wrongly would be links to nothing.
            raise SourceUnreachable(Problem.STRANGE) from error
        found = set()
        for link in parser.links:
            try:
                target = url.join(URL(link)).with_fragment(None)
            except ValueError:  # No address at all.
                continue
            if target.scheme not in ("http", "https") or not self._is_below(target):
                continue
            if target.query_string and not target.raw_path.lower().endswith(SUFFIXES):
                if not _is_order(target.raw_query_string):  # A second page, perhaps: not all would be seen.
                    raise SourceUnreachable(Problem.STRANGE)
                continue
            found.add(target)
        return found - {url, self.root}

    def is_empty(self) -> bool:
        return not self._page(self.root)

    def files(self) -> Iterator[tuple[str, ObjectInfo | None]]:
        todo, seen = [(self.root, 0)], {self.root}
        while todo:
            folder, depth = todo.pop()
            if depth > DEEPEST:
                raise SourceUnreachable(Problem.STRANGE)
            for link in sorted(self._page(folder) - seen):
                seen.add(link)
                if link.raw_path.endswith("/"):
                    todo.append((link, depth + 1))
                else:
                    yield link.raw_path_qs[len(self.root.raw_path) :], None

    def info(self, path: str) -> ObjectInfo:
        """From the headers; where they say nothing of a change, from the bytes themselves."""
        answer = self._no_page(self._ask("HEAD", self._full(path)))
        mark = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        size = answer.headers.get("Content-Length", "")
        if answer.status == 200 and mark and size.isdigit():
            return ObjectInfo(path, int(size), stamp(size, mark))
        data = self.read(path)
        return ObjectInfo(path, len(data), stamp(len(data), hashlib.sha256(data).hexdigest()))

    def read(self, path: str) -> bytes:
        return self._no_page(self._ask("GET", self._full(path))).body

    def _no_page(self, answer: Answer) -> Answer:
        """Raises: SourceUnreachable, for a page (a login, an apology) in the place of a file."""
        if answer.is_page and answer.status == 200:
            raise SourceUnreachable(Problem.STRANGE)
        return answer

    def replace(self, path: str, data: bytes) -> None:
        raise SourceReadOnly

    def delete(self, path: str) -> None:
        try:
            self.info(path)
        except FileNotFoundError:
            return
        raise SourceReadOnly

    def _full(self, path: str) -> URL:
        name, question, query = path.partition("?")
        address = self.root.with_path(self.root.raw_path + name, encoded=True)
        return URL(f"{address}{question}{query}", encoded=True)

    def problem(self, error: BaseException) -> Problem:
        return Problem.STRANGE if isinstance(error, LedAway) else super().problem(error)

    def forget(self) -> None:
        HTTPFileSystem.clear_instance_cache()


def _is_order(query: str) -> bool:
    """Whether a query only orders a listing or changes its looks, as Apache's, nginx's and Caddy's do."""
    return {part.partition("=")[0] for part in re.split("[;&]", query)} <= ORDERS


class _Links(HTMLParser):
    """The addresses that a page's links lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links += [value.strip() for name, value in attrs if name == "href" and value]
