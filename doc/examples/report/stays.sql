-- How long customers stay.  Steps: the share falls on the day on which one leaves.  No
-- more of them are drawn than there are points from left to right.
SELECT last, unit, days, last / days AS units, (unit = 'month')::int AS slack,
       CASE WHEN unit = 'year' THEN floor(last / days) * days WHEN last >= 365 THEN 365 ELSE last END AS horizon,
       CASE WHEN unit = 'year' THEN 'in the first ' || pg_temp.many(floor(last / days), 'year')
            WHEN last >= 365 THEN 'in the first year' ELSE 'in the first ' || pg_temp.many(last, 'day') END AS within
FROM (SELECT max("time")::numeric AS last FROM report_stays, survival_table(stays)) AS l,
     LATERAL (SELECT CASE WHEN last <= 92 THEN 'day' WHEN last <= 3660 THEN 'month' ELSE 'year' END AS unit,
                     CASE WHEN last <= 92 THEN 1 WHEN last <= 3660 THEN 30.4375 ELSE 365.25 END AS days) AS u \gset stay_
CREATE TEMP TABLE report_steps ON COMMIT DROP AS
SELECT DISTINCT ON (x) x, round((14 + 260 * (1 - survival))::numeric, 1) AS y,
       round((14 + 260 * (1 - coalesce(lower, survival)))::numeric, 1) AS y_lower,
       round((14 + 260 * (1 - coalesce(upper, survival)))::numeric, 1) AS y_upper
FROM report_stays, survival_table(stays),
     LATERAL (SELECT round((1000 * "time" / :stay_last)::numeric, 1) AS x) AS at
WHERE churned > 0 OR "time" = :stay_last
ORDER BY x, "time" DESC;
-- Contracts by the month end after 28 to 31 days, by two months after 59 to 62: up to
-- ceil(months * 30.4375) + 1.  So a month ends there, and they have ended with it.
CREATE TEMP TABLE report_ticks ON COMMIT DROP AS
SELECT age, round(100 * age * :stay_days / :stay_last, 2) AS x, coalesce(at_risk, 0) AS at_risk, coalesce(survival, 1) AS survival
FROM report_stays, generate_series(0, floor(:stay_units)::int) AS age,
     LATERAL (SELECT CASE age WHEN 0 THEN 0 ELSE ceil(age * :stay_days) + :stay_slack END AS day) AS d,
     LATERAL (SELECT max(at_risk) FILTER (WHERE "time" >= day) AS at_risk, min(survival) FILTER (WHERE "time" <= day) AS survival
              FROM survival_table(stays)) AS t;

SELECT format('<section><h2>How long customers stay</h2><p class="hint">Share of all %s who stay longer than so many %ss, those '
              'who are still here included for as long as they have been seen (Kaplan-Meier); the band is the 95%% confidence interval. '
              'Contracts that follow each other%s are one stay; who comes back later does not count again.</p>', pg_temp.many(at_risk, 'customer'), :'stay_unit',
              CASE WHEN :grace > 0 THEN ', at most ' || pg_temp.many(:grace, 'day') || ' apart,' END)
FROM report_ticks WHERE age = 0;
\qecho '<div class="tiles">'
SELECT pg_temp.tile(name, value, note)
FROM report_stays, lifetime_quantile_interval(stays, 0.5) AS ci,
     LATERAL (SELECT sum(churned) AS ended, sum(censored) AS going FROM survival_table(stays)) AS t,
     LATERAL (SELECT median_lifetime(stays) / :stay_days AS median, mean_lifetime(stays, :stay_horizon) / :stay_days AS mean,
                     mean_lifetime_error(stays, :stay_horizon) / :stay_days AS error) AS m,
     LATERAL (VALUES
         (1, 'Ever subscribed', pg_temp.n(ended + going), format('%s left at least once, %s never did', pg_temp.n(ended), pg_temp.n(going))),
         (2, 'Median stay', CASE WHEN median IS NULL THEN 'not yet' ELSE format('%s <em>%ss</em>', round(median::numeric, 1), :'stay_unit') END,
             CASE WHEN median IS NULL THEN 'fewer than half have left'
                  ELSE 'by when half have left' || CASE WHEN ci.lower IS NULL THEN '' ELSE
                       format(' (95%%: %s to %s)', round((ci.lower / :stay_days)::numeric, 1),
                              coalesce(round((ci.upper / :stay_days)::numeric, 1)::text, 'not yet known')) END END),
         (3, 'Mean stay', format('%s <em>%ss</em>', round(mean::numeric, 1), :'stay_unit'),
             format('%s, what is later not counted (error %s)', :'stay_within', round(error::numeric, 2)))) AS v(position, name, value, note)
