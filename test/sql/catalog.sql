--
-- catalog: rules that all objects of the extension keep.  Each query lists the
-- violations; there must be none.
--
SET client_min_messages = warning;
CREATE SCHEMA catalog_test;

CREATE VIEW catalog_test.member AS
	SELECT classid, objid, pg_describe_object(classid, objid, 0) AS object
	FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'retention')
	-- since 17 array types are members, too
	AND NOT (classid = 'pg_type'::regclass
	         AND EXISTS (SELECT FROM pg_type t WHERE t.oid = objid AND t.typcategory = 'A'));
CREATE VIEW catalog_test.fn AS
	SELECT p.* FROM pg_proc p JOIN catalog_test.member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;
CREATE VIEW catalog_test.agg AS
	SELECT a.*, p.proname, p.proargtypes, p.prorettype, p.pronargs, p.proparallel, p.oid::regprocedure AS name
	FROM pg_aggregate a JOIN catalog_test.fn p ON p.oid = a.aggfnoid;
CREATE VIEW catalog_test.ty AS
	SELECT t.* FROM pg_type t JOIN catalog_test.member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid;

-- there is something to look at
SELECT (SELECT count(*) FROM catalog_test.member) > 100 AS members,
       (SELECT count(*) FROM catalog_test.agg) >= 30 AS aggregates,
       (SELECT count(*) FROM catalog_test.fn) > 80 AS functions;
SELECT extversion, extrelocatable FROM pg_extension WHERE extname = 'retention';

--
-- Objects
--
-- a comment on each, on every column of a composite type too
SELECT object FROM catalog_test.member m
WHERE NOT EXISTS (SELECT
                  FROM pg_description d
                  WHERE d.classoid = m.classid AND d.objoid = m.objid AND d.objsubid = 0 AND d.description <> '')
ORDER BY 1;
SELECT t.typname, a.attname FROM catalog_test.ty t JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0
WHERE NOT EXISTS (SELECT
                  FROM pg_description d
                  WHERE d.classoid = 'pg_class'::regclass AND d.objoid = t.typrelid AND d.objsubid = a.attnum)
ORDER BY 1, 2;
-- what a user calls has an example and says what becomes of NULL
SELECT f.oid::regprocedure FROM catalog_test.fn f
WHERE f.proname !~ ('_(transfn|invfn|combine|finalfn|in|out|recv|send|support)(_[a-z]+)?$|'
                    '^(customer_(activity|purchases|subscriptions|events|key)|revenue_cells|survival_curve)_'
                    '(eq|ne|lt|le|gt|ge|cmp|hash|hash_extended|sortsupport)$')
