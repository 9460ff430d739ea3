-- What the attributes of one account say of whose it is: an override of the project, the employee number, the e-mail.
-- Of each rule how many persons it claims, and one of them.
with overrides_in_force as (
    select o.system, o.account_id as account_ref, w.person_key
    from seeds.identity_overrides as o
    inner join core.workers as w on o.worker_id = w.worker_id
    where
        (o.effective_from <= $as_of or o.effective_from is null)
        and ($as_of < o.effective_to or o.effective_to is null)
),

accounts_an_override_names as (
    select a.system, a.account_id, o.person_key
    from core.accounts as a
    inner join overrides_in_force as o on a.system = o.system and a.account_id = o.account_ref
    union
    select a.system, a.account_id, o.person_key
    from core.accounts as a
    inner join overrides_in_force as o on a.system = o.system and fold_text(a.email) = fold_text(o.account_ref)
),

claims_by_override as (
    select system, account_id, count(*) as claimants, min(person_key) as person_key
    from accounts_an_override_names
    group by system, account_id
),

holders_of_each_address as (
    -- every holder so far counts against the address; only one HR still tells of can be the match
    select e.email_folded, count(*) as holders, max(p.person_key) as person_key
    from core.person_emails as e
    left join core.persons as p on e.person_key = p.person_key
    where e.valid_from <= $as_of
    group by e.email_folded
),

final as (
    select
        a.system,
        a.account_id,
        coalesce(o.claimants, 0) as override_claimants,
        o.person_key as override_person_key,
        case
            when by_number.person_key <> by_external_id.person_key then 2
            when by_number.person_key is not null or by_external_id.person_key is not null then 1
            else 0
        end as employee_claimants,
        coalesce(by_number.person_key, by_external_id.person_key) as employee_person_key,
        case when e.holders > 1 then e.holders when e.person_key is not null then 1 else 0 end as email_claimants,
        e.person_key as email_person_key
    from core.accounts as a
    left join claims_by_override as o on a.system = o.system and a.account_id = o.account_id
    left join core.workers as by_number on trim(a.employee_number) = by_number.worker_id
    left join core.workers as by_external_id on trim(a.external_id) = by_external_id.worker_id
    left join holders_of_each_address as e on fold_text(a.email) = e.email_folded
)

select
    system,
    account_id,
    override_claimants,
    override_person_key,
    employee_claimants,
    employee_person_key,
    email_claimants,
    email_person_key
from final
