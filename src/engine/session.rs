//! One DataFusion session: fixed settings, so that the same inputs give the same bytes.

use std::sync::Arc;

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
}

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
        Self { context, as_of }.with_pseudonyms(Arc::new(|id| Ok(id.to_owned())))
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
        let table = MemTable::try_new(schema, vec![batches]).context(ErrorKind::Internal, format!("table {name}"))?;
        self.register(name, Arc::new(table))
    }

    /// Makes a table of committed Parquet files of one schema.
    ///
    /// # Errors
    /// As [`Session::register_rows`]; a file that cannot be read shows when it is.
    pub fn register_files(&self, name: &str, schema: SchemaRef, files: &[FileEntry], store: &Store) -> Result<()> {
        if files.is_empty() {
            return self.register_batches(name, schema, Vec::new());
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
        self.register(name, Arc::new(table))
    }

    pub(super) fn register(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
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
        provider.register_table(table_name.to_owned(), table).context(ErrorKind::Internal, format!("table {name}"))?;
        Ok(())
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
