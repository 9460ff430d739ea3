//! Where a plan is computed. A session plans a model one way; an engine makes rows of the plan.

use async_trait::async_trait;
use datafusion::common::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::{SessionConfig, SessionContext, SessionState};
use datafusion::logical_expr::SortExpr;
use datafusion::prelude::DataFrame;
use futures::StreamExt;

use super::rows::Intake;
use crate::base::{Error, Result, size};

/// A place where plans are computed. Rows are the same everywhere; only an order that is asked for is an order.
#[async_trait]
pub(super) trait Engine: Send + Sync {
    /// Computes a frame that a session planned, sorted when there is something to sort by.
    async fn compute(
        &self,
        context: &SessionContext,
        frame: DataFrame,
        order: Vec<SortExpr>,
        into: &mut Intake,
    ) -> Result<()>;

    /// Clears away what was made only to compute.
    async fn release(&self) -> Result<()> {
        Ok(())
    }
}

/// This process.
#[derive(Debug)]
pub(super) struct Local {
    /// The limit of the session's memory, for people.
    pub memory: Option<u64>,
}

#[async_trait]
impl Engine for Local {
    async fn compute(
        &self,
        _: &SessionContext,
        frame: DataFrame,
        order: Vec<SortExpr>,
        into: &mut Intake,
    ) -> Result<()> {
        let frame = if order.is_empty() { Ok(frame) } else { frame.sort(order) };
        let (state, plan) = frame.map_err(|e| Error::config(e.strip_backtrace()))?.into_parts();
        let poured = pour(DataFrame::new(state.clone(), plan.clone()), into).await;
        let poured = match poured {
            Err(e) if self.memory.is_some() && is_exhausted(&e) => {
                into.restart();
                pour(DataFrame::new(thrifty(state), plan), into).await
            }
            poured => poured,
        };
        poured.map_err(|e| failed(&e, self.memory))?
    }
}

/// Rows go where they are taken, batch by batch. What the taker says is one thing, what the plan says another.
async fn pour(frame: DataFrame, into: &mut Intake) -> datafusion::common::Result<Result<()>> {
    let mut rows = frame.execute_stream().await?;
    while let Some(batch) = rows.next().await {
        if let Err(refused) = into.push(&batch?) {
            return Ok(Err(refused));
        }
    }
    Ok(Ok(()))
}

/// A state that plans for little memory: joins that can spill, few partitions, for each has buffers of its own, and small
/// batches, for a merge of spilled files holds one of each. With one partition, DataFusion plans hash joins whatever is
/// preferred.
pub(super) fn thrifty(state: SessionState) -> SessionState {
    let mut config =
        state.config().clone().with_target_partitions(2).with_repartition_joins(true).with_batch_size(1024);
    config.options_mut().optimizer.prefer_hash_join = false;
    with_config(state, config)
}

/// The same tables and functions under other settings.
pub(super) fn with_config(state: SessionState, config: SessionConfig) -> SessionState {
    // A new default catalog would take the place of the one there is.
    let config = config.with_create_default_catalog_and_schema(false);
    SessionStateBuilder::new_from_existing(state).with_config(config).build()
}

pub(super) fn is_exhausted(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
}

/// What went wrong with rows, for people.
pub(super) fn failed(error: &DataFusionError, memory: Option<u64>) -> Error {
    // What our own code said within a plan keeps its kind.
    if let DataFusionError::External(cause) = error.find_root()
        && let Some(ours) = cause.downcast_ref::<Error>()
    {
        return Error::new(ours.kind(), ours.to_string());
    }
    if !is_exhausted(error) {
        return Error::data(error.strip_backtrace());
    }
    let limit = memory.map_or(String::new(), |memory| format!(" within {}", size::show(memory)));
    let root = error.find_root().strip_backtrace();
    Error::usage(format!("cannot be computed{limit}: give --memory more, or name a larger spill folder ({root})"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
    use arrow::datatypes::Int64Type;
    use futures::TryStreamExt;

    use crate::base::{AsOf, ErrorKind};
    use crate::engine::{Session, Settings};

    /// About 100 MB of rows in no order.
    fn rows() -> Vec<RecordBatch> {
        let batch = |from: i64| {
            let mixed = |n: i64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed()) >> 20;
            let numbers: ArrayRef = Arc::new((from..from + 8192).map(mixed).collect::<Int64Array>());
            let words = (from..from + 8192).map(|n| Some(format!("{:064}", mixed(n)))).collect::<StringArray>();
            RecordBatch::try_from_iter([("number", numbers), ("word", Arc::new(words) as ArrayRef)]).unwrap()
        };
        (0..150).map(|at| batch(at * 8192)).collect()
    }

    async fn computed(memory: Option<u64>, sql: &str) -> crate::base::Result<(usize, bytes::Bytes)> {
        let settings = Settings { memory, partitions: 2, ..Settings::default() };
        let session = Session::without_store(AsOf::parse("2026-11-20")?, &settings)?;
        let rows = rows();
        session.register_batches("core.events", rows[0].schema(), rows)?;
        let frame = session.plan(sql).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let (count, rows) = session.compute("core.test", frame, &schema, &["number".to_owned()]).await?;
        Ok((count, rows.encode(&schema)?))
    }

    #[tokio::test]
    async fn what_does_not_fit_goes_to_disk_and_gives_the_same_bytes() {
        for sql in [
            "select number, max(word) as word from core.events group by number",
            "select a.number, b.word from core.events a join core.events b on a.number = b.number and a.word = b.word",
        ] {
            let freely = computed(None, sql).await.unwrap();
            assert!(freely.0 > 1_000_000);
            assert!(computed(Some(64_000_000), sql).await.unwrap() == freely, "{sql}");
        }
    }

    #[tokio::test]
    async fn questions_and_views_that_do_not_fit_are_joined_on_disk() {
        let sql =
            "select a.number, b.word from core.events a join core.events b on a.number = b.number and a.word = b.word";
        let settings = Settings { memory: Some(64_000_000), partitions: 2, ..Settings::default() };
        let session = Session::without_store(AsOf::parse("2026-11-20").unwrap(), &settings).unwrap();
        let rows = rows();
        session.register_batches("core.events", rows[0].schema(), rows).unwrap();
        session.register("core.joined", session.plan(sql).await.unwrap().into_view()).unwrap();
        let (_, counted) = session.query("select count(*) from core.joined").await.unwrap();
        assert_eq!(counted[0].column(0).as_primitive::<Int64Type>().value(0), 150 * 8192);
        let (_, sorted) = session.sorted("core.joined", &["number".to_owned()], |rows| Ok(rows.clone())).await.unwrap();
        let counts: Vec<usize> = sorted.map_ok(|rows| rows.num_rows()).try_collect().await.unwrap();
        assert_eq!(counts.iter().sum::<usize>(), 150 * 8192);
    }

    #[tokio::test]
    async fn what_cannot_be_done_within_a_limit_says_so() {
        let sql = "select 1 as number, string_agg(word, '' order by word) as word from core.events";
        let error = computed(Some(64_000_000), sql).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
        assert!(error.to_string().contains("within 64MB: give --memory more"), "{error}");
    }
}
