"""What the loop of an ordinary day is told, and what it tells, beside the columns."""

(
    TIME,  # of the last accepted event
    DUE,  # when announced requirements take effect
    AGE,  # the bound on the age of marks, 0: none
    SOURCES,  # that a mark needs
    MARKS,  # which may be set here: 0 none, 1 confirmed ones, 2 all
    BAND,  # 1: trades are kept to the mark
    NOBODY_POOR,  # 1: nobody is known to be below zero at these marks
    CALM,  # 1: as long as values keep their room, only the close could be (``calm``)
    PARTS,  # K of ``calm``
    CLOSE_ONES,  # how many are in the list of the close
    ROWS,  # in use
    FREE,  # of them without lots
    NET,  # money in and out on balance
    ACCEPTED,  # events, a fact each
    TOUCHED,  # how many records are not repeated in the columns yet (``repeat``)
    ASKS_POOR,  # told: a withdrawal has to know who is below zero
    ASKS_ROOM,  # told: a trade needs new rows
    PLACES,
) = range(18)
"""Places in ``state``."""
