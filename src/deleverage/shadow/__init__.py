"""Another engine is followed: its commands are heard, its forced closes compared with what the law would have done.

Rules of this package:

* Nothing is written anywhere but the progress file that the user names (``progress``).
* The book follows *theirs*: where the two engines agree our own step is taken over, else their closes are written as
  they were told, so that one difference does not make everything behind it differ (``follow``).
* What cannot be followed is counted and named, with its line; nothing is guessed, clipped or left out silently.
* A moment is compared when it is over; progress is kept only between moments, so a restart gives the unbroken report.
"""
