"""Why one account was closed in a round, so far, and at this price - or why it was not: a journal read for one person.

``steps`` finds the step that is meant; ``walk`` brings the book back to where it stood and goes through the step fact
by fact; ``stage_5`` finds a unit's place in a round; ``records`` are what comes out.
"""
