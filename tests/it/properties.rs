//! What holds always, whatever the company: a made one is landed and judged, then the same with one thing changed.
//! A company is made from its seed; a seed that once failed stays in [`SEEDS`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::sync::OnceLock;

use chrono::{Days, NaiveDate};

use super::chance::Chance;
use super::project::{Project, Tables};

/// The companies that are judged.
const SEEDS: &[u64] = &[11];
/// The day all of them are judged on.
const DAY: &str = "2026-11-20";
/// The window of both policies of the base project.
const WINDOW: i64 = 90;
/// Reasons that time without use gives.
const IDLE: &[&str] = &["inactive", "never_used", "over_tiered"];

/// Days count from [`DAY`]; negative is before it.
#[derive(Clone)]
struct Person {
    is_in_hr: bool,
    is_contractor: bool,
    hired: i64,
    last_day: Option<i64>,
    leave: Option<(i64, i64)>,
    projects: Vec<(i64, Option<i64>)>,
}

#[derive(Clone)]
struct Seat {
    app: &'static str,
    person: usize,
    sku: &'static str,
    assigned: i64,
    /// Day and feature; of figma alone.
    uses: Vec<(i64, &'static str)>,
    sign_ins: Vec<i64>,
}

/// A company of one's own, to be written over the base project.
#[derive(Clone)]
struct Company {
    people: Vec<Person>,
    seats: Vec<Seat>,
    /// Rows of `drops/holds.csv` and `drops/exceptions.csv`.
    holds: String,
    exceptions: String,
}

impl Company {
    fn of(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let c = &mut chance;
        let mut people = Vec::new();
        for _ in 0..60 {
            let hired = c.ago(15, 900);
            people.push(Person {
                is_in_hr: !c.percent(5),
                is_contractor: c.percent(30),
                hired,
                last_day: c.percent(10).then(|| hired.max(20 - c.below(60) as i64)),
                leave: c.percent(15).then(|| c.ago(1, 60)).map(|from| (from, from + 5 + c.below(90) as i64)),
                projects: (0..u64::from(c.percent(25))).map(|_| (c.ago(40, 200), Some(c.ago(0, 35)))).collect(),
            });
            if c.percent(8)
                && let Some(person) = people.last_mut()
            {
                person.projects.push((c.below(60) as i64, None));
            }
        }
        let mut seats = Vec::new();
        for (person, held_by) in people.iter().enumerate() {
            for app in ["figma", "wiki"] {
                if !c.percent(if app == "figma" { 90 } else { 60 }) {
                    continue;
                }
                let sku = match app {
                    "figma" => ["FIG-PRO", "FIG-PRO", "FIG-ENT", "FIG-VIEW"][c.below(4) as usize],
                    _ => "WIKI-STD",
                };
                let mut seat = Seat {
                    app,
                    person,
                    sku,
                    assigned: held_by.hired.max(c.ago(5, 390)),
                    uses: Vec::new(),
                    sign_ins: Vec::new(),
                };
                // Half of them are quiet since long ago.
                let (from, to) = if c.percent(50) { (0, 60) } else { (85, 200) };
                for _ in 0..c.below(4) {
                    seat.use_on(c.ago(from, to), c);
                }
                seats.push(seat);
            }
        }
        Self { people, seats, holds: String::new(), exceptions: String::new() }
    }

    /// The base project with this company in it.
    fn project(&self) -> Project {
        self.extracted_on(Project::base(), DAY)
            .with("drops/holds.csv", &format!("{DROP}{}", self.holds))
            .with("drops/exceptions.csv", &format!("{DROP}{}", self.exceptions))
    }

