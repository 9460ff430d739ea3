-- One row per accepted line of the holds drop and account it names, and per hold in the decision log that no file
-- holds: a manager keeps the account, or one SKU of it. One that was released ends on that day.
-- Lines of any date stand here; whether one is in force at the as-of date is for the policy to say.
with holds_of_the_drop as (
    select
        line.app_id, account.account_id, coalesce(sku.sku_id, '') as sku_id_key, sku.sku_id, line.effective_from,
        line.expires_on, line.reason_code, line.actor, line.file, line.line
    from drops.holds as line
    inner join core.drop_accounts as account
        on line.app_id = account.app_id and line.account_ref = account.account_ref
    left join core.drop_skus as sku on line.app_id = sku.app_id and line.sku_ref = sku.sku_ref
    left anti join core.drop_rejects as rejected
        on line.file = rejected.file and line.line = rejected.line and rejected.drop = 'holds'
),

-- an entry made of a line of a drop names no candidate
holds_of_the_log as (
    select
        app_id, subject_key, coalesce(sku_id, '') as sku_id_key, sku_id,
        coalesce(effective_from, entry_on) as effective_from, expires_on, reason_code, seq
    from log.entries
    where type = 'hold.set' and expires_on is not null and (candidate_id is not null or channel <> 'drop')
),

releases_of_the_log as (
    select held.seq, min(released.entry_on) as released_on
    from holds_of_the_log as held
    inner join log.entries as released
        on
            held.app_id = released.app_id and held.subject_key = released.subject_key
            and held.sku_id_key = coalesce(released.sku_id, '') and released.seq > held.seq
    where
        released.type = 'hold.released'
        and (released.candidate_id is not null or released.channel <> 'drop')
    group by held.seq
),

final as (
    select
        app_id, account_id, sku_id_key, sku_id, effective_from, expires_on, reason_code, actor, file, line,
        file || ':' || cast(line as varchar) as source_line
    from holds_of_the_drop
    union all
    select
        held.app_id, account.account_id, held.sku_id_key, held.sku_id, held.effective_from,
        -- what is released before it begins has no day
        greatest(least(held.expires_on, coalesce(released.released_on, held.expires_on)), held.effective_from)
            as expires_on,
        held.reason_code, cast(null as varchar) as actor, 'log' as file, held.seq as line,
        'log:' || cast(held.seq as varchar) as source_line
    from holds_of_the_log as held
    inner join core.log_subjects as account
        on held.app_id = account.app_id and held.subject_key = account.subject_key
    left join releases_of_the_log as released on held.seq = released.seq
)

select
    app_id, account_id, sku_id_key, sku_id, effective_from, expires_on, reason_code, actor, file, line, source_line
from final
