"""The order in which documents list the commands and facts of the law: published, whatever file a class stands in.

Schemas list them so, and the recorded vectors draw from the list. What is not listed comes last: a new one is added at
the end.
"""

COMMANDS = """
    Bid ListMarket OpenAccount SetProgramme OpenIsolated Deposit Withdraw MoveMargin DepositToFund RepayResidual Trade
    PlaceOrder CancelOrder SetMarks AccrueFunding SettleMarket ClosePeriod RunStep ApproveEnvelope AbortEnvelope
    WithdrawFromFund SetPool Regroup MovePool SetLeverage AnnounceRequirements Halt Resume ListAsset SetAssetPrices
    DepositAsset WithdrawAsset Convert SetNeutralMode
""".split()  # noqa: SIM905 - a list of words is read in lines, not one word a line

FACTS = """
    AuctionOpened AuctionEnded AuctionSold MarketListed AccountOpened ProgrammeSet UnitOpened MoneyIn MoneyOut
    MarginMoved Traded OrderPlaced OrdersCancelled MarksSet FundingAccrued MarketSettled PeriodClosed BankruptcyDeclared
    BankruptcyEnded Netted Reduced TakenOver FundPaid Deleveraged Socialised ResidualNamed StepEnded EnvelopeApproved
    EnvelopeEnded FundWithdrawn PoolSet MarketRegrouped PoolMoved PoolsSwitched LeverageSet RequirementsAnnounced
    RequirementsChanged Halted Resumed AssetListed AssetPricesSet AssetIn AssetOut Converted CollateralSold
    NeutralModeSet
""".split()  # noqa: SIM905 - a list of words is read in lines, not one word a line
