//! The tables `drops.*`.

use super::columns::{Column, Table, day, int, number, table, text};
use crate::base::Result;
use crate::config::{Drops, Hold, Target};

pub(super) fn tables(drops: &Drops) -> Result<Vec<Table>> {
    let Drops { self_confirmations, executed, legal_holds, rejected, .. } = drops;
    let [app, account, sku, file, line] = target(self_confirmations, |c| &c.target);
    let confirmed_on = day("confirmed_on", self_confirmations, |c| c.confirmed_on);
    let self_confirmations = table("drops.self_confirmations", [app, account, sku, confirmed_on, file, line])?;

    let [app, account, sku, file, line] = target(executed, |e| &e.target);
    let executed = table(
        "drops.executed",
        [
            app,
            account,
            sku,
            text("action", executed, |e| e.action.as_str()),
            text("target_sku_ref", executed, |e| e.target_sku_ref.as_deref()),
            day("executed_on", executed, |e| e.executed_on),
            file,
            line,
        ],
    )?;
    let legal_holds = table(
        "drops.legal_holds",
        [
            text("worker_id", legal_holds, |h| h.worker_id.as_str()),
            day("effective_from", legal_holds, |h| h.effective_from),
            day("effective_to", legal_holds, |h| h.effective_to),
            text("reason_code", legal_holds, |h| h.reason_code.as_str()),
            text("file", legal_holds, |h| h.file.as_str()),
            int("line", legal_holds, |h| number(h.line)),
        ],
    )?;
    let rejected = table(
        "drops.rejected",
        [
            text("drop", rejected, |r| r.drop),
            text("file", rejected, |r| r.file.as_str()),
            int("line", rejected, |r| number(r.line)),
            text("reason_code", rejected, |r| r.reason_code),
            text("message", rejected, |r| r.message.as_str()),
        ],
    )?;
    let holds = holds("drops.holds", &drops.holds)?;
    let exceptions = self::holds("drops.exceptions", &drops.exceptions)?;
    Ok(vec![holds, exceptions, self_confirmations, executed, legal_holds, rejected])
}

fn holds(name: &str, holds: &[Hold]) -> Result<Table> {
    let [app, account, sku, file, line] = target(holds, |h| &h.target);
    table(
        name,
        [
            app,
            account,
            sku,
            day("effective_from", holds, |h| h.effective_from),
            day("expires_on", holds, |h| h.expires_on),
            text("reason_code", holds, |h| h.reason_code.as_str()),
            text("actor", holds, |h| h.actor.as_deref()),
            file,
            line,
        ],
    )
}

/// App, account, SKU, file and line.
fn target<'a, T>(rows: &'a [T], of: impl Fn(&'a T) -> &'a Target) -> [Column; 5] {
    [
        text("app_id", rows, |row| of(row).app_id.as_str()),
        text("account_ref", rows, |row| of(row).account_ref.as_str()),
        text("sku_ref", rows, |row| of(row).sku_ref.as_deref()),
        text("file", rows, |row| of(row).file.as_str()),
        int("line", rows, |row| number(of(row).line)),
    ]
}
