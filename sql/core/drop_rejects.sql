-- One row per line of a drop that could not be read or laid to anything: it has no effect until corrected.
-- One exception: a legal hold with an unknown reason code is listed here and still protects its person.
with lines_about_accounts as (
    select 'holds' as drop, file, line, app_id, account_ref, sku_ref, cast(null as varchar) as target_sku_ref,
        reason_code, true as needs_reason
    from drops.holds
    union all
    select 'exceptions' as drop, file, line, app_id, account_ref, sku_ref, cast(null as varchar) as target_sku_ref,
        reason_code, true as needs_reason
    from drops.exceptions
    union all
    select 'self_confirmations' as drop, file, line, app_id, account_ref, sku_ref,
        cast(null as varchar) as target_sku_ref, cast(null as varchar) as reason_code, false as needs_reason
    from drops.self_confirmations
    union all
    select 'executed' as drop, file, line, app_id, account_ref, sku_ref, target_sku_ref,
        cast(null as varchar) as reason_code, false as needs_reason
    from drops.executed
),

known_accounts as (
    select distinct app_id, account_ref
    from core.drop_accounts
),

-- without a list of reason codes every code is known
reason_codes_in_use as (
    select count(*) as code_count
    from seeds.reason_codes
),

known_reason_codes as (
    select distinct code
    from seeds.reason_codes
),

judged_lines_about_accounts as (
    select
        line.drop, line.file, line.line,
        case
            when app.app_id is null then 'unknown_app'
            when account.account_ref is null then 'unknown_account'
            when line.sku_ref is not null and sku.sku_id is null then 'unknown_sku'
            when line.target_sku_ref is not null and target.sku_id is null then 'unknown_sku'
            when line.needs_reason and codes.code_count > 0 and known.code is null then 'unknown_reason_code'
        end as reason_code
    from lines_about_accounts as line
    cross join reason_codes_in_use as codes
    left join core.apps as app on line.app_id = app.app_id
    left join known_accounts as account on line.app_id = account.app_id and line.account_ref = account.account_ref
    left join core.drop_skus as sku on line.app_id = sku.app_id and line.sku_ref = sku.sku_ref
    left join core.drop_skus as target on line.app_id = target.app_id and line.target_sku_ref = target.sku_ref
    left join known_reason_codes as known on line.reason_code = known.code
),

judged_legal_holds as (
    select
        'legal_holds' as drop, line.file, line.line,
        case
            when worker.worker_id is null then 'unknown_worker'
            when line.reason_code is not null and codes.code_count > 0 and known.code is null
                then 'unknown_reason_code'
        end as reason_code
    from drops.legal_holds as line
    cross join reason_codes_in_use as codes
    left join core.workers as worker on line.worker_id = worker.worker_id
    left join known_reason_codes as known on line.reason_code = known.code
),

final as (
    select drop, file, line, reason_code from judged_lines_about_accounts where reason_code is not null
    union all
    select drop, file, line, reason_code from judged_legal_holds where reason_code is not null
    union all
    select drop, file, line, reason_code from drops.rejected
)

select drop, file, line, reason_code
from final
