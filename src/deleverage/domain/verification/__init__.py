"""Whether a journal tells the truth: chain, anchor, signatures, and every command executed again with the rulebook.

``verify`` looks at the whole; ``ranges`` execute from one checkpoint to the next, several at once; ``verdict`` is what
comes out.
"""
