//! `init`: an empty project whose files say what goes into them.

use std::path::PathBuf;

use clap::Args;

use super::output;
use crate::base::error::Context;
use crate::base::{Clock, Error, ErrorKind, Result};
use crate::job::Job;

/// Make an empty project with commented files, and its store
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The folder; made when it is not there
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The name of the tenant
    #[arg(long, default_value = "my-company")]
    name: String,
    /// The currency reports convert to
    #[arg(long, default_value = "EUR")]
    currency: String,
}

impl Init {
    pub(super) async fn run(self, clock: Clock) -> Result<u8> {
        let project = self.dir.join("seatledger.toml");
        if project.exists() {
            return Err(Error::usage(format!("{} is there already: nothing was changed", project.display())));
        }
        for folder in ["policies", "seeds", "drops", "extracts"] {
            let path = self.dir.join(folder);
            std::fs::create_dir_all(&path).context(ErrorKind::Store, format!("cannot make {}", path.display()))?;
        }
        let text = PROJECT.replace("{name}", &self.name).replace("{currency}", &self.currency);
        self.write("seatledger.toml", &text)?;
        for (file, header) in CSV_HEADERS {
            self.write(file, &format!("{header}\n"))?;
        }
        Job::open(&self.dir, clock).await?;
        let dir = self.dir.display();
        output::write(
            format!(
                "{dir} is ready. Next: name your sources in seatledger.toml, your apps in seeds/apps.csv,\n\
                 put extracts below extracts/<source>/<stream>/, then: seatledger validate --project {dir}\n"
            )
            .as_bytes(),
        )?;
        Ok(0)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.dir.join(name);
        std::fs::write(&path, text).context(ErrorKind::Store, format!("cannot write {}", path.display()))
    }
}

const PROJECT: &str = r#"name = "{name}"
store = "warehouse"                  # a folder beside this file, or s3:// gs:// az://
private = "private"                  # whose the keys in evidence are: another bucket, other credentials
reporting_currency = "{currency}"
rate_set = "spot"                    # spot | budget (seeds/budget_rates.csv)

# One [[source]] for each system; its streams are the sub-folders of `from`, and an extract's day is in its path:
# extracts/okta/users/2026-11-20/page-1.json.gz
#
# [[source]]
# name = "okta"
# kind = "okta"                      # okta microsoft365 salesforce github slack zoom atlassian workday bamboohr servicenow ecb mapped
# from = "extracts/okta"
# streams = ["system_log", "users", "apps", "app_users"]
#
# [renewal]                          # how a renewal is recommended; these are the defaults
# buffer = 0.10                      # seats kept in reserve
# renew_from = 0.70                  # share of purchased seats in use from which a contract is renewed as it is
# right_size_from = 0.40             # from here renewed with fewer seats
# downgrade_from = 0.15              # from here in a lower tier; below, dropped
#
# [snapshot]
# key = "agent:keys/snapshots.pub"   # signs the evidence; or the path of an OpenSSH Ed25519 key without passphrase
"#;

/// The header of each seed and drop; `validate` reads what stands here.
const CSV_HEADERS: &[(&str, &str)] = &[
    (
        "seeds/apps.csv",
        "app_id,name,vendor,owner_email,sensitivity,okta_app_ids,assignment_source,feature_source,\
         feature_horizon_days,reclaim_consequence,suspend_worker_types",
    ),
    ("seeds/tiers.csv", "app_id,tier,rank,sku_id,is_paid,is_default"),
    ("seeds/account_types.csv", "app_id,pattern,account_type"),
    ("seeds/identity_overrides.csv", "system,account_id,worker_id,effective_from,effective_to"),
    ("seeds/budget_rates.csv", "fiscal_year,currency,rate"),
    ("seeds/critical_roles.csv", "job_family"),
    ("seeds/worker_statuses.csv", "status"),
    ("seeds/reason_codes.csv", "code,meaning,kind"),
    ("seeds/contract_clauses.csv", "contract_number,sku_id,clause,value,effective_from,reference"),
    ("seeds/budget.csv", "contract_number,month,currency,amount"),
    ("seeds/invoices.csv", "invoice_id,contract_number,kind,invoiced_on,period_from,period_to,currency,amount"),
    ("drops/holds.csv", "app_id,account_id,sku_id,effective_from,expires_on,reason_code,actor"),
    ("drops/exceptions.csv", "app_id,account_id,sku_id,effective_from,expires_on,reason_code,actor"),
    ("drops/self_confirmations.csv", "app_id,account_id,sku_id,confirmed_on"),
    ("drops/executed.csv", "app_id,account_id,sku_id,action,target_sku_id,executed_on"),
    ("drops/legal_holds.csv", "worker_id,effective_from,effective_to,reason_code"),
];
