-- Revenue per customer, cohort by cohort, as the cohorts of curve and heat map.  Shades
-- from the lowest of the complete cells to the highest, but for a few outliers.
SELECT count(DISTINCT cohort) AS count, max(age) AS last, count(DISTINCT cohort) > :bins AS are_cut,
       max(abs(value)) AS largest, pg_temp.unit(max(abs(value)), 1000) AS unit, bool_or(complete) AS has_shades,
       coalesce(min(value) FILTER (WHERE complete), 0) AS low,
       coalesce(percentile_disc(0.98) WITHIN GROUP (ORDER BY value) FILTER (WHERE complete), 0) AS high
FROM (SELECT *, (cumulative_revenue / customers)::float8 * :money_unit AS value FROM report_revenue_cohorts) AS c \gset spent_
SELECT pg_temp.decimals(:spent_largest, :spent_unit) AS digits \gset spent_
-- A number of a cell, in the unit of the table
CREATE FUNCTION pg_temp.in_unit(v double precision, unit double precision, digits int) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT pg_temp.brief('', v / unit, 1, digits) $$;
CREATE FUNCTION pg_temp.shade_between(v double precision, low double precision, high double precision) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'c' || least(100, greatest(0, round(100 * coalesce((v - low) / nullif(high - low, 0), 0)))) $$;

SELECT format('<section><h2>Revenue, cohort by cohort</h2><p class="hint">Each row: the customers whose first purchase was in that %s. '
              'Each number: what they have brought by the end of the %1$s that many %1$ss later, refunds subtracted, per customer of '
              'the cohort%s. A column shows whether newer cohorts bring more.%s</p>', :'unit',
              CASE WHEN :spent_unit > 1 THEN coalesce(', in ' || CASE :spent_unit WHEN 1e3 THEN 'thousands' WHEN 1e6 THEN 'millions'
                  WHEN 1e9 THEN 'billions' WHEN 1e12 THEN 'trillions' ELSE '10^' || round(log(:spent_unit)) END, '') END,
              CASE WHEN :'spent_are_cut' THEN format(' The latest %s of %s cohorts.', :bins, :spent_count) END);
SELECT '<div class="legend">' || CASE WHEN :'spent_has_shades' THEN format('<span class="ramp">%s%s%s</span>',
           pg_temp.money(:'currency_html', :spent_low), string_agg(format('<i class="c%s"></i>', percent), '' ORDER BY percent),
           pg_temp.money(:'currency_html', :spent_high)) ELSE '' END
       || '<span><i class="open"></i>not over yet, so far</span><span>blank: still to come</span></div>'
FROM generate_series(0, 100, 5) AS percent;
SELECT format('<div class="scroll" tabindex="0" role="region" aria-label="Revenue of cohorts"><table class="heat%s" style="min-width: %spx; max-width: %spx">'
              '<colgroup><col style="width: 88px"/><col style="width: 80px"/><col span="%s"/></colgroup>'
              '<thead><tr><th class="left" rowspan="2" scope="col">First bought</th><th rowspan="2" scope="col">Customers</th>'
              '<th colspan="%4$s" scope="colgroup">by %ss since the first</th></tr><tr>%s</tr></thead><tbody>',
              CASE WHEN least(:spent_count, :bins) > 27 THEN ' tall' END, 168 + 35 * (:spent_last + 1),
              168 + greatest(64 * (:spent_last + 1), 280), :spent_last + 1, :'unit',
              string_agg(format('<th scope="col">%s</th>', age), '' ORDER BY age))
FROM generate_series(0, :spent_last) AS age;
SELECT format('<tr><th scope="row">%s</th><td class="size">%s</td>%s</tr>', to_char(cohort, :'label'),
              pg_temp.n(max(customers)), string_agg(coalesce(cell, '<td></td>'), '' ORDER BY age))
FROM (SELECT DISTINCT cohort FROM report_revenue_cohorts ORDER BY cohort DESC LIMIT :bins) AS shown
     CROSS JOIN generate_series(0, :spent_last) AS g(age)
     LEFT JOIN report_revenue_cohorts AS c USING (cohort, age)
     LEFT JOIN LATERAL (SELECT format('<td class="%s" title="%s of %s by the end of %s%s">%s</td>',
                            CASE WHEN complete THEN pg_temp.shade_between(value, :spent_low, :spent_high) ELSE 'open' END,
                            pg_temp.money(:'currency_html', cumulative_revenue * :money_unit), pg_temp.many(customers, 'customer'),
                            to_char(period_start, :'label'),
                            CASE WHEN NOT complete THEN ', not over yet'
                                 ELSE format(': %s each%s', pg_temp.money(:'currency_html', value),
                                             pg_temp.money_ci(:'currency_html', lower * :money_unit, upper * :money_unit)) END,
                            pg_temp.in_unit(value, :spent_unit, :spent_digits)) AS cell
                        FROM (SELECT (cumulative_revenue / customers)::float8 * :money_unit AS value) AS v
                        WHERE c.customers IS NOT NULL) AS t ON true
GROUP BY cohort
ORDER BY cohort;
SELECT format('</tbody><tfoot><tr><th scope="row">All</th><td class="size">%s</td>%s</tr></tfoot></table></div></section>',
              pg_temp.n(:customers), string_agg(coalesce(cell, '<td></td>'), '' ORDER BY age))
FROM generate_series(0, :spent_last) AS g(age) LEFT JOIN report_brought AS b USING (age)
     LEFT JOIN LATERAL (SELECT format('<td class="%s" title="%s each of %s%s">%s</td>',
                            pg_temp.shade_between(value, :spent_low, :spent_high), pg_temp.money(:'currency_html', value),
                            pg_temp.many(b.customers, 'customer'), pg_temp.money_ci(:'currency_html', lower, upper),
                            pg_temp.in_unit(value, :spent_unit, :spent_digits)) AS cell
                        WHERE b.customers IS NOT NULL) AS t ON true;
