CREATE EXTENSION retention;

--
-- Helpers of several tests
--

-- The nodes of a query's plan, such as "Partial Aggregate"
CREATE FUNCTION plan_nodes(query text) RETURNS text[]
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

-- Runs a query without and with parallel workers, asserts that the second
-- plan aggregates partially below a Gather, and tells whether the rows agree.
CREATE FUNCTION parallel_check(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	nodes text[];
	wrong bigint;
	counted bigint;
BEGIN
	DROP TABLE IF EXISTS pg_temp.serial_rows, pg_temp.parallel_rows;
	SET LOCAL max_parallel_workers_per_gather = 0;
	EXECUTE 'CREATE TEMP TABLE serial_rows AS ' || query;
	SET LOCAL max_parallel_workers_per_gather = 2;
	SET LOCAL parallel_setup_cost = 0;
	SET LOCAL parallel_tuple_cost = 0;
	SET LOCAL min_parallel_table_scan_size = 0;
	SET LOCAL parallel_leader_participation = off;
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
