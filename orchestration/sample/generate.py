"""From options to files: draw the operator, let it live, write every month."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from orchestration.errors import TelmartError
from orchestration.sample.calendar import Month, months
from orchestration.sample.extracts import Extracts
from orchestration.sample.files import MANIFEST, ODD_SHAPES, write_period
from orchestration.sample.lives import ARREARS, EVENT_REASONS, LEAVE, Lives, live
from orchestration.sample.places import SEEDS, read_places
from orchestration.sample.population import Population, draw_population
from orchestration.settings import ROOT

FEEDS = (
    "hr.org_unit",
    "hr.staff",
    "crm.subscriber",
    "boss.product",
    "crm.contract",
    "boss.subscriber_usage",
    "boss.subscriber_bill",
    "boss.recharge",
    "boss.status_event",
)
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

    places = read_places(options.seed)
    people = draw_population(options.seed, options.subscribers, span, places)
    lives = live(options.seed, people, span, places)
    extracts = Extracts(options.seed, people, lives, span, places)
    headers = chinese_headers({feed for feed, _ in ODD_SHAPES})
    # until it is complete the truth file says so: an interrupted run is simply made again
    _write(truth_file, {"made_with": made, "complete": False})
    with ThreadPoolExecutor(max_workers=2) as pool:
        for t, month in enumerate(span):
            waiting: list[Future[None]] = [
                pool.submit(write_period, landing, feed, month.period, table, headers.get(feed, {}))
                for feed, table in extracts.of_month(t)
            ]
            for done in waiting:
                done.result()
            if progress:
                progress(t + 1, len(span))
    planted = truth(people, lives, span, extracts)
    _write(truth_file, {"made_with": made, "complete": True, "faults": [], **planted})
    return True


def truth(
    people: Population, lives: Lives, span: list[Month], extracts: Extracts
) -> dict[str, object]:
    """What was planted; months after the last one are decisions not yet carried out."""
    ids = people.subscriber_id
    empty = np.empty(0, np.int64)
    plan = {
        k: np.concatenate([empty, *(p[k].astype(np.int64) for p in lives.plans)])
        for k in ("who", "month", "kind", "fades", "forwards")
    }
    order = np.lexsort((plan["who"], plan["month"]))
    churners = [
        {
            "subscriber_id": ids[plan["who"][i]],
            "leaves_in": _period(span, int(plan["month"][i])),
            "reason": EVENT_REASONS[plan["kind"][i]],
            "fades": bool(plan["fades"][i]),
            "forwards_calls": bool(plan["forwards"][i]),
        }
        for i in order
    ]
    event = extracts.events
    cut_off = (event["type"] == LEAVE) & (event["reason"] == ARREARS)
    churners += [
        {
            "subscriber_id": ids[event["who"][i]],
            "leaves_in": span[event["month"][i]].period,
            "reason": EVENT_REASONS[ARREARS],
            "fades": False,
            "forwards_calls": False,
        }
        for i in np.flatnonzero(cut_off)
    ]
    loss = lives.value_loss
    value_loss = [
        {
            "subscriber_id": ids[who],
            "from": span[int(start)].period,
            "share_lost": round(float(share), 4),
        }
        for who, start, share in zip(loss["who"], loss["start"], loss["share"], strict=True)
        if int(start) < len(span)
    ]
    return {"churners": churners, "value_loss": value_loss}


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
    for path in [*sorted(Path(__file__).parent.glob("*.py")), *sorted(SEEDS.glob("*.csv"))]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _period(span: list[Month], t: int) -> str:
    month = span[min(t, len(span) - 1)]
    for _ in range(t - len(span) + 1):
        month = month.next
    return month.period


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
    return [landing.joinpath(*f.split("."), m.period) for f in FEEDS for m in span]


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
