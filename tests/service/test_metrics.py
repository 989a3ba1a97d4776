"""What is counted, told only to who may see it, in a bounded number of series."""

import socket
from pathlib import Path
from time import time_ns
from typing import Any
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deleverage.rulebook.rules import Rules
from deleverage.rulebook.throttle import Limit
from deleverage.service.gauges import GAUGES
from deleverage.service.meters import Meters
from deleverage.service.principals import Principal, Role
from deleverage.service.problems import Code
from deleverage.service.scrapes import told_at
from tests.service.corpus.values import batch, deposit, marks
from tests.service.whole import Whole, whole

JSON = {"content-type": "application/json"}


def samples(made: Whole) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and the values of its labels."""
    made.call(made.watch.look_at_domain)
    made.call(_looked(made))
    answer = made.client.get("/v1/metrics")
    assert answer.status_code == 200, answer.text
    return parsed(answer.text)


def parsed(text: str) -> dict[tuple[str, ...], float]:
    """Return the samples of a text."""
    return {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def _looked(made: Whole) -> Any:
    async def look() -> None:
        made.watch.look(0.25)

    return look


def post(made: Whole, path: str, body: bytes) -> Any:
    """Hand something in."""
    return made.client.post(f"/v1{path}", content=body, headers=JSON)


def test_metrics_when_things_happen_then_they_are_counted(tmp_path: Path) -> None:
    """Requests by template, commands by kind and outcome, rejections and refusals by code, what is durable."""
    with whole(tmp_path) as made:
        before = samples(made)
        assert post(made, "/commands", batch(deposit("5"))).status_code == 200
        assert post(made, "/commands", batch(deposit("-5"))).status_code == 200
        assert post(made, "/commands", b"{").status_code == 400
        for path in ("/v1/accounts/a0", "/v1/accounts/b", "/v1/accounts/nobody", "/v1/nowhere"):
            made.client.get(path)
        made.client.request("PROPFIND", "/v1/markets")
        found = samples(made)
    grown = {key: value - before.get(key, 0) for key, value in found.items() if value != before.get(key, 0)}
    assert grown["deleverage_commands_total", "Deposit", "done"] == 1
    assert grown["deleverage_commands_total", "Deposit", "rejected"] == 1
    assert grown["deleverage_rejections_total", "BAD_AMOUNT"] == 1
    assert grown["deleverage_refusals_total", "BAD_BODY"] == 1
    assert grown["deleverage_refusals_total", "WRONG_METHOD"] == 1
    assert grown["deleverage_facts_total", "MoneyIn"] == 1
    assert grown["deleverage_requests_total", "GET", "/v1/accounts/{account}", "200"] == 2
    assert grown["deleverage_requests_total", "GET", "/v1/accounts/{account}", "404"] == 1
    assert grown["deleverage_requests_total", "GET", "other", "404"] == 1
    assert grown["deleverage_requests_total", "other", "other", "405"] == 1
    assert grown["deleverage_request_seconds_count", "GET", "/v1/accounts/{account}"] == 3
    assert grown["deleverage_durable_seconds_count",] == 2
    assert grown["deleverage_journal_seq",] == 2
    assert (found["deleverage_up",], found["deleverage_gate_open",], found["deleverage_line_places",]) == (1, 1, 10_000)
    assert found["deleverage_fund_cash_quanta",] == 50_000
    assert found["deleverage_loop_lag_seconds",] == 0.25


def test_metrics_when_ids_are_many_then_no_series_is_named_after_one(tmp_path: Path) -> None:
    """A thousand accounts, keys and paths that are not there: as many series as before, and none of their names."""
    with whole(tmp_path) as made:

        def ask(name: str) -> None:
            opening = {"kind": "OpenAccount", "account_id": name, "owner_group": "", "role": "trader"}
            post(made, "/commands", batch({**opening, "backstop_capacity_lots": "0", "hedge": False}, f"k-{name}"))
            made.client.get(f"/v1/accounts/{name}")
            made.client.get(f"/v1/{name}")
            made.client.request(name.upper(), "/v1/markets")

        ask("zq0")
        samples(made)
        before = samples(made)
        for at in range(1, 200):
            ask(f"zq{at}")
        found, text = samples(made), made.client.get("/v1/metrics").text
    assert set(before) == set(found)
    assert "zq" not in text.lower()


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_metrics_when_a_role_asks_then_only_staff_is_told(tmp_path: Path, role: Role) -> None:
    """Sums of everybody as they are now are not for traders, viewers and sources."""
    may = {Role.RISK_OPERATOR, Role.AUDITOR, Role.CLEARING, Role.APPROVER, Role.ADMIN}
    with whole(tmp_path) as made:
        made.door.principal = Principal("k", "k", frozenset({role}))
        assert made.client.get("/v1/metrics").status_code == (200 if role in may else 403)


def test_metrics_when_a_throttle_of_the_rules_binds_then_it_is_seen(tmp_path: Path) -> None:
    """Stress, what a step may close at it, and that it left lots; the fund that paid what its caps let it."""
    table = (Limit(0, 1_000_000), Limit(100_000_000, 20_000))
    rules = Rules(reduce_throttle=table, close_throttle=table, fund_event_cap_quanta=100)
    with whole(tmp_path, rules=rules) as made:
        calm = samples(made)
        bad = [{"market": "X", "price_ticks": "970"}]
        answer = post(made, "/marks", marks(sequence="2", source_time_ns=str(time_ns()), marks=bad))
        assert answer.json()["results"][0]["outcome"] == "done"
        stressed = samples(made)
        post(made, "/rounds/step", b'{"key":"s1"}')
        found = samples(made)
    assert calm["deleverage_stress_ratio",] == 0
    assert calm["deleverage_throttle_most_quanta", "5"] == 1_000_000
    assert 0.1 < stressed["deleverage_stress_ratio",] <= 1
    assert stressed["deleverage_throttle_most_quanta", "5"] == 20_000
    assert found["deleverage_throttle_binds_total", "5"] >= 1
    assert 0 < found["deleverage_throttle_done_quanta", "5"] <= 20_000
    assert found["deleverage_throttle_level",] == 3
    assert found["deleverage_throttle_load_level",] == 2  # the lag of a quarter of a second, and nothing else


def test_scrapes_when_told_at_a_port_then_this_machine_alone_reads_them() -> None:
    """Without a key; where the port is taken that is said."""
    meters = Meters()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    end = told_at(meters, port)
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert parsed(answer.read().decode()).keys() == parsed(meters.text().decode()).keys()
        with pytest.raises(OSError, match=f"no metrics at 127.0.0.1:{port}"):
            told_at(meters, port)
    finally:
        end()


def test_gauges_when_listed_then_each_says_what_it_is() -> None:
    """Names without the prefix, words that end, none twice; every code is there from the start."""
    assert all(one.words.endswith(".") and one.name.islower() for one in GAUGES)
    assert len({one.name for one in GAUGES}) == len(GAUGES)
    assert {("deleverage_refusals_total", code.name) for code in Code} <= set(parsed(Meters().text().decode()))
