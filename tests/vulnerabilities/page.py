"""Makes the page of known failures: ``python -m tests.vulnerabilities.page --write``; a test keeps it true."""

import sys
import tomllib
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.vulnerabilities.catalogue import LIMITS, NOT_YET, VULNERABILITIES

PAGE = REPOSITORY / "docs" / "reference" / "regressions.md"
ELSEWHERE = Path(__file__).with_name("elsewhere.toml")


def elsewhere() -> dict[str, tuple[str, str]]:
    """Return for each id its title, and what happened elsewhere."""
    rows = tomllib.loads(ELSEWHERE.read_text("utf-8"))
    return {key: (title, told) for key, (title, told) in rows.items()}


def here(key: str) -> str:
    """Return the tests that play an id and what they do not show, or why none does."""
    if key in NOT_YET:
        return f"not played: {NOT_YET[key]}"
    tests = "<br>".join(f"`{name}`" for name in VULNERABILITIES[key])
    return f"{tests}<br>limit: {LIMITS[key]}" if key in LIMITS else tests


def page() -> str:
    """Return the whole page."""
    rows = elsewhere()
    lines = [f"| {key} | {title} | {told} | {here(key)} |" for key, (title, told) in rows.items()]
    tests = len({name for names in VULNERABILITIES.values() for name in names})
    played, limited = len(VULNERABILITIES), len(LIMITS)
    return f"""# Known failures

Ways in which deleveraging has gone wrong elsewhere, each as the smallest story told with this law's commands and
numbers: {len(rows)} failures, {played} of them played by {tests} tests (`tests/vulnerabilities`), {len(NOT_YET)} not:
the reason stands there. In {limited} of those that are played the lesson asks for more than the test shows: the limit
says what.

Figures are those that reviews, issuers or the press have published, and outlets differ. That a failure is told here
does not mean that whoever is named still has it: many were mended, some were disputed.

| id | failure | elsewhere | here |
|---|---|---|---|
{chr(10).join(lines)}
"""


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), "utf-8")
    else:
        print(page())
