"""Words about searches, for the pages of citizens and staff."""

from django import template

from portal.words import searched_with

register = template.Library()
register.filter("searched_with", searched_with)
