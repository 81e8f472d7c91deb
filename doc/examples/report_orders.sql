-- The report on a table of orders (customer_id, ordered_at, amount)

-- (not shown)
SELECT format('[%s,%s)', (month - interval '1 month')::date, month::date) AS month_before,
       format('[%s,%s)', month::date, (month + interval '1 month')::date) AS month,
       (date_trunc('month', first) + interval '1 month')::date AS second_month,
       month::date AS last_month,
       greatest(date_trunc('month', first), month - interval '35 months')::date AS since
FROM (SELECT date_trunc('month', max(ordered_at)) AS month, min(ordered_at) AS first
      FROM orders WHERE customer_id IS NOT NULL AND coalesce(amount >= 0, true)) AS o
\gset

-- # Orders
-- An amount below 0 is a refund, and a refund is not a purchase: who came and who
-- came back is asked of purchases, what they brought of all orders.

CREATE TEMP VIEW purchases AS
SELECT * FROM orders WHERE coalesce(amount >= 0, true);


SELECT count(*) AS orders, count(DISTINCT customer_id) AS customers,
       min(ordered_at)::date AS first_day, max(ordered_at)::date AS last_day
FROM purchases;

-- # Retention, one number
-- Of the customers who ordered in the month before the last, the share who
-- ordered again in the last month. A fraction: 0.25 is a quarter of them.

SELECT retention_rate(customer_id, ordered_at,
                      :'month_before', :'month')
FROM purchases;

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
              FROM purchases
              WHERE ordered_at >= month - interval '1 month'
                AND ordered_at < month + interval '1 month') AS m
ORDER BY month;

-- # Cohorts
-- All that is asked below about who came, stayed, left and came back, and about
-- what they brought, is read from one value, made in one pass over the orders.

CREATE TEMP TABLE shop AS
SELECT customer_purchases(customer_id, ordered_at, amount) AS p FROM orders;

-- A row: the customers whose first order was in that month. A column: the
-- percentage of them who ordered again that many months later. *: the month is
-- not over yet, this is the percentage so far; empty: still to come.

SELECT format('%s %6s', to_char(cohort, 'YYYY-MM'), customers) AS "cohort    size",
       age, format('%3s', round(100.0 * retained / customers)
                          || CASE WHEN complete THEN '' ELSE '*' END) AS percent
FROM shop, cohort_table(p, '1 month', horizon => 12, since => :'since')
\crosstabview

-- # Who comes, stays, goes and returns
-- active = new + retained + resurrected (back after a pause). churned: active
-- the month before, but not this month; dormant: in neither, but earlier.
-- quick_ratio = (new + resurrected) / churned: above 1 the shop grows.

SELECT to_char(period_start, 'YYYY-MM') AS month, active, new_customers AS new,
       retained, resurrected, churned, dormant,
       as_percent(retention_rate) AS "retention %",
       round(quick_ratio::numeric, 2) AS quick_ratio
FROM shop, lifecycle_table(p, '1 month', since => :'since');

-- # Retention curve
-- All cohorts together: of the customers whose age-th month is over, those who
-- ordered in it. With 95 % confidence the true rate lies from lower to upper.

SELECT age AS months_later, customers, retained,
       as_percent(retention_rate) AS "retention %",
       as_percent(lower) AS lower, as_percent(upper) AS upper
FROM shop, retention_curve(p, '1 month', horizon => 12);

-- # Repeat purchases
-- by_order: share of all customers with two orders or more; by_day: with orders
-- on two days or more; within_eight_weeks: of those whose first order is at
-- least eight weeks old, the share that ordered again within eight weeks of it.

SELECT repeat_purchase_rate(customer_id) AS by_order,
       repeat_purchase_rate(customer_id, customer_key(ordered_at::date)) AS by_day,
       repeat_purchase_rate(customer_id, ordered_at, '56 days') AS within_eight_weeks
FROM purchases;

-- # Customer lifetime value and its parts
-- clv = average_purchase_value x purchases_per_year x relationship_years, and
-- that is revenue / customers: what a customer has been worth so far. The years
-- are those between first and last purchase, 0 for who bought once.

SELECT (clv_summary(customer_id, ordered_at, amount)).* FROM orders \gx

-- # What they have brought by then
-- The lifetime value curve: of the customers whose age-th month is over, what each
-- has brought by its end, refunds subtracted. With 95 % confidence it lies from
-- lower to upper.

SELECT age AS months_later, customers,
       round(cumulative_per_customer::numeric, 2) AS brought,
       round(lower::numeric, 2) AS lower, round(upper::numeric, 2) AS upper
FROM shop, revenue_curve(p, '1 month')
WHERE age <= 12;

-- The same of each cohort. *: the month is not over yet, this is so far.

SELECT format('%s %6s', to_char(cohort, 'YYYY-MM'), customers) AS "cohort    size",
       age, round(cumulative_revenue / customers)
            || CASE WHEN complete THEN '' ELSE '*' END AS brought
FROM shop, revenue_cohort_table(p, '1 month', since => :'since')
WHERE age <= 12
\crosstabview

-- # Whose revenue it is
-- Of new customers, of those of the month before, and of those back after a pause.
-- A refund counts on the purchase day before it.

SELECT to_char(period_start, 'YYYY-MM') AS month, active AS customers, revenue, refunded,
       new_revenue AS new, retained_revenue AS retained,
       resurrected_revenue AS back, complete
FROM shop, revenue_table(p, '1 month', since => :'since');

-- # How much the best of them bring
-- Customers in ten groups of one size, those who have brought the most first.

