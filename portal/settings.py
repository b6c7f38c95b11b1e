"""Settings, read from the environment; a value that cannot be read stops the start with a sentence saying why.

Three profiles (`REGARD_PROFILE`): `dev` is what `make run` uses, `test` is what the suite uses; `production` is the
default and refuses to start while a secret, a host name or the public address is missing.
"""

import base64
import binascii
import os
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from environs import Env

from portal import languages

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent

PROFILE = env.str("REGARD_PROFILE", "production")
if PROFILE not in ("dev", "test", "production"):
    raise ImproperlyConfigured(f"REGARD_PROFILE is {PROFILE!r}; it must be dev, test or production.")
PRODUCTION = PROFILE == "production"

VAR_DIR = Path(env.str("REGARD_VAR", str(BASE_DIR / "var"))).resolve()
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
"""Everything the portal writes outside the database: the index, the sealed archives, local state."""
if PROFILE == "dev":
    # Written by portal.serve.keys; the environment wins.
    env.read_env(VAR_DIR / "development.env", recurse=False)
    env.read_env(VAR_DIR / "run" / "address.env", recurse=False)


def _required(name: str, otherwise: str) -> str:
    """The value of a setting that has a default in `dev` and `test` only."""
    value = env.str(name, "" if PRODUCTION else otherwise)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. In production it has no default; see docs/settings.md.")
    return value


DEVELOPMENT_SECRET = "development only, and the profile says so"  # noqa: S105 - production refuses it
DEVELOPMENT_KEY = b"development key, no secret here!"
LEAST_SECRET = 50
"""Characters. Sessions, links and codes are as hard to forge as this is to guess."""
LEAST_VARIETY = 12
"""Different bytes in a master key, or characters in the secret: random ones have more, typed ones rarely."""


def _secret() -> str:
    """The secret that signs; in production neither ours nor one that can be guessed."""
    secret = _required("REGARD_SECRET_KEY", DEVELOPMENT_SECRET)
    if PRODUCTION and (secret == DEVELOPMENT_SECRET or secret.startswith("django-insecure-")):
        raise ImproperlyConfigured("REGARD_SECRET_KEY is one that stands in public code; make one of your own.")
    if PRODUCTION and (len(secret) < LEAST_SECRET or len(set(secret)) < LEAST_VARIETY):
        raise ImproperlyConfigured(f"REGARD_SECRET_KEY is too weak: it needs {LEAST_SECRET} random characters.")
    return secret


def _public_url() -> str:
    """Where citizens reach the portal; in production over HTTPS only."""
    url = _required("REGARD_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise ImproperlyConfigured("REGARD_PUBLIC_URL is written https://host, without a path.")
    if PRODUCTION and parts.scheme != "https":
        raise ImproperlyConfigured("REGARD_PUBLIC_URL must begin with https:// in production.")
    return url


def _hosts() -> list[str]:
    """Host names that are answered. A pattern that fits any would let anybody choose the host of our answers."""
    hosts = env.list("REGARD_HOSTS", [urlsplit(PUBLIC_URL).hostname or ""])
    if PRODUCTION and any(host.startswith(("*", ".")) or not host for host in hosts):
        raise ImproperlyConfigured("REGARD_HOSTS names each host in full, without * and without a leading dot.")
    return hosts if PRODUCTION else [*hosts, "127.0.0.1", "localhost", "testserver"]


LONGEST_KEY_NAME = 32
"""As long as the columns are that say which master key wraps a key."""


def _master_keys() -> list[tuple[str, bytes]]:
    """The master keys as (identifier, 32 bytes), newest first, from `REGARD_KEYS=id:base64[,id:base64...]`."""
    keys: list[tuple[str, bytes]] = []
    for item in _required("REGARD_KEYS", "dev:" + base64.b64encode(DEVELOPMENT_KEY).decode()).split(","):
        identifier, _colon, encoded = item.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ImproperlyConfigured(f"REGARD_KEYS: the key {identifier!r} is not base64.") from error
        if not identifier or len(key) != 32:
            raise ImproperlyConfigured("REGARD_KEYS: each key is written id:base64 of exactly 32 bytes.")
        if len(identifier) > LONGEST_KEY_NAME or identifier in dict(keys):
            raise ImproperlyConfigured(
                f"REGARD_KEYS: the name {identifier!r} stands there twice, or has over {LONGEST_KEY_NAME} characters."
            )
        if PRODUCTION and (key == DEVELOPMENT_KEY or len(set(key)) < LEAST_VARIETY):
            raise ImproperlyConfigured(f"REGARD_KEYS: the key {identifier!r} is not random; make one of your own.")
        keys.append((identifier, key))
    return keys


# --- Core -------------------------------------------------------------------------------------------------------------

DEBUG = False
SECRET_KEY = _secret()
PUBLIC_URL = _public_url()
"""The address citizens reach the portal at: links in mails begin with it."""
ALLOWED_HOSTS = _hosts()
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

MASTER_KEYS = _master_keys()

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_otp",
    "django_otp_webauthn",
    "rest_framework",
    "drf_spectacular",
    "rights",
    "matching",
    "portal",
]