    /// The same with the extracts of a day.
    fn extracted_on(&self, project: Project, day: &str) -> Project {
        let mut workers = String::from(
            "Employee_ID,Name,Email_-_Work,Worker_Type,Hire_Date,Termination_Date,Manager_ID,Cost_Center_ID,Region,Practice,Job_Family\n\
             1009,Mia,mia@northwind.example,employee,2020-01-07,,,CC-1,EMEA,Design,Manager\n",
        );
        let mut leaves =
            String::from("Leave_Request_ID,Employee_ID,Leave_Start_Date,Leave_End_Date,Estimated_Leave_End_Date\n");
        let mut projects =
            String::from("Assignment_ID,Employee_ID,Project_ID,Assignment_Start_Date,Assignment_End_Date\n");
        let mut users = String::from(
            "id,status,login,email,employeeNumber\n00u-mia,ACTIVE,mia@northwind.example,mia@northwind.example,1009\n",
        );
        for (n, person) in self.people.iter().enumerate() {
            let email = email(n);
            if !person.is_in_hr {
                put(&mut users, format_args!("00u-{n},ACTIVE,{email},{email},"));
                continue;
            }
            put(&mut users, format_args!("00u-{n},ACTIVE,{email},{email},{}", 2000 + n));
            let kind = if person.is_contractor { "contractor" } else { "employee" };
            let last_day = person.last_day.map(date).unwrap_or_default();
            let hired = date(person.hired);
            put(
                &mut workers,
                format_args!("{},P{n},{email},{kind},{hired},{last_day},1009,CC-1,EMEA,Design,Designer", 2000 + n),
            );
            if let Some((from, to)) = person.leave {
                put(&mut leaves, format_args!("L{n},{},{},{},", 2000 + n, date(from), date(to)));
            }
            for (p, (from, to)) in person.projects.iter().enumerate() {
                let to = to.map(date).unwrap_or_default();
                put(&mut projects, format_args!("A{n}-{p},{},PRJ,{},{to}", 2000 + n, date(*from)));
            }
        }
        let mut figma = String::from("User ID,Email,Seat,Assigned on\n");
        let mut app_users = String::from("appId,id,scope,status,userName,created\n");
        let (mut activity, mut log) = (String::new(), String::new());
        for (s, seat) in self.seats.iter().enumerate() {
            let (n, email, assigned) = (seat.person, email(seat.person), date(seat.assigned));
            if seat.app == "figma" {
                put(&mut figma, format_args!("f-{n},{email},{},{assigned}", seat.sku));
            }
            put(&mut app_users, format_args!("0oa-{},00u-{n},USER,ACTIVE,{email},{assigned}T09:00:00Z", seat.app));
            for (u, (on, feature)) in seat.uses.iter().enumerate() {
                let on = date(*on);
                put(
                    &mut activity,
                    format_args!(
                        r#"{{"id":"a{day}-{s}-{u}","user":"f-{n}","feature":"{feature}","day":"{on}","uses":1}}"#
                    ),
                );
            }
            for (u, on) in seat.sign_ins.iter().enumerate() {
                let on = date(*on);
                put(
                    &mut log,
                    format_args!(
                        r#"{{"uuid":"e{day}-{s}-{u}","published":"{on}T08:30:00Z","eventType":"user.authentication.sso","outcome":{{"result":"SUCCESS"}},"actor":{{"id":"00u-{n}","type":"User"}},"target":[{{"type":"AppInstance","id":"0oa-{}"}}]}}"#,
                        seat.app
                    ),
                );
            }
        }
        let extracts = [
            ("workday/workers", "csv", workers),
            ("workday/leaves", "csv", leaves),
            ("workday/project_assignments", "csv", projects),
            ("okta/users", "csv", users),
            ("okta/app_users", "csv", app_users),
            ("okta/system_log", "ndjson", log),
            ("figma/seats", "csv", figma),
            ("figma/activity", "ndjson", activity),
        ];
        extracts.into_iter().fold(project, |project, (stream, extension, text)| {
            project.with(&format!("extracts/{stream}/{day}.{extension}"), &text)
        })
    }
}

impl Seat {
    /// One use, of a kind that the policy of its app counts.
    fn use_on(&mut self, on: i64, chance: &mut Chance) {
        if self.app == "figma" && chance.percent(60) {
            self.uses.push((on, if chance.percent(30) { "sandbox" } else { "edit" }));
        } else {
            self.sign_ins.push(on);
        }
    }

