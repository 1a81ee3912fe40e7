"""The asset graph: one folder per part, each giving its ``definitions()``.

``feeds``    a raw table per contract
``dbt``      every model, seed and test
``quality``  arrival and mart suites, as blocking checks
``publish``  the served marts and the dashboards on them
``refresh``  the job over all of it, and the resource its steps share
"""
