//! The data dictionary: every table there is, and where each of its columns comes from. It speaks of the models alone:
//! it needs no project, and the same release gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use tokio::sync::OnceCell;

use super::inputs;
use super::outputs::write;
use super::sign_ins::{MONTHS, STATES};
use crate::base::{AsOf, Result};
use crate::config::Config;
use crate::engine::{self, Catalogue, Lineage, Session, Settings, Source, Sources};
use crate::report::{self, Dictionary, Input};
use crate::{ingest, policy, schema, usage};

/// What the page is called among the outputs of a day.
pub(super) const PAGE: &str = "dictionary.html";

/// Schemas that hold landed rows, each cut another way; the page knows them as the first.
const LANDED: [&str; 3] = ["raw.", "history.", "fresh."];

/// The data dictionary as one page.
///
/// # Errors
/// A config error for a model or check that does not plan.
pub async fn dictionary() -> Result<String> {
    let catalogue = Catalogue::load()?;
    let (inputs, of_runs) = inputs(&catalogue)?;
    let session = Session::without_store(AsOf::new(chrono::NaiveDate::default()), &Settings::default())?;
    for (name, schema) in inputs.iter().chain(&of_runs) {
        session.register_batches(name, Arc::clone(schema), Vec::new())?;
    }
    for model in catalogue.models() {
        session.register_batches(&model.name, engine::schema_of(model)?, Vec::new())?;
    }
    let own: BTreeMap<String, String> = catalogue.models().iter().map(|m| (m.before(), m.name.clone())).collect();
    let (mut lineage, mut checked) = (BTreeMap::new(), BTreeMap::new());
    for model in catalogue.models() {
        let found = engine::trace(&session, &model.sql).await.map_err(|e| e.at(model.name.clone()))?;
        lineage.insert(model.name.clone(), known_as(found, &own));
        for check in &model.sidecar.check {
            let found = engine::trace(&session, &check.sql).await.map_err(|e| e.at(model.name.clone()))?;
            let Lineage { columns, rows, .. } = known_as(found, &own);
            let read: Sources = columns.into_iter().flatten().chain(rows).collect();
            checked.insert((model.name.clone(), check.name.clone()), read);
        }
    }
    let read: BTreeSet<&str> = catalogue.models().iter().flat_map(|m| m.reads.iter().map(String::as_str)).collect();
    let is_shown = |name: &str| name.starts_with(LANDED[0]) || read.contains(name);
    let shown = inputs.iter().filter(|(name, _)| is_shown(name) && !LANDED[1..].iter().any(|l| name.starts_with(l)));
    let inputs = shown.map(|(name, schema)| Input {
        name: name.clone(),
        schema: Arc::clone(schema),
        of: inputs::model_of_earlier(name),
    });
    report::render_dictionary(&Dictionary {
        release: env!("CARGO_PKG_VERSION"),
        models: catalogue.models(),
        inputs: inputs.collect(),
        lineage,
        checked,
    })
}

/// The same page, made once however many runs a process does: nothing that a run can do changes it.
pub(super) async fn made_once() -> Result<&'static str> {
    static MADE: OnceCell<String> = OnceCell::const_new();
    MADE.get_or_try_init(dictionary).await.map(String::as_str)
}

/// Writes the data dictionary to a file.
///
/// # Errors
/// As [`dictionary`]; a store error when it cannot be written.
pub async fn write_dictionary(path: &Path) -> Result<()> {
    write(path, dictionary().await?.as_bytes())
}

type Named = (String, SchemaRef);

/// The columns of everything that is no model: of what the page shows by itself, and what models know of themselves.
fn inputs(catalogue: &Catalogue) -> Result<(Vec<Named>, Vec<Named>)> {
    let of = |(name, rows): (String, RecordBatch)| (name, rows.schema());
    let mut all: Vec<Named> = policy::tables(&Config::blank())?.into_iter().map(of).collect();
    all.extend(ingest::audit_tables(&[])?.into_iter().map(of));
    for schema in LANDED {
        all.extend(schema::datasets().iter().map(|d| (format!("{schema}{}", d.table()), d.arrow_schema())));
    }
    all.push((STATES.to_owned(), usage::seat_state_schema()));
    all.push((MONTHS.to_owned(), usage::seat_month_schema()));
    all.extend(inputs::shapes(catalogue)?);
    let carried = catalogue.models().iter().filter(|model| model.is_carried());
    let of_runs = carried.map(|model| Ok((model.before(), engine::schema_of(model)?))).collect::<Result<_>>()?;
    Ok((all, of_runs))
}

/// Lineage under the names the page uses: landed rows are landed rows, however they are cut, and a carried model that reads
/// its rows of the run before reads itself.
fn known_as(lineage: Lineage, own: &BTreeMap<String, String>) -> Lineage {
    let rename = |table: String| {
        let landed = LANDED.iter().find_map(|schema| table.strip_prefix(schema));
        match (landed, own.get(&table)) {
            (Some(landed), _) => format!("{}{landed}", LANDED[0]),
            (None, Some(model)) => model.clone(),
            (None, None) => table,
        }
    };
    let all = |sources: Sources| -> Sources {
        sources.into_iter().map(|Source { table, column }| Source { table: rename(table), column }).collect()
    };
    Lineage {
        columns: lineage.columns.into_iter().map(all).collect(),
        rows: all(lineage.rows),
        tables: lineage.tables.into_iter().map(rename).collect(),
    }
}
