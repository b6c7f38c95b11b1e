"""The second factor of an account: an authenticator app, passkeys, and codes for who has lost both.

Passkeys are `django_otp_webauthn`'s. The app's secret is ours to keep: sealed, and no code of it is taken twice.
"""

import base64
import hashlib
import hmac
import logging
import secrets
import time
from typing import Final
from urllib.parse import quote, urlencode

import segno
from django.contrib.auth.models import User
from django.db import transaction
from django_otp.models import Device
from django_otp.oath import TOTP, hotp
from django_otp_webauthn.models import WebAuthnCredential

from matching import sealing
from portal.models import RecoveryCodes, Totp

logger = logging.getLogger(__name__)

ISSUER: Final = "Regard"
SECRET_BYTES: Final = 20
"""As RFC 4226 recommends, and as every app takes."""
TOLERANCE: Final = 1
"""Steps of thirty seconds that a clock may be off."""
CODES: Final = 10
CODE_BYTES: Final = 10


def is_enrolled(user: User) -> bool:
    """Whether the account has a second factor; recovery codes alone are none."""
    return (
        Totp.objects.filter(user=user, confirmed=True).exists()
        or WebAuthnCredential.objects.filter(user=user, confirmed=True).exists()
    )


# --- the app ----------------------------------------------------------------------------------------------------------


def pending(user: User) -> Totp:
    """The app that the account may begin to use: made once, and the same until a code of it was typed."""
    device = Totp.objects.filter(user=user, confirmed=False).first()
    if device is None:
        device = Totp(user=user, name=ISSUER, confirmed=False)
        device.master_key, device.wrapped = sealing.wrap(secrets.token_bytes(SECRET_BYTES), bound_to=device.bound_to())
        device.save()
    return device


def secret_of(device: Totp) -> bytes:
    """The secret that the app shares with us. Raises: sealing.VaultError."""
    return sealing.unwrap(device.master_key, bytes(device.wrapped), bound_to=device.bound_to())


def as_text(secret: bytes) -> str:
    """The secret as people type it into an app that cannot read a picture."""
    return base64.b32encode(secret).decode().rstrip("=")


def picture(user: User, secret: bytes) -> str:
    """The QR code that an app reads, as SVG to stand in a page. It is made here: nobody else sees the secret."""
    label = quote(f"{ISSUER}:{user.get_username()}")
    address = f"otpauth://totp/{label}?{urlencode({'secret': as_text(secret), 'issuer': ISSUER})}"
    code = segno.make(address, micro=False)
    return str(code.svg_inline(scale=5, border=4, dark="#000", light="#fff", title=None, omitsize=False))


@transaction.atomic
def confirm(user: User, code: str) -> Totp | None:
    """Begin to use the pending app, in the place of an earlier one. None if that is not its code."""
    device = Totp.objects.select_for_update().filter(user=user, confirmed=False).first()
    if device is None or not _take(device, code):
        return None
    Totp.objects.filter(user=user, confirmed=True).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    return device


def _take(device: Totp, code: str) -> bool:
    """Whether this is a code of the app that was not taken before; it is from now on."""
    totp = TOTP(secret_of(device))
    if not (code.isascii() and code.isdigit() and len(code) == totp.digits):
        return False
    if not totp.verify(int(code), TOLERANCE, device.last_step + 1):
        return False
    device.last_step = totp.t()
    device.save(update_fields=["last_step"])
    return True


def current_code(user: User) -> tuple[str, int]:
    """The next code of the account's app that would be taken, and in how many seconds. For trying out only.

    Raises:
        Totp.DoesNotExist: the account has no app.
    """
    device = Totp.objects.get(user=user, confirmed=True)
    totp = TOTP(secret_of(device))
    now = time.time()
    step = max(totp.t(), device.last_step + 1)
    code = f"{hotp(totp.key, step):0{totp.digits}d}"
    return code, max(0, (step - TOLERANCE) * totp.step - int(now))


# --- recovery codes ---------------------------------------------------------------------------------------------------


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Ten codes, each good for once, in the place of earlier ones. They can be read only now."""
    codes = [_readable(secrets.token_bytes(CODE_BYTES)) for _each in range(CODES)]
    RecoveryCodes.objects.update_or_create(
        user=user, defaults={"name": "recovery codes", "digests": [_digest(code) for code in codes]}
    )
    return codes


def recovery_codes_left(user: User) -> int:
    """How many of the account's recovery codes are still good."""
    row = RecoveryCodes.objects.filter(user=user).first()
    return len(row.digests) if row else 0


def _readable(data: bytes) -> str:
    text = base64.b32encode(data).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _digest(code: str) -> str:
    """Eighty random bits are not guessed from a plain hash."""
    return hashlib.sha256("".join(code.split()).replace("-", "").upper().encode()).hexdigest()


# --- signing in -------------------------------------------------------------------------------------------------------


@transaction.atomic
def take(user: User, code: str) -> Device | None:
    """The app or the recovery codes of the account, if this is a code of theirs that was not taken before."""
    typed = "".join(code.split())
    app = Totp.objects.select_for_update().filter(user=user, confirmed=True).first()
    try:
        if app is not None and _take(app, typed):
            return app
    except sealing.VaultError as problem:  # The master key is gone; the recovery codes need none.
        logger.error("The secret of an app cannot be opened: %s.", type(problem).__name__)
    row = RecoveryCodes.objects.select_for_update().filter(user=user).first()
    if row is None:
        return None
    wanted = _digest(typed)
    left = [digest for digest in row.digests if not hmac.compare_digest(digest, wanted)]
    if len(left) == len(row.digests):
        return None
    row.digests = left
    row.save(update_fields=["digests"])
    return row


@transaction.atomic
def reset(user: User) -> bool:
    """Forget every factor of an account, which enrols anew at its next sign-in. False if it had none."""
    rows = (Totp, RecoveryCodes, WebAuthnCredential)
    return sum(model.objects.filter(user=user).delete()[0] for model in rows) > 0


def wrapped_keys() -> sealing.Keys:
    """The secret of every app."""
    return sealing.Keys(Totp.objects.all(), lambda row: row.bound_to())
