#!/usr/bin/env python3
"""How fast policies are evaluated: the models of sql/policy as they are committed, in DataFusion and in DuckDB.

    pip install datafusion==55.0.0 duckdb==2.0.0 pyarrow==26.0.1 numpy
    python3 tests/bench/policy.py [--seats 1000000] [--runs 5] [--threads 1] [--seed 4] [--ladder]

A company is made from the seed. Both engines build every model of sql/policy from the same Arrow tables, in the order in
which the models read each other. Tables must be equal, row by row, before a time is printed.
"""

import argparse
import datetime
import gc
import hashlib
import re
import resource
import statistics
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SQL = Path(__file__).resolve().parents[2] / "sql"
AS_OF = datetime.date(2026, 11, 20)
DAY = (AS_OF - datetime.date(1970, 1, 1)).days
SCHEMAS = ("core", "policies", "config", "earlier", "policy")

# ---------------------------------------------------------------------------------------------------- types


def arrow_type(word):
    """The Arrow type of a sidecar's word."""
    if word.startswith("decimal"):
        precision, scale = re.findall(r"\d+", word)
        return pa.decimal128(int(precision), int(scale))
    return {
        "text": pa.string(),
        "int": pa.int64(),
        "bool": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }[word]


def sidecar(name):
    """The contract of a model."""
    return tomllib.loads((SQL / (name.replace(".", "/") + ".toml")).read_text())


def schema_of(name):
    """The columns of a model and their types."""
    return pa.schema([(c["name"], arrow_type(c["type"])) for c in sidecar(name)["column"]])


SETTINGS = [
    ("mode", "text"),
    ("counts_feature_use", "bool"),
    ("counts_sign_in", "bool"),
    ("inactive_after_days", "int"),
    ("new_seat_grace_days", "int"),
    ("leave_return_grace_days", "int"),
    ("bench_grace_days", "int"),
    ("upcoming_hold_days", "int"),
    ("self_confirm_days", "int"),
    ("idle_action", "text"),
    ("orphan_action", "text"),
    ("leaver_due_days", "int"),
    ("due_days", "int"),
    ("on_no_response", "text"),
    ("maker_checker", "bool"),
    ("min_signal_coverage", "decimal(5,4)"),
]

# What no model makes.
OTHER_INPUTS = {
    "policies.versions": [
        ("app_id", "text"),
        ("policy_version_id", "text"),
        ("effective_from", "date"),
        ("effective_to", "date"),
        ("owner_email", "text"),
        ("rationale", "text"),
        ("approved_by", "text"),
        *SETTINGS,
        ("content_sha256", "text"),
        ("file", "text"),
        ("line", "int"),
    ],
    "policies.overrides": [
        ("app_id", "text"),
        ("policy_version_id", "text"),
        ("override_index", "int"),
        ("key_count", "int"),
        ("worker_type", "text"),
        ("region", "text"),
        ("practice", "text"),
        ("tier", "text"),
        ("job_family", "text"),
        *SETTINGS,
        ("line", "int"),
    ],
    "policies.tier_rules": [
        ("app_id", "text"),
        ("policy_version_id", "text"),
        ("rule_index", "int"),
        ("tier", "text"),
        ("downgrade_to", "text"),
        ("min_uses", "int"),
        ("within_days", "int"),
        ("line", "int"),
    ],
    "policies.tier_rule_features": [
        ("app_id", "text"),
        ("policy_version_id", "text"),
        ("rule_index", "int"),
        ("feature", "text"),
    ],
    "config.project": [("name", "text"), ("reporting_currency", "text")],
    "earlier.candidates": [
        ("candidate_id", "text"),
        ("app_id", "text"),
        ("account_id", "text"),
        ("sku_id", "text"),
        ("action", "text"),
        ("episode_from", "date"),
        ("reason", "text"),
        ("annual_saving_amount", "decimal(18,4)"),
        ("as_of", "date"),
    ],
}

# ---------------------------------------------------------------------------------------------------- a company


def hexadecimal(numbers, width):
    """Numbers scattered, as lower-case hex digits."""
    scattered = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    words = [scattered]
    while len(words) * 16 < width:
        words.append((words[-1] ^ np.uint64(0xD1B54A32D192ED03)) * np.uint64(0xBF58476D1CE4E5B9))
    raw = np.stack(words, axis=1).astype(">u8").view(np.uint8).reshape(len(numbers), -1)
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    both = np.empty((len(numbers), raw.shape[1] * 2), np.uint8)
    both[:, 0::2], both[:, 1::2] = digits[raw >> 4], digits[raw & 15]
    return fixed(both[:, :width])


def fixed(letters):
    """An array of texts of one length."""
    count, width = letters.shape
    offsets = np.arange(count + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters)))


def dashed(digits):
    """32 hex digits as a UUID."""
    part = [pc.utf8_slice_codeunits(digits, a, b) for a, b in [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)]]
    return pc.binary_join_element_wise(*part, "-")


