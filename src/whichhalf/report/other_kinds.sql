-- Conversions of kinds that the report has no column for, with :starts_at <= converted < :ends_at.
-- grain: conversion_kind
select conversion_kind, count(*) as conversion_count
from conversions
where converted_at >= :starts_at and converted_at < :ends_at
    and conversion_kind not in (
        'install', 'signup', 'first_purchase', 'purchase', 'ad_revenue', 'refund', 'chargeback'
    )
group by conversion_kind
