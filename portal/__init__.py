"""People: pages, desk, API, mail, and the story of a request. The only room that knows both others."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
