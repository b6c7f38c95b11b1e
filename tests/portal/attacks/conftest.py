"""Attackers at their browsers."""

from tests.portal.citizens.conftest import another, person

__all__ = ["another", "person"]
