-- A row is a way in which accounts of a system were matched to people, with those matched to nobody or to several.
with accounts_with_seats as (
    select distinct app_id as system, account_id from core.seats
),

accounts as (
    select
        i.system,
        case when i.is_ambiguous then 'ambiguous' else i.match_rule end as match_rule,
        s.account_id is not null as has_seats
    from core.identity_crosswalk as i
    left join accounts_with_seats as s on s.system = i.system and s.account_id = i.account_id
),

rules as (
    select r.match_rule, r.position
    from (
        values
        ('override', 1), ('employee_id', 2), ('sso_subject', 3), ('email', 4), ('ambiguous', 5), ('none', 6)
    ) as r (match_rule, position)
),

final as (
    select
        a.system,
        a.match_rule,
        max(coalesce(r.position, 0)) as position,
        count(*) as account_count,
        count(*) filter (where a.has_seats) as with_seats_count
    from accounts as a
    left join rules as r on r.match_rule = a.match_rule
    group by a.system, a.match_rule
)

select
    system, match_rule, position, account_count, with_seats_count
from final
