//! The data portal of the European Central Bank: daily reference rates of every currency, one observation a line.

use super::table::{Nature, Pass, Stream, Vendor};
use crate::config::Kind;

pub(super) const ECB: Vendor = Vendor {
    kind: Kind::Ecb,
    tokens: &[],
    patience: None,
    headers: &[],
    streams: &[Stream {
        name: "rates",
        // A week holds a quote, whatever the holidays; a corrected one of that week comes along. Older ones nobody needs.
        nature: Nature::Since { overlap_days: 7, kept_days: 400 },
        passes: &[Pass {
            path: "service/data/EXR/D..EUR.SP00.A",
            query: &[("format", "csvdata"), ("detail", "dataonly"), ("startPeriod", "{since}")],
            file: "csv",
            ..Pass::PLAIN
        }],
        needs: "",
        small: Some(&[("lastNObservations", "1")]),
    }],
};
