"""One round of stage 5 in plain words: why there was one, and for each unit why it, so many lots, at this price."""

from collections.abc import Iterator

from deleverage.commands.catalogue import policy_entry, rule_entry
from deleverage.commands.why_words import Words, said
from deleverage.domain.show import counted, grouped, percent_text
from deleverage.domain.why.records import Asked, InPool, PoolWhy, RoundWhy, Standing, Why
from deleverage.rulebook.file_policy import FilePolicy
from deleverage.rulebook.plug import text_of
from deleverage.rulebook.quantities import PPB, div_floor, format_units
from deleverage.rulebook.queues import Queue
from deleverage.rulebook.selection import POLICIES

DEBTORS = 3
"""So many bankrupts are named; the JSON document has all."""

STOPPED = {
    "trigger": "the trigger did not let more be closed",
    "approval": "more was not approved",
    "pace": "more would have been above the pace of a step",
    "throttle": "more would have been above the throttle of the step",
}
"""Why lots were left that candidates could have taken."""

TIERS = (
    "the fund's inventory, asked first",
    "backstops, asked before traders",
    "",
    "hedged accounts in the neutral mode, asked after the others",
    "asked after all others: unhealthy itself, or of an owner of these bankrupts",
    "asked last: without equity",
)


class RoundText:
    """Writes the rounds of one answer."""

    def __init__(self, why: Why, words: Words) -> None:
        """Speak of this answer in these words."""
        self.why, self.words = why, words
        self.queued = isinstance(why.head.rules.policy, Queue)

    def lines(self, item: RoundWhy) -> Iterator[str]:
        """Yield one round."""
        yield f"round {item.round} of stage 5"
        told = [(unit, pool) for unit, pool in self._pairs(item) if unit.standing is not Standing.ABSENT]
        concerned = {(pool.pool.market_id, pool.pool.side) for _, pool in told}
        for pool in item.pools:
            if not told or (pool.pool.market_id, pool.pool.side) in concerned:
                yield from said("why a round", self._why_a_pool(pool))
        words, why = self.words, self.why
        held, paid = words.amount(why.fund_before_quanta), words.amount(why.fund_paid_quanta)
        yield from said("", f"the fund held {held} when the step began and paid {paid} in it")
        for unit, pool in told:
            yield from self._unit(item, unit, pool)
        if not told:
            markets = ", ".join(sorted({pool.pool.market_id for pool in item.pools}))
            yield from said(f"why {why.account_id}", f"it had no position in {markets}: there was nothing to close")
        yield from said("the rule", self._policy(item))
        yield from said("", f"price {item.price}: {_plug(self.why.head.rules.price)}")

    def _pairs(self, item: RoundWhy) -> Iterator[tuple[InPool, PoolWhy]]:
        for unit in item.units:
            yield unit, next(pool for pool in item.pools if pool.pool is unit.pool)

    def _why_a_pool(self, item: PoolWhy) -> str:
        pool, words = item.pool, self.words
        named = [
            f"{one.unit_id} ({counted(one.lots, 'lot')}, still {words.amount(one.shortfall_quanta)} below zero)"
            for one in item.debtors[:DEBTORS]
        ]
        more = len(item.debtors) - DEBTORS
        tail = f" and {counted(more, 'more unit')}" if more > 0 else ""
        mark = grouped(format_units(item.mark_ticks, self.why.terms[pool.market_id].tick))
        told = f"{counted(pool.lots, 'lot')} of bankrupt {pool.side}s in {pool.market_id}, the mark is {mark}: "
        told += ", ".join(named) + tail
        if pool.netted_lots:
            told += f"; {counted(pool.netted_lots, 'lot')} netted against bankrupts of the other side first"
        told += f"; {counted(pool.closed_lots, 'lot')} closed against {counted(item.closed_units, 'account')}"
        told += f" of {item.ranks:,}, who hold {counted(item.rank_lots, 'lot')}"
        return told + (f"; {STOPPED[pool.stopped]}" if pool.stopped else "")

    def _policy(self, item: RoundWhy) -> str:
        policy = self.why.head.rules.policy
        if isinstance(policy, FilePolicy):
            given = ", ".join(policy.parameters)
            return f"{item.policy}({given}): a class of a file whose text has this SHA-256: {policy.source_sha256}"
        entry = policy_entry(item.policy)
        name = item.policy if policy == POLICIES[item.policy] else text_of(policy)
        told = f"{name}: {entry['rule']} Formula: {entry['formula']}"
        if item.one_by_one:
            told += " Bankrupts are taken one by one, and the queue is asked again before each fill."
        return told + (f" Score: {entry['score']}" if entry["score"] else "")

    # -- a unit in a round ----------------------------------------------------------------------------------------

    def _unit(self, item: RoundWhy, unit: InPool, pool: PoolWhy) -> Iterator[str]:
        for one in unit.asked:
            yield from self._closed(item, one, pool)
        if not unit.asked:
            where = f"in {pool.pool.market_id} " if len(item.pools) > 1 else ""
            yield from said(f"why {unit.unit_id}", where + self._not_closed(item, unit, pool))
        if unit.inputs is not None:
            yield from said("", self.words.inputs(unit.inputs))
        for fill in unit.fills:
            yield from said("price", self.words.fill(fill))

    def _closed(self, item: RoundWhy, one: Asked, pool: PoolWhy) -> Iterator[str]:
        closing, place, words = one.closing, one.place, self.words
        told = "" if not TIERS[closing.tier] else f" ({TIERS[closing.tier]})"
        if self.queued:
            score = f" by its score of {closing.score}" if closing.score else ""
            told = f"rank {place.rank:,} of {one.candidates:,}{told}{score}: {counted(place.lots_ahead, 'lot')} stood "
            told += f"before it, {counted(one.needed_lots, 'lot')} {'was' if one.needed_lots == 1 else 'were'} "
            told += "needed when its turn came"
        else:
            told = f"one of {one.candidates:,} solvent accounts on the other side{told}; the policy ranks nobody"
        where = f"in {closing.market_id} " if len(item.pools) > 1 else ""
        yield from said(f"why {closing.unit_id}", where + told)
        yield from said("", words.inputs(one.inputs))
        yield from said("why this size", self._size(one))
        yield from said("why this price", self._price(item, one, pool))
        sense = "lost" if closing.result_entry_quanta < 0 else "made"
        made = words.amount(abs(closing.result_entry_quanta))
        yield from said("", f"against their own entry these lots {sense} {made}")
        if closing.naked_lots:
            naked = counted(closing.naked_lots, "lot")
            yield from said("", f"it holds {naked} on other legs, which may have lost their hedge")

    def _size(self, one: Asked) -> str:
        lots, held = one.closing.closed_lots, one.closing.lots_before
        if not self.queued:
            share = percent_text(div_floor(one.needed_lots * PPB, one.candidate_lots))
            needed, of_all = counted(one.needed_lots, "lot"), counted(one.candidate_lots, "lot")
            return f"{lots:,} of its {counted(held, 'lot')}: {needed} were shared over {of_all} ({share} %)"
        if lots == held:
            return f"all {held:,} of its lots: a queue takes each wholly before the next one is asked"
        if lots == one.needed_lots:
            return f"{lots:,} of its {counted(held, 'lot')}: no more were needed"
        return f"{lots:,} of its {counted(held, 'lot')}: the round could close no more"

    def _price(self, item: RoundWhy, one: Asked, pool: PoolWhy) -> str:
        words, closing, record = self.words, one.closing, pool.pool
        told = f"{words.fill(one.fill)}"
        most = max(0, closing.equity_before_quanta)
        cap = "" if item.may_bankrupt else f", at most its equity of {words.amount(most)}"
        if item.one_by_one:
            return f"{told}. The price rule asks it for what was missing on these lots{cap}"
        asked = words.amount(record.asked_quanta)
        told += f". The price rule asks for {asked} on {counted(record.closed_lots, 'closed lot')}, equal per lot{cap}"
        if not record.asked_quanta:
            return told
        lots, money = closing.closed_lots, closing.money_quanta
        over = money * record.closed_lots - record.asked_quanta * lots
        if abs(over) < record.closed_lots:
            return f"{told}; it gave up its even share of {lots:,}/{record.closed_lots:,}"
        if over > 0:
            return f"{told}; it gave up more than an even share, since others had no more equity"
        return f"{told}; it gave up less than an even share: its equity was used up"

    def _not_closed(self, item: RoundWhy, unit: InPool, pool: PoolWhy) -> str:
        record, place = pool.pool, unit.place
        other = "short" if record.side == "long" else "long"
        if unit.standing is Standing.NOT_REACHED and place is not None:
            return self._not_reached(item, unit, pool)
        if unit.standing is Standing.REMOVED:
            return f"not asked: the rules take it out of the candidates ({unit.reason})"
        if unit.standing is Standing.SAME_SIDE:
            return f"not asked: its position is {record.side}, as that of the bankrupts; only {other}s can be closed"
        if unit.standing is Standing.BANKRUPT_ELSEWHERE:
            return "not asked: it is bankrupt itself"
        closed = counted(sum(abs(fill.lots) for fill in unit.fills), "lot")
        return f"bankrupt itself: {closed} of {record.market_id} taken over by others"

    def _not_reached(self, item: RoundWhy, unit: InPool, pool: PoolWhy) -> str:
        record, place = pool.pool, unit.place
        assert place is not None
        if record.closed_lots == 0:
            why = STOPPED[record.stopped] if record.stopped else "netting was enough"
            return f"not asked, nor was anybody in this round: {why}"
        tier = f" ({TIERS[place.tier]})" if TIERS[place.tier] else ""
        if not self.queued:
            return f"not asked: the policy gave it none of the {counted(record.closed_lots, 'lot')}{tier}"
        score = f" by its score of {place.score}" if place.score else ""
        told = f"not asked: rank {place.rank:,} of {pool.ranks:,}{tier}{score}"
        if item.one_by_one:
            return f"{told} when the round began; it never stood first when the queue was asked again"
        ended = f"the {counted(record.closed_lots, 'lot')} that were closed ended at rank {pool.reached:,}"
        return f"{told}; {counted(place.lots_ahead, 'lot')} stood before it, and {ended}"


def _plug(plug: object) -> str:
    entry = rule_entry(type(plug))
    return f"{entry['rule']} Formula: {entry['formula']}"
