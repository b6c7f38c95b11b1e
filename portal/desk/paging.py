"""Pages of a long list: the keys of a page first, its rows only then, so that what is passed over is not computed."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, IntegerField, QuerySet, Value, When


class KeyPaginator(Paginator):
    """Over a queryset with annotations, relations or wide rows that cost something for each row.

    Its order must be total, as Django's lists see to: a page behind the middle is counted off from the end.

    Args:
        whole: the rows without what narrows them, to take those of a page from; if left out, the narrowed ones.
    """

    def __init__(self, *args: Any, whole: QuerySet[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.whole = whole

    def page(self, number: Any) -> Page:
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        top = min(bottom + self.per_page, self.count)
        keys = self._keys(bottom, top)
        rows: Any = self.object_list if self.whole is None else self.whole
        place = Case(*(When(pk=key, then=Value(n)) for n, key in enumerate(keys)), output_field=IntegerField())
        shown = rows.filter(pk__in=keys).order_by(place) if keys else rows.none()
        return Page(shown, number, self)

    def _keys(self, bottom: int, top: int) -> list[Any]:
        rows: Any = self.object_list
        if bottom <= self.count - top:
            return list(rows.values_list("pk", flat=True)[bottom:top])
        return list(rows.reverse().values_list("pk", flat=True)[self.count - top : self.count - bottom])[::-1]
