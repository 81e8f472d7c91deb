-- The contracts of a small software firm, made up but always the same: 2,400 customers
-- who came in the three years up to 19 December 2025, for three plans, by the month or by
-- the year, with free trials, upgrades and downgrades, discounts, pauses, late renewals,
-- returns, and contracts that begin in the future.
--
-- Run it in an empty database:  psql -f contracts.sql

BEGIN;

CREATE TABLE contracts (
    customer_id bigint,
    plan        text,
    started     date,
    ended       date,           -- the first day without it; NULL: goes on
    amount      numeric(10,2),  -- for each term; below 0: a discount, 0: a trial
    term        interval
);

-- Evenly spread over (0,1) and the same on every machine, unlike random()
CREATE FUNCTION pg_temp.noise(n bigint, stream bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT
    RETURN ((hashint8extended(n, stream) & 4294967295) + 0.5) / 4294967296;

-- The firm grows.  Some never pay after their trial; who pays by the year stays longer,
-- and on each stage of their way a customer has one plan.
CREATE TEMP TABLE firm_customers AS
SELECT c AS customer_id, joined, pays_by_year, trial_days, leaves_after_trial,
       CASE WHEN pays_by_year THEN 2 ELSE 1 + floor(ln(pg_temp.noise(c, 35)) / ln(0.72))::int END AS stages
FROM (SELECT c, date '2023-01-01' + floor(1100 * pg_temp.noise(c, 31) ^ 0.7)::int AS joined,
             pg_temp.noise(c, 32) < 0.22 AS pays_by_year,
             CASE WHEN pg_temp.noise(c, 33) < 0.6 THEN 14 ELSE 0 END AS trial_days,
             pg_temp.noise(c, 34) < 0.3 AS leaves_after_trial
      FROM generate_series(1, 2400) AS c) AS f;

-- A stage: months of one plan, and the days without any before the next one: mostly
-- none, one or two where a renewal was late, many in a pause
CREATE TEMP TABLE firm_stages AS
SELECT customer_id, pays_by_year, n, k, from_day, months,
       CASE WHEN pays_by_year THEN (from_day + make_interval(months => 12 * ceil(months / 12.0)::int))::date
            ELSE (from_day + make_interval(months => months))::date END AS to_day,
       k = stages - 1 AS is_last, 1 + greatest(0, least(2, level)) AS level
FROM (SELECT *, sum(CASE WHEN k = 0 THEN floor(2.3 * pg_temp.noise(n, 40) ^ 2)
                         WHEN pg_temp.noise(n, 41) < 0.62 THEN 1
                         WHEN pg_temp.noise(n, 41) < 0.88 THEN -1 ELSE 0 END) OVER way::int AS level,
             joined + trial_days + coalesce(sum(days + CASE WHEN pg_temp.noise(n, 42) < 0.1 THEN 1 + floor(2 * pg_temp.noise(n, 43))
                                                            WHEN pg_temp.noise(n, 42) < 0.25 THEN 20 + floor(150 * pg_temp.noise(n, 43))
                                                            ELSE 0 END) OVER before, 0)::int AS from_day
      FROM (SELECT *, CASE WHEN pays_by_year THEN ceil(months / 12.0) * 365 ELSE floor(months * 30.44) END AS days
            FROM (SELECT f.*, k, customer_id * 100 + k AS n,
                         1 + least(60, floor(-(CASE WHEN pays_by_year THEN 20 ELSE 9 END) * ln(pg_temp.noise(customer_id * 100 + k, 44))))::int AS months
                  FROM firm_customers AS f, generate_series(0, least(20, stages - 1)) AS k
                  WHERE NOT (trial_days > 0 AND leaves_after_trial)) AS m) AS d
      WINDOW way AS (PARTITION BY customer_id ORDER BY k),
             before AS (PARTITION BY customer_id ORDER BY k ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS s;

-- What the firm knew on 20 December 2025: of contracts by the month no end that is
-- still to come, but the last month of those who gave notice; few who will begin
INSERT INTO contracts
SELECT customer_id, (ARRAY['solo', 'team', 'company'])[level], from_day,
       CASE WHEN pays_by_year OR to_day < '2025-12-20' OR is_last AND to_day < '2026-01-20' THEN to_day END,
       (ARRAY[19, 49, 149])[level] * CASE WHEN pays_by_year THEN 10 ELSE 1 END,
       CASE WHEN pays_by_year THEN interval '1 year' ELSE '1 month' END
FROM firm_stages
WHERE from_day < '2025-12-20' OR from_day < '2026-02-01' AND (k = 0 OR pays_by_year);

-- Free trials
INSERT INTO contracts
SELECT customer_id, 'solo', joined, joined + trial_days, 0, '1 month'
FROM firm_customers WHERE trial_days > 0 AND joined < '2025-12-20';

-- A tenth gets a fifth off for the first three months of each stage
INSERT INTO contracts
SELECT customer_id, plan, started, least(ended, (started + interval '3 months')::date), -round(0.2 * amount, 2), term
FROM contracts
WHERE amount > 0 AND pg_temp.noise(customer_id, 45) < 0.1;

DROP TABLE firm_customers, firm_stages;

COMMIT;

VACUUM ANALYZE contracts;
