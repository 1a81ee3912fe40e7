"""One sample of the demo's size, made once per session."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orchestration.sample import SampleOptions, generate
from tests.metrics.extract_files import read_feed


class Feeds(dict[str, pl.DataFrame]):
    """Feeds by name, each read when it is first asked for."""

    def __init__(self, landing: Path) -> None:
        super().__init__()
        self.landing = landing

    def __missing__(self, feed: str) -> pl.DataFrame:
        self[feed] = read_feed(self.landing, feed)
        return self[feed]


@dataclass
class Sample:
    """A generated sample and its feeds as tables (hundredths as whole numbers)."""

    landing: Path
    truth_file: Path

    @cached_property
    def feeds(self) -> dict[str, pl.DataFrame]:
        return Feeds(self.landing)

    @cached_property
    def truth(self) -> dict[str, Any]:
        return json.loads(self.truth_file.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample of ``telmart sample`` without options."""
    home = tmp_path_factory.mktemp("sample")
    made = Sample(home / "landing", home / "truth.json")
    assert generate(made.landing, made.truth_file, SampleOptions())
    return made
