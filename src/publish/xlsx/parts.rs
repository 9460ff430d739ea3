//! The XML parts of a workbook (ECMA-376), each a text.

use std::fmt::Write as _;

use super::{Book, Cell, Sheet, Strings, Style, column};
use crate::base::text::is_invisible;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
/// A cell holds no more characters than this.
const LONGEST_TEXT: usize = 32_767;
/// Days from the first day of spreadsheets to that of Unix.
const EPOCH: i32 = 25_569;

/// Formats in the order of [`Style`]: what is below zero in parentheses, zero as a dash.
pub(super) const STYLES: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
    "<styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">",
    "<numFmts count=\"5\">",
    "<numFmt numFmtId=\"164\" formatCode=\"#,##0;(#,##0);&quot;–&quot;\"/>",
    "<numFmt numFmtId=\"165\" formatCode=\"#,##0.00;(#,##0.00);&quot;–&quot;\"/>",
    "<numFmt numFmtId=\"166\" formatCode=\"yyyy\\-mm\\-dd\"/>",
    "<numFmt numFmtId=\"167\" formatCode=\"0.0%\"/>",
    "<numFmt numFmtId=\"168\" formatCode=\"0.000000\"/>",
    "</numFmts>",
    "<fonts count=\"3\"><font><sz val=\"10\"/><name val=\"Calibri\"/></font>",
    "<font><b/><sz val=\"10\"/><name val=\"Calibri\"/></font>",
    "<font><b/><sz val=\"16\"/><name val=\"Calibri\"/></font></fonts>",
    "<fills count=\"4\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill>",
    "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFE8EDF2\"/></patternFill></fill>",
    "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFFFF4D6\"/></patternFill></fill></fills>",
    "<borders count=\"2\"><border><left/><right/><top/><bottom/><diagonal/></border>",
    "<border><left/><right/><top style=\"thin\"/><bottom/><diagonal/></border></borders>",
    "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>",
    "<cellXfs count=\"11\">",
    "<xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>",
    "<xf numFmtId=\"0\" fontId=\"1\" fillId=\"2\" borderId=\"0\" xfId=\"0\" applyFont=\"1\" applyFill=\"1\"/>",
    "<xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>",
    "<xf numFmtId=\"165\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>",
    "<xf numFmtId=\"166\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>",
    "<xf numFmtId=\"167\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>",
    "<xf numFmtId=\"0\" fontId=\"2\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyFont=\"1\"/>",
    "<xf numFmtId=\"168\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>",
    "<xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyAlignment=\"1\">",
    "<alignment vertical=\"top\" wrapText=\"1\"/></xf>",
    "<xf numFmtId=\"165\" fontId=\"1\" fillId=\"0\" borderId=\"1\" xfId=\"0\" applyNumberFormat=\"1\" applyFont=\"1\" applyBorder=\"1\"/>",
    "<xf numFmtId=\"0\" fontId=\"1\" fillId=\"3\" borderId=\"0\" xfId=\"0\" applyFont=\"1\" applyFill=\"1\"/>",
    "</cellXfs><cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles></styleSheet>"
);

/// Text for XML: no control characters, no more than a cell holds.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| *c == '\n' || !is_invisible(*c)).take(LONGEST_TEXT) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// A reference such as `A1:H20` over all rows of a sheet.
fn extent(sheet: &Sheet) -> String {
    let width = sheet.rows.iter().map(Vec::len).max().unwrap_or(1).max(1);
    format!("A1:{}{}", column(width - 1), sheet.rows.len().max(1))
}

