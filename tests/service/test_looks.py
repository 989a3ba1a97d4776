"""Questions wait for each other, and commands for few of them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deleverage.service.acts import LookAtProposal, WaitForRounds
from deleverage.service.looks import CHEAP, DEAR, Looks
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import BucketsQuestion, MarketsQuestion, Question, TapeQuestion, facts
from tests.service.world import served, trader

TAPE, MARKETS = TapeQuestion(from_seq=1, limit=1_000), MarketsQuestion()


class SlowDesk:
    """Answers once it is let; notes how many questions stood in its line at once."""

    def __init__(self) -> None:
        self.asked, self.most, self.go = 0, 0, asyncio.Event()

    async def ask(self, question: Question) -> Any:
        """Return once it may."""
        self.asked += 1
        self.most = max(self.most, self.asked)
        await self.go.wait()
        self.asked -= 1


async def most_in_line(questions: Sequence[Question]) -> int:
    """Return how many of so many questions stood in a desk's line at once."""
    desk: Any = SlowDesk()
    looks = Looks(desk)
    asking = [asyncio.create_task(looks.ask(question)) for question in questions]
    await asyncio.sleep(0.01)
    desk.go.set()
    await asyncio.gather(*asking)
    assert looks.waiting == 0
    return int(desk.most)


def test_line_when_hundreds_ask_then_a_command_waits_behind_few_of_them() -> None:
    """A thousand traders may ask; a halt waits for two long answers at most, or a few short ones."""
    assert (asyncio.run(most_in_line([TAPE] * 500)), asyncio.run(most_in_line([MARKETS] * 500))) == (DEAR, CHEAP)
    assert asyncio.run(most_in_line([TAPE, MARKETS] * 250)) == DEAR + CHEAP


def test_line_when_the_table_answers_then_nobody_waits() -> None:
    """A bucket is read from a table, which no command waits for."""
    assert asyncio.run(most_in_line([BucketsQuestion(account="a")] * 500)) == 500


def test_line_when_too_many_wait_then_the_next_is_told_so_and_nothing_is_kept() -> None:
    """Memory is bounded: whoever is one too many hears BUSY."""

    async def play() -> Problem:
        desk: Any = SlowDesk()
        looks = Looks(desk, most_waiting=5)
        asking = [asyncio.create_task(looks.ask(TAPE)) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await looks.ask(TAPE)
        desk.go.set()
        await asyncio.gather(*asking)
        await looks.ask(TAPE)
        return refused.value

    assert asyncio.run(play()).code == Code.BUSY


def test_line_when_previews_are_asked_for_then_they_are_dear_and_no_other_act_waits() -> None:
    """A preview is tried on a copy of the book, as a what-if; whoever waits for a round holds up nobody."""
    desk: Any = SlowDesk()
    looks = Looks(desk)

    async def play() -> list[bool]:
        asking = [asyncio.create_task(looks.ask(TAPE)) for _ in range(DEAR)]
        await asyncio.sleep(0)
        found = []
        for act in (LookAtProposal(proposal="p"), WaitForRounds(wait_s=30)):
            try:
                async with asyncio.timeout(0.01), looks.around(act):
                    found.append(True)
            except TimeoutError:
                found.append(False)
        desk.go.set()
        await asyncio.gather(*asking)
        return found

    assert asyncio.run(play()) == [False, True]


def test_own_facts_when_all_are_asked_for_then_one_answer_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However large a page was asked for, the next one goes on where it ended."""
    with served(tmp_path) as world:
        whole = world.get("/v1/accounts/long-6/facts?limit=1000", trader("long-6"))["entries"]
        monkeypatch.setattr(facts, "MOST_OWN", 2)
        found: list[Any] = []
        following = "1"
        while len(found) < len(whole):
            page = world.get(f"/v1/accounts/long-6/facts?limit=1000&from={following}", trader("long-6"))
            assert len(page["entries"]) <= 2
            found, following = found + page["entries"], page["next_from"]
        assert whole == found
