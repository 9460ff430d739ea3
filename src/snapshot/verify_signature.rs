//! Who signed a snapshot, and whether that counts.

use super::allowed::{self, AllowedSigners, Refusal};
use super::files::SIGNATURE;
use super::manifest::{Manifest, UNSIGNED};
use super::report::{Fault, SignatureState, Verification};
use super::sign;
use super::verify::Check;

impl Check {
    /// Who signed the list, and whether that counts.
    pub(super) fn signature(
        &mut self,
        list: Option<&[u8]>,
        manifest: Option<&Manifest>,
        allowed: Option<&AllowedSigners>,
        principal: Option<&str>,
        found: &mut Verification,
    ) {
        let promised = manifest.is_some_and(|manifest| manifest.signature != UNSIGNED);
        if std::fs::symlink_metadata(self.root.join(SIGNATURE)).is_err() {
            if promised {
                self.report(SIGNATURE, Fault::Missing, "is not there, manifest.json says who signed");
            } else if allowed.is_some() {
                self.report(SIGNATURE, Fault::Unsigned, "is not there: nobody signed this snapshot");
            }
            return;
        }
        let (Some(signature), Some(list)) = (self.read(SIGNATURE), list) else {
            found.signature = SignatureState::Unreadable;
            return;
        };
        // The time at which the key must have been valid is the run's: its id says it, and the signature covers that.
        let at = manifest.and_then(Manifest::at);
        let checked = allowed::own_key(list, &signature).and_then(|key| {
            let key = sign::fingerprint(&key);
            let signer = manifest.and_then(|manifest| manifest.signer.as_ref());
            if let Some(signer) = signer.filter(|signer| **signer != key) {
                return Err(Refusal::Foreign(format!("it is by {key}, manifest.json says {signer}")));
            }
            found.signer = Some(key);
            let verify = |allowed| allowed::verify_signature(list, &signature, allowed, principal, at);
            allowed.map(verify).transpose()
        });
        found.signature = match checked {
            Ok(Some(principal)) => {
                found.principal = Some(principal);
                SignatureState::Valid
            }
            Ok(None) => SignatureState::Unchecked,
            Err(refusal) => {
                let (state, fault, detail) = match refusal {
                    Refusal::Unreadable(detail) => (SignatureState::Unreadable, Fault::Unreadable, detail),
                    Refusal::Altered(detail) => (SignatureState::Altered, Fault::Altered, detail),
                    Refusal::Foreign(detail) => (SignatureState::Foreign, Fault::Foreign, detail),
                    Refusal::Expired(detail) => (SignatureState::Expired, Fault::Foreign, detail),
                };
                self.report(SIGNATURE, fault, detail);
                state
            }
        };
    }
}
