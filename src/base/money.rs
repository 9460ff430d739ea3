//! Money is decimal everywhere: stored with four places, unit prices with six, rounded half-even when computed.

use rust_decimal::{Decimal, RoundingStrategy};

/// Decimal places of a stored amount.
pub const AMOUNT_SCALE: u32 = 4;

/// Rounds half-even to the places of a stored amount.
pub fn round_amount(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(AMOUNT_SCALE, RoundingStrategy::MidpointNearestEven)
}

/// Converts between two currencies given each one's units per common base: `amount * to / from`, half-even.
/// `None` when the rate is zero or the result does not fit.
pub fn convert_amount(amount: Decimal, from_rate: Decimal, to_rate: Decimal) -> Option<Decimal> {
    amount.checked_mul(to_rate)?.checked_div(from_rate).map(round_amount)
}

/// The decimal places in which a currency is shown (JPY 0, EUR 2, KWD 3); 2 for a code that ISO 4217 does not list.
pub fn minor_units(currency: &str) -> u32 {
    iso_currency::Currency::from_code(currency).and_then(|c| c.exponent()).map_or(2, u32::from)
}

/// Whether the code is an active ISO 4217 currency.
pub fn is_currency(code: &str) -> bool {
    iso_currency::Currency::from_code(code).is_some()
}

/// An amount for people: rounded half-even to minor units, thousands separated by commas.
pub fn display(amount: Decimal, currency: &str) -> String {
    let rounded = amount.round_dp_with_strategy(minor_units(currency), RoundingStrategy::MidpointNearestEven);
    let text = format!("{:.*}", minor_units(currency) as usize, rounded.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = String::new();
    if rounded.is_sign_negative() && !rounded.is_zero() {
        out.push('-');
    }
    out.push_str(&thousands(whole));
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Groups the digits of a whole number by three.
pub fn thousands(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_even_and_display_knows_minor_units() {
        assert_eq!(round_amount(Decimal::new(1_000_005, 5)), Decimal::new(100_000, 4));
        assert_eq!(round_amount(Decimal::new(1_000_015, 5)), Decimal::new(100_002, 4));
        assert_eq!(display(Decimal::new(-12_345_675, 3), "EUR"), "-12,345.68");
        assert_eq!(display(Decimal::new(12_345_675, 3), "JPY"), "12,346");
        assert_eq!(display(Decimal::ZERO, "EUR"), "0.00");
    }

    #[test]
    fn conversion_goes_through_the_common_base() {
        let usd = Decimal::new(12, 1);
        assert_eq!(convert_amount(Decimal::from(120), usd, Decimal::ONE), Some(Decimal::from(100)));
        assert_eq!(convert_amount(Decimal::ONE, Decimal::ZERO, Decimal::ONE), None);
    }
}
