"""What venues say themselves: raw answers, ccxt's, and the defects of ccxt that are not repeated."""

import re
from pathlib import Path
from typing import Any

import pytest

from deleverage.adapters.adl_ranks import AdlRank, adl_ranks
from deleverage.adapters.tables import TableFault
from deleverage.rulebook.quantities import PPB
from deleverage.venues.indicators import INDICATORS
from tests.adapters.shapes import BINANCE, BYBIT, OKX

CCXT_KEYS = ["info", "symbol", "rank", "rating", "percentage", "timestamp", "datetime"]


def ccxt_of(rank: AdlRank) -> dict[str, Any]:
    """Return what stands in ccxt's structure beside the raw answer."""
    found = rank.as_ccxt()
    assert list(found) == CCXT_KEYS
    return {key: value for key, value in found.items() if key != "info" and value is not None}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"symbol": "B", "adlRankIndicator": 3}, ("bybit", "B", "", "3", PPB // 2)),
        ({"symbol": "B", "adlRankIndicator": 0}, ("bybit", "B", "", "0", None)),
        ({"instId": "B", "adl": "5", "posSide": "short"}, ("okx", "B", "short", "5", PPB)),
        ({"symbol": "B", "adl": 4, "positionSide": "LONG"}, ("binance", "B", "long", "4", PPB)),
        ({"symbol": "B", "adlRisk": "medium"}, ("binance-symbol", "B", "", "medium", PPB // 2)),
        ({"contract": "B", "adl_ranking": 1}, ("gate", "B", "", "1", PPB)),
        ({"contract": "B", "adl_ranking": 6}, ("gate", "B", "", "6", None)),
        ({"contract_code": "B", "adl_risk_percent": "5", "direction": "buy"}, ("htx", "B", "long", "5", PPB)),
        ({"symbol": "B", "adlRank": "0.4872", "holdSide": "long"}, ("bitget", "B", "long", "0.4872", 487200000)),
        ({"symbol": "B", "delevPercentage": 0.5}, ("kucoin", "B", "", "0.5", None)),
        ({"symbol": "B", "deleveragePercentileRr": "1", "side": "Sell"}, ("phemex", "B", "short", "1", None)),
        ({"symbol": "B", "percentile": 20}, ("kraken", "B", "", "20", None)),
        ({"symbol": "B", "deleveragePercentile": None}, ("bitmex", "B", "", None, None)),
    ],
)
def test_rank_when_a_venue_answers_then_value_and_risk_are_read(
    answer: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    """A risk only where the venue says which end is next."""
    (found,) = adl_ranks([answer])
    assert (found.indicator, found.symbol, found.side, found.value, found.risk_ppb) == expected


def test_rank_when_a_direction_is_named_then_silent_scales_have_a_risk_too() -> None:
    """Kraken's 20 is last if larger values are sooner, next if smaller ones are; others keep their own direction."""
    answers = [{"symbol": "B", "percentile": 20}, {"contract": "B", "adl_ranking": 1}]
    assert [rank.risk_ppb for rank in adl_ranks(answers, "rising")] == [0, PPB]
    assert [rank.risk_ppb for rank in adl_ranks(answers, "falling")] == [PPB, PPB]


def test_rank_when_positions_carry_it_then_it_is_read_from_them() -> None:
    """Of Binance, Bybit and OKX; positions without one are passed over."""
    levels = [[rank.value for rank in adl_ranks(content)] for content in (BINANCE, BYBIT, OKX)]
    assert levels == [["2", "1"], ["2", "1"], ["2", "1"]]


def test_rank_when_it_comes_in_ccxts_structure_then_the_raw_answer_is_read() -> None:
    """ccxt makes 0 of 0.9999; the time is told in its two forms."""
    raw = {"deleveragePercentile": 0.9999, "symbol": "XBTUSD"}
    (found,) = adl_ranks([{"info": raw, "symbol": "BTC/USD:BTC", "rank": 0, "rating": None, "percentage": None}])
    assert ccxt_of(found) == {"symbol": "XBTUSD", "percentage": "99.99"}
    (low,) = adl_ranks({"symbol": "BTCUSDT", "adlRisk": "low", "updateTime": 1597370495002})
    assert ccxt_of(low) == {
        "symbol": "BTCUSDT",
        "rating": "low",
        "timestamp": 1597370495002,
        "datetime": "2020-08-14T02:01:35.002Z",
    }


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([], "holds no indicator of a venue that is known"),
        ([{"symbol": "B"}], "holds no indicator of a venue that is known"),
        (
            [{"symbol": "B", "adlRankIndicator": 7}],
            "[0].adlRankIndicator: bybit has no value '7', it has 1, 2, 3, 4, 5, 0",
        ),
        ([{"symbol": "B", "adlRankIndicator": {}}], "[0].adlRankIndicator: must be a text or a number"),
        ({"symbol": "B", "adlQuantile": {"LONG": 9}}, "adlQuantile.LONG: binance has no value '9'"),
        ({"symbol": "B", "deleveragePercentile": 1.5}, "deleveragePercentile: bitmex: 1.5 lies outside 0 to 1"),
        ({"symbol": "B", "deleveragePercentile": 1e-10}, "is no plain decimal of at most 9 places"),
        (object(), "an object of type object is no JSON"),
    ],
)
def test_rank_when_the_answer_is_bad_then_it_is_refused(answer: Any, words: str) -> None:
    """A value off its scale is a fault whether or not the direction is known."""
    with pytest.raises(TableFault) as refusal:
        adl_ranks(answer)
    assert any(words in str(fault) for fault in refusal.value.faults)


def test_shared_defects_when_they_are_there_then_none_is_repeated(shared_dir: Path) -> None:
    """The three published answers that ccxt misreads, and the fixtures of Bitget and Kraken."""
    text = (shared_dir / "rules" / "cases" / "centralised.yaml").read_text("utf-8")
    block = text[text.index("id: ccxt.fixture.known_parser_defects") :]
    percentile = re.search(r"deleveragePercentile: ([0-9.]+)", block)
    assert percentile is not None
    (bitmex,) = adl_ranks({"deleveragePercentile": percentile[1]})
    assert (bitmex.value, bitmex.as_ccxt()["rank"]) == (percentile[1], None)
    ranks = []
    for answer in re.findall(r"adlQuantile: \{(.*?)\}", block):
        quantiles = dict(part.split(": ") for part in answer.split(", "))
        found = adl_ranks({"symbol": "B", "adlQuantile": quantiles})
        ranks.append({rank.side: rank.as_ccxt()["rank"] for rank in found})
    assert ranks == [{"long": 1, "short": 2, "": 0}, {"long": 3, "short": 3}]
    published = re.search(r'adlRank: "([0-9.]+)", holdSide: (\w+)', text)
    assert published is not None
    (bitget,) = adl_ranks({"symbol": "MOVEUSDT", "adlRank": published[1], "holdSide": published[2]})
    assert INDICATORS["bitget"].encode(bitget.risk_ppb) == published[1]
    queue = [
        {"symbol": name, "percentile": int(at)} for name, at in re.findall(r"symbol: (\w+), percentile: (\d+)", text)
    ]
    assert [rank.risk_ppb for rank in adl_ranks({"queue": queue}, "rising")] == [PPB, 0, PPB * 3 // 4]
