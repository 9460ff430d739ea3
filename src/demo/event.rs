//! The text of one System Log event, as Okta's API gives it, appended to bytes that are used again and again.

use super::apps::{APPS, App, AppId, group_id, group_name};
use super::company::{PLACES, Place};
use super::log::{Event, Kind};
use super::rng::{BASE62, hash, id, mix, put_guid, put_hex, put_id};
use super::roster::{Account, Member, Names, Roster};
use super::text::Js;
use super::volume::{Draw, below};

/// Apps that people sign in to and nobody governs.
const OTHER_APPS: usize = 287;

/// What stands in many events, written once.
pub struct Texts {
    /// By app: its instances as targets.
    instances: Vec<Vec<String>>,
    /// By app and tier: its group as a target.
    groups: Vec<Vec<String>>,
    /// Apps that nobody governs, as targets.
    others: Vec<String>,
    /// How often each of them is opened.
    other: Draw,
    /// By office: where it is, and what its network is called.
    offices: Vec<(String, String)>,
    /// Whether events are as long as real ones, with all that nobody reads.
    is_full: bool,
}

impl Texts {
    /// For events in full, or with little beside what the models read.
    pub fn new(is_full: bool) -> Self {
        let groups = |app: AppId| (0..APPS[app].tiers.len()).map(|tier| group(app, tier)).collect();
        Self {
            instances: APPS.iter().map(instances).collect(),
            groups: (0..APPS.len()).map(groups).collect(),
            others: (0..OTHER_APPS).map(other_app).collect(),
            other: Draw::new((0..OTHER_APPS as u64).map(|rank| 100_000 / (rank + 3))),
            offices: PLACES.iter().enumerate().map(|(n, place)| (location(place), network(n, place))).collect(),
            is_full,
        }
    }

    /// Appends an event of a date.
    pub fn write(&self, out: &mut Vec<u8>, roster: &Roster, date: &str, event: &Event) {
        let account = event.kind.is_of_a_seat().then(|| &roster.accounts()[event.about as usize]);
        let member = account.map_or_else(|| &roster.members()[event.about as usize], |a| roster.holder(a));
        let more = self.is_full.then(|| mix(event.key ^ 0x6d6f_7265));
        let names = roster.names(member);
        let mut line = Line { out, texts: self, member, names, account, key: event.key, more };
        line.event(event.kind);
        line.push(&["\",\"version\":\"0\",\"published\":\"", date]);
        line.time(event.ms);
        line.push(&["\"}\n"]);
    }
}

/// An event being written.
struct Line<'a> {
    out: &'a mut Vec<u8>,
    texts: &'a Texts,
    member: &'a Member,
    names: Names<'a>,
    account: Option<&'a Account>,
    key: u64,
    /// The chance of what real events hold beyond what anybody reads; none: they hold none of it.
    more: Option<u64>,
}