ORDER BY position;
\qecho '</div>'
SELECT $html$<div class="legend gap"><span><i class="retained"></i>share that stays longer</span>
<span><i class="band"></i>95% interval</span>$html$
       || CASE WHEN median_lifetime(stays) IS NOT NULL THEN '<span><i class="dash"></i>median</span>' ELSE '' END || '</div>'
FROM report_stays;
SELECT pg_temp.chart('stay', 336, 'Survival curve', coalesce(string_agg(format('After %s %s are left.',
       pg_temp.many(age, :'stay_unit'), pg_temp.percent(survival)), ' ' ORDER BY age), ''))
FROM report_ticks WHERE age IN (1, (SELECT max(age) FROM report_ticks));
SELECT pg_temp.gridline(274 - 52 * i, 20 * i || '%', i = 0) FROM generate_series(0, 5) AS i;
SELECT format('<svg viewBox="0 0 1000 336" preserveAspectRatio="none" width="100%%" height="336">'
              '<polygon class="band" points="0,14 %s %s 0,14"/>',
              string_agg(format('%s,%s %1$s,%3$s', x, was_upper, y_upper), ' ' ORDER BY x),
              string_agg(format('%s,%s %1$s,%3$s', x, y_lower, was_lower), ' ' ORDER BY x DESC))
       || format(E'\n<polyline class="line" points="0,14 %s"/></svg>', string_agg(format('%s,%s %1$s,%3$s', x, was, y), ' ' ORDER BY x))
FROM (SELECT *, coalesce(lag(y) OVER w, 14) AS was, coalesce(lag(y_lower) OVER w, 14) AS was_lower,
             coalesce(lag(y_upper) OVER w, 14) AS was_upper
      FROM report_steps WINDOW w AS (ORDER BY x)) AS s;
SELECT format('<line class="mark" x1="0" x2="%s%%" y1="144" y2="144"/><line class="mark" x1="%1$s%%" x2="%1$s%%" y1="144" y2="274"/>', x)
FROM report_stays, LATERAL (SELECT round((100 * median_lifetime(stays) / :stay_last)::numeric, 2) AS x) AS at WHERE x IS NOT NULL;
SELECT pg_temp.label(x, 292, age::text, thin)
       || pg_temp.label(x, 311, pg_temp.percent(survival, 0), ' strong' || thin)
       || pg_temp.label(x, 328, pg_temp.n(at_risk), ' soft small' || thin)
FROM report_ticks, (SELECT 8 + 6.5 * length(pg_temp.n(max(at_risk))) AS widest FROM report_ticks) AS w,
     pg_temp.thin(age, :stay_units, greatest(widest, 40)) AS thin
WHERE thin IS NOT NULL ORDER BY age;
SELECT pg_temp.row_name(292, :'stay_unit' || 's', '') || pg_temp.row_name(311, 'staying', 'strong')
       || pg_temp.row_name(328, 'still seen') || '</svg>';
SELECT format('<details><summary>The numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="The numbers">'
              '<table class="numbers"><thead><tr><th scope="col">%s</th>'
              '<th scope="col">seen from its first day</th><th scope="col">left in it</th><th scope="col">seen no further</th>'
              '<th scope="col">stay longer</th><th scope="col">95%% from</th><th scope="col">to</th></tr></thead><tbody>', :'stay_unit');
SELECT format('<tr><th scope="row">%s</th><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>', age,
              pg_temp.n(max(at_risk)), pg_temp.n(sum(churned)), pg_temp.n(sum(censored)), pg_temp.percent(min(survival)),
              pg_temp.percent((array_agg(lower ORDER BY "time" DESC))[1]), pg_temp.percent((array_agg(upper ORDER BY "time" DESC))[1]))
FROM report_stays, survival_table(stays), LATERAL (SELECT CASE "time" WHEN 0 THEN 0
         ELSE greatest(floor(("time"::numeric - 1 - :stay_slack) / :stay_days), 0) + 1 END AS age) AS a
GROUP BY age ORDER BY age;
\qecho '</tbody></table></div></details></section>'
