"""Whom a person can turn to under the law of their request: authority and court (GDPR 12(4) and its like)."""

from dataclasses import dataclass

from portal.models import ControllerProfile, ControllerText, Remedy
from rights.models import RightsRequest


@dataclass(frozen=True)
class Remedies:
    """Authority and court, empty where the controller's profile does not say."""

    authority_name: str = ""
    authority_address: str = ""
    authority_url: str = ""
    court: str = ""

    @property
    def authority(self) -> bool:
        """Whether the authority can be found and written to."""
        return all(text.strip() for text in (self.authority_name, self.authority_address, self.authority_url))


def of_request(request: RightsRequest) -> Remedies:
    """In the language of the request: the profile's own under the law of its place, a `Remedy` elsewhere."""
    profile = ControllerProfile.load()
    if request.regime == profile.home():
        text = ControllerText.objects.filter(profile_id=profile.pk, language=request.language).first()
        return Remedies(
            profile.authority_name, profile.authority_address, profile.authority_url, text.court if text else ""
        )
    found = Remedy.objects.filter(profile_id=profile.pk, regime=request.regime, language=request.language).first()
    if found is None:
        return Remedies()
    return Remedies(found.authority_name, found.authority_address, found.authority_url, found.court)