MIDDLEWARE = [
    "portal.operate.probes.Probes",  # First: whoever asks after the server's health may use any host name, without TLS.
    "portal.headers.HeadersMiddleware",
    "portal.headers.UploadMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "portal.operate.maintenance.Maintenance",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "portal.desk.gate.Gate",  # After all that it asks: who it is, and by what.
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.portal",
            ],
        },
    },
]

# --- Database ---------------------------------------------------------------------------------------------------------

DATABASE_URL = env.str("REGARD_DATABASE_URL", f"sqlite:///{VAR_DIR / 'regard.sqlite3'}")
DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Several processes share the file: readers must not block the writer, a writer waits for its turn, and a
    # transaction that will write takes the lock when it begins instead of failing half way.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        # The last one: without it INSERT OR REPLACE takes rows away past the rules of `rights.triggers`.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON; "
        "PRAGMA recursive_triggers=ON;",
    }

# --- Worker -----------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = env.str("REGARD_BROKER_URL", "memory://" if not PRODUCTION else "redis://127.0.0.1:6379/0")
CELERY_TASK_IGNORE_RESULT = True  # The truth is in the database; nothing about a request is kept in the broker.
CELERY_TASK_ACKS_LATE = True  # Price: a task may run twice. Every task is written for that.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # Searches are long; a worker must not sit on ones another could do.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
BEAT_SECONDS = env.float("REGARD_BEAT_SECONDS", 5.0)
"""Seconds between two looks for work whose message the broker may have lost."""
LEASE_SECONDS = env.float("REGARD_LEASE_SECONDS", 900.0)
"""How long a claimed job may run before another worker may take it over."""

# --- Retention --------------------------------------------------------------------------------------------------------

TEMPLATE_YEARS = env.int("REGARD_TEMPLATE_YEARS", 3)
"""How long a template is kept with the person's consent, to hold new pictures of them; 0: nobody is asked for it. No
rule that was found sets a number (unverified): it is the controller's documented choice; the person reads its date."""
if TEMPLATE_YEARS < 0:
    raise ImproperlyConfigured("REGARD_TEMPLATE_YEARS is a number of years, or 0.")
