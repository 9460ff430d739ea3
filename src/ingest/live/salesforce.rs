//! Salesforce: SOQL over REST. A query comes in pages of up to 2,000 records, each with the path of the next one; a long
//! one is a job of Bulk API 2.0, which gives CSV.

use super::table::{Job, Nature, Paging, Pass, Stream, TokenServer, Vendor};
use crate::config::Kind;

pub(super) const SALESFORCE: Vendor = Vendor {
    kind: Kind::Salesforce,
    tokens: &[TokenServer {
        url: "/services/oauth2/token",
        scope: "",
        audience: "https://login.salesforce.com",
        form: &[("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")],
        has_basic_secret: false,
    }],
    patience: None,
    headers: &[],
    streams: &[
        Stream {
            name: "users",
            nature: Nature::Full,
            passes: &[soql(&[("q", USERS)])],
            needs: "API Enabled and View Setup",
            small: Some(&[("q", "SELECT Id FROM User LIMIT 1")]),
        },
        Stream {
            name: "user_licenses",
            nature: Nature::Full,
            passes: &[soql(&[("q", USER_LICENSES)])],
            needs: "View Setup",
            small: Some(&[("q", "SELECT Id FROM UserLicense LIMIT 1")]),
        },
        Stream {
            name: "login_history",
            // Kept for six months; a login may appear late.
            nature: Nature::Since { overlap_days: 1, kept_days: 180 },
            passes: &[soql(&[("q", LOGIN_HISTORY)])],
            needs: "Manage Users",
            small: Some(&[("q", "SELECT Id FROM LoginHistory LIMIT 1")]),
        },
    ],
};

const USERS: &str = "SELECT Id, Username, Email, Name, IsActive, UserType, ProfileId, Profile.UserLicenseId, \
    FederationIdentifier, EmployeeNumber, LastLoginDate, CreatedDate FROM User ORDER BY Id";
const USER_LICENSES: &str = "SELECT Id, Name, MasterLabel, LicenseDefinitionKey, Status, TotalLicenses, UsedLicenses \
    FROM UserLicense ORDER BY Id";
const LOGIN_HISTORY: &str = "SELECT Id, UserId, LoginTime, Status, Application, LoginType FROM LoginHistory \
    WHERE LoginTime >= {since}T00:00:00Z ORDER BY LoginTime";

const fn soql(query: &'static [(&'static str, &'static str)]) -> Pass {
    Pass {
        path: "services/data/v62.0/query",
        query,
        paging: Paging::Url("/nextRecordsUrl"),
        job: Some(&BULK),
        ..Pass::PLAIN
    }
}

/// "Create a Query Job" and "Get Results for a Query Job" of the Bulk API 2.0 Developer Guide.
const BULK: Job = Job {
    // 25 pages
    above: 50_000,
    path: "services/data/v62.0/jobs/query",
    says: &[("operation", "query")],
    asks: ("q", "query"),
    id: "/id",
    state: "/state",
    total: "/numberRecordsProcessed",
    done: "JobComplete",
    going: &["UploadComplete", "InProgress"],
    results: Pass {
        path: "services/data/v62.0/jobs/query/{id}/results",
        query: &[("maxRecords", "50000")],
        paging: Paging::Header { at: "Sforce-Locator", to: "locator" },
        file: "csv",
        ..Pass::PLAIN
    },
};
