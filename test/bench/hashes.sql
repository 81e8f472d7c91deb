-- Customers chosen by an outsider: bigint ids whose hashes are 0, 1, 2 ..., so
-- that all of them begin their probes at the same slot, and points of one
-- number made the same way.  Time per row must not grow with the rows.
\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE EXTENSION IF NOT EXISTS retention;
-- product modulo 2^64, and the steps of ret_customer_hash() undone
CREATE FUNCTION pg_temp.times(a bigint, b numeric) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN (SELECT (m - CASE WHEN m >= 9223372036854775808 THEN 18446744073709551616 ELSE 0 END)::bigint
        FROM (SELECT mod(CASE WHEN a < 0 THEN a + 18446744073709551616 ELSE a END * b, 18446744073709551616) AS m) x);
CREATE FUNCTION pg_temp.shift(a bigint, n int) RETURNS bigint LANGUAGE sql IMMUTABLE RETURN (a >> n) & ((1::bigint << (64 - n)) - 1);
CREATE FUNCTION pg_temp.unhash(h bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	h := pg_temp.times(h, 10871156337175269513);
	h := h # pg_temp.shift(h, 29) # pg_temp.shift(h, 58);
	h := pg_temp.times(h, 17428512612931826493);
	RETURN h # pg_temp.shift(h, 32);
END $$;
CREATE TEMP TABLE chosen AS SELECT i, pg_temp.unhash(i) AS id FROM generate_series(0::bigint, 799999) i;
-- the bits of small finite numbers as such a key
CREATE TEMP TABLE result (query text, n bigint, ms numeric);
CREATE FUNCTION pg_temp.measure(query text, n bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	began timestamptz := clock_timestamp();
BEGIN
	EXECUTE replace(query, '$1', n::text);
	INSERT INTO result VALUES (query, n, extract(epoch FROM clock_timestamp() - began) * 1000);
END $$;
SELECT count(pg_temp.measure(q, n)) FROM unnest(ARRAY[
	'SELECT repeat_purchase_rate(id) FROM chosen WHERE i < $1',
	'SELECT clv(id, date ''2024-01-01'', 1) FROM chosen WHERE i < $1',
	'SELECT max(n) FROM (SELECT active_customers(id) OVER (ORDER BY i ROWS 50000 PRECEDING) AS n FROM chosen WHERE i < $1) x',
	'SELECT customers(customer_activity(id, date ''2024-01-01'')) FROM chosen WHERE i < $1',
	'SELECT id FROM chosen WHERE i < $1 GROUP BY id OFFSET 1000000']) WITH ORDINALITY q(q, k), unnest(ARRAY[100000, 200000, 400000, 800000]) n;
SELECT query, string_agg(round(ms * 1e6 / n)::text, ' ' ORDER BY n) AS "ns per row of 100, 200, 400, 800 thousand" FROM result GROUP BY query ORDER BY min(ctid);
