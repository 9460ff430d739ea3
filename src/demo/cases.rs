//! The seeded cases: for every row of the evaluation table an account on which it fires, and one beside it on which it
//! must not. The table says who, where and what must come out; the functions below it say what is special about them.

use std::collections::BTreeMap;

use super::apps::{
    APPS, AppId, COPILOT, DROPBOX, FIGMA, JIRA, M365, MIRO, NETSUITE, POWER_BI, SALESFORCE, SLACK, TABLEAU, VISIO, ZOOM,
};
use super::company::{DOMAIN, Leave, Person, Spell, head_of, nobody};
use super::seats::{Seat, Signal, Use};
use super::text::{Calendar, Day, put};

/// An account whose verdict is known beforehand.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Case {
    /// Its name, in the order of the evaluation table.
    pub name: &'static str,
    /// The app.
    pub app_id: &'static str,
    /// The account, as policy tables name it.
    pub account_id: String,
    /// The account's address.
    pub email: String,
    /// The SKU.
    pub sku_id: &'static str,
    /// The verdict that must come out.
    pub verdict: &'static str,
    /// The reason that must come out.
    pub reason: &'static str,
    /// What the case shows.
    pub story: &'static str,
}

/// What managers and others hand in for the cases.
#[derive(Default)]
pub struct Drops {
    holds: Vec<(usize, Day, Day)>,
    exceptions: Vec<(usize, Day, Day)>,
    confirmed: Vec<(usize, Day)>,
    executed: Vec<(usize, &'static str, &'static str, Day)>,
    legal: Vec<(String, Day, Option<Day>)>,
    overrides: Vec<(usize, String)>,
    accounts: Vec<(AppId, String)>,
}

impl Drops {
    fn rows(&self, header: &str, rows: impl Iterator<Item = String>) -> String {
        rows.fold(format!("{header}\n"), |text, row| text + &row + "\n")
    }

    fn seat(&self, seat: usize) -> String {
        let (app, account) = &self.accounts[seat];
        format!("{},{account}", APPS[*app].id)
    }

    fn dated(&self, list: &[(usize, Day, Day)], reason: &str, calendar: Calendar) -> String {
        self.rows(
            "app_id,account_id,sku_id,effective_from,expires_on,reason_code,actor",
            list.iter().map(|(seat, from, to)| {
                format!(
                    "{},,{},{},{reason},procurement@{DOMAIN}",
                    self.seat(*seat),
                    calendar.date(*from),
                    calendar.date(*to)
                )
            }),
        )
    }

    /// `drops/holds.csv`; the last row names nobody and is listed as rejected.
    pub fn holds(&self, calendar: Calendar) -> String {
        let mut text = self.dated(&self.holds, "client_project", calendar);
        put!(
            text,
            "slack,U0GONE12345,,{},{},client_project,procurement@{DOMAIN}\n",
            calendar.date(-20),
            calendar.date(40)
        );
        text
    }

    /// `drops/exceptions.csv`.
    pub fn exceptions(&self, calendar: Calendar) -> String {
        self.dated(&self.exceptions, "regulatory_access", calendar)
    }

    /// `drops/self_confirmations.csv`.
    pub fn self_confirmations(&self, calendar: Calendar) -> String {
        self.rows(
            "app_id,account_id,sku_id,confirmed_on",
            self.confirmed.iter().map(|(seat, on)| format!("{},,{}", self.seat(*seat), calendar.date(*on))),
        )
    }

    /// `drops/executed.csv`.
    pub fn executed(&self, calendar: Calendar) -> String {
        self.rows(
            "app_id,account_id,sku_id,action,target_sku_id,executed_on",
            self.executed.iter().map(|(seat, from, to, on)| {
                format!("{},{from},downgrade,{to},{}", self.seat(*seat), calendar.date(*on))
            }),
        )
    }

    /// `drops/legal_holds.csv`.
    pub fn legal_holds(&self, calendar: Calendar) -> String {
        self.rows(
            "worker_id,effective_from,effective_to,reason_code",
            self.legal.iter().map(|(worker, from, to)| {
                format!("{worker},{},{},litigation", calendar.date(*from), calendar.or(*to, ""))
            }),
        )
    }

