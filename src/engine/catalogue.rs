//! The models: `sql/<schema>/<table>.sql` with its sidecar. What a model depends on is read from its SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use datafusion::sql::parser::DFParser;
use datafusion::sql::resolve::resolve_table_references;
use rust_embed::RustEmbed;

use crate::base::{AsOf, Error, Result, text};
use crate::schema::sidecar::{Materialised, Sidecar};

/// The tree of `sql/`: read from disk in development, embedded in a release.
#[derive(RustEmbed)]
#[folder = "sql"]
struct Files;

/// The folders of `sql/`, and what the models of each may read.
const READS: &[(&str, &[&str])] = &[
    ("staging", &["raw", "history", "audit", "config", "staging"]),
    ("core", &["staging", "core", "usage", "seeds", "drops", "log", "config", "audit"]),
    ("policy", &["core", "policy", "policies", "earlier", "config"]),
    ("review", &["core", "policy", "review", "log", "earlier", "config"]),
    ("marts", &["core", "policy", "review", "marts", "config", "audit", "earlier"]),
];

/// What a carried model may read, and nothing else: what landings brought, what is known of them, settings of the project.
/// Whatever a run before could have said otherwise would make its rows differ from those computed anew.
const CARRIED_READS: &[&str] = &["before", "fresh", "audit", "config"];

/// One model: a statement and the contract of what it returns.
#[derive(Debug, Clone)]
pub struct Model {
    /// `<schema>.<table>`.
    pub name: String,
    /// The statement, with `$as_of` still in it.
    pub sql: String,
    /// The sidecar as written.
    pub sidecar_text: String,
    /// The contract of the result.
    pub sidecar: Sidecar,
    /// The tables it reads, models and inputs.
    pub reads: BTreeSet<String>,
}

impl Model {
    /// The folder and schema of the model.
    pub fn schema(&self) -> &str {
        self.name.split_once('.').map_or("", |(schema, _)| schema)
    }

    /// Whether its rows are written and committed.
    pub fn is_table(&self) -> bool {
        matches!(self.materialised(), Materialised::Table | Materialised::Carried)
    }

    /// Whether it goes on from its own rows of an earlier run.
    pub fn is_carried(&self) -> bool {
        self.materialised() == Materialised::Carried
    }

    /// Whether only its readers compute it.
    pub fn is_on_demand(&self) -> bool {
        self.materialised() == Materialised::OnDemand
    }

    /// The table in which a carried model finds its rows of an earlier run.
    pub fn before(&self) -> String {
        format!("before.{}", self.name.replace('.', "_"))
    }

    fn materialised(&self) -> Materialised {
        let habit = if self.schema() == "staging" { Materialised::View } else { Materialised::Table };
        self.sidecar.materialised.unwrap_or(habit)
    }

    /// The statement for one as-of date.
    pub fn sql_at(&self, as_of: AsOf) -> String {
        bind(&self.sql, as_of)
    }
}

/// Puts the as-of date in place of `$as_of`, the only parameter there is.
pub fn bind(sql: &str, as_of: AsOf) -> String {
    sql.replace("$as_of", &format!("date '{as_of}'"))
}

/// Every model, in an order in which each comes after what it reads.
#[derive(Debug, Clone)]
pub struct Catalogue {
    models: Vec<Model>,
}

impl Catalogue {
    /// Reads and checks the whole of `sql/`, once a process: a run asks for it several times.
    ///
    /// # Errors
    /// A config error for a file without its sidecar, a read that goes upward, an unknown model or a cycle.
    pub fn load() -> Result<Self> {
        static LOADED: OnceLock<Catalogue> = OnceLock::new();
        if let Some(loaded) = LOADED.get() {
            return Ok(loaded.clone());
        }
        let texts = Files::iter().filter(|path| path.ends_with(".sql") || path.ends_with(".toml"));
        let loaded = Self::of(&texts.map(|path| Ok((path.to_string(), read_text(&path)?))).collect::<Result<_>>()?)?;
        Ok(LOADED.get_or_init(|| loaded).clone())
    }

