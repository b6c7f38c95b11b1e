from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import m2m_changed, post_migrate, pre_save


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from django.contrib.auth.models import User  # models are loaded by now

        from portal.staff import roles, sessions

        post_migrate.connect(roles.after_migrate, sender=self, dispatch_uid="portal.staff.roles")
        user_logged_in.connect(sessions.begin, dispatch_uid="portal.staff.sessions.begin")
        pre_save.connect(sessions.when_account_changes, sender=User, dispatch_uid="portal.staff.sessions.account")
        m2m_changed.connect(
            sessions.when_roles_change, sender=User.groups.through, dispatch_uid="portal.staff.sessions.roles"
        )