    /// `seeds/identity_overrides.csv`.
    pub fn overrides(&self, calendar: Calendar) -> String {
        self.rows(
            "system,account_id,worker_id,effective_from,effective_to",
            self.overrides
                .iter()
                .map(|(seat, worker)| format!("{},{worker},{},", self.seat(*seat), calendar.date(-300))),
        )
    }
}

const ENG: usize = 0;
const SALES: usize = 1;
const CONS: usize = 2;
const FIN: usize = 3;
/// Worker ids of the cases begin here; nobody else's do.
const FIRST_WORKER: usize = 900_001;

/// An employee with one seat since day -700: name, given name, family name, practice, app, tier, last day of use,
/// verdict, reason, story.
type Row = (
    &'static str,
    (&'static str, &'static str, usize),
    (AppId, usize, Option<Day>),
    (&'static str, &'static str),
    &'static str,
);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // rule 1
    ("not_a_service_account", ("Svc", "Horak", SALES), (SALESFORCE, 1, Some(-200)), ("candidate", "inactive"),
        "the pattern svc-* does not match svc.horak: a person like any other"),
    ("changed_address", ("Ingrid", "Aalto", ENG), (FIGMA, 0, Some(-140)), ("candidate", "inactive"),
        "the account still bears the address she had before; only she ever had it"),
    ("quarantined_person", ("Otto", "Quist", ENG), (JIRA, 0, Some(-160)), ("protected", "quarantined"),
        "HR says the employment ended before it began: the row is kept apart, the person is left alone"),
    // rules 2 and 3
    ("legal_hold", ("Lars", "Lindqvist", FIN), (NETSUITE, 0, Some(-20)), ("excepted", "legal_hold"),
        "he left, and counsel has put a hold on him"),
    ("legal_hold_ended", ("Berit", "Holm", SALES), (SALESFORCE, 1, Some(-130)), ("candidate", "inactive"),
        "her legal hold ends today: the end is the first day outside"),
    ("leaver", ("Marco", "Conti", SALES), (ZOOM, 0, Some(-11)), ("candidate", "leaver"),
        "last day ten days ago, the licence is still there"),
    ("leaver_high_sensitivity", ("Nadia", "Benali", FIN), (NETSUITE, 0, Some(-4)), ("candidate", "leaver"),
        "a finance system: due in one day, and her Okta account is still active"),
    ("leaver_whose_files_would_go", ("Tom", "Archer", CONS), (DROPBOX, 0, Some(-30)), ("candidate", "leaver"),
        "removal deletes files at the vendor: the action is suspend"),
    ("last_day_is_today", ("Elif", "Demir", SALES), (ZOOM, 0, Some(-1)), ("keep", "active"),
        "the last day inside is today: she is still here"),
    ("rehire", ("Piotr", "Zielinski", ENG), (JIRA, 0, Some(-2)), ("keep", "active"),
        "left last year, came back with a new worker id: one person, at work"),
    ("returns_soon", ("Aoife", "Byrne", CONS), (ZOOM, 0, Some(-15)), ("keep", "active"),
        "her contract ended, the next begins in ten days: not terminated"),
    // rules 4, 5 and 8
    ("exception", ("Sana", "Malik", FIN), (TABLEAU, 0, Some(-200)), ("excepted", "regulatory_access"),
        "kept for the regulator, with an end"),
    ("exception_expired", ("Goran", "Vuk", SALES), (SALESFORCE, 1, Some(-170)), ("candidate", "inactive"),
        "the exception runs out today"),
    ("manager_hold", ("Tessa", "Moor", ENG), (JIRA, 0, Some(-120)), ("held", "manager_hold"),
        "her manager holds the seat for a client project"),
    ("upcoming_assignment", ("Bruno", "Keller", CONS), (JIRA, 0, Some(-120)), ("held", "upcoming_assignment"),
        "a project begins in ten days"),
    ("assignment_too_far_off", ("Clara", "Voss", CONS), (JIRA, 0, Some(-120)), ("candidate", "inactive"),
        "a project begins in 30 days: one day beyond the hold"),
    ("self_confirmed", ("Yara", "Haddad", ENG), (JIRA, 0, Some(-130)), ("keep", "self_confirmed"),
        "she said 20 days ago that she needs it"),
    ("self_confirmation_old", ("Igor", "Maric", ENG), (JIRA, 0, Some(-130)), ("candidate", "inactive"),
        "he said so 60 days ago: that counts no longer"),
    // rules 6 and 7
    ("on_leave", ("Hanna", "Berg", ENG), (JIRA, 0, Some(-125)), ("grace", "on_leave"),
        "away for four months, back next month"),
    ("leave_return", ("Sven", "Dahl", ENG), (JIRA, 0, Some(-125)), ("grace", "leave_return"), "back since five days"),
    ("leave_return_over", ("Greta", "Lund", ENG), (JIRA, 0, Some(-125)), ("candidate", "inactive"),
        "back since 14 days: the grace is over"),
    ("unclosed_leave", ("Emil", "Storm", ENG), (JIRA, 0, Some(-390)), ("candidate", "inactive"),
        "a leave that nobody closed for 400 days exempts no longer"),
    ("bench", ("Noor", "Aziz", CONS), (JIRA, 0, Some(-110)), ("grace", "bench"),
        "the last project ended three weeks ago"),
    ("bench_too_long", ("Pablo", "Ruiz", CONS), (JIRA, 0, Some(-110)), ("candidate", "inactive"),
        "the last project ended 45 days ago"),
    // rule 9
    ("new_seat", ("Milla", "Korhonen", SALES), (SALESFORCE, 1, None), ("grace", "new_seat"),
        "ten days old and not yet used"),
    ("new_seat_grace_over", ("Timo", "Laine", ENG), (JIRA, 0, None), ("keep", "active"),
        "30 days old: the grace is over, the window of 90 days is not"),
    // rule 10
    ("stale_source", ("Vera", "Sommer", FIN), (TABLEAU, 1, Some(-150)), ("unknown", "stale_source"),
        "Tableau's report stopped 12 days ago: no use proves nothing"),
    ("stale_source_but_used", ("Max", "Winter", FIN), (TABLEAU, 1, Some(-3)), ("keep", "active"),
        "recorded use is enough, whatever the state of the report"),
    ("weak_signal", ("Iris", "Blom", CONS), (MIRO, 0, Some(-140)), ("unknown", "weak_signal"),
        "Miro's sessions never end: few sign in, so silence says little"),
    ("weak_signal_but_used", ("Finn", "Aas", CONS), (MIRO, 0, Some(-10)), ("keep", "active"),
        "a sign-in is a sign-in"),
    ("no_signal", ("Dora", "Nagy", ENG), (VISIO, 0, None), ("unknown", "no_signal"), "nothing is collected for Visio"),
    // rules 12 and 14
    ("inactive_downgrade", ("Rosa", "Marin", SALES), (M365, 0, Some(-150)), ("candidate", "inactive"),
        "E5 without use for five months: down to E3 first"),
    ("inactive_reclaim", ("Kofi", "Mensah", ENG), (JIRA, 0, Some(-180)), ("candidate", "inactive"),
        "no sign-in for half a year: reclaim"),
    ("inactive_suspend", ("Lucia", "Ferro", CONS), (DROPBOX, 0, Some(-200)), ("candidate", "inactive"),
        "removal would delete files: suspend"),
    ("exactly_the_window", ("Amir", "Shah", ENG), (JIRA, 0, Some(-90)), ("candidate", "inactive"),
        "last sign-in 90 days ago, window 90 days: inactive"),
    ("one_day_inside_the_window", ("Edda", "Falk", ENG), (JIRA, 0, Some(-89)), ("keep", "active"),
        "last sign-in 89 days ago: not yet"),
    ("failed_sign_ins_only", ("Radu", "Pop", ENG), (JIRA, 0, Some(-200)), ("candidate", "inactive"),
        "failures and an automation in his name are no use"),
    ("contractor_override", ("Jonas", "Frei", ENG), (JIRA, 0, Some(-45)), ("candidate", "inactive"),
        "contractors have 30 days"),
    ("employee_same_days", ("Jonna", "Frey", ENG), (JIRA, 0, Some(-45)), ("keep", "active"),
        "the same 45 days, an employee"),
    ("seasonal_suspended", ("Alba", "Costa", CONS), (SLACK, 0, Some(-70)), ("candidate", "inactive"),
        "seasonal staff are suspended, never reclaimed"),
    ("never_used", ("Otis", "Reed", SALES), (SALESFORCE, 1, None), ("candidate", "never_used"),
        "assigned 140 days ago, and every source reaches back that far"),
    ("free_sku", ("Wanda", "Iles", SALES), (ZOOM, 1, Some(-200)), ("keep", "free_sku"), "a basic account costs nothing"),
    ("active", ("Rita", "Lobo", ENG), (SLACK, 0, Some(0)), ("keep", "active"), "used today"),
    ("unpriced", ("Ugo", "Greco", FIN), (POWER_BI, 0, Some(-100)), ("candidate", "inactive"),
        "no contract line covers Premium Per User: saving unknown, a data gap"),
    ("retired_currency", ("Nils", "Bohm", FIN), (TABLEAU, 2, Some(-2)), ("keep", "active"),
        "its line is in lev, which has no rate any more: cost unknown, a data gap"),
    ("two_grants_one_seat", ("Suki", "Mori", ENG), (COPILOT, 1, Some(-70)), ("candidate", "inactive"),
        "two teams grant one Copilot seat: counted once, both paths named, its cancellation is pending"),
    // rule 13
    ("over_tiered", ("Karla", "Weiss", SALES), (SALESFORCE, 0, Some(0)), ("candidate", "over_tiered"),
        "signs in daily, never uses what only Unlimited has"),
    ("tier_justified", ("Karl", "Schwarz", SALES), (SALESFORCE, 0, Some(0)), ("keep", "active"),
        "one premium feature, used once 80 days ago, is enough"),
    ("tier_too_young", ("Pia", "Jung", SALES), (SALESFORCE, 0, Some(0)), ("keep", "active"),
        "70 days old: a rule over 90 days cannot judge it"),
    ("recently_downgraded", ("Mona", "Kranz", ENG), (FIGMA, 1, Some(-160)), ("grace", "recently_downgraded"),
        "taken from Full to Dev 40 days ago: a full window of 60 must pass"),
    ("downgraded_long_ago", ("Rolf", "Steiner", ENG), (FIGMA, 1, Some(-200)), ("candidate", "inactive"),
        "downgraded 100 days ago and still idle: reclaim"),
    ("two_skus_used", ("Dina", "Sauer", SALES), (M365, 1, Some(-3)), ("keep", "active"),
        "holds E3 and Power BI Pro: two seats, each judged for itself"),
    // identity
    ("renamed_account", ("Ewa", "Lis", ENG), (M365, 1, Some(-3)), ("keep", "active"),
        "the account has an alias for a name; the employee id says whose it is"),
    ("accents_and_quotes", ("Zoe", "ONeill", ENG), (SLACK, 0, Some(-1)), ("keep", "active"),
        "quotes, accents and capitals do not make another person"),
    // who decides
    ("manager_left", ("Ole", "Vik", ENG), (JIRA, 0, Some(-140)), ("candidate", "inactive"),
        "his manager left: the manager's manager decides"),
    ("manager_cycle", ("Ada", "Ring", ENG), (JIRA, 0, Some(-140)), ("candidate", "inactive"),
        "two people manage each other: the owner of the cost center decides"),
    ("no_manager", ("Max", "Alone", ENG), (JIRA, 0, Some(-140)), ("candidate", "inactive"),
        "nobody above: the owner of the cost center decides"),
];

