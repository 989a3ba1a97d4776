"""Which known failure of other venues is played by which test, and which cannot be told here yet, and why.

The ids are those of a corpus of audit findings, tracker issues and incidents (V-01 to V-79); a test plays the minimal
scenario of one or more of them with this law's commands and numbers.
"""

VULNERABILITIES: dict[str, tuple[str, ...]] = {
    "V-01": ("test_price_when_a_winner_is_closed_then_it_never_pays_more_than_the_shortfall",),
    "V-02": ("test_plan_when_a_candidate_shrinks_before_the_step_then_it_is_sized_anew",),
    "V-03": ("test_plan_when_a_candidate_shrinks_before_the_step_then_it_is_sized_anew",),
    "V-04": ("test_time_when_it_runs_backwards_then_marks_and_steps_are_refused",),
    "V-05": ("test_mark_when_it_is_stale_after_a_pause_then_no_forced_act_comes_from_it",),
    "V-06": (
        "test_step_when_a_market_is_guarded_then_only_the_other_market_is_touched",
        "test_domain_when_it_is_halted_then_neither_a_step_nor_a_resume_gets_around_the_residual",
    ),
    "V-07": ("test_step_when_nothing_is_left_to_do_then_repeating_it_costs_nobody_anything",),
    "V-08": (
        "test_policy_when_it_targets_a_rival_with_more_than_is_needed_then_its_result_is_refused",
        "test_queue_when_it_is_closed_then_ranks_are_gapless_and_lots_are_exactly_the_need",
    ),
    "V-09": ("test_order_when_its_owner_was_deleveraged_then_it_is_gone_with_the_lots",),
    "V-10": (
        "test_numbers_when_they_are_beyond_64_bits_then_nothing_overflows",
        "test_numbers_when_an_amount_is_astronomic_then_it_is_refused_at_the_door",
        "test_numbers_when_they_are_as_large_as_allowed_then_the_order_is_still_by_leverage",
    ),
    "V-11": ("test_bank_run_when_a_debt_is_uncovered_then_the_last_to_leave_loses_no_more_than_the_first",),
    "V-12": ("test_liquidation_when_it_is_run_twice_at_one_time_then_the_second_finds_nothing",),
    "V-13": ("test_fee_when_it_is_larger_than_what_is_left_then_it_is_what_is_left",),
    "V-14": ("test_owner_when_it_liquidates_itself_at_a_discount_then_it_is_refused_or_gains_nothing",),
    "V-15": ("test_marks_when_one_of_a_set_is_bad_then_none_is_taken",),
    "V-16": ("test_mark_when_it_is_stale_after_a_pause_then_no_forced_act_comes_from_it",),
    "V-17": ("test_liquidation_when_the_pool_is_empty_then_losers_are_closed_all_the_same",),
    "V-18": ("test_sides_when_both_are_losing_then_they_are_closed_against_each_other_at_the_mark",),
    "V-19": (
        "test_band_when_the_mark_crashes_through_it_then_deleveraging_goes_on_without_the_book",
        "test_price_when_it_leaves_its_band_then_it_waits_for_somebody_to_vouch_for_it",
    ),
    "V-20": ("test_liquidation_when_an_order_is_pending_then_it_is_cancelled_first_and_blocks_nothing",),
    "V-21": (
        "test_trade_when_buyer_and_seller_are_one_then_it_is_refused",
        "test_unit_when_it_reduces_by_one_lot_then_it_is_still_liquidated",
    ),
    "V-22": ("test_unit_when_its_dust_is_bankrupt_then_it_is_swept_and_a_donation_delays_nothing",),
    "V-23": ("test_deleveraging_when_reached_on_any_path_then_it_has_its_prices_and_completes",),
    "V-24": ("test_funding_when_it_is_owed_then_it_is_in_the_shortfall",),
    "V-25": ("test_twins_when_one_is_long_and_one_short_then_both_are_treated_alike",),
    "V-26": ("test_books_when_winners_are_owed_more_than_the_pool_then_assets_cover_it_after_every_fact",),
    "V-27": ("test_loser_when_it_is_solvent_then_the_bankrupt_next_to_it_costs_it_nothing",),
    "V-28": ("test_position_when_it_is_the_last_one_then_closing_it_passes_every_check",),
    "V-29": ("test_profit_when_it_is_larger_than_all_other_money_then_the_difference_is_explicit",),
    "V-30": ("test_fund_when_money_comes_just_before_the_step_then_nobody_can_take_it_out_after",),
    "V-31": ("test_debtor_when_it_keeps_moving_then_its_closing_is_not_put_off",),
    "V-32": ("test_step_when_more_are_to_be_closed_than_it_may_touch_then_the_next_goes_on_where_it_stopped",),
    "V-33": (
        "test_unit_when_the_price_comes_back_before_the_step_then_nothing_is_taken_from_it",
        "test_bankrupt_when_the_price_comes_back_while_a_guard_holds_it_then_it_keeps_its_money",
    ),
    "V-34": ("test_fund_account_when_it_owes_then_its_debt_is_paid_like_any_other",),
    "V-36": ("test_dust_of_collateral_when_nobody_can_price_it_then_it_puts_off_no_bankruptcy",),
    "V-37": ("test_group_when_it_owns_both_sides_then_the_fund_pays_for_it_only_up_to_its_cap",),
    "V-38": ("test_group_when_it_owns_both_sides_then_the_fund_pays_for_it_only_up_to_its_cap",),
    "V-39": ("test_dust_when_it_does_not_divide_then_it_is_collected_exactly_and_never_given_to_the_last",),
    "V-40": ("test_order_when_accounts_come_in_another_order_then_every_number_is_the_same",),
    "V-41": (
        "test_account_when_it_only_has_orders_then_a_step_leaves_it_alone",
        "test_candidate_when_it_may_go_bankrupt_and_is_flat_then_its_debt_is_still_found",
    ),
    "V-42": ("test_step_when_there_is_no_open_interest_then_it_ends_quietly",),
    "V-43": ("test_debt_when_the_fund_pays_half_then_only_the_other_half_is_cut",),
    "V-44": ("test_winner_when_it_is_on_the_same_side_then_it_is_never_taken",),
    "V-45": ("test_bankrupt_when_its_counterparty_is_poor_then_it_gets_what_is_there_and_not_a_quantum_more",),
    "V-46": ("test_winner_when_it_is_closed_at_the_bankruptcy_price_then_the_deficit_does_not_vanish",),
    "V-47": ("test_round_when_it_has_many_legs_then_they_are_one_fact_that_cannot_lose_one",),
    "V-48": ("test_book_when_it_has_depth_then_it_is_tried_before_anybody_is_deleveraged",),
    "V-49": ("test_dust_when_it_does_not_divide_then_it_is_collected_exactly_and_never_given_to_the_last",),
    "V-50": (
        "test_fund_when_it_is_short_then_no_market_waits_for_the_other",
        "test_isolated_loss_when_its_owner_has_another_market_then_only_the_pool_of_the_market_pays",
    ),
    "V-51": (
        "test_backstop_when_it_cannot_carry_a_takeover_then_it_takes_nothing_and_winners_are_asked",
        "test_fund_inventory_when_its_cap_is_reached_then_it_takes_no_more",
    ),
    "V-52": ("test_profit_when_a_whale_takes_it_out_then_what_stays_grows_with_its_share_of_the_market",),
    "V-53": ("test_mark_when_only_the_market_itself_says_so_then_no_walk_of_it_closes_anybody",),
    "V-54": ("test_hedge_when_a_cascade_comes_then_it_is_asked_last_by_so_much_a_step_and_the_open_leg_is_told",),
    "V-55": (
        "test_wallets_when_one_position_is_split_over_nineteen_then_only_the_announced_concentration_sees_it",
        "test_wall_when_it_is_pulled_then_nothing_is_sold_far_below_the_mark",
    ),
    "V-56": ("test_margin_when_open_interest_has_grown_then_the_same_position_needs_three_times_as_much",),
    "V-57": ("test_winner_when_losers_are_not_closed_yet_then_its_open_profit_cannot_be_taken_out",),
    "V-58": ("test_clawback_when_it_is_the_preset_then_the_net_profit_of_the_period_pays_pro_rata",),
    "V-59": ("test_fund_and_backstop_accounts_when_they_hold_the_other_side_then_they_are_not_spared",),
    "V-60": ("test_pump_when_its_owner_holds_both_sides_then_it_leaves_with_what_it_brought_and_nobody_elses_money",),
    "V-61": (
        "test_cap_when_a_small_market_is_pumped_then_no_number_of_wallets_gets_more_out_than_it_and_its_pool_hold",
    ),
    "V-63": ("test_grouped_pool_when_one_market_drains_it_then_the_other_stops_too_unless_it_is_regrouped",),
    "V-64": ("test_loss_when_its_owner_flattens_the_market_it_came_from_then_the_pool_of_another_cannot_be_chosen",),
    "V-65": ("test_fee_when_it_is_larger_than_what_is_left_then_it_is_what_is_left",),
    "V-66": ("test_claims_when_a_ring_inflates_its_own_market_then_the_support_of_another_is_not_diluted",),
    "V-67": ("test_bankrupt_when_it_waits_then_no_entry_point_is_open_to_it",),
    "V-68": ("test_marks_when_they_are_walked_within_the_band_then_steps_between_them_liquidate_before_a_bankruptcy",),
    "V-69": ("test_bankrupts_when_they_pile_up_behind_a_stale_mark_then_one_step_closes_them_all",),
    "V-70": (
        "test_group_when_it_owns_both_sides_then_the_fund_pays_for_it_only_up_to_its_cap",
        "test_drain_when_the_owner_hides_behind_many_accounts_then_the_group_cap_sees_only_who_is_declared",
    ),
    "V-71": ("test_survivor_when_it_was_deleveraged_then_its_size_is_what_is_left_everywhere",),
    "V-72": ("test_survivors_when_a_deleveraging_is_over_then_each_can_reduce_to_zero_and_leave_with_everything",),
    "V-73": ("test_trade_when_it_crosses_zero_then_its_own_equity_must_carry_the_new_side",),
    "V-74": ("test_debt_when_it_is_taken_off_an_account_then_the_fact_names_who_carries_it",),
    "V-75": ("test_loss_when_four_stages_carry_it_then_their_parts_sum_to_it_exactly",),
    "V-76": ("test_fee_when_it_is_larger_than_what_is_left_then_it_is_what_is_left",),
    "V-77": ("test_deposit_when_it_cures_before_the_step_then_the_money_stays_the_users",),
    "V-78": (
        "test_open_interest_when_all_of_it_is_bankrupt_at_once_then_it_is_closed_in_one_step",
        "test_mark_when_it_is_stale_after_a_pause_then_no_forced_act_comes_from_it",
    ),
    "V-79": (
        "test_price_when_it_is_zero_negative_or_absurd_then_nobody_is_liquidated_by_it",
        "test_price_when_it_leaves_its_band_then_it_waits_for_somebody_to_vouch_for_it",
    ),
}

LIMITS: dict[str, str] = {
    "V-14": "who is whose is what the venue declares (owner groups); a bid and a trade may stand at one time",
    "V-32": "what a step moves is bounded, what it looks at is every account",
    "V-52": "nothing is reserved for the cost of closing a size: margin by size and share stands in its place",
    "V-53": "sources are counted as the venue states them; without that guard a mark may walk within its band",
    "V-54": "hedges inside the domain only, and only of accounts that are in the neutral mode",
    "V-55": "accounts are not linked in margin: the venue's estimate of concentration is; no price by depth",
    "V-61": "the cap is a number of lots that the venue sets: the law knows no market value",
    "V-64": "a cross unit is one debtor: with legs in both markets, its debt lies by maintenance on both",
    "V-68": "no rule forces a step after each mark: that is the venue's to do",
}
"""What a test of this table does not show, where the lesson from elsewhere asks for more."""

NOT_YET: dict[str, str] = {
    "V-35": "nobody owns a share of the fund: money paid into it gives no claim whose price could be moved",
    "V-62": "reports keep the fund's cash after each step; the open result of its own unit stands in the book only",
}
