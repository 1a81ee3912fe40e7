"""From what dbt built and the checks passed to what people read; or a hold that says why not.

``manifest``     which marts are published, and their descriptions, as dbt knows them
``pending``      which months and loads a run has to process
``fingerprint``  whether models or rules changed, so that all months have to be processed
``publish``      one transaction from ``build`` to the served schemas
``holds``        what stops publication, and the state people are shown
``notices``      what the header adds: late and missing feeds, months restated
``closing``      months that are closed, and their versions
``restating``    which published months were changed, and why
"""

from orchestration.publication.closing import close_months, list_closes
from orchestration.publication.fingerprint import fingerprint, is_unchanged
from orchestration.publication.holds import (
    Hold,
    current_state,
    open_hold,
    open_holds,
    resolve_holds,
)
from orchestration.publication.manifest import PublishedTable, needed_feeds, published_marts
from orchestration.publication.notices import refresh_notices
from orchestration.publication.pending import Pending, pending
from orchestration.publication.publish import PublishResult, publish

__all__ = [
    "Hold",
    "Pending",
    "PublishResult",
    "PublishedTable",
    "close_months",
    "current_state",
    "fingerprint",
    "is_unchanged",
    "list_closes",
    "needed_feeds",
    "open_hold",
    "open_holds",
    "pending",
    "publish",
    "published_marts",
    "refresh_notices",
    "resolve_holds",
]
