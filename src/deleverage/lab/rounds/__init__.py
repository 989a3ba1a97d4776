"""A small venue over many rounds: deficits, fund, haircuts, who leaves, what is earned; and its clocks. No forecast."""
