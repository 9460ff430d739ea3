-- One row per name a vendor's activity gave and the account of the application it names: by account id, else by user
-- name, else by e-mail; in an application assigned through Okta also by the id the vendor gave Okta.
with names_in_activity as (
    select distinct source, stream, account_ref
    from staging.vendor_activity
    union
    select source, stream, account_ref
    from staging.event_accounts
),

names_by_app as (
    select feed.app_id, named.source, named.stream, named.account_ref
    from names_in_activity as named
    inner join seeds.app_feature_sources as feed on named.source = feed.source and named.stream = feed.stream
),

-- streams of an app name the same accounts again and again; a name is looked up once
different_names as (
    select distinct app_id, account_ref
    from names_by_app
),

keys_of_names as (
    select
        named.app_id, named.account_ref, way.comparison,
        case when way.comparison = 'exact' then named.account_ref else fold_text(named.account_ref) end as key
    from different_names as named
    cross join (values ('exact'), ('folded')) as way (comparison)
),

keys_of_accounts as (
    select system as app_id, account_id, account_id as key, 'exact' as comparison, 1 as key_rank
    from core.accounts
    union all
    select account.system as app_id, account.account_id, account.external_id as key, 'exact' as comparison,
        2 as key_rank
    from core.accounts as account
    inner join core.apps as app on account.system = app.app_id and app.is_okta_assigned
    where account.external_id is not null
    union all
    select system as app_id, account_id, fold_text(user_name) as key, 'folded' as comparison, 3 as key_rank
    from core.accounts
    where user_name is not null
    union all
    select system as app_id, account_id, fold_text(email) as key, 'folded' as comparison, 4 as key_rank
    from core.accounts
    where email is not null
),

hits as (
    select named.app_id, named.account_ref, account.account_id, min(account.key_rank) as key_rank
    from keys_of_names as named
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

-- two accounts under one name: the use may be of either, so it keeps both
final as (
    select named.app_id, named.source, named.stream, named.account_ref, best.account_id, best.key_rank
    from best_ranks as best
    inner join names_by_app as named on best.app_id = named.app_id and best.account_ref = named.account_ref
    where best.place = 1
)

select app_id, source, stream, account_ref, account_id, key_rank
from final
