-- The report on a table of orders (customer_id, ordered_at, amount)

-- (not shown)
SELECT format('[%s,%s)', (month - interval '1 month')::date, month::date) AS month_before,
       format('[%s,%s)', month::date, (month + interval '1 month')::date) AS month,
       (date_trunc('month', first) + interval '1 month')::date AS second_month,
       month::date AS last_month,
       greatest(date_trunc('month', first), month - interval '35 months')::date AS since
FROM (SELECT date_trunc('month', max(ordered_at)) AS month, min(ordered_at) AS first
      FROM orders WHERE customer_id IS NOT NULL) AS o
\gset

-- # Orders

SELECT count(*) AS orders, count(DISTINCT customer_id) AS customers,
       min(ordered_at)::date AS first_day, max(ordered_at)::date AS last_day
FROM orders;

-- # Retention, one number
-- Of the customers who ordered in the month before the last, the share who
-- ordered again in the last month. A fraction: 0.25 is a quarter of them.

SELECT retention_rate(customer_id, ordered_at,
                      :'month_before', :'month')
FROM orders;

-- # Retention and churn by month
-- base: customers of the month before; retained: those of them who ordered this
-- month, lost: those who did not; acquired: ordered this month, but not the
-- month before (new, or back after a pause). If the last month is not over
-- yet, its retention will still rise.

SELECT to_char(month, 'YYYY-MM') AS month,
       (s).base, (s).retained, (s).lost, (s).acquired,
       as_percent(retention_rate(s)) AS "retention %",
       as_percent(churn_rate(s)) AS "churn %"
FROM generate_series(timestamp :'second_month', timestamp :'last_month',
                     interval '1 month') AS month,
     LATERAL (SELECT retention_summary(customer_id, ordered_at,
                         tsrange(month - interval '1 month', month),
                         tsrange(month, month + interval '1 month')) AS s
              FROM orders
              WHERE ordered_at >= month - interval '1 month'
                AND ordered_at < month + interval '1 month') AS m
ORDER BY month;

-- # Cohorts
-- All that is asked below about who came, stayed, left and came back is read
-- from one value, made in one pass over the orders.

CREATE TEMP TABLE activity AS
SELECT customer_activity(customer_id, ordered_at) AS a FROM orders;

-- A row: the customers whose first order was in that month. A column: the
-- percentage of them who ordered again that many months later. *: the month is
-- not over yet, this is the percentage so far; empty: still to come.

SELECT format('%s %6s', to_char(cohort, 'YYYY-MM'), customers) AS "cohort    size",
       age, format('%3s', round(100.0 * retained / customers)
                          || CASE WHEN complete THEN '' ELSE '*' END) AS percent
FROM activity, cohort_table(a, '1 month', horizon => 12, since => :'since')
\crosstabview

-- # Who comes, stays, goes and returns
-- active = new + retained + resurrected (back after a pause). churned: active
-- the month before, but not this month; dormant: in neither, but earlier.
-- quick_ratio = (new + resurrected) / churned: above 1 the shop grows.

SELECT to_char(period_start, 'YYYY-MM') AS month, active, new_customers AS new,
       retained, resurrected, churned, dormant,
       as_percent(retention_rate) AS "retention %",
       round(quick_ratio::numeric, 2) AS quick_ratio
FROM activity, lifecycle_table(a, '1 month', since => :'since');

-- # Retention curve
-- All cohorts together: of the customers whose age-th month is over, those who
-- ordered in it. With 95 % confidence the true rate lies from lower to upper.

SELECT age AS months_later, customers, retained,
       as_percent(retention_rate) AS "retention %",
       as_percent(lower) AS lower, as_percent(upper) AS upper
FROM activity, retention_curve(a, '1 month', horizon => 12);

-- # Repeat purchases
-- by_order: share of all customers with two orders or more; by_day: with orders
-- on two days or more; within_eight_weeks: of those whose first order is at
-- least eight weeks old, the share that ordered again within eight weeks of it.

SELECT repeat_purchase_rate(customer_id) AS by_order,
       repeat_purchase_rate(customer_id, customer_key(ordered_at::date)) AS by_day,
       repeat_purchase_rate(customer_id, ordered_at, '56 days') AS within_eight_weeks
FROM orders;

-- # Customer lifetime value and its parts
-- clv = average_purchase_value x purchases_per_year x relationship_years, and
-- that is revenue / customers: what a customer has been worth so far. The years
-- are those between first and last purchase, 0 for who bought once.

SELECT (clv_summary(customer_id, ordered_at, amount)).* FROM orders \gx
