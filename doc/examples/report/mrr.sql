-- What customers pay per month, MRR, as a line, and below it a bar for each period: how it
-- moved.  Without amounts: how many customers there are.
CREATE TEMP TABLE report_mrr_parts ON COMMIT DROP AS
SELECT bar, position, class, amount, is_gain, sum(amount) OVER (PARTITION BY bar, is_gain ORDER BY position) AS upto
FROM report_mrr,
     LATERAL (VALUES (1, 'retained', grown, true), (2, 'resurrected', back, true), (3, 'new', fresh, true),
                     (4, 'churned', lost, false), (5, 'contraction', shrunk, false)) AS v(position, class, amount, is_gain);
-- The line's part of the chart is from 14 to 104, that of the bars from 132 to 304
SELECT greatest(max(bar), 12) AS slots, max(closing) AS most, pg_temp.unit(max(closing), 1e4) AS unit, pg_temp.unit(max(closing), 1000) AS label_unit,
       pg_temp.tick(greatest(max(closing) / 2.0, CASE WHEN :'has_no_monthly' OR max(closing) = 0 THEN 1 ELSE 0 END)) AS tick
FROM report_mrr \gset level_
SELECT greatest(1, ceil(:level_most / :level_tick))::int AS above, greatest(0, -floor(log(:level_tick / :level_unit)))::int AS digits,
       pg_temp.decimals(:level_most, :level_label_unit) AS label_digits \gset level_
SELECT 100.0 / :level_slots AS step, 90.0 / (:level_above * :level_tick) AS scale \gset level_
SELECT top, depth, pg_temp.unit(greatest(top, depth), 1e4) AS unit,
       pg_temp.tick(greatest((top + depth) / 5.0, CASE WHEN :'has_no_monthly' OR top + depth = 0 THEN 1 ELSE 0 END)) AS tick
FROM (SELECT max(upto) FILTER (WHERE is_gain) AS top, max(upto) FILTER (WHERE NOT is_gain) AS depth FROM report_mrr_parts) AS p \gset move_
SELECT greatest(1, ceil(:move_top / :move_tick))::int AS above, ceil(:move_depth / :move_tick)::int AS below,
       greatest(0, -floor(log(:move_tick / :move_unit)))::int AS digits \gset move_
SELECT 172.0 / ((:move_above + :move_below) * :move_tick) AS scale, 132 + 172.0 * :move_above / (:move_above + :move_below) AS zero \gset move_
-- An amount of money, or a number of customers
CREATE FUNCTION pg_temp.paid(currency text, v numeric, is_money boolean) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN is_money THEN pg_temp.money(currency, v) ELSE pg_temp.n(v) END $$;

SELECT CASE WHEN :'has_monthly' THEN format('<section><h2>What they pay per month</h2><p class="hint">Monthly recurring revenue, MRR, at the end '
              'of each %s: the line. The bars say how it moved: above the line of 0 what is new, back after a pause, or more than '
              'before; below it what left, or is less than before. Each customer counts once in a %1$s, with what changed from its '
              'beginning to its end, so changing the plan is not leaving.</p>', :'unit')
       ELSE format('<section><h2>How many subscribe</h2><p class="hint">Customers with a contract at the end of each %s: the line. The bars say who came, '
              'above the line of 0, and who left, below it. Changing the contract is not leaving.</p>', :'unit') END;
\qecho '<div class="tiles">'
SELECT pg_temp.tile(name, value, note)
FROM (SELECT * FROM report_mrr ORDER BY bar DESC LIMIT 1) AS now
     LEFT JOIN (SELECT * FROM report_mrr WHERE complete ORDER BY bar DESC LIMIT 1) AS last ON true,
     LATERAL (VALUES
         (1, 'MRR', CASE WHEN :'has_monthly' THEN pg_temp.money(:'currency_html', now.closing) END,
             format('on %s, of %s', :'mrr_day', pg_temp.many(now.closing_customers, 'paying customer'))),
         (2, 'Subscribers', CASE WHEN :'has_no_monthly' THEN pg_temp.n(now.closing_customers) END, 'on ' || :'mrr_day'),
         (3, 'Per customer', CASE WHEN :'has_monthly' THEN pg_temp.money(:'currency_html', now.closing / nullif(now.closing_customers, 0)) END,
             'and month, on average'),
         (4, 'Change', CASE WHEN :'has_monthly' THEN CASE WHEN last.closing_mrr > last.opening_mrr THEN '+' ELSE '' END
                                 || pg_temp.money(:'currency_html', (last.closing_mrr - last.opening_mrr) * :mrr_unit)
                            ELSE pg_temp.signed(last.closing_customers - last.opening_customers, 0) END,
             format('in %s%s', :'mrr_last', CASE WHEN last.opening_mrr > 0 AND :'has_monthly' THEN ', that is '
                                || pg_temp.signed(100 * (last.closing_mrr / last.opening_mrr - 1)) || '%' END)),
         (5, 'Quick ratio', CASE WHEN :'has_monthly' THEN round(last.quick_ratio::numeric, 2)
                                 ELSE round((last.new_customers + last.reactivated_customers) / nullif(last.churned_customers, 0)::numeric, 2) END::text,
             format('in %s: what came%s, for each 1 that went', :'mrr_last', CASE WHEN :'has_monthly' THEN ' or grew' END))) AS t(position, name, value, note)
