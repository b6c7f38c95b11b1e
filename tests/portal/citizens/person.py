"""A person at a browser: fills in the form, reads mail, looks at the request."""

import io
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from portal.identity import email_code, links
from portal.models import EmailCode
from rights.models import RightsRequest

Response = Any
"""What the test client returns: a response with `url` or `context`, which its class does not know of."""

ANSWERS: dict[str, dict[str, Any]] = {
    "rights": {"rights": ["access", "erasure"]},
    "person": {"about": "me"},
    "contact": {"email": "ada@example.org", "name": "Ada", "language": "en"},
}


def picture(colour: str = "tan") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 80), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def upload(data: bytes | None = None, name: str = "me.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture() if data is None else data, "image/jpeg")


class Person:
    """Somebody at a browser of their own."""

    def __init__(self) -> None:
        self.client = Client()

    def get(self, name: str, **kwargs: Any) -> Response:
        return self.client.get(reverse(f"citizens:{name}", kwargs=kwargs))

    def post(self, name: str, data: dict[str, Any] | None = None, **kwargs: Any) -> Response:
        return self.client.post(reverse(f"citizens:{name}", kwargs=kwargs), data or {})

    def answer(self, step: str, **changes: Any) -> Response:
        """Answer one question and go on."""
        data = {"photo": upload()} if step == "photo" else ANSWERS[step]
        return self.post("form", data | changes, step=step)

    def fill_in(self, **contact: Any) -> None:
        """Answer every question, up to the check page."""
        for step in ("rights", "person", "contact", "photo"):
            response = self.answer(step, **(contact if step == "contact" else {}))
            assert response.status_code == 302, f"the step {step} was not accepted"

    def version(self) -> str:
        return str(self.get("check").context["version"])

    def send(self, version: str | None = None) -> Response:
        return self.post("check", {"version": version or self.version()})

    def ask(self, **contact: Any) -> RightsRequest:
        """Fill in the form and send it."""
        self.fill_in(**contact)
        response = self.send()
        assert response.status_code == 302
        return RightsRequest.objects.get(pk=id_in(response))

    def type_code(self, case: RightsRequest) -> Response:
        """Type the newest code that was mailed."""
        code = EmailCode.objects.filter(request=case).latest("created_at")
        return self.post("code", {"code": email_code.digits(code)}, request_id=case.pk)

    def open(self, case: RightsRequest) -> None:
        """Follow the link in a mail."""
        response: Response = self.client.get(links.status_url(case))
        assert response.url == reverse("citizens:status", args=[case.pk])


def id_in(response: Response) -> UUID:
    """The request in the address that a response leads to."""
    return UUID(response.url.split("/requests/")[1].split("/")[0])
