"""Timing on clocks that are told what to say: rounds, drops, medians, percentiles, exponents."""

import pytest

from deleverage.bench.timing import Case, Clocks, Samples, growth_exponent, interleaved


class Told:
    """Two clocks that only cases move: by how much of each, in ns."""

    def __init__(self) -> None:
        self.now = [0, 0]
        self.calls: list[str] = []

    def case(self, name: str, spans: list[tuple[int, int]], most: int = 1_000_000) -> Case:
        """Return a case that takes these times (wall, processor), one after the other; the first call is free."""
        turns = iter([(0, 0), *spans])

        def run() -> None:
            self.calls.append(name)
            wall, processor = next(turns)
            self.now[0] += wall
            self.now[1] += processor

        return Case(run, lambda: self.calls.append(f"prepare {name}"), most)

    @property
    def clocks(self) -> Clocks:
        """Return the two clocks."""
        return Clocks(lambda: self.now[0], lambda: self.now[1])


def test_interleaved_when_two_cases_run_then_they_take_turns_behind_what_prepares_them() -> None:
    """A round has every case once; the first call of each is not measured."""
    told = Told()
    cases = {"a": told.case("a", [(10, 10)] * 2), "b": told.case("b", [(30, 30)] * 2)}
    samples = interleaved(cases, 2, before=lambda: told.calls.append("sweep"), clocks=told.clocks)
    turn = ["prepare a", "sweep", "a", "prepare b", "sweep", "b"]
    assert told.calls == ["prepare a", "a", "prepare b", "b", *turn, *turn]
    assert (samples["a"].kept, samples["b"].kept) == ([10, 10], [30, 30])


def test_interleaved_when_a_sample_was_pre_empted_then_it_is_dropped() -> None:
    """Less than 90 % of the time on the processor: somebody else had it. Exactly 90 % counts."""
    told = Told()
    samples = interleaved({"a": told.case("a", [(100, 90), (100, 89), (50, 50)])}, 3, clocks=told.clocks)
    assert (samples["a"].kept, samples["a"].dropped) == ([100, 50], [89])


def test_interleaved_when_preparing_takes_time_then_it_is_not_measured() -> None:
    """Only the run counts."""
    told = Told()

    def prepare() -> None:
        told.now[0] += 1_000

    case = Case(told.case("a", [(10, 10)]).run, prepare)
    assert interleaved({"a": case}, 1, before=prepare, clocks=told.clocks)["a"].kept == [10]


@pytest.mark.parametrize(("most", "expected"), [(1, 1), (2, 2), (3, 3), (4, 4), (9, 9), (100, 9)])
def test_interleaved_when_a_case_is_slow_then_it_has_at_most_so_many_samples(most: int, expected: int) -> None:
    """Slow rivals are spread over the rounds."""
    told = Told()
    samples = interleaved({"a": told.case("a", [(10, 10)] * 9, most)}, 9, clocks=told.clocks)
    assert len(samples["a"].kept) <= expected
    assert len(samples["a"].kept) >= min(expected, (expected + 1) // 2)


def test_samples_when_all_were_dropped_then_their_processor_time_counts() -> None:
    """On a crowded machine a long sample is never undisturbed; the time that passed would flatter its rivals."""
    samples = Samples()
    for wall_ns, processor_ns in ((300, 20), (300, 10), (300, 30)):
        samples.add(wall_ns, processor_ns)
    assert (samples.median_ns, samples.used, samples.kept) == (20, [10, 20, 30], [])


def test_median_when_the_number_is_even_then_it_lies_between_the_two_in_the_middle() -> None:
    """Odd: the middle one."""
    assert Samples(kept=[4, 1, 3, 100]).median_ns == 3.5
    assert Samples(kept=[4, 1, 3]).median_ns == 3


def test_percentile_when_asked_for_then_so_many_thousandths_lie_at_or_below_it() -> None:
    """The nearest rank: with 1,000 samples p99.9 is the second largest."""
    samples = Samples(kept=list(range(1, 1_001)))
    assert [samples.percentile_ns(per_mille) for per_mille in (500, 990, 999, 1_000)] == [500, 990, 999, 1_000]
    assert Samples(kept=[7]).percentile_ns(999) == 7


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_growth_exponent_when_the_data_are_a_power_then_it_is_the_power(exponent: float) -> None:
    """Whatever the factor before it."""
    points = [(size, 3.7 * size**exponent) for size in (10_000, 100_000, 1_000_000)]
    assert growth_exponent(points) == pytest.approx(exponent)


def test_growth_exponent_when_points_scatter_then_it_is_the_least_squares_slope() -> None:
    """log10 y of 0, 2, 1 at log10 x of 0, 1, 2: slope 1/2."""
    assert growth_exponent([(1, 1), (10, 100), (100, 10)]) == pytest.approx(0.5)


def test_growth_exponent_when_there_is_one_size_then_there_is_no_slope() -> None:
    """One point lies on every line."""
    with pytest.raises(ValueError, match="no slope"):
        growth_exponent([(10, 5), (10, 6)])
