-- One row per accepted line of the self-confirmations drop and account it names: the holder says the seat is in use.
with final as (
    select
        line.app_id, account.account_id, coalesce(sku.sku_id, '') as sku_id_key, sku.sku_id, line.confirmed_on,
        line.file, line.line, line.file || ':' || cast(line.line as varchar) as source_line
    from drops.self_confirmations as line
    inner join core.drop_accounts as account
        on line.app_id = account.app_id and line.account_ref = account.account_ref
    left join core.drop_skus as sku on line.app_id = sku.app_id and line.sku_ref = sku.sku_ref
    left anti join core.drop_rejects as rejected
        on line.file = rejected.file and line.line = rejected.line and rejected.drop = 'self_confirmations'
)

select app_id, account_id, sku_id_key, sku_id, confirmed_on, file, line, source_line
from final
