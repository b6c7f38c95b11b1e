from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class RightsConfig(AppConfig):
    name = "rights"

    def ready(self) -> None:
        from rights import triggers  # models are loaded by now

        pre_migrate.connect(triggers.before_migrate, sender=self, dispatch_uid="rights.triggers.before")
        post_migrate.connect(triggers.after_migrate, sender=self, dispatch_uid="rights.triggers")
