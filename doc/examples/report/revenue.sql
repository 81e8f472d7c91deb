-- Revenue of new, retained and returning customers: a bar for each period.  What is below
-- zero, since more was paid back than bought, hangs below the line.
CREATE TEMP TABLE report_revenue_parts ON COMMIT DROP AS
SELECT bar, class, amount, sum(amount) OVER (PARTITION BY bar, amount < 0 ORDER BY position) AS upto
FROM report_revenue,
     LATERAL (VALUES (1, 'retained', retained_revenue * :money_unit), (2, 'resurrected', resurrected_revenue * :money_unit),
                     (3, 'new', new_revenue * :money_unit)) AS v(position, class, amount);
SELECT greatest(max(bar), 12) AS slots, greatest(max(upto), 0) AS top, greatest(-min(upto), 0) AS depth,
       pg_temp.unit(greatest(max(upto), -min(upto)), 1e4) AS unit, pg_temp.unit(greatest(max(upto), -min(upto)), 1000) AS label_unit,
       pg_temp.tick(greatest(max(upto), 0) / 6.0 + greatest(-min(upto), 0) / 6.0) AS tick
FROM report_revenue_parts \gset bought_
SELECT ceil(:bought_top / :bought_tick)::int AS above, ceil(:bought_depth / :bought_tick)::int AS below,
       greatest(0, -floor(log(:bought_tick / :bought_unit)))::int AS digits,
       pg_temp.decimals(greatest(:bought_top, :bought_depth), :bought_label_unit) AS label_digits \gset bought_
SELECT 100.0 / :bought_slots AS step, 290.0 / ((:bought_above + :bought_below) * :bought_tick) AS scale,
       14 + 290.0 * :bought_above / (:bought_above + :bought_below) AS zero \gset bought_

SELECT format('<section><h2>Whose revenue it is</h2><p class="hint">Revenue of each %s, refunds subtracted: of customers who '
              'bought in the %1$s before, too; of those who are back after a pause; of new ones. A refund counts on the '
              'purchase day before it.</p>', :'unit');
SELECT $html$<div class="legend"><span><i class="new"></i>new</span>
<span><i class="resurrected"></i>back after a pause</span><span><i class="retained"></i>retained</span>$html$
       || CASE WHEN :bought_below > 0 THEN '<span>below the line: more paid back than bought</span>' ELSE '' END
       || '<span><i class="retained unfinished"></i>pale: not over yet</span></div>';
SELECT pg_temp.chart('bought', 366, 'Revenue by ' || :'unit', format('From %s to %s: at least %s, at most %s.',
       to_char(min(period_start), :'label'), to_char(max(period_start), :'label'),
       pg_temp.money(:'currency_html', min(revenue) * :money_unit), pg_temp.money(:'currency_html', max(revenue) * :money_unit)))
FROM report_revenue;
SELECT pg_temp.gridline((:bought_zero - i * :bought_tick * :bought_scale)::numeric,
                        pg_temp.brief(:'currency_html', i * :bought_tick, :bought_unit, :bought_digits), i = 0)
FROM generate_series(-:bought_below, :bought_above) AS i;
SELECT format('<g%s><title>%s: %s from %s and %s: %s new, %s retained, %s back after a pause%s</title>',
              CASE WHEN NOT complete THEN ' class="unfinished"' END, to_char(period_start, :'label'),
              pg_temp.money(:'currency_html', revenue * :money_unit), pg_temp.many(active, 'customer'), pg_temp.many(purchases, 'purchase'),
              pg_temp.money(:'currency_html', new_revenue * :money_unit), pg_temp.money(:'currency_html', retained_revenue * :money_unit),
              pg_temp.money(:'currency_html', resurrected_revenue * :money_unit), CASE WHEN NOT complete THEN ', not over yet' END)
       || rects || '</g>'
FROM report_revenue JOIN
     (SELECT bar, string_agg(format('<rect class="%s" x="%s%%" y="%s" width="%s%%" height="%s"/>', class,
                             round((bar - 0.9) * :bought_step, 2),
                             round(:bought_zero - (CASE WHEN amount < 0 THEN upto - amount ELSE upto END) * :bought_scale, 1),
                             round(0.8 * :bought_step, 2), round(abs(amount) * :bought_scale, 1)), '' ORDER BY class = 'new', class DESC) AS rects
      FROM report_revenue_parts WHERE amount <> 0 GROUP BY bar
      UNION ALL SELECT bar, '' FROM report_revenue_parts GROUP BY bar HAVING bool_and(amount = 0)) AS b USING (bar)
ORDER BY bar;
SELECT pg_temp.label(x, 326, to_char(period_start, :'label_1'), thin)
       || pg_temp.label(x, 362, pg_temp.brief('', (revenue * :money_unit)::float8, :bought_label_unit, :bought_label_digits), ' strong' || thin)
       || CASE WHEN year IS DISTINCT FROM lag(year) OVER (ORDER BY bar) AND (bar > 1 OR 9 * count(*) OVER (PARTITION BY year) >= :bought_slots)
               THEN pg_temp.label(x, 341, nullif(to_char(period_start, :'label_2'), ''), ' soft' || CASE WHEN years > 6 THEN ' m' ELSE '' END)
               ELSE '' END
FROM (SELECT *, to_char(period_start, 'YYYY') AS year, (bar - 0.5) * :bought_step AS x FROM report_revenue) AS b,
     (SELECT count(DISTINCT to_char(period_start, 'YYYY')) AS years FROM report_revenue) AS y,
     (SELECT 6 + 7.3 * max(length(pg_temp.brief('', (revenue * :money_unit)::float8, :bought_label_unit, :bought_label_digits))) AS widest
      FROM report_revenue) AS w,
     pg_temp.thin(bar - 1, :bought_slots, greatest(widest, CASE :'label_1' WHEN 'MM-DD' THEN 44 ELSE 38 END)) AS thin
ORDER BY bar;
SELECT pg_temp.row_name(362, 'revenue', 'strong') || '</svg>';
SELECT $html$<details><summary>The numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="The numbers">
<table class="numbers"><thead><tr><th scope="col">from</th>
<th scope="col">customers</th><th scope="col">purchases</th><th scope="col">revenue</th><th scope="col">refunds</th><th scope="col">new</th>
<th scope="col">retained</th><th scope="col">back after a pause</th><th scope="col">expansion</th><th scope="col">contraction</th>
<th scope="col">churned</th><th scope="col">net retention</th><th scope="col">gross retention</th></tr></thead><tbody>$html$;
SELECT format('<tr><th scope="row">%s</th><td>%s</td><td>%s</td>', to_char(period_start, 'YYYY-MM-DD'), pg_temp.n(active), pg_temp.n(purchases))
       || (SELECT string_agg('<td>' || pg_temp.money(:'currency_html', v * :money_unit) || '</td>', '' ORDER BY i)
           FROM unnest(ARRAY[revenue, refunded, new_revenue, retained_revenue, resurrected_revenue, expansion, contraction, churned_revenue])
                WITH ORDINALITY AS u(v, i))
       || format('<td>%s</td><td>%s</td></tr>', CASE WHEN complete THEN pg_temp.percent(net_revenue_retention) ELSE 'not over' END,
                 pg_temp.percent(gross_revenue_retention))
FROM report_revenue ORDER BY bar;
\qecho '</tbody></table></div></details></section>'
