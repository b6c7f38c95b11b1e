"""Second factors beyond the pages that ask for them."""

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from portal.operate import contents
from portal.operate.finding import Level
from portal.staff import factors

pytestmark = pytest.mark.django_db


def test_recovery_codes_let_in_when_the_master_key_of_the_app_is_gone(settings: Settings, staff: User) -> None:
    settings.MASTER_KEYS = [("old", bytes(range(32)))]
    app = factors.pending(staff)
    app.confirmed = True
    app.save()
    codes = factors.new_recovery_codes(staff)
    settings.MASTER_KEYS = [("new", bytes(range(32, 64)))]
    assert contents.keys().level == Level.WRONG
    assert factors.take(staff, "123456") is None
    assert factors.take(staff, codes[0]) is not None
    assert factors.take(staff, codes[0]) is None
