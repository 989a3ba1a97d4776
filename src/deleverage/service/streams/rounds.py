"""Plans for an outside engine, as they come and get on; each look is noted as one at ``/v1/rounds/prepared``."""

import msgspec

from deleverage.service.acts import LookAtRound, WaitForRounds
from deleverage.service.acts.rounds import PreparedRoundsView
from deleverage.service.counter import Counter
from deleverage.service.rounds.outside import Outside
from deleverage.service.rounds.prepared import PreparedView, State
from deleverage.service.streams.client import Client
from deleverage.service.streams.frames import Frame

UNDER_WAY = (State.PREPARED.value, State.COMMITTING.value)
_AS_JSON = msgspec.json.Encoder()


async def tell_rounds(client: Client, counter: Counter, outside: Outside) -> None:
    """Tell a client each plan that waits for the engine, and what became of those that it was told of."""
    told: dict[str, str] = {}  # by round: the state that was told
    while True:
        news = outside.news
        waiting = await counter.act(client.principal, WaitForRounds())
        assert isinstance(waiting, PreparedRoundsView)
        plans = list(waiting.prepared)
        for round_id in told.keys() - {plan.round for plan in plans}:
            plan = await counter.act(client.principal, LookAtRound(round=round_id))
            assert isinstance(plan, PreparedView)
            plans.append(plan)
        for plan in plans:
            if told.get(plan.round) != plan.state:
                await client.send(Frame(_AS_JSON.encode(plan)))
            told[plan.round] = plan.state
        told = {round_id: state for round_id, state in told.items() if state in UNDER_WAY}
        await news.wait()
