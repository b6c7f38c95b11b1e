# `make run` and `make test` need Python 3.11+ and a C++ compiler, and see to the rest themselves.

PYTHON ?= python3

.PHONY: run test check screenshots lock messages

# All of Regard on http://127.0.0.1:8000. PORT=8001 changes the port, PHOTOS=/some/folder serves your own photographs.
run:
	@exec $(PYTHON) bootstrap.py run

# The checks and the whole suite, on SQLite and on PostgreSQL. CHROMIUM=/path names the browser.
test:
	@exec $(PYTHON) bootstrap.py test

# Linter, formatter, types, imports, migrations, templates.
check:
	@exec $(PYTHON) bootstrap.py check

# Photograph every page, light and dark, at 390 and 1280 pixels; var/gallery/index.html shows them. ALBUM=/folder puts
# them elsewhere.
screenshots:
	@exec $(PYTHON) bootstrap.py screenshots

# Pin every package, with hashes, to the newest version that requirements*.in allows. Needs uv.
COMPILE = uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" --override requirements-overrides.txt
lock:
	$(COMPILE) $(LOCKFLAGS) requirements.in -o requirements.txt
	$(COMPILE) $(LOCKFLAGS) -c requirements.txt requirements-dev.in -o requirements-dev.txt

# Collect the texts to translate into locale/. Needs GNU gettext; compiling them does not.
messages:
	REGARD_PROFILE=test .venv/bin/python manage.py makemessages --all --keep-pot --no-location --ignore .venv --ignore var --no-obsolete
