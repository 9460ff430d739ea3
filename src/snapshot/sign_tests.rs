//! Signatures: ours, those of ssh-keygen and ssh-agent where they are installed, and those that must not count.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use chrono::{DateTime, Utc};
use ssh_key::private::Ed25519Keypair;
use ssh_key::{HashAlg, LineEnding, PrivateKey};

use super::tests::{input, shell};
use super::*;
use crate::base::ErrorKind;
use crate::config::SnapshotKey;

const SUMS: &[u8] = b"a list of files\n";
const PRINCIPAL: &str = "snapshots@northwind.example";

/// A key that is the same in every run.
pub(super) fn key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

/// A private key file and a signer that uses it.
pub(super) fn signer(dir: &Path, seed: u8) -> Signer {
    let path = dir.join(format!("key-{seed}"));
    key(seed).write_openssh_file(&path, LineEnding::LF).unwrap();
    std::fs::write(path.with_extension("pub"), key(seed).public_key().to_openssh().unwrap()).unwrap();
    Signer::File(path)
}

/// A line of `allowed_signers`.
pub(super) fn line(seed: u8, options: &str) -> String {
    format!("{PRINCIPAL} {options} {}\n", key(seed).public_key().to_openssh().unwrap())
}

fn at(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(text).unwrap().to_utc())
}

fn judge(line: &str, principal: Option<&str>, when: Option<DateTime<Utc>>) -> Result<String, Refusal> {
    let signature = key(1).sign(NAMESPACE, HashAlg::Sha512, SUMS).unwrap().to_pem(LineEnding::LF).unwrap();
    verify_signature(SUMS, signature.as_bytes(), &AllowedSigners::parse(line).unwrap(), principal, when)
}

