"""Plug point *loss rule*: who bears a loss that stage 5 could not collect. One short file per family.

    rule       what a rule sees and gives back, combinations, and the hostile check
    gains      winners pro rata, gains since the mark before
    index      per open lot of the market that made the loss
    equity     a share of everybody's payout, of flat accounts, an exchange rate for all
    period     clawback of a period's profit
    nobody     no socialisation

Deliberately absent: *partial tear-up* as a rule of its own. Closing a share of the opposite contracts at the mark is
stage 5 with the `pro-rata` policy and the `mark` price (lots, not money); the loss then comes here.
"""

from deleverage.rulebook.losses.equity import ExchangeRate, FlatToo, Payout
from deleverage.rulebook.losses.gains import VariationMarginGains, WinnersProRata
from deleverage.rulebook.losses.index import FundingIndex
from deleverage.rulebook.losses.nobody import Nobody
from deleverage.rulebook.losses.period import Clawback
from deleverage.rulebook.losses.rule import InOrder, LossRule
from deleverage.rulebook.plug import Registry

LOSS_RULES: Registry[LossRule] = Registry(
    "loss rule",
    LossRule,
    (WinnersProRata, VariationMarginGains, FundingIndex, Payout, FlatToo, ExchangeRate, Clawback, Nobody, InOrder),
)
"""Every loss rule by name."""