impl Line<'_> {
    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
    }

    fn event(&mut self, kind: Kind) {
        let shape = shape(kind);
        self.push(&["{\"actor\":"]);
        match shape.by {
            By::User => self.actor(),
            By::Automation => self.push(&[SERVICE]),
            By::System => self.push(&[SYSTEM]),
            By::Tool => self.push(&[SERVICE_CLIENT]),
        }
        let is_client = matches!(shape.by, By::User | By::Automation);
        self.push(&[",\"client\":"]);
        if is_client {
            self.client();
            self.push(&[",\"device\":"]);
            self.device();
            self.push(&[","]);
            self.session(kind);
        } else {
            self.push(&[NO_CLIENT, ",\"device\":null,", NO_SESSION]);
        }
        self.push(&["\"displayMessage\":\"", shape.message, "\",\"eventType\":\"", shape.name]);
        self.push(&["\",\"legacyEventType\":", shape.legacy, ",\"outcome\":", shape.outcome]);
        self.push(&[",\"severity\":\"", shape.severity, "\","]);
        if is_client {
            self.push(&[&self.texts.offices[self.member.place()].1]);
            self.hops();
            self.push(&["]},"]);
        } else {
            self.push(&[NO_NETWORK]);
        }
        self.push(&["\"debugContext\":{\"debugData\":{"]);
        let before = self.out.len();
        self.debug_data(kind, shape.debug);
        self.debug_more(before == self.out.len());
        self.push(&["}},\"target\":"]);
        self.targets(kind);
        self.push(&[",\"transaction\":{\"type\":\"", shape.transaction, "\",\"id\":\""]);
        put_id(self.out, "", mix(self.key ^ 9), 27);
        self.push(&["\",\"detail\":{}},\"uuid\":\""]);
        put_guid(self.out, self.key);
    }

    /// The person, as actor and as target. Some systems escape what they need not: readers must not care.
    fn actor(&mut self) {
        let Names { id, email, name } = self.names;
        self.push(&["{\"id\":\"", id, "\",\"type\":\"User\",\"alternateId\":"]);
        match email.split_once('@') {
            Some((local, domain)) if self.more.is_some_and(|more| more % 64 == 5) => {
                self.push(&[local, "\\u0040", domain]);
            }
            _ => self.push(&[email]),
        }
        self.push(&[",\"displayName\":"]);
        if self.more.is_some() && self.member.hash % 8 == 3 {
            self.ascii(name);
        } else {
            self.push(&[name]);
        }
        self.push(&[",\"detailEntry\":null}"]);
    }

    /// A JSON string with everything beyond ASCII escaped.
    fn ascii(&mut self, text: &str) {
        let mut unit = [0; 2];
        for c in text.chars() {
            if c.is_ascii() {
                self.out.push(c as u8);
                continue;
            }
            for unit in c.encode_utf16(&mut unit) {
                self.push(&["\\u"]);
                put_hex(self.out, u64::from(*unit), 4);
            }
        }
    }

    fn client(&mut self) {
        let [agent, os, browser, _] = self.machine();
        self.push(&["{\"userAgent\":{\"rawUserAgent\":\"", agent, "\",\"os\":\"", os, "\",\"browser\":\"", browser]);
        self.push(&["\"},\"zone\":\"null\",\"device\":\"Computer\",\"id\":null,\"ipAddress\":\""]);
        self.address(0);
        self.push(&["\",\"geographicalContext\":", &self.texts.offices[self.member.place()].0, "}"]);
    }

    fn machine(&self) -> [&'static str; 4] {
        MACHINES[(self.member.hash % 3) as usize]
    }

    fn address(&mut self, hop: u64) {
        let [.., network] = self.machine();
        self.push(&[network]);
        self.number(self.member.hash % 250 + 2 + hop);
    }

    fn number(&mut self, number: u64) {
        let digits = [number / 100, number / 10 % 10, number % 10].map(|digit| b'0' + digit as u8);
        let skipped = if number < 10 { 2 } else { usize::from(number < 100) };
        self.out.extend_from_slice(&digits[skipped..]);
    }

    /// `T16:19:37.608Z`.
    fn time(&mut self, ms: u32) {
        let two = |n: u32| [b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8];
        let s = ms / 1000;
        let ([h0, h1], [m0, m1], [s0, s1]) = (two(s / 3600), two(s / 60 % 60), two(s % 60));
        let [f1, f2] = two(ms % 100);
        let f0 = b'0' + (ms / 100 % 10) as u8;
        self.out.extend_from_slice(&[b'T', h0, h1, b':', m0, m1, b':', s0, s1, b'.', f0, f1, f2, b'Z']);
    }

    /// A third of the people have a managed device, which some of their events name.
    fn device(&mut self) {
        if self.level() > 1 || self.more.is_none() || !self.member.hash.is_multiple_of(3) {
            return self.push(&["null"]);
        }
        put_id(self.out, "{\"id\":\"guo", mix(self.member.hash ^ 5), 17);
        self.push(&["\",\"name\":\"NW-"]);
        put_hex(self.out, self.member.hash, 6);
        self.push(&[DEVICE]);
    }

    fn session(&mut self, kind: Kind) {
        if kind == Kind::FailedSession {
            return self.push(&[REFUSED_SESSION]);
        }
        self.push(&[SESSION]);
        let at = self.out.len();
        put_id(self.out, "idx", mix(self.key ^ 3), 22);
        let end = self.out.len();
        self.push(&["\",\"rootSessionId\":\""]);
        self.out.extend_from_within(at..end);
        self.push(&["\"},"]);
    }

    /// How much more than what is read an event holds, from 0 to 3.
    fn level(&self) -> u64 {
        self.more.map_or(0, |more| (more >> 32) % 4)
    }

    /// What the request came through.
    fn hops(&mut self) {
        let hops = [0, 1, 0, 2][self.level() as usize];
        for hop in 0..hops {
            self.push(&[if hop == 0 { "{\"ip\":\"" } else { ",{\"ip\":\"" }]);
            self.address(hop + 1);
            let location = &self.texts.offices[self.member.place()].0;
            self.push(&["\",\"geographicalContext\":", location, ",\"version\":\"V4\",\"source\":null}"]);
        }
    }

    fn debug_data(&mut self, kind: Kind, fixed: &str) {
        let app = self.account.map(|account| &APPS[account.app()]);
        match kind {
            Kind::Sso | Kind::FailedSso | Kind::ServiceSso => {
                let mode = if app.is_some_and(is_federated) { "WS-Federation" } else { "SAML 2.0" };
                self.push(&["\"initiationType\":\"SP_INITIATED\",\"signOnMode\":\"", mode, fixed]);
            }
            Kind::Grant | Kind::Removal => {
                self.push(&["\"AppName\":\"", app.map_or("", |app| app.sign_on.0), "\""]);
            }
            _ => self.push(&[fixed]),
        }
    }

    fn debug_more(&mut self, is_first: bool) {
        let Some(more) = self.more else { return };
        self.push(&[if is_first { "\"requestId\":\"" } else { ",\"requestId\":\"" }]);
        put_id(self.out, "", more, 27);
        self.push(&["\",\"traceId\":\""]);
        put_guid(self.out, more ^ 1);
        self.push(&["\""]);
        match self.level() {
            2 => {
                self.push(&[",\"dtHash\":\""]);
                (0..4).for_each(|n| put_hex(self.out, mix(self.member.hash ^ n), 16));
                self.push(&[BEHAVIORS]);
            }
            3 => {
                self.push(&[",\"authnRequestId\":\""]);
                put_id(self.out, "", more ^ 2, 27);
                self.push(&["\",\"url\":\"/app/"]);
                self.push(&[self.account.map_or("northwind_portal", |account| APPS[account.app()].sign_on.0)]);
                put_id(self.out, "/exk", mix(self.member.hash % 31), 17);
                self.push(&[URL]);
            }
            _ => {}
        }
    }

    /// The app, at most once; the account in it; now and then the person.
    fn targets(&mut self, kind: Kind) {
        self.push(&[match kind {
            Kind::Session | Kind::FailedSession if !self.key.is_multiple_of(3) => return self.push(&["null"]),
            Kind::SessionEnd => return self.push(&["null"]),
            _ => "[",
        }]);
        match kind {
            Kind::Sso | Kind::FailedSso | Kind::ServiceSso if self.key.is_multiple_of(8) => {
                self.user();
                self.push(&[","]);
                self.app();
            }
            Kind::Sso | Kind::FailedSso | Kind::ServiceSso => {
                self.app();
                self.push(&[","]);
                self.user();
                if self.key % 8 == 1 {
                    self.push(&[",{\"id\":\"", self.names.id, BARE_USER]);
                }
            }
            Kind::OtherSso => self.other(),
            Kind::Session | Kind::FailedSession | Kind::SessionEnd => {}
            Kind::Mfa | Kind::Profile | Kind::Created | Kind::Deactivated => self.actor(),
            Kind::Unassigned => {
                let app = &APPS[(self.key % 13) as usize];
                let id = app.okta.first().unwrap_or(&"unknown");
                self.push(&["{\"id\":\"", id, "\",\"type\":\"AppInstance\",\"alternateId\":\"", app.name]);
                self.push(&["\",\"displayName\":\"", app.name, "\",\"detailEntry\":null}"]);
            }
            Kind::Grant | Kind::Removal => {
                self.user();
                self.push(&[","]);
                self.app();
                self.push(&[","]);
                self.actor();
            }
            Kind::GroupGrant => {
                let texts = self.texts;
                let group = self.account.map_or("", |account| &texts.groups[account.app()][account.tier()]);
                if self.key.is_multiple_of(2) {
                    self.actor();
                    self.push(&[",", group]);
                } else {
                    self.push(&[group, ","]);
                    self.actor();
                }
            }
            Kind::Token => self.push(&[TOKEN]),
            Kind::Policy => self.push(&[POLICY]),
            Kind::Verify => {
                self.push(&[AUTHENTICATOR, ","]);
                self.app();
            }
        }
        self.push(&["]"]);
    }

    fn app(&mut self) {
        if let Some(account) = self.account {
            self.push(&[&self.texts.instances[account.app()][account.instance()]]);
        }
    }

    fn user(&mut self) {
        let Some(account) = self.account else { return };
        put_id(self.out, "{\"id\":\"0ua", account.key, 17);
        self.push(&["\",\"type\":\"AppUser\",\"alternateId\":"]);
        account.put_user_name(self.out, self.names.email);
        self.push(&[",\"displayName\":", self.names.name, ",\"detailEntry\":null}"]);
    }

    fn other(&mut self) {
        let draw = &self.texts.other;
        let app = draw.at(below(mix(self.key ^ 0x6f74), draw.total()));
        self.push(&[&self.texts.others[app]]);
        put_id(self.out, ",{\"id\":\"0ua", mix(self.member.hash ^ app as u64), 17);
        self.push(&["\",\"type\":\"AppUser\",\"alternateId\":", self.names.email]);
        self.push(&[",\"displayName\":", self.names.name, ",\"detailEntry\":null}"]);
    }
}

