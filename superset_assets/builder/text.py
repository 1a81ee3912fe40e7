"""Texts that exist in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestration.errors import TelmartError

#: the languages we build for; the first is the one without a suffix
LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Text:
    """One text in Chinese and English."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        """The text in ``language`` (zh or en)."""
        return self.zh if language == "zh" else self.en


def suffix(language: str) -> str:
    """What names and slugs of ``language`` end with."""
    return "" if language == "zh" else f"_{language}"


def read_text(value: Any, where: str, *, required: bool = True) -> Text:
    """Read ``{zh: …, en: …}``.

    Args:
        where: file and field, for the error.
        required: whether both must be there and not empty.

    Raises:
        TelmartError: a language is missing.
    """
    if value is None and not required:
        return Text("", "")
    given = value if isinstance(value, dict) else {}
    missing = [language for language in LANGUAGES if not str(given.get(language) or "").strip()]
    if missing:
        raise TelmartError(
            f"{where}: no text in {' and '.join(missing)} (found {value!r}).",
            "Write both, as in: {zh: 客户保有率, en: Customer retention}.",
        )
    return Text(str(given["zh"]).strip(), str(given["en"]).strip())
