-- A row is a reason for which rows of a stream were set apart, over the landings in force.
with final as (
    select
        source,
        stream,
        reason_code,
        count(*) as row_count,
        count(distinct landing) as landing_count,
        max(extract_date) as newest_extract_date
    from audit.quarantine
    group by source, stream, reason_code
)

select
    source, stream, reason_code, row_count, landing_count, newest_extract_date
from final
