//! Comparing text as people mean it: NFC, folded case, without invisible characters.

use unicode_normalization::UnicodeNormalization;

/// Whether a character changes nothing a reader sees: controls, zero-width and bidirectional marks.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{00AD}')
}

/// The form in which names and e-mail addresses are compared: trimmed, NFC, lower case, invisible characters removed.
pub fn fold(text: &str) -> String {
    if text.bytes().all(|b| (0x21..0x7f).contains(&b)) {
        return text.to_ascii_lowercase();
    }
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    visible.trim().to_lowercase().nfc().collect()
}

/// Text safe to show: invisible characters removed, the rest as it came.
pub fn display(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).collect()
}

/// Whether `text` matches a glob of `*` (any run) and `?` (any one character), case-folded.
pub fn glob_match(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = fold(text).chars().collect();
    let pattern: Vec<char> = fold(pattern).chars().collect();
    glob(&text, &pattern, ['*', '?'])
}

/// Whether all of `text` matches a pattern, in which the first wildcard stands for any run and the second for any one.
pub fn glob<T: Copy + PartialEq>(text: &[T], pattern: &[T], [any_run, any_one]: [T; 2]) -> bool {
    let (mut t, mut p, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(&c) if c == any_run => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == any_one || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == any_run)
}

/// The nearest of the known words, when one is near enough to be a slip of the pen.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(word, k), k))
        .filter(|(distance, k)| *distance <= 1 + k.len().min(word.len()) / 3)
        .min()
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_joins_what_looks_the_same() {
        assert_eq!(fold(" Ana.GARCI\u{301}A@Example.com\u{200B}"), fold("ana.garc\u{ed}a@example.com"));
        assert_eq!(fold("A.B+c@x.y"), "a.b+c@x.y");
    }

    #[test]
    fn globs_match_whole_names() {
        assert!(glob_match("SVC-backup@corp.example", "svc-*"));
        assert!(glob_match("kiosk7", "kiosk?"));
        assert!(!glob_match("mysvc-backup", "svc-*"));
        assert!(glob_match("a.b.c", "*.?"));
    }

    #[test]
    fn suggestions_are_near_or_absent() {
        assert_eq!(nearest("inactive_after_day", ["inactive_after_days", "mode"]), Some("inactive_after_days"));
        assert_eq!(nearest("zzz", ["mode"]), None);
    }
}
