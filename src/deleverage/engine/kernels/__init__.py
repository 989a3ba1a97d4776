"""Compiled loops over columns, and nothing else: no names, no rules, no messages.

Rules of this folder:

* A kernel takes arrays and whole numbers and gives them back; integers are int64 within the bounds of ``bounds``.
* Money is never a float. A score is binary64, computed by the operations and in the order that ``ranking`` states.
* Kernels import NumPy, Numba and each other: the name of the cache is made of this folder's text (``compiled``).
"""
