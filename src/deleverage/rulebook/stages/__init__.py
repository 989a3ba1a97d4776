"""The stages of the waterfall, a file each, on one scratch; they do not know each other, ``waterfall`` knows the order.

liquidation   1 relieve, 2 reduce into the book
takeover      3 backstops, then the fund's inventory
fund          4 the insurance fund
deleveraging  5 close lots against the solvent
              (candidates: who; plan: what; one_by_one: venues that take bankrupts one by one)
socialise     6 haircuts as the loss rule says, 7 the named residual
              (bearers: who could bear a loss, and how much)
"""
