//! The data portal of the European Central Bank: observations of daily series as CSV, one a line.

use super::{Holds, Vendor};
use crate::stub::server::{Reply, Request};

pub static ECB: Vendor = Vendor { answer, unknown: || Reply::new(401), scheme: None };

fn answer(holds: &Holds, request: &Request) -> Reply {
    let is_csv = request.query.get("format").is_some_and(|format| format == "csvdata");
    let series = request.segments();
    let ["service", "data", "EXR", "D..EUR.SP00.A"] = series[..] else { return Reply::new(404) };
    if !is_csv {
        return Reply::new(406);
    }
    let text = String::from_utf8(holds.files["rates"].clone()).unwrap();
    let within = |line: &&str| match line.split(',').nth(6) {
        Some(day) => {
            request.query.get("startPeriod").is_none_or(|from| from.as_str() <= day)
                && request.query.get("endPeriod").is_none_or(|to| day <= to.as_str())
        }
        None => false,
    };
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    let found: Vec<&str> = lines.filter(within).collect();
    if found.is_empty() {
        return Reply { status: 404, headers: Vec::new(), body: b"No results found.".to_vec() };
    }
    let body = format!("{header}\r\n{}\r\n", found.join("\r\n"));
    let headers = vec![("Content-Type", "text/csv".to_owned())];
    Reply { status: 200, headers, body: body.into_bytes() }
}

/// Quotes of two currencies on each of these days; one of them has no rate on the first day.
pub fn rates_of(days: &[&str]) -> String {
    let mut text =
        "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,TITLE\n".to_owned();
    for (i, day) in days.iter().enumerate() {
        let gbp = if i == 0 { String::new() } else { format!("0.88{i}") };
        text.push_str(&format!("EXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,{day},1.1{i},A,US dollar\n"));
        text.push_str(&format!("EXR.D.GBP.EUR.SP00.A,D,GBP,EUR,SP00,A,{day},{gbp},A,Pound sterling\n"));
    }
    text
}
