"""Dashboards as code: what Superset shows, to whom, and the tool that deploys it.

Runs in an environment of its own (``superset_assets/.venv``); from the rest of telmart it imports
only ``orchestration.settings`` and ``orchestration.errors``, which need nothing but Python.
"""
