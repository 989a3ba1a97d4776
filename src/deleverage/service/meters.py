"""What the service counts, in a registry of its own, in the form that Prometheus reads.

Labels are of closed sets: templates of paths, statuses, kinds of command and fact, codes, stages, levels. No id of an
account, a market, a key or a person is ever one: how many series there are hangs on no user.
"""

from collections import Counter as Tally
from collections.abc import Sequence
from time import time_ns
from typing import ClassVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from deleverage.domain.outcomes import Written
from deleverage.rulebook.messages import FundPaid, Rejection, StepEnded
from deleverage.service.gauges import GAUGES
from deleverage.service.problems import Code

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a series began is of no use to anybody here

CONTENT_TYPE = "text/plain; version=0.0.4"
PREFIX = "deleverage"
BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
OTHER = "other"


class Meters:
    """Everything that is counted. Counted from the event loop and from the runner's thread."""

    LABELS: ClassVar[dict[str, tuple[str, ...]]] = {
        "requests": ("method", "path", "status"),
        "request_seconds": ("method", "path"),
        "commands": ("kind", "outcome"),
        "rejections": ("code",),
        "refusals": ("code",),
        "facts": ("kind",),
        "steps_stopped": ("why",),
        "throttle_binds": ("stage",),
        "throttle_most_quanta": ("stage",),
        "throttle_done_quanta": ("stage",),
        "read_only": ("why",),
    }
    """The labels of each, by its name; all others have none."""

    def __init__(self) -> None:
        """Begin at 0."""
        self.registry = CollectorRegistry()
        self.gauges = {one.name: Gauge(f"{PREFIX}_{one.name}", one.words, registry=self.registry) for one in GAUGES}
        self._requests = self._counter("requests", "Requests.")
        self._seconds = self._histogram("request_seconds", "From a request to its answer.")
        self._durable = self._histogram("durable_seconds", "From commands handed in to their being durable.")
        self._commands = self._counter("commands", "Commands that became durable.")
        self._rejections = self._counter("rejections", "What the law refused.")
        self._refusals = self._counter("refusals", "What the service refused.")
        self._facts = self._counter("facts", "What has happened.")
        self._rounds = self._counter("rounds", "Rounds of the waterfall.")
        self._stopped = self._counter("steps_stopped", "Steps by why they stopped.")
        self._binds = self._counter("throttle_binds", "Steps in which a throttle of the rules left lots.")
        self._cut = self._counter("fund_cut_by_caps_quanta", "What the caps of the fund kept from being drawn.")
        self._limit = self._gauge("throttle_most_quanta", "What a throttle allows a step; -1: nothing is bounded.")
        self._done = self._gauge("throttle_done_quanta", "What the last step did of it.")
        self._read_only = self._gauge("read_only", "Why no command is taken; no series: they are.")
        for code in Code:
            self._refusals.labels(code.name)
        self.last_stress_ppb = 0

    # -- what comes in ------------------------------------------------------------------------------------------------

    def hear(self, written: Sequence[Written]) -> None:
        """Count what was made durable; called by the runner, in its thread."""
        kinds: Tally[tuple[str, str]] = Tally()
        codes: Tally[str] = Tally()
        facts: Tally[str] = Tally()
        for one in written:
            refused = isinstance(one.answer, Rejection)
            kinds[type(one.command).__name__, "rejected" if refused else "done"] += 1
            if isinstance(one.answer, Rejection):
                codes[one.answer.code.name] += 1
                continue
            for fact in one.answer:
                facts[type(fact).__name__] += 1
                if isinstance(fact, StepEnded):
                    self._hear_step(fact)
                elif isinstance(fact, FundPaid):
                    self._cut.inc(fact.cut_by_caps_quanta)
        for (kind, outcome), count in kinds.items():
            self._commands.labels(kind, outcome).inc(count)
        for code, count in codes.items():
            self._rejections.labels(code).inc(count)
        for kind, count in facts.items():
            self._facts.labels(kind).inc(count)
        self.gauges["journal_seq"].set(written[-1].receipt.seq)

    def _hear_step(self, step: StepEnded) -> None:
        self._rounds.inc(step.rounds)
        self._stopped.labels(step.stopped).inc()
        self.gauges["rounds_last_step"].set(step.rounds)
        for one in step.throttles:
            stage = str(one.stage)
            self._limit.labels(stage).set(one.most_quanta)
            self._done.labels(stage).set(one.done_quanta)
            self._binds.labels(stage).inc(int(one.binds))
            self.last_stress_ppb = one.stress_ppb

    def refuse(self, code: Code) -> None:
        """Count a refusal of the service."""
        self._refusals.labels(code.name).inc()

    def lost(self, method: str, code: Code) -> None:
        """Count a request that no path, or no method of it, takes: those are answered before they are measured."""
        self._requests.labels(method if method in METHODS else OTHER, OTHER, str(code.status)).inc()

    def durable(self, seconds: float) -> None:
        """Count how long it took until commands were durable."""
        self._durable.observe(seconds)

    def allow(self, stage: int, most_quanta: str) -> None:
        """Note what a throttle of the rules allows a step; empty: nothing is bounded."""
        self._limit.labels(str(stage)).set(int(most_quanta) if most_quanta else -1)

    def close(self, why: str) -> None:
        """Note why no command is taken; empty: they are."""
        self._read_only.clear()
        if why:
            self._read_only.labels(why).set(1)

    def answered(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request by the template of its path; empty: there is none."""
        labels = (method if method in METHODS else OTHER, path or OTHER)
        self._requests.labels(*labels, str(status)).inc()
        self._seconds.labels(*labels).observe(seconds)

    # -- what goes out ------------------------------------------------------------------------------------------------

    def set(self, **values: float) -> None:
        """Set gauges."""
        for name, value in values.items():
            self.gauges[name].set(value)

    def age(self, mark_time_ns: int) -> None:
        """Set the age of the oldest mark; 0: there is none that anybody could lose money by."""
        age_s = max(0, time_ns() - mark_time_ns) / 1e9 if mark_time_ns else 0
        self.gauges["oldest_mark_age_seconds"].set(age_s)

    def text(self) -> bytes:
        """Return everything in the form that Prometheus reads."""
        return generate_latest(self.registry)

    def _counter(self, name: str, words: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", words, self.LABELS.get(name, ()), registry=self.registry)

    def _gauge(self, name: str, words: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", words, self.LABELS.get(name, ()), registry=self.registry)

    def _histogram(self, name: str, words: str) -> Histogram:
        labels = self.LABELS.get(name, ())
        return Histogram(f"{PREFIX}_{name}", words, labels, registry=self.registry, buckets=BUCKETS_S)
