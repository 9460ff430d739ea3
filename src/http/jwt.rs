//! Signed tokens: RS256 by a key of the project, ES256 by a key that this process makes and forgets.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::secret::Secret;
use crate::base::{Error, Result};

/// An RSA key that signs for the project.
#[derive(Clone)]
pub struct SigningKey(Arc<RsaKeyPair>);

impl SigningKey {
    /// Reads a key: PKCS#8 in PEM, of 2048 bits or more.
    ///
    /// # Errors
    /// Config, saying what to do; nothing of the text is shown.
    pub fn from_pem(text: &Secret) -> Result<Self> {
        let pem = text.expose();
        let begin = |label: &str| pem.find(&format!("-----BEGIN {label}-----"));
        if begin("RSA PRIVATE KEY").is_some() || begin("ENCRYPTED PRIVATE KEY").is_some() {
            let how = "openssl pkcs8 -topk8 -nocrypt -in KEY -out KEY.pk8";
            return Err(Error::config(format!("a key of another form than plain PKCS#8: turn it with `{how}`")));
        }
        let unreadable = || Error::config("no key of RSA in PKCS#8 PEM: it begins with -----BEGIN PRIVATE KEY-----");
        let start = begin("PRIVATE KEY").ok_or_else(unreadable)? + "-----BEGIN PRIVATE KEY-----".len();
        let end = pem.find("-----END PRIVATE KEY-----").filter(|end| *end > start).ok_or_else(unreadable)?;
        let packed: Zeroizing<String> = Zeroizing::new(pem[start..end].split_whitespace().collect());
        let der = Zeroizing::new(STANDARD.decode(packed.as_bytes()).map_err(|_| unreadable())?);
        let pair = RsaKeyPair::from_pkcs8(&der).map_err(|why| Error::config(format!("the key cannot sign: {why}")))?;
        Ok(Self(Arc::new(pair)))
    }

    /// The claims, signed.
    pub(super) fn sign(&self, key_id: Option<&str>, claims: &Value) -> Result<Secret> {
        let mut header = json!({ "alg": "RS256", "typ": "JWT" });
        if let Some(key_id) = key_id {
            header["kid"] = key_id.into();
        }
        signed(&header, claims, |text| {
            let mut signature = vec![0; self.0.public().modulus_len()];
            self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).ok()?;
            Some(signature)
        })
    }
}

/// A key of this process by which a token is bound to it (RFC 9449): who steals the token cannot use it.
pub(super) struct ProofKey(EcdsaKeyPair);

impl ProofKey {
    pub(super) fn make() -> Result<Self> {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let pair = EcdsaKeyPair::generate_pkcs8(kind, &random).ok();
        let pair = pair.and_then(|made| EcdsaKeyPair::from_pkcs8(kind, made.as_ref(), &random).ok());
        pair.map(Self).ok_or_else(|| Error::internal("no key for DPoP can be made"))
    }

    /// The proof for one request: its method, its address without query, the time, the server's nonce, and the token
    /// that goes with it.
    pub(super) fn proof(
        &self,
        method: &str,
        address: &str,
        at: i64,
        nonce: Option<&str>,
        token: Option<&str>,
    ) -> Result<Secret> {
        // The public key is 0x04 and two coordinates of 32 bytes.
        let point = self.0.public_key().as_ref();
        let coordinate = |range| point.get(range).map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).unwrap_or_default();
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": coordinate(1..33), "y": coordinate(33..65) });
        let mut claims = json!({ "htm": method, "htu": address, "iat": at, "jti": random_id()? });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(token) = token {
            claims["ath"] = URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes())).into();
        }
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
        signed(&header, &claims, |text| {
            let signature = self.0.sign(&SystemRandom::new(), text).ok()?;
            Some(signature.as_ref().to_vec())
        })
    }
}

fn signed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Result<Secret> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let signature = sign(text.as_bytes()).ok_or_else(|| Error::internal("a token cannot be signed"))?;
    Ok(Secret::new(&format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

/// An id that nobody else has.
fn random_id() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::getrandom(&mut bytes).map_err(|_| Error::internal("the system gives no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../../tests/fixtures/live/key.pem");

    #[test]
    fn a_key_is_read_or_one_hears_what_to_do() {
        let read = |text: &str| SigningKey::from_pem(&Secret::new(text)).map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(read(KEY), Ok(()));
        assert_eq!(read(&KEY.replace('\n', "\r\n")), Ok(()));
        assert!(read(&KEY.replace("PRIVATE", "RSA PRIVATE")).unwrap_err().contains("openssl pkcs8 -topk8"));
        let cut: String = KEY.chars().take(600).chain("\n-----END PRIVATE KEY-----".chars()).collect();
        for bad in ["", "hunter2", cut.as_str(), &KEY.replace("-----END", "----")] {
            let said = read(bad).unwrap_err();
            assert!(!said.contains("hunter2") && !said.contains("MII"), "{said}");
        }
    }

    #[test]
    fn a_token_says_who_signed_and_a_proof_is_never_the_same() {
        let part = |token: &Secret, n: usize| -> Value {
            let text = token.expose().split('.').nth(n).unwrap();
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
        };
        let key = SigningKey::from_pem(&Secret::new(KEY)).unwrap();
        let token = key.sign(Some("k1"), &json!({ "iss": "me" })).unwrap();
        assert_eq!(part(&token, 0), json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }));
        assert_eq!(part(&token, 1), json!({ "iss": "me" }));
        let key = ProofKey::make().unwrap();
        let proof = || key.proof("GET", "https://a.example/x", 1_795_255_200, Some("n"), Some("token")).unwrap();
        let (one, two) = (part(&proof(), 1), part(&proof(), 1));
        assert_eq!(
            (&one["htm"], &one["htu"], &one["nonce"]),
            (&json!("GET"), &json!("https://a.example/x"), &json!("n"))
        );
        // RFC 9449, section 4.2: the hash of the token.
        assert_eq!(one["ath"].as_str().unwrap().len(), 43);
        assert_ne!(one["jti"], two["jti"]);
    }
}
