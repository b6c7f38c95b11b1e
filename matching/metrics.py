"""How templates are compared. The sweep knows Euclidean distances alone; the other metrics are turned into them."""

import math

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Metric(TextChoices):
    """Of a template space. Cosine and inner product are of vectors of length 1: there d² = 2 - 2 cos, exactly."""

    EUCLIDEAN = "euclidean", _("Euclidean distance")
    COSINE = "cosine", _("cosine similarity")
    INNER_PRODUCT = "inner_product", _("inner product")

    @property
    def of_unit_vectors(self) -> bool:
        """Whether templates have the length 1. Then the inner product is the cosine, and larger is nearer."""
        return self != Metric.EUCLIDEAN

    def euclidean(self, value: float) -> float:
        """The Euclidean distance that a value of this metric stands for."""
        return math.sqrt(max(0.0, 2.0 - 2.0 * value)) if self.of_unit_vectors else value

    def of(self, distance: float) -> float:
        """A Euclidean distance in this metric."""
        return 1.0 - distance * distance / 2.0 if self.of_unit_vectors else distance
