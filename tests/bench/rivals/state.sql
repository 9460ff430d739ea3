-- The state of the seats as of a day: yesterday's, its oldest days forgotten, and what became known since.
with before as (
    select app_instance_id, account_id, last_at, {kept_words} from {yesterday}
),

new_days as (
    select app_instance_id, account_id, max(last_at) as last_at, {new_words}
    from {day_use}
    where sign_ins > 0
    group by app_instance_id, account_id
),

known as (
    select * from before
    union all
    select app_instance_id, account_id, last_at, {masked_words} from new_days
)

select app_instance_id, account_id, max(last_at) as last_at, {joined_words}
from known
group by app_instance_id, account_id
