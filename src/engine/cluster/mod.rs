//! A Ballista cluster: plans are computed by executors that read the store themselves. Tables that only this process
//! has are laid into the store for them; sorting, checks and all writing stay here.

mod node;
mod travel;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema};
use async_trait::async_trait;
use ballista_core::extension::SessionStateExt;
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::listing::ListingTable;
use datafusion::datasource::{MemTable, provider_as_source, source_as_provider};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, TableScan, lit};
use datafusion::prelude::DataFrame;
use tokio::sync::Mutex;

use super::compute::{Engine, Local, failed};
use super::functions::PSEUDONYM;
use super::rows::Intake;
use super::session::{listed, urls_of};
use super::settings::Settings;
use crate::base::error::Context;
use crate::base::{Clock, Error, ErrorKind, Result};
use crate::store::{FileEntry, Key, RunId, Store};

pub use node::{ExecutorOptions, SchedulerOptions, executor, scheduler};

/// A cluster, as the process sees it that plans.
pub(super) struct Cluster {
    host: String,
    port: u16,
    /// Sends plans instead of computing them.
    remote: SessionContext,
    here: Local,
    store: Store,
    run_id: RunId,
    /// Tables that were laid into the store, by [`name_of`].
    laid: Mutex<BTreeMap<String, Laid>>,
}

/// A name and the very table: models have tables of their own under names that others use, too.
fn name_of(table: &TableReference, provider: &Arc<dyn TableProvider>) -> String {
    format!("{table} {:p}", Arc::as_ptr(provider))
}

/// A table of this process as the cluster reads it.
struct Laid {
    /// Kept, so that no other table takes its place in memory.
    _of: Arc<dyn TableProvider>,
    table: Arc<dyn TableProvider>,
    file: FileEntry,
}

impl Cluster {
    /// A cluster by the address of its scheduler; contacts nothing.
    ///
    /// # Errors
    /// Usage when other machines cannot open the store.
    pub(super) fn new(host: &str, port: u16, store: &Store, settings: &Settings) -> Result<Self> {
        let config = travel::config(store.location()?.as_str()).with_target_partitions(settings.partitions);
        let state = SessionStateBuilder::new().with_default_features().with_config(config).build();
        let state = state.upgrade_for_ballista(format!("http://{host}:{port}"));
        Ok(Self {
            host: host.to_owned(),
            port,
            remote: SessionContext::new_with_state(state.context(ErrorKind::Internal, "no session for a cluster")?),
            here: Local { memory: settings.memory },
            store: store.clone(),
            run_id: RunId::new(Clock::System),
            laid: Mutex::default(),
        })
    }

    /// Whether somebody is there, before a plan is sent to nobody.
    async fn reach(&self) -> Result<()> {
        let (host, port) = (&self.host, self.port);
        let answer = tokio::net::TcpStream::connect((host.as_str(), port)).await;
        let nobody = format!(
            "no scheduler answers at ballista://{host}:{port}: start `seatledger cluster scheduler --bind {host}:{port}`, \
             or run with --engine local"
        );
        answer.map(|_| ()).context(ErrorKind::Source, nobody)
    }