    fn key(&self) -> Key {
        let account = if self.app == "figma" { format!("f-{}", self.person) } else { format!("00u-{}", self.person) };
        [self.app.to_owned(), account, self.sku.to_owned()]
    }
}

const DROP: &str = "app_id,account_id,sku_id,effective_from,expires_on,reason_code,actor\n";

/// App, account, SKU.
type Key = [String; 3];
/// Verdict and reason by seat.
type Verdicts = BTreeMap<Key, (String, String)>;

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").unwrap();
}

fn email(person: usize) -> String {
    format!("p{person}@northwind.example")
}

fn date(day: i64) -> String {
    let today: NaiveDate = DAY.parse().unwrap();
    let distance = Days::new(day.unsigned_abs());
    if day < 0 { today - distance } else { today + distance }.to_string()
}

fn verdicts(tables: &Tables) -> Verdicts {
    let rows = tables.rows("policy.evaluations").into_iter();
    rows.map(|r| {
        (["app_id", "account_id", "sku_id"].map(|c| r[c].clone()), (r["verdict"].clone(), r["reason"].clone()))
    })
    .collect()
}

fn candidates(verdicts: &Verdicts) -> BTreeSet<&Key> {
    verdicts.iter().filter(|(_, (verdict, _))| verdict == "candidate").map(|(key, _)| key).collect()
}

/// The companies as they are, judged once for all tests.
fn companies() -> &'static [(Company, Verdicts)] {
    static COMPANIES: OnceLock<Vec<(Company, Verdicts)>> = OnceLock::new();
    COMPANIES.get_or_init(|| {
        let judged = SEEDS.iter().map(|seed| {
            let company = Company::of(*seed);
            let verdicts = verdicts(&company.project().run(DAY).unwrap());
            let of = |wanted: &str| verdicts.values().filter(|(verdict, _)| verdict == wanted).count();
            assert_eq!(verdicts.len(), company.seats.len(), "seed {seed}");
            for (verdict, least) in [("candidate", 6), ("keep", 6), ("grace", 2)] {
                assert!(of(verdict) >= least, "seed {seed} makes {} {verdict}: it tests too little", of(verdict));
            }
            (company, verdicts)
        });
        judged.collect()
    })
}

#[test]
fn more_use_never_makes_a_candidate_of_a_seat_that_was_not_unknown() {
    for ((company, before), seed) in companies().iter().zip(SEEDS) {
        let mut chance = Chance(seed ^ 0xc0ffee);
        let mut more = company.clone();
        let mut used = Vec::new();
        for seat in &mut more.seats {
            if chance.percent(60) {
                let on = chance.ago(0, 120);
                seat.use_on(on, &mut chance);
                used.push((seat.key(), on));
            }
        }
        let after = verdicts(&more.project().run(DAY).unwrap());
        for (key, on) in used {
            let ((was, _), (is, reason)) = (&before[&key], &after[&key]);
            let place = format!("seed {seed}, {key:?}, used {} days ago: {was}, then {is} ({reason})", -on);
            assert!(is != "candidate" || matches!(was.as_str(), "candidate" | "unknown"), "{place}");
            assert!(-on >= WINDOW || !matches!(reason.as_str(), "inactive" | "never_used"), "{place}");
        }
    }
}

