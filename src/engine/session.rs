//! One DataFusion session: fixed settings, so that the same inputs give the same bytes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::execution::context::{SQLOptions, SessionConfig, SessionContext};
use datafusion::prelude::DataFrame;

use super::functions::{self, Pseudonym};
use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Result};
use crate::store::{FileEntry, Store};

/// What an operator may choose about the engine; none of it changes a result.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Partitions of a plan; the number of cores by default.
    pub partitions: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { partitions: std::thread::available_parallelism().map_or(2, usize::from) }
    }
}

/// The tables of one as-of date, ready to be asked.
pub struct Session {
    context: SessionContext,
    as_of: AsOf,
    /// What is readable by one model alone, while its statement is planned.
    own: Mutex<BTreeMap<String, Vec<Named>>>,
}

/// A table and its name.
type Named = (String, Arc<dyn TableProvider>);

impl Session {
    /// An empty session that can read the store's files.
    ///
    /// # Errors
    /// None in practice: the store's own URL is a constant.
    pub fn new(store: &Store, as_of: AsOf, settings: Settings) -> Result<Self> {
        let session = Self::without_store(as_of, settings);
        session.context.register_object_store(&store.url()?, store.object_store());
        Ok(session)
    }

    /// An empty session for rows that are at hand.
    #[allow(clippy::disallowed_methods, reason = "the one maker of sessions")]
    pub fn without_store(as_of: AsOf, settings: Settings) -> Self {
        let config = SessionConfig::new()
            .with_target_partitions(settings.partitions)
            .with_batch_size(8192)
            .with_information_schema(true)
            .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
            .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false);
        let context = SessionContext::new_with_config(config);
        for function in functions::all() {
            context.register_udf(function);
        }
        Self { context, as_of, own: Mutex::default() }.with_pseudonyms(Arc::new(|id| Ok(id.to_owned())))
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
        self.register(name, of_batches(name, schema, batches)?)
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
            let schema = Arc::clone(&table.schema);
            let provider = match &table.rows {
                Rows::Batches(batches) => of_batches(&table.name, schema, batches.clone())?,
                Rows::Files(files) => of_files(&table.name, schema, files, store)?,
            };
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

    /// The rows of a statement that only reads, with their schema.
    ///
    /// # Errors
    /// As [`Session::plan`]; a data error when execution fails.
    pub async fn query(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let frame = self.plan(sql).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let batches = frame.collect().await.map_err(|e| Error::data(e.strip_backtrace()))?;
        Ok((schema, batches))
    }

    /// One table's rows as a single batch, in the order they were written.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn table(&self, name: &str) -> Result<RecordBatch> {
        let provider = self.provider(name).await?;
        let frame = self.context.read_table(provider).context(ErrorKind::Internal, format!("table {name}"))?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let batches = frame.collect().await.map_err(|e| Error::data(e.strip_backtrace()).at(name))?;
        arrow::compute::concat_batches(&schema, &batches).context(ErrorKind::Internal, format!("table {name}"))
    }

    async fn provider(&self, name: &str) -> Result<Arc<dyn TableProvider>> {
        self.context.table_provider(name).await.map_err(|e| Error::usage(e.strip_backtrace()))
    }

    /// Whether a table of this name is there.
    pub fn has(&self, name: &str) -> bool {
        self.context.table_exist(name).unwrap_or(false)
    }
}

/// A table that one model alone can read.
#[derive(Debug, Clone)]
pub struct OwnTable<'a> {
    /// `<schema>.<table>`.
    pub name: String,
    /// Its columns.
    pub schema: SchemaRef,
    /// What is in it.
    pub rows: Rows<'a>,
}

/// Where the rows of a table are.
#[derive(Debug, Clone)]
pub enum Rows<'a> {
    /// At hand.
    Batches(Vec<RecordBatch>),
    /// In committed files.
    Files(&'a [FileEntry]),
}

fn of_batches(name: &str, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<Arc<dyn TableProvider>> {
    let table = MemTable::try_new(schema, vec![batches]).context(ErrorKind::Internal, format!("table {name}"))?;
    Ok(Arc::new(table))
}

fn of_files(name: &str, schema: SchemaRef, files: &[FileEntry], store: &Store) -> Result<Arc<dyn TableProvider>> {
    if files.is_empty() {
        return of_batches(name, schema, Vec::new());
    }
    let root = store.url()?;
    let urls = files
        .iter()
        .map(|f| ListingTableUrl::parse(format!("{root}{}", f.path)))
        .collect::<Result<Vec<_>, _>>()
        .context(ErrorKind::Internal, format!("table {name}"))?;
    let options = ListingOptions::new(Arc::new(ParquetFormat::default()));
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(schema);
    let table = ListingTable::try_new(config).context(ErrorKind::Internal, format!("table {name}"))?;
    Ok(Arc::new(table))
}
