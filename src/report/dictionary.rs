//! The data dictionary: every table and column with its contract, and from which columns each is computed.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::SchemaRef;
use minijinja::Value;
use minijinja::value::Serde;
use rust_embed::RustEmbed;
use serde::Serialize;

use super::context::Tile;
use super::format::count;
use super::{Frame, text};
use crate::base::{Error, Result};
use crate::engine::{Lineage, Model, Source, Sources};
use crate::schema::sidecar::{self, Materialised};
use crate::schema::{self, Dataset, EXTRA, Feed, Pii};

/// The template of the page.
#[derive(RustEmbed)]
#[folder = "reports/dictionary"]
struct OfDictionary;

/// Schemas in the order of the page: what readers ask first, then what it rests on; and what each holds.
const SCHEMAS: &[(&str, &str)] = &[
    ("marts", "what readers ask"),
    ("review", "what became of candidates, from the decision log"),
    ("policy", "the policy in force, every value compared, the verdict, the candidates"),
    ("core", "persons, accounts, seats, signals, contracts, rates"),
    ("staging", "vendors' shapes made one shape"),
    ("earlier", "conclusions of the run before"),
    ("log", "the decision log"),
    ("usage", "the state of every account in every app, merged day by day"),
    ("audit", "what is known of every landing"),
    ("policies", "the project's policies"),
    ("config", "the project file"),
    ("seeds", "what the project keeps of apps, tiers, contracts"),
    ("drops", "what people said in files"),
    ("raw", "landed rows: those in force; models may read fresh or all of them"),
];

/// Columns of every landed row, and what they mean.
const ORIGIN: &[(&str, &str)] = &[
    ("source", "The source of the project file it came from."),
    ("stream", "The stream of the source."),
    ("extract_date", "The day of the extract, from its path."),
    ("landing", "Number of the landing in its chain."),
    ("row_number", "Number of the row within the landing."),
    (EXTRA, "What is new at the source, as a JSON object by the source's names."),
];

/// What the page is made of.
pub struct Dictionary<'a> {
    /// The release whose models these are.
    pub release: &'a str,
    /// The models.
    pub models: &'a [Model],
    /// Tables that no model makes.
    pub inputs: Vec<Input>,
    /// Of each model where its columns come from.
    pub lineage: BTreeMap<String, Lineage>,
    /// Of each check, by model and name, the columns it reads.
    pub checked: BTreeMap<(String, String), Sources>,
}

/// A table that models read and none makes.
pub struct Input {
    /// `<schema>.<table>`.
    pub name: String,
    /// Its columns.
    pub schema: SchemaRef,
    /// The model whose rows of an earlier run these are.
    pub of: Option<&'static str>,
}

#[derive(Serialize)]
struct Page {
    release: String,
    title: String,
    tiles: Vec<Tile>,
    schemas: Vec<Schema>,
}

#[derive(Serialize)]
struct Schema {
    name: &'static str,
    holds: &'static str,
    own: Vec<Table>,
    columns: usize,
    /// Schemas its tables read.
    reads: Vec<String>,
}

#[derive(Serialize)]
struct Table {
    name: String,
    /// Its name in its schema.
    short: String,
    kind: &'static str,
    owner: String,
    description: String,
    grain: Vec<String>,
    reads: Vec<String>,
    feeds: Vec<String>,
    rows: Vec<Links>,
    columns: Vec<Column>,
    checks: Vec<Check>,
    sql: String,
}

#[derive(Serialize)]
struct Column {
    /// Its place on the page: a short one, for thousands of links lead there.
    id: String,
    name: String,
    ty: String,
    doc: String,
    is_key: bool,
    pii: &'static str,
    is_kept_in: bool,
    from: Vec<Links>,
    into: Vec<Links>,
    /// How many columns it is computed from, and how many from it.
    from_count: usize,
    into_count: usize,
    /// The checks of the table that look at it, by number from 1.
    checks: Vec<usize>,
}

#[derive(Serialize)]
struct Check {
    name: String,
    sql: String,
}

