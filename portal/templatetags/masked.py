"""An e-mail address that its owner recognises, and nobody else learns."""

from django import template

register = template.Library()


@register.filter
def masked(address: str) -> str:
    """The first letter, and where the mailbox is: a•••@example.org. The domain tells a stranger's mailbox apart."""
    name, _at, domain = address.partition("@")
    return f"{name[:1]}•••@{domain}" if domain else ""
