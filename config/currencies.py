"""The currencies that a shop can have: those whose amounts have two decimals."""

from django.core.exceptions import ImproperlyConfigured

PUBLISHED = "2026-01-01"
"""The date of ISO 4217's list one, from which this is: six-group.com, "Data Standards"."""

DECIMALS = {
    2: """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
    CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
    GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK
    LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO
    NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
    SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST
    XAD XCD XCG YER ZAR ZMW ZWG
    """,
    0: """
    BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF
    """,
    3: """
    BHD IQD JOD KWD LYD OMR TND
    """,
    4: """
    CLF UYW
    """,
}
"""Codes by their "minor unit", as the list calls it. Gold and the like have none."""


def shop_currency(code: str) -> str:
    """Return `code`. Raises ImproperlyConfigured unless its amounts have two decimals."""
    decimals = {each: count for count, codes in DECIMALS.items() for each in codes.split()}
    if decimals.get(code) == 2:  # noqa: PLR2004
        return code
    state = (
        f"a currency with {decimals[code]} decimals"
        if code in decimals
        else f"for which ISO 4217 (as of {PUBLISHED}) has no number of decimals"
    )
    raise ImproperlyConfigured(
        f"CURRENCY is {code!r}, {state}. Every amount in Tradepost has 2 decimals, so only a "
        "currency with 2 works. Set CURRENCY to its code in capitals, such as EUR, USD or GBP."
    )
