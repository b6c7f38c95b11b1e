"""The law as data and pure functions: no Django, and no clock of its own."""
