-- Does the model fit?  Repeat purchases by week against those that a model expects which was
-- fitted some time before: what is right of that day it did not know.  And how often
-- customers had bought by then.
CREATE TEMP TABLE report_track ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY period_start) AS bar, t.*,
       coalesce(lead(period_start) OVER (ORDER BY period_start), (period_start + interval :'fit_period')::date) AS next
FROM report_data, report_models, tracking_table(CASE WHEN :'coming_has_earlier' THEN m_earlier ELSE m END, activity, :'fit_period', date :'as_of') AS t;
CREATE TEMP TABLE report_often ON COMMIT DROP AS
SELECT frequency, actual, expected, frequency || CASE WHEN frequency = max(frequency) OVER () THEN '+' ELSE '' END AS name
FROM report_data, report_models, frequency_table(CASE WHEN :'coming_has_earlier' THEN m_earlier ELSE m END, activity, date :'fit_day') AS f;
-- The chart of each week is from 14 to 124, that of the sums from 152 to 262
SELECT max(bar) AS bars, 100.0 / max(bar) AS step, max(greatest(actual, expected)) AS most,
       max(greatest(cumulative_actual, cumulative_expected)) AS sum, pg_temp.unit(max(greatest(cumulative_actual, cumulative_expected)), 1e4) AS unit
FROM report_track \gset track_
SELECT pg_temp.tick(greatest(:track_most / 3.0, 1)) AS tick, pg_temp.tick(greatest(:track_sum / 3.0, 1)) AS sum_tick \gset track_
SELECT ceil(:track_most / :track_tick)::int AS above, ceil(:track_sum / :track_sum_tick)::int AS sum_above,
       greatest(0, -floor(log(:track_sum_tick / :track_unit)))::int AS digits \gset track_
CREATE TEMP TABLE report_track_points ON COMMIT DROP AS
SELECT *, round((bar - 0.5) * :track_step, 2) AS x, round((bar - 1) * :track_step, 2) AS x_left,
       round((124 - 110.0 * actual / (:track_above * :track_tick))::numeric, 1) AS y,
       round((124 - 110.0 * expected / (:track_above * :track_tick))::numeric, 1) AS y_expected,
       round((262 - 110.0 * cumulative_actual / (:track_sum_above * :track_sum_tick))::numeric, 1) AS y_sum,
       round((262 - 110.0 * cumulative_expected / (:track_sum_above * :track_sum_tick))::numeric, 1) AS y_sum_expected
FROM report_track;

SELECT format('<section><h2>Does the model fit</h2><p class="hint">Repeat purchases, all but the first of each customer, by %s, and those that the purchase '
              'model expects of as many customers who began on the same days; below, the sums so far. %s</p>', :'fit_unit',
              CASE WHEN :'coming_has_earlier' THEN format('The model is the one that is fitted to what was known on %s, the dashed line: what is right of it, it did not know.', :'fit_day')
                   ELSE 'The model was fitted to all of it, so this is no forecast.' END);
\qecho '<div class="tiles">'
SELECT pg_temp.tile(name, pg_temp.signed(100 * (v.expected / v.actual - 1)) || '%',
                    format('%s expected, %s came', pg_temp.n(v.expected), pg_temp.n(v.actual)))
FROM (SELECT cumulative_actual AS actual, cumulative_expected AS expected FROM report_track ORDER BY bar DESC LIMIT 1) AS t,
     (SELECT f.cumulative_actual, f.cumulative_expected
      FROM report_data, report_models, tracking_table(CASE WHEN :'coming_has_earlier' THEN m_earlier ELSE m END, activity, :'fit_period', date :'fit_day') AS f
      ORDER BY period_start DESC LIMIT 1) AS known,
     LATERAL (VALUES (1, 'Up to the fit', cumulative_actual, cumulative_expected),
                     (2, 'After the fit', t.actual - cumulative_actual, t.expected - cumulative_expected)) AS v(position, name, actual, expected)
WHERE v.actual > 0
ORDER BY position;
SELECT pg_temp.tile('Bought once', pg_temp.signed(100 * (expected / nullif(actual, 0) - 1)) || '%',
                    format('%s customers expected, %s did', pg_temp.n(expected), pg_temp.n(actual)))
FROM report_often WHERE frequency = 0 AND actual > 0;
\qecho '</div>'
\qecho '<div class="legend gap"><span><i class="retained"></i>came</span><span><i class="gross"></i>expected</span>'
SELECT CASE WHEN :'coming_has_earlier' THEN '<span><i class="dash"></i>the day of the fit</span>' ELSE '' END || '</div>';
SELECT pg_temp.chart('track', 312, format('Repeat purchases by %s, and expected ones', :'fit_unit'),
       format('From %s to %s: %s repeat purchases, %s expected.', to_char(min(period_start), :'fit_label'), to_char(max(period_start), :'fit_label'),
              pg_temp.n(max(cumulative_actual)), pg_temp.n(max(cumulative_expected))))
FROM report_track;
SELECT pg_temp.gridline(124 - 110.0 * i / :track_above, pg_temp.n(i * :track_tick), i = 0) FROM generate_series(0, :track_above) AS i;
SELECT pg_temp.gridline(262 - 110.0 * i / :track_sum_above, pg_temp.brief('', i * :track_sum_tick, :track_unit, :track_digits), i = 0)
FROM generate_series(0, :track_sum_above) AS i;
SELECT '<svg viewBox="0 0 1000 312" preserveAspectRatio="none" width="100%" height="312">'
       || coalesce(format('<polyline class="second" points="%s"/><polyline class="line" points="%s"/>',
                          string_agg(10 * x || ',' || y_expected, ' ' ORDER BY bar) FILTER (WHERE complete), string_agg(10 * x || ',' || y, ' ' ORDER BY bar) FILTER (WHERE complete)), '')
       || format('<polyline class="line" points="%s"/><polyline class="second dashes" points="%s"/></svg>', string_agg(10 * x || ',' || y_sum, ' ' ORDER BY bar),
                 string_agg(10 * x || ',' || y_sum_expected, ' ' ORDER BY bar))