WHERE value IS NOT NULL
ORDER BY position;
\qecho '</div>'
SELECT format('<div class="legend gap"><span><i class="new"></i>new</span><span><i class="resurrected"></i>back after a pause</span>%s'
              '<span><i class="churned"></i>churned%s</span><span><i class="retained unfinished"></i>pale: not over yet%s</span></div>',
              CASE WHEN :'has_monthly' THEN '<span><i class="retained"></i>expansion</span>' END,
              CASE WHEN :'has_monthly' THEN '</span><span><i class="contraction"></i>contraction' END,
              CASE WHEN :grace > 0 THEN ', or not decided: pauses of up to ' || pg_temp.many(:grace, 'day') || ' are no churn' END);
SELECT pg_temp.chart('mrr', 366, CASE WHEN :'has_monthly' THEN 'Monthly recurring revenue' ELSE 'Customers with a contract' END || ' and its movements',
                     format('From %s to %s: at first %s, at last %s.', to_char(min(period_start), :'label'), to_char(max(period_start), :'label'),
                            (array_agg(shown ORDER BY bar))[1], (array_agg(shown ORDER BY bar DESC))[1]))
FROM report_mrr, pg_temp.paid(:'currency_html', closing, :'has_monthly') AS shown;
SELECT pg_temp.gridline(104 - i * :level_tick * :level_scale, CASE WHEN :'has_monthly' THEN pg_temp.brief(:'currency_html', i * :level_tick, :level_unit, :level_digits)
                                                                  ELSE pg_temp.n(i * :level_tick) END, i = 0)
FROM generate_series(0, :level_above) AS i;
SELECT pg_temp.gridline(:move_zero - i * :move_tick * :move_scale, CASE WHEN :'has_monthly' THEN pg_temp.brief(:'currency_html', abs(i * :move_tick), :move_unit, :move_digits)
                                                                       ELSE pg_temp.n(abs(i * :move_tick)) END, i = 0)
FROM generate_series(-:move_below, :move_above) AS i;
CREATE TEMP TABLE report_mrr_points ON COMMIT DROP AS
SELECT *, round((bar - 0.5) * :level_step, 2) AS x, round(104 - closing * :level_scale, 1) AS y,
       NOT complete AND period_start >= coalesce(min(period_start) FILTER (WHERE NOT complete) OVER (), 'infinity') AS is_pale,
       coalesce(lead(complete) OVER (ORDER BY bar), true) AS next_is_complete
FROM report_mrr;
SELECT '<svg viewBox="0 0 1000 366" preserveAspectRatio="none" width="100%" height="366">'
       || coalesce(format('<polyline class="line" points="%s"/>', string_agg(10 * x || ',' || y, ' ' ORDER BY bar) FILTER (WHERE complete)), '')
       || coalesce(format('<polyline class="line unfinished" points="%s"/>', string_agg(10 * x || ',' || y, ' ' ORDER BY bar)
                          FILTER (WHERE NOT complete OR NOT next_is_complete)), '') || '</svg>'
FROM report_mrr_points;
SELECT format('<g%s><title>%s: %s%s%s</title>', CASE WHEN NOT complete THEN ' class="unfinished"' END, to_char(period_start, :'label'),
              CASE WHEN :'has_monthly' THEN format('%s from %s at its end: ', pg_temp.money(:'currency_html', closing), pg_temp.many(closing_customers, 'customer'))
                   ELSE pg_temp.many(closing, 'customer') || ' at its end: ' END,
              CASE WHEN :'has_monthly' THEN format('%s new, %s back after a pause, %s expansion, %s contraction, %s churned',
                        pg_temp.money(:'currency_html', fresh), pg_temp.money(:'currency_html', back), pg_temp.money(:'currency_html', grown),
                        pg_temp.money(:'currency_html', shrunk), pg_temp.money(:'currency_html', lost))
                   ELSE format('%s new, %s back after a pause, %s churned', pg_temp.n(fresh), pg_temp.n(back), pg_temp.n(lost)) END,
              pg_temp.not_yet(period_start, complete, :'as_of', :'period'))
       || rects || format('<circle class="retained" cx="%s%%" cy="%s" r="3"/></g>', x, y)
