//! Layer 4: runs the SQL models. A session holds the inputs of one as-of date, the catalogue knows the models, the
//! runner builds them in order, checks them and writes them.

mod catalogue;
mod functions;
mod runner;
mod session;

pub use catalogue::{Catalogue, Model, bind, tables_read};
pub use functions::Pseudonym;
pub use runner::{Built, build, compute, register_views, schema_of};
pub use session::{OwnTable, Rows, Session, Settings};
