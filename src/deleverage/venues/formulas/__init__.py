"""What venues compute beside the law, a short file each: exact, and rounded where the source rounds.

These functions decide nothing in a domain. They restate a venue's own arithmetic, so that its published examples can be
recomputed, and say in words who keeps the last unit. Where the law computes the same thing, they call the law. A defect
of a source is kept as a function of its own, named for what it does, never as a default.
"""
