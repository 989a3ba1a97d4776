"""Backstop programmes: what a window and a cool-down leave, and how a takeover is counted.

A window opens with the first takeover after the one before has passed; what was taken in it counts until it has. A
cool-down begins with a step in which lots were taken over and does not bind within that step. Precedents: FTX (caps per
minute and hour), Kraken's assignment programme (largest size, time frame, least edge), Deribit's and Coinbase's
liquidity support.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Programme:
    """What a backstop has published about its takeovers, beside the capacity of its account.

    It takes over at most ``window_notional_quanta`` per window of ``window_ns`` (both 0: no such bound), nothing for
    ``cool_down_ns`` after a step in which it took over, and only where the money it gets against the mark, less what it
    pays, is at least ``minimum_edge_ppb`` of the notional. Negative: the loss that it is ready to carry.
    """

    window_ns: int = 0
    window_notional_quanta: int = 0
    cool_down_ns: int = 0
    minimum_edge_ppb: int = 0


@dataclass(slots=True)
class Backstop:
    """A programme and where it stands: the window that is running, and the last step with a takeover (0: none)."""

    programme: Programme
    window_start_ns: int = 0
    window_used_quanta: int = 0
    last_step: int = 0
    last_time_ns: int = 0


def cools_down(backstop: Backstop, step: int, time_ns: int) -> bool:
    """Return whether a backstop rests in this step, after a takeover in an earlier one."""
    rests_until_ns = backstop.last_time_ns + backstop.programme.cool_down_ns
    return 0 < backstop.last_step < step and time_ns < rests_until_ns


def window_left_quanta(backstop: Backstop, time_ns: int) -> int | None:
    """Return the notional that the window leaves now, ``None`` where the programme has no window; may be negative.

    Negative only where a new programme has a smaller window than was used already.
    """
    programme = backstop.programme
    if programme.window_ns == 0:
        return None
    passed = time_ns >= backstop.window_start_ns + programme.window_ns
    return programme.window_notional_quanta - (0 if passed else backstop.window_used_quanta)


def note_takeover(backstop: Backstop, step: int, time_ns: int, notional_quanta: int) -> None:
    """Count a takeover: in the window that is running, or as the first one of a new window."""
    backstop.last_step, backstop.last_time_ns = step, time_ns
    window_ns = backstop.programme.window_ns
    if window_ns == 0:
        return
    if backstop.window_used_quanta == 0 or time_ns >= backstop.window_start_ns + window_ns:
        backstop.window_start_ns, backstop.window_used_quanta = time_ns, 0
    backstop.window_used_quanta += notional_quanta
