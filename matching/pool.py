"""Work spread over several processes, each of which may die of what it is given.

A file can kill its reader: by a fault in a decoder, or by the memory that it takes. Which one did is not known when
several were being read, so each of them is done again alone. What kills its process then as well is given up, and the
rest goes on.
"""

import multiprocessing
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from matching import processes

Result = TypeVar("Result")
Arguments = tuple[Any, ...]

AHEAD: Final = 3
"""Jobs under way for each process: none waits for the next, and results do not pile up in memory."""


SETTLED: Final = 10.0
"""Seconds for the jobs of a broken pool to fail, which they do at once."""


class WorkersUnusable(RuntimeError):  # noqa: N818 - a state
    """The processes die before they are given anything, so no file is to blame."""


class Died:
    """In a result's place: the job killed its process twice."""


DIED: Final = Died()


def each(
    work: Callable[..., Result],
    jobs: Sequence[Arguments],
    *,
    count: int,
    ready: Callable[[], object],
) -> Iterator[tuple[int, Result | Died]]:
    """Every job's number with what `work(*job)` returned, mostly in their order.

    Args:
        count: of processes.
        ready: called in a new process before a job is suspected; it should load whatever `work` will.

    Raises:
        WorkersUnusable
        BaseException: what `work` raised. What was not begun is then dropped.
    """
    waiting = deque(enumerate(jobs))
    while waiting:
        unsure = yield from _together(work, waiting, count)
        yield from _alone(work, unsure, ready)


Job = tuple[int, Arguments]


def _together(
    work: Callable[..., Result], waiting: deque[Job], count: int
) -> Generator[tuple[int, Result | Died], None, deque[Job]]:
    """Do what is waiting until it is done or a process dies; returns what was begun and may have been the cause."""
    begun: deque[tuple[Job, Future[Result]]] = deque()
    with _pool(count) as pool:
        try:
            while waiting or begun:
                while waiting and len(begun) < AHEAD * count:
                    begun.append((waiting[0], pool.submit(work, *waiting[0][1])))
                    waiting.popleft()
                (number, _arguments), future = begun[0]
                result = future.result()
                begun.popleft()
                yield number, result
        except BrokenProcessPool:
            unsure: deque[Job] = deque()
            for job, future in begun:
                if _is_lost(future):
                    unsure.append(job)
                else:
                    yield job[0], future.result()
            return unsure
    return deque()


def _is_lost(future: Future[Any]) -> bool:
    """Whether nothing is to come of a job of a broken pool.

    Python 3.11 ends a broken pool without the lock under which jobs are handed over: one that is handed over in that
    moment is never told, as was seen once. So what is not settled soon is done again.
    """
    try:
        return isinstance(future.exception(SETTLED), BrokenProcessPool)
    except TimeoutError:
        return True


def _alone(
    work: Callable[..., Result], waiting: deque[Job], ready: Callable[[], object]
) -> Iterator[tuple[int, Result | Died]]:
    """Do one after the other in one process, and in a new one after each that died."""
    while waiting:
        with _pool(1) as pool:
            try:
                pool.submit(ready).result()
            except BrokenProcessPool as error:
                raise WorkersUnusable("the processes that read photos die before they read one") from error
            try:
                while waiting:
                    number, arguments = waiting[0]
                    result = pool.submit(work, *arguments).result()
                    waiting.popleft()
                    yield number, result
            except BrokenProcessPool:
                yield waiting.popleft()[0], DIED


@contextmanager
def _pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Further processes; on an error or Ctrl-C what was not begun is dropped."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=processes.begin)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
