"""Emptying the database after a test that committed, but for what `migrate` makes."""

from typing import Any, Final

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db.models import Model

from portal.staff import roles
from portal.staff.roles import Role

MADE: Final[tuple[type[Model], ...]] = (Permission, ContentType, Group, Group.permissions.through)
"""Permissions, and the groups that roles are."""


def is_as_migrated() -> bool:
    """Whether groups and their permissions are those of the table of roles."""
    wanted = {(role.value, name) for role in Role for name in roles.of(role)}
    held = Group.objects.order_by().values_list("name", "permissions__content_type__app_label", "permissions__codename")
    return {(name, f"{app}.{codename}") for name, app, codename in held} == wanted


def empty(connection: Any) -> None:
    """Delete the rows of every other table, whatever rules it has."""
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    tables -= {model._meta.db_table for model in MADE}
    if connection.vendor == "postgresql":  # Cutting files off takes longer than deleting the few rows of a test.
        deletes = "".join(f"DELETE FROM {connection.ops.quote_name(table)};" for table in sorted(tables))
        with connection.cursor() as cursor:
            cursor.execute(f"SET session_replication_role = replica; {deletes} SET session_replication_role = DEFAULT")
        return
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), sorted(tables)))
