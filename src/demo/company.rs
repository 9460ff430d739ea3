//! The people: who works where, for whom, since when, and the tree of managers.

use std::collections::BTreeMap;

use super::rng::{BASE62, Rng, hash, hex32, id};
use super::text::Day;

/// The mail domain of the company.
pub const DOMAIN: &str = "northwind.example";

/// One kind of work in the company.
pub struct Practice {
    /// Its name in the HR system.
    pub name: &'static str,
    /// Its short code in cost centers.
    pub code: &'static str,
    /// People of 100.
    weight: u32,
    families: &'static [&'static str],
}

/// The practices; an app's shares are in this order.
#[rustfmt::skip]
pub const PRACTICES: [Practice; 7] = [
    Practice { name: "Engineering", code: "ENG", weight: 26, families: &["Software Engineering", "Platform Administration", "Quality Assurance", "Product Design"] },
    Practice { name: "Sales", code: "SAL", weight: 16, families: &["Account Management", "Sales Development", "Sales Operations"] },
    Practice { name: "Consulting", code: "CON", weight: 20, families: &["Delivery", "Solution Architecture", "Engagement Management"] },
    Practice { name: "Finance", code: "FIN", weight: 7, families: &["Controlling", "Treasury", "Accounts Payable"] },
    Practice { name: "People", code: "PPL", weight: 4, families: &["Talent Acquisition", "People Operations"] },
    Practice { name: "Support", code: "SUP", weight: 14, families: &["Customer Support", "Technical Support"] },
    Practice { name: "Operations", code: "OPS", weight: 13, families: &["Logistics", "Facilities", "Procurement"] },
];

/// One office.
pub struct Place {
    /// `EMEA`, `AMER` or `APAC`.
    pub region: &'static str,
    /// The country's name, as Workday writes it.
    pub country: &'static str,
    /// The ISO code.
    pub iso: &'static str,
    /// The city and state of its network.
    pub city: &'static str,
    /// State or province.
    pub state: &'static str,
    /// Latitude and longitude.
    pub at: (&'static str, &'static str),
    /// UTC hour at which the day begins there.
    pub opens: u64,
    weight: u32,
}

/// The offices; addresses are from the documentation ranges.
#[rustfmt::skip]
pub const PLACES: [Place; 10] = [
    Place { region: "EMEA", country: "Germany", iso: "DE", city: "Hamburg", state: "Hamburg", at: ("53.5511", "9.9937"), opens: 6, weight: 16 },
    Place { region: "EMEA", country: "United Kingdom", iso: "GB", city: "Leeds", state: "England", at: ("53.8008", "-1.5491"), opens: 7, weight: 13 },
    Place { region: "EMEA", country: "France", iso: "FR", city: "Lyon", state: "Auvergne-Rhône-Alpes", at: ("45.7640", "4.8357"), opens: 6, weight: 10 },
    Place { region: "EMEA", country: "Bulgaria", iso: "BG", city: "Sofia", state: "Sofia-City", at: ("42.6977", "23.3219"), opens: 5, weight: 9 },
    Place { region: "AMER", country: "United States of America", iso: "US", city: "Columbus", state: "Ohio", at: ("39.9612", "-82.9988"), opens: 12, weight: 24 },
    Place { region: "AMER", country: "Canada", iso: "CA", city: "Montréal", state: "Quebec", at: ("45.5019", "-73.5674"), opens: 12, weight: 6 },
    Place { region: "AMER", country: "Brazil", iso: "BR", city: "São Paulo", state: "Sao Paulo", at: ("-23.5505", "-46.6333"), opens: 11, weight: 4 },
    Place { region: "APAC", country: "Japan", iso: "JP", city: "Osaka", state: "Ōsaka", at: ("34.6937", "135.5023"), opens: 0, weight: 8 },
    Place { region: "APAC", country: "India", iso: "IN", city: "Pune", state: "Maharashtra", at: ("18.5204", "73.8567"), opens: 3, weight: 7 },
    Place { region: "APAC", country: "Australia", iso: "AU", city: "Brisbane", state: "Queensland", at: ("-27.4698", "153.0251"), opens: 0, weight: 3 },
];

/// The regions, in the order of cost centers.
pub const REGIONS: [&str; 3] = ["EMEA", "AMER", "APAC"];

