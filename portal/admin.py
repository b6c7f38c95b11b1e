"""Where Django admin looks for the desk."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from portal.desk import accounts, collections, held, profile, records, requests, texts  # noqa: F401 - importing registers
from portal.desk.login import SignInForm

admin.site.site_title = "Regard"
admin.site.site_header = _("Regard desk")
admin.site.index_title = _("Regard desk")
admin.site.enable_nav_sidebar = False  # The frame has a menu of its own, which needs no script.
admin.site.login_form = SignInForm
