//! Holds `src/` to its table of layers: a module uses only what lies below it, a crate has its owners, no SQL hides in
//! Rust beyond the questions commands ask, and the models keep their rules.

use std::fs;
use std::path::{Path, PathBuf};

/// Layer of each module, as in `src/README.md`.
const LAYERS: &[(&str, u8)] = &[
    ("base", 0),
    ("config", 1),
    ("schema", 1),
    ("store", 2),
    ("ingest", 3),
    ("engine", 3),
    ("identity", 3),
    ("log", 3),
    ("policy", 4),
    ("publish", 4),
    ("report", 4),
    ("snapshot", 4),
    ("demo", 4),
    ("job", 5),
    ("cli", 6),
];

/// Crates that only some modules may name.
const OWNERS: &[(&str, &[&str])] = &[
    ("toml", &["config", "schema"]),
    ("toml_edit", &["config"]),
    ("object_store", &["store", "ingest"]),
    ("parquet", &["store"]),
    ("getrandom", &["identity"]),
    ("reqwest", &["ingest"]),
    ("sonic_rs", &["ingest"]),
    ("datafusion", &["engine"]),
    ("ballista", &["engine"]),
    ("polars", &["report"]),
    ("plotters", &["report"]),
    ("minijinja", &["report"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("indicatif", &["cli"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// The names that follow `crate::` or `crate::{` in a file.
fn modules_used(text: &str) -> Vec<String> {
    let mut used = Vec::new();
    for rest in text.split("crate::").skip(1) {
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => used.push(std::mem::take(&mut word)),
                    _ if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            used.push(word);
        } else {
            used.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    used.iter().map(|w| w.trim().split("::").next().unwrap().trim().to_owned()).filter(|w| !w.is_empty()).collect()
}

#[test]
fn a_module_uses_only_what_lies_below_it() {
    let mut faults = Vec::new();
    for file in files_below(&root().join("src"), "rs") {
        if file.ends_with("tests.rs") {
            continue;
        }
        let inner = file.strip_prefix(root().join("src")).unwrap().to_path_buf();
        let module =
            inner.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if module == "lib" || module == "main" {
            continue;
        }
        let own = layer(&module).unwrap_or_else(|| panic!("src/{module} is in no layer: add it to the table"));
        let text = fs::read_to_string(&file).unwrap();
        for used in modules_used(&text) {
            if let Some(other) = layer(&used)
                && used != module
                && other >= own
            {
                faults.push(format!("{}: layer {own} uses {used}, layer {other}", inner.display()));
            }
        }
        for (name, owners) in OWNERS {
            // `store::parquet` is a module of ours: only an import tells the crate from it.
            let named = text.lines().map(str::trim_start).filter(|l| !l.starts_with("//")).any(|l| {
                l.starts_with(&format!("use {name}::"))
                    || (*name != "parquet" && [' ', '('].iter().any(|before| l.contains(&format!("{before}{name}::"))))
            });
            if named && !owners.contains(&module.as_str()) {
                faults.push(format!("{}: names the crate {name}, which belongs to {owners:?}", inner.display()));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_folder_says_what_lives_there() {
    let mut folders = vec![root().join("sql"), root().join("tests"), root().join("reports"), root().join("src")];
    for top in ["src", "sql"] {
        folders.extend(fs::read_dir(root().join(top)).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()));
    }
    for folder in folders {
        let readme = folder.join("README.md");
        let text = fs::read_to_string(&readme).unwrap_or_else(|_| panic!("{} has no README.md", folder.display()));
        assert!(text.lines().count() <= 60, "{} is longer than a screen", readme.display());
    }
}

#[test]
fn models_keep_the_rules_of_the_house() {
    let mut faults = Vec::new();
    for file in files_below(&root().join("sql"), "sql") {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        let code: String = text.lines().map(|l| l.split("--").next().unwrap()).collect::<Vec<_>>().join("\n");
        let bare = code.to_lowercase();
        for banned in
            ["now(", "current_date", "current_timestamp", "random(", "uuid(", "float", "double", "approx_", "{{"]
        {
            if bare.contains(banned) {
                faults.push(format!("{name}: `{banned}` makes a result depend on when or where it runs"));
            }
        }
        if !text.starts_with("--") {
            faults.push(format!("{name}: begins without saying what a row is"));
        }
        if !bare.trim_end().ends_with("from final") {
            faults.push(format!("{name}: does not end in `from final`"));
        }
        if !file.with_extension("toml").exists() {
            faults.push(format!("{name}: has no sidecar"));
        }
        if let Some(long) = text.lines().find(|l| l.chars().count() > 120) {
            faults.push(format!("{name}: line of more than 120 characters: {long}"));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_engine_family_is_one() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for name in ["arrow", "parquet", "object_store", "reqwest", "datafusion", "rustls"] {
        let copies = lock.matches(&format!("name = \"{name}\"\n")).count();
        assert_eq!(copies, 1, "{copies} versions of {name} in Cargo.lock");
    }
    assert!(!lock.contains("name = \"aws-lc-sys\""), "a second TLS backend is in the tree");
}
