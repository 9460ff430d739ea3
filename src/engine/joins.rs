//! Which side of a join without a key is held. DataFusion holds the left one, and changes sides only where it knows how
//! many rows both have: what a join gives, however large, stays where it was written.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{CrossJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};

/// The rule that chose sides by what is known.
const CHOSEN: &str = "join_selection";
/// Rows that are few, whatever the other side has.
const FEW_ROWS: usize = 8192;

/// DataFusion's rules, and this one where inputs may still change sides: before partitions are seen to.
pub(super) fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    let after = rules.iter().position(|rule| rule.name() == CHOSEN).map_or(0, |at| at + 1);
    rules.insert(after, Arc::new(HoldFew));
    rules
}

/// Holds the side that is known to be small.
#[derive(Debug)]
struct HoldFew;

impl PhysicalOptimizerRule for HoldFew {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let swap = |plan: Arc<dyn ExecutionPlan>| {
            if let Some(join) = plan.downcast_ref::<CrossJoinExec>()
                && are_few_on_the_right(join.left(), join.right())?
            {
                return Ok(Transformed::yes(join.swap_inputs()?));
            }
            if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>()
                && join.join_type().supports_swap()
                && are_few_on_the_right(join.left(), join.right())?
            {
                return Ok(Transformed::yes(join.swap_inputs()?));
            }
            Ok(Transformed::no(plan))
        };
        plan.transform_up(swap).data()
    }

    fn name(&self) -> &str {
        "hold_few"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn are_few_on_the_right(left: &Arc<dyn ExecutionPlan>, right: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    let known = StatisticsContext::new();
    let rows = |side: &Arc<dyn ExecutionPlan>| -> Result<Option<usize>> {
        Ok(known.compute(side.as_ref(), &StatisticsArgs::new())?.num_rows.get_value().copied())
    };
    Ok(rows(left)?.is_none() && rows(right)?.is_some_and(|rows| rows <= FEW_ROWS))
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
    use arrow::datatypes::Int64Type;
    use datafusion::physical_plan::displayable;

    use super::*;
    use crate::base::AsOf;
    use crate::engine::{Session, Settings};

    fn numbers(to: i64) -> RecordBatch {
        RecordBatch::try_from_iter([("number", Arc::new((0..to).collect::<Int64Array>()) as ArrayRef)]).unwrap()
    }

    #[tokio::test]
    async fn of_a_join_without_a_key_the_few_rows_are_held() {
        let session = Session::without_store(AsOf::parse("2026-11-20").unwrap(), &Settings::default()).unwrap();
        session.register_rows("core.many", numbers(30_000)).unwrap();
        session.register_rows("core.few", numbers(3)).unwrap();
        // Of what a join gives nothing is known.
        let many =
            "(select a.number from core.many as a inner join core.many as b on a.number / 2 = b.number / 2) as many";
        for (join, condition) in [("cross join", ""), ("inner join", " on many.number < few.number")] {
            let sql = format!("select sum(many.number), sum(few.number) from {many} {join} core.few as few{condition}");
            let plan = session.plan(&sql).await.unwrap().create_physical_plan().await.unwrap();
            let plan = displayable(plan.as_ref()).indent(false).to_string();
            let held = plan.lines().skip_while(|line| !line.contains("JoinExec")).nth(1);
            assert!(held.is_some_and(|side| side.contains("DataSourceExec")), "{plan}");
        }
        let sql = format!("select count(*), sum(many.number), sum(few.number) from {many} cross join core.few as few");
        let (_, rows) = session.query(&sql).await.unwrap();
        let sums: Vec<i64> = rows[0].columns().iter().map(|sum| sum.as_primitive::<Int64Type>().value(0)).collect();
        assert_eq!(sums, [180_000, 3 * 29_999 * 30_000, 180_000]);
    }
}
