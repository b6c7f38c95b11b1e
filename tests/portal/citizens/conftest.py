"""People at their browsers."""

from collections.abc import Callable

import pytest

from tests.portal.citizens.person import Person


@pytest.fixture
def person(controller: object) -> Person:
    return Person()


@pytest.fixture
def another(controller: object) -> Callable[[], Person]:
    """Somebody at another browser."""
    return Person
