"""A journal's block done again by kernels: the same state, and every altered number noticed."""

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from deleverage.domain import replaying
from deleverage.domain.domain import Domain
from deleverage.domain.engines import COLUMNS
from deleverage.journal import rows
from deleverage.journal.block import Block, block_of, read_block
from deleverage.journal.entry import Answer
from deleverage.journal.faults import JournalFault, Why
from deleverage.rulebook import messages as m
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.rules import Rules
from tests.commands import to_command, to_rules
from tests.worlds import world

TIERS = (Tier(0, 10_000_000, 20_000_000),)
LINEAR = MarketTerms("LINEAR", 10, TIERS, 10**6, 10**6, 10**9)
INVERSE = MarketTerms("INVERSE", 0, TIERS, 10**6, 10**6, 10**9, contract="inverse", face_quanta_ticks=10**7)


def is_ill_typed(answer: Answer) -> bool:
    """Return whether a command had no text: such a refusal stands in no journal."""
    return isinstance(answer, m.Rejection) and answer.code is m.Code.BAD_TYPE


def written(rules: Rules, commands: list[m.Command]) -> tuple[Block, str]:
    """Return commands and their answers as one block, read back from its bytes, and the digest behind them."""
    domain = Domain.open(rules, COLUMNS)
    answers = domain.submit(commands)
    pairs = [(command, answer) for command, answer in zip(commands, answers, strict=True) if not is_ill_typed(answer)]
    answered = [(f"key-{at}", *pair) for at, pair in enumerate(pairs)]
    return read_block(block_of(1, 1, 1, 0, answered).to_bytes()), domain.digest()


def day() -> list[m.Command]:
    """Return a day with every kind of row, accepted and refused."""
    commands: list[m.Command] = [m.ListMarket(time_ns=1, terms=terms) for terms in (LINEAR, INVERSE)]
    for name in ("a", "b"):
        commands.append(m.OpenAccount(time_ns=1, account_id=name))
        commands.append(m.Deposit(time_ns=1, unit_id=name, amount_quanta=10**7))
    marks = (m.MarkUpdate("LINEAR", 100, 1), m.MarkUpdate("INVERSE", 100, 1))
    commands.append(m.SetMarks(time_ns=1, marks=marks))
    for at in range(40):
        time_ns = 10 + at
        trade = m.Trade(
            time_ns=time_ns,
            market_id="LINEAR" if at % 2 else "INVERSE",
            buyer_unit_id="a",
            seller_unit_id="b",
            lots=1 + at % 3 if at % 7 else 10_000,
            price_ticks=100 + at % 5,
        )
        money = m.Withdraw(time_ns=time_ns, unit_id="a", amount_quanta=7 if at % 5 else 10**12)
        mark = m.SetMarks(time_ns=time_ns, marks=(m.MarkUpdate("LINEAR", 100 + at % 3, 1),))
        funding = m.AccrueFunding(time_ns=time_ns, market_id="LINEAR", rate_ppb=100_000 * (at % 3 - 1))
        commands += [trade, m.Deposit(time_ns=time_ns, unit_id="b", amount_quanta=5), money, mark, funding]
    return commands


@pytest.mark.parametrize("seed", range(12))
def test_replay_when_a_random_life_is_done_again_then_the_state_is_the_same(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and texts in any mixture, lives of every family of the law."""
    monkeypatch.setattr(replaying, "FEWEST", 1)
    plain_rules, commands = world(seed, most=10**9)
    rules = to_rules(plain_rules)
    block, digest = written(rules, [to_command(one) for one in islice(commands, 300)])
    again = Domain.open(rules, COLUMNS)
    replaying.replay(again, block)
    assert (digest, block.facts_after) == (again.digest(), again.book.seq)


def test_replay_when_a_day_is_done_again_then_most_of_it_are_rows() -> None:
    """Otherwise the tests below would look at little."""
    block, digest = written(Rules(), day())
    again = Domain.open(Rules(), COLUMNS)
    replaying.replay(again, block)
    fewest = min(int(np.count_nonzero(block.rows["kind"] == kind)) for kind in range(1, 6))
    refused = int(np.count_nonzero(block.rows["code"]))
    assert (digest, 40, True) == (again.digest(), fewest, refused > 5)


@pytest.mark.parametrize("field", ["first", "second", "code", "refused"])
@pytest.mark.parametrize("kind", range(1, 6))
def test_replay_when_one_number_was_altered_then_the_command_is_named(kind: int, field: str) -> None:
    """Each number of each kind of row that an answer is made of, one at a time."""
    block, _ = written(Rules(), day())
    for at in np.flatnonzero(block.rows["kind"] == kind).tolist()[:12]:
        altered = _altered(block, at, field)
        if altered is None:
            continue
        with pytest.raises(JournalFault, match=f"command {at + 1} ") as caught:
            replaying.replay(Domain.open(Rules(), COLUMNS), altered)
        assert caught.value.why == Why.OTHER_STATE


def _altered(block: Block, at: int, field: str) -> Block | None:
    """Return the block with another number in one row; None where the number says nothing there."""
    table: Any = block.rows.copy()
    row = table[at]
    if field == "code":
        row["code"] = 0 if row["code"] else rows.REFUSALS[m.Code.INSUFFICIENT_EQUITY]
    elif field == "refused":
        if row["refused"] == rows.NOBODY:
            return None
        row["refused"] = (row["refused"] + 1) % len(block.names)
    elif not row["code"] and row["kind"] in (rows.DEPOSIT, rows.WITHDRAW):
        return None
    else:
        row[field] += 1
    return replace(block, rows=table)