/// Whose name an event bears as actor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    User,
    Automation,
    System,
    Tool,
}

/// What all events of a kind have in common; `legacy` and `outcome` are JSON.
#[derive(Clone, Copy)]
struct Shape {
    by: By,
    message: &'static str,
    name: &'static str,
    legacy: &'static str,
    outcome: &'static str,
    severity: &'static str,
    debug: &'static str,
    transaction: &'static str,
}

const SUCCESS: &str = r#"{"result":"SUCCESS","reason":null}"#;

#[rustfmt::skip]
fn shape(kind: Kind) -> Shape {
    let web = Shape {
        by: By::User, message: "", name: "", legacy: "null", outcome: SUCCESS, severity: "INFO", debug: "", transaction: "WEB",
    };
    let sso = Shape {
        message: "User single sign on to app", name: "user.authentication.sso", legacy: r#""app.auth.sso""#,
        debug: r#"","risk":"{level=LOW}","requestUri":"/app/sso/saml""#, ..web
    };
    let session = Shape {
        message: "User login to Okta", name: "user.session.start", legacy: r#""core.user_auth.login_success""#,
        debug: r#""requestUri":"/idp/idx/identify","threatSuspected":"false""#, ..web
    };
    let job = Shape { by: By::System, transaction: "JOB", ..web };
    match kind {
        Kind::Sso => sso,
        Kind::FailedSso => Shape {
            outcome: r#"{"result":"FAILURE","reason":"VERIFICATION_ERROR"}"#, severity: "WARN", ..sso
        },
        Kind::ServiceSso => Shape { by: By::Automation, ..sso },
        Kind::OtherSso => Shape {
            debug: r#""initiationType":"IDP_INITIATED","signOnMode":"OpenID Connect","requestUri":"/oauth2/v1/authorize""#, ..sso
        },
        Kind::Session => session,
        Kind::FailedSession => Shape {
            outcome: r#"{"result":"FAILURE","reason":"INVALID_CREDENTIALS"}"#, severity: "WARN", ..session
        },
        Kind::SessionEnd => Shape {
            message: "User logout from Okta", name: "user.session.end", legacy: r#""core.user_auth.logout_success""#,
            debug: r#""requestUri":"/login/signout""#, ..web
        },
        Kind::Mfa => Shape {
            message: "Authentication of user via MFA", name: "user.authentication.auth_via_mfa",
            debug: r#""factor":"SIGNED_NONCE""#, ..web
        },
        Kind::Verify => Shape {
            message: "Verify user identity", name: "user.authentication.verify", debug: r#""requestUri":"/idp/idx/challenge/answer""#, ..web
        },
        Kind::Policy => Shape {
            message: "Evaluation of sign-on policy", name: "policy.evaluate_sign_on",
            outcome: r#"{"result":"ALLOW","reason":"Sign-on policy evaluation resulted in ALLOW"}"#, ..web
        },
        Kind::Unassigned => Shape {
            message: "User attempted unauthorized access to app", name: "app.generic.unauth_app_access_attempt",
            legacy: r#""app.generic.unauth_app_access_attempt""#,
            outcome: r#"{"result":"FAILURE","reason":"User is not assigned to app"}"#, severity: "WARN", ..web
        },
        Kind::Grant => Shape {
            message: "Add user to application membership", name: "application.user_membership.add",
            legacy: r#""app.user_membership.add""#, ..job
        },
        Kind::Removal => Shape {
            message: "Remove user's application membership", name: "application.user_membership.remove",
            legacy: r#""app.user_membership.remove""#, ..job
        },
        Kind::GroupGrant => Shape {
            message: "Add user to group membership", name: "group.user_membership.add",
            legacy: r#""core.user_group_member.user_add""#, ..job
        },
        Kind::Token => Shape {
            by: By::Tool, message: "OAuth2 access token is granted", name: "app.oauth2.token.grant.access_token",
            legacy: r#""app.oauth2.token.grant.access_token_success""#,
            debug: r#""scopes":"[\"okta.logs.read\",\"okta.users.read\"]""#, ..web
        },
        Kind::Profile => Shape {
            message: "Update user profile for Okta", name: "user.account.update_profile", outcome: "null", ..job
        },
        Kind::Created => Shape { message: "Create okta user", name: "user.lifecycle.create", ..job },
        Kind::Deactivated => Shape { message: "Deactivate Okta user", name: "user.lifecycle.deactivate", ..job },
    }
}