ANSWER_SECONDS = 0.0 if PROFILE == "test" else 0.1
"""How long answers take that strangers could measure (`portal.identity.pace`): several times what the work takes."""
RETENTION_DAYS: dict[str, int | None] = {
    "draft": env.int("REGARD_DRAFT_DAYS", None),
    "codes": env.int("REGARD_CODES_DAYS", None),
    "answer": env.int("REGARD_ANSWER_DAYS", None),
    "evidence": env.int("REGARD_EVIDENCE_DAYS", None),
    "document": env.int("REGARD_DOCUMENT_DAYS", None),
    "frames": env.int("REGARD_FRAMES_DAYS", None),
    "record": env.int("REGARD_RECORD_DAYS", None),
    "template": 365 * TEMPLATE_YEARS,
    "session": None,  # These three are as long as the code needs them.
    "network": None,
    "mails": None,
}
"""Lengths that this installation sets instead of those in `portal/retention.toml`; a template for 0: never kept."""
for _kind, _days in RETENTION_DAYS.items():
    if _days is not None and _days < (0 if _kind == "template" else 1):
        raise ImproperlyConfigured(f"REGARD_{_kind.upper()}_DAYS is a number of days, at least 1.")

# --- Pictures and faces -----------------------------------------------------------------------------------------------

INDEX_DIR = VAR_DIR / "index"
ANSWERS_DIR = VAR_DIR / "answers"
FACE_ENGINE = env.str("REGARD_FACE_ENGINE", "auto")
FACE_INDEX = env.str("REGARD_INDEX", "segments")
MILVUS_URI, MILVUS_TOKEN = env.str("REGARD_MILVUS_URI", ""), env.str("REGARD_MILVUS_TOKEN", "")
if FACE_INDEX not in ("segments", "milvus"):
    raise ImproperlyConfigured(f"REGARD_INDEX is {FACE_INDEX!r}; it may be segments or milvus.")
if FACE_INDEX == "milvus" and not MILVUS_URI:
    raise ImproperlyConfigured("REGARD_INDEX is milvus: REGARD_MILVUS_URI must say where, as in http://milvus:19530.")
MODELS_DIR = VAR_DIR / "models"
ENCODER_THREADS = env.int("REGARD_ENCODER_THREADS", 1)
"""Threads of one process for templates in ONNX Runtime; dlib uses one, and so does every process of an import."""
IMPORT_PROCESSES = env.int("REGARD_IMPORT_PROCESSES", len(os.sched_getaffinity(0)))
"""Processes that read photos during an import. 0: the importing process reads them itself, and a file that kills its
reader kills the import."""
UPLOAD_MAX_BYTES = env.int("REGARD_UPLOAD_MAX_BYTES", 15 * 1024 * 1024)
IMAGE_MAX_PIXELS = env.int("REGARD_IMAGE_MAX_PIXELS", 60_000_000)
UPLOAD_DECODERS = env.int("REGARD_UPLOAD_DECODERS", len(os.sched_getaffinity(0)))
"""Uploads that are decoded at the same time, each in a process of its own, on this machine."""
UPLOAD_MAX_MEMORY = env.int("REGARD_UPLOAD_MAX_MEMORY", 1536 * 1024 * 1024)
UPLOAD_SECONDS = env.int("REGARD_UPLOAD_SECONDS", 10)
"""Processor time of one decoding, in whole seconds; on the clock it may take twice as long."""
UPLOAD_WAIT_SECONDS = env.float("REGARD_UPLOAD_WAIT_SECONDS", 5.0)
"""How long an upload waits for its turn before the person is asked to try again."""
TURNS_DIR = VAR_DIR / "turns"
DATA_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_MAX_BYTES + 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]  # Nothing readable on disk.
FILE_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_MAX_BYTES + 1024 * 1024

# --- Sources ----------------------------------------------------------------------------------------------------------

SOURCE_TIMEOUT = env.float("REGARD_SOURCE_TIMEOUT", 10.0)
"""Seconds that a source may take to connect, and again for each piece of an answer."""
SOURCE_SECONDS = env.float("REGARD_SOURCE_SECONDS", 60.0)
"""Seconds between two looks at whether every source answers."""
SFTP_KEY_FILE = env.str("REGARD_SFTP_KEY_FILE", "")
SFTP_PASSWORD = env.str("REGARD_SFTP_PASSWORD", "")
SFTP_KNOWN_HOSTS = env.str("REGARD_SFTP_KNOWN_HOSTS", "")

