"""From the name of a connection to a SQLAlchemy engine, and from its errors to what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from orchestration.contracts import Feed, Source
from orchestration.errors import TelmartError
from orchestration.settings import Settings

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "oracle": "oracle+oracledb",
}
#: seconds to wait for a connection, and for the next rows of a long query
_CONNECT, _SILENT = 15, 900
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "postgresql": {"connect_timeout": _CONNECT, "application_name": "telmart pull"},
    "mysql": {"connect_timeout": _CONNECT, "read_timeout": _SILENT},
    "oracle": {"tcp_connect_timeout": _CONNECT},
}
#: how servers say that it is the user or the password
_REFUSED = ("password", "28P01", "28000", "1045", "ORA-01017", "ORA-01005")
_BROKEN = ("2006", "2013", "closed", "lost", "terminat", "reset", "EOF", "DPY-4011", "ORA-03113")


def source_of(feed: Feed) -> Source:
    """The feed's source. TelmartError if its contract names none."""
    if feed.source is None:
        raise TelmartError(
            f"{feed.name} comes as files: its contract names no server.",
            f"Add a `servers` entry to {feed.path}; docs/sources.md has an example.",
        )
    return feed.source


def variable_of(source: Source) -> str:
    """The variable that holds the connection's address."""
    return f"TELMART_SOURCE_{source.name.upper()}"


@contextmanager
def engine_for(settings: Settings, source: Source) -> Iterator[Engine]:
    """An engine that keeps no connection open.

    Raises:
        TelmartError: no address, or whatever the database says inside the block.
    """
    url = _address(settings, source)
    arguments = dict(_ARGUMENTS[source.kind])
    if source.kind == "mysql" and url.password:
        arguments["password"] = url.password.encode()  # the driver would take Latin-1
    try:
        engine = create_engine(url, connect_args=arguments, poolclass=NullPool)
    except ImportError as error:
        raise _no_driver(error) from error
    opened: list[Any] = []
    if source.kind == "mysql":
        # TIMESTAMP columns are shown in the session's zone: one that is known, not the server's
        @event.listens_for(engine, "connect")
        def in_utc(connection: Any, _record: Any) -> None:
            opened.append(connection)
            with connection.cursor() as cursor:
                cursor.execute("set time_zone = '+00:00'")

    try:
        yield engine
    except TelmartError:
        raise
    except ImportError as error:
        raise _no_driver(error) from error
    except Exception as error:
        cause = _database_error(error)
        if cause is None:
            raise
        raise _explained(source, url, cause) from error
    finally:
        for connection in opened:
            # the driver would try to read a broken result to its end when it is collected, and
            # complain on the terminal that it cannot
            if (result := getattr(connection, "_result", None)) is not None:
                result.unbuffered_active = False
        engine.dispose()


def _address(settings: Settings, source: Source) -> URL:
    name = variable_of(source)
    text = settings.variable(name)
    file = settings.variable(f"{name}_FILE")
    if not text and file:
        try:
            text = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise TelmartError(
                f"{name}_FILE cannot be read: {error}.", "Check the file and who may read it."
            ) from error
    example = f"{source.kind}://user:password@host:port/database"
    if not text:
        raise TelmartError(
            f"There is no address for the connection {source.name!r}.",
            f"Set {name}={example} in the environment or in {settings.home / 'telmart.env'}"
            f" (or {name}_FILE to a file that holds it).",
        )
    try:
        url = make_url(text)
        url = url.set(drivername="mysql") if url.drivername == "mariadb" else url
    except (ArgumentError, ValueError):  # its text may hold the password: not repeated
        raise TelmartError(f"{name} is not an address.", f"Write it like {example}.") from None
    if url.get_backend_name() != source.kind:
        raise TelmartError(
            f"{name} is the address of a {url.get_backend_name()} server, but the contract says"
            f" {source.kind}.",
            "Correct one of the two.",
        )
    return url.set(drivername=_DRIVERS[source.kind])


def _database_error(error: BaseException | None) -> SQLAlchemyError | None:
    """What the database or its driver said, under whatever it was wrapped in."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, SQLAlchemyError):
            return error
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None


def _explained(source: Source, url: URL, error: SQLAlchemyError) -> TelmartError:
    if isinstance(error, NoSuchModuleError):
        return _no_driver(error)
    orig = error.orig if isinstance(error, DBAPIError) else error
    said = " ".join(str(orig).split())[:300].rstrip(".")
    state = str(getattr(orig, "sqlstate", "") or "")
    where = f"{source.name} ({url.host}:{url.port or 'default port'}/{url.database})"
    if any(sign in f"{said} {state}" for sign in _REFUSED):
        return TelmartError(
            f"The database of {where} refuses the login: {said}.",
            f"Correct user and password in {variable_of(source)}.",
        )
    if (isinstance(error, DBAPIError) and error.connection_invalidated) or any(
        sign.lower() in said.lower() for sign in _BROKEN
    ):  # fmt: skip
        return TelmartError(
            f"The connection to {where} broke off: {said}.",
            "Nothing of it is kept. Run the same command again when the source is up.",
        )
    return TelmartError(
        f"The database of {where} says: {said}.",
        f"Check {variable_of(source)}, the network, and what its user may read.",
    )


def _no_driver(error: BaseException) -> TelmartError:
    return TelmartError(
        f"Reading databases needs libraries that are not installed: {error}.",
        'Install them: uv pip install "telmart[sources]".',
    )
