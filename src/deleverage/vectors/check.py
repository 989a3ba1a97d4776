"""Plays a vector through the rulebook again and finds the first place where the two do not say the same."""

from deleverage.documents import encode
from deleverage.documents.differences import Divergence, difference
from deleverage.vectors.recorder import Recorder
from deleverage.vectors.vector import Entry, Vector


def check(vector: Vector) -> Divergence | None:
    """Return the first difference between a vector and what the rulebook makes of its rules and commands, or None.

    Within an entry facts come first, then the state, then the digest. Raises what ``Domain.submit`` raises.
    """
    recorder = Recorder(vector.rules)
    told, opened = encode(Vector, vector), encode(Vector, recorder.vector(vector.name, vector.about))
    for key in ("rules_hash", "state_at_start", "digest_at_start"):
        if divergence := difference(told[key], opened[key], key):
            return divergence
    for at, entry in enumerate(vector.entries):
        recorder.submit([entry.command])
        if divergence := difference(told["entries"][at], encode(Entry, recorder.entries[-1]), "entries", at):
            return divergence
    return None
