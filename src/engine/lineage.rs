//! Where the columns of a model come from, read off the plan that computes them, down to the tables it scans.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, JoinType};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Distinct, Expr, Join, LogicalPlan, RecursiveQuery, TableScan};

use super::Session;
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

/// A column of a table that somebody reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// `<schema>.<table>`.
    pub table: String,
    /// The column.
    pub column: String,
}

/// Columns, each once, in order.
pub type Sources = BTreeSet<Source>;

/// What the rows of a statement are made of.
#[derive(Debug, Clone, Default)]
pub struct Lineage {
    /// Of each column, in order, the columns its values are computed from; none where it is a constant or counts rows.
    pub columns: Vec<Sources>,
    /// The columns that say which rows there are: filtered, joined and grouped by.
    pub rows: Sources,
    /// The tables that are read.
    pub tables: BTreeSet<String>,
}

/// Traces the columns of a statement to the tables it reads itself. The session must hold those as tables: a view would be
/// looked through.
///
/// # Errors
/// A config error for a statement that does not plan; an internal one for a plan this does not know.
pub async fn trace(session: &Session, sql: &str) -> Result<Lineage> {
    let frame = session.plan(sql).await.map_err(|e| Error::config(e.to_string()))?;
    let plan = Arc::new(frame.into_unoptimized_plan());
    let mut walk = Walk::default();
    let columns = walk.columns(&plan)?;
    Ok(Lineage { columns: columns.to_vec(), rows: walk.rows, tables: walk.tables })
}

/// A plan being walked. A table expression that is named twice is one and the same plan, and is walked once.
#[derive(Default)]
struct Walk {
    seen: HashMap<*const LogicalPlan, Rc<[Sources]>>,
    /// What the rows of a query that reads itself are known to come from so far, by its name.
    own: HashMap<String, Rc<[Sources]>>,
    rows: Sources,
    tables: BTreeSet<String>,
    /// The inputs of the queries around the one being walked, the innermost last.
    outer: Vec<Arc<LogicalPlan>>,
}

impl Walk {
    /// The sources of each column that a plan gives.
    fn columns(&mut self, plan: &Arc<LogicalPlan>) -> Result<Rc<[Sources]>> {
        let place = Arc::as_ptr(plan);
        if let Some(known) = self.seen.get(&place) {
            return Ok(Rc::clone(known));
        }
        let found = self.of(plan)?;
        if found.len() != plan.schema().fields().len() {
            return Err(Error::internal(format!("a plan of {} columns has {} sources", found.len(), plan.schema())));
        }
        self.seen.insert(place, Rc::clone(&found));
        Ok(found)
    }

    fn of(&mut self, plan: &LogicalPlan) -> Result<Rc<[Sources]>> {
        Ok(match plan {
            LogicalPlan::TableScan(scan) => self.scanned(scan)?,
            LogicalPlan::Projection(node) => self.each(&node.expr, &node.input)?,
            LogicalPlan::SubqueryAlias(node) => self.columns(&node.input)?,
            LogicalPlan::Subquery(node) => self.columns(&node.subquery)?,
            LogicalPlan::Repartition(node) => self.columns(&node.input)?,
            LogicalPlan::Sort(node) => self.columns(&node.input)?,
            LogicalPlan::Limit(node) => self.columns(&node.input)?,
            LogicalPlan::Filter(node) => {
                self.deciding([&node.predicate], &node.input)?;
                self.columns(&node.input)?
            }
            LogicalPlan::Window(node) => {
                let mut columns = self.columns(&node.input)?.to_vec();
                columns.extend(self.each(&node.window_expr, &node.input)?.iter().cloned());
                columns.into()
            }
            LogicalPlan::Aggregate(node) => {
                self.deciding(&node.group_expr, &node.input)?;
                let mut columns = self.each(&node.group_expr, &node.input)?.to_vec();
                columns.extend(self.each(&node.aggr_expr, &node.input)?.iter().cloned());
                columns.into()
            }
            LogicalPlan::Distinct(Distinct::All(input)) => self.columns(input)?,
            LogicalPlan::Distinct(Distinct::On(node)) => {
                self.deciding(&node.on_expr, &node.input)?;
                self.each(&node.select_expr, &node.input)?
            }
            LogicalPlan::Union(node) => {
                let mut columns = vec![Sources::new(); node.schema.fields().len()];
                for input in &node.inputs {
                    add(&mut columns, &self.columns(input)?);
                }
                columns.into()
            }
            LogicalPlan::Join(node) => self.joined(node)?,
            LogicalPlan::Unnest(node) => {
                let input = self.columns(&node.input)?;
                node.dependency_indices.iter().map(|&at| input.get(at).cloned().unwrap_or_default()).collect()
            }
            LogicalPlan::RecursiveQuery(node) => self.reading_itself(node)?,
            LogicalPlan::Values(node) => vec![Sources::new(); node.schema.fields().len()].into(),
            LogicalPlan::EmptyRelation(node) => vec![Sources::new(); node.schema.fields().len()].into(),
            other => return Err(Error::internal(format!("no lineage through {}", other.display()))),
        })
    }

