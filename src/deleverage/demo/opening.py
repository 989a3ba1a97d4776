"""The first day: markets that two persons list, then prices, accounts, money and positions; all over the API.

Which accounts and positions there are comes from the venue's story, as ``deleverage run`` would have it.
"""

from collections.abc import Callable
from time import time_ns

from deleverage.demo.clearing import Clearing
from deleverage.documents import encode
from deleverage.rulebook.messages import Command, Deposit, ListMarket, SetMarks
from deleverage.scenarios.model import Scenario
from deleverage.service.asking import Asker, Json

MINUTES_10_NS = 600 * 10**9


def list_markets(proposer: Asker, approver: Asker, story: Scenario) -> None:
    """List what is not listed yet: one key proposes, another one approves what has this hash."""
    listed = {market["market"] for market in proposer.get("/v1/markets")["markets"]}
    for origin in story.setup:
        command = origin.command
        if isinstance(command, ListMarket) and command.terms.market_id not in listed:
            proposal = proposer.post(
                "/v1/proposals",
                {
                    "command": _document(command),
                    "reason": "the demo opens its markets",
                    "expiry_ns": str(time_ns() + MINUTES_10_NS),
                },
            )
            path = f"/v1/proposals/{proposal['proposal']}/approval"
            done = approver.post(path, {"hash": proposal["hash"]})
            if done["result"]["outcome"] != "done":
                raise ValueError(f"{command.terms.market_id} is not listed: {done['result']}")


def first_prices(story: Scenario) -> dict[str, int]:
    """Return what the markets are worth when the venue opens, in ticks."""
    marks = [origin.command for origin in story.setup if isinstance(origin.command, SetMarks)]
    return {mark.market_id: mark.price_ticks for command in marks for mark in command.marks}


def stakes(story: Scenario) -> dict[str, int]:
    """Return what everybody comes with."""
    found: dict[str, int] = {}
    for origin in story.setup:
        if isinstance(origin.command, Deposit):
            found[origin.command.unit_id] = found.get(origin.command.unit_id, 0) + origin.command.amount_quanta
    return found


def hand_in_marks(oracle: Asker, ticks: dict[str, int]) -> Json:
    """Say what the markets are worth now."""
    now = str(time_ns())
    marks = [{"market": name, "price_ticks": str(price)} for name, price in sorted(ticks.items())]
    return oracle.post("/v1/marks", {"sequence": now, "source_time_ns": now, "marks": marks})


def open_accounts(clearing: Clearing, story: Scenario, say: Callable[[str], None]) -> None:
    """Open accounts, pay money in, and make the trades that everybody's position comes from."""
    done = 0
    for origin in story.setup:
        if not isinstance(origin.command, ListMarket | SetMarks):
            clearing.note(origin.command)
            done += 1
        if clearing.waiting == 1_000:
            clearing.send()
    clearing.send()
    say(f"opened: {done:,} commands for accounts, money and positions")


def _document(command: Command) -> Json:
    """Return a command without its time, which is the service's to say."""
    return {name: part for name, part in encode(Command, command).items() if name != "time_ns"}
