"""Policies side by side on the same winners and the same budgets, wave by wave, with what each of them has to know."""