fn is_federated(app: &App) -> bool {
    app.sign_on.1 == "WS_FEDERATION"
}

fn instances(app: &App) -> Vec<String> {
    let one = |id: &&str| {
        format!(
            r#"{{"id":"{id}","type":"AppInstance","alternateId":"{}","displayName":"{0}","detailEntry":{{"signOnModeType":"{}"}}}}"#,
            app.name, app.sign_on.1
        )
    };
    app.okta.iter().map(one).collect()
}

fn group(app: AppId, tier: usize) -> String {
    format!(
        r#"{{"id":"{}","type":"UserGroup","alternateId":"unknown","displayName":"{}","detailEntry":null}}"#,
        group_id(app, tier),
        group_name(app, tier)
    )
}

/// An app that nobody governs: two words for a name, some beyond ASCII, some quoted.
fn other_app(n: usize) -> String {
    const FIRST: [&str; 20] = [
        "Atlas",
        "Beacon",
        "Cedar",
        "Délta",
        "Ember",
        "Fjörd",
        "Garnet",
        "Harbor",
        "Índigo",
        "Juniper",
        "Kestrel",
        "Lumen",
        "Meridian",
        "Nimbus",
        "Öresund",
        "Pioneer",
        "\"Quill\"",
        "Ridge & Co",
        "Summit",
        "テラ",
    ];
    const SECOND: [&str; 15] = [
        "Travel",
        "Expenses",
        "Payroll",
        "Learning",
        "Survey",
        "Wiki",
        "Benefits",
        "Board",
        "Parking",
        "Visitors",
        "Signing",
        "Backup",
        "Monitor",
        "Café",
        "Lab\\Test",
    ];
    let name = format!("{} {}", FIRST[n % FIRST.len()], SECOND[n / FIRST.len() % SECOND.len()]);
    format!(
        r#"{{"id":"{}","type":"AppInstance","alternateId":{},"displayName":{1},"detailEntry":{{"signOnModeType":"OPENID_CONNECT"}}}}"#,
        id("0oa", hash(&name), 17, BASE62),
        Js(&name)
    )
}

