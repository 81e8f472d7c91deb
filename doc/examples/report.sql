-- Writes a report as one HTML page: retention curve, cohorts, lifecycle, how long
-- members stay, who will come back, net promoter score, lifetime value.  No
-- JavaScript, no other files, prints on A4.
--
--   psql -X -d shop -o report.html -f report.sql
--   psql -X -d shop -v orders=sales.invoices -v customer=client -v at=paid_at \
--        -v amount=total -v surveys=survey_answers -v title='Shop' -o report.html -f report.sql
--
--   orders    a table, a view or (SELECT ...) AS name           orders
--   customer  its columns, or expressions of them               customer_id
--   at        date, timestamp or timestamptz                    ordered_at
--   amount    '' if there is none                               amount, if there
--   surveys   as orders; '' leaves the section out              ''
--   score     its columns: 0 to 10                              score
--   answered  and the day                                       answered_on
--   period    '7 days', '3 months' ...                          1 month
--   as_of     the first day whose data are not complete; what   the day after
--             is later is left out                              the last
--   subscriptions  as orders; '' leaves two sections out        ''
--   member         its columns: customer, as in orders          as customer
--   started, ended first day, and the day it ended, or NULL     started, ended
--   members        what they are called                         Members
--   title, currency (before amounts), ages (columns of the cohort table),
--   bins (rows of it, bars of a chart: the latest ones)
--
-- Names that need quotes have them inside: -v customer='"Customer ID"'.  Days
-- of a timestamptz are those of the session's time zone: PGTZ=Europe/Berlin psql
-- ...  The extension may be in any schema.  Nothing is left in the database:
-- the tables made here are temporary, and all of it is one transaction.

\set ON_ERROR_STOP 1
\set QUIET 1
\set ECHO none
\timing off
\encoding UTF8
\pset format unaligned
\pset tuples_only on
\pset expanded off
\pset pager off
\pset null ''
\pset recordsep '\n'

\if :{?orders} \else \set orders orders \endif
\if :{?customer} \else \set customer customer_id \endif
\if :{?at} \else \set at ordered_at \endif
\if :{?amount} \else \set amount amount \endif
\if :{?surveys} \else \set surveys '' \endif
\if :{?score} \else \set score score \endif
\if :{?answered} \else \set answered answered_on \endif
\if :{?subscriptions} \else \set subscriptions '' \endif
\if :{?member} \else \set member :customer \endif
\if :{?started} \else \set started started \endif
\if :{?ended} \else \set ended ended \endif
\if :{?members} \else \set members Members \endif
\if :{?period} \else \set period '1 month' \endif
\if :{?as_of} \else \set as_of '' \endif
\if :{?title} \else \set title 'Customer retention' \endif
\if :{?currency} \else \set currency '' \endif
\if :{?ages} \else \set ages 24 \endif
\if :{?bins} \else \set bins 36 \endif

BEGIN ISOLATION LEVEL REPEATABLE READ;
SET LOCAL jit = off;

-- The extension's functions, wherever they are
SELECT count(*) = 0 AS is_missing,
       concat_ws(', ', nullif(current_setting('search_path'), ''), min(quote_ident(nspname))) AS path
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE extname = 'retention' \gset
\if :is_missing
\warn 'hint: this database lacks the extension: CREATE EXTENSION retention'
\endif
SELECT set_config('search_path', :'path', true) AS path \gset
SELECT retention_version() AS version,
       CASE WHEN :'amount' = '' THEN 'NULL' ELSE :'amount' END AS amount,
       :'surveys' <> '' AS has_surveys \gset

-- Text for the page: < becomes &lt; and so on
SELECT max(h) FILTER (WHERE k = 'title') AS title_html, max(h) FILTER (WHERE k = 'currency') AS currency_html,
       max(h) FILTER (WHERE k = 'orders') AS orders_html, max(h) FILTER (WHERE k = 'surveys') AS surveys_html,
       max(h) FILTER (WHERE k = 'subscriptions') AS subscriptions_html, max(h) FILTER (WHERE k = 'members') AS members_html,
       max(h) FILTER (WHERE k = 'period') AS period_html
