-- Credit of one model by whether its touch names a campaign of ours. A touch whose source is unknown to
-- table sources is in neither part.
-- grain: one row
select
    coalesce(sum(c.credit), 0) as credited,
    coalesce(sum(case when s.match_rule is not null then c.credit else 0 end), 0) as matched,
    coalesce(
        sum(case when s.source_key is not null and s.match_rule is null then c.credit else 0 end), 0
    ) as unmatched
from credits as c
left join sources as s on c.source_key = s.source_key
where c.model = :model and c.converted_at >= :starts_at and c.converted_at < :ends_at
