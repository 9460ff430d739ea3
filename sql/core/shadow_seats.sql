-- One row per paid seat of a vendor's own list that no contract line covers and whose holder has no Okta assignment of
-- the application, where Okta is mapped to it and its assignments are known: given past directory and contract.
with apps_assigned_in_okta as (
    select app.app_id
    from core.apps as app
    cross join core.source_status as status
    where app.has_okta and not app.is_okta_assigned and status.stream = 'app_users' and status.role = 'directory'
    group by app.app_id
    having bool_and(status.has_landed and not status.is_stale and not status.is_partial)
),

seats_without_entitlement as (
    select seat.app_id, seat.account_id, seat.sku_id, seat.person_key, seat.okta_account_id
    from core.seats as seat
    inner join apps_assigned_in_okta as app on seat.app_id = app.app_id
    inner join core.seat_costs as cost
        on
            seat.app_id = cost.app_id and seat.account_id = cost.account_id and seat.sku_id = cost.sku_id
            and cost.gap_reason = 'no_contract_line'
    where seat.account_type is null and not seat.is_ambiguous and seat.is_paid
),

okta_accounts_of_holders as (
    select app_id, account_id, okta_account_id
    from seats_without_entitlement
    where okta_account_id is not null
    union
    select seat.app_id, seat.account_id, linked.account_id as okta_account_id
    from seats_without_entitlement as seat
    inner join core.identity_crosswalk as linked on seat.person_key = linked.person_key and linked.system = 'okta'
),

holders_assigned as (
    select distinct holder.app_id, holder.account_id
    from okta_accounts_of_holders as holder
    inner join seeds.app_okta_ids as instance on holder.app_id = instance.app_id
    inner join staging.okta_seats as given
        on instance.okta_app_id = given.okta_app_id and holder.okta_account_id = given.account_id
),

final as (
    select seat.app_id, seat.account_id, seat.sku_id, seat.person_key
    from seats_without_entitlement as seat
    left anti join holders_assigned as holder
        on seat.app_id = holder.app_id and seat.account_id = holder.account_id
)

select app_id, account_id, sku_id, person_key
from final
