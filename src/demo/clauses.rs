//! What finance and procurement keep of the contracts beside the ITAM feed: clauses, budget, invoices.

use chrono::{Datelike, Months, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};

use super::itam::{CONTRACTS, Contract, LINES, Line};
use super::seats::Seat;
use super::text::{Calendar, put};

/// Clauses by contract, SKU (empty: all of it) and name. Slack's and Dropbox's papers are thin: those are the gaps.
#[rustfmt::skip]
const CLAUSES: &[(usize, &str, &str, &str)] = &[
    (0, "", "notice_method", "portal"), (0, "", "zone", "Europe/Berlin"), (0, "", "uplift_basis", "fixed"),
    (0, "", "uplift_cap_percent", "7"), (0, "", "price_hold", "sku"), (0, "", "true_up_frequency", "quarterly"),
    (0, "", "true_up_measure", "peak"), (0, "", "true_up_price", "list"), (0, "", "true_up_grace_percent", "2"),
    (0, "", "payment_terms_days", "30"), (0, "", "billing", "annually"), (0, "", "proration", "months"),
    (0, "", "co_term_on", "+74"), (0, "", "fx_clause", "none"), (0, "", "renewal_term_months", "36"),
    (0, "", "term_discount_percent", "4"), (0, "", "paying_entity", "Northwind Europe GmbH"), (0, "", "ai_terms", "open"),
    (1, "", "notice_method", "email"), (1, "", "zone", "Europe/Dublin"), (1, "", "uplift_basis", "cpi"),
    (1, "", "uplift_cap_percent", "5"), (1, "", "price_hold", "sku"), (1, "", "true_up_frequency", "annually"),
    (1, "", "true_up_measure", "provisioned"), (1, "", "true_up_price", "contracted"), (1, "", "payment_terms_days", "45"),
    (1, "", "billing", "annually"), (1, "", "proration", "months"), (1, "", "fx_clause", "none"),
    (1, "", "renewal_term_months", "36"), (1, "", "paying_entity", "Northwind Europe GmbH"), (1, "", "ai_terms", "excluded"),
    (2, "", "notice_method", "portal"), (2, "", "zone", "America/New_York"), (2, "", "uplift_basis", "list"),
    (2, "", "uplift_cap_percent", "10"), (2, "", "price_hold", "none"), (2, "", "true_up_frequency", "monthly"),
    (2, "", "true_up_measure", "provisioned"), (2, "", "true_up_price", "contracted"), (2, "", "payment_terms_days", "30"),
    (2, "", "billing", "monthly"), (2, "", "fx_clause", "none"), (2, "", "renewal_term_months", "12"),
    (2, "", "paying_entity", "Northwind Inc."), (2, "", "ai_terms", "excluded"),
    (3, "", "billing", "annually"), (3, "", "payment_terms_days", "30"), (3, "", "true_up_frequency", "at_renewal"),
    (4, "", "notice_method", "letter"), (4, "", "zone", "Europe/London"), (4, "", "uplift_basis", "fixed"),
    (4, "", "uplift_cap_percent", "5"), (4, "", "price_hold", "sku"), (4, "", "true_up_frequency", "annually"),
    (4, "", "true_up_measure", "average"), (4, "", "true_up_price", "contracted"), (4, "", "payment_terms_days", "60"),
    (4, "", "billing", "quarterly"), (4, "", "fx_clause", "fixed"), (4, "", "fx_rate", "0.86"),
    (4, "", "renewal_term_months", "12"), (4, "", "paying_entity", "Northwind UK Ltd"), (4, "", "ai_terms", "opt_out"),
    (5, "", "uplift_basis", "list"), (5, "", "price_hold", "none"), (5, "", "billing", "quarterly"),
    (5, "", "true_up_frequency", "quarterly"), (5, "", "true_up_measure", "peak"), (5, "", "payment_terms_days", "30"),
    (6, "", "uplift_basis", "fixed"), (6, "", "uplift_cap_percent", "6"), (6, "", "price_hold", "bundle"),
    (6, "", "billing", "annually"), (6, "", "true_up_frequency", "quarterly"), (6, "", "true_up_measure", "provisioned"),
    (6, "", "renewal_term_months", "24"), (6, "", "term_discount_percent", "5"), (6, "", "payment_terms_days", "30"),
    (7, "", "billing", "annually"), (7, "", "uplift_basis", "fixed"), (7, "", "payment_terms_days", "30"),
    (8, "", "billing", "annually"), (8, "", "uplift_basis", "cpi"), (8, "", "co_term_on", "+439"),
    (8, "", "proration", "days_365"), (8, "", "payment_terms_days", "30"),
    (9, "", "billing", "quarterly"), (9, "", "notice_method", "letter"), (9, "", "zone", "America/Chicago"),
    (9, "", "uplift_basis", "fixed"), (9, "", "uplift_cap_percent", "8"), (9, "", "price_hold", "bundle"),
    (9, "", "true_up_frequency", "annually"), (9, "", "true_up_measure", "peak"), (9, "", "true_up_price", "list"),
    (9, "", "payment_terms_days", "45"), (9, "", "renewal_term_months", "36"), (9, "", "paying_entity", "Northwind Inc."),
    (9, "NS-ECENTER", "licence_metric", "concurrent"),
    (10, "", "billing", "annually"), (11, "", "billing", "annually"),
];

