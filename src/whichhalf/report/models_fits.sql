-- Classical totals of the models fitted to conversions of :kind, over the whole history.
-- grain: model, channel
select
    model, channel, fitted_as, conversions, low, high, is_too_few, converting_paths
from model_fits
where conversion_kind = :kind
