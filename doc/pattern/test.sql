-- solved_at_once: share of the cases that took a single contact

-- plain SQL on the same numbers, NULLs included
CREATE FUNCTION oracle(contacts integer[]) RETURNS double precision LANGUAGE sql IMMUTABLE
RETURN (SELECT avg((c = 1)::int)::double precision FROM unnest(contacts) c);

-- does the plan of a query contain these words?
CREATE FUNCTION plan_has(query text, words text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF position(words IN line) > 0 THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
END
$$;

-- a worked example
SELECT solved_at_once(contacts) FROM (VALUES (1), (1), (3), (NULL), (2)) v(contacts);
-- NULL without cases
SELECT solved_at_once(contacts) IS NULL AS only_null FROM (VALUES (NULL::integer)) v(contacts);
SELECT solved_at_once(contacts) IS NULL AS no_rows FROM (VALUES (1)) v(contacts) WHERE false;

-- scattered data: the whole table, and each group, as plain SQL has it
CREATE TABLE cases AS
SELECT id, id % 13 AS branch, CASE WHEN id % 7 <> 3 THEN 1 + (id * 7919 >> 4) % 4 END AS contacts
FROM generate_series(1, 2000) id;
SELECT solved_at_once(contacts) = oracle(array_agg(contacts)) AS agrees FROM cases;
SELECT count(*) AS branches, bool_and(got = want) AS agree
FROM (SELECT solved_at_once(contacts) AS got, oracle(array_agg(contacts)) AS want FROM cases GROUP BY branch) b;

-- a frame that moves takes rows back
SELECT count(*) AS rows, bool_and(got IS NOT DISTINCT FROM want) AS agree
FROM (SELECT solved_at_once(contacts) OVER w AS got, oracle(array_agg(contacts) OVER w) AS want FROM cases
	  WINDOW w AS (ORDER BY id ROWS BETWEEN 5 PRECEDING AND 2 PRECEDING)) f;

-- workers: the plan is partial, and gives what one process gives
CREATE TABLE serial AS SELECT branch, solved_at_once(contacts) AS share FROM cases GROUP BY branch;
ALTER TABLE cases SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SELECT plan_has('SELECT solved_at_once(contacts) FROM cases', 'Partial Aggregate') AS partial;
SELECT count(*) AS differ
FROM (SELECT branch, solved_at_once(contacts) FROM cases GROUP BY branch EXCEPT TABLE serial) d;

-- errors
SELECT solved_at_once(contacts) FROM (VALUES (1), (0)) v(contacts);
SELECT solved_at_once_transfn('{0,0}', 1);
