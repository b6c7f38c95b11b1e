"""What gunicorn writes: no access log, and nothing of what was sent."""

from typing import Any

from gunicorn.glogging import Logger


class QuietLogger(Logger):
    """gunicorn's lines go to the handlers of the settings, as all others; addresses of pages and of machines do not."""

    def setup(self, cfg: Any) -> None:
        """Called at the start, and again in each worker."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.access_log.disabled = True

    def warning(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """gunicorn warns of requests that are no HTTP in their own words."""
        if msg.startswith("Invalid request"):
            msg, args = "Refused: a request that is no HTTP.", ()
        self.error_log.warning(msg, *args, **kwargs)

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """An error that reached the web server; its message here would be the address of the page."""
        self.error_log.error("A request ended in an error.", exc_info=kwargs.get("exc_info", True))

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Links in mails carry tokens: nobody writes down which pages were asked for."""
