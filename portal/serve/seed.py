"""What a first start puts into an empty database: two members of staff and, for the demonstration, a controller."""

import json
import secrets
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from matching.models import Source
from portal.models import ControllerProfile, ControllerText, Recipient, Remedy
from portal.serve.keys import write_private
from portal.serve.texts import AUTHORITIES, PROFILE, RECIPIENTS, REMEDIES, TEXTS
from portal.staff import factors, roles
from portal.staff.roles import Role

STAFF: Final = ("reviewer-one", "reviewer-two")
"""Two, because most hits count only once two people have said: same person."""
LOGINS: Final = "staff.json"

ROLES: Final = {
    STAFF[0]: (Role.TRIAGE, Role.REVIEW, Role.DECIDE, Role.ADMIN),
    STAFF[1]: (Role.TRIAGE, Role.REVIEW, Role.DECIDE),
}
"""One administrator; neither may sign twice where it takes two people."""


def staff_logins(var: Path) -> dict[str, str]:
    """Names and first passwords of the two members of staff, who are created if nobody is.

    The first one also manages staff. Each has an app for the second step. The passwords stay in a file that only its
    owner can read, so that each start can print them; whoever changes one in the desk knows the new one better than
    the file does.
    """
    target = var / LOGINS
    if not User.objects.exists():
        logins = {name: secrets.token_urlsafe(12) for name in STAFF}
        write_private(target, json.dumps(logins) + "\n")
        with transaction.atomic():
            for name, password in logins.items():
                user = User.objects.create_user(name, f"{name}@example.org", password, is_staff=True)
                roles.give(user, *ROLES[name])
                enrol(user)
    if not target.exists():
        return {}
    logins = json.loads(target.read_text(encoding="utf-8"))
    return {str(name): str(password) for name, password in logins.items()}


def enrol(user: User) -> None:
    """Give an account of the demonstration its app; `manage.py staff_code` stands in for the telephone."""
    app = factors.pending(user)
    app.confirmed = True
    app.save(update_fields=["confirmed"])


@transaction.atomic
def demo_controller() -> ControllerProfile:
    """The demonstration's controller, with every text the law asks for; kept as it is if there is one."""
    profile, created = ControllerProfile.objects.get_or_create(pk=1, defaults=PROFILE)
    if created:
        for language, _name in settings.LANGUAGES:
            ControllerText.objects.create(profile=profile, language=language, **TEXTS.get(language, TEXTS["en"]))
            remedy = REMEDIES.get(language, REMEDIES["en"])
            for law, authority in AUTHORITIES.items():
                Remedy.objects.create(
                    profile=profile, regime=law, language=language, authority_name=authority, **remedy
                )
    return profile


@transaction.atomic
def demo_recipients(source: Source) -> None:
    """Two recipients who were shown the demonstration's pictures."""
    for name, facts in RECIPIENTS.items():
        recipient, created = Recipient.objects.get_or_create(name=name, defaults=facts)
        if created:
            recipient.sources.add(source)
