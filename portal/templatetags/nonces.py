"""The nonce of the Content-Security-Policy on scripts that other people's templates bring."""

import re

from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


class Nonced(template.Node):
    """What stands between the tags, with the page's nonce on each script."""

    def __init__(self, inside: NodeList) -> None:
        self.inside = inside

    def render(self, context: Context) -> SafeString:
        mark = format_html('<script nonce="{}"', context["request"].csp_nonce)
        return mark_safe(re.sub(r"<script\b(?! nonce=)", lambda _found: mark, self.inside.render(context)))  # noqa: S308


@register.tag
def nonced(parser: Parser, token: Token) -> Nonced:
    """`{% nonced %}...{% endnonced %}` around the head of Django's admin, whose scripts carry no nonce.

    Only around text that our own code and Django's wrote: it lets every script between the tags run.
    """
    inside = parser.parse(("endnonced",))
    parser.delete_first_token()
    return Nonced(inside)