/// Columns of one table, each with its place on the page; of the table one stands at, without its name.
#[derive(Serialize)]
struct Links {
    table: Option<String>,
    columns: Vec<(String, String)>,
}

/// Renders the data dictionary: one file that asks nothing of the network, the same for the same models.
///
/// # Errors
/// An internal error when a column comes from one that is nowhere on the page, or the template fails.
pub fn render(dictionary: &Dictionary<'_>) -> Result<String> {
    let mut tables: Vec<Table> = dictionary.models.iter().map(|model| of_model(dictionary, model)).collect();
    tables.extend(dictionary.inputs.iter().map(of_input));
    tables.sort_by_key(|table| (place(&table.name), table.name.clone()));
    let mut places = Places::default();
    for table in &mut tables {
        for column in &mut table.columns {
            column.id = places.add(&table.name, &column.name);
        }
    }
    join(dictionary, &places, &mut tables)?;
    Frame::new(&text::<OfDictionary>("page.html"))?.fill(Value::from(Serde(page(dictionary, tables))))
}

/// Where each column is on the page.
#[derive(Default)]
struct Places(BTreeMap<Source, String>);

impl Places {
    fn add(&mut self, table: &str, column: &str) -> String {
        let id = format!("c{}", self.0.len());
        self.0.insert(Source { table: table.to_owned(), column: column.to_owned() }, id.clone());
        id
    }

    /// Links to columns, table by table, the one that one stands at first.
    fn links(&self, from: &str, sources: &Sources) -> Result<Vec<Links>> {
        let mut tables: BTreeMap<(bool, &str), Vec<(String, String)>> = BTreeMap::new();
        for source in sources {
            let id = self.0.get(source).ok_or_else(|| Error::internal(format!("no such column: {source:?}")))?;
            let links = tables.entry((source.table != from, &source.table)).or_default();
            links.push((id.clone(), source.column.clone()));
        }
        let named = |((is_other, table), columns): ((bool, &str), _)| Links {
            table: is_other.then(|| table.to_owned()),
            columns,
        };
        Ok(tables.into_iter().map(named).collect())
    }
}

