-- One row per accepted line of the self-confirmations drop and account it names, and per confirmation in the decision
-- log that no file holds: the holder says the seat is in use.
with confirmations_of_the_drop as (
    select
        line.app_id, account.account_id, coalesce(sku.sku_id, '') as sku_id_key, sku.sku_id, line.confirmed_on,
        line.file, line.line
    from drops.self_confirmations as line
    inner join core.drop_accounts as account
        on line.app_id = account.app_id and line.account_ref = account.account_ref
    left join core.drop_skus as sku on line.app_id = sku.app_id and line.sku_ref = sku.sku_ref
    left anti join core.drop_rejects as rejected
        on line.file = rejected.file and line.line = rejected.line and rejected.drop = 'self_confirmations'
),

-- an entry made of a line of a drop names no candidate
confirmations_of_the_log as (
    select
        said.app_id, account.account_id, coalesce(said.sku_id, '') as sku_id_key, said.sku_id,
        coalesce(said.confirmed_on, said.entry_on) as confirmed_on, 'log' as file, said.seq as line
    from log.entries as said
    inner join core.log_subjects as account
        on said.app_id = account.app_id and said.subject_key = account.subject_key
    where said.type = 'decision.self_confirm' and (said.candidate_id is not null or said.channel <> 'drop')
),

final as (
    select app_id, account_id, sku_id_key, sku_id, confirmed_on, file, line from confirmations_of_the_drop
    union all
    select app_id, account_id, sku_id_key, sku_id, confirmed_on, file, line from confirmations_of_the_log
)

select
    app_id, account_id, sku_id_key, sku_id, confirmed_on, file, line,
    file || ':' || cast(line as varchar) as source_line
from final
