"""Currency codes: those of ISO 4217, and older ones that the ECB's history quotes."""

from __future__ import annotations

# ISO 4217:2015, list one (active codes), amendment 179 of 2025; without metals, funds, the
# bond-market units and XXX and XTS, in which nobody pays.
_ACTIVE = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF
    KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
    MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
    UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
ACTIVE = frozenset(_ACTIVE.split())

# No longer paid in, but in old rows: quoted by the ECB since 1999, or replaced after 2015.
_FORMER = "BGN CYP EEK HRK LTL LVL MTL ROL SIT SKK TRL ANG BYR CUC MRO SLL STD VEF ZMK ZWL"
FORMER = frozenset(_FORMER.split())


def is_currency(code: str) -> bool:
    """Return whether `code`, in capitals, is a currency that money can be in."""
    return code in ACTIVE or code in FORMER
