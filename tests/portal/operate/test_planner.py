"""The statistics that SQLite plans by."""

import pytest
from django.db import connection

from portal import tasks
from portal.celery import app
from portal.models import EmailCode
from portal.operate import planner
from tests.portal.deeds import Ask

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_sqlite_learns_what_the_desks_indexes_hold_and_nothing_of_tables_that_could_name_somebody(ask: Ask) -> None:
    ask()
    tasks.take_statistics()
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tbl FROM sqlite_stat1")
        counted = {name for (name,) in cursor.fetchall()}
    tables = {model._meta.db_table for model in planner.COUNTED}
    assert {"rights_rightsrequest", "portal_notice"} <= counted <= tables
    assert EmailCode._meta.db_table not in tables


def test_it_is_done_every_hour() -> None:
    assert "portal.tasks.take_statistics" in {each["task"] for each in app.conf.beat_schedule.values()}
