-- One row per app and worker type whose seats are suspended where they would be reclaimed ('*': every seat of the app).
with worker_types_whose_data_is_kept as (
    select distinct
        app_id,
        worker_type
    from seeds.app_suspend_worker_types
    where worker_type is not null
),

final as (
    select
        app_id,
        worker_type
    from worker_types_whose_data_is_kept
)

select
    app_id,
    worker_type
from final
