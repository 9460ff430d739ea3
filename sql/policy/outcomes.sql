-- One row per outcome a verdict can have: its rule, verdict, reason and action. An outcome is the rule times a hundred,
-- ten for each further reason the rule knows, and the action: 1 reclaim, 2 suspend, 3 downgrade. What would be a
-- candidate but is free is kept (90). Rules 1 and 4 take the reason from the seat: why it is protected, the exception's
-- code.
with final as (
    select
        o.outcome,
        o.rule,
        o.verdict,
        o.reason,
        o.action
    from (
        values
        (0, 0, 'keep', 'no_policy', null),
        (100, 1, 'protected', null, null),
        (200, 2, 'excepted', 'legal_hold', null),
        (301, 3, 'candidate', 'leaver', 'reclaim'),
        (302, 3, 'candidate', 'leaver', 'suspend'),
        (390, 3, 'keep', 'free_sku', null),
        (400, 4, 'excepted', null, null),
        (500, 5, 'held', 'manager_hold', null),
        (510, 5, 'held', 'upcoming_assignment', null),
        (600, 6, 'grace', 'on_leave', null),
        (610, 6, 'grace', 'leave_return', null),
        (700, 7, 'grace', 'bench', null),
        (800, 8, 'keep', 'self_confirmed', null),
        (900, 9, 'grace', 'new_seat', null),
        (1000, 10, 'unknown', 'no_signal', null),
        (1010, 10, 'unknown', 'stale_source', null),
        (1020, 10, 'unknown', 'partial_source', null),
        (1030, 10, 'unknown', 'concealed_names', null),
        (1040, 10, 'unknown', 'coverage_hole', null),
        (1050, 10, 'unknown', 'weak_signal', null),
        (1100, 11, 'review', 'orphan', null),
        (1101, 11, 'candidate', 'orphan', 'reclaim'),
        (1102, 11, 'candidate', 'orphan', 'suspend'),
        (1190, 11, 'keep', 'free_sku', null),
        (1200, 12, 'grace', 'recently_downgraded', null),
        (1201, 12, 'candidate', 'inactive', 'reclaim'),
        (1202, 12, 'candidate', 'inactive', 'suspend'),
        (1203, 12, 'candidate', 'inactive', 'downgrade'),
        (1211, 12, 'candidate', 'never_used', 'reclaim'),
        (1212, 12, 'candidate', 'never_used', 'suspend'),
        (1213, 12, 'candidate', 'never_used', 'downgrade'),
        (1290, 12, 'keep', 'free_sku', null),
        (1303, 13, 'candidate', 'over_tiered', 'downgrade'),
        (1390, 13, 'keep', 'free_sku', null),
        (1400, 14, 'keep', 'active', null)
    ) as o (outcome, rule, verdict, reason, action)
)

select
    outcome,
    rule,
    verdict,
    reason,
    action
from final
