//! One DataFusion session: fixed settings, so that the same inputs give the same bytes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::{SQLOptions, SessionContext, SessionState};
use datafusion::execution::spill_file::SpillFile;
use datafusion::logical_expr::ident;
use datafusion::physical_plan::{ExecutionPlan, collect, execute_stream};
use datafusion::prelude::DataFrame;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use url::Url;

use super::cluster::Cluster;
use super::compute::{Engine, Local, failed, is_exhausted, thrifty, with_config};
use super::encoded::Encoded;
use super::functions::{self, Pseudonym};
use super::joins;
use super::rows::{Intake, Rows};
use super::settings::Settings;
use super::sorted::sorted;
use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Result, memory};
use crate::config::Place;
use crate::store::{FileEntry, Store};

/// The tables of one as-of date, ready to be asked.
pub struct Session {
    context: SessionContext,
    as_of: AsOf,
    /// The limit of the memory, for people.
    memory: Option<u64>,
    /// The bytes that tables may hold in memory.
    room: usize,
    /// The bytes that they hold.
    held: AtomicUsize,
    /// The files of tables that found no room: kept as long as they can be read.
    files: Mutex<Vec<Arc<dyn SpillFile>>>,
    /// Computes the models; questions about their rows are answered here.
    engine: Box<dyn Engine>,
    /// What is readable by one model alone, while its statement is planned.
    own: Mutex<BTreeMap<String, Vec<Named>>>,
}

/// A table and its name.
type Named = (String, Arc<dyn TableProvider>);

impl Session {
    /// An empty session that can read the store's files.
    ///
    /// # Errors
    /// Store when the spill folder cannot be used; Usage when a cluster is to read a store that nobody else can open.
    pub fn new(store: &Store, as_of: AsOf, settings: &Settings) -> Result<Self> {
        let mut session = Self::without_store(as_of, settings)?;
        session.context.register_object_store(&store.url()?, store.object_store());
        if let Place::Cluster { host, port } = &settings.place {
            session.engine = Box::new(Cluster::new(host, *port, store, settings)?);
        }
        Ok(session)
    }

    /// An empty session for rows that are at hand; computes here, whatever the settings say.
    ///
    /// # Errors
    /// Store when the spill folder cannot be used.
    pub fn without_store(as_of: AsOf, settings: &Settings) -> Result<Self> {
        let state = SessionStateBuilder::new_with_default_features()
            .with_config(settings.session())
            .with_runtime_env(settings.runtime()?)
            .with_physical_optimizer_rules(joins::rules());
        let context = SessionContext::new_with_state(state.build());
        for function in functions::all() {
            context.register_udf(function);
        }
        let (memory, room, engine) = (settings.memory, settings.room(), Box::new(Local { memory: settings.memory }));
        let session = Self {
            context,
            as_of,
            memory,
            room,
            held: AtomicUsize::new(0),
            files: Mutex::default(),
            engine,
            own: Mutex::default(),
        };
        Ok(session.with_pseudonyms(Arc::new(|id| Ok(id.to_owned()))))
    }

    /// What `pseudonym(id)` gives from now on; at first every id stands for itself.
    #[must_use]
    pub fn with_pseudonyms(self, key: Pseudonym) -> Self {
        self.context.register_udf(functions::pseudonym(key));
        self
    }

    /// The day the session speaks for.
    pub fn as_of(&self) -> AsOf {
        self.as_of
    }

    /// Makes a small table of rows that are at hand.
    ///
    /// # Errors
    /// An internal error when the name is not `<schema>.<table>` or taken.
    pub fn register_rows(&self, name: &str, batch: RecordBatch) -> Result<()> {
        self.register_batches(name, batch.schema(), vec![batch])
    }

