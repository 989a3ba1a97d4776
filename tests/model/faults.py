"""What must hold in the model whatever the law says in detail."""

from tests.model.margin import equity
from tests.model.model import Model
from tests.model.state import can_only_close, market_of


def faults(model: Model) -> list[str]:
    """Return every broken conservation law of a model's state."""
    world = model.world
    found = []
    for key in world.markets:
        legs = [leg for unit in world.units.values() for leg in unit.legs.items()]
        lots = sum(leg.lots for leg_id, leg in legs if market_of(leg_id) == key)
        if lots:
            found.append(f"lots of {key} sum to {lots}")
    equities = {unit.unit_id: equity(world, unit) for unit in world.units.values()}
    money = sum(unit.quote for unit in world.units.values()) + sum(world.pots.values()) - world.residual
    # Funding is not settled: what one side's quote lacks, the other's has.
    if money != world.net_deposits:
        found.append(f"money is {money}, net deposits are {world.net_deposits}")
    if sum(equities.values()) + sum(world.pots.values()) - world.residual != world.net_deposits:
        found.append("equities do not sum to what came in")
    if min((*world.pots.values(), world.residual, *world.claims.values(), 0)) < 0:
        found.append("a pot, the residual or a claim is negative")
    for key, asset in world.assets.items():
        grains = sum(unit.assets.get(key, 0) for unit in world.units.values())
        if grains != asset.net_deposits:
            found.append(f"grains of {key} are {grains}, net deposits are {asset.net_deposits}")
    for unit in world.units.values():
        if any(grains <= 0 or unit.isolated for grains in unit.assets.values()):
            found.append(f"{unit.unit_id} holds an asset that it cannot hold")
        if unit.carried < 0 or (unit.carried and not unit.assets):
            found.append(f"{unit.unit_id} has a pledge without assets")
        memos = sum(leg.entry_funding - leg.cost for leg in unit.legs.values())
        if unit.quote != unit.deposits + unit.realised + unit.transfers + memos:
            found.append(f"the ledger of {unit.unit_id} does not give its quote")
        if any(leg.lots == 0 or leg.haircut < 0 for leg in unit.legs.values()):
            found.append(f"{unit.unit_id} has a leg without lots or with a negative haircut")
        if any(can_only_close(key, leg.lots) or ("/" in key) != unit.hedge for key, leg in unit.legs.items()):
            found.append(f"{unit.unit_id} has a leg that is not on its side")
    return found


def equities(model: Model) -> dict[str, int]:
    """Return every unit's equity."""
    return {key: equity(model.world, unit) for key, unit in model.world.units.items()}