/// Minimums of 1000 bought, by contract and SKU.
const MINIMUMS: &[(usize, &str, u64)] = &[
    (0, "SFDC_UNLIMITED", 700),
    (0, "SFDC_ENTERPRISE", 920),
    (1, "SPE_E5", 900),
    (2, "business", 500),
    (9, "NS-FULL", 800),
];

/// List prices of a billing period of the line, in thousandths of the contracted price.
const LIST_PRICES: &[(usize, &str, u64)] = &[
    (0, "SFDC_UNLIMITED", 1250),
    (0, "SFDC_ENTERPRISE", 1180),
    (1, "SPE_E5", 1040),
    (1, "SPE_E3", 1040),
    (2, "business", 1000),
    (2, "enterprise", 1000),
    (4, "ZOOM-WORKPLACE-BIZ", 1333),
    (9, "NS-FULL", 1400),
];

/// A ramp: contract, SKU, and the steps as day and thousandths of what is bought now.
const RAMP: (usize, &str, &[(i32, u64)]) = (2, "business", &[(-204, 800), (-20, 1000), (160, 1150)]);

/// `seeds/contract_clauses.csv`.
pub fn clauses(seats: &[Seat], calendar: Calendar) -> String {
    let mut text = String::from("contract_number,sku_id,clause,value,effective_from,reference\n");
    for (n, (contract, sku, clause, value)) in CLAUSES.iter().enumerate() {
        let number = CONTRACTS[*contract].number;
        let value = match value.strip_prefix('+').and_then(|day| day.parse().ok()) {
            Some(day) => calendar.date(day).to_string(),
            None => (*value).to_owned(),
        };
        put!(text, "{number},{sku},{clause},{value},,{number} order form §{}.{}\n", 2 + n % 9, 1 + n % 4);
    }
    let bought = |contract: usize, sku: &str| -> u64 {
        LINES.iter().filter(|l| l.contract == contract && l.sku() == sku).map(|l| l.quantity(seats)).sum()
    };
    for (contract, sku, share) in MINIMUMS {
        let (number, least) = (CONTRACTS[*contract].number, bought(*contract, sku) * share / 1000);
        put!(text, "{number},{sku},minimum_quantity,{least},,{number} order form §3.2\n");
    }
    for (contract, sku, share) in LIST_PRICES {
        let lines = LINES.iter().filter(|l| l.contract == *contract && l.sku() == *sku);
        let dearest = lines.map(|l| parse(l.price)).max().unwrap_or_default();
        let list = (dearest * Decimal::new(*share as i64, 3)).round_dp(2);
        put!(text, "{},{sku},list_unit_price,{list},,price list\n", CONTRACTS[*contract].number);
    }
    let (contract, sku, steps) = RAMP;
    for (day, share) in steps {
        let (number, from) = (CONTRACTS[contract].number, calendar.date(*day));
        put!(
            text,
            "{number},{sku},ramp_quantity,{},{from},{number} amendment 1\n",
            bought(contract, sku) * share / 1000
        );
    }
    text
}