# --- Mail -------------------------------------------------------------------------------------------------------------

MAIL_FROM = _required("REGARD_MAIL_FROM", "Regard <regard@localhost>")
DEFAULT_FROM_EMAIL = MAIL_FROM
SMTP_URL = env.str("REGARD_SMTP_URL", "")
REPLY_TO = env.str("REGARD_REPLY_TO", "")
"""Where replies to the requester's mails go: the mailbox that `manage.py fetch_mail` reads."""
IMAP_URL = env.str("REGARD_IMAP_URL", "")
IMAP_ASIDE = env.str("REGARD_IMAP_ASIDE", "For people")
"""The folder for mails that are no messages of a request."""
if IMAP_URL:
    _imap = urlsplit(IMAP_URL)
    if _imap.scheme not in ("imap", "imap+tls", "imaps") or not (_imap.hostname and _imap.username):
        raise ImproperlyConfigured("REGARD_IMAP_URL is written imaps:// or imap+tls://user:password@host:port/FOLDER.")
    if PRODUCTION and _imap.scheme == "imap" and _imap.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ImproperlyConfigured("REGARD_IMAP_URL: imap:// would send the password in the clear; use imaps://.")
LOCAL_MAILBOX = not PRODUCTION and not SMTP_URL
"""Mails land in a page of this server instead of leaving it."""
if LOCAL_MAILBOX:
    EMAIL_BACKEND = "portal.mailbox.LocalMailboxBackend"
else:
    _smtp = urlsplit(_required("REGARD_SMTP_URL", SMTP_URL))
    if _smtp.scheme not in ("smtp", "smtp+tls", "smtps") or not _smtp.hostname:
        raise ImproperlyConfigured(
            "REGARD_SMTP_URL is written smtp://, smtp+tls:// or smtps://user:password@host:port."
        )
    EMAIL_HOST, EMAIL_PORT = _smtp.hostname, _smtp.port or {"smtp": 25, "smtp+tls": 587, "smtps": 465}[_smtp.scheme]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _smtp.username or "", _smtp.password or ""
    EMAIL_USE_TLS, EMAIL_USE_SSL = _smtp.scheme == "smtp+tls", _smtp.scheme == "smtps"
    EMAIL_TIMEOUT = 30

