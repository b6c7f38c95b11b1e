"""Every check, in the order in which to mend things."""

from collections.abc import Callable, Iterator
from typing import Final

from django.db import Error

from portal.operate import contents, services
from portal.operate.finding import Finding, wrong

CHECKS: Final[dict[str, Callable[[], Finding]]] = {
    "database": services.database,
    "migrations": services.migrations,
    "clock": services.clock,
    "disk": services.disk,
    "keys": contents.keys,
    "broker": services.broker,
    "workers": services.workers,
    "beat": services.beat,
    "mail": services.mail,
    "outbox": contents.outbox,
    "jobs": contents.jobs,
    "index": contents.index,
    "sources": contents.reachable_sources,
    "destruction": contents.destruction,
    "languages": contents.languages,
    "profile": contents.profile,
}


def examine(name: str) -> Finding:
    """One check. What a database that is away or has other tables raises is a finding like any other."""
    try:
        return CHECKS[name]()
    except Error as error:
        do = "See that it runs, that REGARD_DATABASE_URL is right, and run manage.py migrate."
        return wrong(f"The database could not be asked ({type(error).__name__}).", do)


def findings() -> Iterator[tuple[str, Finding]]:
    """The name of each check with what it found, one after the other."""
    for name in CHECKS:
        yield name, examine(name)
