"""The tests, a package so that its parts can be run as modules (`python -m tests.parity.run`)."""