fn location(office: &Place) -> String {
    format!(
        r#"{{"city":{},"state":{},"country":"{}","postalCode":null,"geolocation":{{"lat":{},"lon":{}}}}}"#,
        Js(office.city),
        Js(office.state),
        office.country,
        office.at.0,
        office.at.1
    )
}

/// The security context, and the request up to the hops it came through.
fn network(n: usize, office: &Place) -> String {
    let number = ["3320", "5607", "3215", "8866", "7018", "577", "26599", "4713", "9829", "1221"][n % 10];
    format!(
        r#""securityContext":{{"asNumber":{number},"asOrg":"northwind {}","isp":"northwind","domain":"northwind.example","isProxy":false}},"request":{{"ipChain":["#,
        office.iso
    )
}

/// User agent, system, browser, and the network that its address is of.
const MACHINES: [[&str; 4]; 3] = [
    [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Edg/131.0.0.0",
        "Windows 10",
        "EDGE",
        "192.0.2.",
    ],
    [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0",
        "Windows 10",
        "CHROME",
        "198.51.100.",
    ],
    [
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.2",
        "Mac OS 15.7.3 (Sequoia)",
        "SAFARI",
        "203.0.113.",
    ],
];

const SYSTEM: &str = r#"{"id":"00uSystemPrincipal00","type":"SystemPrincipal","alternateId":"system@okta.com","displayName":"Okta System","detailEntry":null}"#;
const SERVICE: &str = r#"{"id":"00uSystemPrincipal00","type":"SystemPrincipal","alternateId":"it-automation@northwind.example","displayName":"IT Automation","detailEntry":null}"#;
const SERVICE_CLIENT: &str = r#"{"id":"0oaSvcLicenceAuditXY","type":"PublicClientApp","alternateId":"unknown","displayName":"licence-audit","detailEntry":null}"#;
const NO_CLIENT: &str =
    r#"{"userAgent":null,"zone":null,"device":null,"id":null,"ipAddress":null,"geographicalContext":null}"#;
