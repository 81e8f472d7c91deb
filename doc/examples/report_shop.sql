-- The report on the rest of the shop of shop.sql: its club, a test, its survey, its
-- customers by name

-- # The club: members by month
-- base: members when the month began; retained: still members when it ended;
-- acquired: members at the end who were not at the beginning.
-- base + acquired - lost is the next month's base.

SELECT to_char(month, 'YYYY-MM') AS month,
       (s).base, (s).retained, (s).lost, (s).acquired,
       as_percent(retention_rate(s)) AS "retention %",
       as_percent(churn_rate(s)) AS "churn %"
FROM generate_series(timestamp '2024-01-01', timestamp '2025-12-01',
                     interval '1 month') AS month,
     LATERAL (SELECT retention_summary(customer_id, daterange(started, ended),
                         daterange(month::date, (month + interval '1 month')::date)) AS s
              FROM subscriptions) AS m
ORDER BY month;

-- # What keeping a member costs
-- The club's rewards cost 60,000 in 2025; divided by the members of 1 January
-- who were members at its end, too.

SELECT (s).base, (s).retained, as_percent(retention_rate(s)) AS "retention %",
       round(retention_cost(60000, (s).retained)::numeric, 2) AS retention_cost
FROM (SELECT retention_summary(customer_id, daterange(started, ended),
                               '[2025-01-01,2026-01-01)') AS s
      FROM subscriptions) AS y;

-- # How long members stay
-- Nearly half of all memberships go on, so an average of those that have ended is
-- far too low. From all members, gone or not, one value is made:

CREATE TEMP TABLE club AS
SELECT survival_curve(customer_subscriptions(customer_id, started, ended), '2026-01-01') AS c
FROM subscriptions;

-- at_risk: members seen from the beginning of that month of theirs; left: in it;
-- still_in: seen no further, as they began too late. So many percent stay
-- beyond it, with 95 % confidence from lower to upper.

SELECT ceil("time" / 30.4375) AS month, max(at_risk) AS at_risk,
       sum(churned) AS left, sum(censored) AS still_in,
       as_percent(min(survival)) AS "stay %",
       as_percent((array_agg(lower ORDER BY "time" DESC))[1]) AS lower,
       as_percent((array_agg(upper ORDER BY "time" DESC))[1]) AS upper
FROM club, survival_table(c)
GROUP BY month
ORDER BY month;

-- By when has half of them left, and how long do they stay on average, each
-- counted up to a year? wrong: the plain average of the memberships that ended.

SELECT round((median_lifetime(c) / 30.4375)::numeric, 1) AS median_months,
       round((mean_lifetime(c, 365) / 30.4375)::numeric, 2) AS months_of_the_first_year,
       round((mean_lifetime_error(c, 365) / 30.4375)::numeric, 2) AS std_error,
       (SELECT round(avg(ended - started) / 30.4375, 1) FROM subscriptions) AS wrong
FROM club;

-- # Do members come back more often?
-- Of the customers of the third quarter of 2025 who were members of the club when
-- it ended, so many percent ordered in the fourth, and of the others so many.

WITH customers AS (
    SELECT customer_id, bool_or(ordered_at >= '2025-10-01') AS came_back
    FROM orders
    WHERE ordered_at >= '2025-07-01' AND ordered_at < '2026-01-01'
      AND coalesce(amount >= 0, true) -- a refund brings nobody back
    GROUP BY customer_id
    HAVING bool_or(ordered_at < '2025-10-01')),
members AS (
    SELECT DISTINCT customer_id
    FROM subscriptions
    WHERE started < '2025-10-01' AND (ended IS NULL OR ended >= '2025-10-01'))
SELECT treated AS members, control AS others,
       as_percent(treated_rate) AS "members %", as_percent(control_rate) AS "others %",
       as_percent(lift) AS lift, as_percent(lower) AS lower, as_percent(upper) AS upper,
       p_value::real
FROM (SELECT (retention_lift(members.customer_id IS NOT NULL, came_back)).*
      FROM customers LEFT JOIN members USING (customer_id)) AS l;

-- That is no chance, and no effect of the club either: in this shop it changes
-- nothing, but who orders often joins. What a programme changes is seen where
-- others decide who takes part. Half of the same customers, drawn by lot, were
-- sent a voucher on 1 October:

SELECT treated AS voucher, control AS none,
       as_percent(treated_rate) AS "voucher %", as_percent(control_rate) AS "none %",
       as_percent(lift) AS lift, as_percent(lower) AS lower, as_percent(upper) AS upper,
       p_value::real
FROM (SELECT (retention_lift(has_voucher, o.customer_id IS NOT NULL)).*
      FROM voucher_test AS v
           LEFT JOIN (SELECT DISTINCT customer_id FROM orders
                      WHERE ordered_at >= '2025-10-01' AND ordered_at < '2026-01-01'
                        AND coalesce(amount >= 0, true)) AS o
           USING (customer_id)) AS l;

-- # Net promoter score by quarter
-- Promoters (9, 10) minus detractors (0 to 6) in percent of the answers, from
-- -100 to 100. With 95 % confidence the true score lies from lower to upper.

SELECT to_char(answered_on, 'YYYY "Q"Q') AS quarter, count(score) AS answers,
       round(nps(score)::numeric, 1) AS nps,
       round((nps_interval(nps_summary(score))).lower::numeric, 1) AS lower,
       round((nps_interval(nps_summary(score))).upper::numeric, 1) AS upper
FROM survey_answers
GROUP BY quarter
ORDER BY quarter;

-- Did it change from 2024 to 2025? A p_value below 0.05 says: hardly by chance.

SELECT round(difference::numeric, 1) AS difference, round(z::numeric, 2) AS z,
       p_value::real
FROM nps_test((SELECT nps_summary(score) FROM survey_answers
               WHERE answered_on < '2025-01-01'),
              (SELECT nps_summary(score) FROM survey_answers
               WHERE answered_on >= '2025-01-01'));

-- # Who is about to leave
-- Customers who came on three days or more and now have waited longer than they
-- usually do. at_stake: what a model expects of them in the next year, at a discount
-- of 10 %, times the probability that they have left.

WITH shop AS MATERIALIZED (
    SELECT p, fit_mbgnbd(p, '2026-01-01') AS m, fit_gamma_gamma(p, '2026-01-01') AS g
    FROM (SELECT customer_purchases(customer_id, ordered_at, amount) AS p FROM orders) AS v)
SELECT name, last_day, age - recency AS days_since,
       round((recency / frequency)::numeric) AS usually,
       round(revenue) AS brought, as_percent(p_alive, 0) AS "alive %",
       round((1 - p_alive) * clv) AS at_stake
FROM (SELECT r.*, p_alive(m, frequency, recency, age) AS p_alive,
             clv(m, g, frequency, recency, age, monetary_value, '1 year', 0.1) AS clv
      FROM shop, rfm_table(p, '2026-01-01') AS r
      WHERE frequency >= 2 AND age - recency > recency / frequency) AS overdue
     LEFT JOIN customers ON customer_id = customer
ORDER BY (1 - p_alive) * clv DESC
LIMIT 12;
