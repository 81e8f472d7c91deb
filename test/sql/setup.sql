CREATE EXTENSION retention;

--
-- Helpers of several tests, in a schema that each later session of this
-- database has in its path.  Nor does any compile its queries: sums over
-- generated rows look dear to the planner and are not.
--
CREATE SCHEMA tests;
DO $$ BEGIN
	EXECUTE format('ALTER DATABASE %I SET search_path = "$user", public, tests', current_database());
	EXECUTE format('ALTER DATABASE %I SET jit = off', current_database());
END $$;
SET search_path = public, tests;

-- Equal up to rounding, relative to b where that is above 1, with NULL equal
-- to NULL; NaN and infinity equal nothing.  In PL/pgSQL, which is faster than
-- SQL where the arguments are not cheap enough to be written in twice.
CREATE FUNCTION tests.near(a double precision, b double precision, tolerance double precision DEFAULT 1e-12)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
	RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL
	       ELSE abs(a) < 'infinity' AND abs(b) < 'infinity' AND abs(a - b) <= tolerance * greatest(1, abs(b)) END;
END $$;

-- The same, relative to b however small that is
CREATE FUNCTION tests.close(a double precision, b double precision, tolerance double precision DEFAULT 1e-10)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
	RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL
	       ELSE abs(a) < 'infinity' AND abs(b) < 'infinity' AND abs(a - b) <= tolerance * abs(b) + 1e-300 END;
END $$;

-- Pseudo-random integers 0 .. n - 1, the same each time
CREATE FUNCTION tests.rnd(i bigint, salt bigint, n bigint) RETURNS bigint
RETURN (hashint8extended(i, salt) & 9223372036854775807) % n;
CREATE FUNCTION tests.dice(i bigint, salt bigint, n integer) RETURNS integer
RETURN ((hashint8extended(i, salt) & 9223372036854775807) % n)::integer;
-- Between 0 and 1, neither of them
CREATE FUNCTION tests.uniform(i bigint, salt bigint) RETURNS double precision
RETURN (rnd(i, salt, 1000000007) + 0.5) / 1000000007.0::double precision;

-- ln(1 + y) and exp(y) - 1, with all digits where y is small
CREATE FUNCTION tests.log1p(y double precision) RETURNS double precision LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
	RETURN 2 * atanh(y / (2 + y));
END $$;
CREATE FUNCTION tests.expm1(y double precision) RETURNS double precision LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
	RETURN CASE WHEN y < -40 THEN -1 ELSE 2 * sinh(y / 2) * exp(y / 2) END;
END $$;

-- A customer of a BG/NBD (k = 0) or an MBG/NBD (k = 1) with r = 2, alpha = 60,
-- a = 1, b = 3, up to the age t.  Gamma variates of shape 1 and 2 and beta variates
-- of shape (1, n) need no more than logarithms and powers.
CREATE FUNCTION tests.draw(i bigint, k int, t double precision, OUT x bigint, OUT t_x double precision)
LANGUAGE plpgsql AS $$
DECLARE
	rate double precision := -(ln(uniform(i, 1)) + ln(uniform(i, 2))) / 60;
	p double precision := 1 - uniform(i, 3) ^ (1 / 3.0);
	clock double precision := 0;
	draws bigint := 0;
BEGIN
	x := 0;
	t_x := 0;
	IF k = 1 AND uniform(i, 4) < p THEN
		RETURN;
	END IF;
	LOOP
		draws := draws + 2;
		clock := clock - ln(uniform(i, 1000 + draws)) / rate;
		EXIT WHEN clock > t;
		x := x + 1;
		t_x := clock;
		EXIT WHEN uniform(i, 1001 + draws) < p;
	END LOOP;
END $$;

CREATE AGGREGATE tests.product(double precision) (SFUNC = float8mul, STYPE = double precision, INITCOND = '1');

