"""Sessions in the database, which opens none of them: of each key it holds a digest, the browser's cookie the key."""

import hashlib
from typing import Any, Final

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db.models import QuerySet
from django.utils import timezone

DIGITS: Final = 40
"""As long as Django's column is; 160 bits of the digest."""


def stored(key: str) -> str:
    """What stands in the database for a key. A key is random, 165 bits of it: a plain digest cannot be reversed."""
    return hashlib.sha256(f"portal.sessions:{key}".encode()).hexdigest()[:DIGITS]


class SessionStore(db.SessionStore):
    """Django's, which reads and writes rows under `stored` keys. Nothing here is asynchronous, and so neither is it.

    The content of a row is signed for its key: moved to another row it is empty.
    """

    @property
    def key_salt(self) -> str:
        return f"portal.sessions.{stored(self.session_key or '')}"

    def _rows(self, key: str) -> QuerySet[AbstractBaseSession]:
        return self.model.objects.filter(session_key=stored(key))

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        row = self._rows(self.session_key or "").filter(expire_date__gt=timezone.now()).first()
        if row is None:
            self._session_key = None
        return row

    def exists(self, session_key: str) -> bool:
        return self._rows(session_key).exists()

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = super().create_model_instance(data)
        row.session_key = stored(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            self._rows(key).delete()
