-- A small web shop, made up but always the same: 20,000 customers who came in
-- the 24 months of 2024 and 2025, their names, their orders and what they sent back,
-- the members of its club and their points, a test of vouchers, and the answers to
-- "would you recommend us?", 0 to 10.
--
-- Run it in an empty database:  psql -f shop.sql

BEGIN;

CREATE TABLE customers (
    customer_id bigint PRIMARY KEY,
    name        text
);
CREATE TABLE orders (
    customer_id bigint,
    ordered_at  timestamp,
    amount      numeric(10,2)   -- below 0: paid back; NULL: not known
);
CREATE TABLE subscriptions (
    customer_id bigint,
    started     date,
    ended       date            -- NULL: still a member
);
CREATE TABLE ledger (
    customer_id bigint,
    at          timestamp,
    reason      text,
    points      integer,        -- below 0: spent, or taken back
    expires     timestamp       -- from when on they are gone
);
CREATE TABLE voucher_test (
    customer_id bigint,
    has_voucher boolean         -- drawn by lot on 1 October 2025
);
CREATE TABLE survey_answers (
    customer_id bigint,
    answered_on date,
    score       integer
);

-- Evenly spread over (0,1) and the same on every machine, unlike random()
CREATE FUNCTION pg_temp.noise(n bigint, stream bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT
    RETURN ((hashint8extended(n, stream) & 4294967295) + 0.5) / 4294967296;

-- pace: days between two orders; loyalty: chance of one more order; the shop
-- grows, so more customers begin late than early
CREATE TEMP TABLE shop_customers AS
SELECT c AS customer_id,
       timestamp '2024-01-01' + pg_temp.noise(c, 1) ^ 0.75 * interval '731 days' AS joined,
       9 + 80 * pg_temp.noise(c, 2) ^ 2 AS pace,
       0.30 + 0.62 * pg_temp.noise(c, 3) AS loyalty,
       exp(2 * (pg_temp.noise(c, 4) + pg_temp.noise(c, 5) - 1)) AS spending
FROM generate_series(1, 20000) AS c;

-- Names as a shop of the whole world has them
INSERT INTO customers
SELECT customer_id, format('%s %s. %s',
           first[1 + floor(pg_temp.noise(customer_id, 22) * array_length(first, 1))::int],
           chr(65 + floor(pg_temp.noise(customer_id, 23) * 23)::int),
           last[1 + floor(pg_temp.noise(customer_id, 24) * array_length(last, 1))::int])
FROM shop_customers,
     (VALUES (string_to_array('Ada Aino Amir Ana Bao Bela Carla Chidi Dana Derya Elif Emeka Eva Femi Finn Gita Hana Hugo Ines Ivo '
                              'Jana Jomo Kaja Kenji Lena Liam Lucía Mai Marek Mina Nadia Nils Noor Olga Omar Paula Petr Priya Rafael Rosa '
                              'Sami Sena Tariq Tess Uma Vera Wanda Yara Yusuf Zoë', ' '),
              string_to_array('Abebe Almeida Andersen Aydın Baker Banerjee Bauer Castro Chen Costa Dahl Diallo Duarte Eriksen Farouk '
                              'Fischer Gomes Haddad Hansen Ito Ivanova Jansen Juma Kaya Keller Kim Kovač Laine Lindqvist Lopes Marino '
                              'Mensah Meyer Moreau Nakamura Nguyen Novak Okafor Olsen Park Pereira Popescu Quist Rossi Sato Silva '
                              'Svoboda Tanaka Toth Varga Weber Yilmaz Zhang', ' '))) AS names(first, last);

-- The number of orders is geometric with the customer's own loyalty: most buy
-- once or twice, a few very often
INSERT INTO orders
SELECT customer_id, date_trunc('minute', ordered_at), amount
FROM (SELECT customer_id,
             joined + interval '1 day' * coalesce(sum(gap) OVER earlier, 0) AS ordered_at,
             round((1 - 16 * spending * ln(pg_temp.noise(n, 8) * pg_temp.noise(n, 21)))::numeric, 2) AS amount
      FROM (SELECT customer_id, joined, spending, k,
                   customer_id * 1000 + k AS n,
                   -pace * ln(pg_temp.noise(customer_id * 1000 + k, 7)) AS gap
            FROM shop_customers,
                 generate_series(0, least(200, floor(ln(pg_temp.noise(customer_id, 6)) / ln(loyalty)))::integer) AS k) AS steps
      WINDOW earlier AS (PARTITION BY customer_id ORDER BY k
                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS all_orders
WHERE ordered_at < '2026-01-01'
ORDER BY ordered_at, customer_id;

-- Of those who ordered from July to September 2025 half got a voucher, and one in
-- eighteen of them orders once more because of it
INSERT INTO voucher_test
SELECT customer_id, pg_temp.noise(customer_id, 17) < 0.5
FROM orders
WHERE ordered_at >= '2025-07-01' AND ordered_at < '2025-10-01'
GROUP BY customer_id
ORDER BY customer_id;
INSERT INTO orders
SELECT customer_id, date_trunc('minute', timestamp '2025-10-02' + pg_temp.noise(customer_id, 19) * interval '60 days'),
       round((8 + 40 * pg_temp.noise(customer_id, 20))::numeric, 2)
FROM voucher_test
WHERE has_voucher AND pg_temp.noise(customer_id, 18) < 1 / 18.0
ORDER BY 2, 1;

-- Of some orders nothing is known but that they were, some are free samples; one in
-- forty is sent back within a month, mostly as a whole
CREATE TEMP TABLE shop_orders AS
SELECT customer_id, ordered_at, amount, hashint8(customer_id)::bigint * 1000003 + extract(epoch FROM ordered_at)::bigint AS n FROM orders;
UPDATE orders AS o SET amount = CASE WHEN pg_temp.noise(n, 25) < 0.4 THEN NULL ELSE 0 END
FROM shop_orders AS s
WHERE s.customer_id = o.customer_id AND s.ordered_at = o.ordered_at AND pg_temp.noise(n, 26) < 0.004;
INSERT INTO orders
SELECT customer_id, paid_at, -CASE WHEN pg_temp.noise(n, 27) < 0.7 THEN amount ELSE round(amount * pg_temp.noise(n, 28)::numeric, 2) END
FROM (SELECT s.*, date_trunc('minute', ordered_at + pg_temp.noise(n, 29) * interval '30 days') AS paid_at
      FROM shop_orders AS s WHERE pg_temp.noise(n, 26) > 0.975) AS sent_back
WHERE paid_at < '2026-01-01'
ORDER BY paid_at, customer_id;
DROP TABLE shop_orders;

-- A third joins the club, mostly those who would have bought more often anyhow,
-- and it changes nothing; how many months a member stays differs widely
INSERT INTO subscriptions
SELECT customer_id, started, nullif(least(started + days, '2026-01-01'), '2026-01-01')
FROM (SELECT customer_id,
             joined::date + floor(30 * pg_temp.noise(customer_id, 9))::integer AS started,
             7 + floor(-30 * (3 + 30 * pg_temp.noise(customer_id, 10) ^ 2) * ln(pg_temp.noise(customer_id, 11)))::integer AS days
      FROM shop_customers
      WHERE pg_temp.noise(customer_id, 12) < 1.15 * (loyalty - 0.3)) AS members
WHERE started < '2026-01-01'
ORDER BY started, customer_id;

-- One in eight of those who left comes back later
INSERT INTO subscriptions
SELECT customer_id, ended + 20 + floor(100 * pg_temp.noise(customer_id, 13))::integer, NULL
FROM subscriptions
WHERE pg_temp.noise(customer_id, 14) < 0.125 AND ended < '2025-09-01'
ORDER BY 2, 1;

-- The club's points: one for each whole euro of an order, valid for twelve months; for an
-- order in November half of that on top, at least 20, valid until the end of January
INSERT INTO ledger
SELECT customer_id, ordered_at, 'order', floor(amount), ordered_at + interval '12 months'
FROM orders AS o
WHERE amount >= 1
  AND EXISTS (SELECT FROM subscriptions AS s
              WHERE s.customer_id = o.customer_id AND ordered_at >= started AND (ended IS NULL OR ordered_at < ended));
INSERT INTO ledger
SELECT customer_id, at, 'promotion', greatest(20, points / 2), date_trunc('year', at) + interval '13 months'
FROM ledger
WHERE reason = 'order' AND extract(month FROM at) = 11;

-- Some members never think of their points. The others do at every other order, if what
-- they have collected since they last did is enough for a voucher of 20 points or several
INSERT INTO ledger
SELECT customer_id, at, 'voucher', -20 * floor(collected / 20), NULL
FROM (SELECT customer_id, spent_at AS at, sum(points) AS collected
      FROM (SELECT l.*, min(at) FILTER (WHERE spends) OVER (PARTITION BY customer_id ORDER BY at DESC
                            GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS spent_at
            FROM (SELECT *, reason = 'order' AND pg_temp.noise(customer_id, 30) < 0.85
                            AND pg_temp.noise(customer_id * 1000003 + extract(epoch FROM at)::bigint, 31) < 0.5 AS spends
                  FROM ledger) AS l) AS l
      WHERE spent_at < expires
      GROUP BY customer_id, spent_at) AS vouchers
WHERE collected >= 20;

-- What is sent back within a month takes its points with it, also if they are spent
INSERT INTO ledger
SELECT customer_id, ordered_at, 'refund', ceil(amount), NULL
FROM orders AS o
WHERE amount <= -1
  AND EXISTS (SELECT FROM ledger AS l
              WHERE l.customer_id = o.customer_id AND l.reason = 'order' AND l.points >= -ceil(o.amount)
                AND l.at <= o.ordered_at AND l.at > o.ordered_at - interval '31 days');

-- A third answers two weeks after the first order; loyal customers are happier
-- and the shop gets better
INSERT INTO survey_answers
SELECT customer_id, answered_on, width_bucket(mood, ARRAY[0.02, 0.04, 0.06, 0.09, 0.12, 0.17, 0.23, 0.35, 0.52, 0.78])
FROM (SELECT customer_id, joined::date + 14 AS answered_on,
             (pg_temp.noise(customer_id, 15) + 0.15 * (loyalty - 0.61)
              + 0.05 * (joined::date - date '2024-07-01') / 365.0)::numeric AS mood
      FROM shop_customers
      WHERE pg_temp.noise(customer_id, 16) < 0.33) AS answers
WHERE answered_on < '2026-01-01'
ORDER BY answered_on, customer_id;

DROP TABLE shop_customers;
CREATE INDEX ON orders (ordered_at);

COMMIT;

VACUUM ANALYZE customers;
VACUUM ANALYZE orders;
VACUUM ANALYZE subscriptions;
VACUUM ANALYZE ledger;
VACUUM ANALYZE voucher_test;
VACUUM ANALYZE survey_answers;