# --- Languages and time -----------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGES = languages.offered(LOCALE_PATHS[0], env.list("REGARD_LANGUAGES", []))
"""English and every language with a complete catalogue; or those of them that the installation chooses."""
FORMAT_MODULE_PATH = ["portal.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("REGARD_TIME_ZONE", "Europe/Paris")
"""The controller's local time: it decides on which day a request was received."""
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"

# --- Operators --------------------------------------------------------------------------------------------------------

METRICS_TOKEN = env.str("REGARD_METRICS_TOKEN", "")
"""Who gives it as a bearer token may read /metrics; while it is empty, only programs on this machine may."""

ERASED_LOG = Path(env.str("REGARD_ERASED_LOG", str(VAR_DIR / "erased.jsonl")))
"""What was erased, without names: no backup may put back an older one, or `replay_erasures` cannot do its work."""

# --- Browser safety ---------------------------------------------------------------------------------------------------

SESSION_ENGINE = "portal.sessions"  # A dump of the database opens no session.
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 24 * 3600
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_AGE = None
CSRF_FAILURE_VIEW = "portal.attempts.cross_site"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        # A nonce and nothing else: not even a script of our own runs unless the page says so.
        "script-src": [NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "blob:"],  # blob: is the preview of a photograph that was chosen and not sent yet.
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
"""Everything from this server, nothing inline. Further headers: `portal.headers`."""
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    LANGUAGE_COOKIE_SECURE = True
    # The prefix makes browsers refuse such a cookie from a sister host, or over plain HTTP.
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"

LIVE_PHOTO_REQUIRED = env.bool("REGARD_LIVE_PHOTO_REQUIRED", PRODUCTION)
"""Whether a photograph and an e-mail address alone are too little to disclose or erase anything."""

# --- Staff ------------------------------------------------------------------------------------------------------------

LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # What earlier versions wrote; replaced at the next sign-in.
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 24 * 3600
"""Seconds that a link to set a password is good for."""
STAFF_IDLE_MINUTES = env.int("REGARD_STAFF_IDLE_MINUTES", 30)
STAFF_SESSION_HOURS = env.int("REGARD_STAFF_SESSION_HOURS", 10)
LOCK_FAILURES = env.int("REGARD_LOCK_FAILURES", 5)
LOCK_MINUTES = env.int("REGARD_LOCK_MINUTES", 15)
if min(STAFF_IDLE_MINUTES, STAFF_SESSION_HOURS, LOCK_FAILURES, LOCK_MINUTES) < 1:
    raise ImproperlyConfigured("REGARD_STAFF_IDLE_MINUTES, _SESSION_HOURS, REGARD_LOCK_FAILURES, _MINUTES: at least 1.")
if STAFF_SESSION_HOURS * 3600 > SESSION_COOKIE_AGE:
    raise ImproperlyConfigured("REGARD_STAFF_SESSION_HOURS is at most 24.")
PROXIES = env.int("REGARD_PROXIES", 1 if PRODUCTION else 0)
"""Proxies in front of the web server: whose word on where a request came from is believed."""
ERASE_ALONE = env.int("REGARD_ERASE_ALONE", 100)
"""Pictures that one person alone may decide to erase at a time."""
if not 0 <= ERASE_ALONE <= 100:
    raise ImproperlyConfigured("REGARD_ERASE_ALONE is 0 to 100: to erase more than a hundred takes two people.")

_public = urlsplit(PUBLIC_URL)
OTP_WEBAUTHN_RP_NAME = "Regard"
OTP_WEBAUTHN_RP_ID = _public.hostname or ""
OTP_WEBAUTHN_ALLOWED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
OTP_WEBAUTHN_ALLOW_PASSWORDLESS_LOGIN = False
if not PRODUCTION:  # A passkey belongs to a name, and an address of digits is none.
    OTP_WEBAUTHN_RP_ID = "localhost"
    OTP_WEBAUTHN_ALLOWED_ORIGINS = [f"http://localhost:{_public.port or 80}"]

# --- Static files -----------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns of a folder that is not there yet.
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
if PRODUCTION:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

# --- API --------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Regard",
    "DESCRIPTION": "Ask for access to, or erasure of, the face images an organisation holds.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {"RightEnum": "rights.models.Right"},
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,  # The values say it.
}

# --- Logs -------------------------------------------------------------------------------------------------------------

LOG_FORMAT = env.str("REGARD_LOG", "json" if PRODUCTION else "line")
if LOG_FORMAT not in ("json", "line"):
    raise ImproperlyConfigured(f"REGARD_LOG is {LOG_FORMAT!r}; it may be json or line.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"without addresses": {"()": "portal.logs.WithoutAddresses"}},
    "formatters": {
        "line": {"()": "portal.logs.LineFormatter", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {
            "()": "portal.logs.ObjectFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(process)d %(message)s",
            "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger", "exc_info": "trace"},
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["without addresses"]}
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Django would also mail each error, with what was sent and every variable on its way, to the ADMINS.
        "django": {"handlers": [], "level": "INFO"},
        "django.request": {"level": "ERROR"},
        "django.db.backends": {"level": "WARNING"},  # Below that it writes queries with their values.
        "celery": {"level": "WARNING"},
        "paramiko": {"level": "WARNING"},
        "aiobotocore": {"level": "WARNING"},
        # Its messages quote the error's own, which may name a file, and so a person; `portal.jobs` says what failed.
        "celery.app.trace": {"level": "CRITICAL"},
    },
}
