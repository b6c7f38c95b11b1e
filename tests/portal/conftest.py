"""Requests made by painted people."""

from collections.abc import Callable

import pytest

from matching import images
from portal import flow
from rights.models import Channel, RightsRequest
from tests.fakes import paint
from tests.painted import painted

__all__ = ["ask", "painted"]


@pytest.fixture
def ask(controller: object) -> Callable[..., RightsRequest]:
    """Make a request as `name`, with a painted photograph; as staff do, whose mails need no turn."""

    def make(
        name: str = "ada", rights: tuple[str, ...] = ("access", "erasure"), email: str = "ada@example.org"
    ) -> RightsRequest:
        return flow.receive(
            rights=rights,
            contact=flow.Contact(name=name, email=email, language="en"),
            channel=Channel.WEB,
            probe=images.clean_upload(paint([name], shade=9)),
            network=None,
        )

    return make
