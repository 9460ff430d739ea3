use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;

fn small() -> DemoOptions {
    let as_of = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
    DemoOptions { seats: 400, days: 150, ..DemoOptions::new(as_of) }
}

fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                open.push(entry.path());
            } else {
                found.insert(entry.path().strip_prefix(dir).unwrap().to_owned(), std::fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

fn plain(path: &Path, bytes: &[u8]) -> String {
    let bytes = match path.extension().unwrap().to_str().unwrap() {
        "gz" => {
            let mut out = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut out).unwrap();
            out
        }
        "zst" => zstd::decode_all(bytes).unwrap(),
        _ => bytes.to_vec(),
    };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn same_options_same_bytes_and_every_file_is_well_formed() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let summary = write(one.path(), &small()).unwrap();
    write(two.path(), &small()).unwrap();
    let written = files(one.path());
    assert!(written == files(two.path()));
    assert_eq!(summary.files, written.len() as u64);
    let mut uuids = 0;
    for (path, bytes) in &written {
        let (name, text) = (path.to_str().unwrap(), plain(path, bytes));
        if name.contains(".ndjson") {
            for line in text.lines() {
                let event: serde_json::Value =
                    serde_json::from_str(line).unwrap_or_else(|e| panic!("{name}: {e}: {line}"));
                uuids += u64::from(event.get("uuid").is_some());
            }
        } else if name.contains(".json") {
            serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        } else if name.ends_with(".toml") {
            toml::from_str::<toml::Table>(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        } else if name.contains(".csv") && !name.contains("figma") {
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let width = reader.headers().unwrap().len();
            reader.records().for_each(|r| assert_eq!(r.unwrap().len(), width, "{name}"));
        }
    }
    assert_eq!(uuids, summary.events);
}

#[test]
fn seeds_and_drops_have_the_agreed_headers() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &small()).unwrap();
    for (file, header) in [
        (
            "seeds/apps.csv",
            "app_id,name,vendor,owner_email,sensitivity,okta_app_ids,assignment_source,feature_source,feature_horizon_days,reclaim_consequence,suspend_worker_types",
        ),
        ("seeds/tiers.csv", "app_id,tier,rank,sku_id,is_paid,is_default"),
        ("seeds/account_types.csv", "app_id,pattern,account_type"),
        ("seeds/identity_overrides.csv", "system,account_id,worker_id,effective_from,effective_to"),
        ("seeds/budget_rates.csv", "fiscal_year,currency,rate"),
        ("seeds/critical_roles.csv", "job_family"),
        ("seeds/sod_rules.csv", "rule_id,grant_a,grant_b,severity"),
        ("seeds/reason_codes.csv", "code,meaning,kind"),
        ("drops/holds.csv", "app_id,account_id,sku_id,effective_from,expires_on,reason_code,actor"),
        ("drops/exceptions.csv", "app_id,account_id,sku_id,effective_from,expires_on,reason_code,actor"),
        ("drops/self_confirmations.csv", "app_id,account_id,sku_id,confirmed_on"),
        ("drops/executed.csv", "app_id,account_id,sku_id,action,target_sku_id,executed_on"),
        ("drops/legal_holds.csv", "worker_id,effective_from,effective_to,reason_code"),
    ] {
        let text = std::fs::read_to_string(dir.path().join(file)).unwrap();
        assert_eq!(text.lines().next(), Some(header), "{file}");
    }
}

#[test]
fn cases_have_names_and_accounts_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let cases = write(dir.path(), &small()).unwrap().cases;
    let names: std::collections::BTreeSet<_> = cases.iter().map(|c| c.name).collect();
    let seats: std::collections::BTreeSet<_> = cases.iter().map(|c| (c.app_id, &c.account_id, c.sku_id)).collect();
    assert_eq!((names.len(), seats.len()), (cases.len(), cases.len()));
    assert!(write(dir.path(), &small()).is_err(), "a folder that holds something is left alone");
}

/// The log alone, of the days from `back` before the last one up to it, made by so many threads.
fn log_of(options: &DemoOptions, back: u64, threads: usize) -> (tempfile::TempDir, LogSummary) {
    let dir = tempfile::tempdir().unwrap();
    let from = options.as_of - chrono::Days::new(back);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let summary = pool.install(|| write_log(dir.path(), options, from..=options.as_of)).unwrap();
    (dir, summary)
}

