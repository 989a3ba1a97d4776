"""Three fronts and two workers on one machine, killed, paused and cut off from each other: nothing may be lost.

``python -m tests.service.machines --minutes 5`` runs it for long; ``make test`` a short one.
"""
