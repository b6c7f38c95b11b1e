"""`make check`: everything about the code that can be said without running it. All checks run, whatever fails."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy", "."],
    "import-linter": ["lint-imports", "--no-logo"],
    "migrations": [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
    "system checks": [sys.executable, "manage.py", "check", "--fail-level", "WARNING"],
    "djlint": ["djlint", "templates", "--lint", "--quiet"],
}


def main() -> int:
    environment = {**os.environ, "REGARD_PROFILE": "test", "REGARD_VAR": str(ROOT / "var" / "check")}
    failed = []
    for name, (program, *arguments) in CHECKS.items():
        path = program if os.path.isabs(program) else str(BIN / program)
        result = subprocess.run(  # noqa: S603 - commands of our own
            [path, *arguments], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        sys.stdout.write(f"{'ok  ' if result.returncode == 0 else 'FAIL'}  {name}\n")
        if result.returncode != 0:
            failed.append(name)
            sys.stdout.write(result.stdout + result.stderr)
        sys.stdout.flush()
    if failed:
        sys.stdout.write(f"make check failed: {', '.join(failed)}\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
