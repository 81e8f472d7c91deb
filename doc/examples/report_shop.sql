-- The report on the rest of the shop of shop.sql: its club and its survey

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
