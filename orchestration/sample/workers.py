"""Jobs on all cores, with progress; what comes out does not depend on how many there are."""

from __future__ import annotations

import multiprocessing
import os
import queue
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any

import numpy as np

from orchestration.errors import TelmartError
from orchestration.sample.jobs import Outcome, Task, run

#: subscriber-months from which several processes are worth their start
WORTH_PROCESSES = 100_000
#: seconds between looks at the progress
LOOK = 0.2
_told: Any = None


def run_all(
    operator: Task, blocks: list[Task], workers: int | None, month_done: Callable[[], None]
) -> list[Outcome]:
    """Run the operator's job and those of the blocks; the first block after all others.

    Args:
        operator: the job of the whole operator.
        blocks: those of the blocks, in order.
        workers: processes; None for one per core where that is worth while.
        month_done: called for each month of each job.

    Returns:
        Outcomes of the operator and of the blocks, in order.

    Raises:
        TelmartError: when a process was killed, say for want of memory.
    """
    options = operator.options
    if workers is None:
        small = options.size.subscribers * options.months < WORTH_PROCESSES
        workers = 1 if small else os.cpu_count() or 1
    workers = min(workers, 1 + len(blocks))
    if workers == 1:
        first, *others = blocks
        rest = [run(task, month_done) for task in others]
        return [run(operator, month_done), run(_told_of(first, rest), month_done), *rest]
    # a fresh interpreter: a fork of one with threads may hang
    context = multiprocessing.get_context("spawn")
    news = context.Queue()
    pool = ProcessPoolExecutor(workers, context, initializer=_listen, initargs=(news,))
    try:
        with pool:
            try:
                return _in_pool(pool, operator, blocks, news, month_done)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    except BrokenProcessPool as error:
        raise TelmartError(
            "A process that makes the sample was killed, perhaps for want of memory.",
            "Run the same again with fewer --workers.",
        ) from error


def _in_pool(
    pool: ProcessPoolExecutor,
    operator: Task,
    blocks: list[Task],
    news: Any,
    month_done: Callable[[], None],
) -> list[Outcome]:
    first, *others = blocks
    rest = [pool.submit(_run, task) for task in others]
    whole = pool.submit(_run, operator)
    _finish(rest, [whole], news, month_done)
    begun = pool.submit(_run, _told_of(first, [f.result() for f in rest]))
    _finish([whole, begun], [], news, month_done)
    return [whole.result(), begun.result(), *(f.result() for f in rest)]


def _finish(
    jobs: list[Future[Outcome]],
    others: list[Future[Outcome]],
    news: Any,
    month_done: Callable[[], None],
) -> None:
    """Wait for ``jobs``; stop at the first of them or of ``others`` that failed."""
    left = set(jobs)
    while left:
        done, left = wait(left, timeout=LOOK, return_when=FIRST_COMPLETED)
        for job in [*done, *(o for o in others if o.done())]:
            job.result()
        try:
            while True:
                news.get_nowait()
                month_done()
        except queue.Empty:
            pass


def _told_of(first: Task, others: list[Outcome]) -> Task:
    """The first block's job, with what the others told."""
    beyond: dict[str, np.ndarray] = {}
    for outcome in others:
        for key, values in outcome.told.items():
            beyond[key] = beyond[key] | values if key in beyond else values
    return replace(first, beyond=beyond)


def _listen(news: Any) -> None:
    global _told  # noqa: PLW0603 - a process has one queue, given when it starts
    _told = news


def _run(task: Task) -> Outcome:
    return run(task, lambda: _told.put(1))
