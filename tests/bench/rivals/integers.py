"""Events with numbers for ids, written once by a third writer (pyarrow): for engines alone.

    integers.py EVENTS ACCOUNTS DAYS LAST_DAY FOLDER

FOLDER/events.parquet: account int32, app int16, day date32, ts int64 (milliseconds), in the order of time; Zipf
accounts, 30 % of all in one app. FOLDER/state.parquet: the state of the seats as our store keeps it: last_at, w0 to w6.
"""

import datetime
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import ring

DAY_MS = 86_400_000
APPS = 300
GROUP_ROWS = 1_000_000


def events(count: int, accounts: int, days: int, last: int, seed: int = 7) -> pa.Table:
    random = np.random.default_rng(seed)
    account = (random.zipf(1.2, count) * 2_654_435_761 % accounts).astype(np.int32)
    everyone = random.integers(0, accounts, count, dtype=np.int32)
    account = np.where(random.random(count) < 0.5, account, everyone).astype(np.int32)
    # An account holds a few apps: which, follows from the account.
    place = random.integers(0, 12, count)
    app = ((account.astype(np.int64) * 31 + place * 97) % APPS).astype(np.int16)
    app[random.random(count) < 0.3] = 0
    ts = np.sort(random.integers((last - days + 1) * DAY_MS, (last + 1) * DAY_MS, count))
    day = pa.array((ts // DAY_MS).astype(np.int32)).cast(pa.date32())
    return pa.table({"account": account, "app": app, "day": day, "ts": ts})


def state(table: pa.Table) -> pa.Table:
    """Sorted by app and account, one row a seat."""
    account, app, ts = (table[name].to_numpy() for name in ["account", "app", "ts"])
    key = app.astype(np.int64) << 32 | account
    seats, seat = np.unique(key, return_inverse=True)
    last = np.zeros(len(seats), np.int64)
    np.maximum.at(last, seat, ts)
    day = ts // DAY_MS
    words = np.zeros((ring.WORDS, len(seats)), np.uint64)
    np.bitwise_or.at(words, (day // 64 % ring.WORDS, seat), np.uint64(1) << (day % 64).astype(np.uint64))
    columns = {"app": (seats >> 32).astype(np.int16), "account": (seats & 0xFFFFFFFF).astype(np.int32), "last_at": last}
    return pa.table(columns | {f"w{n}": words[n].view(np.int64) for n in range(ring.WORDS)})


def main() -> None:
    count, accounts, days, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[5]
    last = ring.number(datetime.date.fromisoformat(sys.argv[4]))
    table = events(count, accounts, days, last)
    pq.write_table(
        table, f"{folder}/events.parquet", row_group_size=GROUP_ROWS, compression="zstd", compression_level=1
    )
    # As src/store/encoder.rs writes it.
    seats = state(table)
    pq.write_table(seats, f"{folder}/state.parquet", row_group_size=262_144, compression="lz4", use_dictionary=["app"])
    print(len(seats))


if __name__ == "__main__":
    main()
