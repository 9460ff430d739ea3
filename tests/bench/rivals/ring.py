"""The ring of days as SQL: seven words of 64 days, see src/usage/ring.rs."""

import datetime

WORDS, KEPT_DAYS = 7, 396
EPOCH = datetime.date(1970, 1, 1)


def number(day: datetime.date) -> int:
    return (day - EPOCH).days


def masks(first: int, last: int) -> list:
    """By word, the bits of a run of days, both ends in it."""
    words = [0] * WORDS
    for day in range(first, last + 1):
        words[day // 64 % WORDS] |= 1 << day % 64
    return words


def kept(as_of: datetime.date) -> list:
    """The bits that a ring of a day may hold."""
    return masks(number(as_of) - KEPT_DAYS + 1, number(as_of))


def window(as_of: datetime.date, days: int) -> list:
    """The bits of the last days up to one, that day included."""
    return masks(number(as_of) - days + 1, number(as_of))


def signed(word: int) -> int:
    """As a 64-bit integer that has a sign."""
    return word - (1 << 64) if word >> 63 else word


def bits(day: str) -> str:
    """The seven words of the days of a group, in DuckDB."""
    place = f"(({day}) - date '1970-01-01')"
    bit = f"1::ubigint << ({place} % 64)::ubigint"
    is_in = [f"{place} // 64 % {WORDS} = {word}" for word in range(WORDS)]
    return ", ".join(f"bit_or(case when {here} then {bit} else 0::ubigint end) as w{n}" for n, here in enumerate(is_in))