-- What a query returns, as text, or the SQLSTATE that it ends with
CREATE FUNCTION tests.outcome(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE query INTO result;
	RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;

-- The nodes of a query's plan, such as "Partial Aggregate"
CREATE FUNCTION tests.plan_nodes(query text) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN (WITH RECURSIVE node AS (
		SELECT plan->0->'Plan' AS n
		UNION ALL
		SELECT json_array_elements(n->'Plans') FROM node)
		SELECT array_agg(concat_ws(' ', nullif(n->>'Partial Mode', 'Simple'), n->>'Node Type')) FROM node);
END $$;

-- Whether a line of a query's plan has these words, such as "HashAggregate"
CREATE FUNCTION tests.plan_has(query text, words text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF position(words IN line) > 0 THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
END $$;

-- Lets two workers take the rows of this transaction, though there are few,
-- and the leader none
CREATE FUNCTION tests.use_workers() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL max_parallel_workers_per_gather = 2;
	SET LOCAL parallel_setup_cost = 0;
	SET LOCAL parallel_tuple_cost = 0;
	SET LOCAL min_parallel_table_scan_size = 0;
	SET LOCAL parallel_leader_participation = off;
END $$;

-- Runs a query without and with parallel workers, asserts that the second
-- plan aggregates partially below a Gather, and tells whether the rows agree.
CREATE FUNCTION tests.parallel_check(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	nodes text[];
	wrong bigint;
	counted bigint;
BEGIN
	DROP TABLE IF EXISTS pg_temp.serial_rows, pg_temp.parallel_rows;
	SET LOCAL max_parallel_workers_per_gather = 0;
	EXECUTE 'CREATE TEMP TABLE serial_rows AS ' || query;
	PERFORM use_workers();
	nodes := plan_nodes(query);
	IF NOT (nodes @> '{"Partial Aggregate"}' AND nodes && '{Gather,"Gather Merge"}') THEN
		RETURN 'plan is not partial: ' || nodes::text;
	END IF;
	EXECUTE 'CREATE TEMP TABLE parallel_rows AS ' || query;
	SELECT count(*) INTO wrong FROM (
		(TABLE serial_rows EXCEPT ALL TABLE parallel_rows)
		UNION ALL
		(TABLE parallel_rows EXCEPT ALL TABLE serial_rows)) d;
	SELECT count(*) INTO counted FROM serial_rows;
	RETURN format('%s rows, %s differ', counted, wrong);
END $$;

-- The worked example of subscriptions: contracts by the month; the last three
-- rows are ignored
CREATE TABLE tests.contracts (customer bigint, started date, ended date, amount numeric);
INSERT INTO tests.contracts VALUES
	(1, '2024-01-10', '2024-03-15', 30), (1, '2024-03-15', NULL, 50),
	(2, '2024-01-01', '2024-02-01', 20), (2, '2024-04-10', NULL, 25),
	(3, '2024-02-01', NULL, 40),
	(4, '2024-02-05', '2024-02-20', 10),
	(5, '2024-01-15', NULL, 60), (5, '2024-02-10', '2024-03-20', 15),
	(6, '2024-01-05', '2024-02-29', 35), (6, '2024-03-01', NULL, 35),
	(7, '2024-03-20', '2025-03-20', 100),
	(8, '2024-02-10', '2024-02-24', 0), (8, '2024-02-24', NULL, 12),
	(9, '2024-03-01', '2024-03-15', 0),
	(10, '2024-01-20', '2024-03-16', 20), (10, '2024-03-15', NULL, 30),
	(11, '2024-02-15', '2024-03-05', 50), (11, '2024-03-05', '2024-03-25', 80), (11, '2024-03-25', NULL, 50),
	(12, '2024-03-01', NULL, 100), (12, '2024-03-01', '2024-04-01', -100),
	(13, '2024-03-01', NULL, -5),
	(14, '2024-01-01', '2024-02-15', 45), (14, '2024-03-20', NULL, 45),
	(15, '2024-05-20', NULL, 70),
	(16, '2024-02-02', '2024-02-02', 99), (NULL, '2024-02-02', NULL, 99), (17, NULL, NULL, 99);

-- Aggregates whose result is the state of others
CREATE AGGREGATE tests.rate_map(customer_key, date, daterange, daterange) (SFUNC = retention_events_transfn,
	STYPE = customer_map, COMBINEFUNC = retention_customers_combine, PARALLEL = SAFE);
CREATE AGGREGATE tests.rows_map(customer_key) (SFUNC = repeat_rows_transfn, STYPE = customer_map,
	COMBINEFUNC = repeat_rows_combine, PARALLEL = SAFE);
CREATE AGGREGATE tests.orders_map(customer_key, customer_key) (SFUNC = repeat_orders_transfn, STYPE = customer_map,
	COMBINEFUNC = repeat_orders_combine, PARALLEL = SAFE);
CREATE AGGREGATE tests.within_map(customer_key, date, interval) (SFUNC = repeat_within_transfn, STYPE = customer_map,
	COMBINEFUNC = repeat_within_combine, PARALLEL = SAFE);
CREATE AGGREGATE tests.clv_map(customer_key, date, double precision) (SFUNC = clv_transfn, STYPE = customer_map,
	COMBINEFUNC = clv_combine, PARALLEL = SAFE);
