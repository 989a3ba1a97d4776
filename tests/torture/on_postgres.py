"""The families on PostgreSQL in the words of all others: skipped, with the reason, where no server can be started."""

from collections import Counter
from collections.abc import Callable

from tests.torture import failover, postgres, postgres_writer
from tests.torture.server import Missing, binaries
from tests.torture.tally import Tally

Act = Callable[[int, int], postgres_writer.Tally]


def kills(count: int, seed: int) -> Tally:
    """Kill the server under a writer."""
    return _told("PostgreSQL kills", "crashes", postgres.crashes, count, seed)


def second_writers(count: int, seed: int) -> Tally:
    """Let two machines write one journal."""
    return _told("PostgreSQL second writers", "second-writers", postgres.second_writers, count, seed)


def zombies(count: int, seed: int) -> Tally:
    """Promote the standby and let the old primary go on."""
    return _told("PostgreSQL zombies", "zombies", failover.zombies, count, seed)


def _told(name: str, option: str, act: Act, count: int, seed: int) -> Tally:
    try:
        binaries()
    except Missing as reason:
        return Tally(name, skipped=str(reason))
    found, tally = act(count, seed), Tally(name)
    for _ in range(found.cases):
        tally.note("done")
    tally.kinds["commands"] = Counter(
        {
            "acknowledged": found.acknowledged,
            "unknown and there": found.kept,
            "unknown and asked again": found.retried,
            "refused": found.refused,
        }
    )
    complaints = (
        found.complaints + [f"{found.lost} lost"] * (found.lost > 0) + [f"{found.twice} twice"] * (found.twice > 0)
    )
    if not (complaints or found.passed):
        complaints = ["nothing was acknowledged"]
    for complaint in complaints:
        tally.fail(seed, complaint, f"python -m tests.torture.postgres --{option} {count} --seed {seed}")
    return tally
