-- Cohorts, of the tables and in the words that are set before.  Colours begin to differ
-- where the numbers do: age 0, if that is 100% of every cohort ("curve_from" is 1), has
-- none, and the darkest is for the largest shares but for a few outliers.
SELECT count(DISTINCT cohort) AS count, max(age) AS last, count(DISTINCT cohort) > :bins AS are_cut,
       coalesce(min(top) FILTER (WHERE top >= usual), 1) AS top, coalesce(max(rate) > min(top) FILTER (WHERE top >= usual), false) AS has_more,
       coalesce(min(top) FILTER (WHERE top >= usual) <= 0.05, false)::int AS digits
FROM :cohort_table,
     (SELECT percentile_disc(0.98) WITHIN GROUP (ORDER BY retention_rate) AS usual, max(retention_rate) AS rate
      FROM :cohort_table WHERE complete AND age >= :curve_from) AS u,
     unnest(ARRAY[0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1]) AS top \gset cohort_

SELECT format('<section><h2>%s</h2><p class="hint">%s A row shows how a cohort fades, a column whether newer cohorts do better.%s</p>',
              :'cohort_headline', :'cohort_hint',
              CASE WHEN :'cohort_are_cut' THEN format(' The latest %s of %s cohorts.', :bins, :cohort_count) END);
SELECT '<div class="legend"><span class="ramp">0%' || string_agg(format('<i class="c%s"></i>', percent), '' ORDER BY percent)
       || format('%s%%%s</span><span><i class="open"></i>not over yet, so far</span><span>blank: still to come</span></div>',
                 round(100 * :cohort_top), CASE WHEN :'cohort_has_more' THEN ' and more' END)
FROM generate_series(0, 100, 5) AS percent;
SELECT format('<div class="scroll" tabindex="0" role="region" aria-label="Cohorts"><table class="heat%s" style="min-width: %spx; max-width: %spx">'
              '<colgroup><col style="width: 88px"/><col style="width: 80px"/><col span="%s"/></colgroup>'
              '<thead><tr><th class="left" rowspan="2" scope="col">%s</th><th rowspan="2" scope="col">Customers</th>'
              '<th colspan="%4$s" scope="colgroup">%6$s</th></tr><tr>%7$s</tr></thead><tbody>',
              CASE WHEN least(:cohort_count, :bins) > 27 THEN ' tall' END, 168 + 30 * (:cohort_last + 1), 168 + greatest(64 * (:cohort_last + 1), 240), :cohort_last + 1, :'cohort_first', :'cohort_what',
              string_agg(format('<th scope="col">%s</th>', age), '' ORDER BY age))
FROM generate_series(0, :cohort_last) AS age;
SELECT format('<tr><th scope="row">%s</th><td class="size">%s</td>%s</tr>', to_char(cohort, :'label'),
              pg_temp.n(max(customers)), string_agg(coalesce(cell, '<td></td>'), '' ORDER BY age))
FROM (SELECT DISTINCT cohort FROM :cohort_table ORDER BY cohort DESC LIMIT :bins) AS shown
     CROSS JOIN generate_series(0, :cohort_last) AS g(age)
     LEFT JOIN :cohort_table AS c USING (cohort, age)
     LEFT JOIN LATERAL (SELECT format('<td class="%s" title="%s of %s in %s%s">%s</td>',
                            CASE WHEN complete THEN pg_temp.shade(retention_rate, :cohort_top, age < :curve_from) ELSE 'open' END,
                            pg_temp.n(retained), pg_temp.n(customers), to_char(period_start, :'label'),
                            CASE WHEN complete THEN format(': %s (%s)', pg_temp.percent(retention_rate), pg_temp.ci(lower, upper))
                                 ELSE ', not over yet' END,
                            pg_temp.share(retained, customers, CASE WHEN age < :curve_from THEN 0 ELSE :cohort_digits END)) AS cell
              WHERE c.customers IS NOT NULL) AS t ON true
GROUP BY cohort
ORDER BY cohort;
SELECT format('</tbody><tfoot><tr><th scope="row">All</th><td class="size">%s</td>%s</tr></tfoot></table></div></section>',
              pg_temp.n(:cohort_customers), string_agg(coalesce(cell, '<td></td>'), '' ORDER BY age))
FROM generate_series(0, :cohort_last) AS g(age) LEFT JOIN :curve_table AS c USING (age)
     LEFT JOIN LATERAL (SELECT format('<td class="%s" title="%s of %s: %s (%s)">%s</td>', pg_temp.shade(retention_rate, :cohort_top, age < :curve_from),
                            pg_temp.n(retained), pg_temp.n(customers), pg_temp.percent(retention_rate), pg_temp.ci(lower, upper),
                            pg_temp.share(retained, customers, CASE WHEN age < :curve_from THEN 0 ELSE :cohort_digits END)) AS cell
              WHERE c.customers IS NOT NULL) AS t ON true;
