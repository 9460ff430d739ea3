//! What `[source.live]` may say, and what people hear when it is wrong.

use std::fs;

use rust_decimal::Decimal;

use super::*;

const HEAD: &str = "name = \"t\"\nreporting_currency = \"EUR\"\n[[source]]\nname = \"okta\"\n";

fn load_text(text: &str) -> Result<Source, Vec<Diagnostic>> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(PROJECT_FILE), format!("{HEAD}{text}")).unwrap();
    load(folder.path()).map(|config| config.project.sources[0].clone())
}

/// Code, line, column and words of the one error.
fn wrong(text: &str) -> (&'static str, usize, usize, String) {
    let found = load_text(text).unwrap_err();
    let errors: Vec<&Diagnostic> = found.iter().filter(|one| one.is_error()).collect();
    let [one] = errors[..] else { panic!("{found:?}") };
    (one.code, one.line, one.column, format!("{} {}", one.message, one.help.clone().unwrap_or_default()))
}

#[test]
fn an_api_needs_no_folder_and_brings_all_streams() {
    let source = load_text(
        "kind = \"okta\"\n[source.live]\nurl = \"https://northwind.okta.com\"\nclient_id = \"0oa1\"\nkey_id = \"k1\"\n\
         secret = \"file:okta.pem\"\n",
    )
    .unwrap();
    assert_eq!((source.from.as_ref(), source.configured(std::path::Path::new(".")).len()), (None, 6));
    let live = source.live.unwrap();
    let key = SecretRef::File("okta.pem".into());
    assert_eq!(live.login, Login::PrivateKeyJwt { client_id: "0oa1".into(), key_id: Some("k1".into()), key });
    assert_eq!((live.rate_share, live.private_network, live.scopes.len()), (Decimal::new(5, 1), false, 0));

    let source = load_text(
        "kind = \"okta\"\nstreams = [\"users\"]\n[source.live]\nurl = \"https://n.okta.com\"\nauth = \"ssws\"\n\
         secret = \"env:OKTA\"\nrate_share = 0.25\n",
    )
    .unwrap();
    assert_eq!(source.configured(std::path::Path::new(".")), ["users"]);
    let live = source.live.unwrap();
    assert_eq!((live.login, live.rate_share), (Login::Ssws(SecretRef::Env("OKTA".into())), Decimal::new(25, 2)));
}

#[test]
fn errors_have_their_place_and_say_what_to_write() {
    let okta = |text: &str| wrong(&format!("kind = \"okta\"\n[source.live]\nurl = \"https://n.okta.com\"\n{text}"));
    let (code, line, column, said) = okta("auth = \"sws\"\nsecret = \"env:A\"");
    assert_eq!((code, line, column), ("SL0104", 8, 8));
    assert!(said.contains("cannot be `sws`") && said.contains("ssws"), "{said}");
    let (code, line, _, said) = okta("auth = \"basic\"\nuser = \"a\"\nsecret = \"env:A\"");
    assert!(code == "SL0104" && line == 8 && said.contains("no way into okta"), "{said}");
    let (code, line, _, said) = okta("auth = \"bearer\"\nsecrt = \"env:A\"\nsecret = \"env:A\"");
    assert!(code == "SL0102" && line == 9 && said.contains("did you mean `secret`"), "{said}");
    let (code, line, _, said) = okta("secret = \"env:A\"");
    assert!(code == "SL0105" && line == 6 && said.contains("lacks `client_id`"), "{said}");
    let (code, line, column, said) = okta("auth = \"bearer\"\nsecret = \"hunter2\"");
    assert_eq!((code, line, column), ("SL0104", 9, 10));
    assert!(!said.contains("hunter2"), "{said}");
    let (code, .., said) = okta("auth = \"bearer\"\nsecret = \"env:A\"\nrate_share = 0");
    assert!(code == "SL0104" && said.contains("rate_share") | said.contains("no share"), "{said}");

    let (code, line, _, said) =
        wrong("kind = \"okta\"\n[source.live]\nurl = \"http://n.okta.com\"\nauth = \"bearer\"\nsecret = \"env:A\"");
    assert!(code == "SL0104" && line == 7 && said.contains("https"), "{said}");
    let (code, line, _, said) = wrong(
        "kind = \"mapped\"\n[source.stream.s]\nrole = \"seats\"\nformat = \"csv\"\n[source.stream.s.columns]\nemail = \"e\"\n[source.live]\nurl = \"https://a.example\"",
    );
    assert!(code == "SL0111" && line == 11 && said.contains("`from`"), "{said}");
    let (code, .., said) = wrong("kind = \"okta\"");
    assert!(code == "SL0105" && said.contains("lacks `from`"), "{said}");
}
