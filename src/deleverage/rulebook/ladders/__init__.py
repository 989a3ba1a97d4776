"""How each command is answered: a ladder of one-line refusals in the order of ``Code``, a computation, then facts.

A file per family of commands; ``rungs`` holds the refusals that several of them share.
"""
