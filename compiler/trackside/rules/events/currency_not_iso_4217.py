"""A currency can hold what is no ISO 4217 code.

## What it finds

A property that `revenue: {currency: ...}` names and whose enum, const, pattern or lengths let through what is not three
capital letters of ISO 4217, or let through no such code at all. Plain text is not reported: it says nothing.

## Why it matters

The destination converts by this code. `eur`, `Euro` or `€` is not converted, and the amount is taken for another
currency or left out.

## Example

```yaml
purchase_completed:
  kind: purchase
  identity: [user_id]
  revenue: {amount: total, currency: currency}
  properties:
    total: number
    currency: {enum: [eur, usd]}
```

## Instead

```yaml
purchase_completed:
  kind: purchase
  identity: [user_id]
  revenue: {amount: total, currency: currency}
  properties:
    total: number
    currency: {enum: [EUR, USD]}
```

## When to allow it

Where a code is newer than this compiler, or your destination knows more than the standard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.diagnostics.nearest import nearest
from trackside.ir import Scalar
from trackside.ir.patterns import parse_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan

_TABLE: Final = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
    CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD
    KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
    NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN
    SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG
    XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG ZWL
"""
CODES: Final = frozenset(_TABLE.split())
"""The codes of ISO 4217, with those withdrawn since 2020: old orders still hold them."""


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for currencies that are no codes."""
    for event in plan.events.values():
        if event.revenue is None or event.revenue.currency is None:
            continue
        prop = event.property(event.revenue.currency)
        if prop is None or not isinstance(prop.type, Scalar) or prop.type.base != "string":
            continue
        wrong = _wrong(prop.type)
        if wrong is not None:
            guess = nearest(wrong, CODES) if len(wrong) == 3 else None
            yield finding(
                "currency-not-iso-4217",
                prop.place.key_span,
                f"`{prop.name}` of `{event.name}` is a currency and wants codes of ISO 4217: `{wrong}` is none"
                if wrong
                else f"`{prop.name}` of `{event.name}` is a currency and lets through no code of ISO 4217",
                label="not a currency code",
                secondary=[Label(event.revenue.place.at("currency").span, "makes it a currency")],
                help=f"write `{guess or 'EUR'}`, three capital letters"
                if guess or wrong
                else "allow three capital letters, or leave the constraint out",
            )


def _wrong(type: Scalar) -> str | None:
    """Find a value that is no code; "" where the type lets no code through; None where nothing is wrong."""
    if type.has_const:
        return None if type.const is None or type.const in CODES else str(type.const)
    if type.enum:
        return next((str(one.value) for one in type.enum if one.value not in CODES), None)
    if (type.min_length or 0) > 3 or (type.max_length is not None and type.max_length < 3):
        return ""
    if type.pattern is not None:
        pattern = parse_pattern(type.pattern)
        return None if any(pattern.matches(code) for code in ("EUR", "USD", *sorted(CODES))) else ""
    return None
