"""Rejections: an answer with the compared numbers. ``Code`` is ordered; the first reason in this order is reported."""

from dataclasses import dataclass
from enum import IntEnum, auto


class Code(IntEnum):
    """Why a command was refused, in order of precedence; docs/law.md says when each applies."""

    BAD_TYPE = auto()
    TIME_BACKWARDS = auto()
    BAD_TIME = auto()
    BAD_ID = auto()
    DUPLICATE_ID = auto()
    UNKNOWN_MARKET = auto()
    UNKNOWN_ASSET = auto()
    UNKNOWN_ACCOUNT = auto()
    UNKNOWN_UNIT = auto()
    UNKNOWN_ORDER = auto()
    UNKNOWN_POOL = auto()
    UNKNOWN_ENVELOPE = auto()
    WRONG_SIDE = auto()
    BAD_TERMS = auto()
    BAD_ROLE = auto()
    BAD_PROGRAMME = auto()
    BAD_AMOUNT = auto()
    BAD_LOTS = auto()
    BAD_PRICE = auto()
    BAD_RATE = auto()
    BAD_LEVERAGE = auto()
    BAD_ESTIMATE = auto()
    BAD_REASON = auto()
    BAD_EXPIRY = auto()
    SELF_TRADE = auto()
    NO_MARK = auto()
    MARKET_SETTLED = auto()
    MARKET_EXPIRED = auto()
    NOT_EXPIRED = auto()
    WRONG_MARKET = auto()
    ISOLATED_UNIT = auto()
    NOT_SAME_ACCOUNT = auto()
    SAME_POOL = auto()
    DOMAIN_HALTED = auto()
    MARKET_HALTED = auto()
    ALREADY_HALTED = auto()
    NOT_HALTED = auto()
    UNIT_BANKRUPT = auto()
    NO_AUCTION = auto()
    MARKET_INDEBTED = auto()
    ASSETS_PLEDGED = auto()
    OUT_OF_BAND = auto()
    MARKET_REDUCE_ONLY = auto()
    MARKET_PAUSED = auto()
    PRICE_OUT_OF_BAND = auto()
    MORE_THAN_HELD = auto()
    MORE_THAN_NEEDED = auto()
    DISCOUNT_TOO_SMALL = auto()
    LOTS_ABOVE_MAXIMUM = auto()
    OPEN_INTEREST_ABOVE_MAXIMUM = auto()
    LEVERAGE_ABOVE_MAXIMUM = auto()
    BELOW_INITIAL_MARGIN = auto()
    BELOW_ZERO = auto()
    BELOW_MAINTENANCE = auto()
    MARK_GUARDED = auto()
    INSUFFICIENT_EQUITY = auto()
    POOL_FLOOR = auto()
    NEGATIVE_EQUITY = auto()
    RESIDUAL_OUTSTANDING = auto()
    NO_RESIDUAL = auto()
    NOTICE_TOO_SHORT = auto()
    NOT_MANUAL = auto()
    WRONG_RULES = auto()
    NOTHING_TO_APPROVE = auto()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A refusal: code, one sentence, and the compared numbers. The book is unchanged."""

    code: Code
    sentence: str
    found: int | str = ""
    bound: int | str = ""
