"""Fixtures of more than one module."""

import pytest

import deleverage.domain.keeper


@pytest.fixture
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let signing take no time, so that it is done whenever it is due."""
    monkeypatch.setattr(deleverage.domain.keeper, "perf_counter_ns", lambda: 0)
