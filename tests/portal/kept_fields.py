"""Every field that could hold something of a person: named in `portal/retention.toml`, or here with why it need not be.

Of each of our models, and of those that Django and its extensions bring along, the fields are looked at that hold free
text, bytes, numbers of faces and pictures, measurements, or identifiers. Choices, dates, counts and keys to other rows
are not: a row tells of a person by what it leads to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.db import models

FREE: Final = (
    models.CharField, models.TextField, models.BinaryField, models.JSONField, models.FloatField, models.UUIDField,
    models.BigIntegerField, models.GenericIPAddressField, models.FileField, models.DurationField, models.DecimalField,
)  # fmt: skip

STAYS: Final[dict[str, str]] = {
    "what happened, when, and under which law; it names nobody": """
        rights.RightsRequest.reference rights.RightsRequest.regime rights.RightsRequest.place
        rights.RightsRequest.country rights.RightsRequest.subdivision rights.RightsRequest.time_zone
        rights.RightsRequest.language rights.Decision.ground rights.Decision.identity_basis
        rights.ClockEvent.asked_for rights.ClockEvent.by rights.ClockEvent.detail
        rights.JournalEntry.actor rights.JournalEntry.event rights.JournalEntry.detail rights.JournalEntry.previous
        rights.JournalEntry.digest rights.JournalEntry.position rights.JournalHead.digest rights.JournalHead.position
        portal.DocumentCheck.decided_by portal.Message.written_by portal.Notice.key portal.Notice.language
        portal.Evidence.media_type portal.Evidence.problem portal.LiveFrame.asked portal.LiveFrame.problem
        portal.Representation.agent_basis portal.Representation.person_basis portal.Representation.mandate_basis
        matching.Search.subject matching.Search.certificate""",
    "facts of an event; which pictures recipients were told of is forgotten with the evidence": "portal.Notice.context",
    "what was erased, so that a restored backup can be cleaned again and the file stays away": """
        matching.Erasure.subject matching.Erasure.path matching.Erasure.sha256 matching.Erasure.source_url
        matching.Erasure.boxes matching.Erasure.face_keys matching.Erasure.fingerprints
        matching.Erasure.redacted_sha256 matching.Suppression.sha256 matching.Suppression.source_url""",
    "the collection, which is the controller's and no matter of a request": """
        matching.Source.url matching.Source.name matching.Photo.path matching.Photo.version matching.Photo.sha256
        matching.Photo.size matching.Photo.format matching.Photo.source_url
        matching.Photo.metadata matching.Photo.engine matching.Photo.looked_at_by matching.Face.score
        matching.Face.template matching.Face.engine matching.Face.metadata matching.TemplateSpace.name
        matching.TemplateSpace.match matching.TemplateSpace.possible matching.TemplateSpace.provenance
        matching.TemplateSpace.model""",
    "the organisation and its recipients": """
        portal.ControllerProfile.name portal.ControllerProfile.postal_address portal.ControllerProfile.email
        portal.ControllerProfile.country portal.ControllerProfile.subdivision portal.ControllerProfile.dpo_contact
        portal.ControllerProfile.representative_contact portal.ControllerProfile.authority_name
        portal.ControllerProfile.authority_address portal.ControllerProfile.authority_url
        portal.ControllerProfile.found_unlawful portal.ControllerProfile.dpo_email
        portal.ControllerText.language portal.ControllerText.purposes portal.ControllerText.categories
        portal.ControllerText.storage portal.ControllerText.origin portal.ControllerText.automated
        portal.ControllerText.safeguards portal.ControllerText.court
        portal.Remedy.language portal.Remedy.authority_name portal.Remedy.authority_address
        portal.Remedy.authority_url portal.Remedy.court portal.MessageText.language portal.MessageText.title
        portal.MessageText.words portal.Recipient.name portal.Recipient.email portal.Recipient.country""",
    "staff, who are no requesters (docs/staff.md)": """
        auth.User.password auth.User.username auth.User.first_name auth.User.last_name auth.User.email
        auth.Group.name auth.Permission.name auth.Permission.codename
        admin.LogEntry.object_id admin.LogEntry.object_repr admin.LogEntry.change_message
        portal.Totp.name portal.Totp.wrapped portal.Totp.master_key
        portal.Totp.last_step portal.RecoveryCodes.name portal.RecoveryCodes.digests
        django_otp_webauthn.WebAuthnCredential.name
        django_otp_webauthn.WebAuthnCredential.credential_id django_otp_webauthn.WebAuthnCredential.public_key
        django_otp_webauthn.WebAuthnCredential.transports django_otp_webauthn.WebAuthnCredential.aaguid
        django_otp_webauthn.WebAuthnCredential.credential_id_sha256
        django_otp_webauthn.WebAuthnAttestation.data django_otp_webauthn.WebAuthnAttestation.client_data_json
        django_otp_webauthn.WebAuthnUserHandle.handle_hex""",
    "how work is done": """
        portal.Job.owner portal.Job.problem portal.Notice.owner portal.Pulse.name
        contenttypes.ContentType.app_label contenttypes.ContentType.model""",
    "the mailbox of `make run`, which production does not have": """
        portal.LocalMail.message_id portal.LocalMail.to portal.LocalMail.subject portal.LocalMail.text
        portal.LocalMail.html""",
}


def fields() -> Iterator[tuple[type[models.Model], models.Field[Any, Any]]]:
    """Every field that could hold something of a person."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            if isinstance(field, FREE) and not field.choices and not field.primary_key:
                yield model, field


def names() -> set[str]:
    """The same, as `app.Model.field`."""
    return {f"{model._meta.label}.{field.name}" for model, field in fields()}


def stays() -> set[str]:
    """Those that need no date."""
    return {name for listed in STAYS.values() for name in listed.split()}
