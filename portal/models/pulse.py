"""A sign of life: when the beat last reached a worker."""

from django.db import models


class Pulse(models.Model):
    """When something that must happen again and again last did. Operators read it; nothing else depends on it."""

    name = models.CharField(max_length=16, unique=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