fn with_events(events: u64) -> DemoOptions {
    DemoOptions { log: LogOptions { events: Some(events), compression: Compression::None }, ..small() }
}

fn only_the_log(files: BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<PathBuf, Vec<u8>> {
    files.into_iter().filter(|(path, _)| path.starts_with("extracts/okta/system_log")).collect()
}

#[test]
fn the_log_alone_is_that_of_the_company_whatever_its_size_and_the_number_of_threads() {
    for options in [small(), with_events(3_000), with_events(12_000)] {
        let company = tempfile::tempdir().unwrap();
        let events = write(company.path(), &options).unwrap().events;
        let ((one, summary), (two, _)) = (log_of(&options, 149, 1), log_of(&options, 149, 3));
        assert_eq!(summary.events, events);
        assert!(files(one.path()) == files(two.path()));
        assert!(only_the_log(files(one.path())) == only_the_log(files(company.path())));
    }
}

#[test]
fn a_day_made_alone_is_that_day_of_the_whole_even_in_parts() {
    // Some 900 events a workday, in one part each, and some 9,000.
    for (events, back) in [(100_000, 9), (1_000_000, 2)] {
        let options = with_events(events);
        let (several, _) = log_of(&options, back, 2);
        let several = files(several.path());
        let day = options.as_of - chrono::Days::new(back - 1);
        let dir = tempfile::tempdir().unwrap();
        let summary = write_log(dir.path(), &options, day..=day).unwrap();
        let alone = only_the_log(files(dir.path()));
        assert_eq!(summary.files as usize, alone.len());
        assert_eq!(alone.len() > 1, events == 1_000_000, "{:?}", alone.keys());
        assert!(alone.iter().all(|(path, bytes)| several[path] == *bytes));
        let of_the_day = several.keys().filter(|path| path.to_str().unwrap().contains(&day.to_string()));
        assert_eq!(of_the_day.count(), alone.len());
    }
}

#[test]
fn a_log_has_about_the_wanted_number_of_events_and_the_declared_share_of_disorder() {
    for (wanted, about) in [(4_000, 4), (60_000, 1)] {
        let (dir, summary) = log_of(&with_events(wanted), 149, 2);
        assert!(summary.events.abs_diff(wanted) * 100 <= wanted * about, "{summary:?}");
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        let (mut repeats, mut late, mut early, mut events, mut bytes) = (0, 0, 0, 0_u64, 0);
        let mut sizes: Vec<usize> = Vec::new();
        let mut apps: BTreeMap<String, u64> = BTreeMap::new();
        let mut people: BTreeMap<String, u64> = BTreeMap::new();
        for (path, text) in only_the_log(files(dir.path())) {
            let day = path.components().nth(3).unwrap().as_os_str().to_str().unwrap().to_owned();
            let mut before = String::new();
            for line in String::from_utf8(text).unwrap().lines() {
                let event: serde_json::Value = serde_json::from_str(line).unwrap();
                let field = |at: &str| event.pointer(at).unwrap().as_str().unwrap().to_owned();
                let published = field("/published");
                events += 1;
                bytes += line.len() as u64 + 1;
                sizes.push(line.len());
                match told.insert(field("/uuid"), line.to_owned()) {
                    Some(other) => {
                        repeats += 1;
                        assert_eq!(other, line, "one uuid, one event");
                    }
                    None if !published.starts_with(&day) => late += 1,
                    None => early += u64::from(published < before),
                }
                before = if published.starts_with(&day) { published } else { before };
                if field("/eventType") == "user.authentication.sso" && field("/outcome/result") == "SUCCESS" {
                    let targets = event["target"].as_array().unwrap();
                    let app = targets.iter().find(|t| t["type"] == "AppInstance").unwrap();
                    *apps.entry(app["displayName"].as_str().unwrap().to_owned()).or_default() += 1;
                    *people.entry(field("/actor/id")).or_default() += 1;
                }
            }
        }
        assert_eq!((events, bytes, repeats), (summary.events, summary.text_bytes, summary.repeats));
        assert!(
            sizes.iter().all(|size| (1000..3072).contains(size)),
            "{:?} {:?}",
            sizes.iter().min(),
            sizes.iter().max()
        );
        if wanted < 10_000 {
            continue;
        }
        let one_of = |count: u64| events / count;
        assert!((one_of(550)..one_of(310)).contains(&repeats), "{repeats} repeats in {events}");
        assert!((one_of(400)..one_of(230)).contains(&late), "{late} late events in {events}");
        assert!((one_of(110)..one_of(60)).contains(&early), "{early} early events in {events}");
        let mean = bytes / events;
        assert!((1_900..2_400).contains(&mean), "{mean} bytes an event");
        let sign_ins: u64 = apps.values().sum();
        let top = apps.values().max().unwrap();
        assert!((sign_ins / 4..sign_ins * 2 / 5).contains(top), "{top} of {sign_ins} sign-ins in one app");
        assert!(apps.len() > 200, "{} apps", apps.len());
        let mut heavy: Vec<u64> = people.into_values().collect();
        heavy.sort_unstable_by(|a, b| b.cmp(a));
        let busiest: u64 = heavy[..heavy.len() / 10].iter().sum();
        assert!(busiest * 10 > sign_ins * 4, "the busiest tenth has {busiest} of {sign_ins}");
    }
}

#[test]
fn the_compressions_of_a_log_hold_the_same_text() {
    for events in [None, Some(20_000)] {
        let [plain_text, gzip, zstd] = [Compression::None, Compression::Gzip, Compression::Zstd].map(|compression| {
            let log = LogOptions { events, compression };
            let (dir, summary) = log_of(&DemoOptions { log, ..small() }, 6, 2);
            let files = only_the_log(files(dir.path()));
            assert_eq!(files.values().map(Vec::len).sum::<usize>() as u64, summary.bytes);
            let ending = format!(".ndjson{}", compression.ending());
            assert!(files.keys().all(|path| path.to_str().unwrap().ends_with(&ending)));
            files.iter().map(|(path, bytes)| plain(path, bytes)).collect::<String>()
        });
        assert!(!plain_text.is_empty() && plain_text == gzip && plain_text == zstd);
    }
    // Made anew in another compression, a day is there once.
    let (dir, first) = log_of(&with_events(20_000), 1, 2);
    let log = LogOptions { compression: Compression::Gzip, ..with_events(20_000).log };
    write_log(dir.path(), &DemoOptions { log, ..small() }, small().as_of..=small().as_of).unwrap();
    let files = only_the_log(files(dir.path()));
    assert_eq!(files.len() as u64, first.files);
    assert_eq!(files.keys().filter(|path| path.extension().unwrap() == "gz").count(), 1);
}

#[test]
fn days_outside_the_history_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let options = small();
    for (from, to) in [(150, 0), (2, 3)] {
        let day = |back| options.as_of - chrono::Days::new(back);
        let error = write_log(dir.path(), &options, day(from)..=day(to)).unwrap_err().to_string();
        assert!(error.contains("2026-06-24 to 2026-11-20"), "{error}");
    }
}