    /// A table is where a trace ends, but for the query's own rows so far.
    fn scanned(&mut self, scan: &TableScan) -> Result<Rc<[Sources]>> {
        let Some(schema) = scan.table_name.schema() else {
            let own = self.own.get(scan.table_name.table()).cloned();
            return own.ok_or_else(|| Error::internal(format!("`{}` is no table", scan.table_name)));
        };
        let table = format!("{schema}.{}", scan.table_name.table());
        self.tables.insert(table.clone());
        let source = |column: &str| Sources::from([Source { table: table.clone(), column: column.to_owned() }]);
        Ok(scan.projected_schema.fields().iter().map(|field| source(field.name())).collect())
    }

    /// A left join keeps the columns of both sides, a semi join those of one.
    fn joined(&mut self, join: &Join) -> Result<Rc<[Sources]>> {
        let both = join.left.schema().join(join.right.schema()).map_err(failed)?;
        let (left, right) = (self.columns(&join.left)?, self.columns(&join.right)?);
        let sides: Vec<Sources> = left.iter().chain(right.iter()).cloned().collect();
        for (on_left, on_right) in &join.on {
            let keys = [self.value(on_left, &join.left)?, self.value(on_right, &join.right)?];
            self.rows.extend(keys.into_iter().flatten());
        }
        if let Some(filter) = &join.filter {
            let compared = self.value_in(filter, &both, &sides, &join.left)?;
            self.rows.extend(compared);
        }
        Ok(match join.join_type {
            JoinType::LeftSemi | JoinType::LeftAnti => left,
            JoinType::RightSemi | JoinType::RightAnti => right,
            JoinType::LeftMark => left.iter().cloned().chain([Sources::new()]).collect(),
            JoinType::RightMark => right.iter().cloned().chain([Sources::new()]).collect(),
            _ => sides.into(),
        })
    }

    /// Starts from the rows a query begins with, and goes round until nothing new comes.
    fn reading_itself(&mut self, query: &RecursiveQuery) -> Result<Rc<[Sources]>> {
        let mut known = self.columns(&query.static_term)?;
        loop {
            self.own.insert(query.name.clone(), Rc::clone(&known));
            // What was found on the way round before rests on less.
            self.seen.clear();
            let mut columns = known.to_vec();
            add(&mut columns, &self.columns(&query.recursive_term)?);
            if columns[..] == known[..] {
                return Ok(known);
            }
            known = columns.into();
        }
    }

    /// The sources of each expression.
    fn each(&mut self, expressions: &[Expr], input: &Arc<LogicalPlan>) -> Result<Rc<[Sources]>> {
        expressions.iter().map(|expression| self.value(expression, input)).collect()
    }

    /// Expressions that say which rows there are.
    fn deciding<'e>(
        &mut self,
        expressions: impl IntoIterator<Item = &'e Expr>,
        input: &Arc<LogicalPlan>,
    ) -> Result<()> {
        for expression in expressions {
            let sources = self.value(expression, input)?;
            self.rows.extend(sources);
        }
        Ok(())
    }

    /// The sources of one expression over the rows of a plan.
    fn value(&mut self, expression: &Expr, input: &Arc<LogicalPlan>) -> Result<Sources> {
        let columns = self.columns(input)?;
        self.value_in(expression, input.schema(), &columns, input)
    }

    fn value_in(
        &mut self,
        expression: &Expr,
        schema: &DFSchema,
        columns: &[Sources],
        input: &Arc<LogicalPlan>,
    ) -> Result<Sources> {
        let mut found = Sources::new();
        let (mut names, mut outer, mut inner) = (Vec::new(), Vec::new(), Vec::new());
        let visited = expression.apply(|part| {
            match part {
                Expr::Column(column) => names.push(column.clone()),
                Expr::OuterReferenceColumn(_, column) => outer.push(column.clone()),
                Expr::ScalarSubquery(query) => inner.push((Arc::clone(&query.subquery), true)),
                Expr::InSubquery(query) => inner.push((Arc::clone(&query.subquery.subquery), true)),
                Expr::SetComparison(query) => inner.push((Arc::clone(&query.subquery.subquery), true)),
                // Whether there are rows is a question of rows, which are walked for it.
                Expr::Exists(query) => inner.push((Arc::clone(&query.subquery.subquery), false)),
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        });
        visited.map_err(failed)?;
        for column in names {
            let at = schema.index_of_column(&column).map_err(failed)?;
            found.extend(columns.get(at).into_iter().flatten().cloned());
        }
        for column in outer {
            found.extend(self.of_outside(&column)?);
        }
        for (query, is_value) in inner {
            self.outer.push(Arc::clone(input));
            let given = self.columns(&query);
            self.outer.pop();
            let given = given?;
            found.extend(given.iter().filter(|_| is_value).flatten().cloned());
        }
        Ok(found)
    }

    /// A column of a query around this one.
    fn of_outside(&mut self, column: &Column) -> Result<Sources> {
        for input in self.outer.clone().iter().rev() {
            if let Ok(at) = input.schema().index_of_column(column) {
                return Ok(self.columns(input)?.get(at).cloned().unwrap_or_default());
            }
        }
        Err(Error::internal(format!("`{column}` is of no query around")))
    }
}

