-- One row per name by which a vendor's event feed ever called an account.
with names as (
    select source, stream, coalesce(account_id, email) as account_ref from raw.slack_member_analytics
    union all
    select source, stream, account_id as account_ref from raw.salesforce_login_history
    union all
    select source, stream, coalesce(account_id, email) as account_ref from raw.mapped_activity
),

final as (
    select distinct source, stream, account_ref
    from names
    where account_ref is not null
)

select source, stream, account_ref
from final