/// Text within a `<pre>`: statements are long, and their quotes need no escape there.
fn escaped(text: &str) -> String {
    text.trim().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn schema_of(table: &str) -> &str {
    table.split_once('.').map_or(table, |(schema, _)| schema)
}

fn short(table: &str) -> String {
    table.split_once('.').map_or(table, |(_, short)| short).to_owned()
}

fn place(table: &str) -> usize {
    SCHEMAS.iter().position(|(name, _)| *name == schema_of(table)).unwrap_or(SCHEMAS.len())
}

/// A model without what others compute from it.
fn of_model(dictionary: &Dictionary<'_>, model: &Model) -> Table {
    let sidecar = &model.sidecar;
    let habit = if model.is_table() { "table" } else { "view" };
    let columns = sidecar.column.iter().map(|column| Column {
        id: String::new(),
        name: column.name.clone(),
        ty: column.ty.clone(),
        doc: column.doc.clone(),
        is_key: sidecar.grain.contains(&column.name),
        pii: pii_of(column),
        is_kept_in: !column.disclosed(),
        from: Vec::new(),
        into: Vec::new(),
        from_count: 0,
        into_count: 0,
        checks: (1..)
            .zip(&sidecar.check)
            .filter(|(_, c)| reads(dictionary, model, c, column))
            .map(|(n, _)| n)
            .collect(),
    });
    Table {
        kind: match sidecar.materialised {
            Some(Materialised::Carried) => "carried table",
            Some(Materialised::OnDemand) => "on demand",
            _ => habit,
        },
        owner: sidecar.owner.clone(),
        description: sidecar.description.clone(),
        grain: sidecar.grain.clone(),
        reads: Vec::new(),
        feeds: Vec::new(),
        rows: Vec::new(),
        columns: columns.collect(),
        checks: sidecar.check.iter().map(|c| Check { name: words(&c.name), sql: escaped(&c.sql) }).collect(),
        sql: escaped(&model.sql),
        short: short(&model.name),
        name: model.name.clone(),
    }
}

/// Whether a check of a model looks at a column of it.
fn reads(dictionary: &Dictionary<'_>, model: &Model, check: &sidecar::Check, column: &sidecar::Column) -> bool {
    let looked_at = Source { table: model.name.clone(), column: column.name.clone() };
    dictionary.checked.get(&(model.name.clone(), check.name.clone())).is_some_and(|read| read.contains(&looked_at))
}

fn of_input(input: &Input) -> Table {
    let landed = input.name.strip_prefix("raw.");
    let dataset = landed.and_then(|table| schema::datasets().iter().find(|d| d.table() == table));
    let description = match (dataset, input.of) {
        (Some(d), _) => {
            let grows = match d.feed {
                Feed::Full => "every extract holds everything, the newest complete one is in force",
                Feed::Events => "extracts add events",
            };
            format!("Landed {} of {}: {grows}.", d.stream.replace('_', " "), d.kind)
        }
        (None, Some(model)) => format!("Rows of {model} in the newest run before this as-of date."),
        (None, None) => String::new(),
    };
    let columns = input.schema.fields().iter().map(|field| {
        let found = dataset.and_then(|d| d.fields.iter().find(|f| f.name == field.name()));
        let pii = found.map_or(Pii::None, |f| f.pii);
        Column {
            id: String::new(),
            name: field.name().clone(),
            ty: sidecar::type_name(field.data_type()).unwrap_or_else(|| field.data_type().to_string().to_lowercase()),
            doc: doc_of(dataset, field.name()),
            is_key: dataset.is_some_and(|d| d.key.contains(&field.name().as_str())),
            pii: match pii {
                Pii::None => "",
                Pii::Pseudonym => "pseudonym",
                Pii::Identifier => "identifier",
                Pii::Personal => "personal",
            },
            is_kept_in: matches!(pii, Pii::Identifier | Pii::Personal),
            from: Vec::new(),
            into: Vec::new(),
            from_count: 0,
            into_count: 0,
            checks: Vec::new(),
        }
    });
    Table {
        kind: "input",
        owner: String::new(),
        description,
        grain: dataset.map(|d| d.key.iter().map(|key| (*key).to_owned()).collect()).unwrap_or_default(),
        reads: Vec::new(),
        feeds: Vec::new(),
        rows: Vec::new(),
        columns: columns.collect(),
        checks: Vec::new(),
        sql: String::new(),
        short: short(&input.name),
        name: input.name.clone(),
    }
}

/// What a landed column means: where it stands at the source.
fn doc_of(dataset: Option<&Dataset>, column: &str) -> String {
    let Some(dataset) = dataset else { return String::new() };
    if let Some((_, doc)) = ORIGIN.iter().find(|(name, _)| *name == column) {
        return (*doc).to_owned();
    }
    match dataset.fields.iter().find(|f| f.name == column) {
        Some(field) if field.from.is_empty() => "Made while it is read.".to_owned(),
        Some(field) => format!("At the source: {}", field.from.join(" or ")),
        None => String::new(),
    }
}

fn pii_of(column: &sidecar::Column) -> &'static str {
    ["pseudonym", "identifier", "personal"].into_iter().find(|class| column.pii == *class).unwrap_or_default()
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// Links each column with those it is computed from and those computed from it, each table with those it reads and feeds.
fn join(dictionary: &Dictionary<'_>, places: &Places, tables: &mut [Table]) -> Result<()> {
    let (mut from, mut into) = (BTreeMap::<Source, Sources>::new(), BTreeMap::<Source, Sources>::new());
    let mut link = |here: Source, sources: &Sources| {
        for source in sources {
            into.entry(source.clone()).or_default().insert(here.clone());
        }
        from.insert(here, sources.clone());
    };
    let (mut reads, mut feeds) = (BTreeMap::<String, Names>::new(), BTreeMap::<String, Names>::new());
    let mut edge = |from: &str, to: &str| {
        reads.entry(to.to_owned()).or_default().insert((place(from), from.to_owned()));
        feeds.entry(from.to_owned()).or_default().insert((place(to), to.to_owned()));
    };
    for model in dictionary.models {
        let Some(lineage) = dictionary.lineage.get(&model.name) else { continue };
        for (column, sources) in model.sidecar.column.iter().zip(&lineage.columns) {
            link(Source { table: model.name.clone(), column: column.name.clone() }, sources);
        }
        lineage.tables.iter().for_each(|table| edge(table, &model.name));
    }
    for input in &dictionary.inputs {
        let Some(model) = input.of else { continue };
        edge(model, &input.name);
        for field in input.schema.fields() {
            let of = |table: &str| Source { table: table.to_owned(), column: field.name().clone() };
            link(of(&input.name), &Sources::from([of(model)]));
        }
    }
    for table in tables.iter_mut() {
        let names = |found: Option<Names>| found.into_iter().flatten().map(|(_, name)| name).collect();
        table.reads = names(reads.remove(&table.name));
        table.feeds = names(feeds.remove(&table.name));
        let lineage = dictionary.lineage.get(&table.name);
        table.rows = lineage.map_or(Ok(Vec::new()), |lineage| places.links(&table.name, &lineage.rows))?;
        for column in &mut table.columns {
            let here = Source { table: table.name.clone(), column: column.name.clone() };
            let (sources, fed) = (from.remove(&here).unwrap_or_default(), into.remove(&here).unwrap_or_default());
            (column.from_count, column.into_count) = (sources.len(), fed.len());
            (column.from, column.into) = (places.links(&table.name, &sources)?, places.links(&table.name, &fed)?);
        }
    }
    // What is left is read of nothing that the page knows.
    match (into.pop_first(), reads.pop_first(), feeds.pop_first()) {
        (None, None, None) => Ok(()),
        (column, read, fed) => Err(Error::internal(format!("no such place: {column:?} {read:?} {fed:?}"))),
    }
}

/// Names of tables in the order of the page.
type Names = BTreeSet<(usize, String)>;

fn page(dictionary: &Dictionary<'_>, tables: Vec<Table>) -> Page {
    let columns = || tables.iter().flat_map(|t| &t.columns);
    let models = || tables.iter().filter(|t| !t.sql.is_empty());
    let number = |n: usize| count(i64::try_from(n).unwrap_or(i64::MAX));
    let tile = |label: &str, value: usize, note: String| Tile { label: label.into(), value: number(value), note };
    let traced = models().flat_map(|t| &t.columns).map(|c| c.from_count).sum();
    let checks = models().map(|t| t.checks.len()).sum();
    let named = columns().filter(|c| c.is_kept_in).count();
    let (made, all) = (models().count(), columns().count());
    let title = format!("{} columns, each traced to those it is computed from", number(all));
    let tiles = vec![
        tile("Models", made, format!("tables made in SQL; {} inputs beside them", tables.len() - made)),
        tile("Columns", all, format!("{} of models", number(models().map(|t| t.columns.len()).sum()))),
        tile("Steps of lineage", traced, "from a column to one it is computed from".into()),
        tile("Checks", checks, "beside the grain, which is proved for every table".into()),
        tile("Kept in the house", named, "columns that name a person".into()),
    ];
    let mut of: BTreeMap<usize, Vec<Table>> = BTreeMap::new();
    for table in tables {
        of.entry(place(&table.name)).or_default().push(table);
    }
    let schemas = SCHEMAS.iter().enumerate().filter_map(|(at, (name, holds))| {
        let own = of.remove(&at)?;
        let read: BTreeSet<usize> = own.iter().flat_map(|t| t.reads.iter().map(|r| place(r))).collect();
        let reads = read.iter().filter_map(|at| SCHEMAS.get(*at)).map(|(name, _)| (*name).to_owned()).collect();
        Some(Schema { name, holds, columns: own.iter().map(|t| t.columns.len()).sum(), reads, own })
    });
    Page { release: dictionary.release.to_owned(), title, tiles, schemas: schemas.collect() }
}
