"""The documents tell the truth about this checkout: what they name is there."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import ROOT

pytestmark = pytest.mark.fast

TRACKED = subprocess.run(
    ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split("\0")[:-1]
PAGES = [name for name in TRACKED if name.endswith(".md")]
#: a path of this repository, as text names it
_PATH = re.compile(
    r"(?<![\w./<>-])((?:docs|tests|orchestration|dbt_project|superset_assets|seeds|expectations"
    r"|benchmarks|examples)/[\w./-]*\w\.(?:md|py|yaml|yml|sql|csv|png|svg|css))\b"
)
_LINK = re.compile(r"\]\((?!https?://|/|#)([^)#\s]+)")


def _missing(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
    named = {ROOT / path for path in _PATH.findall(text)}
    if name.endswith(".md"):
        named |= {(ROOT / name).parent / link for link in _LINK.findall(text)}
    return sorted(str(path) for path in named if not path.exists())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_names_what_exists(name: str) -> None:
    assert _missing(name) == []


def test_code_and_makefile_name_what_exists() -> None:
    """Remedies, comments and docstrings send people to files, too."""
    texts = [n for n in TRACKED if n.endswith((".py", ".yaml", ".yml")) or n == "Makefile"]
    found = {name: _missing(name) for name in texts if not name.startswith("tests/")}
    assert {name: paths for name, paths in found.items() if paths} == {}


def test_modules_the_makefile_runs_exist() -> None:
    modules = re.findall(r"-m ((?:orchestration|benchmarks|superset_assets)[\w.]*)",
                         (ROOT / "Makefile").read_text())  # fmt: skip
    assert modules
    for module in modules:
        assert importlib.util.find_spec(module), module


@pytest.fixture(scope="module")
def commands() -> set[str]:
    """What `telmart --help` lists."""
    known = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "--help"], cwd=ROOT, capture_output=True,
        text=True, check=True, env={"COLUMNS": "200", "PATH": "/usr/bin"},
    ).stdout  # fmt: skip
    return set(re.findall(r"^[│|] (\w+) ", known, flags=re.MULTILINE))


@pytest.mark.parametrize("page", ["README.md", *(n for n in PAGES if n.startswith("docs/"))])
def test_commands_a_page_shows_are_commands(page: str, commands: set[str]) -> None:
    assert {"up", "run", "load"} <= commands
    text = Path(ROOT / page).read_text(encoding="utf-8")
    shown = set(re.findall(r"(?:^|`)(?:\.venv/bin/)?telmart ([a-z]+)\b", text, flags=re.MULTILINE))
    assert shown <= commands
