-- What the sections are made of, as temporary tables, and whether there is enough of it

SELECT :'orders' <> '' AS has_orders, coalesce(nullif(:'as_of', '')::date::text, '') AS as_of,
       CASE WHEN :'amount' = '' THEN 'NULL' ELSE :'amount' END AS amount,
       :'surveys' <> '' AS has_surveys, :'names' <> '' AS has_names,
       pg_temp.html(:'title') AS title_html, pg_temp.html(:'currency') AS currency_html,
       pg_temp.html(:'members') AS members_html, pg_temp.html(:'orders') AS orders_html,
       pg_temp.html(:'surveys') AS surveys_html, pg_temp.html(:'events') AS events_html, pg_temp.html(:'subscriptions') AS subscriptions_html,
       pg_temp.html(:'period') AS period_html \gset

-- The orders, whatever they are called.  A column "amount" that is not there is NULL.
-- A refund gives money back and is not a purchase.
\if :has_orders
CREATE TEMP VIEW report_orders AS
SELECT o.customer, o.at, o.at::date AS day, o.amount, coalesce(o.amount >= 0, true) AS is_purchase
FROM (SELECT NULL::numeric AS amount) AS absent,
     LATERAL (SELECT :customer AS customer, :at AS at, (:amount)::numeric AS amount FROM :orders) AS o
WHERE o.customer IS NOT NULL AND o.at IS NOT NULL AND (:'as_of' = '' OR o.at < nullif(:'as_of', '')::date);
\else
CREATE TEMP VIEW report_orders AS
SELECT NULL::bigint AS customer, NULL::timestamp AS at, NULL::date AS day, NULL::numeric AS amount, true AS is_purchase WHERE false;
\endif

-- What the rows are.  A value of purchases keeps 18 digits of what a customer brought,
-- 9 of them behind the point: more than that is rounded, and what is larger than that
-- is counted in tens, hundreds and so on, "money_unit".
CREATE TEMP TABLE report_rows ON COMMIT DROP AS
SELECT count(*) FILTER (WHERE is_purchase) AS events, count(*) FILTER (WHERE NOT is_purchase) AS refunds,
       count(amount) AS amounts, coalesce(max(min_scale(amount)), 0) AS decimals, coalesce(sum(abs(amount)), 0) AS total
FROM report_orders;
SELECT trim_scale(power(10::numeric, greatest(-digits, 0))) AS money_unit, amounts > 0 AS has_amounts,
       CASE WHEN decimals <= digits THEN 'amount' ELSE format('round(amount / %s, %s)', power(10::numeric, greatest(-digits, 0)), greatest(digits, 0)) END AS money
FROM report_rows, LATERAL (SELECT least(9, CASE WHEN total BETWEEN 1e-9 AND 1e300 THEN 17 - floor(log(total)) ELSE 9 END)::int AS digits) AS d \gset

-- All purchases and refunds in one value, from which everything about customers is read
CREATE TEMP TABLE report_data ON COMMIT DROP AS
SELECT p, customer_activity(p) AS activity, clv_summary(p) AS clv
FROM (SELECT customer_purchases(customer, at, :money) AS p FROM report_orders OFFSET 0) AS v;

SELECT activity IS NOT NULL AS has_activity, activity IS NOT NULL AND :'has_amounts' AS has_amounts,
       CASE WHEN :'as_of' <> '' THEN :'as_of' WHEN activity IS NULL THEN '' ELSE upper(purchase_span(p))::text END AS as_of,
       coalesce(customers(activity), 0) AS customers
FROM report_data \gset

-- How periods are called, and how one of them is
SELECT CASE WHEN months = 1 THEN 'month' WHEN months = 3 THEN 'quarter' WHEN months = 12 THEN 'year'
            WHEN days = 1 THEN 'day' WHEN days = 7 THEN 'week' ELSE 'period' END AS unit,
       CASE WHEN months = 0 THEN 'YYYY-MM-DD' WHEN months % 12 = 0 THEN 'YYYY' ELSE 'YYYY-MM' END AS label,
       CASE WHEN months = 0 THEN 'MM-DD' WHEN months % 12 = 0 THEN 'YYYY' ELSE 'Mon' END AS label_1,
       CASE WHEN months > 0 AND months % 12 = 0 THEN '' ELSE 'YYYY' END AS label_2
FROM (SELECT interval :'period') AS p(p),
     LATERAL (SELECT extract(year FROM p)::int * 12 + extract(month FROM p)::int AS months,
                     extract(day FROM p)::int AS days) AS parts \gset

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

-- What customers brought: by cohort and age, by age, by period
CREATE TEMP TABLE report_revenue_cohorts ON COMMIT DROP AS
SELECT c.* FROM report_data, revenue_cohort_table(p, :'period', nullif(:'as_of', '')::date) AS c
WHERE :'has_amounts' AND age <= :ages;

CREATE TEMP TABLE report_brought ON COMMIT DROP AS
SELECT age, customers, cumulative_per_customer * :money_unit AS value,
       lower * :money_unit AS lower, upper * :money_unit AS upper
FROM report_data, revenue_curve(p, :'period', nullif(:'as_of', '')::date)
WHERE :'has_amounts' AND age <= :ages AND customers > 0;

CREATE TEMP TABLE report_revenue ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY period_start) AS bar, r.*
FROM (SELECT r.* FROM report_data, revenue_table(p, :'period', nullif(:'as_of', '')::date) AS r
      WHERE :'has_amounts' ORDER BY period_start DESC LIMIT :bins) AS r;

-- Survey answers by month
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