AND coalesce(obj_description(f.oid, 'pg_proc'), '') !~ 'NULL.*e\.g\.|^version ' ORDER BY f.oid::regprocedure::text;
-- nothing else than functions, types, casts, and operators of the stored types: no tables, views, event triggers
SELECT object FROM catalog_test.member m
WHERE NOT (classid IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_cast'::regclass)
           OR classid IN ('pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass)
           AND object ~ 'customer_(activity|purchases|subscriptions|events|key)|revenue_cells|survival_curve'
           OR classid = 'pg_class'::regclass
           AND EXISTS (SELECT FROM pg_class c WHERE c.oid = m.objid AND c.relkind = 'c'))
           ORDER BY 1;
-- customers have operators of names that nobody else uses
SELECT oprname, oprleft::regtype, oprright::regtype
FROM pg_operator o WHERE 'customer_key'::regtype IN (oprleft, oprright, oprresult)
AND (oprname !~ '^#[<=>]+#$' OR EXISTS (SELECT FROM pg_operator x WHERE x.oprname = o.oprname AND x.oid <> o.oid));
-- attribute notation makes any function of one argument that takes a row a column of each table: only the two
-- of customer_key do, and so neither
SELECT oid::regprocedure
FROM catalog_test.fn
WHERE (pronargs - pronargdefaults) <= 1
  AND proargtypes[0] IN ('record'::regtype, 'anyelement'::regtype, '"any"'::regtype, 'anynonarray'::regtype,
                         'anycompatible'::regtype, 'anycompatiblenonarray'::regtype)
ORDER BY 1;
-- no name of the server's own is taken
SELECT f.oid::regprocedure
FROM catalog_test.fn f
JOIN pg_proc c ON c.proname = f.proname AND c.pronamespace = 'pg_catalog'::regnamespace
     AND c.proargtypes = f.proargtypes;

--
-- Functions
--
-- in C, or the server's own for input and output, or with a parsed body
SELECT f.oid::regprocedure, l.lanname FROM catalog_test.fn f JOIN pg_language l ON l.oid = f.prolang
WHERE f.prokind <> 'a'
  AND NOT (l.lanname = 'c' OR l.lanname = 'internal' AND f.proname ~ '_(in|out|recv|send)$|^customer_key_'
           OR l.lanname = 'sql' AND f.prosqlbody IS NOT NULL)
ORDER BY 1;
-- each C function is in the library, with an information record
SELECT f.oid::regprocedure, f.prosrc FROM catalog_test.fn f JOIN pg_language l ON l.oid = f.prolang AND l.lanname = 'c'
WHERE f.probin IS DISTINCT FROM '$libdir/retention' ORDER BY 1;
SET check_function_bodies = on;
CREATE FUNCTION catalog_test.symbol_missing(symbol text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE FUNCTION catalog_test.probe() RETURNS int AS ''$libdir/retention'', %L LANGUAGE C', symbol);
	DROP FUNCTION catalog_test.probe();
	RETURN false;
EXCEPTION WHEN undefined_function THEN
	RETURN true;
END $$;
SELECT catalog_test.symbol_missing('no_such_symbol') AS notices;
SELECT DISTINCT f.prosrc
FROM catalog_test.fn f JOIN pg_language l ON l.oid = f.prolang AND l.lanname = 'c'
WHERE catalog_test.symbol_missing(f.prosrc);
-- not volatile, no superuser's rights, parallel safe
SELECT oid::regprocedure, provolatile, prosecdef, proparallel, proconfig FROM catalog_test.fn
WHERE provolatile = 'v' OR prosecdef OR proparallel <> 's' OR proconfig IS NOT NULL ORDER BY 1;
-- stable only where a timestamptz, also one in a value, meets the session's time zone, and where states arrive that
-- name theirs
SELECT oid::regprocedure FROM catalog_test.fn
WHERE prokind <> 'a' AND provolatile = 's'
  AND NOT ('timestamptz'::regtype = ANY (proargtypes::oid[]) OR proname ~ 'timestamptz')
ORDER BY 1;
-- sets say how many rows and what they cost
SELECT oid::regprocedure, prorows, procost
FROM catalog_test.fn WHERE proretset AND (prorows = 1000 OR procost = 1) ORDER BY 1;
-- arguments that a user may name have names; defaults come last and only in plain functions
SELECT oid::regprocedure
FROM catalog_test.fn WHERE pronargdefaults > 0 AND (prokind = 'a' OR proargnames IS NULL) ORDER BY 1;
-- no variadic arguments, no types of the server's that are deprecated or unknown
SELECT oid::regprocedure FROM catalog_test.fn
WHERE provariadic <> 0 OR proargtypes::oid[] && ARRAY['cstring[]'::regtype, 'unknown'::regtype]::oid[] ORDER BY 1;
-- internal appears in receive functions, in those of a moving frame's state, and in the planner's
SELECT oid::regprocedure FROM catalog_test.fn
WHERE 'internal'::regtype = ANY (proargtypes::oid[] || prorettype)
  AND proname !~ '_(recv|moving_(transfn|invfn|finalfn)|support|sortsupport)$'
OR prorettype = 'internal'::regtype AND 'internal'::regtype <> ALL (proargtypes::oid[]) ORDER BY 1;
-- window functions see NULLs themselves, and tell the planner that they do not look at the frame
SELECT oid::regprocedure FROM catalog_test.fn WHERE prokind = 'w' AND (proisstrict OR prosupport = 0) ORDER BY 1;
SELECT oid::regprocedure, prosupport
FROM catalog_test.fn
WHERE prosupport <> 0 AND oid <> 'customer_key(record)'::regprocedure
  AND (prokind <> 'w' OR prosupport NOT IN (SELECT oid FROM catalog_test.fn))
ORDER BY 1;
-- there is one for each type of time, and that for timestamptz, which needs the session's time zone, is
-- stable; an as_of is a timestamptz, or a date with dates
SELECT f, t
FROM unnest(ARRAY['lifecycle_state(%1$s,interval)', 'relationship_number(%1$s,interval)',
                  'churned(%1$s,interval,timestamptz)', 'churned(date,interval,date)']) f,
     unnest(ARRAY['date', 'timestamp', 'timestamptz']) t
WHERE NOT EXISTS (SELECT FROM catalog_test.fn WHERE oid = to_regprocedure(format(f, t)) AND prokind = 'w'
                  AND provolatile = CASE WHEN format(f, t) ~ 'timestamptz' THEN 's' ELSE 'i' END);

--
-- Aggregates
--
SELECT name, aggkind, proparallel FROM catalog_test.agg WHERE aggkind <> 'n' OR proparallel <> 's' ORDER BY 1;
-- support functions belong to the extension
SELECT name, s.f::regproc
FROM catalog_test.agg,
     LATERAL (VALUES (aggtransfn), (aggfinalfn), (aggcombinefn), (aggmtransfn), (aggminvtransfn), (aggmfinalfn)) s(f)
WHERE s.f <> 0 AND s.f NOT IN (SELECT oid FROM catalog_test.fn) ORDER BY 1;
-- they can be combined; their states are SQL types, but for those of moving frames, which stay where they
-- are; final functions only read
SELECT name, aggcombinefn, aggfinalmodify, aggmfinalmodify FROM catalog_test.agg
WHERE aggcombinefn = 0 OR aggfinalmodify <> 'r' OR (aggmtransfn <> 0 AND aggmfinalmodify <> 'r') ORDER BY 1;
SELECT name, aggtranstype::regtype FROM catalog_test.agg
WHERE aggtranstype = 'internal'::regtype OR aggserialfn <> 0 OR aggdeserialfn <> 0 ORDER BY 1;
SELECT name
FROM catalog_test.agg WHERE aggmtranstype = 'internal'::regtype AND aggtranstype <> 'customer_map'::regtype ORDER BY 1;
-- a final function and, with the state of customers, no extra arguments
SELECT name FROM catalog_test.agg WHERE aggfinalfn = 0 OR aggfinalextra OR aggmfinalextra OR aggnumdirectargs <> 0;
-- nothing polymorphic
SELECT name
FROM catalog_test.agg
WHERE EXISTS (SELECT
              FROM unnest(proargtypes::oid[] || aggtranstype || prorettype) t JOIN pg_type ty ON ty.oid = t
              WHERE ty.typtype = 'p');
-- transition function: the state, then the arguments
SELECT name, t.oid::regprocedure FROM catalog_test.agg a JOIN pg_proc t ON t.oid = a.aggtransfn
WHERE t.prorettype <> a.aggtranstype OR t.proargtypes[0] <> a.aggtranstype OR t.pronargs <> a.pronargs + 1
OR (t.proargtypes::oid[])[1:] <> (a.proargtypes::oid[])[:] ORDER BY 1;
SELECT name, c.oid::regprocedure FROM catalog_test.agg a JOIN pg_proc c ON c.oid = a.aggcombinefn
WHERE c.prorettype <> a.aggtranstype OR (c.proargtypes::oid[])[:] <> ARRAY[a.aggtranstype, a.aggtranstype]::oid[]
ORDER BY 1;
SELECT name, f.oid::regprocedure FROM catalog_test.agg a JOIN pg_proc f ON f.oid = a.aggfinalfn
WHERE f.prorettype <> a.prorettype OR (f.proargtypes::oid[])[:] <> ARRAY[a.aggtranstype]::oid[] ORDER BY 1;
-- a strict transition function starts from a state, unless the first value can be the state
SELECT name, t.oid::regprocedure FROM catalog_test.agg a JOIN pg_proc t ON t.oid = a.aggtransfn
WHERE t.proisstrict AND a.agginitval IS NULL AND NOT (t.pronargs = 2 AND t.proargtypes[1] = a.aggtranstype) ORDER BY 1;
-- a combine function that meets NULL states must not be strict in a way that loses one: with strict the first
-- state is taken as it is
SELECT name, c.oid::regprocedure FROM catalog_test.agg a JOIN pg_proc c ON c.oid = a.aggcombinefn
WHERE c.proisstrict AND a.agginitval IS NULL AND a.aggtranstype = 'internal'::regtype ORDER BY 1;
-- states of unlimited size say so, which keeps them out of eager aggregation; the others are small
SELECT name, aggtransspace FROM catalog_test.agg
WHERE (aggtranstype IN ('customer_map'::regtype, 'customer_activity'::regtype, 'customer_purchases'::regtype,
                        'customer_subscriptions'::regtype, 'customer_events'::regtype, 'revenue_cells'::regtype,
                        'tally'::regtype)
       AND aggtransspace <> -1)
  OR (aggtranstype NOT IN ('customer_map'::regtype, 'customer_activity'::regtype, 'customer_purchases'::regtype,
                           'customer_subscriptions'::regtype, 'customer_events'::regtype, 'revenue_cells'::regtype,
                        'tally'::regtype)
      AND NOT aggtransspace BETWEEN 1 AND 256)
ORDER BY 1;
-- moving mode: complete, and giving what the plain mode gives; a state of its own has functions of its own,
-- and no initial value
SELECT name FROM catalog_test.agg a
WHERE (aggmtransfn = 0) <> (aggminvtransfn = 0) OR (aggmtransfn = 0) <> (aggmfinalfn = 0)
OR (aggmtranstype = 'internal'::regtype
    AND (aggminitval IS NOT NULL
         OR EXISTS (SELECT
                    FROM pg_proc f
                    WHERE f.oid IN (aggmtransfn, aggminvtransfn, aggmfinalfn)
                      AND (f.proisstrict OR f.proname !~ ('^' || a.proname || '_moving_')))
    OR (SELECT prorettype FROM pg_proc f WHERE f.oid = aggmfinalfn) <> prorettype))
OR (aggmtransfn <> 0 AND aggmtranstype <> 'internal'::regtype
    AND (aggmtranstype <> aggtranstype OR aggmfinalfn <> aggfinalfn OR aggmtransfn <> aggtransfn
    OR aggminitval IS DISTINCT FROM agginitval)) ORDER BY 1;
SELECT name, i.oid::regprocedure
FROM catalog_test.agg a JOIN pg_proc t ON t.oid = a.aggmtransfn JOIN pg_proc i ON i.oid = a.aggminvtransfn
WHERE i.prorettype <> t.prorettype OR i.proargtypes <> t.proargtypes OR i.proisstrict <> t.proisstrict ORDER BY 1;
-- counts over rows have an inverse; states of customers have none, but to count customers is possible with
-- another state
SELECT name
FROM catalog_test.agg
WHERE proname NOT IN ('rollup', 'active_customers') AND (aggtranstype = 'bigint[]'::regtype) <> (aggminvtransfn <> 0)
ORDER BY 1;
SELECT aggmtranstype::regtype, array_agg(name::text) AS with_own_moving_state
FROM catalog_test.agg WHERE aggmtranstype NOT IN (0, aggtranstype) GROUP BY 1;
-- the initial state of counters is zeros
SELECT name, agginitval
FROM catalog_test.agg WHERE aggtranstype = 'bigint[]'::regtype AND (agginitval IS NULL OR agginitval !~ '^\{0(,0)*\}$')
ORDER BY 1;
-- aggregates with equal arguments share one transition function and so one state
SELECT proargtypes::regtype[], count(DISTINCT aggtransfn) FROM catalog_test.agg
WHERE proname IN ('retention_rate', 'churn_rate', 'retention_summary', 'clv', 'clv_summary', 'fit_bgnbd', 'fit_mbgnbd',
                  'fit_pareto_nbd')
GROUP BY proargtypes, proname LIKE 'clv%' HAVING count(DISTINCT aggtransfn) > 1;
-- each form of the rates exists for each type of time
SELECT n, t FROM unnest(ARRAY['retention_rate', 'churn_rate', 'retention_summary']) n,
	unnest(ARRAY['date,daterange,daterange', 'timestamp,tsrange,tsrange', 'timestamptz,tstzrange,tstzrange',
	             'daterange,daterange', 'tsrange,tsrange', 'tstzrange,tstzrange']) t
WHERE to_regprocedure(format('%s(customer_key,%s)', n, t)) IS NULL;

--
-- Types and casts
--
SELECT typname FROM catalog_test.ty t WHERE typtype = 'b' AND typcategory <> 'A'
AND (typreceive = 0 OR typsend = 0 OR typreceive::oid NOT IN (SELECT oid FROM catalog_test.fn) OR typalign <> 'd'
     OR typcategory <> CASE WHEN typname ~ '^(customer_(activity|purchases|subscriptions|events)|revenue_cells)$'
                            THEN 'r' ELSE 'U' END)
ORDER BY 1;
-- an activity is meant by NULL, and by a parameter without a type
SELECT typname FROM catalog_test.ty t WHERE typispreferred ORDER BY 1;
SELECT typname FROM catalog_test.ty t WHERE typtype NOT IN ('b', 'c') ORDER BY 1;
SELECT typname FROM catalog_test.ty WHERE typtype = 'b' AND typlen = -1 AND typstorage <> 'x' AND typcategory <> 'A';
SELECT castsource::regtype, casttarget::regtype, castcontext
FROM pg_cast c JOIN catalog_test.member m ON m.classid = 'pg_cast'::regclass AND m.objid = c.oid
WHERE NOT (casttarget = 'customer_key'::regtype AND castcontext = 'i'
           AND castsource IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'text'::regtype,
                              'varchar'::regtype, 'bpchar'::regtype, 'uuid'::regtype, 'numeric'::regtype,
                           'name'::regtype, 'oid'::regtype, 'bytea'::regtype, 'inet'::regtype, 'real'::regtype,
                           'double precision'::regtype)
           OR castsource = 'customer_key'::regtype AND casttarget = 'bigint'::regtype AND castcontext = 'e'
           OR castsource = 'customer_purchases'::regtype AND casttarget = 'customer_activity'::regtype
              AND castcontext = 'i');
SELECT count(*) AS implicit_casts FROM pg_cast WHERE casttarget = 'customer_key'::regtype AND castcontext = 'i';

DROP SCHEMA catalog_test CASCADE;
