-- The report on the events of events.sql

-- (not shown)
SET client_min_messages = warning;

-- # Events: what people do in an app
-- Each row is an event of a user; some rows are there twice, some have no user. As of
-- 20 December 2025.

SELECT count(*) AS rows, count(DISTINCT user_id) AS users, min(happened_at) AS first,
       max(happened_at) AS last
FROM events;

-- All of them in one value: each user's set of times, with what happened.

CREATE TEMP TABLE app AS
SELECT customer_events(user_id, happened_at, event) AS e FROM events;

SELECT h.* FROM app, event_table(e) AS h;

-- # How far they get, and how fast
-- A week for all steps. Of several attempts of a user the one counts that gets furthest,
-- and none whose week is not over.

SELECT f.step, f.event, f.customers, as_percent(f.conversion_rate) AS "of all %",
       as_percent(f.step_rate) AS "of the step before %",
       f.median_seconds * interval '1 second' AS after,
       f.median_total_seconds * interval '1 second' AS after_the_start
FROM app, funnel_table(e, '{visit,sign-up,activation,order}', '7 days',
                       as_of => '2025-12-20') AS f;

-- By the week of the start; of the last two the share is not known yet:

SELECT period_start AS week, customers AS ordered,
       CASE WHEN complete THEN as_percent(conversion_rate) END AS "of all %",
       CASE WHEN complete THEN as_percent(lower) END AS "from %",
       CASE WHEN complete THEN as_percent(upper) END AS "to %", complete
FROM app, funnel_table(e, '{visit,sign-up,activation,order}', '7 days', period => '7 days',
                       as_of => '2025-12-20')
WHERE step = 4 AND period_start >= '2025-10-06';

-- Of those who signed up in the first week, the last five to begin, and how far they got:

SELECT customer, min(at) AS began, max(step) AS steps, max(at) - min(at) AS took
FROM app, funnel_attempts(e, '{visit,sign-up,activation,order}', '7 days',
                          as_of => '2025-12-20')
WHERE customer IN (SELECT user_id FROM events
                   WHERE event = 'sign-up' AND happened_at < '2025-06-30')
GROUP BY customer
ORDER BY began DESC, customer
LIMIT 5;

-- # Who orders in the weeks after the sign-up
-- Those who never order are counted, too.

SELECT age AS weeks_later, customers, retained AS ordered,
       as_percent(retention_rate) AS "ordered %", as_percent(lower) AS "from %",
       as_percent(upper) AS "to %"
FROM app, return_curve(activity(e, 'sign-up'), activity(e, 'order'), '7 days', '2025-12-20',
                       horizon => 8);
