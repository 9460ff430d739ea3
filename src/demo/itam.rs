//! ServiceNow contracts, entitlements and cost centers; ECB reference rates.

use super::apps::{
    APPS, AppId, COPILOT, DROPBOX, FIGMA, JIRA, M365, MIRO, NETSUITE, POWER_BI, SALESFORCE, SLACK, TABLEAU, VISIO, ZOOM,
};
use super::company::{PRACTICES, Person, REGIONS, head_of};
use super::out::{Job, Out};
use super::rng::{Rng, hash, hex32};
use super::seats::Seat;
use super::text::{Calendar, Day, Js, put};

/// A contract of the ITAM feed; what else is agreed stands in the seeds (`clauses.rs`).
pub(super) struct Contract {
    pub(super) number: &'static str,
    vendor: &'static str,
    pub(super) currency: &'static str,
    pub(super) starts: Day,
    /// Last day inside.
    pub(super) ends: Day,
    notice_days: u32,
    auto_renew: &'static str,
    uplift: &'static str,
    owner: &'static str,
    cost_center: &'static str,
}

#[rustfmt::skip]
const fn contract(number: &'static str, vendor: &'static str, currency: &'static str, starts: Day, ends: Day) -> Contract {
    Contract { number, vendor, currency, starts, ends, notice_days: 60, auto_renew: "false", uplift: "5", owner: "procurement", cost_center: "CC-OPS-EMEA" }
}

/// The contracts, in days around the as-of date. Salesforce's notice deadline is near.
#[rustfmt::skip]
pub(super) const CONTRACTS: [Contract; 13] = [
    Contract { notice_days: 60, auto_renew: "true", uplift: "7", cost_center: "CC-SAL-EMEA", ..contract("CNTR0010001", "Salesforce", "EUR", -656, 74) },
    Contract { notice_days: 90, uplift: "4.5", ..contract("CNTR0010002", "Microsoft", "EUR", -599, 496) },
    Contract { notice_days: 30, cost_center: "CC-ENG-AMER", ..contract("CNTR0010003", "GitHub", "USD", -204, 160) },
    Contract { notice_days: 60, auto_renew: "true", ..contract("CNTR0010004", "Slack", "USD", -240, 124) },
    Contract { notice_days: 45, ..contract("CNTR0010005", "Zoom", "GBP", -310, 54) },
    Contract { notice_days: 30, cost_center: "CC-ENG-EMEA", ..contract("CNTR0010006", "Atlassian", "USD", -150, 214) },
    Contract { notice_days: 30, auto_renew: "true", cost_center: "CC-ENG-EMEA", ..contract("CNTR0010007", "Figma", "EUR", -80, 284) },
    Contract { cost_center: "CC-CON-EMEA", ..contract("CNTR0010008", "Miro", "USD", -120, 244) },
    Contract { cost_center: "CC-FIN-EMEA", ..contract("CNTR0010009", "Tableau", "USD", -290, 74) },
    Contract { notice_days: 90, uplift: "6", cost_center: "CC-FIN-AMER", ..contract("CNTR0010010", "Oracle", "USD", -400, 329) },
    Contract { auto_renew: "true", cost_center: "CC-CON-EMEA", ..contract("CNTR0010011", "Dropbox", "GBP", -333, 31) },
    Contract { owner: "sofia-office", ..contract("CNTR0010012", "Tableau", "BGN", -700, 394) },
    Contract { cost_center: "CC-SAL-EMEA", ..contract("CNTR0009001", "Salesforce", "EUR", -1386, -657) },
];

/// A line: contract, app, tier, seats bought of 1000 held, price, period, region.
pub(super) struct Line {
    pub(super) contract: usize,
    app: AppId,
    tier: usize,
    bought: u64,
    pub(super) price: &'static str,
    pub(super) period: &'static str,
    region: &'static str,
    currency: &'static str,
    true_down: Option<Day>,
    suspended: &'static str,
}

#[rustfmt::skip]
const fn line(contract: usize, app: AppId, tier: usize, bought: u64, price: &'static str, period: &'static str) -> Line {
    Line { contract, app, tier, bought, price, period, region: "", currency: "", true_down: None, suspended: "" }
}

