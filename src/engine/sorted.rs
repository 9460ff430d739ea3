//! The rows of a table in an order that they have once each batch was changed: what does not fit into memory is sorted on
//! disk.

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
