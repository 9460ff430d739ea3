//! Connections that are not HTTP: a mail server, a syslog collector.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::reach::Resolver;
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::config::{Guard, Wire as Place};

/// A connection, plain or not.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Opens a connection; where TLS comes first it is up already.
///
/// # Errors
/// Source, naming the host.
pub async fn connect(place: &Place, private_network: bool, patience: Duration) -> Result<Box<dyn Wire>> {
    let name = format!("{}:{}", place.host, place.port);
    let unreachable = || format!("{name}: no connection");
    let open = async {
        let found = Resolver { private_network }.look_up(&place.host, place.port).await;
        let addresses = found.context(ErrorKind::Source, unreachable())?;
        TcpStream::connect(addresses.as_slice()).await.context(ErrorKind::Source, unreachable())
    };
    let stream = tokio::time::timeout(patience, open).await.context(ErrorKind::Source, unreachable())??;
    match place.guard {
        Guard::Tls => start_tls(Box::new(stream), &place.host, patience).await,
        Guard::StartTls | Guard::Plain => Ok(Box::new(stream)),
    }
}

/// Protects a connection that is open.
///
/// # Errors
/// Source, naming the host, when the other side is not who it should be.
pub async fn start_tls(stream: Box<dyn Wire>, host: &str, patience: Duration) -> Result<Box<dyn Wire>> {
    let server =
        ServerName::try_from(host.to_owned()).context(ErrorKind::Config, format!("{host}: is no host name"))?;
    let connector = TlsConnector::from(config()?);
    let secured = tokio::time::timeout(patience, connector.connect(server, stream)).await;
    let what = || format!("{host}: no protected connection");
    let stream = secured.context(ErrorKind::Source, what())?.context(ErrorKind::Source, what())?;
    Ok(Box::new(stream))
}

/// TLS 1.2 and 1.3 against the certificates that the machine trusts.
fn config() -> Result<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(Error::new(ErrorKind::Config, "this machine trusts no certificate authority: install its list"));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context(ErrorKind::Internal, "TLS")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(CONFIG.get_or_init(|| Arc::new(config)).clone())
}
