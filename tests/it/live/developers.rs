//! GitHub and Atlassian: each through the suite, and what it has of its own.

use seatledger::job::Grade;

use super::super::stub::vendors::{Holds, atlassian, github, handler};
use super::vendors::{DAY, seen};
use super::{Live, Subject, conformance};

mod github_ {
    use super::*;

    const SEATS: Subject = Subject {
        kind: "github",
        login: "client_id = \"Iv1.seatledger\"\ninstallation = \"77\"\nsecret = \"file:key.pem\"\n\
                organization = \"northwind\"",
        streams: &["copilot_seats"],
        start: || handler(&github::GITHUB, Holds::in_pages(4).with("seats", github::seats_of(12))),
        has_tokens: true,
        empty: "{\"total_seats\": 0, \"seats\": []}",
        day: DAY,
    };

    conformance!(SEATS);

    /// An enterprise is read by a token of its own: an app is at home in an organisation.
    pub mod licences {
        use super::*;

        pub const LICENCES: Subject = Subject {
            kind: "github",
            login: "auth = \"bearer\"\nsecret = \"file:token\"\nenterprise = \"northwind\"",
            streams: &["consumed_licenses"],
            start: || handler(&github::GITHUB, Holds::in_pages(4).with("users", github::licences_of(19))),
            has_tokens: false,
            empty: "{\"total_seats_consumed\": 0, \"total_seats_purchased\": 18, \"users\": []}",
            day: DAY,
        };

        conformance!(LICENCES);

        #[test]
        fn everybody_with_a_licence_is_a_row_of_a_name_however_many_accounts_that_is() {
            let live = Live::new(&LICENCES);
            live.land_all();
            let rows = live.content().remove("consumed_licenses").unwrap();
            let of = |column: &str, value: &str| rows.iter().filter(|row| row[column] == value).count();
            assert_eq!((rows.len(), of("total_user_accounts", "2"), of("user_name", "")), (19, 7, 2));
            assert_eq!(
                (of("pending_invite_organization", "northwind"), of("account_id", "ghes.northwind.example:7")),
                (3, 1)
            );
            let log = live.stub.log.lock().unwrap();
            assert_eq!(log[0].query["per_page"], "100");
        }
    }

    #[test]
    fn what_names_no_list_is_not_read_and_one_of_them_must_be_named() {
        let seats = Live::new(&SEATS);
        let settings = std::fs::read_to_string(seats.project.path().join("seatledger.toml")).unwrap();
        let project = seats.project.with("seatledger.toml", &settings.replace("streams = [\"copilot_seats\"]\n", ""));
        let landed = super::super::land(&project).landings;
        assert!(landed.iter().all(|landing| landing.stream == "copilot_seats") && landed.len() == 1, "{landed:?}");

        let live = Live::new(&Subject { streams: &["copilot_seats", "consumed_licenses"], ..SEATS });
        let missed: Vec<_> = seen(&live).into_iter().filter(|f| f.of == "github/consumed_licenses").collect();
        assert!(missed.len() == 1 && missed[0].grade == Grade::Problem, "{missed:?}");
        assert!(missed[0].found.contains("does not say `enterprise`"), "{missed:?}");
        let none = live.project.with("seatledger.toml", &settings.replace("organization = \"northwind\"", ""));
        let error = none.land().unwrap_err().to_string();
        assert!(error.contains("lacks `organization`"), "{error}");
    }
}

mod atlassian_ {
    use super::*;

    const ACCOUNTS: Subject = Subject {
        kind: "atlassian",
        login: "secret = \"file:token\"\norganization = \"b1d7\"",
        streams: &["managed_accounts"],
        start: || handler(&atlassian::ATLASSIAN, Holds::in_pages(4).with("users", atlassian::users_of(13))),
        has_tokens: false,
        empty: "{\"data\": [], \"meta\": { \"total\": 0 }, \"links\": { \"self\": \"x\" }}",
        day: DAY,
    };

    conformance!(ACCOUNTS);

    #[test]
    fn an_account_is_a_row_for_each_product_with_the_use_of_that_one() {
        let live = Live::new(&ACCOUNTS);
        live.land_all();
        let rows = live.content().remove("managed_accounts").unwrap();
        let of = |sku: &str, last: &str| {
            rows.iter().filter(|row| row["sku_id"] == sku && row["last_activity_on"] == last).count()
        };
        // Of thirteen four have both and one of those was opened, three have both and use both, three have one, three none.
        assert_eq!(
            (of("jira-software", "2026-11-18"), of("confluence", ""), of("confluence", "2026-11-17")),
            (10, 4, 3)
        );
        assert_eq!((of("", ""), rows.len()), (3, 20));
        let body = &live.records("managed_accounts")[0].body;
        assert_eq!((&body["fetched"], &body["duplicate"]), (&20.into(), &0.into()), "{body}");
    }
}
