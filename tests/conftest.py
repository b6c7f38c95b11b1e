"""Fixtures of the whole suite. The environment is set before Django is loaded, whoever starts pytest."""

from tests import environment

environment.prepare()

import django  # noqa: E402
from django.conf import settings as django_settings  # noqa: E402

if django_settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: several threads and connections then meet as they do in real life.
    django_settings.DATABASES["default"]["TEST"] = {"NAME": django_settings.VAR_DIR / "test.sqlite3"}
# A password that is hard to guess from its hash takes a quarter of a second; nobody guesses here.
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Every test client makes the middleware anew; listing the static files each time takes longer than most tests.
django_settings.WHITENOISE_AUTOREFRESH = True
django.setup()

import gc  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from types import ModuleType  # noqa: E402
from typing import Any  # noqa: E402

import freezegun.api  # noqa: E402
import pytest  # noqa: E402
from celery import Celery  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import SimpleTestCase, TransactionTestCase  # noqa: E402
from django.utils import translation  # noqa: E402
from milvus_lite.server_manager import server_manager_instance  # noqa: E402
from pytest_django.fixtures import Settings  # noqa: E402

from matching.index.milvus_collection import forget_clients  # noqa: E402
from matching.models import Source  # noqa: E402
from portal import catalogues  # noqa: E402
from portal.models import ControllerProfile  # noqa: E402
from portal.serve import seed  # noqa: E402
from portal.staff.roles import Role  # noqa: E402
from rights import triggers  # noqa: E402
from tests import emptying, holdings, hostile, staffing  # noqa: E402

PASSWORD = "correct horse battery staple"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what the database may change is run: the rest would be the same test once more."""
    if environment.DATABASE == "postgres":
        kept = [item for item in items if _uses_a_database(item) and not item.get_closest_marker("any_database")]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was imported stays to the end: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _uses_a_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    asked = item.get_closest_marker("django_db") or fixtures & {"db", "transactional_db"}
    return bool(asked) or issubclass(getattr(item, "cls", None) or object, SimpleTestCase)


@pytest.fixture(scope="session", autouse=True)
def _catalogues_are_compiled() -> None:
    catalogues.compile_all()


@pytest.fixture(scope="session", autouse=True)
def _the_clock_is_stopped_soon() -> Iterator[None]:
    """Freezegun looks into each of three thousand modules whenever a test stops the clock.

    It forgets what it knows of a module that has other names than before; their number tells that as well as a hash of
    them all, for what is imported defines names and does not exchange them.
    """

    def names(module: ModuleType) -> str:
        return f"{id(module)}-{len(vars(module))}"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(freezegun.api, "_get_module_attributes_hash", names)
        yield


@pytest.fixture(scope="session", autouse=True)
def _the_suite_is_hostile() -> Iterator[None]:
    with hostile.undefined_variables_fail(), hostile.unordered_queries_are_shuffled():
        yield


@pytest.fixture(scope="session", autouse=True)
def _the_database_can_be_emptied() -> Iterator[None]:
    """Between tests that commit the tables are emptied, which the rules of the database refuse; so these go before.

    What `migrate` makes, and every test needs again, stays where no test changed it: making it takes a tenth of a
    second, a thousand times.
    """
    real = getattr(TransactionTestCase, "_fixture_teardown")  # noqa: B009 - its types do not name it

    def teardown(self: TransactionTestCase) -> None:
        triggers.remove(connection)
        if not emptying.is_as_migrated():
            real(self)
            return
        emptying.empty(connection)
        triggers.install(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """No test speaks the language of a page that another one asked for."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _own_folders(settings: Settings, tmp_path: Path) -> None:
    """No test finds another one's index or archives."""
    settings.INDEX_DIR = tmp_path / "index"
    settings.ANSWERS_DIR = tmp_path / "answers"
    settings.ERASED_LOG = tmp_path / "erased.jsonl"


@pytest.fixture(params=["segments", "milvus"])
def either_index(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[str]:
    """Everything once with each index; Milvus embedded, in a folder of the test's own."""
    settings.FACE_INDEX = request.param
    settings.MILVUS_URI = str(tmp_path / "milvus.db")
    yield request.param
    forget_clients()
    server_manager_instance.release_all()


@pytest.fixture(autouse=True)
def sent_tasks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...]]]:
    """What was handed to the broker, as (task name, arguments). There is no broker, and nothing runs by itself."""
    sent: list[tuple[str, tuple[Any, ...]]] = []

    def send_task(self: Celery, name: str, args: tuple[Any, ...] = (), **options: Any) -> None:
        sent.append((name, tuple(args)))

    monkeypatch.setattr(Celery, "send_task", send_task)
    return sent


@pytest.fixture
def run_jobs() -> Callable[[], None]:
    """Do what a worker would: every job and every notice that is due, until nothing is.

    A job that has to wait is left waiting, as in a worker; any other error is the test's to see.
    """

    def run() -> None:
        from portal import jobs, tasks
        from portal.notices import outbox

        for _round in range(50):
            due_jobs, due_notices = jobs.due(), outbox.due()
            if not due_jobs and not due_notices:
                return
            for job_id in due_jobs:
                try:
                    tasks.run_job(job_id)
                except jobs.Postponed:
                    continue
            for notice_id in due_notices:
                tasks.deliver(str(notice_id))
        raise AssertionError("The work never ends: every round makes more of it.")

    return run


@pytest.fixture
def staff(db: None) -> User:
    """A member of staff who has every role."""
    return staffing.member("reviewer-one", *Role, password=PASSWORD)


@pytest.fixture
def other_staff(db: None) -> User:
    """Another one: what is not sure needs two people."""
    return staffing.member("reviewer-two", *Role, password=PASSWORD)


@pytest.fixture
def controller(db: None) -> ControllerProfile:
    """A profile with everything that the law asks of it, in every language."""
    return seed.demo_controller()


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> holdings.People:
    """Photographs of ten people who do not exist, at most 800 pixels, made when first asked for."""
    return holdings.People(tmp_path_factory.mktemp("people"))


@pytest.fixture
def collection(people: holdings.People, tmp_path: Path, db: None) -> Source:
    """A source of real pictures of three people and a group picture, imported with dlib; the test's own copy."""
    return holdings.collection(people, tmp_path / "collection")
