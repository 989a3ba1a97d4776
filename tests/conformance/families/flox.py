"""FLOX: winners that are closed in order, under the preset where the law gives the same; and a winner short of cash."""

from fractions import Fraction

from deleverage.rulebook.messages import Deleveraged
from deleverage.venues.formulas import flox
from deleverage.venues.formulas.flox import Position
from tests.conformance.books import World, grain, of
from tests.conformance.cases import Values
from tests.conformance.family import Answer, family
from tests.conformance.oracles import flox as oracle

PRESET = "flox"


def deleverage(values: Values) -> Answer:
    """Return who is closed and what each gives."""
    bankrupt = Position(0, *(Fraction(part) for part in values["bankrupt"]))
    candidates = [Position(line[0], *(Fraction(part) for part in line[1:])) for line in values["candidates"]]
    mark, insurance = Fraction(values["mark"]), Fraction(values["insurance"])
    given = flox.deleverage(bankrupt, mark, insurance, values["rank"], candidates)
    found = {"closed_accounts": [account for account, _ in given], "absorbed": [money for _, money in given]}
    ours = _played(bankrupt, candidates, mark, insurance, values["rank"])
    if ours == found:
        return Answer(ours, PRESET, formula=found)
    closed = ", ".join(f"{account}: {money}" for account, money in zip(*ours.values(), strict=True))
    return Answer(
        found, note=f"the law closes only the lots that there are, at one price per lot: {closed}; the formula's"
    )


def _played(bankrupt: Position, candidates: list[Position], mark: Fraction, insurance: Fraction, rank: str) -> Values:
    """Play the same under the preset: equity is the balance before the open profit."""
    everybody = [bankrupt, *candidates]
    numbers = [mark, Fraction(1), *(position.entry for position in everybody)]
    world = World(PRESET, grain(p.quantity for p in everybody), grain(numbers), 9, {"rank": rank.replace("_", "-")})
    world.market("m")
    world.fund(insurance)
    names = {f"account-{position.account:06d}": position.account for position in everybody}
    for name, position in zip(names, everybody, strict=True):
        world.account(name, position.equity)
        world.enter(name, "m", position.quantity, position.entry)
    world.marks(m=mark)
    closings = [closing for fact in of(Deleveraged, world.step()) for closing in fact.closings]
    return {
        "closed_accounts": [names.get(closing.unit_id, "street") for closing in closings],
        "absorbed": [Fraction(closing.money_quanta, world.unit) for closing in closings],
    }


def short_of_cash(values: Values) -> Answer:
    """Return what is taken of a winner, and what is left to the fund."""
    named = ("deficit", "winner_upnl", "winner_available_after_credit")
    taken = flox.taken_from_winner(*(Fraction(values[name]) for name in named))
    return Answer({"taken": taken, "remainder_to_insurance": values["deficit"] - taken})


def _winners(values: Values) -> bool:
    """Keep a long bankrupt who is below zero, and winning shorts with an equity, under ids of their own."""
    quantity, entry, equity = values["bankrupt"]
    ids = [line[0] for line in values["candidates"]]
    shorts = all(line[1] < 0 and line[2] > values["mark"] and line[3] > 0 for line in values["candidates"])
    return bool(equity + quantity * (values["mark"] - entry) < 0 and shorts and len(set(ids)) == len(ids))


FAMILIES = (
    family(
        "winners in order",
        "flox_adl",
        "rank bankrupt candidates",
        "closed_accounts absorbed",
        deleverage,
        oracle.deleverage,
        still=frozenset({"rank"}),
        legal=_winners,
    ),
    family(
        "winner short of cash",
        "",
        "deficit winner_upnl winner_available_after_credit",
        "taken remainder_to_insurance",
        short_of_cash,
        oracle.short_of_cash,
        why="a candidate is asked for at most its equity here, which is what is there: no cash apart from it",
    ),
)