/// The lines. Power BI Premium and the NetSuite employee centre in APAC have none that fits: a data gap or the world line.
#[rustfmt::skip]
pub(super) const LINES: [Line; 28] = [
    Line { region: "EMEA", ..line(0, SALESFORCE, 0, 480, "3960.00", "annually") },
    line(0, SALESFORCE, 0, 610, "4180.00", "annually"),
    line(0, SALESFORCE, 1, 980, "1980.00", "annually"),
    line(0, SALESFORCE, 2, 1240, "300.00", "annually"),
    Line { true_down: Some(132), ..line(1, M365, 0, 965, "54.75", "monthly") },
    Line { true_down: Some(132), ..line(1, M365, 1, 1130, "35.70", "monthly") },
    Line { true_down: Some(132), ..line(1, M365, 2, 1060, "7.50", "monthly") },
    line(1, POWER_BI, 1, 1150, "13.10", "monthly"),
    line(1, VISIO, 0, 1300, "14.10", "monthly"),
    line(2, COPILOT, 0, 1050, "39.00", "monthly"),
    line(2, COPILOT, 1, 1180, "19.00", "monthly"),
    line(3, SLACK, 0, 870, "150.00", "annually"),
    Line { region: "APAC", currency: "JPY", ..line(3, SLACK, 0, 240, "19800", "annually") },
    line(4, ZOOM, 0, 1220, "149.90", "annually"),
    line(5, JIRA, 0, 1110, "42.75", "quarterly"),
    line(6, FIGMA, 0, 930, "540.00", "annually"),
    line(6, FIGMA, 1, 1200, "300.00", "annually"),
    line(7, MIRO, 0, 1150, "192.00", "annually"),
    line(8, TABLEAU, 0, 1100, "900.00", "annually"),
    line(8, TABLEAU, 1, 1180, "504.00", "annually"),
    line(9, NETSUITE, 0, 860, "129.00", "monthly"),
    line(9, NETSUITE, 1, 1100, "29.00", "monthly"),
    Line { region: "APAC", currency: "JPY", ..line(9, NETSUITE, 0, 200, "17900", "monthly") },
    Line { suspended: "24.00", ..line(10, DROPBOX, 0, 1160, "168.00", "annually") },
    line(11, TABLEAU, 2, 1000, "312.00", "annually"),
    line(12, SALESFORCE, 0, 900, "3700.00", "annually"),
    line(12, SALESFORCE, 1, 900, "1850.00", "annually"),
    line(12, SALESFORCE, 2, 900, "290.00", "annually"),
];

impl Line {
    /// How many seats are bought: a share of those held, in packs of five.
    pub(super) fn quantity(&self, seats: &[Seat]) -> u64 {
        let held = seats.iter().filter(|s| s.app == self.app && s.tier == self.tier && s.stands(0)).count() as u64;
        (held * self.bought / 1000).div_ceil(5).max(1) * 5
    }

    /// The currency of the line, else of its contract.
    pub(super) fn currency(&self) -> &'static str {
        if self.currency.is_empty() { CONTRACTS[self.contract].currency } else { self.currency }
    }

    /// The SKU as the contract names it.
    pub(super) fn sku(&self) -> &'static str {
        APPS[self.app].tiers[self.tier].skus[0]
    }
}

/// The landings of ServiceNow and of the ECB on these days.
pub fn jobs<'a>(
    out: &'a Out,
    people: &'a [Person],
    seats: &'a [Seat],
    calendar: Calendar,
    landings: &[Day],
    seed: u64,
) -> Vec<Job<'a>> {
    let first = landings.first().copied().unwrap_or_default();
    landings
        .iter()
        .map(|day| -> Job<'a> {
            let day = *day;
            Box::new(move || {
                let date = calendar.date(day);
                let path = |stream: &str, table: &str| format!("extracts/servicenow/{stream}/{date}/{table}.json");
                out.file(&path("contracts", "ast_contract"), contracts(calendar))?;
                out.file(&path("entitlements", "alm_license"), entitlements(seats, calendar))?;
                out.file(&path("cost_centers", "cmn_cost_center"), cost_centers(people))?;
                let name = if day == first { "eurofxref-hist" } else { "eurofxref-hist-90d" };
                let back = if day == first { 420 } else { 90 };
                out.file(&format!("extracts/ecb/rates/{date}/{name}.csv"), rates(calendar, day, back, seed))
            })
        })
        .collect()
}