/// The company while the cases are written into it.
struct Cases<'a> {
    people: &'a mut Vec<Person>,
    seats: &'a mut Vec<Seat>,
    /// By name: the index of the seat.
    known: BTreeMap<&'static str, usize>,
    list: Vec<Case>,
    drops: Drops,
}

/// Adds the people and seats of all cases; says what must come out, and what is handed in for them.
pub fn add(people: &mut Vec<Person>, seats: &mut Vec<Seat>) -> (Vec<Case>, Drops) {
    let mut cases = Cases { people, seats, known: BTreeMap::new(), list: Vec::new(), drops: Drops::default() };
    for (n, (name, (given, family, practice), (app, tier, last), (verdict, reason), story)) in ROWS.iter().enumerate() {
        let person = cases.person(given, family, *practice, FIRST_WORKER + n);
        cases.seat(name, person, (*app, *tier, *last), (verdict, reason), story);
    }
    cases.accounts();
    cases.spells();
    cases.absences();
    cases.handed_in();
    cases.seats_apart();
    cases.managers();
    for case in &mut cases.list {
        case.email.clone_from(&cases.seats[cases.known[case.name]].email);
    }
    let accounts = cases.seats.iter().map(|s| (s.app, s.account.clone())).collect();
    (cases.list, Drops { accounts, ..cases.drops })
}

