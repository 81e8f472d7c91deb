-- Headline numbers
\qecho '<div class="tiles">'
SELECT pg_temp.tile(name, value, note)
FROM report_data LEFT JOIN
     LATERAL (SELECT active, new_customers, resurrected, churned, retention_rate, churn_rate,
                     to_char(period_start, :'label') AS bin, pg_temp.ci(i.lower, i.upper) AS ci
              FROM report_lifecycle, wilson_interval(retained, retained + churned) AS i
              WHERE complete ORDER BY bar DESC LIMIT 1) AS last ON true,
     LATERAL (SELECT sum(answers) AS answers, rollup(s) AS s FROM report_nps) AS survey,
     nps_interval(survey.s) AS nps_ci,
     LATERAL (VALUES
         (1, 'Customers', pg_temp.n(customers(activity)),
             CASE WHEN active_days(activity) = customers(activity) THEN 'active on one day each'
                  ELSE format('active on %s days each, on average', round(active_days(activity)::numeric / customers(activity), 1)) END),
         (2, 'Active', pg_temp.n(active), format('in %s: %s new, %s back after a pause', bin,
                                                 pg_temp.n(new_customers), pg_temp.n(resurrected))),
         (3, 'Retention', pg_temp.percent(retention_rate), format('in %s, of those of the %s before (%s)', bin, :'unit', ci)),
         (4, 'Churn', pg_temp.percent(churn_rate), format('in %s: %s did not come back', bin, pg_temp.n(churned))),
         (5, 'Repeat customers', pg_temp.percent(repeat_purchase_rate(activity)), 'active on two days or more'),
         (6, 'NPS', pg_temp.signed(nps(survey.s)), format('net promoter score, -100 to 100 (95%%: %s to %s), of %s',
             pg_temp.signed(nps_ci.lower), pg_temp.signed(nps_ci.upper), pg_temp.many(answers, 'answer'))),
         (7, 'Lifetime value', CASE WHEN :'has_amounts' THEN pg_temp.money(:'currency_html', (clv).clv * :money_unit) END,
             'revenue per customer so far' || :'value_ci')) AS t(position, name, value, note)
WHERE value IS NOT NULL
ORDER BY position;
\qecho '</div>'
