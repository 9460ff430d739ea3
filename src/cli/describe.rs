//! `describe`: the contract of a table, from its sidecar.

use clap::Args;

use super::output::{self, ListFormat};
use crate::base::{Error, Result, text};
use crate::engine::{Catalogue, Model};
use crate::schema;

/// What a table holds: its rows, columns, owner and checks
#[derive(Debug, Args)]
pub(super) struct Describe {
    /// The table, as `marts.spend` or `raw.okta_users`; all of them when absent
    table: Option<String>,
    /// How to print it
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl Describe {
    pub(super) fn run(self) -> Result<u8> {
        let catalogue = Catalogue::load()?;
        match &self.table {
            None => self.list(&catalogue)?,
            Some(name) => match (catalogue.get(name), raw_dataset(name)) {
                (Some(model), _) => self.model(model)?,
                (None, Some(dataset)) => self.dataset(dataset)?,
                (None, None) => return Err(unknown(name, &catalogue)),
            },
        }
        Ok(0)
    }

    fn list(&self, catalogue: &Catalogue) -> Result<()> {
        let models = catalogue
            .models()
            .iter()
            .map(|m| vec![m.name.clone(), m.sidecar.owner.clone(), first_sentence(&m.sidecar.description)]);
        let raw = schema::datasets().iter().map(|d| {
            vec![format!("raw.{}", d.table()), "platform".into(), format!("Landed {} of {}.", d.stream, d.kind)]
        });
        let mut lines: Vec<_> = models.chain(raw).collect();
        lines.sort();
        output::texts(self.format, &["table", "owner", "description"], &lines)
    }

    fn model(&self, model: &Model) -> Result<()> {
        if self.format.is_none_or(|f| f == ListFormat::Table) {
            let sidecar = &model.sidecar;
            let kind = match (model.is_table(), model.is_carried()) {
                (_, true) => "carried table",
                (true, false) => "table",
                (false, false) => "view",
            };
            let reads = model.reads.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let checks = sidecar.check.iter().map(|c| c.name.replace('_', " ")).collect::<Vec<_>>().join("; ");
            let head = format!(
                "{}  ({kind}, owner {})\n{}\none row per  {}\nreads        {reads}\nchecked      {}\n",
                model.name,
                sidecar.owner,
                sidecar.description,
                sidecar.grain.join(", "),
                if checks.is_empty() { "grain" } else { &checks },
            );
            output::write(head.as_bytes())?;
        }
        let lines: Vec<_> = model
            .sidecar
            .column
            .iter()
            .map(|c| vec![c.name.clone(), c.ty.clone(), c.pii.clone(), c.disclosed().to_string(), c.doc.clone()])
            .collect();
        output::texts(
            self.format.or(Some(ListFormat::Table)),
            &["column", "type", "pii", "disclosed", "meaning"],
            &lines,
        )
    }

    fn dataset(&self, dataset: &schema::Dataset) -> Result<()> {
        let lines: Vec<_> = dataset
            .fields
            .iter()
            .map(|f| vec![f.name.to_owned(), f.ty.to_string(), f.from.join(" | "), f.required.to_string()])
            .collect();
        output::texts(self.format.or(Some(ListFormat::Table)), &["column", "type", "at the source", "required"], &lines)
    }
}

fn raw_dataset(name: &str) -> Option<&'static schema::Dataset> {
    let table = name.strip_prefix("raw.").or_else(|| name.strip_prefix("history."))?;
    schema::datasets().iter().find(|d| d.table() == table)
}

fn unknown(name: &str, catalogue: &Catalogue) -> Error {
    let raw: Vec<String> = schema::datasets().iter().map(|d| format!("raw.{}", d.table())).collect();
    let known = catalogue.models().iter().map(|m| m.name.as_str()).chain(raw.iter().map(String::as_str));
    let hint = text::nearest(name, known).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
    Error::usage(format!("no table is named `{name}`{hint}"))
}

fn first_sentence(text: &str) -> String {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.').to_owned() + "."
}
