//! Builds models: plan, hold to the sidecar, sort by the grain, check, write.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::row::{RowConverter, SortField};
use arrow::util::pretty::pretty_format_batches;
use datafusion::logical_expr::{cast, ident};
use datafusion::prelude::DataFrame;

use super::{Model, Session};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Progress, Result};
use crate::schema::sidecar::Sidecar;

/// How many failing rows a message shows.
const SHOWN_FAILURES: usize = 5;

/// A table as it was built: its rows, sorted by the grain.
#[derive(Debug, Clone)]
pub struct Built {
    /// `<schema>.<table>`.
    pub name: String,
    /// The schema the sidecar declares.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// How many they are.
    pub rows: usize,
}

/// Builds the models in the order given and registers each: a view is computed once for all its readers, a table is
/// returned as well. Nothing is written.
///
/// # Errors
/// A config error when a statement does not plan or does not return the columns its sidecar declares; a data error
/// when a grain is not unique or a check returns rows.
pub async fn build(session: &Session, models: &[&Model], progress: &dyn Progress) -> Result<Vec<Built>> {
    progress.start("build", models.len() as u64);
    let tables = compute(session, models, progress).await?;
    // A check may read any model, so all are there first. What nobody computed is not checked.
    for model in models.iter().filter(|model| !model.is_on_demand()) {
        run_checks(session, model).await.map_err(|e| e.at(format!("sql/{}.toml", model.name.replace('.', "/"))))?;
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
    for model in models {
        let place = format!("sql/{}.sql", model.name.replace('.', "/"));
        if model.is_on_demand() {
            register_view(session, model).await.map_err(|e| e.at(place))?;
            progress.advance(1);
            continue;
        }
        session.hand_over(&model.name)?;
        let built = built(session, model).await.map_err(|e| e.at(place.clone()))?;
        session.register_batches(&built.name, built.schema.clone(), built.batches.clone())?;
        if model.is_table() {
            tables.push(built);
        } else {
            check_view_grain(session, model).await.map_err(|e| e.at(place))?;
        }
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

/// Registers the views among the models, to be computed by whoever reads them.
///
/// # Errors
/// As [`build`], for a statement that does not plan.
pub async fn register_views(session: &Session, models: &[Model]) -> Result<()> {
    for model in models.iter().filter(|m| !m.is_table()) {
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
    let mut frame = planned(session, model).await?;
    if model.is_table() {
        let order = model.sidecar.grain.iter().map(|g| ident(g).sort(true, true)).collect();
        frame = frame.sort(order).map_err(|e| Error::config(e.strip_backtrace()))?;
    }
    let batches = frame.collect().await.map_err(|e| Error::data(e.strip_backtrace()))?;
    let schema = declared_schema(&model.sidecar)?;
    let batches = batches
        .into_iter()
        .map(|b| RecordBatch::try_new(schema.clone(), b.columns().to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .context(ErrorKind::Internal, "rows do not fit their schema")?;
    if model.is_table() {
        check_grain(&model.sidecar, &batches)?;
    }
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    Ok(Built { name: model.name.clone(), schema, batches, rows })
}

/// The Arrow schema of a sidecar.
fn declared_schema(sidecar: &Sidecar) -> Result<SchemaRef> {
    let fields =
        sidecar.column.iter().map(|c| Ok(Field::new(&c.name, c.arrow_type()?, true))).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(Schema::new(fields)))
}

/// Sorted rows are unique when no two neighbours are equal.
fn check_grain(sidecar: &Sidecar, batches: &[RecordBatch]) -> Result<()> {
    let mut previous: Vec<u8> = Vec::new();
    for batch in batches {
        let columns: Vec<_> = sidecar.grain.iter().filter_map(|g| batch.column_by_name(g)).map(Arc::clone).collect();
        if let Some(at) = columns.iter().position(|c| c.null_count() > 0) {
            return Err(Error::data(format!("grain column `{}` holds nulls", sidecar.grain[at])));
        }
        let fields = columns.iter().map(|c| SortField::new(c.data_type().clone())).collect();
        let converter = RowConverter::new(fields).context(ErrorKind::Internal, "grain")?;
        let rows = converter.convert_columns(&columns).context(ErrorKind::Internal, "grain")?;
        for (at, row) in rows.iter().enumerate() {
            if previous == row.data() {
                let shown = show(&[batch.slice(at, 1)])?;
                return Err(Error::data(format!("two rows of one ({}):\n{shown}", sidecar.grain.join(", "))));
            }
            previous.clear();
            previous.extend_from_slice(row.data());
        }
    }
    Ok(())
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

fn show(batches: &[RecordBatch]) -> Result<String> {
    Ok(pretty_format_batches(batches).context(ErrorKind::Internal, "rows to show")?.to_string())
}