/// Documented numbers rest on these bytes: who changes them measures anew.
#[test]
fn the_text_of_the_log_is_what_it_was() {
    for (options, expected) in [
        (small(), 12_737_488_590_436_745_038),
        (with_events(3_000), 10_776_886_163_774_382_158),
        (with_events(20_000), 9_757_621_560_470_277_562),
    ] {
        let (dir, _) = log_of(&options, 149, 2);
        let files = only_the_log(files(dir.path()));
        let text: String = files.iter().map(|(path, bytes)| plain(path, bytes)).collect();
        assert_eq!(rng::hash(&text), expected, "{options:?}");
    }
}

#[test]
fn a_draw_gives_each_its_weight() {
    let weights = [1, 90, 2, 2, 1, 400, 3, 1, 1, 7];
    let draw = volume::Draw::new(weights.into_iter());
    let mut drawn = [0; 10];
    (0..draw.total()).for_each(|weight| drawn[draw.at(weight)] += 1);
    assert_eq!(drawn, weights);
}

#[test]
fn ids_are_the_same_written_and_returned() {
    for key in (0..200).map(rng::mix) {
        let (mut written, len) = (Vec::new(), (key % 30) as usize);
        rng::put_id(&mut written, "0ua", key, len);
        rng::put_guid(&mut written, key);
        let returned = rng::id("0ua", key, len, rng::BASE62) + &rng::guid(key);
        assert_eq!(String::from_utf8(written).unwrap(), returned);
    }
}