#[test]
fn a_signature_counts_only_for_its_key_name_purpose_and_time() {
    let noon = at("2026-11-20T12:00:00Z");
    let ok = |options: &str| assert_eq!(judge(&line(1, options), None, noon).as_deref(), Ok(PRINCIPAL), "{options}");
    ok("");
    ok(r#"namespaces="git,seatledger-*""#);
    ok(r#"valid-after="20261120",valid-before="20261121""#);
    ok(r#"namespaces="seatledger-snapshot",valid-after="202611201200Z",valid-before="20261120120000Z""#);

    let foreign = |line: &str, principal| {
        assert!(matches!(judge(line, principal, noon), Err(Refusal::Foreign(_))), "{line}");
    };
    foreign(&line(2, ""), None);
    foreign("# nobody\n\n", None);
    foreign(&line(1, r#"namespaces="git""#), None);
    foreign(&line(1, r#"namespaces="seatledger-*,!seatledger-snapshot""#), None);
    foreign(&line(1, "cert-authority"), None);
    foreign(&line(1, ""), Some("auditor@northwind.example"));
    assert!(judge(&line(1, "").replace("snapshots@", "*@"), Some(PRINCIPAL), noon).is_ok());
    assert!(judge(&line(1, ""), Some(PRINCIPAL), None).is_ok());

    for options in [r#"valid-after="20261121""#, r#"valid-before="20261120115959Z""#] {
        assert!(matches!(judge(&line(1, options), None, noon), Err(Refusal::Expired(_))), "{options}");
    }
    // A key that was replaced, and is listed again.
    let rotated = line(1, r#"valid-before="20260101""#) + &line(1, r#"valid-after="20260101""#);
    assert!(judge(&rotated, None, noon).is_ok());

    for (text, what) in [
        ("a ssh-ed25519", "line 1 of allowed_signers: it names no key"),
        ("\na ssh-ed25519 AAAA", "line 2 of allowed_signers: its key cannot be read"),
        ("a \"b ssh-ed25519 AAAA", "line 1 of allowed_signers: it has no end of quote"),
        (r#"a valid-after="soon" ssh-ed25519 AAAA"#, "line 1 of allowed_signers: its key cannot be read"),
    ] {
        assert_eq!(AllowedSigners::parse(text).unwrap_err().to_string(), what);
    }
    for (options, what) in [(r#"valid-after="soon""#, "valid-after is no time"), ("x=1", "it has an unknown option")] {
        let error = AllowedSigners::parse(&line(1, options)).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (ErrorKind::Config, format!("line 1 of allowed_signers: {what}"))
        );
    }
}

#[test]
fn what_is_no_signature_of_these_bytes_says_why() {
    let allowed = AllowedSigners::parse(&line(1, "")).unwrap();
    let sign = |namespace: &str| key(1).sign(namespace, HashAlg::Sha512, SUMS).unwrap().to_pem(LineEnding::LF).unwrap();
    let judge = |sums: &[u8], signature: &str| verify_signature(sums, signature.as_bytes(), &allowed, None, None);
    assert!(judge(SUMS, &sign(NAMESPACE)).is_ok());
    assert!(matches!(judge(b"another list\n", &sign(NAMESPACE)), Err(Refusal::Altered(_))));
    assert!(matches!(judge(SUMS, &sign("git")), Err(Refusal::Altered(_))));
    for text in ["", "\n", "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"] {
        assert!(matches!(judge(SUMS, text), Err(Refusal::Unreadable(_))), "{text:?}");
    }
}

#[test]
fn a_key_that_cannot_sign_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none");
    assert_eq!(Signer::File(path.clone()).sign(SUMS).unwrap_err().kind(), ErrorKind::Config);
    signer(dir.path(), 1);
    let public_key = dir.path().join("key-1.pub");
    assert!(Signer::File(public_key.clone()).public_key().is_err(), "a public key is no private one");
    let error = Signer::Agent { socket: path, public_key }.sign(SUMS).unwrap_err();
    assert!(error.to_string().starts_with("no ssh-agent answers at "), "{error}");
}

#[test]
fn a_project_names_its_signer() {
    let project = Path::new("/p");
    let file = SnapshotKey::File("keys/s".into());
    assert_eq!(Signer::of(&file, project, None).unwrap(), Signer::File("/p/keys/s".into()));
    let agent = SnapshotKey::Agent("keys/s.pub".into());
    let signer = Signer::of(&agent, project, Some("/run/agent".into())).unwrap();
    assert_eq!(signer, Signer::Agent { socket: "/run/agent".into(), public_key: "/p/keys/s.pub".into() });
    let error = Signer::of(&agent, project, None).unwrap_err();
    assert!(error.to_string().contains("SSH_AUTH_SOCK names none"), "{error}");
}

/// An agent that gives its answers, whatever is asked.
fn agent(socket: PathBuf, answers: Vec<Vec<u8>>) -> std::thread::JoinHandle<()> {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for answer in answers {
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            stream.read_exact(&mut vec![0; u32::from_be_bytes(length) as usize]).unwrap();
            stream.write_all(&(answer.len() as u32).to_be_bytes()).unwrap();
            stream.write_all(&answer).unwrap();
        }
    })
}

#[test]
fn an_agent_may_refuse_lie_or_not_hold_the_key() {
    let dir = tempfile::tempdir().unwrap();
    signer(dir.path(), 1);
    let string = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes(), bytes].concat();
    let holds = |seed: u8| {
        let key = string(&key(seed).public_key().to_bytes().unwrap());
        [vec![12, 0, 0, 0, 1], key, string(b"a comment")].concat()
    };
    let lie = {
        let other = key(1).sign(NAMESPACE, HashAlg::Sha512, b"another list\n").unwrap();
        let wire: Vec<u8> = other.signature().clone().try_into().unwrap();
        [vec![14], string(&wire)].concat()
    };
    for (n, (answers, what)) in [
        (vec![holds(2)], "ssh-agent does not hold the key SHA256:"),
        (vec![holds(1), vec![5]], "ssh-agent refuses: "),
        (vec![holds(1), vec![14, 0, 0, 0, 9]], "ssh-agent answered with something that is not its protocol"),
        (vec![vec![12, 0, 0, 0, 7]], "ssh-agent answered with something that is not its protocol"),
        (vec![holds(1), lie], "the key's own signature does not hold"),
    ]
    .into_iter()
    .enumerate()
    {
        let socket = dir.path().join(format!("agent-{n}"));
        let served = agent(socket.clone(), answers);
        let signer = Signer::Agent { socket, public_key: dir.path().join("key-1.pub") };
        let error = signer.sign(SUMS).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().starts_with(what), "{error}");
        served.join().unwrap();
    }
}

/// Ends a process when the test does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn ssh_keygen_accepts_our_signatures_and_we_accept_its() {
    // Without arguments ssh-keygen would make a key: this only fails.
    if Command::new("ssh-keygen").arg("-Y").output().is_err() {
        println!("skipped: ssh-keygen is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let run = |command: &str| {
        let (done, out) = shell(dir.path(), &format!("{command} 2>&1"));
        assert!(done, "{command}: {out}");
    };
    run("ssh-keygen -q -t ed25519 -N '' -C sealer -f key");
    let public = std::fs::read_to_string(dir.path().join("key.pub")).unwrap();
    // A key that was valid on the day of the run, and no longer is.
    let text = format!("{PRINCIPAL} namespaces=\"{NAMESPACE}\",valid-before=\"20261231Z\" {public}");
    std::fs::write(dir.path().join("allowed_signers"), &text).unwrap();
    let snapshot = dir.path().join("s");
    let mut signed = input(&["a", "bb"]);
    signed.signer = Some(Signer::File(dir.path().join("key")));
    write_folder(&seal(signed).unwrap().files, &snapshot).unwrap();

    let instructions = std::fs::read_to_string(snapshot.join("VERIFY.txt")).unwrap();
    let command = instructions.lines().find(|line| line.starts_with("ssh-keygen ")).unwrap();
    let command = format!("export ALLOWED_SIGNERS=../allowed_signers PRINCIPAL={PRINCIPAL}; {command}");
    let (done, out) = shell(&snapshot, &command);
    assert!(done && out.starts_with("Good \"seatledger-snapshot\" signature"), "{out}");
    assert!(!shell(&snapshot, &command.replace("< SHA256SUMS", "< manifest.json")).0);
    assert!(!shell(&snapshot, &command.replace("verify-time=2026", "verify-time=2027")).0);

    run("rm s/SHA256SUMS.sig && ssh-keygen -q -Y sign -f key -n seatledger-snapshot s/SHA256SUMS");
    let options = VerifyOptions {
        allowed_signers: Some(dir.path().join("allowed_signers")),
        principal: Some(PRINCIPAL.into()),
        ..VerifyOptions::default()
    };
    let verification = verify(&snapshot, &options).unwrap();
    assert!(verification.ok && verification.signature == SignatureState::Valid, "{verification}");

    run("ssh-keygen -q -t ed25519 -N secret -f locked");
    let error = Signer::File(dir.path().join("locked")).sign(SUMS).unwrap_err();
    assert!(error.to_string().contains("load it with ssh-add into ssh-agent"), "{error}");

    let socket = dir.path().join("agent");
    let Ok(agent) =
        Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(std::process::Stdio::null()).spawn()
    else {
        println!("skipped: ssh-agent is not installed");
        return;
    };
    let _agent = Running(agent);
    run("for i in $(seq 100); do [ -S agent ] && break; sleep 0.05; done; SSH_AUTH_SOCK=agent ssh-add -q key");
    let signer = Signer::Agent { socket, public_key: dir.path().join("key.pub") };
    let allowed = AllowedSigners::parse(&text).unwrap();
    let signature = signer.sign(SUMS).unwrap();
    assert_eq!(verify_signature(SUMS, signature.as_bytes(), &allowed, None, None).as_deref(), Ok(PRINCIPAL));
}
