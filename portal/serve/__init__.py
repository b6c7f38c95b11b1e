"""Running everything on one machine, to try Regard out: `manage.py serve`, which `make run` calls.

    keys        secrets of this folder, generated once
    seed        staff, and the demonstration's controller
    holdings    the demonstration, or one's own folder, imported with a progress bar
    children    broker, worker and web server, as commands
    supervisor  starts them, restarts what dies, stops them all

In production the same worker and the same web server are started by the system's own service manager.
"""
