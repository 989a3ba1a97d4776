"""A small event as the tables of waves that others publish, to be spoilt and altered by tests."""

from pathlib import Path

LOSERS = "bad_debt_loser_waves.csv"
TAKEN = "two_pass_equity_delta_by_wave.csv"
GAPS = "two_pass_wave_coin_gap_per_contract.csv"
POLICIES = "policy_per_wave_metrics.csv"
SHOCKS = "per_shock_metrics_queue.csv"
REACTIONS = "two_time/per_user_reaction_metrics.csv"


def small_event(folder: Path) -> Path:
    """Return a folder with two waves, two horizons, two policies, two clusters and three accounts."""
    write(
        folder / LOSERS,
        "wave,t_start_ms,t_end_ms,n_rows,unique_losers,deficit_usd,max_loss_usd",
        "1,1000,1000,3,1,100,100",
        "3,9000,9500,2,2,50,30",
    )
    for horizon, first, second in ((0, "30", "70.5"), (1000, "60", "40")):
        write(
            folder / f"sweep/gap_ms=5000/horizon_ms={horizon}" / TAKEN,
            "wave,t_start_ms,t_end_ms,t_eval_end_ms,deficit_usd,budget_needed_usd,budget_prod_usd,max_prod_haircut_usd,"
            "winners_equity_start_usd,winners_pnl_start_usd",
            f"1,1000,1000,{1000 + horizon},100,40,{first},10,900,300",
            f"3,9000,9500,{9500 + horizon},50,20,{second},20,800,200",
        )
    write(
        folder / "sweep/gap_ms=5000/horizon_ms=0" / GAPS,
        "wave,t_start_ms,t_end_ms,coin,gap_usd_x_qty,qty_contracts,gap_per_contract_usd",
        "1,1000,1000,BTC,40,2,20",
        "3,9000,9500,kPEPE,2e1,4.0E0,5",
    )
    write(
        folder / POLICIES,
        "wave,budget_needed,budget_prod,budget_fair,overshoot_prod,overshoot_fair,max_pct_prod,max_pct_fair,ptsr_prod,"
        "ptsr_fair,fair_scale",
        "1,40,30,40,-10,0,0.5,0.2,,3,1.0",
        "3,20,70.5,20,50.5,0,1.0,0.4,2,4,2.0",
    )
    write(
        folder / SHOCKS,
        "coin,cluster_id,t_start,t_end,deficit_usd,total_capacity_usd,budget_queue_usd",
        "BTC,1,1970-01-01 00:00:01+00:00,1970-01-01 00:00:01.5+00:00,5,30,20",
        "KPEPE,1,1970-01-01 00:00:09+00:00,1970-01-01 00:00:09+00:00,7,3,3",
    )
    write(
        folder / REACTIONS,
        "user,n_adl_events,share_any_nonadl_fill_60000ms,share_any_nonadl_fill_300000ms,mean_undo_frac_60000ms",
        "0xa,5,0.5,0.5,0.25",
        "0xb,5,0.01,0.05,0",
        "0xc,4,1,1,1",
    )
    write(
        folder / f"{folder.name}_coins.csv",
        "coin,adl_quantity,average_adl_price_usd,adl_notional_usd,adl_fills",
        "BTC,3,100,300,4",
        "KPEPE,4,0.5,2,3",
    )
    return folder


def write(path: Path, *lines: str) -> Path:
    """Write a text file below folders that need not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def replace(path: Path, old: str, new: str) -> None:
    """Alter one place of a file; that it is there is part of the test."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{path.name} has {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new), "utf-8")
