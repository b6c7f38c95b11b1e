"""Production refuses to start with what is missing, public or weak, in one sentence that names the setting."""

import base64
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import ROOT

KEY = base64.b64encode(secrets.token_bytes(32)).decode()
SOUND = {
    "REGARD_PROFILE": "production",
    "REGARD_SECRET_KEY": secrets.token_urlsafe(48),
    "REGARD_KEYS": f"2026:{KEY}",
    "REGARD_PUBLIC_URL": "https://regard.example.org",
    "REGARD_SMTP_URL": "smtps://user:password@mail.example.org",
    "REGARD_MAIL_FROM": "Regard <regard@example.org>",
}


def run(var: Path, *command: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python as production would, with some settings changed, or unset by None."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("REGARD_", "DJANGO_"))}
    wanted = environment | SOUND | {"REGARD_VAR": str(var)} | changes
    clean = {name: value for name, value in wanted.items() if value is not None}
    return subprocess.run([sys.executable, *command], cwd=ROOT, env=clean, capture_output=True, text=True)


def test_the_checks_for_deployment_are_silent(tmp_path: Path) -> None:
    result = run(tmp_path, "-W", "error", "manage.py", "check", "--deploy", "--fail-level", "DEBUG")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout == "System check identified no issues (0 silenced).\n"
    assert result.stderr == ""


def test_cookies_go_over_https_alone_and_belong_to_this_host(tmp_path: Path) -> None:
    names = ("SESSION_COOKIE", "CSRF_COOKIE", "LANGUAGE_COOKIE")
    told = "; ".join(f"assert s.{name}_SECURE and s.{name}_HTTPONLY and s.{name}_SAMESITE == 'Lax'" for name in names)
    hosts = "; ".join(f"assert s.{name}_NAME.startswith('__Host-')" for name in names[:2])
    hsts = "assert s.SECURE_HSTS_SECONDS >= 31536000 and s.SECURE_HSTS_INCLUDE_SUBDOMAINS and s.SECURE_SSL_REDIRECT"
    result = run(tmp_path, "-c", f"from portal import settings as s; {told}; {hosts}; {hsts}; assert not s.DEBUG")
    assert result.returncode == 0, result.stderr


DEVELOPMENT_SECRET = "development only, and the profile says so"
DEVELOPMENT_KEY = "dev:" + base64.b64encode(b"development key, no secret here!").decode()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("REGARD_SECRET_KEY", None, "is not set"),
        ("REGARD_SECRET_KEY", DEVELOPMENT_SECRET, "public code"),
        ("REGARD_SECRET_KEY", "django-insecure-" + secrets.token_urlsafe(48), "public code"),
        ("REGARD_SECRET_KEY", secrets.token_urlsafe(20), "too weak"),
        ("REGARD_SECRET_KEY", "ab" * 40, "too weak"),
        ("REGARD_KEYS", None, "is not set"),
        ("REGARD_KEYS", DEVELOPMENT_KEY, "not random"),
        ("REGARD_KEYS", f"2026:{KEY},old:" + base64.b64encode(b"k" * 32).decode(), "'old' is not random"),
        ("REGARD_KEYS", f"2026:{KEY},2026:{KEY}", "stands there twice"),
        ("REGARD_KEYS", f"{'k' * 33}:{KEY}", "over 32 characters"),
        ("REGARD_EVIDENCE_DAYS", "0", "at least 1"),
        ("REGARD_RECORD_DAYS", "-90", "at least 1"),
        ("REGARD_KEYS", "2026:" + base64.b64encode(b"short").decode(), "exactly 32 bytes"),
        ("REGARD_PUBLIC_URL", None, "is not set"),
        ("REGARD_PUBLIC_URL", "http://regard.example.org", "https://"),
        ("REGARD_PUBLIC_URL", "https://regard.example.org/portal", "without a path"),
        ("REGARD_HOSTS", "*", "in full"),
        ("REGARD_HOSTS", "regard.example.org,.example.org", "in full"),
        ("REGARD_SMTP_URL", None, "is not set"),
        ("REGARD_MAIL_FROM", None, "is not set"),
    ],
)
def test_production_does_not_start_with(tmp_path: Path, name: str, value: str | None, words: str) -> None:
    result = run(tmp_path, "-c", "import portal.settings", **{name: value})
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith(f"django.core.exceptions.ImproperlyConfigured: {name}")
    assert words in last
    assert value is None or value not in last or len(value) < 40  # A secret is not told.


def test_what_is_sound_starts(tmp_path: Path) -> None:
    assert run(tmp_path, "-c", "import portal.settings").returncode == 0
