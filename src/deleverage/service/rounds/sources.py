"""What each source of prices said last, and what they say together: k of them, the median.

A source is the person (or the feed) that a key stands for: two keys of one source are one. Its sequence numbers ascend
strictly, its times do not run back, and what is too old, or ahead of the clock, is refused with the compared numbers.
Whether a price makes sense is the law's to say: zero, huge and far off go in as they came.
"""

from typing import NamedTuple

from deleverage.service.problems import Code, Problem

Thing = tuple[str, str]
"""What has a price: ``market`` or ``asset``, and its id."""

MARKET, ASSET = "market", "asset"
MOST_THINGS = 10_000
"""Prices are kept of so many markets and assets of each source: who names others without end stops nobody else."""


class Said(NamedTuple):
    """One source's prices at one time."""

    key_id: str
    sequence: int
    time_ns: int
    prices: dict[Thing, int]


class Agreed(NamedTuple):
    """A price that enough sources stand behind."""

    thing: Thing
    price: int
    sources: int


class Quorum(NamedTuple):
    """How many sources have to have said something, how old it may be, and how far ahead of the clock."""

    least: int = 1
    most_age_ns: int = 10_000_000_000
    most_ahead_ns: int = 1_000_000_000


class Sources:
    """The sources of a domain. Nothing here outlives a restart: whoever is asked again has to say it again."""

    def __init__(self, quorum: Quorum) -> None:
        """Begin with nobody having said anything."""
        self.quorum = quorum
        self._last: dict[str, Said] = {}
        self._prices: dict[Thing, dict[str, tuple[int, int, str]]] = {}
        self._named: dict[str, set[Thing]] = {}

    def hear(self, source: str, said: Said, now_ns: int) -> None:
        """Take what a source says; Problem STALE where it is older than what it said before, too old, or ahead."""
        self._require_fresh(said, now_ns)
        before = self._last.get(source)
        if before is not None and before.sequence >= said.sequence:
            sentence = "the sequence numbers of a source ascend"
            raise Problem(Code.STALE, sentence, sequence=said.sequence, last_sequence=before.sequence)
        if before is not None and before.time_ns > said.time_ns:
            sentence = "the time of a source does not run back"
            raise Problem(Code.STALE, sentence, source_time_ns=said.time_ns, last_source_time_ns=before.time_ns)
        named = self._named.setdefault(source, set())
        if len(named | said.prices.keys()) > MOST_THINGS:
            sentence = "a source has prices of so many things"
            raise Problem(Code.TOO_MANY, sentence, named=len(named), most=MOST_THINGS)
        named.update(said.prices)
        self._last[source] = said
        for thing, price in said.prices.items():
            self._prices.setdefault(thing, {})[source] = (price, said.time_ns, said.key_id)

    def is_last(self, source: str, said: Said) -> bool:
        """Return whether this is, word for word, what the source said last: it did not hear the answer."""
        return self._last.get(source) == said

    def agreed(self, things: list[Thing], now_ns: int) -> tuple[list[Agreed], list[str]]:
        """Return the prices on which enough sources are fresh, and the ids of the keys that stand behind them.

        The price is the middle one by size; of an even number the lower of the two in the middle: always a price that
        somebody has said.
        """
        agreed, keys = [], set[str]()
        for thing in things:
            fresh = {
                source: (price, key_id)
                for source, (price, time_ns, key_id) in self._prices.get(thing, {}).items()
                if now_ns - time_ns <= self.quorum.most_age_ns
            }
            if len(fresh) >= max(1, self.quorum.least):
                prices = sorted(price for price, _ in fresh.values())
                agreed.append(Agreed(thing, prices[(len(prices) - 1) >> 1], len(fresh)))
                keys |= {key_id for _, key_id in fresh.values()}
        return agreed, sorted(keys)

    def forget(self, thing: Thing) -> None:
        """Forget a thing that the law does not know."""
        for source in self._prices.pop(thing, ()):
            self._named[source].discard(thing)

    def _require_fresh(self, said: Said, now_ns: int) -> None:
        age_ns, quorum = now_ns - said.time_ns, self.quorum
        if age_ns > quorum.most_age_ns:
            raise Problem(Code.STALE, "a price is too old to act on", age_ns=age_ns, most_age_ns=quorum.most_age_ns)
        if -age_ns > quorum.most_ahead_ns:
            sentence = "a price is ahead of the clock"
            raise Problem(Code.STALE, sentence, ahead_ns=-age_ns, most_ahead_ns=quorum.most_ahead_ns)
