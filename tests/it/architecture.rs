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
    ("http", 2),
    ("usage", 3),
    ("ingest", 4),
    ("engine", 4),
    ("identity", 4),
    ("log", 4),
    ("policy", 5),
    ("publish", 5),
    ("serve", 5),
    ("report", 5),
    ("snapshot", 5),
    ("review", 5),
    ("demo", 5),
    ("job", 6),
    ("cli", 7),
];

/// Crates that only some modules may name.
const OWNERS: &[(&str, &[&str])] = &[
    ("toml", &["config", "schema"]),
    ("toml_edit", &["config"]),
    ("object_store", &["store", "ingest"]),
    ("parquet", &["store"]),
    ("getrandom", &["identity", "http"]),
    ("reqwest", &["http"]),
    ("ring", &["http"]),
    ("tokio_rustls", &["http"]),
    ("rustls_native_certs", &["http"]),
    ("axum", &["serve", "demo"]),
    ("mail_builder", &["publish"]),
    ("sonic_rs", &["ingest"]),
    ("datafusion", &["engine"]),
    ("ballista", &["engine"]),
    ("ballista_core", &["engine"]),
    ("ballista_scheduler", &["engine"]),
    ("ballista_executor", &["engine"]),
    ("polars", &["report"]),
    ("plotters", &["report"]),
    ("minijinja", &["report", "publish", "serve"]),
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
            // `store::parquet` and `usage::ring` are modules of ours: only an import tells the crate from them.
            let named = text.lines().map(str::trim_start).filter(|l| !l.starts_with("//")).any(|l| {
                l.starts_with(&format!("use {name}::"))
                    || (!["parquet", "ring"].contains(name)
                        && [' ', '('].iter().any(|before| l.contains(&format!("{before}{name}::"))))
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
    let mut folders: Vec<PathBuf> =
        ["sql", "tests", "reports", "src", "notebooks"].iter().map(|top| root().join(top)).collect();
    for top in ["src", "sql"] {
        folders.extend(fs::read_dir(root().join(top)).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()));
    }
    for folder in folders {
        let readme = folder.join("README.md");
        let text = fs::read_to_string(&readme).unwrap_or_else(|_| panic!("{} has no README.md", folder.display()));
        assert!(text.lines().count() <= 60, "{} is longer than a screen", readme.display());
    }
}

/// Columns that tell rows apart where an order ends in them. An order that ends in anything else could end in a tie, and
/// two runs could break it in two ways: add the column that decides, or add it here and say why it is unique.
const ORDERS_END_IN: &[&str] = &[
    "account_type",
    // of one source and workspace
    "address",
    "app_id",
    "assigned_via",
    "candidate_id",
    "contract_line_id",
    "day_on",
    "email_folded",
    "event_id",
    // of one SKU, a fall of the quantity bought
    "effective_on",
    // of one clause of one contract and SKU
    "effective_from",
    // a range frame takes all runs alike that begin at one place; else of one seat
    "first_ordinal",
    // source and stream in one
    "feed",
    "invoice_id",
    // accounts that match equally well rank alike
    "key_rank",
    "landing",
    "leave_id",
    "line",
    "lower_sku_id",
    // of cohorts: the last of the four that make one
    "named_job_family",
    "okta_app_id",
    // rows of one place rank alike
    "ordinal",
    "override_index",
    // of a SKU one price for each region and one for any: the order puts that one last
    "region = ''",
    "row_number",
    // of the clauses of one contract
    "position",
    // one quote a currency and day is left when this is asked
    "rate_on",
    "sku_id",
    // of one account and feature in one feed
    "used_on",
    "source",
    "source_line",
    // of one account in one feed
    "valid_from",
    "worker_id",
];

/// Where a model takes rows in no order, or in one that may end in a tie.
fn loose_orders(sql: &str) -> Vec<String> {
    // What stands in quotes is no SQL.
    let code: String = sql.split('\'').step_by(2).collect::<Vec<_>>().join("''");
    let mut faults = Vec::new();
    if code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "limit") {
        faults.push("`limit` takes whatever comes first".to_owned());
    }
    for function in ["first_value(", "last_value(", "nth_value(", "string_agg(", "array_agg(", "row_number()", "rank()"]
    {
        for (at, _) in code.match_indices(function) {
            let open = match function.ends_with("()") {
                true => code[at..].find("over (").map_or(code.len(), |over| at + over + "over (".len()),
                false => at + function.len(),
            };
            let is_sorted = code[..at].ends_with("array_sort(") || code[..at].ends_with("array_sort(array_distinct(");
            if !inside(&code[open.min(code.len())..]).contains("order by") && !is_sorted {
                faults.push(format!("`{function}` without an order"));
            }
        }
    }
    for (at, _) in code.match_indices("order by ") {
        let keys = inside(&code[at + "order by ".len()..]);
        let keys = ["rows between", "range between"].iter().fold(keys, |keys, frame| keys.split(frame).next().unwrap());
        let last = keys.rsplit(',').next().unwrap();
        let last = [" nulls first", " nulls last", " desc", " asc"]
            .iter()
            .fold(last.trim(), |key, word| key.strip_suffix(word).unwrap_or(key).trim());
        let column = last.rsplit('.').next().unwrap();
        if !ORDERS_END_IN.contains(&column) {
            faults.push(format!("an order ends in `{last}`, which may tie"));
        }
    }
    faults
}

/// The text up to the parenthesis that closes.
fn inside(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return &text[..at],
            ')' => depth -= 1,
            _ => {}
        }
    }
    text
}

#[test]
fn an_order_that_may_tie_is_seen() {
    let faults = |sql: &str| loose_orders(sql).len();
    assert_eq!(faults("select row_number() over (partition by a order by b desc, t.landing desc nulls last)"), 0);
    assert_eq!(faults("select row_number() over (partition by a order by amount)"), 1);
    assert_eq!(faults("select first_value(x order by y, source)"), 0);
    assert_eq!(faults("select first_value(x), 'no limit'"), 1);
    assert_eq!(faults("select array_sort(array_agg(x)) from t limit 3"), 1);
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
        faults.extend(loose_orders(&bare).into_iter().map(|fault| format!("{name}: {fault}")));
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
