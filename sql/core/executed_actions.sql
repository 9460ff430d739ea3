-- One row per accepted line of the executed drop and account it names, and per action that the desk reported done: an
-- action that was carried out at the vendor. One that failed or was rolled back afterwards was none.
with actions_of_the_drop as (
    select
        line.app_id, account.account_id, coalesce(sku.sku_id, '') as sku_id_key, sku.sku_id, line.action,
        target.sku_id as target_sku_id, line.executed_on, line.file, line.line
    from drops.executed as line
    inner join core.drop_accounts as account
        on line.app_id = account.app_id and line.account_ref = account.account_ref
    left join core.drop_skus as sku on line.app_id = sku.app_id and line.sku_ref = sku.sku_ref
    left join core.drop_skus as target on line.app_id = target.app_id and line.target_sku_ref = target.sku_ref
    left anti join core.drop_rejects as rejected
        on line.file = rejected.file and line.line = rejected.line and rejected.drop = 'executed'
),

-- The desk says that it was done; where it says nothing, a feed that no longer has the seat does.
newest_entries as (
    select
        candidate_id, max(seq) filter (where type = 'outcome.executed') as executed_seq,
        max(seq) filter (where type = 'outcome.verified') as verified_seq,
        max(seq) filter (where type = 'export.created') as export_seq,
        max(seq) filter (where type in ('outcome.failed', 'outcome.rolled_back')) as undone_seq
    from log.entries
    where
        candidate_id is not null
        and type in (
            'outcome.executed', 'outcome.verified', 'outcome.failed', 'outcome.rolled_back', 'export.created'
        )
    group by candidate_id
),

actions_done as (
    select coalesce(executed_seq, verified_seq) as done_seq, export_seq
    from newest_entries
    where undone_seq is null or undone_seq < coalesce(executed_seq, verified_seq)
),

actions_of_the_log as (
    select
        done.app_id, account.account_id, coalesce(done.sku_id, '') as sku_id_key, done.sku_id, done.action,
        coalesce(done.target_sku_id, sent.target_sku_id) as target_sku_id,
        coalesce(done.executed_on, done.entry_on) as executed_on, 'log' as file, done.seq as line
    from actions_done as newest
    inner join log.entries as done on newest.done_seq = done.seq
    inner join core.log_subjects as account
        on done.app_id = account.app_id and done.subject_key = account.subject_key
    left join log.entries as sent on newest.export_seq = sent.seq
    where done.action is not null
),

final as (
    select app_id, account_id, sku_id_key, sku_id, action, target_sku_id, executed_on, file, line
    from actions_of_the_drop
    union all
    select app_id, account_id, sku_id_key, sku_id, action, target_sku_id, executed_on, file, line
    from actions_of_the_log
)

select
    app_id, account_id, sku_id_key, sku_id, action, target_sku_id, executed_on, file, line,
    file || ':' || cast(line as varchar) as source_line
from final
