"""Venues: how each documented exchange or protocol deleverages, one TOML file for each rule and version.

``catalogue`` reads them, ``formulas`` holds what their sources compute beside the law. A preset says what is
documented, what was assumed and what nobody knows; what is unknown is asked for, never guessed.
"""
