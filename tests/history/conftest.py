"""A database server for the histories alone: they rebuild whole schemas."""

from tests.models.conftest import installation

__all__ = ["installation"]
