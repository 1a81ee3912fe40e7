"""What `make install` does before anything is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import ROOT

pytestmark = pytest.mark.fast


def test_an_activated_environment_without_pip_is_looked_behind(tmp_path: Path) -> None:
    made = [sys.executable, "-m", "venv", "--without-pip", str(tmp_path)]
    subprocess.run(made, check=True)
    bare = str(tmp_path / "bin/python")
    asks = f"import bootstrap; print(bootstrap.with_pip({bare!r}))"
    said = subprocess.run(
        [bare, "-c", asks], cwd=ROOT / "orchestration", check=True, capture_output=True, text=True
    )
    found = said.stdout.strip()
    assert found != bare
    assert subprocess.run([found, "-m", "pip", "--version"], check=False).returncode == 0
