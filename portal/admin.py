"""Where Django admin looks for the desk."""

from portal.desk import accounts, held, profile, records, requests  # noqa: F401 - importing registers
