//! CSV that a spreadsheet shows and never runs (CWE-1236): text is quoted, and text that would begin a formula gets an
//! apostrophe in front. Numbers stay numbers.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};

use super::formatter;
use crate::base::Result;
use crate::base::text::is_invisible;

pub(super) fn encode(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let mut out = String::new();
    let header: Vec<String> = schema.fields().iter().map(|f| quoted(f.name())).collect();
    push_line(&mut out, &header);
    for batch in batches {
        let cells: Vec<_> = (0..batch.num_columns()).map(|c| formatter(batch, c)).collect::<Result<_>>()?;
        for row in 0..batch.num_rows() {
            let line: Vec<String> = cells
                .iter()
                .enumerate()
                .map(|(c, cell)| {
                    let text = cell.value(row).to_string();
                    if batch.column(c).is_null(row) || is_typed(batch.column(c).data_type()) {
                        text
                    } else {
                        quoted(&inert(&text))
                    }
                })
                .collect();
            push_line(&mut out, &line);
        }
    }
    Ok(out.into_bytes())
}

fn push_line(out: &mut String, cells: &[String]) {
    out.push_str(&cells.join(","));
    out.push_str("\r\n");
}

fn is_typed(ty: &DataType) -> bool {
    !matches!(ty, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A text that no spreadsheet takes for a formula.
fn inert(text: &str) -> String {
    let first = text.trim_start_matches(' ').chars().next();
    let starts_formula = matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\0' | '＝' | '＋' | '－' | '＠'));
    let visible: String = text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_invisible(*c)).collect();
    if starts_formula { format!("'{visible}") } else { visible }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Decimal128Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn formulas_are_inert_and_numbers_stay_numbers() {
        let amount = Decimal128Array::from(vec![-125_000]).with_precision_and_scale(18, 4).unwrap();
        let batch = RecordBatch::try_from_iter([
            ("name", Arc::new(StringArray::from(vec![" =HYPERLINK(\"x\")"])) as ArrayRef),
            ("amount", Arc::new(amount) as ArrayRef),
        ])
        .unwrap();
        let text = String::from_utf8(encode(&batch.schema(), &[batch]).unwrap()).unwrap();
        assert_eq!(text, "\"name\",\"amount\"\r\n\"' =HYPERLINK(\"\"x\"\")\",-12.5000\r\n");
    }
}
