-- One row per account reference in a drop and the account it names: by the vendor's id, else the id of the holder's
-- Okta user, else user name or e-mail, else an account that is gone by now but once held a seat.
with references_in_drops as (
    select app_id, account_ref from drops.holds
    union
    select app_id, account_ref from drops.exceptions
    union
    select app_id, account_ref from drops.self_confirmations
    union
    select app_id, account_ref from drops.executed
),

keys_of_references as (
    select app_id, account_ref, account_ref as key, 'exact' as comparison
    from references_in_drops
    union all
    select app_id, account_ref, fold_text(account_ref) as key, 'folded' as comparison
    from references_in_drops
),

accounts_once_seated as (
    select sku.app_id, run.account_id
    from staging.seat_runs as run
    inner join core.source_skus as sku
        on
            run.source = sku.source and run.stream = sku.stream and run.source_sku_key = sku.source_sku_key
            and run.okta_app_id = '' and sku.okta_app_id = ''
    union all
    select instance.app_id, run.account_id
    from staging.seat_runs as run
    inner join seeds.app_okta_ids as instance on run.okta_app_id = instance.okta_app_id
    inner join core.apps as app on instance.app_id = app.app_id and app.is_okta_assigned
),

keys_of_accounts as (
    select system as app_id, account_id, account_id as key, 'exact' as comparison, 1 as key_rank
    from core.accounts
    union all
    select system as app_id, account_id, okta_account_id as key, 'exact' as comparison, 2 as key_rank
    from core.identity_crosswalk
    where okta_account_id is not null
    union all
    select held.system as app_id, held.account_id, linked.account_id as key, 'exact' as comparison, 3 as key_rank
    from core.identity_crosswalk as held
    inner join core.identity_crosswalk as linked on held.person_key = linked.person_key and linked.system = 'okta'
    where held.system <> 'okta'
    union all
    select system as app_id, account_id, fold_text(user_name) as key, 'folded' as comparison, 4 as key_rank
    from core.accounts
    where user_name is not null
    union all
    select system as app_id, account_id, fold_text(email) as key, 'folded' as comparison, 4 as key_rank
    from core.accounts
    where email is not null
    union all
    select app_id, account_id, account_id as key, 'exact' as comparison, 5 as key_rank
    from accounts_once_seated
),

hits as (
    select named.app_id, named.account_ref, account.account_id, min(account.key_rank) as key_rank
    from keys_of_references as named
    inner join keys_of_accounts as account
        on
            named.app_id = account.app_id and named.comparison = account.comparison
            and named.key = account.key
    group by named.app_id, named.account_ref, account.account_id
),

best_ranks as (
    select
        app_id, account_ref, account_id, key_rank,
        rank() over (partition by app_id, account_ref order by key_rank) as place
    from hits
),

-- one address of two accounts of the application names both: a hold protects too much rather than too little
final as (
    select app_id, account_ref, account_id, key_rank
    from best_ranks
    where place = 1
)

select app_id, account_ref, account_id, key_rank
from final