SELECT bin AS tenth, customers, revenue, as_percent(share) AS "share %",
       as_percent(cumulative_share) AS "with all above %"
FROM shop, concentration_table(p);

SELECT as_percent(top_share(p)) AS "best tenth %",
       as_percent(top_share(p, 0.01)) AS "best hundredth %", round(gini(p)::numeric, 2) AS gini
FROM shop;

-- # Segments: recency, frequency, monetary value
-- The orders of a customer in one row: how long ago, how often, how much.

-- (not shown)
SELECT last_day + 1 AS as_of, last_day - days + 1 AS as_of_then, -- rfm_summary's, now and then
       last_day - days AS known_until, format('%s days', days) AS quarter
FROM (SELECT max(ordered_at)::date AS last_day,
             greatest(1, least(90, (max(ordered_at)::date - min(ordered_at)::date) / 4)) AS days
      FROM purchases WHERE customer_id IS NOT NULL) AS o
\gset
CREATE TEMP TABLE customers AS
SELECT customer_id, rfm_summary(ordered_at::date, amount, :'as_of') AS s
FROM orders
WHERE customer_id IS NOT NULL AND ordered_at IS NOT NULL
GROUP BY customer_id
HAVING bool_or(coalesce(amount >= 0, true));

-- Each gets a score from 1 to 5 among all customers for every one of the three,
-- and a name by the scores. days_ago: since the last order, on average.

SELECT segment, count(*) AS customers,
       as_percent(count(*) / sum(count(*)) OVER ()) AS "customers %",
       as_percent(sum((s).revenue) / nullif(sum(sum((s).revenue)) OVER (), 0))
           AS "revenue %",
       round(avg((s).age - (s).recency)) AS days_ago,
       round(avg((s).frequency + 1), 1) AS order_days
FROM (SELECT s, rfm_segment(rfm_score(5) OVER (ORDER BY (s).age - (s).recency DESC),
                            rfm_score(5) OVER (ORDER BY (s).frequency),
                            rfm_score(5) OVER (ORDER BY (s).revenue)) AS segment
      FROM customers) AS scored
GROUP BY segment
ORDER BY sum((s).revenue) DESC NULLS LAST, segment;

-- # Who will come back, and what they are worth
-- From all customers together a model learns how often customers order and after
-- how many orders they leave, another one what they spend. With converged = f
-- there are too few customers, or they are too much alike: mistrust what follows.

-- (not shown)
SET client_min_messages = error;
CREATE TEMP TABLE model AS
SELECT fit_mbgnbd((s).frequency, (s).recency, (s).age) AS m,
       fit_gamma_gamma((s).frequency, (s).monetary_value) AS g
FROM customers;

SELECT (m).model AS "how often", (m).customers, (m).converged,
       (m).r::real, (m).alpha::real, (m).a::real, (m).b::real
FROM model;

SELECT 'Gamma-Gamma' AS "how much", (g).customers, (g).converged,
       (g).p::real, (g).q::real, (g).v::real
FROM model;

-- Does it predict? The same as of an earlier day, and then what was expected of
-- the customers of that day against what they did, by how often they had ordered.

WITH known AS (
    SELECT customer_id, rfm_summary(ordered_at::date, amount, :'as_of_then') AS s,
           count(DISTINCT ordered_at::date)
               FILTER (WHERE late AND coalesce(amount >= 0, true)) AS orders,
           coalesce(sum(amount) FILTER (WHERE late), 0) AS revenue
    FROM orders, LATERAL (SELECT ordered_at::date > :'known_until') AS l(late)
    WHERE customer_id IS NOT NULL AND ordered_at IS NOT NULL
    GROUP BY customer_id
    HAVING bool_or(NOT late AND coalesce(amount >= 0, true))),
fits AS (
    SELECT fit_mbgnbd((s).frequency, (s).recency, (s).age) AS m,
           fit_gamma_gamma((s).frequency, (s).monetary_value) AS g
    FROM known)
SELECT coalesce(days, 'all') AS order_days, count(*) AS customers,
       round(sum(expected_purchases(m, s, :'quarter'))) AS expected_orders,
       sum(orders) AS orders,
       round(sum(clv(m, g, s, :'quarter'))) AS expected_revenue,
       round(sum(revenue)) AS revenue
FROM known, fits,
     LATERAL (SELECT CASE WHEN (s).frequency < 5 THEN ((s).frequency + 1)::text
                          ELSE '6 or more' END) AS o(days)
GROUP BY ROLLUP (days)
ORDER BY 1;

-- What comes next, from the customers there are, without those who are new then:

SELECT :'quarter' AS within, round(sum(expected_purchases(m, s, :'quarter'))) AS orders,
       round(sum(clv(m, g, s, :'quarter'))) AS revenue,
       round(sum(clv(m, g, s, '1 year', 0.1))) AS value_of_a_year
FROM customers, model;

-- Whom to call: of whom much is to come, and of whom it is open whether they are
-- still customers. clv: what is expected of the next year, at a discount of 10 %;
-- value_at_risk: that times the probability that the customer has left.

SELECT customer_id, (s).frequency + 1 AS order_days, (s).age - (s).recency AS days_ago,
       round((s).revenue) AS revenue, as_percent(p_alive, 0) AS "alive %",
       round(clv) AS clv, round((1 - p_alive) * clv) AS value_at_risk
FROM (SELECT customer_id, s, p_alive(m, s) AS p_alive,
             clv(m, g, s, '1 year', 0.1) AS clv
      FROM customers, model) AS scored
ORDER BY (1 - p_alive) * clv DESC NULLS LAST, customer_id
LIMIT 10;
