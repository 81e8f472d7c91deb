-- Customers with a contract against others
SELECT format('<section><h2>%s against others</h2><p class="hint">Of the customers of the %s before %s, by whether they had a '
              'contract when it began: how many came back in it. Who subscribes by choice differs from others anyway, so '
              'this difference is not what subscribing changes.</p><div class="equation">', :'members_html', :'unit',
              to_char(date :'lift_start', :'label'));
SELECT pg_temp.tile(name, value, note, sign)
FROM (SELECT (lift).* FROM report_lift) AS l,
     LATERAL (VALUES
         (1, NULL, :'members_html', pg_temp.percent(treated_rate),
             format('%s of %s came back', pg_temp.n(treated_retained), pg_temp.n(treated))),
         (2, '&#8722;', 'Others', pg_temp.percent(control_rate),
             format('%s of %s came back', pg_temp.n(control_retained), pg_temp.n(control))),
         (3, '=', 'Difference', pg_temp.signed(100 * lift) || ' <em>points</em>',
             format('95%%: %s to %s%s', pg_temp.signed(100 * lower), pg_temp.signed(100 * upper),
                    CASE WHEN p_value IS NULL THEN '' WHEN p_value < 0.0001 THEN ', p below 0.0001'
                         ELSE ', p = ' || round(p_value::numeric, 4) END))) AS t(position, sign, name, value, note)
ORDER BY position;
\qecho '</div></section>'
