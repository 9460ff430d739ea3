-- One row per rule of separated duties: two grants that one person must not hold together. A grant is written as
-- <app>:<tier>, or as <app> for a seat of any tier.
with final as (
    select
        rule_id,
        split_part(grant_a, ':', 1) as app_id_a, nullif(split_part(grant_a, ':', 2), '') as tier_a,
        split_part(grant_b, ':', 1) as app_id_b, nullif(split_part(grant_b, ':', 2), '') as tier_b,
        lower(severity) as severity
    from seeds.sod_rules
)

select rule_id, app_id_a, tier_a, app_id_b, tier_b, severity
from final
