//! `[renewal]` of the project file: by which shares of seats in use a renewal is recommended.

use rust_decimal::Decimal;

use super::section::Section;

/// Shares of purchased seats, between 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Renewal {
    /// Seats kept in reserve, as a share of those needed.
    pub buffer: Decimal,
    /// In use from here on: renew as it is.
    pub renew_from: Decimal,
    /// From here on: renew with fewer seats.
    pub right_size_from: Decimal,
    /// From here on: renew in a lower tier; below: drop.
    pub downgrade_from: Decimal,
}

impl Default for Renewal {
    fn default() -> Self {
        let share = |percent| Decimal::new(percent, 2);
        Self { buffer: share(10), renew_from: share(70), right_size_from: share(40), downgrade_from: share(15) }
    }
}

/// Reads the section; shares in the wrong order are reported.
pub(super) fn read(section: &Section<'_>) -> Renewal {
    section.only(&["buffer", "renew_from", "right_size_from", "downgrade_from"]);
    let standard = Renewal::default();
    let renewal = Renewal {
        buffer: section.share("buffer").unwrap_or(standard.buffer),
        renew_from: section.share("renew_from").unwrap_or(standard.renew_from),
        right_size_from: section.share("right_size_from").unwrap_or(standard.right_size_from),
        downgrade_from: section.share("downgrade_from").unwrap_or(standard.downgrade_from),
    };
    if renewal.renew_from < renewal.right_size_from || renewal.right_size_from < renewal.downgrade_from {
        let help = "write renew_from >= right_size_from >= downgrade_from";
        section.refuse("right_size_from", "the shares of [renewal] do not fall", help);
    }
    renewal
}
