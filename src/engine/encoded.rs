//! A committed table as it lies in its file: of every question, only the columns it asks for are decoded.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use bytes::Bytes;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result as Planned};
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use crate::base::Result;
use crate::store::parquet::Batches;

/// A table that is held as Parquet: a tenth of what its rows would take.
#[derive(Debug)]
pub(super) struct Encoded {
    schema: SchemaRef,
    file: Bytes,
}

impl Encoded {
    /// The table of a file.
    ///
    /// # Errors
    /// Data, when it is not Parquet.
    pub(super) fn new(file: Bytes) -> Result<Self> {
        Ok(Self { schema: Batches::open(file.clone())?.schema(), file })
    }
}

#[async_trait]
impl TableProvider for Encoded {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Planned<Arc<dyn ExecutionPlan>> {
        let asked = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        let names: Vec<&str> = asked.fields().iter().map(|field| field.name().as_str()).collect();
        let batches = Batches::of_columns(self.file.clone(), &names).and_then(Iterator::collect::<Result<Vec<_>>>);
        let batches = batches.map_err(|error| DataFusionError::External(error.into()))?;
        // They come in the order of the file.
        let ordered = batches.iter().map(|batch| {
            let places = names.iter().map(|name| batch.schema().index_of(name)).collect::<Result<Vec<_>, _>>()?;
            batch.project(&places)
        });
        let table = MemTable::try_new(Arc::clone(&asked), vec![ordered.collect::<Result<_, _>>()?])?;
        table.scan(state, None, filters, limit).await
    }
}
