//! Last days of notice as a calendar (RFC 5545): whole days, one event a contract, an alarm a month before.

use chrono::{Days, NaiveDate};

use crate::base::AsOf;

/// A day that must not be missed.
pub struct Deadline {
    /// What it is about, unique in the calendar.
    pub id: String,
    /// The day.
    pub day: NaiveDate,
    /// What the calendar shows.
    pub title: String,
    /// What it says when it is opened.
    pub text: String,
}

/// The calendar as text; the same deadlines give the same bytes.
pub fn calendar(tenant: &str, as_of: AsOf, deadlines: &[Deadline]) -> String {
    let mut out = String::new();
    let mut line = |text: String| push_folded(&mut out, &text);
    line("BEGIN:VCALENDAR".into());
    line("VERSION:2.0".into());
    line("PRODID:-//seatledger//renewals//EN".into());
    line("CALSCALE:GREGORIAN".into());
    line(format!("X-WR-CALNAME:{}", escaped(&format!("{tenant}: last days of notice"))));
    for deadline in deadlines {
        let end = deadline.day.checked_add_days(Days::new(1)).unwrap_or(deadline.day);
        line("BEGIN:VEVENT".into());
        line(format!("UID:{}@seatledger", escaped(&deadline.id)));
        line(format!("DTSTAMP:{}T000000Z", as_of.day().format("%Y%m%d")));
        line(format!("DTSTART;VALUE=DATE:{}", deadline.day.format("%Y%m%d")));
        line(format!("DTEND;VALUE=DATE:{}", end.format("%Y%m%d")));
        line(format!("SUMMARY:{}", escaped(&deadline.title)));
        line(format!("DESCRIPTION:{}", escaped(&deadline.text)));
        line("TRANSP:TRANSPARENT".into());
        line("BEGIN:VALARM".into());
        line("ACTION:DISPLAY".into());
        line("TRIGGER:-P30D".into());
        line(format!("DESCRIPTION:{}", escaped(&deadline.title)));
        line("END:VALARM".into());
        line("END:VEVENT".into());
    }
    line("END:VCALENDAR".into());
    out
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// A line of at most 75 bytes; what is longer goes on after a blank, never within a character.
fn push_folded(out: &mut String, text: &str) {
    let mut room = 75;
    for c in text.chars() {
        if c.len_utf8() > room {
            out.push_str("\r\n ");
            room = 74;
        }
        out.push(c);
        room -= c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_and_text_is_escaped() {
        let day = NaiveDate::from_ymd_opt(2026, 12, 4).unwrap();
        let title = format!("Notice: A; B, C {}", "é".repeat(60));
        let deadline = Deadline { id: "c-1".into(), day, title, text: "one\ntwo".into() };
        let text = calendar("northwind", AsOf::parse("2026-11-20").unwrap(), &[deadline]);
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        assert!(text.contains("SUMMARY:Notice: A\\; B\\, C ") && text.contains("DESCRIPTION:one\\ntwo\r\n"));
        assert!(text.contains("DTSTART;VALUE=DATE:20261204\r\nDTEND;VALUE=DATE:20261205\r\n"));
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"));
    }
}
