"""The exact model by itself: what it must not do, whatever the law says in detail."""

from collections import Counter

from deleverage.rulebook.messages import Code
from tests.life.view import Plain
from tests.model import Model
from tests.model.faults import equities, faults
from tests.worlds import Commands, world

SEEDS = range(1_000, 1_040)


def test_model_when_random_worlds_are_run_then_it_conserves_money_and_lots() -> None:
    """After every command the sums of lots, quotes, equities and ledgers are right, and no step makes a victim."""
    for seed in SEEDS:
        rules, commands = world(seed)
        model = Model(rules)
        command = next(commands, None)
        while command is not None:
            before = equities(model)
            code = model.submit(command)
            assert faults(model) == [], f"world {seed}: {command}"
            if command["kind"] == "RunStep" and code is None and not rules["may_bankrupt"]:
                after = equities(model)
                victims = [key for key, quanta in before.items() if quanta >= 0 > after[key]]
                assert victims == [], f"world {seed}: {command}"
            command = _sent(commands, model.state())


def test_model_when_a_command_is_refused_then_its_state_is_unchanged() -> None:
    """A rejection changes nothing, and every code comes up."""
    seen: Counter[str] = Counter()
    for seed in range(1, 260):
        rules, commands = world(seed)
        model = Model(rules)
        command = next(commands, None)
        before = model.state()
        while command is not None:
            code = model.submit(command)
            state = model.state()
            if code is not None:
                seen[code] += 1
                assert state == before, f"world {seed}: {command}"
            before = state
            command = _sent(commands, state)
    assert set(seen) == {code.name for code in Code}


def test_worlds_when_nobody_sends_a_state_then_the_commands_are_the_same() -> None:
    """A world can drive any implementation, and a seed always means the same commands."""
    for seed in (1, 2, 3):
        rules, commands = world(seed)
        model = Model(rules)
        sent = []
        command = next(commands, None)
        while command is not None:
            sent.append(command)
            model.submit(command)
            command = _sent(commands, model.state())
        assert repr(list(world(seed)[1])) == repr(sent)  # As texts: a wrong number may be a NaN.


def _sent(commands: Commands, state: Plain) -> Plain | None:
    """Return the next command after a state, or None at the end."""
    try:
        return commands.send(state)
    except StopIteration:
        return None
