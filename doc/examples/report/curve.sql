-- Retention curve, of the table and in the words that are set before.  It begins with the
-- age "curve_from": that of cohorts with 1, since at 0 there are all of them.
SELECT max(age) AS last, tick, ceil(max(upper) / tick)::int AS ticks, ceil(max(upper) / tick) * tick AS top
FROM :curve_table,
     (SELECT CASE WHEN max(upper) > 0.5 THEN 0.2 WHEN max(upper) > 0.2 THEN 0.1 WHEN max(upper) > 0.1 THEN 0.05
                  WHEN max(upper) > 0.05 THEN 0.02 ELSE 0.01 END AS tick
      FROM :curve_table WHERE age >= :curve_from) AS t
WHERE age >= :curve_from
GROUP BY tick \gset curve_
CREATE TEMP TABLE report_points ON COMMIT DROP AS
SELECT c.*, round(100.0 * (age - :curve_from) / greatest(:curve_last - :curve_from, 1), 2) AS x,
       round((14 + 260 * (1 - retention_rate / :curve_top))::numeric, 1) AS y,
       round((14 + 260 * (1 - lower / :curve_top))::numeric, 1) AS y_lower,
       round((14 + 260 * (1 - upper / :curve_top))::numeric, 1) AS y_upper
FROM :curve_table AS c WHERE age >= :curve_from;

SELECT format('<section><h2>%s</h2><p class="hint">%s All cohorts whose %s is over are pooled; the band is the 95%% confidence interval.</p>',
              :'curve_headline', :'curve_hint', :'unit');
SELECT format('<div class="legend"><span><i class="retained"></i>share of customers who %s</span>'
              '<span><i class="band"></i>95%% interval</span></div>', :'curve_who');
SELECT pg_temp.chart(:'curve_id', 336, 'Retention curve',
       string_agg(format('%s %s later %s of %s %s.', CASE WHEN age = :curve_last THEN 'Lastly,' ELSE 'First,' END,
                         pg_temp.many(age, :'unit'), pg_temp.percent(retention_rate), pg_temp.many(customers, 'customer'), :'curve_who'),
                  ' ' ORDER BY age))
FROM report_points WHERE age IN (:curve_from, :curve_last);
SELECT pg_temp.gridline(274 - 260 * i * :curve_tick / :curve_top, round(100 * i * :curve_tick) || '%', i = 0)
FROM generate_series(0, :curve_ticks) AS i;
SELECT format('<svg viewBox="0 0 1000 336" preserveAspectRatio="none" width="100%%" height="336">'
              '<polygon class="band" points="%s %s"/>', string_agg(10 * x || ',' || y_upper, ' ' ORDER BY age),
              string_agg(10 * x || ',' || y_lower, ' ' ORDER BY age DESC))
       || format(E'\n<polyline class="line" points="%s"/></svg>', string_agg(10 * x || ',' || y, ' ' ORDER BY age))
FROM report_points;
SELECT format('<g><title>%s: %s of %s, %s (%s)</title>%s<circle class="retained" cx="%s%%" cy="%s" r="3.4"/></g>',
              age, pg_temp.n(retained), pg_temp.n(customers), pg_temp.percent(retention_rate), pg_temp.ci(lower, upper),
              CASE :curve_last WHEN :curve_from THEN format('<line class="line" x1="0" x2="0" y1="%s" y2="%s"/>', y_upper, y_lower) END, x, y)
FROM report_points ORDER BY age;
SELECT pg_temp.label(x, 292, age::text, thin)
       || pg_temp.label(x, 311, pg_temp.percent(retention_rate, CASE WHEN retention_rate > 0 AND retention_rate < 0.1 THEN 1 ELSE 0 END), ' strong' || thin)
       || pg_temp.label(x, 328, pg_temp.n(customers), ' soft small' || thin)
FROM report_points, (SELECT 8 + 6.5 * length(pg_temp.n(max(customers))) AS widest FROM report_points) AS w,
     pg_temp.thin(age - :curve_from, :curve_last - :curve_from, greatest(widest, 40)) AS thin
WHERE thin IS NOT NULL ORDER BY age;
SELECT pg_temp.row_name(292, :'unit' || 's', '') || pg_temp.row_name(311, :'curve_row', 'strong')
       || pg_temp.row_name(328, 'customers') || '</svg></section>';
DROP TABLE report_points;
