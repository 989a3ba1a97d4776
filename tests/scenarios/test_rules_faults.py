"""Mistakes in ``[rules]``: every fault at once, in the file's names and units, with the compared numbers."""

import pytest

from deleverage.rulebook.rules import PLUGS
from deleverage.rulebook.scores import RANKINGS as SCORED
from deleverage.scenarios.faults import ScenarioError, nearest
from deleverage.scenarios.loader import loads, text_of

STORY = text_of("two-traders")
DUTCH = "nearest is 'most'; known are every_seconds, most, start, step"
EXCLUSIONS = "nearest is 'own_units'; known are no_equity, own_units, unhealthy"
LOSSES = f"{', '.join(sorted(PLUGS['loss_rule'].kinds))}; or a table with a name and parameters"
RANKINGS = nearest("bitmax", SCORED)
TRIGGERS = f"nearest is 'fund-fallen'; known are {', '.join(sorted(PLUGS['trigger'].kinds))}"


def faults_of(*rules: str) -> list[str]:
    """Return the faults of the story of two traders under these rules."""
    with pytest.raises(ScenarioError) as refusal:
        loads(STORY.replace("[[markets]]", "\n".join(["[rules]", *rules, "", "[[markets]]"]), 1))
    return [str(fault) for fault in refusal.value.faults]


@pytest.mark.parametrize(
    ("rule", "faults"),
    [
        (
            'auction = { name = "dutch", start = 2, every_seconds = 0, mots = 1 }',
            [
                f"rules.auction.mots: is no parameter of dutch, {DUTCH}",
                "rules.auction.step: is missing: dutch needs it",
                "rules.auction.most: is missing: dutch needs it",
                "rules.auction.start: is 2, allowed are 0 to 1",
                "rules.auction.every_seconds: is 0, must be above 0",
            ],
        ),
        (
            'auction = { name = "dutch", start = 0.05, step = 0.01, every_seconds = 0.5, most = 0.04 }',
            ["rules.auction.most: is 0.04, the discount starts at 0.05"],
        ),
        (
            "auction = {}",
            ["rules.auction.name: is missing, an auction goes by its name: dutch, none"],
        ),
        (
            'loss_rule = { name = "in-order", of = [5] }',
            [f"rules.loss_rule.of[0]: is 5, a loss rule goes by its name: {LOSSES}"],
        ),
        (
            'price = { name = "capped", price = "blend", most = 7 }',
            ["rules.price.price.share: is missing: blend needs it", "rules.price.most: is 7, allowed are 0 to 1"],
        ),
        ('reduction = { name = "smart", target = 0.5 }', ["rules.reduction.target: is 0.5, must be at least 1"]),
        ('reduction = { name = "tiers", count = 0.5 }', ["rules.reduction.count: is 0.5, must be a whole number"]),
        ('reduction = { name = "tiers", count = true }', ["rules.reduction.count: is true, must be a whole number"]),
        (
            'reduction = "slices"',
            ["rules.reduction.most_lots: is 0, and so is the most notional: one of them bounds a slice"],
        ),
        (
            'policy = { name = "queue", ranking = "bitmax", seed = -1 }',
            [
                f"rules.policy.ranking: is 'bitmax', {RANKINGS}",
                "rules.policy.seed: is -1, must not be negative",
            ],
        ),
        (
            'trigger = { name = "any", of = ["never", { name = "fund-exhausted", threshold = -1 }, "fund-falen"] }',
            [
                "rules.trigger.of[1].threshold: is -1, must not be negative",
                f"rules.trigger.of[2]: trigger 'fund-falen' is unknown, {TRIGGERS}",
            ],
        ),
        ('trigger = { name = "all", of = [] }', ["rules.trigger.of: is empty: it combines one or more"]),
        ('trigger = { name = "all", of = 5 }', ["rules.trigger.of: is 5, must be a list, each a trigger"]),
        ('loss_rule = { name = "winners-pro-rata", base = 1.5 }', ["rules.loss_rule.base: is 1.5, must be a text"]),
        (
            "surplus_to_taker = 0.5\nsurplus_to_fund = 0.75",
            ["rules.surplus_to_taker: is 0.5, and the fund keeps 0.75: together they are at most 1"],
        ),
        (
            "breaker = 0.1",
            [
                "rules.breaker_window_seconds: is 0, but the breaker is on: it needs a window",
                "rules.pause_seconds: is 0, but the breaker is on: it needs a pause",
            ],
        ),
        (
            'rerank = "each-fill"\nshortfall_split = "x"\nremoved = ["own_unit"]',
            [
                f"rules.removed[0]: exclusion 'own_unit' is unknown, {EXCLUSIONS}",
                "rules.shortfall_split: is 'x', nearest is 'notional'; known are maintenance, notional",
                "rules.rerank: is 'each-fill', nearest is 'each_fill'; known are each_fill, once",
            ],
        ),
        (
            'rerank = "each_fill"\npolicy = "pro-rata"',
            ["rules.rerank: is 'each_fill', which needs a queue policy, not pro-rata"],
        ),
        (
            "reduce_throttle = [{ stress_from = 0.1, most = 5 }, { stress_from = 0.1, most = 6 }]",
            [
                "rules.reduce_throttle[0].stress_from: is 0.1, the first limit starts at 0",
                "rules.reduce_throttle[1].stress_from: is 0.1, it must lie above the 0.1 of the limit before",
                "rules.reduce_throttle[1].most: is 6, above the 5 of the limit before",
            ],
        ),
    ],
)
def test_rules_when_a_switch_is_wrong_then_all_is_told_in_the_files_names_and_units(
    rule: str, faults: list[str]
) -> None:
    """No switch and no parameter is called as in the law, and no number is in ppb, ns or quanta."""
    assert faults_of(rule) == faults


def test_rules_when_one_switch_is_wrong_then_no_fault_follows_from_its_stand_in() -> None:
    """A share of 7 for the fund is one fault, not also one of the taker's share beside it."""
    assert faults_of("surplus_to_taker = 0.5", "surplus_to_fund = 7") == [
        "rules.surplus_to_fund: is 7, a share is at most 1",
        "rules.surplus_to_taker: has no effect: nobody takes lots over",
    ]
