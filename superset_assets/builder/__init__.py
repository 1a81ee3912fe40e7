"""Builds what Superset imports, from the dbt manifest and the short specs beside this package.

``manifest`` reads marts and metrics from dbt, ``specs`` reads charts and dashboards, ``check``
refuses what does not fit together, the rest writes files. Nothing here talks to Superset or to a
database.
"""
