"""What users buy: charges, refunds and chargebacks, as arrays of whole cents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from whichhalf.world import catalog
from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import DAY_MS, MINUTE_MS, Flags, Ints, choose, stream
from whichhalf.world.people import People

CHARGE, REFUND, CHARGEBACK = range(3)
KINDS = ("charge", "refund", "chargeback")


@dataclass(frozen=True)
class Payments:
    """Payments by number: charges first, by time, then what is given back.

    kind: CHARGE … CHARGEBACK. cents: amount in `currency` (index into `currencies`), above 0.
    charge: number of the charge that it is about, its own for a charge.
    names_charge: whether the file says so.
    """

    person: Ints
    paid_at: Ints
    kind: Ints
    cents: Ints
    currency: Ints
    pack: Ints
    quantity: Ints
    charge: Ints
    names_charge: Ints
    currencies: tuple[str, ...]


def draw_payments(config: WorldConfig, seed: int, people: People) -> Payments:
    """Draw what users pay, and get back."""
    rng = stream(seed, "payments")
    payers = np.flatnonzero(rng.random(people.users) < config.payer_share)
    count = rng.geometric(1 / config.payments_per_payer, len(payers))
    person = np.repeat(payers, count)
    lag = 2 * MINUTE_MS + rng.exponential(9 * DAY_MS, len(person)).astype(np.int64)
    paid_at = people.signup_at[person] + lag
    person, paid_at = person[paid_at < people.end], paid_at[paid_at < people.end]
    order = np.lexsort((person, paid_at))
    charges = _charges(rng, people, person[order], paid_at[order])
    return _with_returns(config, rng, charges)


def _charges(rng: np.random.Generator, people: People, person: Ints, paid_at: Ints) -> Payments:
    """Draw what is bought at these times, in the currency of the person's country."""
    currencies = tuple(sorted({row[2] for row in catalog.COUNTRIES}))
    pack = choose(rng, [row[4] for row in catalog.PACKS], len(person))
    quantity = np.where(rng.random(len(person)) < 0.05, 2, 1)
    paid_in = np.array([currencies.index(row[2]) for row in catalog.COUNTRIES])
    currency = paid_in[people.country[person]]
    prices = np.array(
        [[int(row[3][name] * 100) for name in currencies] for row in catalog.PACKS], np.int64
    )
    return Payments(
        person=person,
        paid_at=paid_at,
        kind=np.full(len(person), CHARGE),
        cents=prices[pack, currency] * quantity,
        currency=currency,
        pack=pack,
        quantity=quantity,
        charge=np.arange(len(person)),
        names_charge=np.zeros(len(person), np.int64),
        currencies=currencies,
    )


def _with_returns(config: WorldConfig, rng: np.random.Generator, charges: Payments) -> Payments:
    """Give back some charges, once each and at most what was paid."""
    count = len(charges.person)
    drawn = rng.random(count)
    refunded = drawn < config.refund_share
    back = np.flatnonzero(drawn < config.refund_share + config.chargeback_share)
    is_refund = refunded[back]
    wait = rng.exponential(3 * DAY_MS, len(back)) * np.where(is_refund, 1, 4)
    at = charges.paid_at[back] + 10 * MINUTE_MS + np.minimum(wait, 25 * DAY_MS).astype(np.int64)
    partial = is_refund & (rng.random(len(back)) < 0.2)
    cents = np.where(partial, charges.cents[back] // 2, charges.cents[back])
    unnamed = is_refund & ~partial & (rng.random(len(back)) < config.missing_reference_share)
    unnamed &= _can_be_told(charges, back, at)
    names = Payments.__dataclass_fields__
    returns = {name: getattr(charges, name)[back] for name in names if name != "currencies"}
    returns |= {"paid_at": at, "cents": cents, "charge": back}
    returns["kind"] = np.where(is_refund, REFUND, CHARGEBACK)
    returns["names_charge"] = (~unnamed).astype(np.int64)
    joined = {name: np.concatenate([getattr(charges, name), returns[name]]) for name in returns}
    return Payments(**joined, currencies=charges.currencies)


def _can_be_told(charges: Payments, back: Ints, at: Ints) -> Flags:
    """Whether the charge is the person's only one up to the refund.

    Then any rule finds it: latest charge, latest that covers the refund, latest not yet refunded.
    """
    order = np.lexsort((charges.paid_at, charges.person))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    person = np.append(charges.person[order], [-1, -1])
    paid_at = np.append(charges.paid_at[order], [0, 0])
    here = place[back]
    is_first = (here == 0) | (person[here - 1] != person[here])
    none_after = (person[here + 1] != person[here]) | (paid_at[here + 1] > at)
    told: Flags = is_first & none_after
    return told
