-- Visitors that are left out whole, and users whose merge was refused.
-- grain: one row
select
    (select count(distinct visitor_key) from excluded_visitors) as visitors,
    (select count(distinct user_id) from refused_merges) as users