/// `seeds/invoices.csv`: two years of invoices of each contract, the term before at five percent less, one true-up
/// and one credit.
pub fn invoices(seats: &[Seat], calendar: Calendar) -> String {
    let mut text = String::from("invoice_id,contract_number,kind,invoiced_on,period_from,period_to,currency,amount\n");
    for (n, contract) in CONTRACTS.iter().enumerate().filter(|(_, c)| c.ends >= 0) {
        let months = match billing(n) {
            "monthly" => 1,
            "quarterly" => 3,
            _ => 12,
        };
        let mut currencies: Vec<&str> = LINES.iter().filter(|l| l.contract == n).map(Line::currency).collect();
        currencies.sort_unstable();
        currencies.dedup();
        for (position, from) in periods(contract, months, calendar).enumerate() {
            let to = from + Months::new(months);
            for currency in &currencies {
                let year = annual(seats, n, currency);
                let earlier = from < calendar.date(contract.starts);
                let share = if earlier { Decimal::new(95, 2) } else { Decimal::ONE };
                let amount = cents(year * share * Decimal::from(months) / Decimal::from(12), currency);
                put!(text, "{}-{position:02}-{currency},{},", contract.number, contract.number);
                put!(text, "invoice,{from},{from},{to},{currency},{amount}\n");
            }
        }
    }
    let day = |day| calendar.date(day);
    let (microsoft, salesforce) = (CONTRACTS[1].number, CONTRACTS[0].number);
    let true_up = cents(annual(seats, 1, "EUR") * Decimal::new(8, 3), "EUR");
    put!(text, "{microsoft}-TU-1,{microsoft},true_up,{},{},{},EUR,{true_up}\n", day(-40), day(-204), day(131));
    put!(text, "{salesforce}-CR-1,{salesforce},credit,{},{},{},EUR,-2500.00\n", day(-90), day(-90), day(74));
    text
}

/// `seeds/budget.csv`: the months of four years from the last on, in the reporting currency.
pub fn budget(seats: &[Seat], calendar: Calendar) -> String {
    let mut text = String::from("contract_number,month,currency,amount\n");
    let year = calendar.date(0).year();
    for (n, contract) in CONTRACTS.iter().enumerate().filter(|(n, c)| c.ends >= 0 && *n != 11) {
        let mut annual_eur = Decimal::ZERO;
        for (currency, per_euro) in [("EUR", 100), ("USD", 110), ("GBP", 85), ("JPY", 16_800)] {
            annual_eur += annual(seats, n, currency) * Decimal::ONE_HUNDRED / Decimal::from(per_euro);
        }
        for (of_year, percent) in [(year - 1, 96), (year, 102), (year + 1, 105), (year + 2, 108)] {
            let hundreds = (annual_eur * Decimal::new(percent, 2) / Decimal::from(1200)).round();
            for month in 1..=12 {
                put!(text, "{},{of_year}-{month:02}-01,EUR,{}00.00\n", contract.number, hundreds.max(Decimal::ONE));
            }
        }
    }
    text
}

fn billing(contract: usize) -> &'static str {
    CLAUSES.iter().find(|c| c.0 == contract && c.2 == "billing").map_or("annually", |c| c.3)
}

/// First days of the periods of the last two years up to the as-of date; they begin on the day the term does.
fn periods(contract: &Contract, months: u32, calendar: Calendar) -> impl Iterator<Item = NaiveDate> {
    let mut from = calendar.date(contract.starts);
    let (oldest, newest) = (calendar.date(-730), calendar.date(0));
    while from > oldest {
        from = from - Months::new(months);
    }
    std::iter::successors(Some(from), move |day| Some(*day + Months::new(months))).take_while(move |day| *day <= newest)
}

/// What the lines of a contract in one currency cost a year.
fn annual(seats: &[Seat], contract: usize, currency: &str) -> Decimal {
    let lines = LINES.iter().filter(|l| l.contract == contract && l.currency() == currency);
    lines
        .map(|l| {
            let periods = match l.period {
                "monthly" => 12,
                "quarterly" => 4,
                _ => 1,
            };
            parse(l.price) * Decimal::from(l.quantity(seats)) * Decimal::from(periods)
        })
        .sum()
}

fn cents(amount: Decimal, currency: &str) -> Decimal {
    let places = crate::base::money::minor_units(currency);
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointNearestEven)
}

fn parse(price: &str) -> Decimal {
    price.parse().unwrap_or_default()
}
