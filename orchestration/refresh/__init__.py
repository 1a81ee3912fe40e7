"""One refresh: from what lies in the landing area to what people see.

``survey``    what there is to do, from the ledger and the landing area, in a second
``lock``      one refresh at a time, and clearing up after one that was killed
``instance``  the Dagster instance of this installation
``manifest``  dbt's manifest, parsed again only when the project changed
``progress``  what the person at the terminal sees meanwhile
``execute``   the Dagster job, run in this process
"""
