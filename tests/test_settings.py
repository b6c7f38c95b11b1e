"""Production refuses to start with what is missing, public or weak, in one sentence that names the setting."""

import base64
import json
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


def test_every_kind_of_answer_of_production_carries_the_headers(tmp_path: Path) -> None:
    """Errors (there is no database), redirects, the one to TLS too, files, and what monitoring asks."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "some.css").write_text("p { margin: 0 }", encoding="utf-8")
    result = run(tmp_path, "-c", ASK)
    assert result.returncode == 0, result.stderr
    answers = json.loads(result.stdout.splitlines()[-1])
    statuses = {address: status for address, (status, _headers) in answers.items()}
    assert statuses == {
        "https /static/some.css": 200, "https /nowhere/": 500, "https /find/": 500, "https /desk/": 302,
        "https /healthz": 200, "http /find/": 301, "evil /find/": 500,
    }  # fmt: skip
    for address, (_status, headers) in answers.items():
        assert "default-src 'none'" in headers["Content-Security-Policy"], address
        assert "unsafe" not in headers["Content-Security-Policy"], address
        assert headers["X-Content-Type-Options"] == "nosniff", address
        assert headers["Referrer-Policy"] in ("same-origin", "no-referrer"), address
        if address.startswith("https") and "healthz" not in address:
            assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload", address


ASK = """
import json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
import django
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # Not collected.
django.setup()
from django.test import Client
asked = {
    "https": ({"HTTP_X_FORWARDED_PROTO": "https", "HTTP_HOST": "regard.example.org"},
              ["/static/some.css", "/nowhere/", "/find/", "/desk/", "/healthz"]),
    "http": ({"HTTP_HOST": "regard.example.org"}, ["/find/"]),
    "evil": ({"HTTP_X_FORWARDED_PROTO": "https", "HTTP_HOST": "evil.example"}, ["/find/"]),
}
found = {}
for how, (headers, addresses) in asked.items():
    for address in addresses:
        answer = Client(raise_request_exception=False, **headers).get(address)
        found[f"{how} {address}"] = (answer.status_code, dict(answer.headers))
print(json.dumps(found))
"""
"""What `run` asks a portal in production."""