FROM report_mrr_points JOIN
     (SELECT bar, coalesce(string_agg(format('<rect class="%s" x="%s%%" y="%s" width="%s%%" height="%s"/>', class,
                                             round((bar - 0.9) * :level_step, 2),
                                             round(:move_zero - CASE WHEN is_gain THEN upto ELSE amount - upto END * :move_scale, 1),
                                             round(0.8 * :level_step, 2), round(amount * :move_scale, 1)), '' ORDER BY position)
                           FILTER (WHERE amount > 0), '') AS rects
      FROM report_mrr_parts GROUP BY bar) AS b USING (bar)
ORDER BY bar;
SELECT pg_temp.label(x, 326, to_char(period_start, :'label_1'), thin) || pg_temp.label(x, 362, shown, ' strong' || thin)
       || CASE WHEN year IS DISTINCT FROM lag(year) OVER (ORDER BY bar) AND (bar > 1 OR 9 * count(*) OVER (PARTITION BY year) >= :level_slots)
               THEN pg_temp.label(x, 341, nullif(to_char(period_start, :'label_2'), ''), ' soft' || CASE WHEN years > 6 THEN ' m' ELSE '' END)
               ELSE '' END
FROM (SELECT *, to_char(period_start, 'YYYY') AS year, max(length(shown)) OVER () AS longest
      FROM report_mrr_points, LATERAL (SELECT CASE WHEN :'has_monthly' THEN pg_temp.brief('', closing, :level_label_unit, :level_label_digits)
                                                   ELSE pg_temp.n(closing) END AS shown) AS s) AS b,
     (SELECT count(DISTINCT to_char(period_start, 'YYYY')) AS years FROM report_mrr) AS y,
     pg_temp.thin(bar - 1, :level_slots, greatest(6 + 7.3 * longest, CASE :'label_1' WHEN 'MM-DD' THEN 44 ELSE 38 END)) AS thin
ORDER BY bar;
SELECT pg_temp.row_name(362, CASE WHEN :'has_monthly' THEN 'MRR' ELSE 'customers' END, 'strong') || '</svg>';
SELECT format('<details><summary>The numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="The numbers">'
              '<table class="numbers"><thead><tr><th scope="col">from</th>%s%s</tr></thead><tbody>',
              CASE WHEN :'has_monthly' THEN '<th scope="col">at first</th><th scope="col">new</th><th scope="col">back after a pause</th>'
                   '<th scope="col">expansion</th><th scope="col">contraction</th><th scope="col">churned</th><th scope="col">MRR at last</th>' END,
              '<th scope="col">customers at first</th><th scope="col">new</th><th scope="col">back after a pause</th>'
              '<th scope="col">churned</th><th scope="col">customers at last</th><th scope="col">customers kept</th>'
              || CASE WHEN :'has_monthly' THEN '<th scope="col">gross retention</th><th scope="col">net retention</th>' ELSE '' END);
SELECT format('<tr><th scope="row">%s</th>', to_char(period_start, 'YYYY-MM-DD'))
       || CASE WHEN :'has_monthly' THEN (SELECT string_agg('<td>' || pg_temp.money(:'currency_html', v) || '</td>', '' ORDER BY i)
           FROM unnest(ARRAY[opening_mrr * :mrr_unit, fresh, back, grown, shrunk, lost, closing]) WITH ORDINALITY AS u(v, i)) ELSE '' END
       || (SELECT string_agg('<td>' || pg_temp.n(v) || '</td>', '' ORDER BY i)
           FROM unnest(ARRAY[opening_customers, new_customers, reactivated_customers, churned_customers, closing_customers]) WITH ORDINALITY AS u(v, i))
       || format('<td>%s</td>', CASE WHEN complete THEN pg_temp.percent(customer_retention)
                                     ELSE substr(pg_temp.not_yet(period_start, complete, :'as_of', :'period'), 3) END)
       || CASE WHEN :'has_monthly' THEN format('<td>%s</td><td>%s</td>', pg_temp.percent(gross_revenue_retention), pg_temp.percent(net_revenue_retention))
               ELSE '' END || '</tr>'
FROM report_mrr ORDER BY bar;
\qecho '</tbody></table></div></details></section>'
