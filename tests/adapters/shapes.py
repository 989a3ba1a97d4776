"""Small answers in the shapes that venues document, one long and one short each, written here by hand."""

from typing import Any

CCXT: list[dict[str, Any]] = [
    {
        "info": {},
        "symbol": "BTC/USDT:USDT",
        "side": "long",
        "contracts": 2.0,
        "contractSize": 0.001,
        "entryPrice": 60000.5,
        "markPrice": 65000,
        "marginMode": "cross",
        "collateral": None,
        "maintenanceMargin": 0.65,
    },
    {
        "info": {},
        "symbol": "ETH/USDT:USDT",
        "side": "short",
        "contracts": 3.0,
        "contractSize": 1e-05,
        "entryPrice": 3000,
        "markPrice": 2900.25,
        "marginMode": "isolated",
        "collateral": 0.5,
        "maintenanceMargin": 0.001,
    },
    {"info": {}, "symbol": "XRP/USDT:USDT", "side": None, "contracts": 0.0, "entryPrice": None},
]

BINANCE: list[dict[str, Any]] = [
    {
        "symbol": "BTCUSDT",
        "positionSide": "LONG",
        "positionAmt": "0.002",
        "entryPrice": "60000.5",
        "markPrice": "65000.00000000",
        "unRealizedProfit": "9.999",
        "isolatedWallet": "0",
        "marginAsset": "USDT",
        "maintMargin": "0.65",
        "adl": 2,
    },
    {
        "symbol": "ETHUSDT",
        "positionSide": "BOTH",
        "positionAmt": "-0.00003",
        "entryPrice": "3000",
        "markPrice": "2900.25",
        "unRealizedProfit": "0.0029925",
        "isolatedWallet": "0.4970075",
        "marginAsset": "USDT",
        "maintMargin": "0.001",
        "adl": 1,
    },
    {"symbol": "XRPUSDT", "positionSide": "BOTH", "positionAmt": "0.0", "entryPrice": "0.0", "markPrice": "0"},
]

BYBIT: dict[str, Any] = {
    "retCode": 0,
    "retMsg": "OK",
    "result": {
        "category": "linear",
        "nextPageCursor": "",
        "list": [
            {
                "symbol": "BTCUSDT",
                "side": "Buy",
                "size": "0.002",
                "avgPrice": "60000.5",
                "markPrice": "65000",
                "positionMM": "0.65",
                "tradeMode": 0,
                "positionBalance": "0",
                "unrealisedPnl": "9.999",
                "positionStatus": "Normal",
                "adlRankIndicator": 2,
            },
            {
                "symbol": "ETHUSDT",
                "side": "Sell",
                "size": "0.00003",
                "avgPrice": "3000",
                "markPrice": "2900.25",
                "positionMM": "0.001",
                "tradeMode": 1,
                "positionBalance": "0.4970075",
                "unrealisedPnl": "0.0029925",
                "positionStatus": "Normal",
                "adlRankIndicator": 1,
            },
            {"symbol": "XRPUSDT", "side": "", "size": "0", "avgPrice": "0", "markPrice": "0.5"},
        ],
    },
}

OKX: dict[str, Any] = {
    "code": "0",
    "msg": "",
    "data": [
        {
            "instType": "SWAP",
            "instId": "BTC-USDT-SWAP",
            "mgnMode": "cross",
            "posSide": "net",
            "pos": "2",
            "avgPx": "60000.5",
            "markPx": "65000",
            "mmr": "0.65",
            "margin": "",
            "upl": "9.999",
            "ccy": "USDT",
            "adl": "2",
        },
        {
            "instType": "SWAP",
            "instId": "ETH-USDT-SWAP",
            "mgnMode": "isolated",
            "posSide": "short",
            "pos": "3",
            "avgPx": "3000",
            "markPx": "2900.25",
            "mmr": "0.001",
            "margin": "0.4970075",
            "upl": "0.0029925",
            "ccy": "USDT",
            "adl": "1",
        },
        {"instType": "OPTION", "instId": "BTC-USD-260101-60000-C", "pos": "1"},
    ],
}
OKX_SIZES = ("BTC-USDT-SWAP=0.001", "ETH-USDT-SWAP=0.00001")

HYPERLIQUID: dict[str, Any] = {
    "marginSummary": {"accountValue": "100.5", "totalNtlPos": "130.0870075"},
    "crossMarginSummary": {"accountValue": "100", "totalNtlPos": "130"},
    "crossMaintenanceMarginUsed": "0.65",
    "withdrawable": "90",
    "assetPositions": [
        {
            "type": "oneWay",
            "position": {
                "coin": "BTC",
                "szi": "0.002",
                "leverage": {"type": "cross", "value": 20},
                "entryPx": "60000.5",
                "positionValue": "130.0",
                "unrealizedPnl": "9.999",
                "marginUsed": "6.5",
            },
        },
        {
            "type": "oneWay",
            "position": {
                "coin": "ETH",
                "szi": "-0.00003",
                "leverage": {"type": "isolated", "value": 20, "rawUsd": "0.5870075"},
                "entryPx": "3000",
                "positionValue": "0.0870075",
                "unrealizedPnl": "0.0029925",
                "marginUsed": "0.5",
            },
        },
    ],
    "time": 1760131026000,
}
