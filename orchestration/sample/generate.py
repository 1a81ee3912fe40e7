"""From options to files: draw the operator, let it live, write every month."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from orchestration.errors import TelmartError
from orchestration.sample.behaviour import Behaviour
from orchestration.sample.calendar import Month, months
from orchestration.sample.channel.openings import place_openings
from orchestration.sample.files import MANIFEST, ODD_SHAPES, write_period
from orchestration.sample.lives import live
from orchestration.sample.operator import (
    Block,
    BlockMonth,
    Operator,
    Scale,
)
from orchestration.sample.parts import FEEDS, FULL_FEEDS, OPERATOR_PARTS, SUBSCRIBER_PARTS
from orchestration.sample.places import SEEDS, read_places
from orchestration.sample.population import draw_population
from orchestration.settings import ROOT

MAX_MONTHS = 60
Say = Callable[[int, int], None]


@dataclass(frozen=True)
class SampleOptions:
    """What to generate. The files depend on these and on nothing else."""

    seed: int = 20260217
    subscribers: int = 20_000
    months: int = 18

    def check(self) -> None:
        """Refuse sizes that make no sample."""
        if not 1 <= self.months <= MAX_MONTHS:
            raise TelmartError(
                f"A sample of {self.months} months cannot be made.",
                f"Choose --months between 1 and {MAX_MONTHS}.",
            )
        if not 100 <= self.subscribers <= 5_000_000:
            raise TelmartError(
                f"A sample of {self.subscribers} subscribers cannot be made.",
                "Choose --subscribers between 100 and 5000000.",
            )


def generate(
    landing: Path,
    truth_file: Path,
    options: SampleOptions,
    *,
    force: bool = False,
    progress: Say | None = None,
) -> bool:
    """Write the sample's extracts to ``landing`` and its truth to ``truth_file``.

    Args:
        landing: root of the landing area; made if need be.
        truth_file: JSON outside the landing area.
        options: seed and size.
        force: write over a sample of other options and over planted faults.
        progress: called with (months done, months in all).

    Returns:
        False when exactly this sample lies there already and nothing was done.

    Raises:
        TelmartError: when other extracts are in the way, or the disk is full.
    """
    options.check()
    span = months(options.months)
    made = {
        "seed": options.seed,
        "subscribers": options.subscribers,
        "months": options.months,
        "generator": generator_version(),
    }
    before = _read(truth_file)
    if not force:
        if before.get("complete") and before["made_with"] == made and _all_there(landing, span):
            return False
        _refuse(landing, before, made)
    if before:
        _remove_other_months(landing, span)

    operator = Operator(
        options.seed, span, read_places(options.seed), Scale(subscribers=options.subscribers)
    )
    headers = chinese_headers({feed for feed, _ in ODD_SHAPES})
    # until it is complete the truth file says so: an interrupted run is simply made again
    _write(truth_file, {"made_with": made, "complete": False})
    block = draw_block(operator)
    whole = [part(operator) for part in OPERATOR_PARTS]
    by_subscriber = [part(operator, block) for part in SUBSCRIBER_PARTS]
    with ThreadPoolExecutor(max_workers=2) as pool:
        for t, month in enumerate(span):
            done = BlockMonth(t, *block.behaviour.month(t))
            tables = chain(
                *(part.of_month(t) for part in whole),
                *(part.of_month(done) for part in by_subscriber),
            )
            waiting: list[Future[None]] = [
                pool.submit(
                    write_period,
                    landing,
                    feed,
                    "full" if feed in FULL_FEEDS else month.period,
                    table,
                    headers.get(feed, {}),
                )
                for feed, table in tables
            ]
            for written in waiting:
                written.result()
            if progress:
                progress(t + 1, len(span))
    planted: dict[str, Any] = {}
    for truth in [*(part.truth() for part in whole), *(part.truth() for part in by_subscriber)]:
        planted |= truth
    _write(truth_file, {"made_with": made, "complete": True, "faults": [], **planted})
    return True


def draw_block(operator: Operator) -> Block:
    """All subscribers, and the lives they lead."""
    seed, span, places = operator.seed, operator.span, operator.places
    people = draw_population(seed, operator.scale.subscribers, span, places)
    lives = live(seed, people, span, places)
    behaviour = Behaviour(seed, people, lives, span)
    block = Block(0, 0, people, lives, behaviour, pl.Series(people.subscriber_id))
    behaviour.silent = place_openings(operator, block).fake
    return block


def chinese_headers(feeds: set[str]) -> dict[str, dict[str, str]]:
    """Chinese name of each column of ``feeds``, as the standard contracts give it."""
    found = {}
    for feed in sorted(feeds):
        path = ROOT.joinpath("expectations/contracts", *feed.split(".")).with_suffix(".yaml")
        contract = yaml.safe_load(path.read_text(encoding="utf-8"))
        found[feed] = {
            column["name"]: next(
                p["value"] for p in column["customProperties"] if p["property"] == "nameZh"
            )
            for column in contract["schema"][0]["properties"]
        }
    return found


def generator_version() -> str:
    """Fingerprint of everything the files depend on besides the options."""
    digest = hashlib.sha256()
    code = Path(__file__).parent
    for root, files in ((code, sorted(code.rglob("*.py"))), (SEEDS, sorted(SEEDS.glob("*.csv")))):
        for path in files:
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _read(truth_file: Path) -> dict[str, Any]:
    """The truth of the sample that lies there; empty when there is none that can be read."""
    try:
        known = json.loads(truth_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) and "made_with" in known else {}


def _write(truth_file: Path, content: dict[str, object]) -> None:
    truth_file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    truth_file.write_text(text + "\n", encoding="utf-8")


def _folders(landing: Path, span: list[Month]) -> list[Path]:
    monthly = [f for f in FEEDS if f not in FULL_FEEDS]
    return [
        *(landing.joinpath(*f.split("."), m.period) for f in monthly for m in span),
        *(landing.joinpath(*f.split("."), "full") for f in sorted(FULL_FEEDS)),
    ]


def _all_there(landing: Path, span: list[Month]) -> bool:
    return all((folder / MANIFEST).is_file() for folder in _folders(landing, span))


def _refuse(landing: Path, before: dict[str, Any], made: dict[str, object]) -> None:
    """Never write over extracts that this command did not make, nor over another sample."""
    if before:
        asked = {k: v for k, v in made.items() if k != "generator"}
        known = {k: v for k, v in before["made_with"].items() if k != "generator"}
        if known != asked:
            sizes = ", ".join(f"{k} {v}" for k, v in known.items())
            raise TelmartError(
                f"{landing} already holds another sample ({sizes}).",
                "Choose another folder with --to, or replace it with --force.",
            )
        return
    for feed in FEEDS:
        folder = landing.joinpath(*feed.split("."))
        if folder.is_dir() and any(folder.iterdir()):
            raise TelmartError(
                f"{folder} already holds extracts that are not a sample.",
                "Choose another folder with --to, or write over them with --force.",
            )


def _remove_other_months(landing: Path, span: list[Month]) -> None:
    """A shorter sample takes the place of a longer one: its other months go."""
    keep = set(_folders(landing, span))
    for folder in set(_folders(landing, months(MAX_MONTHS))) - keep:
        if folder.is_dir():
            shutil.rmtree(folder)
