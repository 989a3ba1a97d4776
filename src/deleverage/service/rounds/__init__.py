"""When the waterfall is asked, on which marks, and who has to agree: marks in, the gate, steps, plans, proposals."""
