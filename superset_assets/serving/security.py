"""Superset's security manager with three things 6.1.0 leaves out: login limits, cache keys, locale.

- Login attempts are limited on the form and on the API (6.1.0 puts its limit on a view that does
  not take the password).
- Every cached answer carries the person, the person's scope and the state of the data in its key.
"""

from __future__ import annotations

from typing import Any

from flask import current_app
from superset.security import SupersetSecurityManager
from superset.utils.core import get_username

from superset_assets.serving.warehouse import stamp

#: blueprints whose POST takes a password
LOGIN_BLUEPRINTS = ("AuthDBView", "SupersetAuthView", "SecurityApi")


class TelmartSecurityManager(SupersetSecurityManager):  # type: ignore[misc]
    """See the module."""

    def register_views(self) -> None:
        """Register as Superset does, then put the limit where passwords really arrive."""
        super().register_views()
        if self.is_auth_limited:
            for name in LOGIN_BLUEPRINTS:
                if name in current_app.blueprints:
                    limit = self.limiter.limit(self.auth_rate_limit, methods=["POST"])
                    limit(current_app.blueprints[name])

    def get_rls_cache_key(self, datasource: Any) -> list[str]:
        """Row rules as Superset knows them, and whose answer it is."""
        return [*super().get_rls_cache_key(datasource), stamp(get_username())]
