"""Superset's configuration: values only. How they work is in ``serving/``; the look in theme.yaml.

Named by SUPERSET_CONFIG_PATH. No Redis and no Celery: caches are files under ``<home>/superset``,
filter states live in the metadata database.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from superset.key_value.types import JsonKeyValueCodec

from orchestration.settings import settings
from superset_assets.serving import brand, landing, language, quality, sessions
from superset_assets.serving.attempts import AttemptStorage
from superset_assets.serving.event_log import EventLog
from superset_assets.serving.security import TelmartSecurityManager
from superset_assets.serving.warehouse import connect_as_person

_where = settings()
_state = _where.home / "superset"
_public_url = os.environ.get("TELMART_PUBLIC_URL", "")  # as people's browsers see it
_https = _public_url.startswith("https://")

# ---- where Superset keeps its own things -----------------------------------------------------
SECRET_KEY = _where.secret("superset:session", 64)
GUEST_TOKEN_JWT_SECRET = _where.secret("superset:guest", 64)
GLOBAL_ASYNC_QUERIES_JWT_SECRET = _where.secret("superset:async", 64)
SQLALCHEMY_DATABASE_URI = _where.metadata_url("superset").replace(
    "postgresql://", "postgresql+psycopg2://", 1
)
SQLALCHEMY_ENGINE_OPTIONS = {
    "pool_size": 8,
    "max_overflow": 8,
    "pool_pre_ping": True,
    "isolation_level": "READ COMMITTED",
}
SQLALCHEMY_EXAMPLES_URI = None
DATA_DIR = str(_state)
UPLOAD_FOLDER = str(_state / "uploads") + "/"
LOG_LEVEL = os.environ.get("TELMART_SUPERSET_LOG_LEVEL", "WARNING")
ALEMBIC_SKIP_LOG_CONFIG = True


def _files(name: str, days: int) -> dict[str, Any]:
    return {
        "CACHE_TYPE": "FileSystemCache",
        "CACHE_DIR": str(_state / "cache" / name),
        "CACHE_THRESHOLD": 20000,
        "CACHE_DEFAULT_TIMEOUT": int(timedelta(days=days).total_seconds()),
        "CACHE_KEY_PREFIX": name,
    }


def _metadata(days: int) -> dict[str, Any]:
    return {
        "CACHE_TYPE": "SupersetMetastoreCache",
        "CACHE_DEFAULT_TIMEOUT": int(timedelta(days=days).total_seconds()),
        "REFRESH_TIMEOUT_ON_RETRIEVAL": True,
        "CODEC": JsonKeyValueCodec(),
    }


CACHE_CONFIG = _files("app", days=1)
# Answers may be old: their key holds the state of the data, see serving/warehouse.py.
DATA_CACHE_CONFIG = _files("data", days=7)
FILTER_STATE_CACHE_CONFIG = _metadata(days=90)
EXPLORE_FORM_DATA_CACHE_CONFIG = _metadata(days=7)
CELERY_CONFIG = None
EVENT_LOGGER = EventLog()

# ---- who sees what ---------------------------------------------------------------------------
DB_CONNECTION_MUTATOR = connect_as_person
CUSTOM_SECURITY_MANAGER = TelmartSecurityManager
FEATURE_FLAGS = {
    "DASHBOARD_RBAC": True,
    "CACHE_QUERY_BY_USER": True,
    "RLS_IN_SQLLAB": True,
    "DRILL_BY": True,
    "DRILL_TO_DETAIL": True,
    "ALLOW_ADHOC_SUBQUERY": False,
    "ENABLE_TEMPLATE_PROCESSING": False,  # nothing of ours needs Jinja, and it is a way in
    "ENABLE_JAVASCRIPT_CONTROLS": False,
    "ALLOW_FULL_CSV_EXPORT": False,
    "EMBEDDED_SUPERSET": False,
    "EMBEDDABLE_CHARTS": False,
    "ALERT_REPORTS": False,
    "THUMBNAILS": False,
    "CSS_TEMPLATES": False,
    "ESTIMATE_QUERY_COST": False,
}
AUTH_ROLE_PUBLIC = "Public"
PUBLIC_ROLE_LIKE = None
AUTH_USER_REGISTRATION = False
ROW_LIMIT = 10_000
SAMPLES_ROW_LIMIT = 1_000
SQL_MAX_ROW = 50_000
DISPLAY_MAX_ROW = 10_000
DEFAULT_SQLLAB_LIMIT = 1_000
SQLLAB_TIMEOUT = 60
SUPERSET_WEBSERVER_TIMEOUT = 120
PREVENT_UNSAFE_DB_CONNECTIONS = True

# ---- the door --------------------------------------------------------------------------------
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _https
PERMANENT_SESSION_LIFETIME = timedelta(hours=12)
ENABLE_PROXY_FIX = bool(_public_url)
RATELIMIT_ENABLED = True
RATELIMIT_STORAGE_URI = AttemptStorage.STORAGE_SCHEME[0] + "://"  # one count for all processes
RATELIMIT_APPLICATION = "100 per second"  # of each process
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = os.environ.get("TELMART_LOGIN_RATE_LIMIT", "10 per minute")
FAB_PASSWORD_COMPLEXITY_ENABLED = True
FAB_API_SWAGGER_UI = False
FAB_OPENAPI_SERVERS: list[Any] = []
ENABLE_CORS = False
SHOW_STACKTRACE = False
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "script-src": ["'self'", "'strict-dynamic'"],
        "frame-ancestors": ["'self'"],
        "form-action": ["'self'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,  # the proxy in front does that
    "strict_transport_security": _https,
    "session_cookie_secure": _https,
}

# ---- language --------------------------------------------------------------------------------
BABEL_DEFAULT_LOCALE = language.DEFAULT
BABEL_TRANSLATION_DIRECTORIES = f"translations;{language.translation_folder()}"
LANGUAGES = language.LANGUAGES
COMMON_BOOTSTRAP_OVERRIDES_FUNC = language.localise
D3_FORMAT = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["¥", ""]}
CURRENCIES = ["CNY"]
CSV_EXPORT = {"encoding": "utf-8-sig"}  # the mark by which Excel knows Chinese text

# ---- look ------------------------------------------------------------------------------------
_theme = brand.theme()
APP_NAME = "telmart"
APP_ICON = "/brand/logo.svg"
LOGO_TARGET_PATH = "/"
LOGO_TOOLTIP = ""
FAVICONS = [{"href": "/brand/favicon.svg", "type": "image/svg+xml"}]
THEME_DEFAULT = {
    "token": _theme["token"],
    "components": _theme.get("components", {}),
    "algorithm": "default",
}
THEME_DARK = None
ENABLE_UI_THEME_ADMINISTRATION = False
THEME_FONT_URL_ALLOWED_DOMAINS: list[str] = []
EXTRA_CATEGORICAL_COLOR_SCHEMES = _theme["categorical"]
EXTRA_SEQUENTIAL_COLOR_SCHEMES = _theme["sequential"]
BLUEPRINTS = [brand.blueprint, quality.blueprint]


def FLASK_APP_MUTATOR(app: Any) -> None:  # noqa: N802 - Superset's name for it
    """Attach our parts to the application."""
    sessions.install(app)
    brand.install(app)
    language.install(app)
    landing.install(app)
