"""What a first start puts into an empty database: two members of staff and, for the demonstration, a controller."""

import json
import secrets
from pathlib import Path
from typing import Final

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction

from matching.models import Source
from portal.models import ControllerProfile, ControllerText, Recipient, Remedy
from portal.serve.keys import write_private
from portal.serve.texts import AUTHORITIES, PROFILE, RECIPIENTS, REMEDIES, TEXTS

STAFF: Final = ("reviewer-one", "reviewer-two")
"""Two, because most hits count only once two people have said: same person."""
LOGINS: Final = "staff.json"

DESK: Final = (
    "rights.view_rightsrequest",
    "rights.change_rightsrequest",
    "rights.add_rightsrequest",
    "rights.view_journalentry",
    "matching.view_source",
    "matching.change_source",
    "matching.view_photo",
    "portal.view_notice",
    "portal.view_job",
    "portal.view_recipient",
    "portal.add_recipient",
    "portal.change_recipient",
    "portal.view_controllerprofile",
    "portal.add_controllerprofile",
    "portal.change_controllerprofile",
    "portal.view_controllertext",
    "portal.add_controllertext",
    "portal.change_controllertext",
    "portal.delete_controllertext",
    "portal.view_remedy",
    "portal.add_remedy",
    "portal.change_remedy",
    "portal.delete_remedy",
)
"""What working at the desk needs. Managing staff is not in it."""


@transaction.atomic
def desk_group() -> Group:
    """The group whose members work at the desk."""
    group, _created = Group.objects.get_or_create(name="Desk")
    for name in DESK:
        app, codename = name.split(".")
        group.permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return group


def staff_logins(var: Path) -> dict[str, str]:
    """Names and first passwords of the two members of staff, who are created if nobody is.

    The first one also manages staff. The passwords stay in a file that only its owner can read, so that each start
    can print them; whoever changes one in the desk knows the new one better than the file does.
    """
    target = var / LOGINS
    if not User.objects.exists():
        logins = {name: secrets.token_urlsafe(12) for name in STAFF}
        write_private(target, json.dumps(logins) + "\n")
        with transaction.atomic():
            group = desk_group()
            for name, password in logins.items():
                user = User.objects.create_user(
                    name, f"{name}@example.org", password, is_staff=True, is_superuser=name == STAFF[0]
                )
                user.groups.add(group)
    if not target.exists():
        return {}
    logins = json.loads(target.read_text(encoding="utf-8"))
    return {str(name): str(password) for name, password in logins.items()}


@transaction.atomic
def demo_controller() -> ControllerProfile:
    """The demonstration's controller, with every text the law asks for; kept as it is if there is one."""
    profile, created = ControllerProfile.objects.get_or_create(pk=1, defaults=PROFILE)
    if created:
        for language, texts in TEXTS.items():
            ControllerText.objects.create(profile=profile, language=language, **texts)
            for law, authority in AUTHORITIES.items():
                Remedy.objects.create(
                    profile=profile, regime=law, language=language, authority_name=authority, **REMEDIES[language]
                )
    return profile


@transaction.atomic
def demo_recipients(source: Source) -> None:
    """Two recipients who were shown the demonstration's pictures."""
    for name, facts in RECIPIENTS.items():
        recipient, created = Recipient.objects.get_or_create(name=name, defaults=facts)
        if created:
            recipient.sources.add(source)
