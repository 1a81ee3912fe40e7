"""What Dagster loads: ``dagster-webserver -m orchestration.definitions``. It only collects."""

from orchestration.defs import load
from orchestration.settings import settings

defs = load(settings())