    /// Makes a table of batches that are at hand.
    ///
    /// # Errors
    /// As [`Session::register_rows`].
    pub fn register_batches(&self, name: &str, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<()> {
        let bytes = batches.iter().map(RecordBatch::get_array_memory_size).sum();
        self.register(name, of_batches(name, schema, batches)?)?;
        self.held.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Makes a table of the bytes of a committed file, with the schema it was written with; they stay as they are until
    /// somebody asks.
    ///
    /// # Errors
    /// Data, when it is not Parquet; else as [`Session::register_rows`].
    pub fn register_encoded(&self, name: &str, file: Bytes) -> Result<()> {
        self.register(name, Arc::new(Encoded::new(file)?))
    }

    /// Makes a table of rows that were computed.
    pub(super) fn register_rows_of(&self, name: &str, schema: &SchemaRef, rows: &Rows) -> Result<()> {
        match rows {
            Rows::Memory(batches) => self.register_batches(name, Arc::clone(schema), batches.clone()),
            Rows::File(file) => {
                let url = file.path().and_then(|path| Url::from_file_path(path).ok());
                let url = url.ok_or_else(|| Error::internal(format!("the rows of {name} lie nowhere")))?;
                self.register(name, listed(Arc::clone(schema), &[url])?)?;
                self.files.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(file));
                Ok(())
            }
        }
    }

    /// Makes a table of committed Parquet files of one schema.
    ///
    /// # Errors
    /// As [`Session::register_rows`]; a file that cannot be read shows when it is.
    pub fn register_files(&self, name: &str, schema: SchemaRef, files: &[FileEntry], store: &Store) -> Result<()> {
        self.register(name, of_files(name, schema, files, store)?)
    }

    /// Makes tables that one model alone can read, under names that other models use for tables of their own.
    ///
    /// # Errors
    /// As [`Session::register_rows`].
    pub fn register_own(&self, model: &str, tables: &[OwnTable<'_>], store: &Store) -> Result<()> {
        let mut named = Vec::with_capacity(tables.len());
        for table in tables {
            let provider = of_files(&table.name, Arc::clone(&table.schema), table.files, store)?;
            named.push((table.name.clone(), provider));
        }
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(model.to_owned(), named);
        Ok(())
    }

    /// Puts the tables that a model alone can read in the place of those of another.
    pub(super) fn hand_over(&self, model: &str) -> Result<()> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner).remove(model).unwrap_or_default();
        for (name, table) in own {
            let (schema, table_name) = self.place(&name)?;
            let taken = schema.deregister_table(table_name);
            taken.context(ErrorKind::Internal, format!("table {name}"))?;
            self.register(&name, table)?;
        }
        Ok(())
    }

    pub(super) fn register(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
        let (schema, table_name) = self.place(name)?;
        schema.register_table(table_name.to_owned(), table).context(ErrorKind::Internal, format!("table {name}"))?;
        Ok(())
    }

