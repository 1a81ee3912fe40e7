"""The one exception people see: what went wrong and what to do about it."""

from __future__ import annotations


class TelmartError(Exception):
    """A failure with a remedy. The command line prints it without a traceback and exits with 1.

    Args:
        message: what happened, naming the file, row, column and value where there are any.
        remedy: what the reader can do now.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()
