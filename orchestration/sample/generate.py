"""From options to files: draw the operator, let it live, write every month."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from orchestration.sample import truth
from orchestration.sample.calendar import months
from orchestration.sample.files import Piece, seal
from orchestration.sample.jobs import Task
from orchestration.sample.landing import (
    all_there,
    generator_version,
    refuse,
    remove_other_months,
)
from orchestration.sample.scale import SampleOptions
from orchestration.sample.workers import run_all

Say = Callable[[int, int], None]


def generate(
    landing: Path,
    truth_file: Path,
    options: SampleOptions,
    *,
    force: bool = False,
    progress: Say | None = None,
    workers: int | None = None,
) -> bool:
    """Write the sample's extracts to ``landing`` and its truth to ``truth_file``.

    Args:
        landing: root of the landing area; made if need be.
        truth_file: JSON outside the landing area.
        options: seed and size.
        force: write over a sample of other options and over planted faults.
        progress: called with (steps done, steps in all); a step is a month of a block.
        workers: processes to use; None for one per core where that is worth while. The files do
            not depend on it.

    Returns:
        False when exactly this sample lies there already and nothing was done.

    Raises:
        TelmartError: when other extracts are in the way, or the disk is full.
    """
    options.check()
    span = months(options.months)
    made_with = {**options.made_with(), "generator": generator_version()}
    before = truth.read_head(truth_file)
    if not force:
        same = bool(before.get("complete")) and before["made_with"] == made_with
        if same and all_there(landing, span):
            return False
        refuse(landing, before, made_with)
    if before:
        remove_other_months(landing, span)

    # until it is complete the truth file says so: an interrupted run is simply made again
    truth.begin(truth_file, made_with)
    scratch = truth_file.with_name(f".{truth_file.name}.parts")
    cuts = options.size.cuts()
    operator = Task(options, landing, scratch, None, len(cuts), {})
    blocks = [Task(options, landing, scratch, cut, len(cuts), {}) for cut in cuts]
    steps, done = len(span) * (1 + len(cuts)), 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, steps)

    try:
        outcomes = run_all(operator, blocks, workers, step)
        pieces: dict[tuple[str, str], list[Piece]] = {}
        for outcome in outcomes:
            for piece in outcome.pieces:
                pieces.setdefault((piece.feed, piece.period), []).append(piece)
        for parts in pieces.values():
            seal(landing, parts)
        truth.finish(truth_file, made_with, [o.planted for o in outcomes])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return True
