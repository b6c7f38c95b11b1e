"""Checks of what Regard holds: index, sources, keys, the controller's profile, and work that waits."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count
from django.utils import timezone, translation

from matching import sources
from matching.index import IndexUnreachable, every_index
from matching.models import Source
from portal import retention
from portal.languages import lacking
from portal.models import ControllerProfile, Job, JobState, Notice, NoticeState, Requester
from portal.operate import keyring
from portal.operate.finding import Finding, ok, warning, wrong
from portal.operate.services import in_words
from rights import queries
from rights.law.lifecycle import RequestState
from rights.models import RightsRequest

CHECK_OVERDUE: Final = timedelta(days=2)
"""The index is compared every night."""
LONG_WAIT: Final = timedelta(hours=1)
DEVELOPMENT_KEYS: Final = {"dev", "development"}
"""Identifiers of master keys that the profile `dev` makes or brings along."""
SHORTEST_SECRET: Final = 50
"""Characters: what Django's own deployment check asks for."""


def index() -> Finding:
    """Whether every file of the index is whole and it holds the faces that the database holds."""
    do = "Run manage.py check_index --repair."
    every = every_index()
    try:
        before = every[0].checked_at()
        unlike = [held for held in every if held.problems()]
        damaged = sum(len(held.check()) for held in unlike)
    except IndexUnreachable as error:
        return wrong(f"It does not answer ({error}).", "See that Milvus runs and that REGARD_MILVUS_URI is right.")
    if unlike:
        if damaged:
            return wrong(f"{damaged} of its files or copies are missing, cut off or altered.", do)
        return warning("It holds other faces than the database; the next search brings it up to that.", do)
    if before is not None and timezone.now() - before > CHECK_OVERDUE:
        age = in_words(timezone.now() - before)
        return warning(f"It is whole, but the nightly check was last made {age} ago.", "See that beat and worker run.")
    return ok("It is whole and holds what the database holds.")


def reachable_sources() -> Finding:
    """Whether every source answers now. Sources are named by their number on the desk."""
    away = []
    every = list(Source.objects.order_by("pk"))
    with translation.override("en"):
        for source in every:
            try:
                sources.check(source)
            except sources.SourceUnreachable as error:
                away.append(f"source {source.pk}: {error.problem.label}")
    if away:
        return wrong(
            f"{len(away)} of {len(every)} cannot be used ({'; '.join(away)}). No answer is complete without them.",
            "Bring them back; what waits goes on by itself. The desk shows them under Sources.",
        )
    begun = [source for source in every if not source.is_imported]
    if begun:
        names = ", ".join(str(source.pk) for source in begun)
        return wrong(
            f"The import of {len(begun)} of {len(every)} has not ended (source {names}). No answer is complete before.",
            "If none is running, run manage.py import_photos for it: what was done stays done.",
        )
    if not every:
        return warning("There is none: nothing is searched.", "Run manage.py import_photos FOLDER.")
    return ok(f"{len(every)} answer.")


def keys() -> Finding:
    """Whether the master keys that rows need are there, and no key is one that others know."""
    listed = {identifier for identifier, _key in settings.MASTER_KEYS}
    lost = keyring.in_use() - listed
    if lost:
        return wrong(
            f"{len(lost)} master keys that seal evidence, templates or staff's apps are not listed: those do not open.",
            "Put them back into REGARD_KEYS.",
        )
    if not all(kept.sample_opens() for kept in keyring.every()):
        return wrong(
            "A master key does not open what is sealed under its name: another key was given that name.",
            "Put the key that had the name back into REGARD_KEYS; give a new key a new name.",
        )
    if listed & DEVELOPMENT_KEYS or settings.SECRET_KEY.startswith("development only"):
        made = "A key made for development is in use."
        do = "Make own ones as docs/settings.md says, then run manage.py rotate_keys."
        return wrong(made, do) if settings.PRODUCTION else warning(made, do)
    if len(settings.SECRET_KEY) < SHORTEST_SECRET:
        return warning(f"REGARD_SECRET_KEY has fewer than {SHORTEST_SECRET} characters.", "Make a longer one.")
    return ok(f"{len(listed)} master keys are listed; none that is needed is missing.")


