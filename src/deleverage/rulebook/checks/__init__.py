"""What each fact may do and may not: the transition checks, one function per kind of fact; ``transitions`` calls them.

They know the law as sentences and recompute what they can from the book before the fact: who was bankrupt or unhealthy,
what the price rule asks, what a cap leaves, what a gain was. A fact that adds up but tells the story wrongly is caught.
"""