    /// The plan with every table that only this process has replaced by a file of the store.
    async fn for_others(&self, context: &SessionContext, plan: LogicalPlan) -> Result<LogicalPlan> {
        let mut laid = self.laid.lock().await;
        for (table, provider) in tables_at_hand(&plan).context(ErrorKind::Internal, "tables of a plan")? {
            let name = name_of(&table, &provider);
            if let Entry::Vacant(place) = laid.entry(name) {
                place.insert(self.lay(context, &table, provider).await?);
            }
        }
        let replaced = plan.transform_down_with_subqueries(|node| match node {
            LogicalPlan::TableScan(scan) => {
                Ok(match laid.get(&name_of(&scan.table_name, &source_as_provider(&scan.source)?)) {
                    Some(laid) => {
                        let source = provider_as_source(Arc::clone(&laid.table));
                        Transformed::yes(LogicalPlan::TableScan(TableScan { source, ..scan }))
                    }
                    None => Transformed::no(LogicalPlan::TableScan(scan)),
                })
            }
            // The row of a `select` without `from`, as values: the scheduler of Ballista 55.0 waits for ever for a stage
            // of which one task has a `PlaceholderRowExec` and another has none.
            LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: true, .. }) => {
                Ok(Transformed::yes(LogicalPlanBuilder::values(vec![vec![lit(true)]])?.build()?))
            }
            node => Ok(Transformed::no(node)),
        });
        Ok(replaced.context(ErrorKind::Internal, "tables of a plan")?.data)
    }

    async fn lay(
        &self,
        context: &SessionContext,
        table: &TableReference,
        provider: Arc<dyn TableProvider>,
    ) -> Result<Laid> {
        let schema = provider.schema();
        let rows = context.read_table(Arc::clone(&provider)).context(ErrorKind::Internal, "a table")?.collect().await;
        let rows = rows.map_err(|e| failed(&e, self.here.memory))?;
        let key = |sha16: &str| Key::Scratch {
            schema: table.schema().unwrap_or("rows").to_owned(),
            table: table.table().to_owned(),
            run_id: self.run_id.clone(),
            sha16: sha16.to_owned(),
        };
        let file = self.store.put_parquet(key, &schema, &rows).await?;
        let table = listed(schema, &urls_of(std::slice::from_ref(&file), &self.store)?)?;
        Ok(Laid { _of: provider, table, file })
    }
}

#[async_trait]
impl Engine for Cluster {
    async fn compute(
        &self,
        context: &SessionContext,
        frame: DataFrame,
        order: Vec<SortExpr>,
        into: &mut Intake,
    ) -> Result<()> {
        let plan = frame.logical_plan();
        if stays_here(plan).context(ErrorKind::Internal, "what a plan asks")? {
            return self.here.compute(context, frame, order, into).await;
        }
        self.reach().await?;
        let fields = plan.schema().as_arrow().fields().iter();
        let fields = fields.map(|f| Field::new(f.name(), f.data_type().clone(), true)).collect::<Vec<_>>();
        let plan = self.for_others(context, plan.clone()).await?;
        let rows = DataFrame::new(self.remote.state(), plan).collect().await;
        let rows = rows.map_err(|e| Error::data(format!("on the cluster: {}", e.strip_backtrace())))?;
        let schema = Arc::new(Schema::new(fields));
        let rows = rows.into_iter().map(|b| RecordBatch::try_new(Arc::clone(&schema), b.columns().to_vec()));
        let rows = rows.collect::<Result<Vec<_>, _>>().context(ErrorKind::Internal, "rows of a cluster")?;
        let rows = MemTable::try_new(schema, vec![rows]).and_then(|rows| context.read_table(Arc::new(rows)));
        self.here.compute(context, rows.context(ErrorKind::Internal, "rows of a cluster")?, order, into).await
    }

    async fn release(&self) -> Result<()> {
        let laid = std::mem::take(&mut *self.laid.lock().await);
        for Laid { file, .. } in laid.values() {
            self.store.delete(&file.path).await?;
        }
        Ok(())
    }
}

/// Whether a plan must be computed here: it asks the identity map, which never leaves this process, or it is recursive,
/// which Ballista cannot cut into tasks.
fn stays_here(plan: &LogicalPlan) -> datafusion::common::Result<bool> {
    let mut stays = false;
    plan.apply_with_subqueries(|node| {
        stays |= matches!(node, LogicalPlan::RecursiveQuery(_));
        node.apply_expressions(|expression| {
            stays |= expression.exists(|e| Ok(matches!(e, Expr::ScalarFunction(f) if f.name() == PSEUDONYM)))?;
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(stays)
}

/// The tables of a plan that are no files of the store.
fn tables_at_hand(plan: &LogicalPlan) -> datafusion::common::Result<BTreeMap<TableReference, Arc<dyn TableProvider>>> {
    let mut tables = BTreeMap::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let provider = source_as_provider(&scan.source)?;
            let files = provider.downcast_ref::<ListingTable>();
            if !files.is_some_and(|files| files.table_paths().iter().all(|path| path.scheme() == Store::SCHEME)) {
                tables.insert(scan.table_name.clone(), provider);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(tables)
}