/// Given names: as written, and as mail addresses spell them.
#[rustfmt::skip]
const GIVEN: [(&str, &str); 60] = [
    ("Ana", "ana"), ("Zoë", "zoe"), ("José", "jose"), ("Łukasz", "lukasz"), ("Søren", "soren"), ("Jürgen", "juergen"),
    ("Élodie", "elodie"), ("Nguyệt", "nguyet"), ("Yuki", "yuki"), ("Haruto", "haruto"), ("Priya", "priya"),
    ("Rahul", "rahul"), ("Emma", "emma"), ("Liam", "liam"), ("Olivia", "olivia"), ("Noah", "noah"), ("Mia", "mia"),
    ("Lucas", "lucas"), ("Sofía", "sofia"), ("Mateo", "mateo"), ("Chloé", "chloe"), ("Hugo", "hugo"), ("Ivana", "ivana"),
    ("Petar", "petar"), ("Desislava", "desislava"), ("Georgi", "georgi"), ("Hannah", "hannah"), ("Felix", "felix"),
    ("Charlotte", "charlotte"), ("Jack", "jack"), ("Amelia", "amelia"), ("Oliver", "oliver"), ("Isla", "isla"),
    ("Thomas", "thomas"), ("Aiko", "aiko"), ("Kenji", "kenji"), ("Ananya", "ananya"), ("Vikram", "vikram"),
    ("Beatriz", "beatriz"), ("João", "joao"), ("Camila", "camila"), ("Rafael", "rafael"), ("Grace", "grace"),
    ("Ethan", "ethan"), ("Madison", "madison"), ("Tyler", "tyler"), ("Renée", "renee"), ("Étienne", "etienne"),
    ("Katarzyna", "katarzyna"), ("Paweł", "pawel"), ("Ingrid", "ingrid"), ("Magnus", "magnus"), ("Fatima", "fatima"),
    ("Omar", "omar"), ("Leila", "leila"), ("Daniel", "daniel"), ("Ruth", "ruth"), ("Samuel", "samuel"), ("Nora", "nora"),
    ("Marta", "marta"),
];

/// Family names: as written, and as mail addresses spell them.
#[rustfmt::skip]
const FAMILY: [(&str, &str); 80] = [
    ("García", "garcia"), ("O'Neill", "oneill"), ("Müller", "mueller"), ("Nowak", "nowak"), ("Ivanova", "ivanova"),
    ("Petrov", "petrov"), ("Dimitrova", "dimitrova"), ("Tanaka", "tanaka"), ("Sato", "sato"), ("Suzuki", "suzuki"),
    ("Sharma", "sharma"), ("Patel", "patel"), ("Iyer", "iyer"), ("Smith", "smith"), ("Johnson", "johnson"),
    ("Williams", "williams"), ("Brown", "brown"), ("Jones", "jones"), ("Miller", "miller"), ("Davis", "davis"),
    ("Tremblay", "tremblay"), ("Gagnon", "gagnon"), ("Roy", "roy"), ("Côté", "cote"), ("Silva", "silva"),
    ("Santos", "santos"), ("Ferreira", "ferreira"), ("Dubois", "dubois"), ("Lefèvre", "lefevre"), ("Moreau", "moreau"),
    ("Schäfer", "schaefer"), ("Weiß", "weiss"), ("Becker", "becker"), ("Hoffmann", "hoffmann"), ("Koch", "koch"),
    ("Richter", "richter"), ("Wolf", "wolf"), ("Neumann", "neumann"), ("Taylor", "taylor"), ("Evans", "evans"),
    ("Walker", "walker"), ("Wright", "wright"), ("Hughes", "hughes"), ("Thompson", "thompson"), ("Clarke", "clarke"),
    ("Murphy", "murphy"), ("Kelly", "kelly"), ("Jensen", "jensen"), ("Nielsen", "nielsen"), ("Larsson", "larsson"),
    ("Öberg", "oberg"), ("Kowalczyk", "kowalczyk"), ("Wójcik", "wojcik"), ("Novák", "novak"), ("Horváth", "horvath"),
    ("Yamamoto", "yamamoto"), ("Nakamura", "nakamura"), ("Kobayashi", "kobayashi"), ("Reddy", "reddy"), ("Gupta", "gupta"),
    ("Mehta", "mehta"), ("Nguyen", "nguyen"), ("Chen", "chen"), ("Wang", "wang"), ("Kim", "kim"), ("Cohen", "cohen"),
    ("Haddad", "haddad"), ("Rossi", "rossi"), ("Bianchi", "bianchi"), ("van der Berg", "vanderberg"), ("de Vries", "devries"),
    ("Martin", "martin"), ("Bernard", "bernard"), ("Anderson", "anderson"), ("Harris", "harris"), ("Lewis", "lewis"),
    ("Young", "young"), ("King", "king"), ("Scott", "scott"), ("Baker", "baker"),
];

/// One contract of work.
#[derive(Clone)]
pub struct Spell {
    /// The worker id of this spell; text with leading zeros.
    pub worker_id: String,
    /// First day.
    pub start: Day,
    /// Last day inside.
    pub end: Option<Day>,
}

/// A leave; ends are the last days inside.
#[derive(Clone)]
pub struct Leave {
    /// First day.
    pub start: Day,
    /// The real last day, once known.
    pub end: Option<Day>,
    /// The planned last day.
    pub estimated: Option<Day>,
}