impl Cases<'_> {
    /// An employee since long ago.
    fn person(&mut self, given: &str, family: &str, practice: usize, worker: usize) -> usize {
        let local = format!("{given}.{family}").to_lowercase();
        let mut person = Person::named(given, family, format!("{local}.case@{DOMAIN}")).sits(practice, worker % 4);
        person.manager = Some(head_of(practice, person.office().region));
        person.spells.push(Spell { worker_id: worker.to_string(), start: -1100, end: None });
        self.people.push(person);
        self.people.len() - 1
    }

    /// A seat since day -700 and what is expected of it.
    fn seat(
        &mut self,
        name: &'static str,
        person: usize,
        (app, tier, last): (AppId, usize, Option<Day>),
        (verdict, reason): (&'static str, &'static str),
        story: &'static str,
    ) {
        let mut seat = Seat::new(&self.people[person], person, app, tier, -700, last);
        seat.name(&self.people[person]);
        let (app_id, sku_id) = (APPS[app].id, APPS[app].tiers[tier].skus[0]);
        let (account_id, email) = (seat.account.clone(), seat.email.clone());
        self.list.push(Case { name, app_id, account_id, email, sku_id, verdict, reason, story });
        self.known.insert(name, self.seats.len());
        self.seats.push(seat);
    }

    fn of(&mut self, name: &str) -> &mut Seat {
        &mut self.seats[self.known[name]]
    }

    fn holder(&mut self, name: &str) -> &mut Person {
        &mut self.people[self.seats[self.known[name]].person]
    }

    /// Accounts that are nobody's, or not clearly somebody's.
    fn accounts(&mut self) {
        let mut account = |name, local, domain| {
            self.people.push(nobody(name, local, domain));
            self.people.len() - 1
        };
        let service = account("Integration User", "svc-integration", DOMAIN);
        let shared = account("Info", "info", DOMAIN);
        let glass = account("Break Glass 01", "breakglass-01", DOMAIN);
        let agency = account("Pixel Agency", "studio", "pixel-agency.example");
        let private = account("sammy", "sam.okoye", "mail.example");
        self.people[glass].in_okta = true;
        self.seat(
            "service_account",
            service,
            (SALESFORCE, 1, Some(-200)),
            ("protected", "service"),
            "the name matches svc-*: idle for 200 days, and nobody is asked",
        );
        self.seat(
            "shared_mailbox",
            shared,
            (M365, 2, Some(-150)),
            ("protected", "shared"),
            "a shared mailbox holds a licence and belongs to no one",
        );
        self.seat(
            "break_glass",
            glass,
            (JIRA, 0, Some(-300)),
            ("protected", "break_glass"),
            "an emergency account is idle by design",
        );
        self.seat(
            "orphan_review",
            agency,
            (SLACK, 0, Some(-4)),
            ("review", "orphan"),
            "an account that matches no person; the policy wants a look",
        );
        self.seat(
            "orphan_reclaim",
            agency,
            (FIGMA, 0, Some(-4)),
            ("candidate", "orphan"),
            "the same account, and a policy that reclaims orphans although it is used",
        );
        let given = self.person("Sam", "Okoye", ENG, 900_101);
        let worker = self.people[given].spells[0].worker_id.clone();
        self.seat(
            "identity_override",
            private,
            (SLACK, 0, Some(-2)),
            ("keep", "active"),
            "a private address, given to a worker by hand",
        );
        self.drops.overrides.push((self.known["identity_override"], worker));

        let before = self.person("Lena", "Brandt", ENG, 900_102);
        self.people[before].spells[0].end = Some(-150);
        let after = self.person("Lena", "Brandtner", ENG, 900_103);
        self.people[after].email = self.people[before].email.clone();
        self.people[after].spells[0].start = -120;
        self.people[after].in_okta = false;
        self.seat(
            "reused_address",
            after,
            (FIGMA, 0, Some(-95)),
            ("protected", "ambiguous"),
            "one e-mail address, two persons over time: whose account is it?",
        );
        self.of("reused_address").from = -100;

        let old = format!("ingrid.solberg.case@{DOMAIN}");
        self.holder("changed_address").old_email = Some((old.clone(), -80));
        self.of("changed_address").email = old;
        self.of("changed_address").in_okta = false;
        self.of("renamed_account").email = format!("e.lis.alias@{DOMAIN}");
        self.holder("accents_and_quotes").name = "Zoë O'Neill \"ZON\"".into();
        self.of("accents_and_quotes").in_okta = false;
        self.of("accents_and_quotes").email = format!("ZOE.ONeill.Case@{DOMAIN}");
    }

    /// Who left, who came back, who is no employee.
    fn spells(&mut self) {
        let ends = [
            ("legal_hold", -12),
            ("leaver", -10),
            ("leaver_high_sensitivity", -3),
            ("leaver_whose_files_would_go", -25),
            ("last_day_is_today", 0),
        ];
        for (name, end) in ends {
            self.holder(name).spells[0].end = Some(end);
        }
        self.holder("leaver_high_sensitivity").has_employee_number = false;
        let spell = |worker: &str, start, end| Spell { worker_id: worker.into(), start, end };
        self.holder("rehire").spells = vec![spell("900201", -1200, Some(-220)), spell("900202", -150, None)];
        self.of("rehire").from = -149;
        self.holder("returns_soon").spells = vec![spell("900203", -1000, Some(-12)), spell("900204", 10, None)];
        self.holder("quarantined_person").spells = vec![spell("900205", -100, Some(-160))];
        self.holder("returns_soon").worker_type = "contractor";
        self.holder("contractor_override").worker_type = "contractor";
        self.holder("seasonal_suspended").worker_type = "seasonal";
    }

    /// Leaves and projects; ends are the last days inside.
    fn absences(&mut self) {
        let leaves = [
            ("on_leave", -120, None, Some(30)),
            ("leave_return", -120, Some(-6), Some(-6)),
            ("leave_return_over", -120, Some(-15), Some(-15)),
            ("unclosed_leave", -400, None, None),
        ];
        for (name, start, end, estimated) in leaves {
            self.holder(name).leaves = vec![Leave { start, end, estimated }];
        }
        self.holder("upcoming_assignment").projects = vec![(-300, Some(-200)), (10, None)];
        self.holder("assignment_too_far_off").projects = vec![(-300, Some(-200)), (30, None)];
        self.holder("bench").projects = vec![(-200, Some(-21))];
        self.holder("bench_too_long").projects = vec![(-200, Some(-46))];
    }

    /// Holds, exceptions, confirmations, downgrades.
    fn handed_in(&mut self) {
        let known = |name: &str| self.known[name];
        self.drops.holds.push((known("manager_hold"), -14, 46));
        self.drops.exceptions = vec![(known("exception"), -100, 60), (known("exception_expired"), -180, 0)];
        self.drops.confirmed = vec![(known("self_confirmed"), -20), (known("self_confirmation_old"), -60)];
        for (name, day) in [("recently_downgraded", -40), ("downgraded_long_ago", -100)] {
            self.drops.executed.push((self.known[name], "Full", "Dev", day));
            self.of(name).old_tier = Some((0, day));
        }
        for (name, from, to) in [("legal_hold", -30, None), ("legal_hold_ended", -200, Some(0))] {
            let worker = self.holder(name).spells[0].worker_id.clone();
            self.drops.legal.push((worker, from, to));
        }
    }

    /// What is special about the seats themselves.
    fn seats_apart(&mut self) {
        for (name, from) in
            [("new_seat", -10), ("new_seat_grace_over", -30), ("never_used", -140), ("tier_too_young", -70)]
        {
            self.of(name).from = from;
        }
        self.of("failed_sign_ins_only").noise = true;
        self.of("tier_justified").uses[Signal::Premium as usize] = Use { last: Some(-80), rate: 0 };
        let twice = self.of("two_grants_one_seat");
        twice.by_group = true;
        twice.key = 12 * 97 * 1000;
        let person = self.of("two_skus_used").person;
        self.seat(
            "two_skus_idle",
            person,
            (POWER_BI, 1, Some(-100)),
            ("candidate", "inactive"),
            "the same person as two_skus_used: the Power BI seat is idle",
        );
    }

    /// Candidates whose manager cannot decide.
    fn managers(&mut self) {
        let left = self.person("Gone", "Manager", ENG, 900_104);
        self.people[left].spells[0].end = Some(-60);
        self.holder("manager_left").manager = Some(left);
        let other = self.person("Bo", "Ring", ENG, 900_105);
        self.people[other].manager = Some(self.of("manager_cycle").person);
        self.holder("manager_cycle").manager = Some(other);
        self.holder("no_manager").manager = None;
    }
}
