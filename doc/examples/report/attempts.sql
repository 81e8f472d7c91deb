-- How many finish, by the period in which they began
CREATE TEMP TABLE report_started ON COMMIT DROP AS
SELECT bar, period_start, coalesce(max(customers) FILTER (WHERE step = 1), 0) AS began, coalesce(max(customers) FILTER (WHERE step = steps), 0) AS finished,
       max(conversion_rate) FILTER (WHERE step = steps) AS rate, max(lower) FILTER (WHERE step = steps) AS lower,
       max(upper) FILTER (WHERE step = steps) AS upper, coalesce(bool_and(complete), true) AS complete
FROM report_bins LEFT JOIN report_attempts USING (period_start), (SELECT max(step) AS steps FROM report_funnel) AS s
GROUP BY bar, period_start;
SELECT greatest(max(bar), 12) AS slots, max(rate) AS top, pg_temp.tick(greatest(max(rate) / 5, 0.002)) AS tick FROM report_started \gset start_
SELECT greatest(1, ceil(:start_top / :start_tick))::int AS ticks, (:start_tick < 0.01)::int AS digits, 100.0 / :start_slots AS step \gset start_
SELECT 260.0 / (:start_ticks * :start_tick) AS scale \gset start_
-- The words of a period's bar
CREATE FUNCTION pg_temp.so_far(customers bigint, began bigint, complete boolean) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN complete THEN '' ELSE 'so far ' END || format('%s of %s', pg_temp.n(customers), pg_temp.many(began, 'customer')) $$;

SELECT format('<section><h2>How many finish, by %s</h2><p class="hint">Of those who began in a %1$s, the share who reached the last step, &#8220;%s&#8221;, '
              'within %s, also when that was in a later %1$s. A %1$s is over once the last attempt that may have begun in it is.</p>',
              :'unit', name, :'within_html')
FROM report_steps_shown WHERE step = steps;
SELECT '<div class="legend"><span><i class="retained"></i>finished</span>'
       || CASE WHEN bool_and(complete) THEN '' ELSE '<span><i class="retained unfinished"></i>pale: not over yet, so far</span>' END || '</div>'
FROM report_started;
SELECT pg_temp.chart('attempts', 380, 'Conversion by ' || :'unit', format('From %s to %s: %s of %s finished.', to_char(min(period_start), :'label'),
       to_char(max(period_start), :'label'), pg_temp.n(sum(finished)), pg_temp.many(sum(began), 'customer')))
FROM report_started;
SELECT pg_temp.gridline(274 - i * :start_tick * :start_scale, round(100 * i * :start_tick, :start_digits) || '%', i = 0)
FROM generate_series(0, :start_ticks) AS i;
SELECT format('<g%s><title>%s: %s%s</title>', CASE WHEN NOT complete THEN ' class="unfinished"' END, to_char(period_start, :'label'),
              pg_temp.so_far(finished, began, complete),
              CASE WHEN NOT complete THEN ', not over yet' WHEN began > 0 THEN format(', %s (%s)', pg_temp.percent(rate), pg_temp.ci(lower, upper)) END)
       || CASE WHEN finished > 0 THEN format('<rect class="retained" x="%s%%" y="%s" width="%s%%" height="%s"/>', round((bar - 0.9) * :start_step, 2),
                    round(274 - rate::numeric * :start_scale, 1), round(0.8 * :start_step, 2), round(rate::numeric * :start_scale, 1)) ELSE '' END || '</g>'
FROM report_started ORDER BY bar;
SELECT pg_temp.label(x, 292, to_char(period_start, :'label_1'), thin)
       || pg_temp.label(x, 327, CASE WHEN complete THEN round(100 * rate::numeric, 1)::text END, ' strong' || thin)
       || pg_temp.label(x, 343, CASE WHEN complete THEN round(100 * lower::numeric, 1)::text END, ' soft small' || thin)
       || pg_temp.label(x, 357, CASE WHEN complete THEN round(100 * upper::numeric, 1)::text END, ' soft small' || thin)
       || pg_temp.label(x, 375, pg_temp.n(began), ' small' || thin)
       || CASE WHEN year IS DISTINCT FROM lag(year) OVER (ORDER BY bar) AND (bar > 1 OR 9 * count(*) OVER (PARTITION BY year) >= :start_slots)
               THEN pg_temp.label(x, 307, nullif(to_char(period_start, :'label_2'), ''), ' soft' || CASE WHEN years > 6 THEN ' m' ELSE '' END)
               ELSE '' END
FROM (SELECT *, to_char(period_start, 'YYYY') AS year, (bar - 0.5) * :start_step AS x, count(*) OVER () AS bars FROM report_started) AS b,
     (SELECT count(DISTINCT to_char(period_start, 'YYYY')) AS years, max(length(pg_temp.n(began))) AS widest FROM report_started) AS y,
     pg_temp.thin(bar - 1, :start_slots, greatest(6 + 7 * widest, 44)) AS thin
ORDER BY bar;
SELECT pg_temp.row_name(327, '% done', 'strong') || pg_temp.row_name(343, '95% from') || pg_temp.row_name(357, 'to')
       || pg_temp.row_name(375, 'began', '') || '</svg>';
-- How many began, and for each further step how many reached it
SELECT '<details><summary>The numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="The numbers"><table class="numbers"><thead><tr>'
       '<th scope="col">from</th>' || string_agg(format('<th scope="col">%s</th>', short), '' ORDER BY step) || '</tr></thead><tbody>'
FROM report_steps_shown;
SELECT format('<tr><th scope="row">%s</th>', to_char(period_start, 'YYYY-MM-DD'))
       || string_agg(format('<td>%s%s</td>', pg_temp.n(coalesce(customers, 0)),
                            CASE WHEN s.step = 1 THEN CASE WHEN complete THEN '' ELSE ', not over yet' END
                                 WHEN NOT complete THEN ' so far' ELSE coalesce(', ' || pg_temp.percent(conversion_rate), '') END), '' ORDER BY s.step) || '</tr>'
FROM report_bins CROSS JOIN (SELECT step FROM report_steps_shown) AS s LEFT JOIN report_attempts USING (period_start, step)
GROUP BY bar, period_start ORDER BY bar;
\qecho '</tbody></table></div></details></section>'
