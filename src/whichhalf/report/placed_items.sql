-- Credited items under the key of the row that each belongs to. What --by does not ask for is empty.
-- is_matched = 0: a paid touch whose campaign is not known from costs; its own UTM names stand in.
-- grain: measure, app, item_id, touch_id
select
    c.measure, c.person_id, c.product_id, c.weight, c.value, c.reason,
    case
        when c.reason <> '' or :by not in ('campaign', 'adset', 'ad') then 1
        when s.match_rule is null then 0
        else 1
    end as is_matched,
    case
        when c.reason <> '' or :by not in ('network', 'campaign', 'adset', 'ad') then ''
        else coalesce(s.network, s.source, s.referrer_host, '(unknown)')
    end as network,
    case
        when c.reason <> '' or :by not in ('campaign', 'adset', 'ad') then ''
        else coalesce(s.account_id, '')
    end as account_id,
    case
        when c.reason <> '' or :by not in ('campaign', 'adset', 'ad') then ''
        else coalesce(s.campaign_id, s.campaign, s.utm_id, '')
    end as campaign_id,
    case
        when c.reason <> '' or :by not in ('adset', 'ad') then ''
        else coalesce(s.ad_set_id, '')
    end as ad_set_id,
    case
        when c.reason <> '' or :by <> 'ad' then ''
        when s.match_rule is null then coalesce(s.content, '')
        else coalesce(s.ad_id, '')
    end as ad_id,
    case
        when c.reason <> '' then ''
        when :by = 'channel' then s.channel
        when :by = 'country' then coalesce(c.country, '(unknown)')
        when :by = 'os' then coalesce(lower(c.os), '(unknown)')
        when :by = 'person' then c.person_id
        else ''
    end as part
from credited_items as c
left join sources as s on c.source_key = s.source_key
