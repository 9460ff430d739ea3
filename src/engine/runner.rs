//! Builds models: plan, hold to the sidecar, sort by the grain, check, write.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use bytes::Bytes;
use datafusion::logical_expr::{cast, ident};
use datafusion::prelude::DataFrame;

use super::rows::{Rows, show};
use super::{Model, Session};
use crate::base::{Error, Progress, Result};
use crate::schema::sidecar::Sidecar;

/// How many failing rows a message shows.
const SHOWN_FAILURES: usize = 5;

/// A table as it was built: its rows, sorted by the grain.
#[derive(Clone)]
pub struct Built {
    /// `<schema>.<table>`.
    pub name: String,
    /// The schema the sidecar declares.
    pub schema: SchemaRef,
    /// How many rows it has.
    pub rows: usize,
    kept: Rows,
}

impl Built {
    /// The table as the Parquet file that is committed.
    ///
    /// # Errors
    /// Store when rows that were set aside cannot be read again.
    pub fn encode(&self) -> Result<Bytes> {
        self.kept.encode(&self.schema)
    }

    /// The rows.
    ///
    /// # Errors
    /// As [`Built::encode`].
    pub fn batches(&self) -> Result<Vec<RecordBatch>> {
        self.kept.batches(&self.schema)
    }
}

/// Builds the models in the order given and registers each: a view is computed once for all the models that read it,
/// and left to whoever asks where none does; a table is returned as well. Nothing is written.
///
/// # Errors
/// A config error when a statement does not plan or does not return the columns its sidecar declares; a data error
/// when a grain is not unique or a check returns rows.
pub async fn build(session: &Session, models: &[&Model], progress: &dyn Progress) -> Result<Vec<Built>> {
    progress.start("build", models.len() as u64);
    let tables = compute(session, models, progress).await;
    if let Err(error) = session.release().await {
        progress.warn(&format!("left behind, `seatledger gc` will take it: {error}"));
    }
    let tables = tables?;
    // A check may read any model, so all are there first.
    // What nobody computed is not checked.
    for model in models.iter().filter(|model| !model.is_on_demand()) {
        run_checks(session, model).await.map_err(|e| e.at(format!("sql/{}.toml", model.name.replace('.', "/"))))?;
        session.tidy();
    }
    progress.finish(&format!("{} models built and checked", models.len()));
    Ok(tables)
}

/// As [`build`], without the checks: for rows that were checked when they were built first.
///
/// # Errors
/// As [`build`].
pub async fn compute(session: &Session, models: &[&Model], progress: &dyn Progress) -> Result<Vec<Built>> {
    let mut tables = Vec::new();
    let read: BTreeSet<&str> = models.iter().flat_map(|m| m.reads.iter().map(String::as_str)).collect();
    for model in models {
        let place = format!("sql/{}.sql", model.name.replace('.', "/"));
        let is_asked_for = model.is_table() || read.contains(model.name.as_str());
        if model.is_on_demand() || !is_asked_for {
            register_view(session, model).await.map_err(|e| e.at(place))?;
            progress.advance(1);
            continue;
        }
        session.hand_over(&model.name)?;
        let built = built(session, model).await.map_err(|e| e.at(place.clone()))?;
        session.register_rows_of(&built.name, &built.schema, &built.kept)?;
        if model.is_table() {
            tables.push(built);
        } else {
            check_view_grain(session, model).await.map_err(|e| e.at(place))?;
        }
        session.tidy();
        progress.advance(1);
    }
    Ok(tables)
}

/// The model's rows with the names, order and types of its sidecar.
async fn planned(session: &Session, model: &Model) -> Result<DataFrame> {
    let frame = session.plan(&model.sql).await.map_err(|e| Error::config(e.to_string()))?;
    let returned: Vec<&str> = frame.schema().fields().iter().map(|f| f.name().as_str()).collect();
    let declared: Vec<&str> = model.sidecar.column.iter().map(|c| c.name.as_str()).collect();
    if returned != declared {
        return Err(Error::config(format!(
            "returns ({}), but its sidecar declares ({})",
            returned.join(", "),
            declared.join(", ")
        )));
    }
    let columns = model
        .sidecar
        .column
        .iter()
        .map(|c| Ok(cast(ident(&c.name), c.arrow_type()?).alias(&c.name)))
        .collect::<Result<Vec<_>>>()?;
    frame.select(columns).map_err(|e| Error::config(e.strip_backtrace()))
}

/// Registers the views among the models, to be computed by whoever reads them; what an older run wrote as a table stays.
///
/// # Errors
/// As [`build`], for a statement that does not plan.
pub async fn register_views(session: &Session, models: &[Model]) -> Result<()> {
    for model in models.iter().filter(|m| !m.is_table() && !session.has(&m.name)) {
        register_view(session, model).await?;
    }
    Ok(())
}

async fn register_view(session: &Session, model: &Model) -> Result<()> {
    session.register(&model.name, planned(session, model).await?.into_view())
}

/// The schema of a model's rows, which every file of it has.
///
/// # Errors
/// A config error for a type that is not in the list.
pub fn schema_of(model: &Model) -> Result<SchemaRef> {
    declared_schema(&model.sidecar)
}

async fn built(session: &Session, model: &Model) -> Result<Built> {
    let frame = planned(session, model).await?;
    let schema = declared_schema(&model.sidecar)?;
    let grain = if model.is_table() { model.sidecar.grain.as_slice() } else { &[] };
    let (rows, kept) = session.compute(&model.name, frame, &schema, grain).await?;
    Ok(Built { name: model.name.clone(), schema, rows, kept })
}

/// The Arrow schema of a sidecar.
fn declared_schema(sidecar: &Sidecar) -> Result<SchemaRef> {
    let fields =
        sidecar.column.iter().map(|c| Ok(Field::new(&c.name, c.arrow_type()?, true))).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(Schema::new(fields)))
}

/// A view keeps no order: its grain is counted.
async fn check_view_grain(session: &Session, model: &Model) -> Result<()> {
    let grain = model.sidecar.grain.join(", ");
    let sql = format!(
        "select {grain}, count(*) as row_count from {} group by {grain} having count(*) > 1 limit {SHOWN_FAILURES}",
        model.name
    );
    let (_, batches) = session.query(&sql).await?;
    if batches.iter().any(|b| b.num_rows() > 0) {
        return Err(Error::data(format!("more than one row of one ({grain}):\n{}", show(&batches)?)));
    }
    Ok(())
}

async fn run_checks(session: &Session, model: &Model) -> Result<()> {
    for check in &model.sidecar.check {
        let (_, batches) = session.query(&check.sql).await.map_err(|e| e.at(format!("check `{}`", check.name)))?;
        let failures: usize = batches.iter().map(RecordBatch::num_rows).sum();
        if failures > 0 {
            let shown: Vec<_> = batches.iter().map(|b| b.slice(0, b.num_rows().min(SHOWN_FAILURES))).collect();
            let message = format!("check `{}` fails on {failures} rows:\n{}", check.name, show(&shown)?);
            return Err(Error::data(message));
        }
    }
    Ok(())
}