fn result(rows: Vec<String>) -> String {
    format!("{{\"result\":[{}]}}\n", rows.join(",\n"))
}

/// A value with `sysparm_display_value=all`.
fn both(text: &str) -> String {
    format!("{{\"display_value\":{0},\"value\":{0}}}", Js(text))
}

fn contracts(calendar: Calendar) -> String {
    let rows = CONTRACTS.iter().map(|c| {
        let state = if c.ends < 0 { "Expired" } else { "Active" };
        let mut row = String::from("{");
        put!(row, "\"sys_id\":{},\"number\":{},", both(&hex32(hash(c.number))), both(c.number));
        put!(row, "\"vendor\":{{\"display_value\":{},\"value\":\"{}\"}},", Js(c.vendor), hex32(hash(c.vendor)));
        put!(
            row,
            "\"starts\":{},\"ends\":{},",
            both(&calendar.date(c.starts).to_string()),
            both(&calendar.date(c.ends).to_string())
        );
        put!(row, "\"state\":{{\"display_value\":\"{state}\",\"value\":\"{}\"}},", state.to_lowercase());
        put!(row, "\"renewal_date\":{},", both(&calendar.date(c.ends + 1).to_string()));
        put!(row, "\"notice_days\":{},\"auto_renew\":{},", both(&c.notice_days.to_string()), both(c.auto_renew));
        put!(row, "\"uplift_percent\":{},\"currency\":{},", both(c.uplift), both(c.currency));
        put!(row, "\"po_number\":{},", both(&c.number.replace("CNTR00", "PO45")));
        put!(row, "\"business_owner_email\":{},", both(&format!("{}@{}", c.owner, super::company::DOMAIN)));
        put!(row, "\"substate\":{{\"display_value\":null,\"value\":\"\"}},");
        put!(
            row,
            "\"cost_center\":{{\"display_value\":\"{}\",\"value\":\"{}\"}}}}",
            c.cost_center,
            hex32(hash(c.cost_center))
        );
        row
    });
    result(rows.collect())
}

fn entitlements(seats: &[Seat], calendar: Calendar) -> String {
    let mut rows: Vec<String> = LINES
        .iter()
        .enumerate()
        .map(|(n, l)| {
            entitlement(
                n,
                l.contract,
                APPS[l.app].name,
                l.sku(),
                "normal",
                l.quantity(seats),
                l.price,
                l.currency(),
                l,
                calendar,
            )
        })
        .collect();
    let credit = Line { period: "entire", ..line(0, SALESFORCE, 0, 0, "-18500.00", "entire") };
    rows.push(entitlement(
        LINES.len(),
        0,
        "Salesforce",
        "SFDC_LAUNCH_CREDIT",
        "credit",
        1,
        credit.price,
        "EUR",
        &credit,
        calendar,
    ));
    result(rows)
}