    /// The models of these texts, by their paths below `sql/`.
    ///
    /// # Errors
    /// As [`Catalogue::load`].
    pub fn of(texts: &BTreeMap<String, String>) -> Result<Self> {
        let mut models = BTreeMap::new();
        for path in texts.keys().filter(|path| path.ends_with(".sql")) {
            let model = read_model(path, texts)?;
            models.insert(model.name.clone(), model);
        }
        for model in models.values() {
            check_reads(model, &models)?;
        }
        Ok(Self { models: in_order(models)? })
    }

    /// The models, each after what it reads.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// A model by name.
    pub fn get(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|m| m.name == name)
    }

    /// The models a selection names: `core.seats`, `core.seats+` (and what reads it), `+core.seats` (and what it
    /// reads), `policy.*`; several are separated by commas. In order.
    ///
    /// # Errors
    /// A usage error for a name that is no model, with the nearest one.
    pub fn select(&self, selection: &str) -> Result<Vec<&Model>> {
        let mut chosen = BTreeSet::new();
        for term in selection.split(',').map(str::trim).filter(|t| !t.is_empty()) {
            let (upstream, rest) = term.strip_prefix('+').map_or((false, term), |r| (true, r));
            let (downstream, name) = rest.strip_suffix('+').map_or((false, rest), |r| (true, r));
            let seeds = self.named(name)?;
            if upstream {
                self.walk(&seeds, &mut chosen, |this, name| {
                    this.get(name).map(|m| m.reads.iter().cloned().collect()).unwrap_or_default()
                });
            }
            if downstream {
                self.walk(&seeds, &mut chosen, |this, name| {
                    this.models.iter().filter(|m| m.reads.contains(name)).map(|m| m.name.clone()).collect()
                });
            }
            chosen.extend(seeds);
        }
        Ok(self.models.iter().filter(|m| chosen.contains(&m.name)).collect())
    }

    fn named(&self, name: &str) -> Result<Vec<String>> {
        if let Some(schema) = name.strip_suffix(".*") {
            let members: Vec<_> = self.models.iter().filter(|m| m.schema() == schema).map(|m| m.name.clone()).collect();
            if !members.is_empty() {
                return Ok(members);
            }
        } else if self.get(name).is_some() {
            return Ok(vec![name.to_owned()]);
        }
        let near = text::nearest(name, self.models.iter().map(|m| m.name.as_str()));
        let hint = near.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        Err(Error::usage(format!("no model is named `{name}`{hint}")))
    }

    fn walk(&self, seeds: &[String], found: &mut BTreeSet<String>, next: impl Fn(&Self, &str) -> Vec<String>) {
        let mut open = seeds.to_vec();
        while let Some(name) = open.pop() {
            for neighbour in next(self, &name) {
                if self.get(&neighbour).is_some() && found.insert(neighbour.clone()) {
                    open.push(neighbour);
                }
            }
        }
    }
}

fn read_model(path: &str, texts: &BTreeMap<String, String>) -> Result<Model> {
    let file = format!("sql/{path}");
    let stem = path.trim_end_matches(".sql");
    let name = stem.replace('/', ".");
    if stem.matches('/').count() != 1 {
        return Err(Error::config("a model lives at sql/<schema>/<table>.sql").at(file));
    }
    let text =
        |path: &str| texts.get(path).cloned().ok_or_else(|| Error::config("file is missing").at(format!("sql/{path}")));
    let sql = text(path)?;
    let sidecar_path = format!("{stem}.toml");
    let sidecar_text = text(&sidecar_path)?;
    let sidecar = Sidecar::parse(&format!("sql/{sidecar_path}"), &sidecar_text)?;
    let reads = tables_read(&sql).map_err(|e| e.at(file))?;
    Ok(Model { name, sql, sidecar_text, sidecar, reads })
}

fn read_text(path: &str) -> Result<String> {
    let file = Files::get(path).ok_or_else(|| Error::config("file is missing").at(format!("sql/{path}")))?;
    String::from_utf8(file.data.into_owned()).map_err(|_| Error::config("not UTF-8").at(format!("sql/{path}")))
}

/// The tables a statement reads, as `<schema>.<table>`; names of its own CTEs are left out.
///
/// # Errors
/// A config error when the statement does not parse or is more than one.
pub fn tables_read(sql: &str) -> Result<BTreeSet<String>> {
    let statements = DFParser::parse_sql(sql).map_err(|e| Error::config(e.to_string()))?;
    let [statement] = statements.iter().collect::<Vec<_>>()[..] else {
        return Err(Error::config("a model is one statement"));
    };
    let (tables, _) = resolve_table_references(statement, true).map_err(|e| Error::config(e.to_string()))?;
    Ok(tables.iter().filter_map(|t| Some(format!("{}.{}", t.schema()?, t.table()))).collect())
}