pub(super) fn sheet(sheet: &Sheet, run_id: &str, is_table: bool, strings: &mut Strings) -> String {
    let mut out = format!("{HEAD}<worksheet xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheetPr>");
    if !sheet.tab.is_empty() {
        let _ = write!(out, "<tabColor rgb=\"FF{}\"/>", sheet.tab);
    }
    let _ = write!(out, "<pageSetUpPr fitToPage=\"1\"/></sheetPr><dimension ref=\"{}\"/>", extent(sheet));
    out.push_str("<sheetViews><sheetView showGridLines=\"0\" workbookViewId=\"0\">");
    let (rows, columns) = sheet.frozen;
    if rows + columns > 0 {
        let split = |n: usize, name: &str| if n > 0 { format!(" {name}=\"{n}\"") } else { String::new() };
        let pane = match (rows > 0, columns > 0) {
            (true, true) => "bottomRight",
            (true, false) => "bottomLeft",
            _ => "topRight",
        };
        let _ = write!(
            out,
            "<pane{}{} topLeftCell=\"{}{}\" activePane=\"{pane}\" state=\"frozen\"/>",
            split(columns, "xSplit"),
            split(rows, "ySplit"),
            column(columns),
            rows + 1
        );
    }
    out.push_str("</sheetView></sheetViews><sheetFormatPr defaultRowHeight=\"14\"/>");
    if !sheet.widths.is_empty() {
        out.push_str("<cols>");
        for (n, width) in (1..).zip(&sheet.widths) {
            let _ = write!(out, "<col min=\"{n}\" max=\"{n}\" width=\"{width}\" customWidth=\"1\"/>");
        }
        out.push_str("</cols>");
    }
    out.push_str("<sheetData>");
    for (r, row) in (1..).zip(&sheet.rows) {
        let _ = write!(out, "<row r=\"{r}\">");
        for (c, cell) in row.iter().enumerate() {
            push_cell(&mut out, &format!("{}{r}", column(c)), cell, strings);
        }
        out.push_str("</row>");
    }
    out.push_str("</sheetData>");
    if sheet.is_protected {
        out.push_str("<sheetProtection sheet=\"1\" objects=\"1\" scenarios=\"1\"/>");
    }
    if let Some((place, words)) = sheet.choice {
        let _ = write!(
            out,
            "<dataValidations count=\"1\"><dataValidation type=\"list\" allowBlank=\"0\" showErrorMessage=\"1\" \
             sqref=\"{place}\"><formula1>\"{words}\"</formula1></dataValidation></dataValidations>"
        );
    }
    out.push_str("<pageMargins left=\"0.4\" right=\"0.4\" top=\"0.5\" bottom=\"0.6\" header=\"0.3\" footer=\"0.3\"/>");
    out.push_str("<pageSetup paperSize=\"9\" orientation=\"landscape\" fitToWidth=\"1\" fitToHeight=\"0\"/>");
    let _ = write!(
        out,
        "<headerFooter><oddFooter>&amp;L{}&amp;RPage &amp;P of &amp;N</oddFooter></headerFooter>",
        escape(run_id)
    );
    if is_table {
        out.push_str("<tableParts count=\"1\"><tablePart r:id=\"rId1\"/></tableParts>");
    }
    out.push_str("</worksheet>");
    out
}

fn push_cell(out: &mut String, place: &str, cell: &Cell, strings: &mut Strings) {
    let style = |s: &Style| *s as usize;
    let _ = match cell {
        Cell::Blank => Ok(()),
        Cell::Bare(s) => write!(out, "<c r=\"{place}\" s=\"{}\"/>", style(s)),
        Cell::Text(text, s) => {
            write!(out, "<c r=\"{place}\" s=\"{}\" t=\"s\"><v>{}</v></c>", style(s), strings.place(text))
        }
        Cell::Number(number, s) => {
            write!(out, "<c r=\"{place}\" s=\"{}\"><v>{}</v></c>", style(s), number.normalize())
        }
        Cell::Day(day) => {
            let serial = day.to_epoch_days() + EPOCH;
            write!(out, "<c r=\"{place}\" s=\"{}\"><v>{serial}</v></c>", style(&Style::Day))
        }
        Cell::Flag(flag) => write!(out, "<c r=\"{place}\" t=\"b\"><v>{}</v></c>", u8::from(*flag)),
        Cell::Formula(formula, number, s) => {
            let (s, formula) = (style(s), escape(formula));
            write!(out, "<c r=\"{place}\" s=\"{s}\"><f>{formula}</f><v>{}</v></c>", number.normalize())
        }
        Cell::Says(formula, text, s) => {
            let (s, formula) = (style(s), escape(formula));
            write!(out, "<c r=\"{place}\" s=\"{s}\" t=\"str\"><f>{formula}</f><v>{}</v></c>", escape(text))
        }
    };
}

pub(super) fn sheet_relations(table: usize) -> String {
    format!(
        "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" Type=\"{RELATIONS}/table\" \
         Target=\"../tables/table{table}.xml\"/></Relationships>"
    )
}

pub(super) fn table(sheet: &Sheet, id: usize) -> String {
    let name = escape(sheet.table.as_deref().unwrap_or_default());
    let range = extent(sheet);
    let mut out = format!(
        "{HEAD}<table xmlns=\"{MAIN}\" id=\"{id}\" name=\"{name}\" displayName=\"{name}\" ref=\"{range}\" \
         totalsRowShown=\"0\"><autoFilter ref=\"{range}\"/>"
    );
    let heads = sheet.rows.first().map(Vec::as_slice).unwrap_or_default();
    let _ = write!(out, "<tableColumns count=\"{}\">", heads.len());
    for (n, head) in (1..).zip(heads) {
        if let Cell::Text(text, _) = head {
            let _ = write!(out, "<tableColumn id=\"{n}\" name=\"{}\"/>", escape(text));
        }
    }
    out.push_str("</tableColumns><tableStyleInfo name=\"TableStyleLight1\" showRowStripes=\"1\"/></table>");
    out
}

pub(super) fn strings(all: &[String]) -> String {
    let mut out = format!("{HEAD}<sst xmlns=\"{MAIN}\" uniqueCount=\"{}\">", all.len());
    for text in all {
        let _ = write!(out, "<si><t xml:space=\"preserve\">{}</t></si>", escape(text));
    }
    out.push_str("</sst>");
    out
}