\set coming_has_model f
\set has_fit f
\set has_calls f
-- Customers, one row each: as they are now, and as they were some time before, to see
-- whether what was foretold then has come.  "later": their purchase days since then.
SELECT greatest(1, least(90, (upper(span) - lower(span)) / 4)) AS days
FROM report_data, activity_span(activity) AS span \gset coming_
\if :has_activity
CREATE TEMP TABLE report_customers ON COMMIT DROP AS
SELECT now.*, earlier.frequency AS earlier_frequency, earlier.recency AS earlier_recency, earlier.age AS earlier_age,
       now.frequency - earlier.frequency AS later
FROM report_data CROSS JOIN rfm_table(p, date :'as_of') AS now
     LEFT JOIN rfm_table((SELECT p FROM report_data), date :'as_of' - :coming_days) AS earlier USING (customer);
-- Models of how often they come, now and then, and of what they spend.  A fit that finds
-- nothing warns; here the page says so.
SELECT current_setting('client_min_messages') AS messages \gset coming_
SET LOCAL client_min_messages = error;
CREATE TEMP TABLE report_models ON COMMIT DROP AS
SELECT fit_mbgnbd(p, date :'as_of') AS m, fit_gamma_gamma(p, date :'as_of') AS g,
       fit_mbgnbd(p, date :'as_of' - :coming_days) AS m_earlier
FROM report_data WHERE :customers >= 100;
SET LOCAL client_min_messages = :coming_messages;
SELECT coalesce((m).converged, false) AS has_model, coalesce((g).converged AND (g).q > 1, false) AND :'has_amounts' AS has_spend,
       coalesce((m_earlier).converged, false) AS has_earlier
FROM (SELECT) AS one LEFT JOIN report_models ON true \gset coming_
-- Whether one of them fits is seen by weeks, or by what is not too many for a chart
SELECT :'coming_has_model' OR :'coming_has_earlier' AS has_fit,
       CASE WHEN :'coming_has_earlier' THEN (date :'as_of' - :coming_days)::text ELSE :'as_of' END AS fit_day,
       CASE WHEN days <= 1100 THEN '7 days' WHEN days <= 5500 THEN '1 month' ELSE '1 year' END AS fit_period,
       CASE WHEN days <= 1100 THEN 'week' WHEN days <= 5500 THEN 'month' ELSE 'year' END AS fit_unit,
       CASE WHEN days <= 1100 THEN 'YYYY-MM-DD' WHEN days <= 5500 THEN 'YYYY-MM' ELSE 'YYYY' END AS fit_label,
       CASE WHEN days <= 1100 THEN 'MM-DD' WHEN days <= 5500 THEN 'Mon' ELSE 'YYYY' END AS fit_label_1,
       CASE WHEN days <= 5500 THEN 'YYYY' ELSE '' END AS fit_label_2
FROM (SELECT date :'as_of' - lower(span) AS days FROM report_data, activity_span(activity) AS span) AS s \gset
-- What the mean of the customers' revenues may be, of enough customers to tell
SELECT coalesce(format(' (95%%: %s to %s)', pg_temp.money(:'currency_html', mean - error),
                       pg_temp.money(:'currency_html', mean + error)), '') AS ci
FROM (SELECT avg(revenue) * :money_unit AS mean, 1.96 * stddev_samp(revenue) * :money_unit / sqrt(count(*)) AS error
      FROM report_customers HAVING count(*) >= 30 AND :'has_amounts') AS m
UNION ALL SELECT '' ORDER BY 1 DESC LIMIT 1 \gset value_

-- Whom to call: who came on three days or more, has waited longer than they usually do,
-- and of whom the most is at stake; and what they are called
CREATE TEMP TABLE report_calls ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY at_stake DESC, customer) AS place, c.*
FROM (SELECT customer, last_day, age - recency AS waited, recency / frequency AS usual, purchases, revenue, alive, (1 - alive) * expected AS at_stake
      FROM report_customers, report_models,
           LATERAL (SELECT p_alive(m, frequency, recency, age) AS alive,
                           CASE WHEN :'coming_has_spend' THEN clv(m, g, frequency, recency, age, monetary_value, '1 year', 0.1)
                                ELSE expected_purchases(m, frequency, recency, age, '1 year') END AS expected OFFSET 0) AS e
      WHERE :'coming_has_model' AND frequency > 1 AND age - recency > recency / frequency AND (1 - alive) * expected > 0
      ORDER BY at_stake DESC, customer LIMIT :calls) AS c;
CREATE TEMP TABLE report_names ON COMMIT DROP AS
SELECT customer, min(name) AS name
FROM
\if :has_names
     (SELECT (:id)::customer_key::bigint AS customer, (:name)::text AS name FROM :names) AS n
\else
     (SELECT customer::customer_key::bigint AS customer, customer::text AS name FROM report_orders) AS n
\endif
WHERE customer IN (SELECT customer FROM report_calls)
GROUP BY customer;
\endif

SELECT EXISTS (SELECT FROM report_curve WHERE age > 0) AS has_curve,
       EXISTS (SELECT FROM report_nps) AS has_nps,
       EXISTS (SELECT FROM report_revenue WHERE revenue <> 0 OR refunded <> 0) AS has_revenue,
       :customers >= 10 AND EXISTS (SELECT FROM report_data WHERE gini(p) IS NOT NULL) AS has_concentration,
       :customers >= 100 AS has_segments \gset
SELECT :'has_curve' AND :'has_revenue' AS has_brought \gset
\if :has_activity
SELECT EXISTS (SELECT FROM report_calls) AS has_calls \gset
\endif
