-- One row per account that an answer in the decision log speaks of, by its key. Only applications with such answers are
-- looked at: the key of every account in them is asked for.
with apps_spoken_of as (
    select distinct app_id
    from log.entries
    where
        type in (
            'hold.set', 'hold.released', 'exception.set', 'exception.released', 'decision.self_confirm',
            'outcome.executed', 'outcome.verified'
        )
        and (candidate_id is not null or channel <> 'drop')
),

accounts_of_those_apps as (
    select account.system as app_id, account.account_id
    from core.accounts as account
    inner join apps_spoken_of as app on account.system = app.app_id
    union
    select seat.app_id, seat.account_id
    from core.seats as seat
    inner join apps_spoken_of as app on seat.app_id = app.app_id
),

keys_of_accounts as (
    select app_id, account_id, pseudonym(account_id) as subject_key
    from accounts_of_those_apps
),

subjects as (
    select distinct app_id, subject_key
    from log.entries
    where subject_key is not null
),

final as (
    select account.app_id, account.account_id, account.subject_key
    from keys_of_accounts as account
    inner join subjects as subject
        on account.app_id = subject.app_id and account.subject_key = subject.subject_key
)

select app_id, account_id, subject_key
from final