def word(words, at):
    """The words at these places; -1 is none."""
    at = np.asarray(at)
    return pa.array(words).take(pa.array(np.where(at < 0, 0, at), mask=at < 0))


def days(numbers, none=None):
    """Days since 1970 as dates."""
    return pa.array(np.asarray(numbers, np.int32), pa.int32(), mask=none).cast(pa.date32())


class Company:
    """Tables of a made-up company, the same for the same seed."""

    def __init__(self, seed, seats, persons):
        self.random = np.random.default_rng(seed)
        self.tables = {}
        self.persons(persons)
        self.catalogue()
        self.policies()
        self.seats(seats, persons)

    def chance(self, count, share):
        return self.random.random(count) < share

    def put(self, name, **columns):
        """A table of these columns; what is not given is null."""
        if name.startswith("core."):
            schema = schema_of(name)
        else:
            schema = pa.schema([(n, arrow_type(t)) for n, t in OTHER_INPUTS[name]])
        unknown = set(columns) - set(schema.names)
        assert not unknown, (name, unknown)
        count = len(next(iter(columns.values())))
        arrays = []
        for field in schema:
            values = columns.get(field.name)
            if values is None:
                arrays.append(pa.nulls(count, field.type))
            elif isinstance(values, (pa.Array, pa.ChunkedArray)):
                arrays.append(values.cast(field.type))
            else:
                arrays.append(pa.array(values, field.type, from_pandas=False))
        self.tables[name] = pa.table(arrays, schema=schema)

    def rows(self, name, rows):
        """A small table from rows."""
        if name.startswith("core."):
            schema = schema_of(name)
        else:
            schema = pa.schema([(n, arrow_type(t)) for n, t in OTHER_INPUTS[name]])
        assert all(set(row) <= set(schema.names) for row in rows), name
        self.tables[name] = pa.Table.from_pylist(rows, schema=schema)

    def persons(self, count):
        r = self.random
        number = np.arange(count)
        self.person_keys = pc.binary_join_element_wise("p-", hexadecimal(number, 20), "")
        ended = self.chance(count, 0.01)
        starts_again = self.chance(count, 0.2) & ended
        quarantined = self.chance(count, 0.002)
        managers = np.where(self.chance(count, 0.98), number // 8, -1)
        centers = r.integers(0, 300, count)
        self.put(
            "core.persons",
            person_key=self.person_keys,
            worker_ids=pc.cast(pa.array(number + 100000), pa.string()),
            display_name=pc.binary_join_element_wise("Person", pc.cast(pa.array(number), pa.string()), " "),
            work_email=pc.binary_join_element_wise(pc.cast(pa.array(number), pa.string()), "northwind.example", "@"),
            is_active=~ended,
            is_terminated=ended,
            has_ended_spell=ended,
            terminated_on=days(DAY - r.integers(0, 200, count), ~ended),
            next_start_on=days(DAY + r.integers(1, 60, count), ~starts_again),
            worker_type=word(["employee", "contractor", "intern", "agency"], r.choice(4, count, p=[0.8, 0.15, 0.02, 0.03])),
            region=word([f"region-{i}" for i in range(12)], np.where(self.chance(count, 0.01), -1, r.integers(0, 12, count))),
            country=word([f"country-{i}" for i in range(40)], r.integers(0, 40, count)),
            practice=word([f"practice-{i}" for i in range(20)], np.where(self.chance(count, 0.05), -1, r.integers(0, 20, count))),
            job_family=word([f"job-family-{i}" for i in range(30)], r.integers(0, 30, count)),
            cost_center_id=word([f"cc-{i:04}" for i in range(300)], centers),
            manager_person_key=self.person_keys.take(pa.array(np.maximum(managers, 0), mask=managers < 0)),
            has_quarantined_row=quarantined,
            source=["workday"] * count,
            landing=r.integers(300, 340, count),
        )
        self.tables["core.persons"] = self.tables["core.persons"].sort_by("person_key")
        # addresses of everybody: the approvers of last resort are looked up in them
        self.put(
            "core.person_emails",
            email_folded=pc.binary_join_element_wise(pc.cast(pa.array(number), pa.string()), "northwind.example", "@"),
            person_key=self.person_keys,
            valid_from=days(np.full(count, DAY - 900)),
        )
        held = r.choice(count, count // 500, replace=False)
        self.put(
            "core.legal_holds",
            person_key=self.person_keys.take(pa.array(held)),
            effective_from=days(DAY - r.integers(-5, 300, len(held))),
            effective_to=days(DAY + r.integers(1, 200, len(held)), self.chance(len(held), 0.5)),
            reason_code=["litigation"] * len(held),
        )
        away = r.choice(count, count // 40, replace=True)
        leave_from = DAY - r.integers(-20, 300, len(away))
        self.put(
            "core.leaves",
            leave_id=pc.binary_join_element_wise("leave", pc.cast(pa.array(np.arange(len(away))), pa.string()), "-"),
            person_key=self.person_keys.take(pa.array(away)),
            leave_from=days(leave_from),
            leave_to=days(leave_from + r.integers(5, 150, len(away))),
            is_open_ended=self.chance(len(away), 0.1),
            source=["workday"] * len(away),
            landing=[320] * len(away),
        )
        staffed = r.choice(count, count // 10, replace=False)
        self.put(
            "core.project_assignments",
            assignment_id=pc.binary_join_element_wise("pa", pc.cast(pa.array(np.arange(len(staffed))), pa.string()), "-"),
            person_key=self.person_keys.take(pa.array(staffed)),
            effective_from=days(DAY + r.integers(-600, 60, len(staffed))),
            source=["workday"] * len(staffed),
            landing=[320] * len(staffed),
        )
        benched = r.choice(count, count // 50, replace=False)
        self.put(
            "core.benches",
            person_key=self.person_keys.take(pa.array(benched)),
            bench_from=days(DAY - r.integers(0, 200, len(benched))),
        )
        owners = r.integers(0, count, 300)
        self.put(
            "core.cost_centers",
            cost_center_id=[f"cc-{i:04}" for i in range(300)],
            owner_person_key=self.person_keys.take(pa.array(owners, mask=self.chance(300, 0.3))),
            owner_email=[f"owner-{i}@northwind.example" if i % 3 else None for i in range(300)],
        )
        self.rows("core.critical_roles", [{"job_family": "job-family-3"}, {"job_family": "job-family-7"}])
        self.rows("config.project", [{"name": "Northwind", "reporting_currency": "EUR"}])

    APPS = 50

    def catalogue(self):
        self.app_ids = [f"{w}{i}" for i, w in zip(range(self.APPS), ["crm", "office-suite", "tracker", "board", "video-meetings"] * 10)]
        tiers = ["enterprise", "professional", "basic"]
        apps, signals, sources, skus, prices = [], [], [], [], []
        status, holes = [{"source": "workday", "stream": s, "feed": "full"} for s in ["workers", "leaves"]], []
        status += [{"source": "okta", "stream": s, "feed": f} for s, f in [("system_log", "log"), ("users", "full"), ("app_users", "full")]]
        for i, app in enumerate(self.app_ids):
            has_feature = i % 2 == 0
            apps.append({
                "app_id": app, "name": app.title(), "vendor": "Vendor", "owner_email": f"{i * 17}@northwind.example",
                "sensitivity": "high" if i % 10 == 3 else "standard", "is_high_sensitivity": i % 10 == 3,
                "reclaim_consequence": ["none", "none", "data_moved", "data_deleted", None][i % 5],
                "is_okta_assigned": i % 3 == 0, "has_okta": True,
            })
            signals.append({
                "app_id": app, "sign_in_collected": i != 7, "feature_collected": has_feature,
                "sign_in_complete_through": None if i == 7 else AS_OF - datetime.timedelta(1),
                "feature_complete_through": AS_OF - datetime.timedelta(i % 4) if has_feature else None,
                "sign_in_seat_share": (200000 if i % 9 == 5 else 800000 + i, 6),
            })
            needs = [("workday", "workers", "hr"), ("workday", "leaves", "hr"), ("okta", "users", "directory"),
                     ("okta", "app_users", "directory"), ("okta" if i % 3 == 0 else app, "app_users" if i % 3 == 0 else "users", "assignment")]
            if i != 7:
                needs.append(("okta", "system_log", "sign_in"))
            if i % 3:
                status.append({"source": app, "stream": "users", "feed": "full"})
            if has_feature:
                needs.append((app, "activity", "feature_use"))
                bad = {8: "stale", 14: "partial", 20: "concealed", 26: "hole"}.get(i)
                status.append({"source": app, "stream": "activity", "feed": "full" if i % 4 else "events", "bad": bad})
                if bad == "hole":
                    holes.append({"source": app, "stream": "activity", "hole_from": AS_OF - datetime.timedelta(20),
                                  "hole_to": AS_OF - datetime.timedelta(15), "hole_kind": "missing"})
            sources += [{"app_id": app, "source": s, "stream": t, "need": n} for s, t, n in needs]
            for rank, tier in enumerate(tiers):
                sku = f"{app}-{tier}-{i:02}"
                paid = not (tier == "basic" and i % 4 == 1)
                skus.append({"app_id": app, "sku_id": sku, "tier": tier, "tier_rank": 3 - rank, "is_paid": paid, "is_default": rank == 1})
                for region in ["*", "region-1", "region-2"] if i % 5 == 0 else ["*"]:
                    if i % 11 == 10 and tier == "basic" or not paid:
                        continue
                    cents = (3 - rank) * 1200000 + i * 7 + len(region)
                    prices.append({
                        "app_id": app, "sku_id": sku, "region": region, "contract_line_id": f"line-{app}-{rank}-{region}",
                        "annual_amount": (cents, 4), "annual_currency": "USD" if i % 3 else "EUR",
                        "reporting_annual_amount": None if i == 13 and rank == 1 else (cents * 9 // 10, 4),
                        "suspended_annual_amount": (cents // 4, 4) if i % 7 == 0 else None,
                        "suspended_reporting_annual_amount": (cents // 5, 4) if i % 7 == 0 and i != 21 else None,
                        "reporting_currency": "EUR", "renewal_on": AS_OF + datetime.timedelta(100 + i),
                        "cash_on": AS_OF + datetime.timedelta(100 + i), "has_true_down": False,
                    })
        self.skus, self.price_rows = skus, prices
        status = [{
            "source": s["source"], "stream": s["stream"], "feed": s["feed"], "has_landed": True,
            "complete_through": None if s.get("bad") == "partial" else AS_OF - datetime.timedelta(1),
            "is_stale": s.get("bad") == "stale", "is_partial": s.get("bad") == "partial", "is_concealed": s.get("bad") == "concealed",
        } for s in status]
        self.rows("core.apps", apps)
        self.rows("core.app_signals", money(signals, "core.app_signals"))
        self.rows("core.app_sources", sources)
        self.rows("core.source_status", status)
        self.rows("core.source_holes", holes)
        self.rows("core.skus", skus)
        self.rows("core.sku_prices", money(prices, "core.sku_prices"))
        self.rows("core.suspend_worker_types", [
            {"app_id": self.app_ids[2], "worker_type": "*"}, {"app_id": self.app_ids[4], "worker_type": "contractor"},
        ])

    def policies(self):
        versions, overrides, rules, features = [], [], [], []
        for i, app in enumerate(self.app_ids):
            if i == 49:
                continue
            settings = {
                "mode": "shadow", "counts_feature_use": i % 6 != 3, "counts_sign_in": i % 8 != 6, "inactive_after_days": [90, 60, 45, 30][i % 4],
                "new_seat_grace_days": 30, "leave_return_grace_days": 14, "bench_grace_days": 45 if i % 3 else 0,
                "upcoming_hold_days": 30, "self_confirm_days": 60, "idle_action": ["downgrade_first", "reclaim", "suspend"][i % 3],
                "orphan_action": "reclaim" if i % 5 == 0 else "review", "leaver_due_days": 2, "due_days": 14,
                "on_no_response": "escalate", "maker_checker": i % 7 == 0, "min_signal_coverage": (3000, 4),
            }
            for nth, (start, end) in enumerate([(-400, -100), (-100, 40 if i % 2 else None), (40, None)][: 3 if i % 2 else 2]):
                versions.append({
                    "app_id": app, "policy_version_id": f"2026-{nth + 1}", "effective_from": AS_OF + datetime.timedelta(start),
                    "effective_to": end and AS_OF + datetime.timedelta(end), "owner_email": f"policy-{i}@northwind.example",
                    "rationale": "agreed", "approved_by": "procurement@northwind.example", **settings,
                    "content_sha256": hashlib.sha256(f"{app}{nth}".encode()).hexdigest(), "file": f"policies/{app}.toml", "line": nth,
                })
            said = [({"worker_type": "contractor"}, {"inactive_after_days": 30, "idle_action": "reclaim"}),
                    ({"region": "region-3"}, {"inactive_after_days": 120}),
                    ({"worker_type": "contractor", "practice": "practice-4"}, {"inactive_after_days": 20, "maker_checker": True}),
                    ({"tier": "basic"}, {"new_seat_grace_days": 10}),
                    ({"job_family": "job-family-5", "tier": "enterprise"}, {"idle_action": "suspend", "counts_sign_in": True})]
            for n, (keys, fields) in enumerate(said[: i % 6], 1):
                overrides.append({"app_id": app, "policy_version_id": "2026-2", "override_index": n, "key_count": len(keys), **keys, **fields, "line": n})
            if i % 4 == 0:
                for n, within in enumerate([90, 60], 1):
                    rules.append({"app_id": app, "policy_version_id": "2026-2", "rule_index": n, "tier": "enterprise",
                                  "downgrade_to": "professional", "min_uses": n, "within_days": within, "line": n})
                    features += [{"app_id": app, "policy_version_id": "2026-2", "rule_index": n, "feature": f} for f in ["reporting", "sandbox"][:n]]
        self.rows("policies.versions", money(versions, "policies.versions"))
        self.rows("policies.overrides", overrides)
        self.rows("policies.tier_rules", rules)
        self.rows("policies.tier_rule_features", features)

    def seats(self, count, persons):
        r = self.random
        popularity = 1 / np.arange(1, self.APPS + 1) ** 0.6
        holders = np.minimum((popularity / popularity.sum() * count * 0.97).astype(int), int(persons * 0.95))
        apps = np.repeat(np.arange(self.APPS), holders)
        holder = np.concatenate([r.choice(persons, n, replace=False) for n in holders])
        twice = self.chance(len(apps), 0.03)
        tier = r.choice(4, len(apps), p=[0.35, 0.44, 0.2, 0.01])
        app = np.concatenate([apps, apps[twice]])
        person = np.concatenate([holder, holder[twice]])
        tier = np.concatenate([tier, (tier[twice] + 1) % 3])
        n = len(app)
        # the account is the same for both seats of a person in an app
        account_number = app.astype(np.uint64) * np.uint64(1 << 24) + person.astype(np.uint64)
        digits = hexadecimal(account_number, 32)
        style = app % 3
        accounts = pc.choose(
            pa.array(style), dashed(digits), pc.binary_join_element_wise("00u", pc.utf8_slice_codeunits(digits, 0, 17), ""),
            pc.binary_join_element_wise("00530000", pc.utf8_slice_codeunits(digits, 0, 20), ""),
        )
        per_account = (account_number * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
        share = per_account.astype(np.float64) / 2**32
        orphan = share < 0.01
        typed = (share > 0.02) & (share < 0.022)
        ambiguous = (share > 0.025) & (share < 0.026)
        sku = word([s["sku_id"] for s in self.skus] + ["sku-nobody-knows"], np.where(tier == 3, len(self.skus), app * 3 + np.minimum(tier, 2)))
        tiers = word(["enterprise", "professional", "basic"], np.where(tier == 3, -1, tier))
        paid = np.array([s["is_paid"] for s in self.skus])[app * 3 + np.minimum(tier, 2)] | (tier == 3)
        no_person = pa.array(np.where(orphan, 0, person), mask=orphan)
        assigned = DAY - r.integers(0, 900, n)
        vendor = app % 3 != 0
        order = pc.sort_indices(
            pa.table({"a": word(self.app_ids, app), "b": accounts, "c": sku}),
            sort_keys=[("a", "ascending"), ("b", "ascending"), ("c", "ascending")],
        )
        self.put(
            "core.seats",
            app_id=word(self.app_ids, app), account_id=accounts, sku_id=sku, tier=tiers,
            tier_rank=pa.array(3 - np.minimum(tier, 2), mask=tier == 3),
            is_paid=paid, is_sku_known=tier < 3, assigned_on=days(assigned), assigned_on_is_observed=self.chance(n, 0.1),
            first_seen_on=days(assigned), grant_paths=word(["direct", "group:everyone"], r.integers(0, 2, n)),
            is_group_granted=self.chance(n, 0.5), person_key=self.person_keys.take(no_person),
            match_rule=word(["employee_id", "email", "none"], np.where(orphan, 2, r.integers(0, 2, n))), is_ambiguous=ambiguous,
            account_type=word(["service", "shared"], np.where(typed, app % 2, -1)),
            account_email=pc.binary_join_element_wise(pc.cast(pa.array(person), pa.string()), "northwind.example", "@"),
            account_user_name=pc.cast(pa.array(person), pa.string()),
            source=word(self.app_ids + ["okta"], np.where(vendor, app, self.APPS)),
            stream=word(["users", "app_users"], np.where(vendor, 0, 1)), landing=r.integers(340, 342, n),
        )
        # most seats are used every other week, one in twenty is forgotten, a few never were touched
        forgotten = self.chance(n, 0.05)
        signed = self.chance(n, 0.98)
        signed_on = np.maximum(DAY - 1 - r.exponential(np.where(forgotten, 150, 6), n).astype(np.int64), DAY - 400)
        featured = (app % 2 == 0) & self.chance(n, np.where(app % 8 == 6, 0.99, 0.7))
        used = featured & self.chance(n, 0.97)
        used_on = np.maximum(DAY - 1 - r.exponential(np.where(forgotten, 150, 8), n).astype(np.int64), DAY - 400)
        landing = pc.cast(pa.array(np.where(signed, 100000 - (DAY - signed_on), 0)), pa.string())
        self.put(
            "core.seat_signals",
            app_id=word(self.app_ids, app), account_id=accounts, sku_id=sku,
            last_sign_in_at=pa.array(signed_on * 86_400_000_000, pa.int64(), mask=~signed).cast(pa.timestamp("us", tz="UTC")),
            last_sign_in_on=days(signed_on, ~signed),
            last_sign_in_ref=pc.if_else(pa.array(signed), pc.binary_join_element_wise("okta/system_log", landing, "@"), None),
            last_feature_use_on=days(used_on, ~used),
            last_feature_use_ref=pc.if_else(pa.array(used), pc.binary_join_element_wise(word(self.app_ids, app), "activity@200", "/"), None),
            feature_bound_on=days(np.full(n, DAY - 40), ~(featured & ~used & (app % 8 == 2))),
            sign_in_days_30=np.where(signed, r.integers(0, 20, n), 0), sign_in_days_90=np.where(signed, r.integers(0, 60, n), 0),
            feature_uses_90=np.where(used, r.integers(0, 500, n), 0),
            is_feature_covered=featured, is_sign_in_covered=(app != 7) & self.chance(n, 0.995),
            feature_reaches_back_on=days(DAY - r.integers(50, 1000, n), ~featured),
            sign_in_reaches_back_on=days(np.full(n, DAY - 400), app == 7),
        )
        price = {(p["app_id"], p["sku_id"]): p for p in self.price_rows if p["region"] == "*"}
        rows = [price.get((s["app_id"], s["sku_id"])) for s in self.skus] + [None]
        at = np.where(tier == 3, len(self.skus), app * 3 + np.minimum(tier, 2))
        place = pa.array(at)

        def of_price(key, kind):
            return pa.array([p and p[key] for p in rows], kind).take(place)

        def amount(key):
            cents = np.array([(p and p[key] and p[key][0]) or 0 for p in rows])[at]
            none = np.array([not (p and p[key]) for p in rows])[at]
            return decimals(cents, none & paid, paid)

        self.put(
            "core.seat_costs",
            app_id=word(self.app_ids, app), account_id=accounts, sku_id=sku,
            annual_amount=amount("annual_amount"), annual_currency=of_price("annual_currency", pa.string()),
            reporting_annual_amount=amount("reporting_annual_amount"), reporting_currency=["EUR"] * n,
            cash_on=of_price("cash_on", pa.date32()), renewal_on=of_price("renewal_on", pa.date32()),
            gap_reason=pc.if_else(pa.array(np.array([p is None for p in rows])[at] & paid), "no_contract_line", None),
        )
        self.spoken_for(n, accounts, sku, app)
        self.uses(n, accounts, app)
        for name in ["core.seats", "core.seat_signals", "core.seat_costs"]:
            self.tables[name] = self.tables[name].take(order)
        self.count = n

    def spoken_for(self, n, accounts, sku, app):
        r = self.random
        apps = word(self.app_ids, app)

        def some(share):
            at = r.choice(n, int(n * share), replace=False)
            place = pa.array(at)
            named = self.chance(len(at), 0.5)
            return len(at), {
                "app_id": apps.take(place), "account_id": accounts.take(place), "sku_id_key": pc.if_else(pa.array(named), sku.take(place), ""),
                "sku_id": pc.if_else(pa.array(named), sku.take(place), None),
            }

        for name, share in [("core.holds", 0.006), ("core.exceptions", 0.005)]:
            m, columns = some(share)
            self.put(
                name, **columns, effective_from=days(DAY - r.integers(-5, 100, m)), expires_on=days(DAY + r.integers(-20, 100, m)),
                reason_code=word(["audit", "season", "vip"], r.integers(0, 3, m)), actor=["somebody"] * m, file=["drops/x.csv"] * m,
                line=np.arange(m), source_line=pc.binary_join_element_wise("drops/x.csv", pc.cast(pa.array(np.arange(m)), pa.string()), ":"),
            )
        m, columns = some(0.004)
        self.put("core.self_confirmations", **columns, confirmed_on=days(DAY - r.integers(-3, 120, m)), file=["x"] * m, line=np.arange(m))
        m, columns = some(0.006)
        self.put(
            "core.executed_actions", **columns, action=word(["downgrade", "reclaim"], (r.random(m) < 0.2).astype(int)),
            target_sku_id=columns["sku_id"], executed_on=days(DAY - r.integers(-3, 200, m)), file=["x"] * m, line=np.arange(m),
        )
        m, columns = some(0.05)
        skus, actions = pc.fill_null(columns["sku_id"], ""), word(["reclaim", "downgrade", "suspend"], r.integers(0, 3, m))
        began = days(DAY - r.integers(1, 40, m))
        named = pc.binary_join_element_wise(
            columns["app_id"], columns["account_id"], skus, actions, pc.cast(began, pa.string()), "|"
        )
        self.put(
            "earlier.candidates", candidate_id=["c-" + hashlib.sha256(n.encode()).hexdigest()[:20] for n in named.to_pylist()],
            app_id=columns["app_id"], account_id=columns["account_id"], sku_id=skus, action=actions, episode_from=began,
            reason=word(["inactive", "over_tiered", "leaver"], r.integers(0, 3, m)),
            annual_saving_amount=decimals(r.integers(0, 9_000_000, m), self.chance(m, 0.1), np.ones(m, bool)),
            as_of=days(np.full(m, DAY - 1)),
        )

    def uses(self, n, accounts, app):
        r = self.random
        at = np.flatnonzero((app % 4 == 0) & self.chance(n, 0.7))
        table = pa.table({
            "app_id": word(self.app_ids, app[at]), "account_id": accounts.take(pa.array(at)),
            "feature": word(["reporting", "sandbox", "forms"], r.integers(0, 3, len(at))),
            "used_on": days(DAY - r.integers(0, 150, len(at))), "source": word(self.app_ids, app[at]),
            "uses": pa.array(r.integers(1, 5, len(at))),
        })
        keys = ["app_id", "account_id", "feature", "used_on", "source"]
        table = table.group_by(keys).aggregate([("uses", "max")])
        self.put("core.feature_use", **{k: table[k] for k in keys}, stream=["activity"] * len(table), uses=table["uses_max"], landing=[300] * len(table))


def decimals(units, none, paid):
    """Amounts in ten-thousandths, 0 where nothing is paid."""
    units = np.where(paid, units, 0).astype(np.int64)
    wide = np.zeros((len(units), 2), np.int64)
    wide[:, 0] = units
    valid = pa.array(~none).buffers()[1]
    return pa.Array.from_buffers(pa.decimal128(18, 4), len(units), [valid, pa.py_buffer(wide)])


def money(rows, name):
    """Rows with (units, scale) pairs as decimals."""
    return [{k: Decimal(v[0]).scaleb(-v[1]) if isinstance(v, tuple) else v for k, v in row.items()} for row in rows]


# ---------------------------------------------------------------------------------------------------- models


def without(sql, function, instead):
    """The statement with each call of a function put otherwise; {} stands for its arguments."""
    while found := re.search(rf"\b{function}\(", sql):
        depth, end = 1, found.end()
        while depth:
            depth += (sql[end] == "(") - (sql[end] == ")")
            end += 1
        sql = sql[: found.start()] + instead.replace("{}", sql[found.end() : end - 1]) + sql[end:]
    return sql


class Model:
    """One model of sql/policy, as it is committed."""

    def __init__(self, file):
        self.name = "policy." + file.stem
        self.sidecar = sidecar(self.name)
        self.is_view = self.sidecar.get("materialised") in ("view", "on_demand")
        self.schema = schema_of(self.name)
        code = "\n".join(line.split("--")[0] for line in file.read_text().split("\n"))
        self.reads = set(re.findall(r"\b(?:from|join)\s+(policy\.\w+)", code))
        code = code.replace("$as_of", f"date '{AS_OF}'")
        # The program's own functions, by what both engines have; the ids of this company are ASCII and stand for themselves.
        self.sql = without(without(code, "pseudonym", "({})"), "fold_text", "lower(trim({}))")


def models():
    """The models, each after what it reads."""
    waiting = {m.name: m for m in map(Model, sorted((SQL / "policy").glob("*.sql")))}
    ordered = []
    while waiting:
        name = next(n for n, m in waiting.items() if not m.reads & set(waiting))
        ordered.append(waiting.pop(name))
    return ordered


def with_what_it_reads(name, ordered):
    """The models that a model rests on, and itself."""
    wanted = {name}
    for model in reversed(ordered):
        if model.name in wanted:
            wanted |= model.reads
    return [m for m in ordered if m.name in wanted]


# ---------------------------------------------------------------------------------------------------- engines


class DataFusion:
    """The engine as src/engine/session.rs sets it, tables in memory."""

    def __init__(self, tables, threads):
        import datafusion

        self.name = f"DataFusion {datafusion.__version__}"
        config = datafusion.SessionConfig().with_target_partitions(threads).with_batch_size(8192)
        for key in ["execution.parquet.schema_force_view_types", "sql_parser.map_string_types_to_utf8view"]:
            config = config.set(f"datafusion.{key}", "false")
        self.context = datafusion.SessionContext(config)
        for schema in SCHEMAS:
            self.context.sql(f"create schema {schema}").collect()
        for name, table in tables.items():
            self.put(name, table.to_batches(max_chunksize=8192))

    def put(self, name, batches):
        schema, table = name.split(".")
        self.context.register_record_batches("made", [batches])
        made = self.context.catalog().schema("public").table("made")
        self.context.catalog().schema(schema).register_table(table, made)
        self.context.deregister_table("made")

    def build(self, model):
        words = {pa.string(): "Utf8", pa.int64(): "Int64", pa.bool_(): "Boolean", pa.date32(): "Date32"}
        types = [words.get(f.type) or f"Decimal128({f.type.precision}, {f.type.scale})" for f in model.schema]
        columns = ", ".join(f"arrow_cast({f.name}, '{t}') as {f.name}" for f, t in zip(model.schema, types))
        sql = without(model.sql, "sha256", "encode(digest({}, 'sha256'), 'hex')")
        before = cpu()
        batches = self.context.sql(f"select {columns} from ({sql})").collect()
        took = cpu() - before
        self.put(model.name, batches or [pa.RecordBatch.from_pylist([], schema=model.schema)])
        return took

    def table(self, name):
        return self.context.sql(f"select * from {name}").to_arrow_table()

    def drop(self, name):
        schema, table = name.split(".")
        self.context.catalog().schema(schema).deregister_table(table)


class DuckDb:
    """DuckDB, tables in memory. Its whole numbers are 32 bits: it adds only those to a date."""

    def __init__(self, tables, threads):
        import duckdb

        self.name = f"DuckDB {duckdb.__version__}"
        self.connection = duckdb.connect()
        self.connection.execute(
            f"set threads = {threads}; set preserve_insertion_order = false; set enable_progress_bar = false"
        )
        for schema in SCHEMAS:
            self.connection.execute(f"create schema {schema}")
        for name, table in tables.items():
            self.connection.register("made", table)
            columns = (f"{f.name}::integer as {f.name}" if f.type == pa.int64() else f.name for f in table.schema)
            self.connection.execute(f"create table {name} as select {', '.join(columns)} from made")
            self.connection.unregister("made")

    def build(self, model):
        words = {pa.string(): "varchar", pa.int64(): "integer", pa.bool_(): "boolean", pa.date32(): "date"}
        types = [words.get(f.type) or f"decimal({f.type.precision}, {f.type.scale})" for f in model.schema]
        columns = ", ".join(f"cast({f.name} as {t}) as {f.name}" for f, t in zip(model.schema, types))
        # As an aggregate it is called first there.
        sql = model.sql.replace("first_value(", "first(")
        before = cpu()
        self.connection.execute(f"create table {model.name} as select {columns} from ({sql})")
        return cpu() - before

    def table(self, name):
        return self.connection.sql(f"from {name}").to_arrow_table()

    def drop(self, name):
        self.connection.execute(f"drop table {name}")


def cpu():
    """Processor seconds of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def hashed(table, model):
    """One hash of the rows, sorted by the grain, column by column; a null is no value."""
    keys = [(name, "ascending") for name in model.sidecar["grain"]]
    order = pc.sort_indices(table.select(model.sidecar["grain"]), sort_keys=keys)
    digest = hashlib.sha256(str(len(table)).encode())
    for field in model.schema:
        column = table[field.name].combine_chunks().take(order)
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        digest.update(np.packbits(pc.is_valid(column).to_numpy(zero_copy_only=False)).tobytes())
        texts = pc.fill_null(pc.cast(pc.cast(column, field.type), pa.large_string()), "")
        texts = pa.concat_arrays([texts])
        for buffer in texts.buffers()[1:]:
            digest.update(buffer)
    return digest.hexdigest()


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--seats", type=int, default=1_000_000)
    options.add_argument("--persons", type=int, help="a quarter of the seats by default")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--seed", type=int, default=4)
    options.add_argument("--ladder", action="store_true", help="policy.verdicts alone; what it rests on is made once")
    chosen = options.parse_args()
    company = Company(chosen.seed, chosen.seats, chosen.persons or chosen.seats // 4)
    seats, all_models = company.count, models()
    if chosen.ladder:
        all_models = with_what_it_reads(LADDER, all_models)
    engines = [engine(company.tables, chosen.threads) for engine in (DataFusion, DuckDb)]
    print(f"{seats} seats, seed {chosen.seed}, {chosen.threads} thread(s), Arrow {pa.__version__}", file=sys.stderr)

    kept = {m.name for m in all_models if chosen.ladder and m.name != LADDER}

    def build(engine, timed):
        return {m.name: engine.build(m) for m in all_models if not (timed and (m.is_view or m.name in kept))}

    # The same rows first. Views are compared too; a run does not compute them, so they are not timed.
    for engine in engines:
        build(engine, timed=False)
    for model in all_models:
        hashes = {hashed(engine.table(model.name), model) for engine in engines}
        if len(hashes) > 1:
            sys.exit(f"{model.name}: {' and '.join(e.name for e in engines)} disagree, so no time is printed")
    for engine in engines:
        for model in all_models:
            if model.name not in kept:
                engine.drop(model.name)

    runs = {engine.name: [] for engine in engines}
    for _ in range(chosen.runs):
        for engine in engines:
            gc.collect()
            runs[engine.name].append(build(engine, timed=True))
            for name in runs[engine.name][-1]:
                engine.drop(name)

    def line(title, names):
        medians = [statistics.median(sum(run[n] for n in names) for run in runs[e.name]) for e in engines]
        speeds = "".join(f"{m:10.3f} s {seats / m / 1e6:8.2f} M/s" for m in medians)
        print(f"{title:32}{speeds}{medians[1] / medians[0]:9.2f}x")

    print(f"all {len(all_models)} tables are equal, row by row")
    print(f"{'median CPU seconds, seats a second':32}" + "".join(f"{e.name:>22}" for e in engines) + "     ratio")
    tables = [m.name for m in all_models if not m.is_view]
    line("the ladder: policy.verdicts", [LADDER])
    if chosen.ladder:
        return
    facts = [n for n in tables if n not in OUTPUTS]
    line("verdicts and all they rest on", facts)
    line("the whole of sql/policy", tables)
    for name in tables:
        line("  " + name, [name])


LADDER = "policy.verdicts"
# What is made of verdicts.
OUTPUTS = {"policy.proposals", "policy.evaluations", "policy.approvers", "policy.candidates"}

if __name__ == "__main__":
    main()
