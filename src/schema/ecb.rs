//! ECB euro reference rates: the wide history and daily files, turned long by `ingest::ecb`. 1 EUR = rate units.

use super::field::{Field, date, decimal, text};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[Dataset {
    kind: "ecb",
    stream: "rates",
    feed: Feed::Events,
    role: Role::Fx,
    key: &["rate_on", "currency"],
    subject: "currency",
    content_day: Some("rate_on"),
    event_at: Some("rate_on"),
    fields: &[RATE_ON, CURRENCY, RATE],
}];

const RATE_ON: Field = date("rate_on", &["Date"]).required();
const CURRENCY: Field = text("currency", &["Currency"]);
const RATE: Field = decimal("rate", 28, 10, &["Rate"]);