#[allow(clippy::too_many_arguments, reason = "one row of a table, said column by column")]
fn entitlement(
    n: usize,
    contract: usize,
    product: &str,
    sku: &str,
    line_type: &str,
    quantity: u64,
    price: &str,
    currency: &str,
    l: &Line,
    calendar: Calendar,
) -> String {
    let contract = &CONTRACTS[contract];
    let mut row = String::from("{");
    put!(row, "\"sys_id\":{},", both(&hex32(hash(contract.number) ^ (n as u64 + 1))));
    put!(
        row,
        "\"contract\":{{\"display_value\":\"{}\",\"value\":\"{}\"}},",
        contract.number,
        hex32(hash(contract.number))
    );
    put!(row, "\"software_model\":{{\"display_value\":{},\"value\":\"{}\"}},", Js(product), hex32(hash(product)));
    put!(row, "\"publisher_part_number\":{},\"line_type\":{},", both(sku), both(line_type));
    put!(row, "\"purchased_rights\":{},", both(&quantity.to_string()));
    put!(
        row,
        "\"unit_cost\":{{\"display_value\":\"{currency} {price}\",\"currency_display_value\":\"{currency};{price}\",\"value\":\"{price}\"}},"
    );
    put!(
        row,
        "\"currency\":{},\"subscription_period\":{},\"region\":{},",
        both(currency),
        both(l.period),
        both(l.region)
    );
    put!(
        row,
        "\"start_date\":{},\"end_date\":{},",
        both(&calendar.date(contract.starts).to_string()),
        both(&calendar.date(contract.ends).to_string())
    );
    put!(
        row,
        "\"true_up\":{},\"true_down\":{},",
        both("true"),
        both(if l.true_down.is_some() { "true" } else { "false" })
    );
    put!(row, "\"true_down_date\":{},", both(&calendar.or(l.true_down, "").to_string()));
    put!(row, "\"suspended_unit_cost\":{},\"contract_rate\":{}}}", both(l.suspended), both(""));
    row
}

fn cost_centers(people: &[Person]) -> String {
    let mut rows = Vec::new();
    for (p, practice) in PRACTICES.iter().enumerate() {
        for region in REGIONS {
            let code = format!("CC-{}-{region}", practice.code);
            rows.push(format!(
                "{{\"sys_id\":\"{}\",\"code\":\"{code}\",\"name\":{},\"owner_email\":{},\"account_number\":\"{}\",\"parent\":\"\"}}",
                hex32(hash(&code)),
                Js(&format!("{} {region}", practice.name)),
                Js(&people[head_of(p, region)].email),
                4000 + p * 10
            ));
        }
    }
    result(rows)
}

/// Currency, units per euro in ten-thousandths, and the largest step of a day in hundred-thousandths.
#[rustfmt::skip]
const RATES: [(&str, i64, i64); 13] = [
    ("USD", 11_200, 420), ("JPY", 1_741_000, 510), ("BGN", 19_558, 0), ("CZK", 243_500, 180), ("DKK", 74_690, 9),
    ("GBP", 8_420, 300), ("PLN", 42_300, 240), ("SEK", 109_800, 320), ("CHF", 9_300, 230), ("AUD", 16_300, 400),
    ("BRL", 62_100, 700), ("CAD", 15_700, 330), ("INR", 1_004_000, 360),
];

/// Newest day first, business days only, a trailing comma, `N/A` where a currency is no more: the lev ended in 2025, the kuna before.
fn rates(calendar: Calendar, through: Day, back: Day, seed: u64) -> String {
    let mut text = String::from("Date,");
    for (currency, ..) in RATES {
        put!(text, "{currency},");
    }
    text.push_str("HRK,\n");
    let euro_in_bulgaria = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default();
    for day in (through - back..=through).rev().filter(|day| calendar.is_workday(*day)) {
        let date = calendar.date(day);
        put!(text, "{date},");
        for (currency, start, step) in RATES {
            if currency == "BGN" && date >= euro_in_bulgaria {
                text.push_str("N/A,");
                continue;
            }
            let rate = start + start * drift(seed, currency, day) * step / 5_000_000;
            put!(text, "{}.{:04},", rate / 10_000, rate % 10_000);
        }
        text.push_str("N/A,\n");
    }
    text
}

/// A slow and a quick wave that never leave -100..=100 by much: any day can be asked without walking to it.
fn drift(seed: u64, currency: &str, day: Day) -> i64 {
    let slow = |period: Day, size: i32| {
        let at = |n: Day| i64::from(Rng::new(seed, &format!("{currency}{period}{n}")).between(-size, size));
        let (n, part) = (day.div_euclid(period), i64::from(day.rem_euclid(period)));
        (at(n) * (i64::from(period) - part) + at(n + 1) * part) / i64::from(period)
    };
    slow(60, 400) + slow(7, 90) + slow(1, 25)
}
