"""An engine that counts who answers: kernels, the law on the desk, the law on a small book, the law in plain rows."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

from deleverage.engine import engine as module
from deleverage.engine import one_by_one
from deleverage.engine.engine import Engine
from deleverage.engine.kernels import records
from deleverage.rulebook.decide import Answer
from deleverage.rulebook.messages import Command, Fact, Rejection

KINDS = {records.TRADE: "trade", records.DEPOSIT: "deposit", records.WITHDRAW: "withdrawal", records.MARK: "mark"}


class Watched(Engine):
    """An engine with a tally; ``answered`` counts its commands, ``wide_after`` those before it left the columns."""

    counts: Counter[str]
    answered: int
    wide_after: int | None

    @classmethod
    def over(cls, engine: Engine, counts: Counter[str], answered: int = 0) -> "Watched":
        """Return an engine that is watched from now on, ``answered`` commands behind the beginning."""
        engine.__class__ = cls
        assert isinstance(engine, cls)
        engine.counts, engine.answered = counts, answered
        engine.wide_after = answered if engine.wide is not None else None
        return engine

    def _run(self, log: Any, at: int, end: int, told: Any) -> int:
        until = super()._run(log, at, end, told)
        self.answered += until - at
        for kind, name in KINDS.items():
            mine = log["kind"][at:until] == kind
            refused = int(np.count_nonzero(told["refused"][at:until][mine]))
            self.counts[f"by kernel: {name}"] += int(mine.sum()) - refused
            self.counts[f"by kernel: {name} refused"] += refused
        return until

    def _set_marks(self, command: Command) -> Fact | None:
        fact = super()._set_marks(command)
        self.answered += fact is not None
        self.counts["by kernel: several marks"] += fact is not None
        return fact

    def _by_law(self, command: Command) -> Answer:
        plain = self.wide is not None
        answer = super()._by_law(command)
        self.answered += 1
        self.counts["by the law in plain rows" if plain else "by the law on the desk"] += 1
        if self.wide is not None and self.wide_after is None:
            self.wide_after = self.answered
        return answer


@contextmanager
def steps_counted(counts: Counter[str]) -> Iterator[None]:
    """Count how steps are run while this lasts, and by whom pools of several bankrupts are closed one by one."""
    run_step: Callable[..., Any] = module.__dict__["run_step"]
    by_kernel: Callable[..., Any] = one_by_one.by_kernel

    def counted(*arguments: Any) -> Any:
        answer = run_step(*arguments)
        way = "quiet, on a small book"
        if answer is None:
            way = "on the whole book"
        elif isinstance(answer, Rejection):
            way = "refused"
        elif len(answer) > 1:
            way = "busy, on a small book"
        counts[f"step {way}"] += 1
        return answer

    def closed(ahead: Any, pool: Any, policy: Any, bankrupts: list[str], *rest: Any) -> Any:
        fills = by_kernel(ahead, pool, policy, bankrupts, *rest)
        who = "by hand" if fills is None else "by a kernel"
        counts[f"several one by one, in order {who}"] += len(bankrupts) > 1
        return fills

    with patch.object(module, "run_step", counted), patch.object(one_by_one, "by_kernel", closed):
        yield