    /// The schema a table belongs to, made when it is not there yet, and the table's name in it.
    fn place<'a>(&self, name: &'a str) -> Result<(Arc<dyn SchemaProvider>, &'a str)> {
        let (schema, table_name) =
            name.split_once('.').ok_or_else(|| Error::internal(format!("`{name}` is not <schema>.<table>")))?;
        let catalog = self.context.catalog("datafusion").ok_or_else(|| Error::internal("session without catalog"))?;
        let provider = match catalog.schema(schema) {
            Some(provider) => provider,
            None => {
                let provider: Arc<dyn SchemaProvider> = Arc::new(MemorySchemaProvider::new());
                catalog
                    .register_schema(schema, provider.clone())
                    .context(ErrorKind::Internal, format!("schema {schema}"))?;
                provider
            }
        };
        Ok((provider, table_name))
    }

    /// Plans a statement that only reads.
    ///
    /// # Errors
    /// A usage error with the planner's message, which names the unknown table or column.
    pub async fn plan(&self, sql: &str) -> Result<DataFrame> {
        let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        self.context
            .sql_with_options(&super::bind(sql, self.as_of), read_only)
            .await
            .map_err(|e| Error::usage(e.strip_backtrace()))
    }

    /// The rows of a model that was planned here, sorted by its grain if one is given, and how many they are.
    pub(super) async fn compute(
        &self,
        name: &str,
        frame: DataFrame,
        schema: &SchemaRef,
        grain: &[String],
    ) -> Result<(usize, Rows)> {
        let disk = Arc::clone(&self.context.runtime_env().disk_manager);
        let room = self.room.saturating_sub(self.held.load(Ordering::Relaxed));
        let mut intake = Intake::new(name, schema, grain, &disk, room)?;
        let order = grain.iter().map(|column| ident(column).sort(true, true)).collect();
        self.engine.compute(&self.context, frame, order, &mut intake).await?;
        let (count, rows) = intake.finish()?;
        Ok((count, rows))
    }

    /// Gives back to the system what is free, where it waits for it: under a limit.
    pub fn tidy(&self) {
        if self.memory.is_some() {
            memory::trim();
        }
    }

    /// Clears away what was made only to compute models.
    pub(super) async fn release(&self) -> Result<()> {
        self.engine.release().await
    }

    /// The rows of a statement that only reads, with their schema.
    ///
    /// # Errors
    /// As [`Session::plan`]; a data error when execution fails.
    pub async fn query(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let frame = self.plan(sql).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let again = self.memory.map(|_| frame.clone());
        let batches = match (frame.collect().await, again) {
            (Err(e), Some(frame)) if is_exhausted(&e) => {
                let (state, plan) = frame.into_parts();
                DataFrame::new(thrifty(state), plan).collect().await
            }
            (batches, _) => batches,
        };
        Ok((schema, batches.map_err(|e| failed(&e, self.memory))?))
    }

    /// One table's rows as a single batch, in the order they were written.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn table(&self, name: &str) -> Result<RecordBatch> {
        let plan = self.scan(name, &self.in_order()).await?;
        let schema = plan.schema();
        let batches = collect(plan, self.context.task_ctx()).await.map_err(|e| failed(&e, self.memory).at(name))?;
        arrow::compute::concat_batches(&schema, &batches).context(ErrorKind::Internal, format!("table {name}"))
    }

    /// One table's rows, each batch changed and all of them sorted by the columns of `order` then, nulls first. What does
    /// not fit into the memory is sorted on disk.
    ///
    /// # Errors
    /// As [`Session::query`], also for what `change` says.
    pub async fn sorted(
        &self,
        name: &str,
        order: &[String],
        change: impl Fn(&RecordBatch) -> Result<RecordBatch> + Send + Sync + 'static,
    ) -> Result<(SchemaRef, BoxStream<'static, Result<RecordBatch>>)> {
        let (memory, place) = (self.memory, name.to_owned());
        let failed = move |e| failed(&e, memory).at(place.clone());
        // What is a view is joined here, and in one partition by hash joins alone, which cannot spill.
        let state = self.memory.map_or_else(|| self.in_order(), |_| thrifty(self.context.state()));
        let plan = sorted(self.scan(name, &state).await?, Arc::new(change), order).map_err(&failed)?;
        let schema = plan.schema();
        let rows = execute_stream(plan, state.task_ctx()).map_err(&failed)?;
        Ok((schema, rows.map_err(failed).boxed()))
    }

    /// The columns of a table.
    ///
    /// # Errors
    /// Usage, when there is no such table.
    pub async fn schema(&self, name: &str) -> Result<SchemaRef> {
        Ok(self.provider(name).await?.schema())
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn count(&self, name: &str) -> Result<usize> {
        let table = self.provider(name).await?;
        let frame = self.context.read_table(table).map_err(|e| failed(&e, self.memory).at(name))?;
        frame.count().await.map_err(|e| failed(&e, self.memory).at(name))
    }

    /// A state that reads tables in the order in which they were written: of two partitions, either could be first.
    fn in_order(&self) -> SessionState {
        with_config(self.context.state(), self.context.copied_config().with_target_partitions(1))
    }

    async fn scan(&self, name: &str, state: &SessionState) -> Result<Arc<dyn ExecutionPlan>> {
        let provider = self.provider(name).await?;
        provider.scan(state, None, &[], None).await.map_err(|e| failed(&e, self.memory).at(name))
    }

    async fn provider(&self, name: &str) -> Result<Arc<dyn TableProvider>> {
        self.context.table_provider(name).await.map_err(|e| Error::usage(e.strip_backtrace()))
    }

    /// Whether a table of this name is there.
    pub fn has(&self, name: &str) -> bool {
        self.context.table_exist(name).unwrap_or(false)
    }
}

/// A table of Parquet files of one schema. It names the files: a listing could be an old one.
pub(super) fn listed(schema: SchemaRef, files: &[Url]) -> Result<Arc<dyn TableProvider>> {
    let urls = files.iter().map(ListingTableUrl::parse).collect::<Result<Vec<_>, _>>();
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension("");
    let config = ListingTableConfig::new_with_multi_paths(urls.context(ErrorKind::Internal, "a file's URL")?)
        .with_listing_options(options)
        .with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config).context(ErrorKind::Internal, "a table of files")?))
}

/// Where committed files are for DataFusion.
pub(super) fn urls_of(files: &[FileEntry], store: &Store) -> Result<Vec<Url>> {
    let root = store.url()?;
    let urls = files.iter().map(|file| root.join(&file.path)).collect::<Result<_, _>>();
    urls.context(ErrorKind::Internal, "a file's URL")
}

/// A table that one model alone can read.
#[derive(Debug, Clone)]
pub struct OwnTable<'a> {
    /// `<schema>.<table>`.
    pub name: String,
    /// Its columns.
    pub schema: SchemaRef,
    /// The committed files with its rows.
    pub files: &'a [FileEntry],
}

fn of_batches(name: &str, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<Arc<dyn TableProvider>> {
    let table = MemTable::try_new(schema, vec![batches]).context(ErrorKind::Internal, format!("table {name}"))?;
    Ok(Arc::new(table))
}

fn of_files(name: &str, schema: SchemaRef, files: &[FileEntry], store: &Store) -> Result<Arc<dyn TableProvider>> {
    if files.is_empty() {
        return of_batches(name, schema, Vec::new());
    }
    listed(schema, &urls_of(files, store)?)
}