FROM (VALUES ('title', :'title'), ('currency', :'currency'), ('orders', :'orders'), ('surveys', :'surveys'),
             ('subscriptions', :'subscriptions'), ('members', :'members'), ('period', :'period')) AS v(k, t),
     LATERAL (SELECT replace(replace(replace(replace(regexp_replace(t, '[\x01-\x1f]', ' ', 'g'),
                     '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;')) AS e(h) \gset

-- The orders are read once here.  A column "amount" that is not there is NULL.
CREATE TEMP TABLE report_data ON COMMIT DROP AS
SELECT customer_activity(o.customer, o.at) AS activity,
       clv_summary(o.customer, o.at, o.amount) AS clv,
       count(*) FILTER (WHERE o.customer IS NOT NULL AND o.at IS NOT NULL) AS events,
       count(o.amount) AS amounts
FROM (SELECT NULL::double precision AS amount) AS absent,
     LATERAL (SELECT :customer AS customer, :at AS at, (:amount)::double precision AS amount FROM :orders) AS o
WHERE :'as_of' = '' OR o.at < nullif(:'as_of', '')::date;

CREATE TEMP TABLE report_cohorts ON COMMIT DROP AS
SELECT c.* FROM report_data,
     cohort_table(activity, :'period', nullif(:'as_of', '')::date, horizon => :ages) AS c;

CREATE TEMP TABLE report_curve ON COMMIT DROP AS
SELECT c.* FROM report_data,
     retention_curve(activity, :'period', nullif(:'as_of', '')::date, horizon => :ages) AS c
WHERE c.customers > 0;

CREATE TEMP TABLE report_lifecycle ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY period_start) AS bar, l.*
FROM (SELECT l.* FROM report_data, lifecycle_table(activity, :'period', nullif(:'as_of', '')::date) AS l
      ORDER BY period_start DESC LIMIT :bins) AS l;

CREATE TEMP TABLE report_nps (bar bigint, month date, answers bigint, s nps_summary) ON COMMIT DROP;
\if :has_surveys
INSERT INTO report_nps
WITH answers AS (
    SELECT date_trunc('month', a.answered)::date AS month, nps_summary(a.score) AS s
    FROM (SELECT :score AS score, :answered AS answered FROM :surveys) AS a
    WHERE a.answered IS NOT NULL AND (:'as_of' = '' OR a.answered < nullif(:'as_of', '')::date)
    GROUP BY 1)
SELECT row_number() OVER (ORDER BY month), month, (s).promoters + (s).passives + (s).detractors, s
FROM (SELECT m::date AS month, s
      FROM generate_series((SELECT min(month)::timestamp FROM answers WHERE s IS NOT NULL),
                           (SELECT max(month)::timestamp FROM answers WHERE s IS NOT NULL), '1 month') AS m
           LEFT JOIN answers ON month = m::date
      ORDER BY month DESC LIMIT :bins) AS months;
\endif

-- What the sections need to know
SELECT activity IS NOT NULL AS has_activity, amounts > 0 AS has_amounts,
       EXISTS (SELECT FROM report_curve WHERE age > 0) AS has_curve,
       EXISTS (SELECT FROM report_nps) AS has_nps,
       coalesce(to_char(coalesce(nullif(:'as_of', '')::date, upper(activity_span(activity))), 'YYYY-MM-DD'), '') AS as_of_day,
       CASE WHEN months = 1 THEN 'month' WHEN months = 3 THEN 'quarter' WHEN months = 12 THEN 'year'
            WHEN days = 1 THEN 'day' WHEN days = 7 THEN 'week' ELSE 'period' END AS unit,
       CASE WHEN months = 0 THEN 'YYYY-MM-DD' WHEN months % 12 = 0 THEN 'YYYY' ELSE 'YYYY-MM' END AS label,
       CASE WHEN months = 0 THEN 'MM-DD' WHEN months % 12 = 0 THEN 'YYYY' ELSE 'Mon' END AS label_1,
       CASE WHEN months > 0 AND months % 12 = 0 THEN '' ELSE 'YYYY' END AS label_2,
       'FM999,999,999,999,990' AS n
FROM report_data,
     LATERAL (SELECT extract(year FROM p)::int * 12 + extract(month FROM p)::int AS months,
                     extract(day FROM p)::int AS days
              FROM (SELECT interval :'period') AS p(p)) AS p \gset

-- Subscriptions, and whether who has one comes back: customers of the period
-- before the last complete one, by whether they had one when that began
SELECT :'subscriptions' <> '' AND :'has_activity'::boolean AS has_subscriptions,
       (SELECT period_start FROM report_lifecycle WHERE complete ORDER BY bar DESC LIMIT 1) AS lift_start \gset
CREATE TEMP TABLE report_stays (stays survival_curve) ON COMMIT DROP;
CREATE TEMP TABLE report_lift (lift retention_lift) ON COMMIT DROP;
\if :has_subscriptions
INSERT INTO report_stays
SELECT survival_curve(s.started, s.ended, date :'as_of_day')
FROM (SELECT (:started)::date AS started, (:ended)::date AS ended FROM :subscriptions) AS s;
INSERT INTO report_lift
WITH customers AS (
    SELECT o.customer, bool_or(o.at >= this) AS came_back
    FROM (SELECT nullif(:'lift_start', '')::date::timestamp AS this) AS p,
         LATERAL (SELECT :customer AS customer, :at AS at FROM :orders) AS o
    WHERE o.customer IS NOT NULL AND o.at >= this - interval :'period' AND o.at < this + interval :'period'
    GROUP BY o.customer
    HAVING bool_or(o.at < this)),
members AS (
    SELECT DISTINCT s.customer
    FROM (SELECT :member AS customer, (:started)::date AS started, (:ended)::date AS ended FROM :subscriptions) AS s
    WHERE s.started < nullif(:'lift_start', '')::date
      AND (s.ended IS NULL OR s.ended >= nullif(:'lift_start', '')::date))
SELECT retention_lift(m.customer IS NOT NULL, came_back)
FROM customers AS c LEFT JOIN members AS m ON m.customer = c.customer;
\endif
SELECT EXISTS (SELECT FROM report_stays, survival_table(stays) WHERE "time" > 0) AS has_stays,
       EXISTS (SELECT FROM report_lift WHERE (lift).lift IS NOT NULL) AS has_lift \gset

-- # The page

\qecho '<!DOCTYPE html>'
\qecho '<html xmlns="http://www.w3.org/1999/xhtml" lang="en">'
\qecho '<head>'
\qecho '<meta charset="utf-8"/>'
\qecho '<meta name="generator" content="retention report"/>'
\qecho '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
SELECT format('<title>%s</title>', :'title_html');
SELECT $css$<style>
html { color-scheme: light; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
body { margin: 0; background: #fff; color: #16212c; font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; }
main { min-width: 760px; max-width: 1140px; margin: 0 auto; padding: 32px 40px; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; }
h2 { margin: 0 0 4px; font-size: 20px; line-height: 1.25; }
p { margin: 0; }
.hint, .about { color: #4a5a6a; max-width: 62em; }
.hint { margin-bottom: 12px; }
section { margin-top: 44px; break-inside: avoid; }
h2, .hint, .legend { break-after: avoid; }
svg { display: block; width: 100%; height: auto; overflow: visible; font: 11.5px system-ui, -apple-system, "Segoe UI",
  Roboto, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(134px, 1fr)); gap: 12px; margin-top: 24px; }
.tile { border: 1px solid #d3dbe3; border-top: 3px solid #1d4f87; border-radius: 4px; padding: 10px 12px 12px; }
.tile b { display: block; font-size: 26px; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { display: block; font-size: 13px; }
.tile small { display: block; font-size: 12px; line-height: 1.35; color: #4a5a6a; }
.equation { display: flex; align-items: stretch; gap: 10px; flex-wrap: wrap; }
.equation .tile { flex: 1 1 170px; }
.equation i { align-self: center; font-style: normal; font-size: 24px; color: #4a5a6a; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 22px; align-items: center; margin: 0 0 8px; font-size: 13px; }
.legend span { display: inline-flex; align-items: center; gap: 7px; }
.legend i { width: 15px; height: 15px; border-radius: 2px; box-shadow: inset 0 0 0 1px rgba(0, 0, 0, .18); }
.legend .ramp i { width: 17px; margin-right: -7px; border-radius: 0; box-shadow: none; }
.legend .ramp i:last-of-type { margin-right: 0; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
.heat { width: 100%; table-layout: fixed; border-spacing: 1px; font-size: 13px; line-height: 20px; }
.heat tr { break-inside: avoid; }
.heat td { padding: 0; text-align: center; }
.heat th { padding: 0 8px 0 0; font-weight: 400; text-align: center; white-space: nowrap; }
.heat thead th { color: #4a5a6a; padding: 0; vertical-align: bottom; }
.heat tbody th, .heat tfoot th, .heat thead th.left { text-align: left; }
.heat td.size { text-align: right; padding-right: 9px; }
.heat tfoot th, .heat tfoot td { font-weight: 700; }
.heat tfoot { display: table-row-group; }
.heat .open, .legend .open { background: #f4f6f8 repeating-linear-gradient(135deg, transparent 0 3px, #e1e7ed 3px 4px);
  color: #51606e; font-style: italic; }
details { margin-top: 10px; font-size: 13px; }
summary { cursor: pointer; color: #1d4f87; }
.numbers { margin-top: 6px; }
.numbers th, .numbers td { padding: 1px 12px 1px 0; text-align: right; font-weight: 400; border-bottom: 1px solid #e6ebf0; }
.numbers thead th { color: #4a5a6a; vertical-align: bottom; }
.axis { stroke: #16212c; }
.grid { stroke: #dfe5eb; }
.soft { fill: #4a5a6a; }
.mid { text-anchor: middle; }
.end { text-anchor: end; }
.small { font-size: 10.5px; }
.strong { font-weight: 700; fill: #16212c; }
.retained, .promoters { fill: #1d4f87; background: #1d4f87; }
.new { fill: #74acdf; background: #74acdf; }
.resurrected { fill: #cfe3f5; background: #cfe3f5; }
.churned, .detractors { fill: #bf5b12; background: #bf5b12; }
.passives { fill: #d5dce3; background: #d5dce3; }
.band { fill: #1d4f87; fill-opacity: .2; background: #c8d5e3; }
.line { fill: none; stroke: #1d4f87; stroke-width: 2.2; stroke-linejoin: round; }
.mark { stroke: #bf5b12; stroke-width: 1.4; stroke-dasharray: 5 4; }
.unfinished { opacity: .42; }
footer { margin-top: 44px; padding-top: 12px; border-top: 1px solid #d3dbe3; font-size: 13px; color: #4a5a6a; }
@page { size: A4 landscape; margin: 11mm 12mm; }
@media print {
  body { font-size: 13px; }
  main { min-width: 0; max-width: none; padding: 0; }
  section { margin-top: 26px; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(118px, 1fr)); gap: 8px; margin-top: 14px; }
  .tile { padding: 6px 9px 8px; }
  .tile b { font-size: 20px; }
  .heat { font-size: 11px; line-height: 17px; }
  .heat.tall { font-size: 10.5px; line-height: 14px; }
  details { display: none; }
  footer { margin-top: 20px; }
}$css$;
-- One colour for each percent, the text black or white: a contrast above 4.5
SELECT format('.c%s { background: #%s; color: #%s; }', percent,
              lpad(to_hex(r * 65536 + g * 256 + b), 6, '0'), CASE WHEN luminance > 0.179 THEN '000' ELSE 'fff' END)
FROM generate_series(0, 100) AS percent,
     LATERAL (SELECT least(percent, 50) / 50.0 AS light, greatest(percent - 50, 0) / 50.0 AS dark) AS share,
     LATERAL (SELECT round(244 - 158 * light - 74 * dark)::int AS r, round(248 - 98 * light - 106 * dark)::int AS g,
                     round(252 - 47 * light - 121 * dark)::int AS b) AS colour,
     LATERAL (SELECT sum(weight * CASE WHEN level <= 0.04045 THEN level / 12.92 ELSE ((level + 0.055) / 1.055) ^ 2.4 END)
                     AS luminance
              FROM (VALUES (0.2126, r / 255.0), (0.7152, g / 255.0), (0.0722, b / 255.0)) AS v(weight, level)) AS seen;
\qecho '</style>'
\qecho '</head>'
\qecho '<body>'
\qecho '<main>'
SELECT format('<header><h1>%s</h1>', :'title_html');
SELECT CASE WHEN :'has_activity' THEN format('<p class="about">By %s, as of %s: all days before that are complete.</p>',
            CASE :'unit' WHEN 'period' THEN 'periods of ' || :'period_html' ELSE :'unit' END, :'as_of_day') ELSE '' END
       || '</header>';

\if :has_activity

-- # Headline numbers
\qecho '<div class="tiles">'
SELECT format('<div class="tile"><span>%s</span><b>%s</b><small>%s</small></div>', name, value, note)
FROM report_data LEFT JOIN
     LATERAL (SELECT active, new_customers, resurrected, retained, churned, retention_rate, churn_rate,
                     to_char(period_start, :'label') AS bin, i.lower, i.upper
              FROM report_lifecycle, wilson_interval(retained, retained + churned) AS i
              WHERE complete ORDER BY bar DESC LIMIT 1) AS last ON true,
     LATERAL (SELECT sum(answers) AS answers, rollup(s) AS s FROM report_nps) AS survey,
     LATERAL (VALUES
         (1, 'Customers', to_char(customers(activity), :'n'),
             'active on ' || to_char(active_days(activity), :'n') || ' days in all'),
         (2, 'Active', to_char(active, :'n'), format('in %s: %s new, %s back after a pause', bin,
                                                     to_char(new_customers, :'n'), to_char(resurrected, :'n'))),
         (3, 'Retention', as_percent(retention_rate) || '%', format('in %s, of those of the %s before (95%%: %s to %s)',
                                                                    bin, :'unit', as_percent(lower), as_percent(upper))),
         (4, 'Churn', as_percent(churn_rate) || '%', format('in %s: %s did not come back', bin, to_char(churned, :'n'))),
         (5, 'Repeat customers', as_percent(repeat_purchase_rate(activity)) || '%', 'active on two days or more'),
         (6, 'NPS', to_char(nps(survey.s), 'FMS990.0'), format('net promoter score, -100 to 100, of %s answers',
                                                               to_char(answers, :'n'))),
         (7, 'Lifetime value', CASE WHEN :'has_amounts' THEN :'currency_html' || to_char((clv).clv, 'FM999,999,999,990.00') END,
             'revenue per customer so far')) AS t(position, name, value, note)
WHERE value IS NOT NULL
ORDER BY position;
\qecho '</div>'

-- # Retention curve
-- Age 0 is every customer's first period: all of them, so it is not drawn
\if :has_curve
SELECT format('<section><h2>How many come back</h2><p class="hint">Share of the customers who are active again, by %ss since '
              'their first. All cohorts whose %1$s is over are pooled; the band is the 95%% confidence interval.</p>', :'unit');
SELECT max(age) AS last, 984.0 / greatest(max(age) - 1, 1) AS step,
       ceil((6 * length(to_char(max(customers), :'n')) + 6) * greatest(max(age) - 1, 1) / 984.0)::int AS every,
       tick, ceil(max(upper) / tick) * tick AS top, ceil(max(upper) / tick)::int AS ticks
FROM report_curve,
     (SELECT CASE WHEN max(upper) > 0.5 THEN 0.2 WHEN max(upper) > 0.2 THEN 0.1 WHEN max(upper) > 0.1 THEN 0.05
                  WHEN max(upper) > 0.05 THEN 0.02 ELSE 0.01 END AS tick
      FROM report_curve WHERE age > 0) AS t
WHERE age > 0
GROUP BY tick \gset curve_
CREATE TEMP TABLE report_points ON COMMIT DROP AS
SELECT c.*, round((100 + (age - 1) * :curve_step)::numeric, 1) AS x,
       round((14 + 260 * (1 - retention_rate / :curve_top))::numeric, 1) AS y,
       round((14 + 260 * (1 - lower / :curve_top))::numeric, 1) AS y_lower,
       round((14 + 260 * (1 - upper / :curve_top))::numeric, 1) AS y_upper
FROM report_curve AS c WHERE age > 0;
SELECT $html$<div class="legend"><span><i class="retained"></i>share of customers active again</span>
<span><i class="band"></i>95% interval</span></div>$html$;
SELECT format('<svg viewBox="0 0 1120 324" role="img" aria-labelledby="curve-title curve-text"><title id="curve-title">Retention '
              'curve</title><desc id="curve-text">%s</desc>', string_agg(format('%s %s%s later %s%% of %s customers are active.',
              CASE WHEN age = :curve_last THEN 'Lastly,' ELSE 'First,' END, age || ' ' || :'unit',
              CASE WHEN age <> 1 THEN 's' END, as_percent(retention_rate), to_char(customers, :'n')), ' ' ORDER BY age))
FROM report_points WHERE age IN (1, :curve_last);
SELECT format('<line class="%s" x1="100" x2="1104" y1="%s" y2="%2$s"/><text class="soft end" x="90" y="%s">%s%%</text>',
              CASE i WHEN 0 THEN 'axis' ELSE 'grid' END, y, y + 4, round(100 * i * :curve_tick))
FROM generate_series(0, :curve_ticks) AS i,
     LATERAL (SELECT round(274 - 260 * i * :curve_tick / :curve_top, 1) AS y) AS at;
SELECT format('<polygon class="band" points="%s %s"/>', string_agg(x || ',' || y_upper, ' ' ORDER BY age),
              string_agg(x || ',' || y_lower, ' ' ORDER BY age DESC)),
       format(E'\n<polyline class="line" points="%s"/>', string_agg(x || ',' || y, ' ' ORDER BY age))
FROM report_points;
SELECT format('<g><title>%s: %s of %s, %s%% (95%%: %s to %s)</title><circle class="retained" cx="%s" cy="%s" r="3.4"/></g>',
              age, to_char(retained, :'n'), to_char(customers, :'n'), as_percent(retention_rate), as_percent(lower),
              as_percent(upper), x, y)
FROM report_points ORDER BY age;
SELECT format('<text class="mid strong" x="%s" y="%s" dx="9">%s%%</text><text class="mid" x="%1$s" y="292">%4$s</text>'
              '<text class="mid soft small" x="%1$s" y="309">%5$s</text>',
              x, y_upper - 7, as_percent(retention_rate, CASE WHEN retention_rate < 0.1 THEN 1 ELSE 0 END), age,
              to_char(customers, :'n'))
FROM report_points WHERE (age - 1) % :curve_every = 0 ORDER BY age;
SELECT format('<text class="end" x="70" y="292">%ss</text><text class="soft end" x="70" y="309">customers</text></svg>', :'unit');
\qecho '</section>'
\endif

-- # Cohorts
SELECT count(DISTINCT cohort) AS count, max(age) AS last, count(DISTINCT cohort) > :bins AS are_cut
FROM report_cohorts \gset cohort_
SELECT format('<section><h2>Cohort by cohort</h2><p class="hint">Each row: the customers whose first %s it was. Each number: the '
              'percentage of them who were active in the %1$s that many %1$ss later. A row shows how a cohort fades, a column '
              'whether newer cohorts do better.%s</p>', :'unit',
              CASE WHEN :'cohort_are_cut' THEN format(' The latest %s of %s cohorts.', :bins, :cohort_count) END);
SELECT '<div class="legend"><span class="ramp">0%' || string_agg(format('<i class="c%s"></i>', percent), '' ORDER BY percent)
       || '100%</span><span><i class="open"></i>not over yet, so far</span><span>blank: still to come</span></div>'
FROM generate_series(0, 100, 5) AS percent;
SELECT format('<table class="heat%s"><colgroup><col style="width:88px"/><col style="width:80px"/><col span="%2$s"/></colgroup>'
              '<thead><tr><th class="left" rowspan="2" scope="col">First active</th><th rowspan="2" scope="col">Customers</th>'
              '<th colspan="%2$s" scope="colgroup">%% active, by %ss since the first</th></tr><tr>%s</tr></thead><tbody>',
              CASE WHEN least(:cohort_count, :bins) > 27 THEN ' tall' END, :cohort_last + 1, :'unit',
              string_agg(format('<th scope="col">%s</th>', age), '' ORDER BY age))
FROM generate_series(0, :cohort_last) AS age;
SELECT format('<tr><th scope="row">%s</th><td class="size">%s</td>%s</tr>', to_char(cohort, :'label'),
              to_char(max(customers), :'n'), string_agg(cell, '' ORDER BY age))
FROM (SELECT DISTINCT cohort FROM report_cohorts ORDER BY cohort DESC LIMIT :bins) AS shown
     CROSS JOIN generate_series(0, :cohort_last) AS g(age)
     LEFT JOIN report_cohorts AS c USING (cohort, age),
     LATERAL (SELECT round(100 * retained::numeric / customers) AS percent) AS p,
     LATERAL (SELECT CASE WHEN c.customers IS NULL THEN '<td></td>'
                     ELSE format('<td class="%s" title="%s">%s</td>',
                                 CASE WHEN complete THEN 'c' || percent ELSE 'open' END,
                                 format('%s of %s in %s', to_char(retained, :'n'), to_char(customers, :'n'),
                                        to_char(period_start, :'label'))
                                 || CASE WHEN complete THEN format(': %s%% (95%%: %s to %s)', as_percent(retention_rate),
                                                                   as_percent(lower), as_percent(upper))
                                         ELSE ', not over yet' END,
                                 CASE WHEN percent = 0 AND retained > 0 THEN '&lt;1' ELSE percent::text END) END AS cell) AS t
GROUP BY cohort
ORDER BY cohort;
SELECT format('</tbody><tfoot><tr><th scope="row">All</th><td class="size">%s</td>%s</tr></tfoot></table></section>',
              to_char(customers(activity), :'n'), cells)
FROM report_data,
     (SELECT string_agg(CASE WHEN customers IS NULL THEN '<td></td>'
                        ELSE format('<td class="c%s" title="%s of %s: %s%% (95%%: %s to %s)">%s</td>', percent,
                                    to_char(retained, :'n'), to_char(customers, :'n'), as_percent(retention_rate),
                                    as_percent(lower), as_percent(upper),
                                    CASE WHEN percent = 0 AND retained > 0 THEN '&lt;1' ELSE percent::text END) END,
                        '' ORDER BY age) AS cells
      FROM generate_series(0, :cohort_last) AS g(age) LEFT JOIN report_curve AS c USING (age),
           LATERAL (SELECT round(100 * retained::numeric / customers) AS percent) AS p) AS pooled;

-- # Lifecycle
SELECT count(*) AS bars, 1004.0 / count(*) AS step, ceil(36 * count(*) / 1004.0)::int AS every,
       tick, greatest(ceil(max(active) / tick), 1)::int AS above, ceil(max(churned) / tick)::int AS below
FROM report_lifecycle,
     (SELECT mantissa * power(10, floor(log(raw))) AS tick
      FROM (SELECT greatest((max(active) + max(churned)) / 6.0, 1) AS raw FROM report_lifecycle) AS r,
           LATERAL (SELECT raw / power(10, floor(log(raw))) AS f) AS fraction,
           LATERAL (SELECT CASE WHEN f <= 1 THEN 1 WHEN f <= 2 THEN 2 WHEN f <= 5 THEN 5 ELSE 10 END AS mantissa) AS m) AS t
GROUP BY tick \gset life_
SELECT 290.0 / ((:life_above + :life_below) * :life_tick) AS scale,
       14 + 290.0 * :life_above / (:life_above + :life_below) AS zero \gset life_
SELECT format('<section><h2>Who comes, stays, goes and returns</h2><p class="hint">Active customers of each %s above the line: '
              'active in the %1$s before, too; back after a pause; new. Below it: those of the %1$s before who did not '
              'come.</p>', :'unit');
SELECT $html$<div class="legend"><span><i class="new"></i>new</span>
<span><i class="resurrected"></i>back after a pause</span><span><i class="retained"></i>retained</span>
<span><i class="churned"></i>churned, below the line</span><span><i class="retained unfinished"></i>pale: not over yet</span>
</div>$html$;
SELECT format('<svg viewBox="0 0 1120 366" role="img" aria-labelledby="life-title life-text"><title id="life-title">Customers '
              'by %s</title><desc id="life-text">From %s to %s: at most %s active customers, at most %s churned.</desc>', :'unit',
              to_char(min(period_start), :'label'), to_char(max(period_start), :'label'), to_char(max(active), :'n'),
              to_char(max(churned), :'n'))
FROM report_lifecycle;
SELECT format('<line class="%s" x1="100" x2="1104" y1="%s" y2="%2$s"/><text class="soft end" x="90" y="%s">%s</text>',
              CASE i WHEN 0 THEN 'axis' ELSE 'grid' END, y, y + 4, to_char(abs(i * :life_tick), :'n'))
FROM generate_series(-:life_below, :life_above) AS i,
     LATERAL (SELECT round(:life_zero - i * :life_tick * :life_scale, 1) AS y) AS at;
SELECT format('<g%s><title>%s: %s active, %s new, %s retained, %s back after a pause, %s churned%s</title>',
              CASE WHEN NOT complete THEN ' class="unfinished"' END, to_char(period_start, :'label'), to_char(active, :'n'),
              to_char(new_customers, :'n'), to_char(retained, :'n'), to_char(resurrected, :'n'), to_char(churned, :'n'),
              CASE WHEN NOT complete THEN ', not over yet' END)
       || string_agg(format('<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>', class,
                            round(100 + (bar - 0.9) * :life_step, 1), round(:life_zero - upto * :life_scale, 1),
                            round(0.8 * :life_step, 1), round(count * :life_scale, 1)), '' ORDER BY position) || '</g>'
FROM report_lifecycle,
     LATERAL (VALUES (1, 'retained', retained, retained), (2, 'resurrected', resurrected, retained + resurrected),
                     (3, 'new', new_customers, active), (4, 'churned', churned, 0)) AS v(position, class, count, upto)
GROUP BY bar, period_start, complete, active, new_customers, retained, resurrected, churned
ORDER BY bar;
SELECT format('<text class="mid" x="%s" y="326">%s</text><text class="mid soft" x="%1$s" y="341">%3$s</text>'
              '<text class="mid strong" x="%1$s" y="362">%4$s</text>',
              round(100 + (bar - 0.5) * :life_step, 1), to_char(period_start, :'label_1'),
              CASE WHEN to_char(period_start, 'YYYY') IS DISTINCT FROM lag(to_char(period_start, 'YYYY')) OVER (ORDER BY bar)
                   THEN to_char(period_start, :'label_2') END,
              CASE WHEN retention_rate IS NOT NULL THEN as_percent(retention_rate, 0) || '%' END)
FROM report_lifecycle WHERE (bar - 1) % :life_every = 0 ORDER BY bar;
\qecho '<text class="end strong" x="90" y="362">retention</text></svg>'
SELECT $html$<details><summary>The numbers</summary><table class="numbers"><thead><tr><th scope="col">from</th>
<th scope="col">active</th><th scope="col">new</th><th scope="col">retained</th>
<th scope="col">back after a pause</th><th scope="col">churned</th><th scope="col">dormant</th>
<th scope="col">retention</th><th scope="col">churn</th><th scope="col">quick ratio</th></tr></thead><tbody>$html$;
SELECT format('<tr><th scope="row">%s</th>', to_char(period_start, 'YYYY-MM-DD'))
       || (SELECT string_agg('<td>' || coalesce(to_char(v, :'n'), '') || '</td>', '' ORDER BY i)
           FROM unnest(ARRAY[active, new_customers, retained, resurrected, churned, dormant]) WITH ORDINALITY AS u(v, i))
       || format('<td>%s</td><td>%s</td><td>%s</td></tr>',
                 CASE WHEN complete THEN as_percent(retention_rate) || '%' ELSE 'not over' END,
                 as_percent(churn_rate) || '%', round(quick_ratio::numeric, 2))
FROM report_lifecycle ORDER BY bar;
\qecho '</tbody></table></details></section>'
\else
\qecho '<section><p>There is no row with a customer and a time.</p></section>'
\endif

-- # How long members stay
-- Steps: the share falls on the day on which somebody leaves.  No more of them are
-- drawn than there are points from left to right.
\if :has_stays
SELECT last AS last, unit AS unit, days AS days, 984.0 / last AS step, ceil(last / days / 24)::int AS every,
       CASE WHEN unit = 'year' THEN floor(last / days) * days WHEN last >= 365 THEN 365 ELSE last END AS horizon,
       CASE WHEN unit = 'year' THEN format('in the first %s years', floor(last / days))
            WHEN last >= 365 THEN 'in the first year' ELSE format('in the first %s days', last) END AS within
FROM (SELECT max("time")::numeric AS last FROM report_stays, survival_table(stays)) AS l,
     LATERAL (SELECT CASE WHEN last <= 92 THEN 'day' WHEN last <= 3660 THEN 'month' ELSE 'year' END AS unit,
                     CASE WHEN last <= 92 THEN 1 WHEN last <= 3660 THEN 30.4375 ELSE 365.25 END AS days) AS u \gset stay_
CREATE TEMP TABLE report_steps ON COMMIT DROP AS
SELECT DISTINCT ON (x) x, round((14 + 260 * (1 - survival))::numeric, 1) AS y,
       round((14 + 260 * (1 - coalesce(lower, survival)))::numeric, 1) AS y_lower,
       round((14 + 260 * (1 - coalesce(upper, survival)))::numeric, 1) AS y_upper
FROM report_stays, survival_table(stays),
     LATERAL (SELECT round((100 + "time" * :stay_step)::numeric, 1) AS x) AS at
WHERE churned > 0 OR "time" = :stay_last
ORDER BY x, "time" DESC;
CREATE TEMP TABLE report_ticks ON COMMIT DROP AS
SELECT age, round((100 + age * :stay_days * :stay_step)::numeric, 1) AS x, at_risk, survival, lower, upper,
       round((14 + 260 * (1 - coalesce(upper, survival)))::numeric, 1) AS y_upper
FROM report_stays, generate_series(0, floor(:stay_last / :stay_days)::int) AS age,
     LATERAL (SELECT max(at_risk) FILTER (WHERE "time" >= age * :stay_days) AS at_risk,
                     (array_agg(ARRAY[survival, lower, upper] ORDER BY "time" DESC) FILTER (WHERE "time" <= age * :stay_days)) AS s
              FROM survival_table(stays)) AS t,
     LATERAL (SELECT coalesce(s[1][1], 1) AS survival, s[1][2] AS lower, s[1][3] AS upper) AS now;
SELECT format('<section><h2>How long they stay</h2><p class="hint">Share of all %s subscriptions that last longer than so many '
              '%ss, those that go on included for as long as they have been seen (Kaplan-Meier); the band is the 95%% '
              'confidence interval.</p>', to_char(at_risk, :'n'), :'stay_unit')
FROM report_ticks WHERE age = 0;
\qecho '<div class="equation">'
SELECT format('<div class="tile"><span>%s</span><b>%s</b><small>%s</small></div>', name, value, note)
FROM report_stays, lifetime_quantile_interval(stays, 0.5) AS ci,
     LATERAL (SELECT sum(churned) AS ended, sum(censored) AS going FROM survival_table(stays)) AS t,
     LATERAL (VALUES
         (1, 'Subscriptions', to_char(ended + going, :'n'), to_char(going, :'n') || ' of them go on'),
         (2, 'Median stay', CASE WHEN median_lifetime(stays) IS NULL THEN 'not yet'
                                 ELSE format('%s %ss', round((median_lifetime(stays) / :stay_days)::numeric, 1), :'stay_unit') END,
             CASE WHEN median_lifetime(stays) IS NULL THEN 'fewer than half have ended'
                  ELSE 'by when half have ended' || CASE WHEN ci.lower IS NULL THEN '' ELSE
                       format(' (95%%: %s to %s)', round((ci.lower / :stay_days)::numeric, 1),
                              coalesce(round((ci.upper / :stay_days)::numeric, 1)::text, 'not yet known')) END END),
         (3, 'Mean stay', format('%s %ss', round((mean_lifetime(stays, :stay_horizon) / :stay_days)::numeric, 1), :'stay_unit'),
             format('%s, what is later not counted (error %s)', :'stay_within',
                    round((mean_lifetime_error(stays, :stay_horizon) / :stay_days)::numeric, 2)))) AS v(position, name, value, note)
ORDER BY position;
\qecho '</div>'
SELECT $html$<div class="legend" style="margin-top: 12px"><span><i class="retained"></i>share that stays longer</span>
<span><i class="band"></i>95% interval</span></div>$html$;
SELECT format('<svg viewBox="0 0 1120 324" role="img" aria-labelledby="stay-title stay-text"><title id="stay-title">Survival '
              'curve</title><desc id="stay-text">%s</desc>', coalesce(string_agg(format('After %s %s%s %s%% are left.',
              age, :'stay_unit', CASE WHEN age <> 1 THEN 's' END, as_percent(survival)), ' ' ORDER BY age), ''))
FROM report_ticks WHERE age IN (1, (SELECT max(age) FROM report_ticks));
SELECT format('<line class="%s" x1="100" x2="1104" y1="%s" y2="%2$s"/><text class="soft end" x="90" y="%s">%s%%</text>',
              CASE i WHEN 0 THEN 'axis' ELSE 'grid' END, y, y + 4, 20 * i)
FROM generate_series(0, 5) AS i, LATERAL (SELECT 274 - 52 * i AS y) AS at;
SELECT format('<polygon class="band" points="100,14 %s %s 100,14"/>', string_agg(format('%s,%s %1$s,%3$s', x, was_upper, y_upper), ' ' ORDER BY x),
              string_agg(format('%s,%s %1$s,%3$s', x, y_lower, was_lower), ' ' ORDER BY x DESC))
       || format(E'\n<polyline class="line" points="100,14 %s"/>', string_agg(format('%s,%s %1$s,%3$s', x, was, y), ' ' ORDER BY x))
FROM (SELECT *, coalesce(lag(y) OVER w, 14) AS was, coalesce(lag(y_lower) OVER w, 14) AS was_lower,
             coalesce(lag(y_upper) OVER w, 14) AS was_upper
      FROM report_steps WINDOW w AS (ORDER BY x)) AS s;
SELECT format('<line class="mark" x1="100" x2="%s" y1="144" y2="144"/><line class="mark" x1="%1$s" x2="%1$s" y1="144" y2="274"/>',
              round((100 + median_lifetime(stays) * :stay_step)::numeric, 1))
FROM report_stays WHERE median_lifetime(stays) IS NOT NULL;
SELECT format('<text class="mid strong" x="%s" y="%s" dx="9">%s</text><text class="mid" x="%1$s" y="292">%4$s</text>'
              '<text class="mid soft small" x="%1$s" y="309">%5$s</text>', x, y_upper - 7,
              CASE WHEN age > 0 THEN as_percent(survival, 0) || '%' END, age, to_char(coalesce(at_risk, 0), :'n'))
FROM report_ticks WHERE age % :stay_every = 0 ORDER BY age;
SELECT format('<text class="end" x="70" y="292">%ss</text><text class="soft end" x="70" y="309">still seen</text></svg>', :'stay_unit');
SELECT format('<details><summary>The numbers</summary><table class="numbers"><thead><tr><th scope="col">%s</th>'
              '<th scope="col">seen from its first day</th><th scope="col">ended in it</th><th scope="col">seen no further</th>'
              '<th scope="col">last longer</th><th scope="col">95%% from</th><th scope="col">to</th></tr></thead><tbody>', :'stay_unit');
SELECT format('<tr><th scope="row">%s</th><td>%s</td><td>%s</td><td>%s</td><td>%s%%</td><td>%s</td><td>%s</td></tr>', age,
              to_char(max(at_risk), :'n'), to_char(sum(churned), :'n'), to_char(sum(censored), :'n'), as_percent(min(survival)),
              as_percent((array_agg(lower ORDER BY "time" DESC))[1]) || '%',
              as_percent((array_agg(upper ORDER BY "time" DESC))[1]) || '%')
FROM report_stays, survival_table(stays), LATERAL (SELECT ceil("time"::numeric / :stay_days) AS age) AS a
GROUP BY age ORDER BY age;
\qecho '</tbody></table></details></section>'
\endif

-- # Members against others
\if :has_lift
SELECT format('<section><h2>%s against others</h2><p class="hint">Of the customers of the %s before %s, by whether they had a '
              'subscription when it began: how many came back in it. Who subscribes by choice differs from others anyway, so '
              'this difference is not what subscribing changes.</p><div class="equation">', :'members_html', :'unit',
              to_char(date :'lift_start', :'label'));
SELECT format('%s<div class="tile"><span>%s</span><b>%s</b><small>%s</small></div>', '<i>' || sign || '</i>', name, value, note)
FROM (SELECT (lift).* FROM report_lift) AS l,
     LATERAL (VALUES
         (1, NULL, :'members_html', as_percent(treated_rate) || '%',
             format('%s of %s came back', to_char(treated_retained, :'n'), to_char(treated, :'n'))),
         (2, '&#8722;', 'Others', as_percent(control_rate) || '%',
             format('%s of %s came back', to_char(control_retained, :'n'), to_char(control, :'n'))),
         (3, '=', 'Difference', to_char(100 * lift, 'FMSG990.0') || ' points',
             format('95%%: %s to %s%s', to_char(100 * lower, 'FMSG990.0'), to_char(100 * upper, 'FMSG990.0'),
                    CASE WHEN p_value IS NULL THEN '' WHEN p_value < 0.0001 THEN ', p below 0.0001'
                         ELSE ', p = ' || round(p_value::numeric, 4) END))) AS t(position, sign, name, value, note)
ORDER BY position;
\qecho '</div></section>'
\endif

-- # Net promoter score
\if :has_nps
SELECT 1004.0 / count(*) AS step, ceil(36 * count(*) / 1004.0)::int AS every FROM report_nps \gset nps_
SELECT $html$<section><h2>What they say</h2>
<p class="hint">Answers to &#8220;would you recommend us?&#8221;, 0 to 10, by month. Net promoter score = promoters
minus detractors, in percent of the answers; the number above a bar.</p>$html$;
SELECT $html$<div class="legend"><span><i class="promoters"></i>promoters, 9 and 10</span>
<span><i class="passives"></i>passives, 7 and 8</span>
<span><i class="detractors"></i>detractors, 0 to 6</span></div>$html$;
SELECT format('<svg viewBox="0 0 1120 304" role="img" aria-labelledby="nps-title nps-text"><title id="nps-title">Net promoter '
              'score by month</title><desc id="nps-text">From %s to %s, %s answers: %s.</desc>', to_char(min(month), 'YYYY-MM'),
              to_char(max(month), 'YYYY-MM'), to_char(sum(answers), :'n'), to_char(nps(rollup(s)), 'FMS990.0'))
FROM report_nps;
SELECT format('<line class="%s" x1="100" x2="1104" y1="%s" y2="%2$s"/><text class="soft end" x="90" y="%s">%s%%</text>',
              CASE i WHEN 0 THEN 'axis' ELSE 'grid' END, 246 - 2 * i, 250 - 2 * i, i)
FROM generate_series(0, 100, 25) AS i;
SELECT format('<g><title>%s: %s (95%%: %s to %s), %s promoters, %s passives, %s detractors</title>', to_char(month, 'YYYY-MM'),
              to_char(nps(s), 'FMS990.0'), to_char(ci.lower, 'FMS990.0'), to_char(ci.upper, 'FMS990.0'),
              to_char((s).promoters, :'n'), to_char((s).passives, :'n'), to_char((s).detractors, :'n'))
       || string_agg(format('<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>', class,
                            round(100 + (bar - 0.9) * :nps_step, 1), round(246 - 200.0 * upto / answers, 1),
                            round(0.8 * :nps_step, 1), round(200.0 * count / answers, 1)),
                     '' ORDER BY position) || '</g>'
FROM report_nps, nps_interval(s) AS ci,
     LATERAL (VALUES (1, 'detractors', (s).detractors, (s).detractors),
                     (2, 'passives', (s).passives, (s).detractors + (s).passives),
                     (3, 'promoters', (s).promoters, answers)) AS v(position, class, count, upto)
WHERE answers > 0
GROUP BY bar, month, s, ci.lower, ci.upper
ORDER BY bar;
SELECT format('<text class="mid strong" x="%s" y="31">%s</text><text class="mid" x="%1$s" y="264">%3$s</text>'
              '<text class="mid soft" x="%1$s" y="279">%4$s</text><text class="mid soft small" x="%1$s" y="298">%5$s</text>',
              round(100 + (bar - 0.5) * :nps_step, 1), to_char(nps(s), 'FMS990'), to_char(month, 'Mon'),
              CASE WHEN to_char(month, 'YYYY') IS DISTINCT FROM lag(to_char(month, 'YYYY')) OVER (ORDER BY bar)
                   THEN to_char(month, 'YYYY') END, to_char(coalesce(answers, 0), :'n'))
FROM report_nps WHERE (bar - 1) % :nps_every = 0 ORDER BY bar;
SELECT $html$<text class="end strong" x="90" y="31">score</text>
<text class="end soft" x="90" y="298">answers</text></svg></section>$html$;
\endif

-- # Lifetime value
\if :has_amounts
SELECT $html$<section><h2>What they are worth</h2>
<p class="hint">Lifetime value so far: what a purchase brings, times how often customers buy, times how long they
stay. Each factor is a ratio of sums, so the product is revenue divided by customers.</p>
<div class="equation">$html$;
SELECT format('%s<div class="tile"><span>%s</span><b>%s</b><small>%s</small></div>', '<i>' || sign || '</i>', name, value, note)
FROM (SELECT (clv).* FROM report_data) AS c,
     LATERAL (VALUES
         (1, NULL, 'Average purchase', :'currency_html' || to_char(average_purchase_value, 'FM999,999,999,990.00'),
             to_char(purchases, :'n') || ' purchases'),
         (2, '&#215;', 'Purchases per year', to_char(purchases_per_year, 'FM999,999,990.00'),
             'of the time between first and last'),
         (3, '&#215;', 'Years', to_char(relationship_years, 'FM990.00'), 'between first and last purchase, on average'),
         (4, '=', 'Lifetime value', :'currency_html' || to_char(clv, 'FM999,999,999,990.00'),
             format('%s of revenue / %s customers', :'currency_html' || to_char(revenue, 'FM999,999,999,999,990'),
                    to_char(customers, :'n')))) AS t(position, sign, name, value, note)
WHERE position = 4 OR purchases_per_year IS NOT NULL
ORDER BY position;
\qecho '</div></section>'
\endif

-- # Who will come back
-- Of enough customers to tell.  A fit that finds nothing says so by its result.
SELECT coalesce(customers(activity) >= 100, false) AS has_segments, current_setting('client_min_messages') AS messages,
       greatest(1, least(90, (upper(span) - lower(span)) / 4)) AS days
FROM report_data, LATERAL (SELECT activity_span(activity) AS span) AS s \gset coming_
\if :coming_has_segments
CREATE TEMP TABLE report_customers ON COMMIT DROP AS
SELECT rfm_summary(o.at::date, o.amount, date :'as_of_day') AS s,
       rfm_summary(o.at::date, o.amount, date :'as_of_day' - :coming_days) AS earlier,
       count(DISTINCT o.at::date) FILTER (WHERE o.at::date >= date :'as_of_day' - :coming_days) AS later
FROM (SELECT NULL::double precision AS amount) AS absent,
     LATERAL (SELECT :customer AS customer, :at AS at, (:amount)::double precision AS amount FROM :orders) AS o
WHERE o.customer IS NOT NULL AND o.at < date :'as_of_day'
GROUP BY o.customer;
SET LOCAL client_min_messages = error;
CREATE TEMP TABLE report_models ON COMMIT DROP AS
SELECT fit_mbgnbd((s).frequency, (s).recency, (s).age) AS m, fit_gamma_gamma((s).frequency, (s).monetary_value) AS g,
       fit_mbgnbd((earlier).frequency, (earlier).recency, (earlier).age) AS m_earlier
FROM report_customers;
SET LOCAL client_min_messages = :coming_messages;
SELECT (m).converged AS has_model, coalesce((g).converged AND (g).q > 1, false) AS has_spend,
       coalesce((m_earlier).converged, false) AS has_earlier
FROM report_models \gset coming_
CREATE TEMP TABLE report_segments ON COMMIT DROP AS
SELECT segment, count(*) AS customers, count(*) / sum(count(*)) OVER () AS share,
       CASE WHEN :'has_amounts' THEN greatest(sum((s).revenue) / nullif(sum(sum((s).revenue)) OVER (), 0), 0)::numeric END AS revenue_share,
       avg((s).age - (s).recency) AS days_ago, sum(expected) AS expected,
       row_number() OVER (ORDER BY sum((s).revenue) DESC, sum((s).frequency) DESC, segment) AS bar
FROM (SELECT s, CASE WHEN :'coming_has_model' THEN expected_purchases(m, s, '1 day'::interval * :coming_days) END AS expected,
             rfm_segment(rfm_score(5) OVER (ORDER BY (s).age - (s).recency DESC), rfm_score(5) OVER (ORDER BY (s).frequency),
                         rfm_score(5) OVER (ORDER BY CASE WHEN :'has_amounts' THEN (s).revenue ELSE (s).frequency END)) AS segment
      FROM report_customers, report_models) AS scored
GROUP BY segment;
SELECT format('<section><h2>Who will come back</h2><p class="hint">Customers by how long ago, how often%s they bought, each '
              'scored among all others%s</p>', CASE WHEN :'has_amounts' THEN ' and for how much' END,
              CASE WHEN :'coming_has_model' THEN format('; and what a purchase model (MBG/NBD) expects of them in the next %s '
              'days. Those who are new then come on top.', :coming_days) ELSE '.' END);
\if :coming_has_model
\qecho '<div class="equation">'
SELECT format('<div class="tile"><span>%s</span><b>%s</b><small>%s</small></div>', name, value, note)
FROM (SELECT count(*) AS customers, sum(p_alive(m, s)) AS alive,
             sum(expected_purchases(m, s, '1 day'::interval * :coming_days)) AS expected,
             CASE WHEN :'coming_has_spend' THEN sum(clv(m, g, s, '1 day'::interval * :coming_days)) END AS revenue,
             CASE WHEN :'coming_has_earlier' THEN sum(expected_purchases(m_earlier, earlier, '1 day'::interval * :coming_days)) END AS foretold,
             sum(later) FILTER (WHERE NOT earlier IS NULL) AS came
      FROM report_customers, report_models) AS t,
     LATERAL (VALUES
         (1, 'Still customers', to_char(alive, :'n'), format('expected, of %s; the others have left', to_char(customers, :'n'))),
         (2, 'Expected purchases', to_char(expected, :'n'), format('in the next %s days', :coming_days)),
         (3, 'Expected revenue', :'currency_html' || to_char(revenue, :'n'), 'from them'),
         (4, 'Back-test', to_char(100 * (foretold / nullif(came, 0) - 1), 'FMS990.0') || '%',
             format('%s expected of the last %s days, %s came', to_char(foretold, :'n'), :coming_days, to_char(came, :'n')))) AS v(position, name, value, note)
WHERE value IS NOT NULL
ORDER BY position;
\qecho '</div>'
\endif
SELECT $html$<div class="legend" style="margin-top: 12px"><span><i class="new"></i>share of customers</span>$html$
       || CASE WHEN :'has_amounts' THEN '<span><i class="retained"></i>share of revenue so far</span>' ELSE '' END || '</div>';
SELECT format('<svg viewBox="0 0 1120 %s" role="img" aria-labelledby="coming-title coming-text"><title id="coming-title">Segments '
              'of customers</title><desc id="coming-text">%s.</desc>', 24 + 30 * count(*),
              string_agg(format('%s: %s customers', segment, to_char(customers, :'n')), ', ' ORDER BY bar))
FROM report_segments;
SELECT format('<text class="soft end" x="870" y="12">customers</text><text class="soft end" x="990" y="12">days ago</text>%s',
              CASE WHEN :'coming_has_model' THEN '<text class="soft end" x="1104" y="12">expected purchases</text>' END);
SELECT format('<g><title>%s: %s of %s customers%s</title>%s</g>', segment, to_char(customers, :'n'),
              to_char(sum(customers) OVER (), :'n'),
              CASE WHEN :'has_amounts' THEN ', ' || as_percent(revenue_share) || '% of the revenue' END, bars)
       || format('<text class="end" x="140" y="%s">%s</text>', y + 14, segment)
       || format('<text class="end" x="870" y="%s">%s</text>', y + 14, to_char(customers, :'n'))
       || format('<text class="end" x="990" y="%s">%s</text>', y + 14, to_char(days_ago, :'n'))
       || format('<text class="end" x="1104" y="%s">%s</text>', y + 14, to_char(expected, :'n'))
FROM report_segments, LATERAL (SELECT 22 + 30 * (bar - 1) AS y) AS at,
     (SELECT greatest(max(share), max(revenue_share)) AS top FROM report_segments) AS t,
     LATERAL (SELECT string_agg(format('<rect class="%s" x="150" y="%s" width="%s" height="10"/><text class="soft small" x="%s" y="%s">%s%%</text>',
                                       class, v.y, width, width + 155, v.y + 9, as_percent(part, 0)), '' ORDER BY v.y) AS bars
              FROM (VALUES ('new', y, share), ('retained', y + 11, revenue_share)) AS v(class, y, part),
                   LATERAL (SELECT round(560 * part / top, 1) AS width) AS w
              WHERE part IS NOT NULL) AS b
ORDER BY bar;
\qecho '</svg></section>'
\endif

-- # What it was made of
SELECT format('<footer><p>As of %s, the first day whose data are not complete. %s events of %s customers on %s customer-days%s, '
              'from %s; period %s.%s%s</p><p>Made by the PostgreSQL extension retention %s.</p></footer>', :'as_of_day',
              to_char(events, :'n'), to_char(coalesce(customers(activity), 0), :'n'),
              to_char(coalesce(active_days(activity), 0), :'n'),
              to_char(lower(activity_span(activity)), ', YYYY-MM-DD')
              || to_char(upper(activity_span(activity)) - 1, ' "to" YYYY-MM-DD'),
              :'orders_html', :'period_html',
              CASE WHEN :'has_surveys' THEN format(' %s survey answers from %s.',
                   (SELECT to_char(coalesce(sum(answers), 0), :'n') FROM report_nps), :'surveys_html') END,
              CASE WHEN :'has_subscriptions' THEN format(' %s subscriptions from %s.',
                   (SELECT to_char(coalesce(sum(churned + censored), 0), :'n') FROM report_stays, survival_table(stays)),
                   :'subscriptions_html') END, :'version')
FROM report_data;
\qecho '</main>'
\qecho '</body>'
\qecho '</html>'
ROLLBACK;