fn check_reads(model: &Model, models: &BTreeMap<String, Model>) -> Result<()> {
    let place = || format!("sql/{}.sql", model.name.replace('.', "/"));
    let Some((_, allowed)) = READS.iter().find(|(schema, _)| *schema == model.schema()) else {
        return Err(Error::config(format!("`{}` is no folder of sql/", model.schema())).at(place()));
    };
    let allowed = if model.is_carried() { CARRIED_READS } else { *allowed };
    for table in &model.reads {
        let schema = table.split_once('.').map_or("", |(schema, _)| schema);
        if !allowed.contains(&schema) {
            let list = allowed.join(", ");
            let what = if model.is_carried() { "a carried model" } else { model.schema() };
            return Err(Error::config(format!("reads `{table}`; {what} may read {list}")).at(place()));
        }
        if schema == "before" && *table != model.before() {
            let message = format!("reads `{table}`, but of an earlier run only its own rows are `{}`", model.before());
            return Err(Error::config(message).at(place()));
        }
        if READS.iter().any(|(s, _)| *s == schema) && !models.contains_key(table) {
            let near = text::nearest(table, models.keys().map(String::as_str));
            let hint = near.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            return Err(Error::config(format!("reads `{table}`, which is no model{hint}")).at(place()));
        }
    }
    Ok(())
}

fn in_order(mut waiting: BTreeMap<String, Model>) -> Result<Vec<Model>> {
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready = waiting.values().find(|m| !m.reads.iter().any(|r| waiting.contains_key(r))).map(|m| m.name.clone());
        let Some(model) = ready.and_then(|name| waiting.remove(&name)) else {
            let names: Vec<_> = waiting.keys().map(String::as_str).collect();
            return Err(Error::config(format!("models read each other in a circle, among {}", names.join(", "))));
        };
        ordered.push(model);
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_found_in_the_statement() {
        let reads = tables_read("with a as (select x from core.seats) select x from a join seeds.tiers using (x)");
        assert_eq!(reads.unwrap(), BTreeSet::from(["core.seats".into(), "seeds.tiers".into()]));
        assert!(tables_read("select 1; select 2").is_err());
    }

    #[test]
    fn every_model_comes_after_what_it_reads() {
        let catalogue = Catalogue::load().unwrap();
        for (at, model) in catalogue.models().iter().enumerate() {
            for read in &model.reads {
                let place = catalogue.models().iter().position(|m| &m.name == read);
                assert!(place.is_none_or(|p| p < at), "{} before {read}", model.name);
            }
        }
    }

    #[test]
    fn a_carried_model_reads_landings_and_its_own_rows_only() {
        let texts = |sql: &str| {
            let sidecar = "description = \"d\"\ngrain = []\nowner = \"o\"\nmaterialised = \"carried\"\ncolumn = []\n";
            let files = [("staging/x.sql", sql), ("staging/x.toml", sidecar)];
            files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect::<BTreeMap<_, _>>()
        };
        let catalogue = |sql: &str| Catalogue::of(&texts(sql)).map_err(|e| e.to_string());
        assert!(catalogue("select a from before.staging_x union all select a from fresh.okta_users").is_ok());
        let error = catalogue("select a from raw.okta_users").unwrap_err();
        assert!(error.contains("a carried model may read before, fresh, audit, config"), "{error}");
        let error = catalogue("select a from before.staging_y").unwrap_err();
        assert!(error.contains("before.staging_x"), "{error}");
    }

    #[test]
    fn a_selection_walks_both_ways_and_suggests() {
        let catalogue = Catalogue::load().unwrap();
        let names = |s: &str| catalogue.select(s).unwrap().iter().map(|m| m.name.clone()).collect::<Vec<_>>();
        assert!(names("core.seats+").contains(&"policy.evaluations".to_owned()));
        assert!(names("+core.seats").contains(&"core.accounts".to_owned()));
        let error = catalogue.select("core.seat").unwrap_err().to_string();
        assert!(error.contains("core.seat"), "{error}");
    }
}