fn add(columns: &mut [Sources], more: &[Sources]) {
    for (sources, found) in columns.iter_mut().zip(more) {
        sources.extend(found.iter().cloned());
    }
}

fn failed(error: DataFusionError) -> Error {
    Err::<(), _>(error).context(ErrorKind::Internal, "lineage").err().unwrap_or_else(|| Error::internal("lineage"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;
    use crate::base::AsOf;
    use crate::engine::Settings;

    /// The lineage of a statement over `t.a (k, x, y)` and `t.b (k, z)`: the columns, then the rows, as words.
    fn traced(sql: &str) -> (Vec<String>, String) {
        let session = Session::without_store(AsOf::parse("2026-11-20").unwrap(), &Settings::default()).unwrap();
        for (table, columns) in [("t.a", ["k", "x", "y"].as_slice()), ("t.b", &["k", "z"])] {
            let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, DataType::Int64, true)).collect();
            session.register_batches(table, Arc::new(Schema::new(fields)), Vec::new()).unwrap();
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let Lineage { columns, rows, .. } = runtime.block_on(trace(&session, sql)).unwrap();
        let words = |sources: &Sources| {
            let words: Vec<String> = sources.iter().map(|s| format!("{}.{}", &s.table[2..], s.column)).collect();
            words.join(" ")
        };
        (columns.iter().map(words).collect(), words(&rows))
    }

    fn assert_traced(sql: &str, columns: &[&str], rows: &str) {
        let (found, decided) = traced(sql);
        assert_eq!(found, columns, "columns of {sql}");
        assert_eq!(decided, rows, "rows of {sql}");
    }

    #[test]
    fn values_come_from_expressions_and_rows_from_conditions() {
        assert_traced("select case when x > 0 then y end as v, 1 as one from t.a where k = 3", &["a.x a.y", ""], "a.k");
        assert_traced(
            "select a.x, b.z, count(*) as n, sum(a.y) as s from t.a as a left join t.b as b on b.k = a.k group by 1, 2",
            &["a.x", "b.z", "", "a.y"],
            "a.k a.x b.k b.z",
        );
        assert_traced("select x from t.a as a left anti join t.b as b on b.k = a.k", &["a.x"], "a.k b.k");
        assert_traced(
            "select row_number() over (partition by k order by x) as place, y from t.a",
            &["a.k a.x", "a.y"],
            "",
        );
    }

    #[test]
    fn a_name_that_is_used_twice_is_followed_twice() {
        assert_traced(
            "with u as (select k, x as v from t.a union all select k, z from t.b) \
             select l.v, r.v as w from u as l inner join u as r on r.k = l.k",
            &["a.x b.z", "a.x b.z"],
            "a.k b.k",
        );
    }

    #[test]
    fn a_question_within_a_question_counts() {
        assert_traced(
            "select x, (select max(z) from t.b as b where b.k = a.k) as most from t.a as a",
            &["a.x", "b.z"],
            "a.k b.k",
        );
        assert_traced(
            "select x from t.a as a where exists (select 1 from t.b as b where b.k = a.k)",
            &["a.x"],
            "a.k b.k",
        );
        assert_traced("select x from t.a where y in (select z from t.b)", &["a.x"], "a.y b.z");
    }

    #[test]
    fn a_query_that_reads_itself_goes_round_until_nothing_new_comes() {
        assert_traced(
            "with recursive r as (\
                 select k, x as v, 0 as w from t.a \
                 union all \
                 select r.k, b.z as v, r.v as w from r inner join t.b as b on b.k = r.k where r.w < 9\
             ) select v, w from r",
            &["a.x b.z", "a.x b.z"],
            "a.k a.x b.k b.z",
        );
    }
}
