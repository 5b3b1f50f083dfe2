from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from whichhalf.errors import ConfigError
from whichhalf.world.app_files import amounts
from whichhalf.world.draws import choose, digits, hex_strings, iso_times, mix, strings_of, within
from whichhalf.world.money import converted, ecb_quotes, total


def test_times_read_back() -> None:
    rng = np.random.default_rng(1)
    moments = np.append(rng.integers(0, 4_000_000_000_000, 2_000), [0, 86_399_999, 86_400_000])
    for text, moment in zip(iso_times(moments).to_pylist(), moments.tolist(), strict=True):
        read = datetime.fromisoformat(text)
        assert read == datetime.fromtimestamp(moment // 1000, UTC).replace(
            microsecond=moment % 1000 * 1000
        )
        assert len(text) == 24


def test_ids_are_distinct_and_sort_as_their_numbers() -> None:
    numbers = mix(np.arange(50_000), 3, "message")
    texts = hex_strings(numbers).to_pylist()
    assert len(set(texts)) == 50_000
    assert [texts[place] for place in np.argsort(numbers)] == sorted(texts)
    assert int(texts[17], 16) == numbers[17]
    assert not set(texts) & set(hex_strings(mix(np.arange(50_000), 4, "message")).to_pylist())


def test_small_ones() -> None:
    assert within(np.array([2, 0, 3])).tolist() == [0, 1, 0, 1, 2]
    assert within(np.array([], np.int64)).tolist() == []
    assert strings_of(digits(np.array([7, 12345]), 5)).to_pylist() == ["00007", "12345"]
    assert amounts(np.array([5, 1299, 209_999])).to_pylist() == ["0.05", "12.99", "2099.99"]
    drawn = choose(np.random.default_rng(0), [1, 0, 3], 8_000)
    counts = np.bincount(drawn)
    assert counts[1] == 0
    assert 2.6 < counts[2] / counts[0] < 3.4


def test_rates_are_those_of_the_last_quote_day() -> None:
    quotes = ecb_quotes()
    friday, sunday = date(2026, 10, 30), date(2026, 11, 1)
    # 2026-10-30: 1 EUR = 1.1172 USD = 55.8015 TRY.
    assert quotes.rate("EUR", "USD", sunday) == Decimal("1.1172")
    assert quotes.rate("TRY", "USD", sunday) == Decimal("0.020020967178")
    assert quotes.rate("TRY", "USD", sunday) == quotes.rate("TRY", "USD", friday)
    assert quotes.rate("USD", "EUR", friday) == Decimal("0.895094880057")
    assert quotes.rate("USD", "USD", date(2090, 1, 1)) == 1
    with pytest.raises(ConfigError, match="ends on"):
        quotes.rate("TRY", "USD", date(2026, 11, 20))


def test_money_is_rounded_half_up_and_summed_exactly() -> None:
    assert converted(Decimal("0.01"), Decimal("0.00005")) == Decimal("0.000001")
    assert converted(Decimal("0.01"), Decimal("0.00004999")) == 0
    assert str(total([Decimal("0.1")] * 3)) == "0.300000"
    assert str(total([])) == "0.000000"
