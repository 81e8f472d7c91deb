-- What people do in a small app for ordering food, made up but always the same: 4,800
-- people in the half year up to 19 December 2025, who visit, sign up, activate their
-- account (by an address) and order; with second attempts, buttons pressed twice, rows
-- that were written twice, steps out of order, visits before anybody was recognised, and
-- people who are still on their way at the end.
--
-- Run it in an empty database:  psql -f events.sql

BEGIN;

CREATE TABLE events (
    user_id     bigint,        -- NULL: not recognised
    happened_at timestamp,     -- on the clocks of the town
    event       text
);

-- Evenly spread over (0,1) and the same on every machine, unlike random()
CREATE FUNCTION pg_temp.noise(n bigint, stream bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT
    RETURN ((hashint8extended(n, stream) & 4294967295) + 0.5) / 4294967296;

-- A time on a day, in whole seconds: people are hungry at noon and in the evening
CREATE FUNCTION pg_temp.hour(day date, n bigint) RETURNS timestamp
    LANGUAGE sql IMMUTABLE STRICT
    RETURN day + date_trunc('second', interval '1 hour'
               * (CASE WHEN pg_temp.noise(n, 51) < 0.35 THEN 10 + 4 * pg_temp.noise(n, 52)
                       WHEN pg_temp.noise(n, 51) < 0.8 THEN 17 + 4 * pg_temp.noise(n, 52)
                       ELSE 7 + 16.9 * pg_temp.noise(n, 52) END));

-- Some time later, with that median: many soon, some late
CREATE FUNCTION pg_temp.later(n bigint, stream bigint, median interval) RETURNS interval
    LANGUAGE sql IMMUTABLE STRICT
    RETURN date_trunc('second', median * (-ln(pg_temp.noise(n, stream)) / ln(2)) ^ 1.6);

-- Each has up to six visits, which become rarer.  Who signs up does it in one of them; since a
-- simpler form came in October more people do.
CREATE TEMP TABLE app_people AS
SELECT u, first_day, visits, signs_up_at,
       CASE WHEN signs_up_at IS NOT NULL AND pg_temp.noise(u, 61) < 0.64 THEN pg_temp.later(u, 62, '5 hours') END AS activates_after,
       CASE WHEN pg_temp.noise(u, 63) < 0.58 THEN pg_temp.later(u, 64, '30 hours') END AS orders_after,
       pg_temp.noise(u, 65) AS appetite
FROM (SELECT u, date '2025-06-23' + floor(180 * pg_temp.noise(u, 66) ^ 0.8)::int AS first_day,
             1 + least(5, floor(ln(pg_temp.noise(u, 67)) / ln(0.45)))::int AS visits
      FROM generate_series(1, 4800) AS u) AS p,
     LATERAL (SELECT CASE WHEN pg_temp.noise(u, 68) < CASE WHEN first_day < '2025-10-06' THEN 0.36 ELSE 0.45 END
                          THEN ceil(visits * pg_temp.noise(u, 69) ^ 1.5)::int END AS signs_up_at) AS s;

CREATE TEMP TABLE app_visits AS
SELECT u, k, u * 100 + k AS n, at, signs_up_at, activates_after, orders_after, appetite
FROM (SELECT *, pg_temp.hour(first_day + (sum(CASE WHEN k > 1 THEN ceil(9 * pg_temp.noise(u * 100 + k, 70) ^ 2) ELSE 0 END)
                                       OVER (PARTITION BY u ORDER BY k))::int, u * 100 + k) AS at
      FROM app_people, generate_series(1, visits) AS k) AS v;

-- Who has an account opens the app, others visit its page
INSERT INTO events SELECT u, at, CASE WHEN k > signs_up_at THEN 'open' ELSE 'visit' END FROM app_visits;

-- The sign-up: some minutes after the visit begins.  Others open the form and give up.
CREATE TEMP TABLE app_accounts AS
SELECT *, at + pg_temp.later(n, 71, '4 minutes') AS signed_up
FROM app_visits WHERE k = signs_up_at;

INSERT INTO events SELECT u, signed_up, 'sign-up' FROM app_accounts;
INSERT INTO events SELECT u, at + pg_temp.later(n, 72, '2 minutes'), 'form' FROM app_visits
WHERE k = signs_up_at OR pg_temp.noise(n, 73) < 0.12 AND k <= coalesce(signs_up_at, k);

-- Activation, and the first order: usually in this order.  Some order as guests before they
-- sign up, some before the activation, by telephone.
INSERT INTO events SELECT u, signed_up + activates_after, 'activation' FROM app_accounts WHERE activates_after IS NOT NULL;

CREATE TEMP TABLE app_first_orders AS
SELECT u, n, appetite, CASE WHEN pg_temp.noise(u, 74) < 0.03 THEN at - interval '2 days'
                            WHEN activates_after IS NOT NULL THEN signed_up + activates_after + orders_after
                            WHEN pg_temp.noise(u, 75) < 0.12 THEN signed_up + orders_after END AS ordered
FROM app_accounts WHERE orders_after IS NOT NULL;
INSERT INTO events SELECT u, ordered, 'order' FROM app_first_orders WHERE ordered IS NOT NULL;

-- They order again: a quarter about every week, the others more and more rarely, until they stop
INSERT INTO events
SELECT u, pg_temp.hour(day, n * 100 + k), 'order'
FROM (SELECT u, n, k, appetite, (ordered + interval '1 day' * sum(1 + floor(CASE WHEN appetite < 0.24 THEN 9 ELSE 26 * appetite + 3 * k END
                                  * -ln(pg_temp.noise(n * 100 + k, 76)))) OVER (PARTITION BY u ORDER BY k))::date AS day
      FROM app_first_orders, generate_series(1, 25) AS k
      WHERE ordered IS NOT NULL
        AND k <= CASE WHEN appetite < 0.24 THEN 25 ELSE floor(ln(pg_temp.noise(n, 77)) / ln(0.72)) END) AS o;

-- Who orders opens the app some minutes before
INSERT INTO events SELECT user_id, happened_at - pg_temp.later(user_id, 78, '6 minutes'), 'open' FROM events WHERE event = 'order';

-- A button that is pressed twice, a few seconds later; a row that is written twice; visits of
-- nobody
INSERT INTO events SELECT user_id, happened_at + interval '2 seconds', event FROM events
WHERE event IN ('sign-up', 'order') AND pg_temp.noise(user_id, 79) < 0.04;
INSERT INTO events SELECT * FROM events WHERE pg_temp.noise(user_id, 80) < 0.02;
INSERT INTO events SELECT NULL, happened_at - interval '3 minutes', event FROM events
WHERE event = 'visit' AND pg_temp.noise(user_id, 81) < 0.05;

-- What the app knew on 20 December 2025
DELETE FROM events WHERE happened_at < '2025-06-23' OR happened_at >= '2025-12-20';

DROP TABLE app_people, app_visits, app_accounts, app_first_orders;

COMMIT;

VACUUM ANALYZE events;
