-- One row per accepted line of the holds drop and account it names: a manager keeps the account, or one SKU of it.
-- Lines of any date stand here; whether one is in force at the as-of date is for the policy to say.
with final as (
    select
        line.app_id, account.account_id, coalesce(sku.sku_id, '') as sku_id_key, sku.sku_id, line.effective_from,
        line.expires_on, line.reason_code, line.actor, line.file, line.line,
        line.file || ':' || cast(line.line as varchar) as source_line
    from drops.holds as line
    inner join core.drop_accounts as account
        on line.app_id = account.app_id and line.account_ref = account.account_ref
    left join core.drop_skus as sku on line.app_id = sku.app_id and line.sku_ref = sku.sku_ref
    left anti join core.drop_rejects as rejected
        on line.file = rejected.file and line.line = rejected.line and rejected.drop = 'holds'
)

select
    app_id, account_id, sku_id_key, sku_id, effective_from, expires_on, reason_code, actor, file, line, source_line
from final
