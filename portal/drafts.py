"""A form that was begun and not yet sent: sealed under a key that only the citizen's cookie holds, for 24 hours.

The database alone opens no draft. Once sent, the sealed content is destroyed; the row stays until it expires and
remembers the request it became, so that sending twice makes one request.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from matching import database
from portal import retention, vault
from portal.models import Draft
from rights.models import RightsRequest

Answers = dict[str, dict[str, Any]]
"""What was typed, by step; kept as typed, so that going back loses nothing."""


@dataclass
class OpenDraft:
    """A draft with its key: it can be read and written.

    Attributes:
        token: what the cookie holds; opens the draft again.
    """

    row: Draft
    key: bytes

    @property
    def token(self) -> str:
        return self.row.pk.hex + "." + base64.urlsafe_b64encode(self.key).decode()

    @property
    def sent_as(self) -> UUID | None:
        """The request that this draft became."""
        return self.row.request_id

    @property
    def version(self) -> str:
        """Changes whenever anything in the draft does: what was checked is what is sent."""
        sealed = bytes(self.row.sealed) + bytes(self.row.sealed_photo or b"")
        return hashlib.sha256(self.row.pk.bytes + sealed).hexdigest()[:32]

    def answers(self) -> Answers:
        if not self.row.sealed:
            return {}
        content: Answers = json.loads(vault.unseal_with(self.key, bytes(self.row.sealed), bound_to=self.row.pk.bytes))
        return content

    def photo(self) -> bytes | None:
        """The cleaned photograph, if one was given."""
        if not self.row.sealed_photo:
            return None
        return vault.unseal_with(self.key, bytes(self.row.sealed_photo), bound_to=self.row.pk.bytes + b"photo")

    def write(self, *, step: str, typed: Mapping[str, Any]) -> None:
        """Keep what was typed in one step."""
        answers = self.answers() | {step: dict(typed)}
        self.row.sealed = vault.seal_with(self.key, json.dumps(answers).encode(), bound_to=self.row.pk.bytes)
        self._save("sealed")

    def put_photo(self, *, jpeg: bytes | None) -> None:
        """Keep a cleaned photograph in place of the one before; None removes it."""
        bound_to = self.row.pk.bytes + b"photo"
        self.row.sealed_photo = vault.seal_with(self.key, jpeg, bound_to=bound_to) if jpeg else None
        self._save("sealed_photo")

    def _save(self, field: str) -> None:
        self.row.expires_at = timezone.now() + retention.length("draft")
        # Never into a draft that another tab has sent meanwhile: its content was destroyed and stays so.
        Draft.objects.filter(pk=self.row.pk, request_id=None).update(
            **{field: getattr(self.row, field), "expires_at": self.row.expires_at}
        )

    def destroy(self) -> None:
        """Destroy what was typed, and the photograph. What became a request stays one."""
        Draft.objects.filter(pk=self.row.pk, request_id=None).delete()
        transaction.on_commit(lambda: database.flush(patient=False))


def begin() -> OpenDraft:
    """A new, empty draft."""
    key = vault.new_key()
    row = Draft(expires_at=timezone.now() + retention.length("draft"))
    row.sealed = vault.seal_with(key, b"{}", bound_to=row.pk.bytes)
    row.save(force_insert=True)
    return OpenDraft(row=row, key=key)


def open_draft(token: str) -> OpenDraft | None:
    """The draft that a cookie opens; None if it has expired or the cookie is not one of ours."""
    identifier, _dot, encoded = token.partition(".")
    try:
        row = Draft.objects.filter(pk=UUID(identifier), expires_at__gt=timezone.now()).first()
        draft = OpenDraft(row=row, key=base64.urlsafe_b64decode(encoded)) if row else None
        if draft:  # Both must open: what lay in another draft was sealed under another key.
            draft.answers()
            draft.photo()
    except (ValueError, binascii.Error, vault.VaultError):
        return None
    return draft


@transaction.atomic
def send(draft: OpenDraft, *, receive: Callable[[], RightsRequest]) -> UUID:
    """Turn the draft into a request, once, however often and from however many tabs it is sent.

    Args:
        receive: puts the request on record; called by the one sender that wins the draft.

    Returns:
        The id of the request it became, now or before.
    """
    unsent = Draft.objects.filter(pk=draft.row.pk, request_id=None)
    # The claim comes first: a second sender waits here for the first one's commit, then changes no row.
    if unsent.update(request_id=uuid4()):
        request_id = receive().pk
        Draft.objects.filter(pk=draft.row.pk).update(request_id=request_id, sealed=b"", sealed_photo=None)
    draft.row.refresh_from_db()
    if draft.row.request_id is None:
        raise RuntimeError("A draft that was claimed has no request.")
    return draft.row.request_id
