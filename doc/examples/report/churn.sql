-- Customers who left beside the revenue that was lost: two bars for each period
CREATE TEMP TABLE report_churn ON COMMIT DROP AS
SELECT bar, period_start, complete, churned_customers, opening_customers, lost + shrunk AS lost, opening_mrr * :mrr_unit AS opening,
       churned_customers::numeric / nullif(opening_customers, 0) AS customers,
       CASE WHEN :'has_monthly' THEN (churned_mrr + contraction_mrr) / nullif(opening_mrr, 0) END AS revenue
FROM report_mrr;
SELECT greatest(max(bar), 12) AS slots, greatest(max(customers), max(revenue)) AS top,
       pg_temp.tick(greatest(max(customers) / 5, max(revenue) / 5, 0.002)) AS tick FROM report_churn \gset churn_
SELECT greatest(1, ceil(:churn_top / :churn_tick))::int AS ticks, (:churn_tick < 0.01)::int AS digits, 100.0 / :churn_slots AS step \gset churn_
SELECT 260.0 / (:churn_ticks * :churn_tick) AS scale \gset churn_

SELECT format('<section><h2>Who leaves%s</h2><p class="hint">Of the customers of the beginning of each %s, the share who have no contract at its '
              'end%s.%s</p>', CASE WHEN :'has_monthly' THEN ', and what goes with them' END, :'unit',
              CASE WHEN :'has_monthly' THEN ' that they pay for; and of what customers paid then, the share that is lost, because they left or pay less (1 - gross retention)' END,
              CASE WHEN :'has_monthly' THEN ' Where revenue is the higher bar, those leave who pay more, or customers shrink before they leave.' END);
\qecho '<div class="tiles">'
SELECT pg_temp.tile(name, value, note)
FROM (SELECT count(*) AS n, sum(churned_customers) AS left_, sum(opening_customers) AS base, sum(lost) AS lost, sum(opening) AS opening
      FROM (SELECT * FROM report_churn WHERE complete AND opening_customers > 0 ORDER BY bar DESC LIMIT 12) AS c) AS t,
     LATERAL (VALUES
         (1, 'Customer churn', pg_temp.percent((left_ / base)::float8, 2),
             format('a %s, on average of the last %s: %s left', :'unit', CASE n WHEN 1 THEN :'unit' ELSE pg_temp.many(n, :'unit') END, pg_temp.n(left_))),
         (2, 'Revenue churn', CASE WHEN :'has_monthly' THEN pg_temp.percent((lost / opening)::float8, 2) END,
             format('a %s, on average: %s was lost', :'unit', pg_temp.money(:'currency_html', lost)))) AS v(position, name, value, note)
WHERE value IS NOT NULL
ORDER BY position;
\qecho '</div>'
SELECT format('<div class="legend gap"><span><i class="new"></i>customers who left</span>%s'
              '<span><i class="new unfinished"></i>pale: not over yet%s</span></div>',
              CASE WHEN :'has_monthly' THEN '<span><i class="churned"></i>revenue that was lost</span>' END,
              CASE WHEN :grace > 0 THEN ', or not decided' END);
SELECT pg_temp.chart('leave', CASE WHEN :'has_monthly' THEN 362 ELSE 336 END, 'Churn by ' || :'unit', format('From %s to %s: at most %s of the customers%s.', to_char(min(period_start), :'label'),
       to_char(max(period_start), :'label'), pg_temp.percent(max(customers)::float8), CASE WHEN :'has_monthly' THEN format(' and %s of the revenue', pg_temp.percent(max(revenue)::float8)) END))
FROM report_churn;
SELECT pg_temp.gridline(274 - i * :churn_tick * :churn_scale, round(100 * i * :churn_tick, :churn_digits) || '%', i = 0)
FROM generate_series(0, :churn_ticks) AS i;
SELECT format('<g%s><title>%s: %s of %s left%s%s</title>', CASE WHEN NOT complete THEN ' class="unfinished"' END, to_char(period_start, :'label'),
              pg_temp.n(churned_customers), pg_temp.many(opening_customers, 'customer'),
              CASE WHEN opening_customers > 0 THEN ', ' || pg_temp.percent(customers::float8)
                   || CASE WHEN :'has_monthly' THEN format('; %s of %s lost, %s', pg_temp.money(:'currency_html', lost),
                                pg_temp.money(:'currency_html', opening), pg_temp.percent(revenue::float8)) ELSE '' END END,
              pg_temp.not_yet(period_start, complete, :'as_of', :'period'))
       || coalesce(string_agg(format('<rect class="%s" x="%s%%" y="%s" width="%s%%" height="%s"/>', class, round((bar - 0.9 + place * 0.4) * :churn_step, 2),
                                     round(274 - rate * :churn_scale, 1), round(CASE WHEN :'has_monthly' THEN 0.4 ELSE 0.8 END * :churn_step, 2),
                                     round(rate * :churn_scale, 1)), '' ORDER BY place) FILTER (WHERE rate > 0), '') || '</g>'
FROM report_churn, LATERAL (VALUES (0, 'new', customers), (1, 'churned', revenue)) AS v(place, class, rate)
GROUP BY bar, period_start, complete, churned_customers, opening_customers, customers, lost, opening, revenue
ORDER BY bar;
SELECT pg_temp.label(x, 292, to_char(period_start, :'label_1'), thin)
       || pg_temp.label(x, 327, CASE WHEN complete THEN round(100 * customers, 1)::text END, ' strong' || thin)
       || pg_temp.label(x, 344, CASE WHEN complete THEN round(100 * revenue, 1)::text END, thin)
       || CASE WHEN year IS DISTINCT FROM lag(year) OVER (ORDER BY bar) AND (bar > 1 OR 9 * count(*) OVER (PARTITION BY year) >= :churn_slots)
               THEN pg_temp.label(x, 307, nullif(to_char(period_start, :'label_2'), ''), ' soft' || CASE WHEN years > 6 THEN ' m' ELSE '' END)
               ELSE '' END
FROM (SELECT *, to_char(period_start, 'YYYY') AS year, (bar - 0.5) * :churn_step AS x FROM report_churn) AS b,
     (SELECT count(DISTINCT to_char(period_start, 'YYYY')) AS years FROM report_churn) AS y,
     pg_temp.thin(bar - 1, :churn_slots, CASE :'label_1' WHEN 'MM-DD' THEN 44 ELSE 38 END) AS thin
ORDER BY bar;
SELECT pg_temp.row_name(327, '% left', 'strong') || CASE WHEN :'has_monthly' THEN pg_temp.row_name(344, '% lost', '') ELSE '' END || '</svg></section>';