/// A human being, or an account that has a name but is none.
#[derive(Clone)]
pub struct Person {
    /// What the display name is.
    pub name: String,
    /// Given name and family name.
    pub names: (String, String),
    /// The work address now.
    pub email: String,
    /// The address before, and the day it changed.
    pub old_email: Option<(String, Day)>,
    /// employee, contractor, seasonal or intern.
    pub worker_type: &'static str,
    /// Index into [`PLACES`].
    pub place: usize,
    /// Index into [`PRACTICES`].
    pub practice: usize,
    /// The job family.
    pub family: &'static str,
    /// Index of the manager.
    pub manager: Option<usize>,
    /// Spells of work; empty: not in the HR feed.
    pub spells: Vec<Spell>,
    /// Leaves.
    pub leaves: Vec<Leave>,
    /// Project assignments, first day and last day inside.
    pub projects: Vec<(Day, Option<Day>)>,
    /// Whether Okta knows them.
    pub in_okta: bool,
    /// Whether Okta knows the worker id.
    pub has_employee_number: bool,
    /// The Okta user id.
    pub okta_id: String,
}

impl Person {
    /// Someone (or something) with a name and an address, nothing else yet.
    pub fn named(given: &str, family: &str, email: String) -> Self {
        let name = if family.is_empty() { given.to_owned() } else { format!("{given} {family}") };
        let okta_id = id("00u", hash(&email), 17, BASE62);
        Self {
            name,
            names: (given.to_owned(), family.to_owned()),
            email,
            old_email: None,
            worker_type: "employee",
            place: 0,
            practice: 0,
            family: PRACTICES[0].families[0],
            manager: None,
            spells: Vec::new(),
            leaves: Vec::new(),
            projects: Vec::new(),
            in_okta: true,
            has_employee_number: true,
            okta_id,
        }
    }

    /// The office.
    pub fn office(&self) -> &'static Place {
        &PLACES[self.place]
    }

    /// The code of the cost center: practice and region.
    pub fn cost_center(&self) -> String {
        format!("CC-{}-{}", PRACTICES[self.practice].code, self.office().region)
    }

    /// First day of all.
    pub fn start(&self) -> Day {
        self.spells.iter().map(|s| s.start).min().unwrap_or(-900)
    }

    /// The last day inside, when no spell is open.
    pub fn end(&self) -> Option<Day> {
        self.spells.iter().map(|s| s.end).max_by_key(|e| e.unwrap_or(Day::MAX)).flatten()
    }

    /// Whether a worker is inside on a day.
    pub fn is_at_work(&self, day: Day) -> bool {
        !self.spells.is_empty() && self.start() <= day && self.end().is_none_or(|end| end >= day)
    }

    /// The address on a day.
    pub fn email_on(&self, day: Day) -> &str {
        match &self.old_email {
            Some((old, changed)) if day < *changed => old,
            _ => &self.email,
        }
    }

    /// The worker id of the newest spell that has begun, or of the first.
    pub fn worker_id(&self, day: Day) -> Option<&str> {
        let begun = self.spells.iter().filter(|s| s.start <= day).max_by_key(|s| s.start);
        begun.or(self.spells.first()).map(|s| s.worker_id.as_str())
    }

    /// The id that stays the same over spells: a Workday universal id.
    pub fn universal_id(&self) -> String {
        hex32(hash(&self.okta_id))
    }

    /// Places someone in a practice and an office.
    pub fn sits(mut self, practice: usize, place: usize) -> Self {
        self.practice = practice;
        self.place = place;
        self.family = PRACTICES[practice].families[0];
        self
    }
}

/// Heads: the chief, one of each practice, one of each practice and region.
pub const HEADS: usize = 1 + PRACTICES.len() + PRACTICES.len() * REGIONS.len();

/// The head of a practice in a region, who owns its cost center.
pub fn head_of(practice: usize, region: &str) -> usize {
    let region = REGIONS.iter().position(|r| *r == region).unwrap_or(0);
    1 + PRACTICES.len() + practice * REGIONS.len() + region
}

