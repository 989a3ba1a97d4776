"""Decimal texts: every spelling of a number becomes the one plain text of it, and arithmetic on texts loses nothing."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.adapters.decimals import is_beyond_use, over, plain, plus, times

PLAIN = st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**12), max_value=10**12).map(
    lambda number: str(plain(format(number, "f")))
)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e40, max_value=1e40))
def test_plain_when_a_program_has_written_a_float_then_it_is_the_same_number_without_exponent(number: float) -> None:
    """The shortest text of the float, exactly: no digit is made up and none is lost."""
    text = plain(repr(number))
    assert text is not None
    assert Fraction(text) == Fraction(repr(number))
    assert "e" not in text
    assert len(text) > 120 or plain(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("007.500", "7.5"),
        ("-0.0", "0"),
        ("-0", "0"),
        ("1e3", "1000"),
        ("1.5E-3", "0.0015"),
        ("120e-1", "12"),
        ("-1e+2", "-100"),
    ],
)
def test_plain_when_a_number_has_many_spellings_then_it_has_one(text: str, expected: str) -> None:
    """No leading or trailing zeros, no negative zero."""
    assert plain(text) == expected


@pytest.mark.parametrize(
    "text", ["", " 1", "+1", ".5", "5.", "1_0", "nan", "inf", "1e", "1e1000", "0x1", "1,5", "\u0663", "--1", "9" * 121]
)
def test_plain_when_a_text_is_no_finite_decimal_then_it_is_none(text: str) -> None:
    """Nor one that is longer than any number has to be."""
    assert plain(text) is None


@given(PLAIN, PLAIN)
def test_arithmetic_when_two_decimals_are_drawn_then_it_is_exact(one: str, other: str) -> None:
    """Compared with fractions; a quotient comes back only if nothing of it is rounded."""
    left, right = Fraction(one), Fraction(other)
    assert Fraction(times(one, other)) == left * right
    assert Fraction(plus(one, other)) == left + right
    if right:
        quotient = over(one, other, 8)
        assert quotient is None or Fraction(quotient) == left / right
        assert (quotient is not None) == ((left / right * 10**8).denominator == 1)


@pytest.mark.parametrize(("text", "beyond"), [("9" * 18, False), ("9" * 19, True), ("0." + "1" * 31, True)])
def test_size_when_a_decimal_has_more_digits_than_any_position_then_it_is_beyond_use(text: str, beyond: bool) -> None:
    """18 before the point, 30 after it."""
    assert is_beyond_use(text) == beyond
    assert is_beyond_use("-" + text) == beyond


def test_plain_when_it_is_python_s_own_decimal_text_then_it_agrees() -> None:
    """``Decimal`` writes small numbers with an exponent too."""
    assert plain(str(Decimal("1E-10"))) == "0.0000000001"
