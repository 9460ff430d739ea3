//! What people declare of grants: who may change them, which roles expect which app, where states of Terraform lie.

use super::tests::load_with;
use super::*;

/// A project with more lines at its top, and a file of roles.
fn with(top: &str, roles: &str) -> Result<Config, Vec<Diagnostic>> {
    let top = format!("reporting_currency = \"EUR\"\n{top}");
    let edit = ("seatledger.toml", "reporting_currency = \"EUR\"\n", top.as_str());
    load_with(&[edit], &[("seeds/role_grants.csv", roles)])
}

/// Code, line and message of the one error.
fn wrong(found: Result<Config, Vec<Diagnostic>>) -> (&'static str, usize, String) {
    let found = found.unwrap_err();
    assert_eq!(found.len(), 1, "{found:?}");
    (found[0].code, found[0].line, found[0].message.clone())
}

const ROLES: &str = "app_id,practice,job_family\nm365,,Designer\nfigma,Design,\n";

#[test]
fn actors_and_roles_are_read_as_written() {
    let none = load_with(&[], &[]).unwrap();
    assert!(none.project.automation_actors.is_empty() && none.seeds.role_grants.is_empty());
    let config = with("automation_actors = [\"0oa1\", \"terraform@*\"]\n", ROLES).unwrap();
    assert_eq!(config.project.automation_actors, ["0oa1", "terraform@*"]);
    let roles = config.seeds.role_grants.iter();
    let roles: Vec<_> = roles
        .map(|r| (r.app_id.as_str(), r.practice.as_deref(), r.job_family.as_deref(), r.worker_type.is_none()))
        .collect();
    assert_eq!(roles, [("m365", None, Some("Designer"), true), ("figma", Some("Design"), None, true)]);
}

#[test]
fn what_would_mean_everybody_is_refused() {
    let (code, line, message) = wrong(with("automation_actors = [\"0oa1\", \"*\"]\n", ROLES));
    assert_eq!((code, line), ("SL0104", 3));
    assert!(message.contains("stands for everybody"), "{message}");
    let (code, line, message) = wrong(with("", "app_id,job_family\nm365,\n"));
    assert_eq!((code, line), ("SL0305", 2));
    assert!(message.contains("of no role"), "{message}");
    assert_eq!(wrong(with("", "app_id,job_family\nm366,Designer\n")).0, "SL0307");
}

#[test]
fn a_state_has_the_form_that_terraform_gives_it() {
    let source = |more: &str| {
        let text = format!(
            "[[source]]\nname = \"terraform\"\nkind = \"terraform\"\nfrom = \"extracts/terraform\"\n{more}\n[[source]]\nname = \"m365\""
        );
        load_with(&[("seatledger.toml", "[[source]]\nname = \"m365\"", &text)], &[])
    };
    let config = source("[source.stream.state]\nfreshness_error_days = 7").unwrap();
    let terraform = config.project.sources.iter().find(|source| source.kind == Kind::Terraform).unwrap();
    assert_eq!(terraform.configured(&config.root), ["state"]);
    assert_eq!(terraform.stream["state"].freshness_error_days, Some(7));
    assert_eq!(wrong(source("[source.stream.state]\nformat = \"csv\"")).0, "SL0102");
    assert_eq!(wrong(source("[source.live]\nurl = \"https://x.example\"")).0, "SL0111");
}