const NO_SESSION: &str = r#""authenticationContext":{"authenticationProvider":null,"authenticationStep":0,"credentialType":null,"externalSessionId":"unknown"},"#;
const REFUSED_SESSION: &str = r#""authenticationContext":{"authenticationProvider":null,"authenticationStep":0,"credentialType":null,"externalSessionId":null},"#;
const SESSION: &str = r#""authenticationContext":{"authenticationProvider":null,"authenticationStep":0,"credentialProvider":null,"credentialType":null,"externalSessionId":""#;
const NO_NETWORK: &str = r#""securityContext":{"asNumber":null,"asOrg":null,"isp":null,"domain":null,"isProxy":null},"request":{"ipChain":[]},"#;
const DEVICE: &str = r#"","os_platform":"WINDOWS","os_version":"10.0.26100.2314","managed":true,"registered":true,"device_integrator":null,"disk_encryption_type":"ALL_INTERNAL_VOLUMES","screen_lock_type":"BIOMETRIC","jailbreak":null,"secure_hardware_present":true}"#;
const BEHAVIORS: &str = r#"","behaviors":"{New Geo-Location=NEGATIVE, New Device=NEGATIVE, New IP=POSITIVE, New State=NEGATIVE, New Country=NEGATIVE, Velocity=NEGATIVE, New City=NEGATIVE}","logOnlySecurityData":"{\"risk\":{\"level\":\"LOW\"},\"behaviors\":{\"New Geo-Location\":\"NEGATIVE\",\"New Device\":\"NEGATIVE\",\"New IP\":\"POSITIVE\",\"New State\":\"NEGATIVE\",\"New Country\":\"NEGATIVE\",\"Velocity\":\"NEGATIVE\",\"New City\":\"NEGATIVE\"}}""#;
const URL: &str = r#"/sso/saml?SAMLRequest=fZJNT8MwDIb%2FSpV7m7QM2KK1UmGaNA&RelayState=https%3A%2F%2Fportal.northwind.example%2Fhome","oktaUserAgentExtended":"\"Chromium\";v=\"131\", \"Not_A Brand\";v=\"24\"","threatSuspected":"false""#;
const BARE_USER: &str = r#"","type":"User","alternateId":null,"displayName":null,"detailEntry":null}"#;
const TOKEN: &str =
    r#"{"id":"AT.northwind","type":"access_token","alternateId":null,"displayName":"Access Token","detailEntry":null}"#;
const POLICY: &str = r#"{"id":"00pNwSignOnPolicy0001","type":"PolicyEntity","alternateId":"unknown","displayName":"Default Policy","detailEntry":{"policyType":"OktaSignOn"}},{"id":"0prNwSignOnRule000001","type":"PolicyRule","alternateId":"00pNwSignOnPolicy0001","displayName":"Office \u2014 trusted network","detailEntry":null}"#;
const AUTHENTICATOR: &str = r#"{"id":"autNwOktaVerify00001","type":"AuthenticatorEnrollment","alternateId":"unknown","displayName":"Okta Verify","detailEntry":{"methodTypeUsed":"Use Okta FastPass"}}"#;