/// About `size` people at work on the as-of date, and those who left in the `days` before; one after the other, because
/// of a large company nobody wants them all at once.
pub fn people(size: usize, days: i32, seed: u64) -> impl Iterator<Item = Person> {
    let mut rng = Rng::new(seed, "people");
    let mut taken = vec![0_u32; GIVEN.len() * FAMILY.len()];
    let mut team_manager: BTreeMap<(usize, &str), (usize, usize)> = BTreeMap::new();
    let workers = size.max(HEADS);
    let everybody = (0..workers + size * 11 / 100).map(move |i| {
        let names = rng.below(GIVEN.len()) * FAMILY.len() + rng.below(FAMILY.len());
        let (given, family) = (GIVEN[names / FAMILY.len()], FAMILY[names % FAMILY.len()]);
        taken[names] += 1;
        let email = match taken[names] {
            1 => format!("{}.{}@{DOMAIN}", given.1, family.1),
            nth => format!("{}.{}{nth}@{DOMAIN}", given.1, family.1),
        };
        let mut person = Person::named(given.0, family.0, email);
        person.practice = rng.weighted(PRACTICES.iter().map(|p| p.weight));
        person.place = rng.weighted(PLACES.iter().map(|p| p.weight));
        person.manager = place_in_tree(i, &mut person, &mut team_manager);
        person.family = *rng.pick(PRACTICES[person.practice].families);
        let is_manager = person.manager.is_none_or(|m| m < HEADS);
        let left = i >= workers;
        if !is_manager {
            person.worker_type =
                ["employee", "contractor", "seasonal", "intern"][rng.weighted([82, 10, 5, 3].into_iter())];
        }
        let end = left.then(|| rng.between(-days, -4));
        let start = match end {
            Some(end) => end - rng.between(90, 2000),
            None if is_manager || rng.chance(880) => rng.between(-3600, -days),
            None if rng.chance(60) => rng.between(1, 25),
            None => rng.between(-days, -1),
        };
        person.spells.push(Spell { worker_id: format!("{:06}", 1200 + i * 3), start, end });
        if rng.chance(12) && end.is_none() && start < -200 {
            let family = rng.below(FAMILY.len());
            let taken = &mut taken[names / FAMILY.len() * FAMILY.len() + family];
            if *taken == 0 {
                *taken = 1;
                let old = format!("{}.{}@{DOMAIN}", given.1, FAMILY[family].1);
                person.old_email = Some((old, rng.between(-190, -40)));
            }
        }
        if end.is_none() && start < -120 && !is_manager {
            absences(&mut person, &mut rng);
        }
        person.has_employee_number = rng.chance(960);
        person
    });
    let rooms = (0..size / 300).map(|n| nobody(&format!("Room {}", 101 + n), &format!("room-{}", 101 + n), DOMAIN));
    let guests = (0..size / 400).map(|n| nobody(&format!("Studio {}", n + 1), &format!("guest{}", n + 1), AGENCY));
    everybody.chain(rooms).chain(guests)
}

/// The mail domain of guests.
pub const AGENCY: &str = "bluebird-studio.example";

/// An account that is no worker's and that Okta does not know.
pub fn nobody(name: &str, local: &str, domain: &str) -> Person {
    let mut account = Person::named(name, "", format!("{local}@{domain}"));
    account.has_employee_number = false;
    account.in_okta = false;
    account
}

/// Seats the heads first; everybody else joins a team of at most nine in their practice and region.
fn place_in_tree(i: usize, person: &mut Person, teams: &mut BTreeMap<(usize, &str), (usize, usize)>) -> Option<usize> {
    let practices = PRACTICES.len();
    match i {
        0 => None,
        _ if i <= practices => {
            person.practice = i - 1;
            Some(0)
        }
        _ if i < HEADS => {
            let group = i - 1 - practices;
            person.practice = group / REGIONS.len();
            let region = REGIONS[group % REGIONS.len()];
            person.place = PLACES.iter().position(|p| p.region == region).unwrap_or(0);
            Some(1 + person.practice)
        }
        _ => {
            let region = person.office().region;
            let (manager, size) = teams.entry((person.practice, region)).or_insert((usize::MAX, 9));
            if *size >= 9 {
                (*manager, *size) = (i, 1);
                return Some(head_of(person.practice, region));
            }
            *size += 1;
            Some(*manager)
        }
    }
}

/// Leaves and, for consultants, projects.
fn absences(person: &mut Person, rng: &mut Rng) {
    if rng.chance(18) {
        let start = rng.between(-110, -5);
        let estimated = start + rng.between(60, 200);
        person.leaves.push(Leave { start, end: (estimated < 0).then_some(estimated), estimated: Some(estimated) });
    } else if rng.chance(40) {
        let start = rng.between(-360, -120);
        let end = start + rng.between(10, 90);
        person.leaves.push(Leave { start, end: Some(end), estimated: Some(end + rng.between(-5, 5)) });
    }
    if PRACTICES[person.practice].name == "Consulting" {
        let first = rng.between(-300, -130);
        person.projects.push((first, Some(first + 60)));
        match rng.below(100) {
            0..5 => person.projects.push((-90, Some(rng.between(-60, -3)))),
            5..7 => person.projects.push((rng.between(3, 40), None)),
            _ => person.projects.push((first + 65, rng.chance(400).then(|| rng.between(15, 120)))),
        }
    }
}
