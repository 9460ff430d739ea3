//! From what the project says about an API to the credential of a client.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use url::Url;

use super::read::fill;
use super::table::{TokenServer, Vendor};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::config::{Live, Login, SecretRef};
use crate::http::{Auth, Grant, Limits, Proof, Secret, SigningKey, Tokens};

/// The credential for an API; secrets are fetched from where they are kept.
///
/// # Errors
/// Config, naming the place of a secret and never what lies there.
pub(super) fn auth(live: &Live, vendor: &Vendor, root: &Path, limits: Limits) -> Result<Auth> {
    let secret = |reference: &SecretRef| Secret::fetch(reference, root);
    let key = |reference: &SecretRef| SigningKey::from_pem(&Secret::fetch_key(reference, root)?);
    let server = vendor.tokens.first();
    let (proof, installation) = match &live.login {
        Login::None => return Ok(Auth::None),
        Login::Bearer(token) => return Ok(Auth::Token("Bearer", secret(token)?)),
        Login::Ssws(token) => return Ok(Auth::Token("SSWS", secret(token)?)),
        Login::Basic { user, secret: password } => return Ok(Auth::Basic(user.clone(), secret(password)?)),
        Login::ClientSecret { client_id, secret: kept } => {
            let (client_id, secret) = (client_id.clone(), secret(kept)?);
            let proof = match server.is_some_and(|server| server.has_basic_secret) {
                true => Proof::SecretInHeader { client_id, secret },
                false => Proof::Secret { client_id, secret },
            };
            (proof, None)
        }
        Login::PrivateKeyJwt { client_id, key_id, key: kept } => {
            (Proof::Assertion { client_id: client_id.clone(), key_id: key_id.clone(), key: key(kept)? }, None)
        }
        Login::JwtBearer { client_id, user, key: kept } => {
            (Proof::ForUser { client_id: client_id.clone(), user: user.clone(), key: key(kept)? }, None)
        }
        Login::GithubApp { client_id, installation, key: kept } => {
            (Proof::App { client_id: client_id.clone(), key: key(kept)? }, Some(installation))
        }
    };
    let Some(server) = server else {
        return Err(Error::internal(format!("nobody says where {} gives out tokens", vendor.kind)));
    };
    let mut values = live.values.clone();
    values.extend(installation.map(|installation| ("installation".to_owned(), installation.clone())));
    let grant = Grant {
        url: token_url(live, server, &values)?,
        private_network: live.private_network,
        proof,
        audience: (!server.audience.is_empty()).then(|| server.audience.to_owned()),
        form: form(live, server, &values)?,
    };
    Ok(Auth::Granted(Arc::new(Tokens::new(grant, limits)?)))
}

fn token_url(live: &Live, server: &TokenServer, values: &BTreeMap<String, String>) -> Result<Url> {
    match &live.token_url {
        Some(url) => Ok(url.clone()),
        None => live.url.join(&fill(server.url, values)?).context(ErrorKind::Internal, "the address of a token server"),
    }
}

fn form(live: &Live, server: &TokenServer, values: &BTreeMap<String, String>) -> Result<Vec<(String, String)>> {
    let mut form = Vec::new();
    for (name, value) in server.form {
        form.push(((*name).to_owned(), fill(value, values)?));
    }
    let scope = if live.scopes.is_empty() { server.scope.to_owned() } else { live.scopes.join(" ") };
    if !scope.is_empty() {
        form.push(("scope".to_owned(), scope));
    }
    Ok(form)
}
