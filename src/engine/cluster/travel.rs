//! What travels with every plan, so that a scheduler and an executor read it as this process does: settings, functions,
//! and which store its tables lie in. Credentials never travel: every node has its own.

use std::any::Any;
use std::path::Path;

use ballista_core::extension::{
    SessionConfigExt, ballista_aggregate_functions, ballista_scalar_functions, ballista_window_functions,
};
use ballista_core::optimizer::ballista_default_optimizer_rules;
use datafusion::common::{DataFusionError, Result};
use datafusion::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::{SessionConfig, SessionState};
use datafusion::execution::runtime_env::RuntimeEnv;
use std::sync::Arc;
use url::Url;

use super::super::functions;
use super::super::settings;
use crate::base::Error;
use crate::config::store_options;
use crate::store::Store;

/// The largest message between client, scheduler and executors: a plan over thousands of files exceeds the 16 MiB that
/// are usual.
pub(super) const MESSAGE_BYTES: u32 = 256 << 20;

/// The settings of a plan over the tables of a store.
pub(super) fn config(store: &str) -> SessionConfig {
    settings::tuned(SessionConfig::new_with_ballista())
        // Weeks old when 55.0 was cut, and its guide promises no more than the happy path.
        .with_ballista_adaptive_query_planner(false)
        .with_ballista_grpc_client_max_message_size(MESSAGE_BYTES as usize)
        .with_ballista_broadcast_join_threshold_bytes(settings::BROADCAST_BYTES)
        .with_ballista_broadcast_join_threshold_rows(settings::BROADCAST_ROWS)
        .with_option_extension(StoreOptions { store: store.to_owned() })
}

/// A state that knows every function of the models, in a runtime that can read the store which the settings name.
///
/// # Errors
/// When this machine cannot open that store.
pub(super) fn state(config: SessionConfig, runtime: Arc<RuntimeEnv>) -> Result<SessionState> {
    open_store(&config, &runtime)?;
    let mut scalars = ballista_scalar_functions();
    scalars.extend(functions::all().into_iter().map(Arc::new));
    Ok(SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_optimizer_rules(ballista_default_optimizer_rules())
        .with_scalar_functions(scalars)
        .with_aggregate_functions(ballista_aggregate_functions())
        .with_window_functions(ballista_window_functions())
        .build())
}

/// Opens the store which the settings name, if they name one.
///
/// # Errors
/// When this machine cannot.
pub(super) fn open_store(config: &SessionConfig, runtime: &RuntimeEnv) -> Result<()> {
    let named = config.options().extensions.get::<StoreOptions>().map(|options| options.store.as_str());
    let Some(location) = named.filter(|location| !location.is_empty()) else { return Ok(()) };
    let folder = Url::parse(location).ok().filter(|url| url.scheme() == "file").and_then(|url| url.to_file_path().ok());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        let message = format!("the store {location} is not on this machine: mount it here, or use a bucket");
        return Err(outer(Error::store(message)));
    }
    let store = Store::open_with(location, Path::new("/"), store_options()).map_err(outer)?;
    runtime.register_object_store(&store.url().map_err(outer)?, store.object_store());
    Ok(())
}

fn outer(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// The setting that names the store.
#[derive(Debug, Clone, Default)]
struct StoreOptions {
    store: String,
}

impl ConfigExtension for StoreOptions {
    const PREFIX: &'static str = "seatledger";
}

impl ExtensionOptions for StoreOptions {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        if key != "store" {
            return Err(DataFusionError::Configuration(format!("there is no setting seatledger.{key}")));
        }
        value.clone_into(&mut self.store);
        Ok(())
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        vec![ConfigEntry {
            key: "seatledger.store".to_owned(),
            value: Some(self.store.clone()),
            description: "where the tables of a plan lie",
        }]
    }
}
