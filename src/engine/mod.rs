//! Layer 4: runs the SQL models. A session holds the inputs of one as-of date and plans, an engine computes plans here or
//! on a cluster, the catalogue knows the models, the runner builds them in order and checks them.

mod catalogue;
mod cluster;
mod compute;
mod encoded;
mod functions;
mod joins;
mod lineage;
mod pool;
mod rows;
mod runner;
mod session;
mod settings;
mod sorted;

pub use catalogue::{Catalogue, Model, bind, tables_read};
pub use cluster::{ExecutorOptions, SchedulerOptions, executor, scheduler};
pub use functions::Pseudonym;
pub use lineage::{Lineage, Source, Sources, trace};
pub use runner::{Built, build, compute, register_views, schema_of};
pub use session::{OwnTable, Session};
pub use settings::Settings;
