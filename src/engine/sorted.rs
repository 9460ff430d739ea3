//! The rows of a table changed batch by batch and sorted anew: what does not fit into memory is sorted on disk.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result as Planned};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};
use futures::{StreamExt, TryStreamExt, stream};

use crate::base::Result;

/// What becomes of each batch; its columns keep their names and types.
pub(super) type Change = Arc<dyn Fn(&RecordBatch) -> Result<RecordBatch> + Send + Sync>;

/// The plan of changed rows, sorted by columns, nulls first.
///
/// # Errors
/// A column that is not there.
pub(super) fn sorted(
    rows: Arc<dyn ExecutionPlan>,
    change: Change,
    order: &[String],
) -> Planned<Arc<dyn ExecutionPlan>> {
    let schema = rows.schema();
    let options = SortOptions { descending: false, nulls_first: true };
    let columns = order.iter().map(|name| {
        let column = Arc::new(Column::new_with_schema(name, &schema)?);
        Ok(PhysicalSortExpr::new(column, options))
    });
    let columns = columns.collect::<Planned<Vec<_>>>()?;
    let changed = Arc::new(Changed { rows, schema: Arc::clone(&schema), change });
    let changed = Arc::new(StreamingTableExec::try_new(schema, vec![changed], None, [], false, None)?);
    Ok(match LexOrdering::new(columns) {
        Some(order) => Arc::new(SortExec::new(order, changed)),
        None => changed,
    })
}

/// The rows of a plan, changed batch by batch.
struct Changed {
    rows: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
    change: Change,
}

impl fmt::Debug for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changed").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl PartitionStream for Changed {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let change = Arc::clone(&self.change);
        let rows = stream::iter([execute_stream(Arc::clone(&self.rows), context)]).try_flatten();
        let changed = rows.map(move |batch| change(&batch?).map_err(|e| DataFusionError::External(e.into())));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), changed))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
    use arrow::compute::concat_batches;
    use arrow::datatypes::Int64Type;

    use super::*;
    use crate::base::{AsOf, Error, ErrorKind};
    use crate::engine::{Session, Settings};

    /// Numbers, each beside a long text.
    fn batch(from: i64) -> RecordBatch {
        let numbers: ArrayRef = Arc::new((from..from + 8192).collect::<Int64Array>());
        let words: ArrayRef = Arc::new((from..from + 8192).map(|n| Some(format!("{n:064}"))).collect::<StringArray>());
        RecordBatch::try_from_iter([("number", numbers), ("word", words)]).unwrap()
    }

    /// The numbers below 0.
    fn turned(rows: &RecordBatch) -> Result<RecordBatch> {
        let numbers: ArrayRef = Arc::new(rows.column(0).as_primitive::<Int64Type>().unary::<_, Int64Type>(|n| -n));
        Ok(RecordBatch::try_new(rows.schema(), vec![numbers, Arc::clone(rows.column(1))]).unwrap())
    }

    async fn sorted_within(memory: Option<u64>, order: &str) -> Result<RecordBatch> {
        changed_and_sorted(memory, order, turned).await
    }

    async fn changed_and_sorted(
        memory: Option<u64>,
        order: &str,
        change: fn(&RecordBatch) -> Result<RecordBatch>,
    ) -> Result<RecordBatch> {
        let settings = Settings { memory, ..Settings::default() };
        let session = Session::without_store(AsOf::parse("2026-11-20")?, &settings)?;
        let rows: Vec<_> = (0..60).map(|at| batch(at * 8192)).collect();
        session.register_batches("core.numbers", rows[0].schema(), rows)?;
        let (schema, rows) = session.sorted("core.numbers", &[order.to_owned()], change).await?;
        Ok(concat_batches(&schema, &rows.try_collect::<Vec<_>>().await?).unwrap())
    }

    #[tokio::test]
    async fn changed_rows_are_sorted_beyond_the_memory() {
        let freely = sorted_within(None, "number").await.unwrap();
        let numbers = freely.column(0).as_primitive::<Int64Type>().values();
        assert!(numbers.iter().copied().eq(1 - 60 * 8192..=0), "the change comes before the order");
        assert_eq!(freely.column(1).as_string::<i32>().value(0), format!("{:064}", 60 * 8192 - 1));
        // Forty megabytes of rows, half of sixteen to sort them in.
        assert_eq!(sorted_within(Some(16_000_000), "number").await.unwrap(), freely);
    }

    #[tokio::test]
    async fn an_order_by_no_column_is_refused() {
        let error = sorted_within(None, "numbr").await.unwrap_err();
        assert!(error.to_string().contains("numbr"), "{error}");
    }

    #[tokio::test]
    async fn what_a_change_says_is_said_with_its_kind() {
        let error = changed_and_sorted(None, "number", |_| Err(Error::store("no key"))).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Store, "core.numbers: no key".to_owned()));
    }
}
