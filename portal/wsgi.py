"""WSGI entry point."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()

# All pages are loaded now, not when the first visitor asks. What is loaded by now stays: looking through it for
# garbage, as Python does now and then in the middle of somebody's page, takes longer than most pages do.
list(get_resolver().url_patterns)
gc.collect()
gc.freeze()