pub(super) fn content_types(sheets: usize, tables: usize) -> String {
    const KIND: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    const PROPERTIES: &str = "application/vnd.openxmlformats-officedocument";
    let mut out = format!(
        "{HEAD}<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
         ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" \
         ContentType=\"application/xml\"/>"
    );
    let mut part = |name: &str, kind: &str| {
        let _ = write!(out, "<Override PartName=\"/{name}\" ContentType=\"{kind}\"/>");
    };
    part("xl/workbook.xml", &format!("{KIND}.sheet.main+xml"));
    part("xl/styles.xml", &format!("{KIND}.styles+xml"));
    part("xl/sharedStrings.xml", &format!("{KIND}.sharedStrings+xml"));
    part("docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml");
    part("docProps/app.xml", &format!("{PROPERTIES}.extended-properties+xml"));
    part("docProps/custom.xml", &format!("{PROPERTIES}.custom-properties+xml"));
    for n in 1..=sheets {
        part(&format!("xl/worksheets/sheet{n}.xml"), &format!("{KIND}.worksheet+xml"));
    }
    for n in 1..=tables {
        part(&format!("xl/tables/table{n}.xml"), &format!("{KIND}.table+xml"));
    }
    out.push_str("</Types>");
    out
}

pub(super) fn relations() -> String {
    format!(
        "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\">\
         <Relationship Id=\"rId1\" Type=\"{RELATIONS}/officeDocument\" Target=\"xl/workbook.xml\"/>\
         <Relationship Id=\"rId2\" Type=\"{PACKAGE}/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>\
         <Relationship Id=\"rId3\" Type=\"{RELATIONS}/extended-properties\" Target=\"docProps/app.xml\"/>\
         <Relationship Id=\"rId4\" Type=\"{RELATIONS}/custom-properties\" Target=\"docProps/custom.xml\"/></Relationships>"
    )
}

pub(super) fn core(book: &Book) -> String {
    let instant = format!("{}T00:00:00Z", book.as_of);
    format!(
        "{HEAD}<cp:coreProperties xmlns:cp=\"{PACKAGE}/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:dcterms=\"http://purl.org/dc/terms/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><dc:title>{}</dc:title><dc:creator>seatledger</dc:creator>\
         <dcterms:created xsi:type=\"dcterms:W3CDTF\">{instant}</dcterms:created>\
         <dcterms:modified xsi:type=\"dcterms:W3CDTF\">{instant}</dcterms:modified></cp:coreProperties>",
        escape(&book.title)
    )
}

pub(super) fn app() -> String {
    format!(
        "{HEAD}<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties\">\
         <Application>seatledger</Application></Properties>"
    )
}

pub(super) fn custom(book: &Book) -> String {
    let mut out = format!(
        "{HEAD}<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\" \
         xmlns:vt=\"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes\">"
    );
    for (n, (name, value)) in (2..).zip(&book.properties) {
        let _ = write!(
            out,
            "<property fmtid=\"{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}\" pid=\"{n}\" name=\"{name}\">\
             <vt:lpwstr>{}</vt:lpwstr></property>",
            escape(value)
        );
    }
    out.push_str("</Properties>");
    out
}

pub(super) fn workbook(book: &Book) -> String {
    let mut out = format!(
        "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><bookViews><workbookView activeTab=\"1\"/></bookViews><sheets>"
    );
    for (n, sheet) in (1..).zip(&book.sheets) {
        let _ = write!(out, "<sheet name=\"{}\" sheetId=\"{n}\" r:id=\"rId{n}\"/>", escape(&sheet.name));
    }
    out.push_str("</sheets><definedNames>");
    for (n, sheet) in book.sheets.iter().enumerate().filter(|(_, sheet)| sheet.frozen.0 > 0) {
        let _ = write!(
            out,
            "<definedName name=\"_xlnm.Print_Titles\" localSheetId=\"{n}\">'{}'!$1:${}</definedName>",
            escape(&sheet.name),
            sheet.frozen.0
        );
    }
    out.push_str("</definedNames><calcPr calcId=\"191029\"/></workbook>");
    out
}

pub(super) fn workbook_relations(sheets: usize) -> String {
    let mut out = format!("{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\">");
    for n in 1..=sheets {
        let _ = write!(
            out,
            "<Relationship Id=\"rId{n}\" Type=\"{RELATIONS}/worksheet\" Target=\"worksheets/sheet{n}.xml\"/>"
        );
    }
    let (styles, strings) = (sheets + 1, sheets + 2);
    let _ = write!(
        out,
        "<Relationship Id=\"rId{styles}\" Type=\"{RELATIONS}/styles\" Target=\"styles.xml\"/>\
         <Relationship Id=\"rId{strings}\" Type=\"{RELATIONS}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"
    );
    out
}
