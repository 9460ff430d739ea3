//! Microsoft Graph: users with licences and sign-ins, SKUs, and usage reports of the longest period. A report lies at a
//! storage host, to which the API leads by one redirect and which must not see the credential.

use super::table::{Nature, Paging, Pass, Stream, TokenServer, Vendor};
use crate::config::Kind;

pub(super) const GRAPH: Vendor = Vendor {
    kind: Kind::Microsoft365,
    tokens: &[TokenServer {
        url: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
        scope: "https://graph.microsoft.com/.default",
        audience: "",
        form: &[("grant_type", "client_credentials")],
        has_basic_secret: false,
    }],
    patience: None,
    headers: &[],
    streams: &[
        Stream {
            name: "users",
            nature: Nature::Full,
            passes: &[Pass {
                path: "v1.0/users",
                // With signInActivity a page holds 500 at most.
                query: &[("$select", USER), ("$top", "500")],
                paging: Paging::Url("/@odata.nextLink"),
                ..Pass::PLAIN
            }],
            needs: "User.Read.All and AuditLog.Read.All",
            small: Some(&[("$top", "1")]),
        },
        Stream {
            name: "subscribed_skus",
            nature: Nature::Full,
            passes: &[Pass { path: "v1.0/subscribedSkus", ..Pass::PLAIN }],
            needs: "LicenseAssignment.Read.All",
            small: Some(&[("$select", "skuId")]),
        },
        report("office365_active_user_detail", &[csv("v1.0/reports/getOffice365ActiveUserDetail(period='D180')")]),
        report("m365_app_user_detail", &[csv("v1.0/reports/getM365AppUserDetail(period='D180')")]),
        report("teams_user_activity_user_detail", &[csv("v1.0/reports/getTeamsUserActivityUserDetail(period='D180')")]),
        report("email_activity_user_detail", &[csv("v1.0/reports/getEmailActivityUserDetail(period='D180')")]),
    ],
};

/// What lands of a user; without `$select` there would be no licences.
const USER: &str = "id,userPrincipalName,mail,displayName,employeeId,accountEnabled,userType,createdDateTime,\
    assignedLicenses,licenseAssignmentStates,signInActivity";

const fn report(name: &'static str, passes: &'static [Pass]) -> Stream {
    // One redirect, which a small request does not follow.
    Stream { name, nature: Nature::Full, passes, needs: "Reports.Read.All", small: Some(&[]) }
}

const fn csv(path: &'static str) -> Pass {
    Pass { path, file: "csv", moved_to: &[".office.com"], ..Pass::PLAIN }
}
