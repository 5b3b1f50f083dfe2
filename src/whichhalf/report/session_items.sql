-- Sessions begun from :starts_at on, before :ends_at, under the value of the dimension.
-- grain: session_id, app    day: started_at
select
    s.session_id, s.app, s.person_id, s.page_count,
    case when s.signed_up then 1 else 0 end as signed_up,
    case
        when :by = 'channel' then coalesce(c.channel, 'Direct')
        when :by = 'source' then coalesce(c.source, c.referrer_host, '(direct)')
        when :by = 'landing' then coalesce(l.page, '(no page)')
        when :by = 'country' then coalesce(p.country, '(unknown)')
        when :by = 'person' then s.person_id
        else d.label
    end as part
from sessions as s
left join sources as c on s.source_key = c.source_key
left join landing_pages as l on s.landing_url = l.landing_url
left join session_parts as p on s.app = p.app and s.session_id = p.part_id
left join report_days as d on s.started_at >= d.starts_at and s.started_at < d.ends_at
where s.started_at >= :starts_at and s.started_at < :ends_at