#[test]
fn hold_exception_and_leave_win_over_inactivity() {
    for ((company, before), seed) in companies().iter().zip(SEEDS) {
        let mut changed = company.clone();
        let mut wanted = BTreeMap::new();
        let idle = company.seats.iter().filter(|s| {
            let (verdict, reason) = &before[&s.key()];
            verdict == "candidate" && IDLE.contains(&reason.as_str())
        });
        for (seat, n) in idle.zip(0..) {
            let key = seat.key();
            let row = |reason: &str| format!("{},{},,{},{},{reason},\n", key[0], key[1], date(-3), date(20));
            let person = &mut changed.people[seat.person];
            let verdict = match n % 3 {
                0 => {
                    changed.exceptions += &row("board_request");
                    ("excepted", "board_request")
                }
                // Two leaves of one person would overlap.
                1 if person.is_in_hr && person.leave.is_none() => {
                    person.leave = Some((-10, 10));
                    ("grace", "on_leave")
                }
                _ => {
                    changed.holds += &row("busy_season");
                    ("held", "manager_hold")
                }
            };
            wanted.insert(key, verdict);
        }
        assert!(wanted.len() >= 3, "seed {seed}: {} idle seats", wanted.len());
        let after = verdicts(&changed.project().run(DAY).unwrap());
        for (key, (verdict, reason)) in wanted {
            let (is, why) = &after[&key];
            assert_eq!((is.as_str(), why.as_str()), (verdict, reason), "seed {seed}, {key:?}");
        }
    }
}

#[test]
fn an_extract_of_a_later_day_never_changes_the_day() {
    for ((company, before), seed) in companies().iter().zip(SEEDS) {
        let mut later = company.clone();
        let mut chance = Chance(seed ^ 0x1a7e);
        for person in &mut later.people {
            person.last_day = chance.percent(30).then_some(-1).filter(|_| person.hired < -1).or(person.last_day);
            person.leave = person.leave.map(|(from, to)| (from, to + 100));
        }
        later.seats.retain(|_| chance.percent(90));
        later.seats.iter_mut().for_each(|seat| seat.use_on(0, &mut chance));
        let tables = later.extracted_on(company.project(), "2026-11-21").run(DAY).unwrap();
        assert_eq!(&verdicts(&tables), before, "seed {seed}");
        let seen = tables.value("select max(extract_date) as d from audit.landings");
        assert_eq!(seen, DAY, "a landing of a later day is seen");
    }
}

#[test]
fn a_source_that_brings_nothing_never_makes_a_candidate() {
    for source in ["workday", "okta", "figma"] {
        without(source, |project| fs::remove_dir_all(project.path().join("extracts").join(source)).unwrap());
    }
    without("servicenow and ecb", |project| {
        for source in ["servicenow", "ecb"] {
            fs::remove_dir_all(project.path().join("extracts").join(source)).unwrap();
        }
    });
}

#[test]
fn a_source_that_is_taken_out_of_the_project_never_makes_a_candidate() {
    for source in ["workday", "okta"] {
        without(source, |project| {
            let file = project.path().join("seatledger.toml");
            let text = fs::read_to_string(&file).unwrap();
            let sections: Vec<&str> = text.split("[[source]]").collect();
            let is_it = |section: &&str| section.contains(&format!("name = \"{source}\""));
            let kept: Vec<&str> = sections.iter().copied().filter(|s| !is_it(s)).collect();
            assert_eq!(kept.len() + 1, sections.len());
            fs::write(&file, kept.join("[[source]]")).unwrap();
        });
    }
}

/// Judges the companies after `remove`; a project that is then refused as a whole makes no candidate either.
fn without(what: &str, remove: impl Fn(&Project)) {
    for ((company, before), seed) in companies().iter().zip(SEEDS) {
        let project = company.project();
        remove(&project);
        let Ok(tables) = project.land().and_then(|_| project.build(DAY)) else {
            assert!(project.land().is_err(), "without {what}: the project is valid and cannot be run");
            continue;
        };
        let after = verdicts(&tables);
        let new: Vec<_> = candidates(&after).difference(&candidates(before)).map(|key| (*key, &after[*key])).collect();
        assert!(new.is_empty(), "seed {seed} without {what}: {} new candidates, such as {:?}", new.len(), new.first());
    }
}
