"""German: Django's own formats, but a time of day is said to be one."""

TIME_FORMAT = r"H:i \U\h\r"
DATETIME_FORMAT = r"j. F Y, H:i \U\h\r"
