-- Net and gross revenue retention: what customers of a year before pay now, as a share of
-- what they paid then.  The chart ends where most of the points do, since the first of
-- them are of few customers.
SELECT low, least(top, usual * 1.5) AS high, top > usual * 1.5 AS is_cut, greatest(bars, 12) AS slots, tick
FROM (SELECT least(min(gross_revenue_retention), 1)::numeric AS low, greatest(max(net_revenue_retention), 1)::numeric AS top,
             greatest(percentile_disc(0.9) WITHIN GROUP (ORDER BY net_revenue_retention), 1)::numeric AS usual, max(bar) AS bars
      FROM report_kept) AS k,
     LATERAL (SELECT pg_temp.tick(greatest((least(top, usual * 1.5) - low) / 5, 0.01)) AS tick) AS t \gset kept_
SELECT floor(:kept_low / :kept_tick)::int AS from, greatest(ceil(:kept_high / :kept_tick), floor(:kept_low / :kept_tick) + 1)::int AS to,
       100.0 / :kept_slots AS step, CASE WHEN :'kept_is_year' THEN 'twelve months' WHEN :'unit' = 'period' THEN 'a period' ELSE 'one ' || :'unit' END AS within \gset kept_
SELECT 260.0 / ((:kept_to - :kept_from) * :kept_tick) AS scale \gset kept_
CREATE TEMP TABLE report_kept_points ON COMMIT DROP AS
SELECT k.*, round((bar - 0.5) * :kept_step, 2) AS x,
       round(274 - (least(net_revenue_retention::numeric, :kept_to * :kept_tick) - :kept_from * :kept_tick) * :kept_scale, 1) AS y_net,
       round(274 - (gross_revenue_retention::numeric - :kept_from * :kept_tick) * :kept_scale, 1) AS y_gross
FROM report_kept AS k;

SELECT format('<section><h2>How much of it is kept</h2><p class="hint">The customers who paid %s before the end of each %s, and what the same '
              'customers pay at its end, as a share of what they paid then. Net retention counts what grew and what shrank; gross '
              'retention counts nobody with more than they paid then. New customers are in neither%s. Above 100%% a firm grows '
              'without any.%s</p>', :'kept_within', :'unit',
              CASE WHEN :'kept_is_year' THEN '' ELSE '; twelve months have not passed yet' END,
              CASE WHEN :'kept_is_cut' THEN ' What is above the chart, of few customers, is drawn at its edge.' END);
\qecho '<div class="tiles">'
SELECT pg_temp.tile(name, value, note)
FROM (SELECT *, to_char(period_start, :'label') AS month FROM report_kept ORDER BY bar DESC LIMIT 1) AS k,
     (SELECT * FROM report_mrr WHERE complete ORDER BY bar DESC LIMIT 1) AS m,
     LATERAL (VALUES
         (1, 'Net retention', pg_temp.percent(k.net_revenue_retention),
             format('%s of %s, %s to %s', pg_temp.money(:'currency_html', k.mrr * :mrr_unit), pg_temp.money(:'currency_html', k.base_mrr * :mrr_unit), :'kept_within', k.month)),
         (2, 'Gross retention', pg_temp.percent(k.gross_revenue_retention), format('%s of it, what grew not counted', pg_temp.money(:'currency_html', k.kept_mrr * :mrr_unit))),
         (3, 'Customers kept', pg_temp.percent(k.customer_retention),
             format('%s of %s, %s to %s', pg_temp.n(k.retained_customers), pg_temp.many(k.base_customers, 'customer'), :'kept_within', k.month)),
         (4, format('In one %s', :'unit'), CASE WHEN :'kept_is_year' THEN pg_temp.percent(m.net_revenue_retention) END,
             format('net, gross %s, in %s', pg_temp.percent(m.gross_revenue_retention), :'mrr_last'))) AS t(position, name, value, note)
WHERE value IS NOT NULL
ORDER BY position;
\qecho '</div>'
\qecho '<div class="legend gap"><span><i class="retained"></i>net retention</span><span><i class="gross"></i>gross retention</span></div>'
SELECT pg_temp.chart('kept', 366, 'Net and gross revenue retention', format('From %s to %s: at last %s net and %s gross.',
       to_char(min(period_start), :'label'), to_char(max(period_start), :'label'),
       pg_temp.percent((array_agg(net_revenue_retention ORDER BY bar DESC))[1]), pg_temp.percent((array_agg(gross_revenue_retention ORDER BY bar DESC))[1])))
FROM report_kept;
SELECT pg_temp.gridline(274 - (i - :kept_from) * :kept_tick * :kept_scale, round(100 * i * :kept_tick) || '%', i = :kept_from)
FROM generate_series(:kept_from, :kept_to) AS i;
SELECT format('<line class="mark" x1="0" x2="100%%" y1="%s" y2="%1$s"/>', round(274 - (1 - :kept_from * :kept_tick) * :kept_scale, 1));
SELECT format('<svg viewBox="0 0 1000 366" preserveAspectRatio="none" width="100%%" height="366"><polyline class="second" points="%s"/>'
              '<polyline class="line" points="%s"/></svg>', string_agg(10 * x || ',' || y_gross, ' ' ORDER BY bar), string_agg(10 * x || ',' || y_net, ' ' ORDER BY bar))
FROM report_kept_points;
SELECT format('<g><title>%s: %s net, %s gross, %s of %s kept, since %s</title><circle class="gross" cx="%s%%" cy="%s" r="3"/>'
              '<circle class="retained" cx="%7$s%%" cy="%9$s" r="3"/></g>', to_char(period_start, :'label'), pg_temp.percent(net_revenue_retention),
              pg_temp.percent(gross_revenue_retention), pg_temp.n(retained_customers), pg_temp.many(base_customers, 'customer'),
              to_char(base_date, 'YYYY-MM-DD'), x, y_gross, y_net)
FROM report_kept_points ORDER BY bar;
SELECT pg_temp.label(x, 292, to_char(period_start, :'label_1'), thin)
       || pg_temp.label(x, 327, pg_temp.percent(net_revenue_retention, 0), ' strong' || thin)
       || pg_temp.label(x, 344, pg_temp.percent(gross_revenue_retention, 0), thin)
       || pg_temp.label(x, 361, pg_temp.n(base_customers), ' soft small' || thin)
       || CASE WHEN year IS DISTINCT FROM lag(year) OVER (ORDER BY bar) AND (bar > 1 OR 9 * count(*) OVER (PARTITION BY year) >= :kept_slots)
               THEN pg_temp.label(x, 307, nullif(to_char(period_start, :'label_2'), ''), ' soft' || CASE WHEN years > 6 THEN ' m' ELSE '' END)
               ELSE '' END
FROM (SELECT *, to_char(period_start, 'YYYY') AS year FROM report_kept_points) AS b,
     (SELECT count(DISTINCT to_char(period_start, 'YYYY')) AS years,
             8 + greatest(6.5 * length(pg_temp.n(max(base_customers))), 7.3 * length(pg_temp.percent(max(net_revenue_retention), 0))) AS widest FROM report_kept) AS y,
     pg_temp.thin(bar - 1, :kept_slots, greatest(widest, CASE :'label_1' WHEN 'MM-DD' THEN 44 ELSE 42 END)) AS thin
ORDER BY bar;
SELECT pg_temp.row_name(327, 'net', 'strong') || pg_temp.row_name(344, 'gross', '') || pg_temp.row_name(361, 'customers') || '</svg></section>';
