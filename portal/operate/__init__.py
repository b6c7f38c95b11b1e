"""For those who keep Regard running: what is right and wrong, and figures to watch.

    finding   what a check says
    services  checks of what Regard runs on: database, broker, workers, beat, mail, clock, disk
    contents  checks of what it holds: index, sources, keys, profile, jobs, outbox
    doctor    all of them, in the order in which to mend things
    metrics   figures for Prometheus, counted in the database when they are asked for
    probes    /healthz, /readyz, /metrics
    pulse     when the beat last reached a worker

Nothing here names a person, a picture or a request.
"""
