"""Marks in: fresh, in order, of so many sources; what they say is the law's to judge."""

import asyncio
from pathlib import Path

import pytest

from deleverage.rulebook.messages import MarksSet, SetMarks
from deleverage.rulebook.rules import Rules
from deleverage.service.clock import NS_PER_S
from deleverage.service.rounds import sources
from deleverage.service.rounds.sources import Quorum
from tests.service.rounds_world import PEOPLE, START_NS, played, venue

PPB = 10**9


def test_mark_when_old_or_ahead_or_out_of_order_then_stale_with_what_was_compared(tmp_path: Path) -> None:
    """Nothing reaches the journal, and the state stays."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.mark(1_000)
            before = await there.seq(), await there.digest()
            old = await there.mark(900, status=422, source_time_ns=str(START_NS - 10 * NS_PER_S - 1))
            ahead = await there.mark(900, status=422, source_time_ns=str(START_NS + NS_PER_S + 1))
            again = await there.mark(900, status=422, sequence="1")
            back = await there.mark(900, status=422, source_time_ns=str(START_NS - 1))
            assert [one["code"] for one in (old, ahead, again, back)] == ["STALE"] * 4
            assert old["compared"] == {"age_ns": "10000000001", "most_age_ns": "10000000000"}
            assert ahead["compared"] == {"ahead_ns": "1000000001", "most_ahead_ns": "1000000000"}
            assert again["compared"] == {"sequence": "1", "last_sequence": "1"}
            assert back["compared"] == {"source_time_ns": str(START_NS - 1), "last_source_time_ns": str(START_NS)}
            assert (await there.seq(), await there.digest()) == before

    played(story)


def test_mark_when_handed_in_twice_word_for_word_then_the_answer_is_the_same(tmp_path: Path) -> None:
    """Whoever did not hear the answer asks again; the price is written once."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            first = await there.mark(1_000)
            seq = await there.seq()
            there.sequence -= 1
            assert await there.mark(1_000) == first
            assert await there.seq() == seq

    played(story)


def test_mark_when_its_sequence_was_used_before_a_restart_then_the_journal_remembers(tmp_path: Path) -> None:
    """A price under an old number, the old one or another, is no news: the gate stays closed."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.open_positions()
            time = there.time
        time.pass_s(2)
        async with venue(tmp_path, time=time) as there:
            for price in (900, 1_000):
                there.sequence = 0
                (told,) = (await there.mark(price, source_time_ns=str(time.wall_ns), status=200))["results"]
                assert (told["problem"]["code"], told["problem"]["compared"]) == ("STALE", {"seq": "2"})
                there.office.intake._sources._last.clear()
            assert not there.office.gate.is_open

    played(story)


def test_mark_when_two_of_three_are_needed_then_the_median_counts_and_the_key_names_the_sources(tmp_path: Path) -> None:
    """One source alone moves nothing; two keys of one person are one source; of two prices the lower one counts."""

    async def story() -> None:
        async with venue(tmp_path, quorum=Quorum(2, 10 * NS_PER_S)) as there:
            alone = await there.mark(1_000)
            assert (alone["results"], alone["waits_for_sources"]) == ([], ["X"])
            assert (await there.mark(5_000, "feed-a2"))["results"] == []
            two = await there.mark(1_010, "feed-b")
            assert [one["key"] for one in two["results"]] == ["::feed-b:feed-a2:m3"]
            assert _price(two) == "1010"
            assert _price(await there.mark(1_012, "feed-c")) == "1012"
            there.time.pass_s(11)
            assert (await there.mark(1_000))["results"] == []
            command = await there.look(lambda _, journal: journal.entry(3).command)
            assert isinstance(command, SetMarks)
            assert [(one.price_ticks, one.sources) for one in command.marks] == [(1_012, 3)]

    played(story)


def test_mark_when_one_source_names_markets_without_end_then_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a dishonest source may fill is its own room."""
    monkeypatch.setattr(sources, "MOST_THINGS", 10)

    async def story() -> None:
        async with venue(tmp_path, quorum=Quorum(2, 10 * NS_PER_S)) as there:
            for at in range(10):
                await there.mark(1, "feed-c", market=f"m{at}")
            assert (await there.mark(1, "feed-c", 429))["code"] == "TOO_MANY"
            await there.mark(1_000, "feed-a")
            assert _price(await there.mark(1_010, "feed-b")) == "1000"

    played(story)


def test_mark_when_no_price_then_the_law_refuses_it_and_the_other_markets_have_theirs(tmp_path: Path) -> None:
    """Zero, negative, above the market's bound, and of a market that nobody knows."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            for price in ("0", "-5", str(10**6 + 1), str(10**60)):
                (result,) = (await there.mark(int(price)))["results"]
                assert (result["outcome"], result["rejection"]["code"]) == ("rejected", "BAD_PRICE")
            mixed = [{"market": "X", "price_ticks": "1000"}, {"market": "nowhere", "price_ticks": "1"}]
            told = (await there.mark(0, marks=mixed))["results"]
            assert [one["outcome"] for one in told] == ["done", "rejected"]
            assert await there.look(lambda domain, _: domain.book.markets["X"].mark_price_ticks) == 1_000

    played(story)


def test_mark_when_a_newer_one_overtakes_a_refused_set_then_the_older_price_does_not_come_back(tmp_path: Path) -> None:
    """The set is handed in again price by price, and in between somebody has said something newer."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            mixed = [{"market": "X", "price_ticks": "1000"}, {"market": "nowhere", "price_ticks": "1"}]
            older, newer = await asyncio.gather(there.mark(0, marks=mixed), there.mark(1_010))
            assert [len(one["results"]) for one in (older, newer)] == [2, 1]
            assert await there.look(lambda domain, _: domain.book.markets["X"].mark_price_ticks) == 1_010
            there.sequence -= 1
            assert await there.mark(1_010) == newer

    played(story)


def test_mark_when_out_of_band_then_the_law_guards_it_and_no_step_acts_on_it(tmp_path: Path) -> None:
    """A price half as high bankrupts half of the book, where somebody believes it."""

    async def story() -> None:
        async with venue(tmp_path, rules=Rules(mark_band_ppb=PPB // 20)) as there:
            await there.open_positions()
            (result,) = (await there.mark(500))["results"]
            assert result["facts"][0]["marks"][0]["guard"] == "out_of_band"
            await there.office.stepper.step_if_due()
            book = await there.look(lambda domain, _: (domain.book.units["a"].bankrupt, domain.book.units["b"].legs))
            assert (book[0], list(book[1])) == (False, ["X"])

    played(story)


def test_mark_when_no_oracle_hands_it_in_then_forbidden_and_nothing_moves(tmp_path: Path) -> None:
    """Nor does an oracle by a plain command, where neither age nor quorum would be asked."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            before = await there.seq()
            for who in set(PEOPLE) - {"feed-a", "feed-b", "feed-c", "feed-a2"}:
                assert (await there.mark(900, who, 403))["code"] == "FORBIDDEN"
            mark = {"market_id": "X", "price_ticks": "1", "sources": "1"}
            refused = await there.command("feed-a", "m", "SetMarks", 403, marks=[mark], confirmed=True)
            assert refused["code"] == "FORBIDDEN"
            assert await there.seq() == before

    played(story)


def _price(told: dict) -> str:
    (result,) = told["results"]
    assert result["facts"][0]["kind"] == MarksSet.__name__
    return str(result["facts"][0]["marks"][0]["price_ticks"])
