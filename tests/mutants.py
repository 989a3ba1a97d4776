"""The score of a mutation run: how many altered lines of the law the tests noticed, and the list of those they did not.

``make mutants`` runs mutmut and then this. A mutant that makes the tests run for ever is noticed too; one that no test
reaches is not. The exit is 1 below ``LEAST_PERCENT``.
"""

import json
import subprocess
import sys
from pathlib import Path

LEAST_PERCENT = 85
MUTMUT = Path(sys.executable).parent / "mutmut"


def summary(stats: dict[str, int], results: str) -> tuple[list[str], bool]:
    """Return the lines of the report and whether the score suffices; ``results`` is what ``mutmut results`` prints."""
    noticed, total = stats["killed"] + stats["timeout"] + stats["segfault"], stats["total"] - stats["skipped"]
    percent = noticed * 100 // total if total else 0
    lines = sorted(line.strip() for line in results.splitlines() if line.endswith((": survived", ": no tests")))
    lines.append(f"{noticed} of {total} mutants noticed: {percent} %, needed {LEAST_PERCENT} %")
    return lines, percent >= LEAST_PERCENT


def main() -> int:
    """Print the report of the run that lies in ``mutants/``."""
    subprocess.run([MUTMUT, "export-cicd-stats"], check=True, capture_output=True)
    results = subprocess.run([MUTMUT, "results"], check=True, capture_output=True, text=True).stdout
    stats = json.loads(Path("mutants/mutmut-cicd-stats.json").read_text("utf-8"))
    lines, suffices = summary(stats, results)
    print("\n".join(lines))
    return 0 if suffices else 1


if __name__ == "__main__":
    sys.exit(main())