def destruction() -> Finding:
    """Whether what has reached its date was destroyed."""
    late = timezone.now() - CHECK_OVERDUE
    closing = RightsRequest.objects.filter(
        state=RequestState.CARRIED_OUT, state_since__lt=late - retention.length("evidence")
    )
    if closing.exists() or _addresses_kept_since(late - retention.length("record")):
        return wrong(
            "Evidence or addresses are kept beyond their date.", "See that beat runs, and what the worker logs."
        )
    return ok("Nothing is kept beyond its date.")


def _addresses_kept_since(moment: datetime) -> bool:
    """Whether an address is kept of a request that ended before a moment."""
    ended = RightsRequest.objects.filter(state__in=queries.OVER, ended_at__lt=moment)
    return Requester.objects.filter(request__in=ended).exclude(email="").exists()


def profile() -> Finding:
    """Whether the controller's profile says what an answer must say, in every language of the portal."""
    missing = [*_missing_of_controller(), *_missing_texts()]
    if missing:
        return wrong(
            f"It lacks {', '.join(missing)}. No answer can be sent without.", "Fill it in: desk, Controller profile."
        )
    return ok("It says all that an answer must say.")


def languages() -> Finding:
    """Whether every catalogue under `locale/` is complete; one that is not is not offered to anybody."""
    unfit = [f"{code} ({number} messages)" for code, number in lacking(settings.LOCALE_PATHS[0]).items() if number]
    if unfit:
        return warning(
            f"Not offered, for something is untranslated or fuzzy: {', '.join(unfit)}.",
            "Complete locale/<code>/LC_MESSAGES/django.po; docs/translating.md says how.",
        )
    return ok(f"People can choose among {len(settings.LANGUAGES)}: {', '.join(dict(settings.LANGUAGES))}.")


def _missing_of_controller() -> list[str]:
    found = ControllerProfile.load()
    names = ["name", "postal_address", "email", "dpo_contact", "authority_name", "authority_address", "authority_url"]
    if not found.established_in_union:
        names.append("representative_contact")
    return [name.replace("_", " ") for name in names if not getattr(found, name).strip()]


def _missing_texts() -> list[str]:
    found = ControllerProfile.load()
    names = ["purposes", "categories", "storage", "origin", "court"]
    names += ["automated"] if found.automated_decisions else []
    names += ["safeguards"] if found.transfers_outside_union else []
    texts = {text.language: text for text in found.texts.all()} if found.pk and found.name else {}
    return [
        f"{name} ({language})"
        for language, _label in settings.LANGUAGES
        for name in names
        if not getattr(texts.get(language), name, "").strip()
    ]


def jobs() -> Finding:
    """Whether work waits for longer than an hour."""
    late = Job.objects.exclude(state=JobState.DONE).filter(created_at__lt=timezone.now() - LONG_WAIT)
    untouched = late.filter(state=JobState.WAITING, attempts=0, not_before__lt=timezone.now() - LONG_WAIT).count()
    if untouched:
        return wrong(f"{untouched} have waited for over an hour and no worker took them.", "See that workers run.")
    kinds = late.order_by("problem").values_list("problem").annotate(number=Count("pk"))
    if kinds:
        reasons = ", ".join(f"{number} {problem or 'running'}" for problem, number in kinds)
        return warning(f"Not done after an hour: {reasons}.", "The desk says under Jobs what each waits for.")
    return ok("None has waited for over an hour.")


def outbox() -> Finding:
    """Whether mails wait, or need somebody."""
    late = Notice.objects.filter(state__in=[NoticeState.WAITING, NoticeState.SENDING])
    late_ones = late.filter(created_at__lt=timezone.now() - LONG_WAIT).count()
    if late_ones:
        return wrong(f"{late_ones} mails have waited for over an hour.", "See what is said of mail and workers.")
    by_hand = Notice.objects.filter(state__in=[NoticeState.UNCERTAIN, NoticeState.BY_POST]).count()
    if by_hand:
        return warning(f"{by_hand} need somebody: sent perhaps, or to be sent by post.", "See the desk, Notices.")
    return ok("No mail waits.")
