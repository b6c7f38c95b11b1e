"""Pages of a long list: the keys of a page first, its rows only then, so that what is passed over is not computed."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, IntegerField, QuerySet, Value, When, Window
from django.http import HttpRequest
from django.utils.functional import cached_property


class KeyPaginator(Paginator):
    """Over a queryset with annotations, relations or wide rows that cost something for each row.

    Its order must be total, as Django's lists see to: a page behind the middle is counted off from the end.

    Args:
        whole: the rows without what narrows them, to take those of a page from; if left out, the narrowed ones.
        likely: the number of the page that will be asked for, where what narrows the rows is dear: that page's keys and
            the number of all rows are then asked for in one query, which looks the rows up once.
    """

    def __init__(
        self, *args: Any, whole: QuerySet[Any] | None = None, likely: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.whole, self.likely = whole, likely
        self._found: dict[int, list[Any]] = {}

    @cached_property
    def count(self) -> int:
        if self.likely is None:
            return super().count
        rows: Any = self.object_list
        bottom = (self.likely - 1) * self.per_page
        counted = rows.annotate(of_all=Window(Count("*"))).values_list("pk", "of_all")
        found = list(counted[bottom : bottom + self.per_page])
        if not found:  # Nothing at all, or no such page.
            return super().count
        self._found[bottom] = [key for key, _of_all in found]
        return int(found[0][1])

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
        if bottom in self._found:
            return self._found[bottom]
        if bottom <= self.count - top:
            return list(rows.values_list("pk", flat=True)[bottom:top])
        return list(rows.reverse().values_list("pk", flat=True)[self.count - top : self.count - bottom])[::-1]


def number_of(request: HttpRequest) -> int:
    """The number of the page in the address of a list; the first where there is none."""
    said = request.GET.get(PAGE_VAR, "")
    return max(1, int(said)) if said.isdecimal() and len(said) < 8 else 1


class KeyList(ChangeList):
    """A list whose pages, also a single one, are taken by their keys."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # Django would ask for each row which page its link leads to before it adds them.
        self.added, self.preserved_filters = self.preserved_filters, ""

    def url_for_result(self, result: Any) -> str:
        address = super().url_for_result(result)
        return f"{address}?{self.added}" if self.added else address

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if self.show_all and self.can_show_all:
            everything = self.model_admin.get_paginator(request, self.queryset, self.list_max_show_all)
            self.result_list = everything.page(1).object_list
        elif not self.multi_page:
            self.result_list = self.paginator.page(1).object_list

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """By a column: rows that are equal in it follow its direction, so that one index is walked either way."""
        chosen = self.params.get(ORDER_VAR, "")
        if not chosen:
            return super().get_ordering(request, queryset)
        sign = "-" if chosen.split(".")[-1].startswith("-") else ""
        ties = [str(name).lstrip("-") for name in queryset.query.order_by]
        if "pk" not in ties:
            ties.append("pk")
        return super().get_ordering(request, queryset.order_by(*(sign + name for name in ties)))


class Paged(admin.ModelAdmin):
    """For a list of the admin: its pages are taken by their keys."""

    list_per_page = 50
    show_full_result_count = False
    paginator = KeyPaginator

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeyList
