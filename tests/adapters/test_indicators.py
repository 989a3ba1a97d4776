"""Indicators of venues: every legal value survives the way through the normalised risk, in the right direction."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.rulebook.places import Place, places
from deleverage.rulebook.quantities import PPB, Scale, format_units
from deleverage.rulebook.ranking import Candidate
from deleverage.venues.catalogue import venue, venue_names
from deleverage.venues.indicators import (
    DIRECTIONS,
    INDICATORS,
    BadIndicator,
    Indicator,
    Levels,
    Share,
    risk_by_account,
    risk_of,
)

NEXT = {
    "lights": "5",
    "percentile": "0",
    "binance": "4",
    "binance-symbol": "high",
    "aster": "4",
    "bybit": "5",
    "okx": "5",
    "okx-older": "5",
    "gate": "1",
    "htx": "5",
    "whitebit": "4",
    "bitget": "1",
}
"""What each scale says of whoever is next, where the venue says it."""


def directions(indicator: Indicator) -> tuple[str, ...]:
    """Return the directions in which a scale can be read."""
    return ("",) if indicator.direction else DIRECTIONS


def legal(indicator: Indicator) -> list[str]:
    """Return every value of a scale of steps, a sample of the other ones."""
    if isinstance(indicator, Levels):
        return list(indicator.names)
    return ["0", "0.000000001", "0.4872", "0.5", "0.9999", "1"]


@pytest.mark.parametrize("name", INDICATORS)
def test_indicator_when_a_legal_value_is_decoded_then_it_encodes_to_itself(name: str) -> None:
    """In each direction that the scale can be read in."""
    indicator = INDICATORS[name]
    for direction in directions(indicator):
        for value in legal(indicator):
            assert indicator.encode(indicator.decode(value, direction), direction) == value


@given(share=st.integers(0, PPB), one=st.integers(0, PPB), other=st.integers(0, PPB))
def test_indicator_when_any_share_or_risk_is_drawn_then_nothing_is_lost_and_the_order_stays(
    share: int, one: int, other: int
) -> None:
    """Shares come back exactly; a larger risk never encodes to a value that decodes to a smaller one."""
    low, high = sorted((one, other))
    for indicator in INDICATORS.values():
        for direction in directions(indicator):
            if isinstance(indicator, Share):
                text = format_units(share, Scale(1, 9))
                assert indicator.encode(indicator.decode(text, direction), direction) == text
            decoded = [indicator.decode(indicator.encode(risk, direction), direction) for risk in (low, high)]
            assert decoded[0] is not None
            assert decoded[1] is not None
            assert decoded[0] <= decoded[1]


@pytest.mark.parametrize(("name", "value"), NEXT.items())
def test_indicator_when_somebody_is_next_then_the_risk_is_whole(name: str, value: str) -> None:
    """Both ways."""
    assert INDICATORS[name].decode(value) == PPB
    assert INDICATORS[name].encode(PPB) == value


def test_indicator_when_there_is_no_position_then_the_risk_is_none() -> None:
    """0 at Bybit and 6 at Gate are no level; elsewhere nothing is published."""
    none = {"bybit": "0", "gate": "6"}
    for name, indicator in INDICATORS.items():
        assert indicator.decode(none.get(name)) is None
        assert indicator.encode(None) == none.get(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("binance", "5"),
        ("binance", "-1"),
        ("binance", "4.0"),
        ("binance", "HEDGE"),
        ("bybit", "6"),
        ("gate", "0"),
        ("bitget", "1.1"),
        ("bitget", "-0.1"),
        ("bitget", "0.0000000001"),
        ("bitget", "1e-3"),
        ("bitget", "nan"),
        ("bitget", 0.4872),
        ("bitget", True),
    ],
)
def test_indicator_when_a_value_is_not_of_the_scale_then_it_is_refused(name: str, value: Any) -> None:
    """Nothing is clipped or rounded, and a float or a bool is no published value."""
    with pytest.raises(BadIndicator):
        INDICATORS[name].decode(value)


@pytest.mark.parametrize("risk", [-1, PPB + 1])
def test_indicator_when_a_risk_is_none_of_ours_then_it_is_refused(risk: int) -> None:
    """From 0 to 10^9."""
    for name in ("binance", "bitget"):
        with pytest.raises(BadIndicator):
            INDICATORS[name].encode(risk)


@pytest.mark.parametrize("name", ["kucoin", "bitmex", "phemex", "kraken"])
def test_indicator_when_its_venue_is_silent_about_the_direction_then_one_has_to_be_named(name: str) -> None:
    """Named, both directions mirror each other; unnamed or unknown, it is refused."""
    indicator = INDICATORS[name]
    value = "0.25" if isinstance(indicator, Share) else "40"
    assert [indicator.decode(value, direction) for direction in DIRECTIONS] == [PPB // 4, PPB - PPB // 4]
    for wrong in ("", "up"):
        with pytest.raises(BadIndicator, match="direction"):
            indicator.decode(value, wrong)
        with pytest.raises(BadIndicator, match="direction"):
            indicator.encode(PPB, wrong)
    with pytest.raises(BadIndicator, match="gate is falling, its venue says so"):
        INDICATORS["gate"].decode("1", "rising")


def test_risk_when_a_queue_is_published_then_its_lights_come_out() -> None:
    """BitMEX's six longs: 5 4 3 2 2 1 lights; the first has everything, the last nothing."""
    book = [("2", 10), ("5", 20), ("4", 30), ("1", 10), ("6", 10), ("3", 20)]
    queue = ranked(book)
    lights = [INDICATORS["lights"].encode(risk_of(place)) for place in queue]
    assert lights == [str(place.lights) for place in queue] == ["5", "4", "3", "2", "2", "1"]
    assert [risk_of(place) for place in (queue[0], queue[-1])] == [PPB, 0]
    assert [risk_by_account(place, 6) for place in queue] == [PPB, 666666666, 500000000, 333333333, 166666666, 0]


def test_risk_when_somebody_is_alone_then_it_is_the_next_one() -> None:
    """However large its share of the queue is."""
    (place,) = ranked([("a", 7)])
    assert (risk_of(place), risk_by_account(place, 1)) == (PPB, PPB)


def ranked(book: list[tuple[str, int]]) -> list[Place]:
    """Return the places of units with lots, in this order."""
    some = Candidate._make(1 for _ in Candidate._fields)
    return places([(some._replace(unit_id=name, lots=lots), "") for name, lots in book])


def test_presets_when_they_name_an_indicator_then_it_is_in_the_catalogue() -> None:
    """A preset cannot name a scale that nobody wrote down."""
    named = {venue(name).indicator for name in venue_names()} - {""}
    assert named - set(INDICATORS) == set()


def test_shared_map_when_it_is_there_then_every_scale_of_it_is_ours(shared_dir: Path) -> None:
    """The values, the ends and the values for nothing of the published map of all venues."""
    text = (shared_dir / "rules" / "cases" / "centralised.yaml").read_text("utf-8")
    block = text[text.index("binance_adlQuantile:") : text.index("- id: ccxt.fixture")]
    for line in block.splitlines():
        name, _, rest = line.strip().partition(":")
        indicator = INDICATORS[OURS[name]]
        if "values: [" in rest:
            values = rest.partition("values: [")[2].partition("]")[0].split(", ")
            assert isinstance(indicator, Levels)
            assert {*indicator.names, *([indicator.none] if indicator.none else [])} == set(values)
        for key in ("most_at_risk", "empty", "none_or_liquidating"):
            if f"{key}: " in rest:
                value = rest.partition(f"{key}: ")[2].replace("}", ",").partition(",")[0]
                assert indicator.decode(value) == (PPB if key == "most_at_risk" else None)
        assert bool(indicator.direction) == ("most_at_risk" in rest or "low, medium, high" in rest)


OURS = {
    "binance_adlQuantile": "binance",
    "binance_symbolAdlRisk": "binance-symbol",
    "bybit_adlRankIndicator": "bybit",
    "okx_adl": "okx",
    "gate_adl_ranking": "gate",
    "htx_adl_risk_percent": "htx",
    "whitebit_adl_quantile": "whitebit",
    "bitget_adlRank": "bitget",
    "kucoin_delevPercentage": "kucoin",
    "bitmex_deleveragePercentile": "bitmex",
    "phemex_deleveragePercentile": "phemex",
    "kraken_unwindqueue_percentile": "kraken",
}
"""The published map's names and ours."""