FROM report_track_points;
SELECT format('<line class="mark" x1="%s%%" x2="%1$s%%" y1="14" y2="124"/><line class="mark" x1="%1$s%%" x2="%1$s%%" y1="152" y2="262"/>',
              round((bar - 1 + (date :'fit_day' - period_start)::numeric / (next - period_start)) * :track_step, 2))
FROM report_track WHERE :'coming_has_earlier' AND date :'fit_day' > period_start AND date :'fit_day' <= next;
SELECT format('<g><title>%s: %s, %s expected; so far %s, %s expected%s</title><rect class="touch" x="%s%%" y="14" width="%s%%" height="248"/></g>',
              to_char(period_start, :'fit_label'), pg_temp.n(actual), round(expected::numeric, 1), pg_temp.n(cumulative_actual),
              pg_temp.n(cumulative_expected), CASE WHEN NOT complete THEN ', not over yet' END, x_left, round(:track_step, 2))
FROM report_track_points ORDER BY bar;
SELECT pg_temp.label(x, 280, to_char(period_start, :'fit_label_1'), thin)
       || CASE WHEN year IS DISTINCT FROM lag(year) OVER (ORDER BY bar) AND (bar > 1 OR 9 * count(*) OVER (PARTITION BY year) >= :track_bars)
               THEN pg_temp.label(x, 295, nullif(to_char(period_start, :'fit_label_2'), ''), ' soft' || CASE WHEN years > 6 THEN ' m' ELSE '' END)
               ELSE '' END
FROM (SELECT *, to_char(period_start, 'YYYY') AS year FROM report_track_points) AS b,
     (SELECT count(DISTINCT to_char(period_start, 'YYYY')) AS years FROM report_track) AS y,
     pg_temp.thin(bar - 1, :track_bars, CASE :'fit_label_1' WHEN 'MM-DD' THEN 44 ELSE 38 END) AS thin
ORDER BY bar;
SELECT format('<text class="soft" x="0" y="7">a %s</text><text class="soft" x="0" y="145">in all</text></svg>', :'fit_unit');
SELECT format('<details><summary>The numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="The numbers">'
              '<table class="numbers"><thead><tr><th scope="col">%s from</th><th scope="col">came</th><th scope="col">expected</th>'
              '<th scope="col">came so far</th><th scope="col">expected</th></tr></thead><tbody>', :'fit_unit');
SELECT format('<tr><th scope="row">%s</th><td>%s%s</td><td>%s</td><td>%s</td><td>%s</td></tr>', to_char(period_start, 'YYYY-MM-DD'), pg_temp.n(actual),
              CASE WHEN NOT complete THEN ', not over yet' END, round(expected::numeric, 1), pg_temp.n(cumulative_actual), pg_temp.n(cumulative_expected))
FROM report_track ORDER BY bar;
\qecho '</tbody></table></div></details></section>'

-- The bars of how often
SELECT greatest(max(actual), max(expected)) AS most, pg_temp.tick(greatest(greatest(max(actual), max(expected)) / 4.0, 1)) AS tick, 100.0 / count(*) AS step FROM report_often \gset often_
SELECT ceil(:often_most / :often_tick)::int AS above \gset often_
SELECT format('<section><h2>How often they buy, and should</h2><p class="hint">Customers by how many repeat purchases each had made before %s, and how many '
              'customers the model expects to have made as many. Where the two differ, the model does not tell these customers apart as the shop does.</p>', :'fit_day');
\qecho '<div class="legend"><span><i class="retained"></i>customers</span><span><i class="new"></i>expected</span></div>'
SELECT pg_temp.chart('often', 282, 'Customers by repeat purchases', string_agg(format('%s: %s, %s expected.', name, pg_temp.n(actual), pg_temp.n(expected)), ' ' ORDER BY frequency))
FROM report_often;
SELECT pg_temp.gridline(214 - 200.0 * i / :often_above, pg_temp.n(i * :often_tick), i = 0) FROM generate_series(0, :often_above) AS i;
SELECT format('<g><title>%s: %s, %s expected</title>', CASE WHEN frequency = 1 THEN '1 repeat purchase' ELSE name || ' repeat purchases' END,
              pg_temp.many(actual, 'customer'), round(expected::numeric, 1))
       || coalesce(string_agg(format('<rect class="%s" x="%s%%" y="%s" width="%s%%" height="%s"/>', class, round((frequency + 0.1 + place * 0.4) * :often_step, 2), 214 - height,
                                     round(0.4 * :often_step, 2), height), '' ORDER BY place) FILTER (WHERE height > 0), '') || '</g>'
FROM report_often, LATERAL (VALUES (0, 'retained', actual::float8), (1, 'new', expected)) AS v(place, class, n),
     LATERAL (SELECT round((200 * n / (:often_above * :often_tick))::numeric, 1) AS height) AS h
GROUP BY frequency, name, actual, expected
ORDER BY frequency;
SELECT pg_temp.label(x, 232, name, '') || pg_temp.label(x, 254, pg_temp.n(actual), ' strong') || pg_temp.label(x, 274, pg_temp.n(expected), '')
FROM report_often, LATERAL (SELECT (frequency + 0.5) * :often_step AS x) AS at ORDER BY frequency;
SELECT pg_temp.row_name(232, 'repeats', '') || pg_temp.row_name(254, 'actual', 'strong') || pg_temp.row_name(274, 'expected', '') || '</svg></section>';
