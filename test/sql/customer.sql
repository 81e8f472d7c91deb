--
-- customer: who is a customer, and the state of the aggregates over customers
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA customer_test;
SELECT set_config('search_path', 'customer_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- customer_key: text form
--
SELECT k FROM unnest(ARRAY['0', '42', '-1', '9223372036854775807', '-9223372036854775808', '7']::customer_key[]) k;
SELECT 'abc'::customer_key;
SELECT ''::customer_key;
SELECT '1.5'::customer_key;
SELECT '9223372036854775808'::customer_key;
SELECT '-9223372036854775809'::customer_key;
SELECT NULL::customer_key, NULL::bigint::customer_key, NULL::integer::customer_key, NULL::text::customer_key,
       customer_key(NULL::uuid), customer_key(NULL::date);
SELECT typlen, typbyval, typalign, typstorage FROM pg_type WHERE oid = 'customer_key'::regtype;

-- there and back, by text and by binary
CREATE TABLE key_table (i bigint, k customer_key);
INSERT INTO key_table SELECT i, i FROM unnest(ARRAY[0, 1, -1, 9223372036854775807, -9223372036854775808, 4294967296]) i;
SELECT count(*) AS rows,
       count(*) FILTER (WHERE k::bigint = i AND k::text::bigint = i AND k::text::customer_key IS NOT NULL) AS same
FROM key_table;

--
-- Integers are kept as they are
--
SELECT 32767::smallint::customer_key, (-32768)::smallint::customer_key, 2147483647::customer_key,
       (-2147483648)::customer_key,
       9223372036854775807::customer_key, (-9223372036854775808)::customer_key;
SELECT customer_key(7::smallint), customer_key(7), customer_key(7::bigint),
       customer_key((-9223372036854775808)::bigint);
SELECT count(*) AS wrong FROM generate_series(-32768, 32767, 13) i
WHERE i::smallint::customer_key::bigint <> i OR i::integer::customer_key::bigint <> i
  OR i::bigint::customer_key::bigint <> i
   OR customer_key(i::smallint)::bigint <> i OR customer_key(i::integer)::bigint <> i
   OR customer_key(i::bigint)::bigint <> i;

--
-- Other types are their own extended hash
--
SELECT count(*) AS rows, count(*) FILTER (WHERE t::customer_key::bigint <> hashtextextended(t, 0)
	OR t::varchar::customer_key::bigint <> hashtextextended(t, 0)
	OR t::varchar(20)::customer_key::bigint <> hashtextextended(t, 0)
	OR t::char(20)::customer_key::bigint <> hashbpcharextended(t::char(20), 0)
	OR md5(t)::uuid::customer_key::bigint <> uuid_hash_extended(md5(t)::uuid, 0)
	OR i::numeric::customer_key::bigint <> hash_numeric_extended(i, 0)
	OR customer_key(t)::bigint <> hashtextextended(t, 0)
	OR customer_key(t::varchar)::bigint <> hashtextextended(t, 0)
	OR customer_key(t::char(20))::bigint <> hashbpcharextended(t::char(20), 0)
	OR customer_key(md5(t)::uuid)::bigint <> uuid_hash_extended(md5(t)::uuid, 0)
	OR customer_key(i::numeric)::bigint <> hash_numeric_extended(i, 0)) AS wrong
FROM (SELECT i, repeat('x', (i % 17)::int) || i AS t FROM generate_series(1::bigint, 2000) i) x;
-- equal values are one customer: scale, trailing blanks of char
SELECT 1.0::customer_key::bigint = 1.00::customer_key::bigint AS scale,
       1::numeric::customer_key::bigint = 1.000::customer_key::bigint AS one,
       'a'::char(5)::customer_key::bigint = 'a'::char(9)::customer_key::bigint AS blanks,
       'a'::text::customer_key::bigint = 'a'::varchar::customer_key::bigint AS varchar,
       'a'::text::customer_key::bigint = 'a'::char(5)::customer_key::bigint AS char,
       'a'::text::customer_key::bigint = 'a '::text::customer_key::bigint AS text_blanks,
       'a'::text::customer_key::bigint = 'A'::text::customer_key::bigint AS letter_case;
-- the server's own hash of numeric leaves the sign out, and takes NaN and the infinities for one
SELECT (-1)::numeric::customer_key::bigint = 1::numeric::customer_key::bigint AS numeric,
       (-1)::customer_key::bigint = 1::customer_key::bigint AS integer;
-- no two of 200,000 collide
SELECT count(DISTINCT t::customer_key::bigint) AS text, count(DISTINCT md5(t)::uuid::customer_key::bigint) AS uuid,
       count(DISTINCT i::numeric::customer_key::bigint) AS numeric
FROM (SELECT i, 'customer ' || i AS t FROM generate_series(1, 200000) i) x;
-- large values, out of line and compressed
CREATE TABLE long_text (t text);
INSERT INTO long_text VALUES
	(repeat('customer', 100000)), ((SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) i));
SELECT count(*) FILTER (WHERE t::customer_key::bigint = hashtextextended(t, 0)) AS same FROM long_text;

--
-- Any other type that can be hashed
--
CREATE TYPE plan AS ENUM ('free', 'basic', 'pro');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE DOMAIN account AS integer;
CREATE TYPE pair AS (a int, b text);
SELECT count(DISTINCT customer_key(p)::bigint) AS enum FROM unnest(enum_range(NULL::plan)) p;
SELECT customer_key('a@b'::email)::bigint = hashtextextended('a@b', 0) AS domain_text,
       customer_key(5::account) AS domain_integer, 5::account::customer_key AS domain_cast;
SELECT customer_key(ROW(1, 'x'::text))::bigint = hash_record_extended(ROW(1, 'x'::text), 0) AS row,
       customer_key(ARRAY[ROW(1, 'x')::pair])::bigint = customer_key(ARRAY[ROW(1, 'x')])::bigint AS composite,
       customer_key(ROW(1, 'x'::text))::bigint = customer_key(ROW('x'::text, 1))::bigint AS other_row;
SELECT customer_key(ARRAY[1, 2])::bigint = hash_array_extended(ARRAY[1, 2], 0) AS array,
       customer_key(daterange('2024-01-01', '2024-02-01'))::bigint
           = hash_range_extended(daterange('2024-01-01', '2024-02-01'), 0) AS range;
SELECT customer_key(d)::bigint = customer_key(d)::bigint AS date,
       customer_key(d)::bigint = customer_key(d + 1)::bigint AS next,
       customer_key(true)::bigint = customer_key(false)::bigint AS bool,
       customer_key(0.5::float8)::bigint = customer_key(0.5::float8)::bigint AS float,
       customer_key('0'::float8)::bigint = customer_key('-0'::float8)::bigint AS zero
FROM (VALUES (date '2024-01-01')) v(d);
SELECT active_customers(n) AS numbers
FROM unnest('{7,-7,7.00,0,-0,0.00,NaN,NaN,Infinity,-Infinity,1e200,-1e200,1e200}'::numeric[]) n;
-- also inside other values
SELECT customer_key(ROW(7.0)) #=# customer_key(ROW(-7.0)) AS row,
       customer_key(ROW(7.0)) #=# customer_key(ROW(7.00)) AS scale,
       customer_key(ARRAY[7.0]) #=# customer_key(ARRAY[-7.0]) AS array,
       customer_key('{"a": [7]}'::jsonb) #=# customer_key('{"a": [-7]}'::jsonb) AS jsonb,
       customer_key('{"a": [7]}'::jsonb) #=# customer_key('{"a": [7.0]}'::jsonb) AS jsonb_scale,
       customer_key(numrange(-3, 4)) #=# customer_key(numrange(3, 4)) AS range,
       customer_key(numrange(3, 4)) #=# customer_key(numrange(3.0, 4)) AS range_scale;
SELECT active_customers(customer_key(m)) AS multiranges
FROM unnest('{"{[1,2)}","{[-1,2)}","{[-2,-1)}","{[-2,1)}","{[1.0,2.00)}","{}","{[1,2),[3,4)}",'
            '"{[-4,-3),[1,2)}"}'::nummultirange[]) m;
CREATE TYPE priced AS (shop int, amount numeric);
CREATE TYPE priced_range AS RANGE (subtype = priced);
SELECT active_customers(customer_key(r)) AS ranges_of_rows
FROM unnest(ARRAY[priced_range((1, 2), (1, 3)), priced_range((1, -2), (1, 3)), priced_range((1, 2.0), (1, 3)),
                  priced_range((1, NULL), NULL), priced_range(NULL, (1, 3)), 'empty']) r;
DROP TYPE priced CASCADE;
-- citext is read as a text form, which is exact: 07 and 7 would be one customer, in silence
CREATE FUNCTION read_key(form text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT %L::customer_key::bigint::text', form) INTO form;
	RETURN form;
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate;
END $$;
SELECT read_key(form) AS outcome, array_agg(form ORDER BY form COLLATE "C") AS forms
FROM unnest('{7,07," 7","7 ",+7,-0,00,0x7,7.0,"",-,9223372036854775808,-9223372036854775809,'
            '99999999999999999999,"99999999999999999999 "}'::text[]) form
GROUP BY 1 ORDER BY 1;
DROP FUNCTION read_key(text);
-- whole numbers of floating-point types are the integers, as a program makes them of integers with gaps
SELECT f, f::customer_key, active_customers(f) OVER () AS customers
FROM unnest('{7,-7,0,-0,4503599627370496,9007199254740992,-9007199254740992}'::float8[]) f;
SELECT 7::real::customer_key, 0.5::real::customer_key #=# 0.5::float8::customer_key AS real, active_customers(f)
FROM unnest('{0.5,-0.5,NaN,NaN,Infinity,-Infinity,1e300,-1e300}'::float8[]) f;
SELECT active_customers(x::bigint) AS integers, active_customers(x::float8) AS doubles,
       count(*) FILTER (WHERE x::bigint::customer_key::bigint <> x::float8::customer_key::bigint) AS differ
FROM generate_series(-3000, 3000) x;
-- names are what the same text is; oids are integers
SELECT 'ann'::name::customer_key #=# 'ann'::text::customer_key AS name, 4294967295::oid::customer_key,
       '\xc0ffee'::bytea::customer_key #=# '\xc0ff'::bytea::customer_key AS bytea,
       inet '192.0.2.1'::customer_key #=# inet '192.0.2.1/32'::customer_key AS inet;
SELECT active_customers(n) AS name, active_customers(o) AS oid, active_customers(b) AS bytea,
       active_customers(i) AS inet, active_customers(f) AS double, active_customers(r) AS real
FROM (VALUES ('a'::name, 1::oid, '\x01'::bytea, '10.0.0.1'::inet, 1::float8, 1::real),
             ('b', 2, '\x02', '10.0.0.2', 2.5, 2.5), ('b', 2, '\x02', '10.0.0.2', 2.5, 2.5),
             (NULL, NULL, NULL, NULL, NULL, NULL)) v(n, o, b, i, f, r);
-- a program's own cast
CREATE CAST (plan AS customer_key) WITH FUNCTION customer_key(anyelement) AS IMPLICIT;
SELECT active_customers(p) AS enum FROM unnest(enum_range(NULL::plan)) p;
DROP CAST (plan AS customer_key);
-- what is no customer without the function
SELECT active_customers(true);
SELECT active_customers(date '2024-01-01');
SELECT active_customers('{}'::jsonb);
SELECT active_customers('free'::plan);

--
-- A NULL in a record makes a NULL customer
--
SELECT active_customers(customer_key(row(email))) AS one FROM (VALUES ('a'), (NULL), (NULL)) v(email);
SELECT customer_key(ROW(1, NULL)) AS field, customer_key(ROW(ROW(1, NULL), 2)) AS nested,
       customer_key(ARRAY[1, NULL]) AS array, customer_key(ROW(1, ARRAY[NULL::int])) AS array_field,
       customer_key(ROW(1, ROW(1, NULL)::pair)) AS composite_field, customer_key(NULL::record) AS record,
       customer_key(ROW(1, 'x')) #=# customer_key(ROW(1, 'x'::text)) AS literal;
SELECT repeat_purchase_rate(customer_key(ROW(a, b))) AS rate, active_customers(customer_key(ROW(a, b))) AS customers
FROM (VALUES (1, 1), (1, NULL), (1, NULL), (NULL, NULL), (1, 1), (2, 1)) v(a, b);

--
-- No row of a table is a customer: attribute notation is the error that it is
-- without the extension
--
CREATE TABLE buy (customer_id int, at date);
INSERT INTO buy VALUES (1, '2024-01-01'), (1, '2024-02-02');
CREATE VIEW buys AS SELECT * FROM buy;
CREATE DOMAIN email_pair AS pair CHECK ((VALUE).a > 0);
SELECT retention_rate(o.customer_key, o.at, '[2024-01-01,2024-02-01)', '[2024-02-01,2024-03-01)') FROM buy o;
SELECT o.customer_key FROM buys o;
SELECT (o).customer_key FROM buy o;
SELECT o.customer_key FROM (SELECT * FROM buy) o;
SELECT o.customer_key FROM (SELECT * FROM buy OFFSET 0) o;
SELECT o.customer_key FROM (SELECT * FROM buy WHERE false) o;
SELECT o.customer_key FROM (SELECT 1 AS customer_id) o;
WITH o AS (SELECT * FROM buy)
SELECT retention_rate(o.customer_key, o.at, '[2024-01-01,2024-02-01)', '[2024-02-01,2024-03-01)')
FROM o;
WITH o AS MATERIALIZED (SELECT * FROM buy) SELECT o.customer_key FROM o;
SELECT o.customer_key FROM (VALUES (1, 2), (3, 4)) o;
SELECT j.customer_key FROM (buy CROSS JOIN (VALUES (1)) v(x)) j;
SELECT o.customer_key FROM buy LEFT JOIN (SELECT *, 1 AS z FROM buys) o USING (customer_id);
SELECT o.customer_key FROM json_to_recordset('[{"a": 1}]') o(a int);
SELECT (SELECT o.customer_key) FROM (SELECT * FROM buy OFFSET 0) o;
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM buy LOOP PERFORM (r).customer_key; END LOOP; END $$;
SELECT customer_key(o) FROM buy o;
SELECT customer_key(ROW(1, 'x')::pair);
SELECT customer_key(ROW(1, 'x')::pair::email_pair);
-- no function of one argument is a column of them
CREATE FUNCTION reached(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'reached';
EXCEPTION WHEN undefined_column OR cannot_coerce THEN
	RETURN NULL;
END $$;
SELECT name, source
FROM (SELECT DISTINCT proname AS name
      FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'retention')) f,
	unnest(ARRAY['buy', 'buys', '(SELECT * FROM buy)', '(SELECT * FROM buy OFFSET 0)',
	             '(VALUES (1, 2), (3, 4))']) source
WHERE reached(format('SELECT o.%I FROM %s o', name, source)) IS NOT NULL;
-- types without
SELECT customer_key(point(1, 2));
SELECT customer_key('{}'::json);
SELECT customer_key('$.a'::jsonpath);
SELECT customer_key(ROW(1, point(1, 2)));
SELECT customer_key(ARRAY['{}'::json]);
SELECT retention_rate(point(1, 2), date '2024-01-01', '(,)', '(,)');
SELECT customer_key();
SELECT customer_key(1, 2);
-- an unknown literal is the text form of a key
SELECT customer_key('42'), clv('42', date '2024-01-01', 1);
SELECT clv('somebody', date '2024-01-01', 1);
-- customers that are equal by their collation are one
SELECT count(*) > 0 AS have_icu FROM pg_collation WHERE collprovider = 'i' \gset
\if :have_icu
CREATE COLLATION ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
\else
CREATE COLLATION ignore_case FROM "C";
\endif
CREATE TABLE member (m text COLLATE ignore_case, plain text);
INSERT INTO member VALUES ('Ann', 'Ann'), ('ANN', 'ANN'), ('Bob', 'Bob');
SELECT repeat_purchase_rate(m) = CASE WHEN :'have_icu' THEN 0.5 ELSE 0 END AS ignoring_case,
       repeat_purchase_rate(plain) AS plain,
       repeat_purchase_rate(m::varchar) = CASE WHEN :'have_icu' THEN 0.5 ELSE 0 END AS varchar,
       repeat_purchase_rate(customer_key(m)) = CASE WHEN :'have_icu' THEN 0.5 ELSE 0 END AS by_function,
       repeat_purchase_rate(customer_key(ROW(m))) = CASE WHEN :'have_icu' THEN 0.5 ELSE 0 END AS in_row FROM member;

--
-- Which casts there are: all implicit to customer_key, bigint without a
-- function, and back to bigint only when asked for
--
SELECT castsource::regtype, casttarget::regtype, castcontext, castmethod
FROM pg_cast WHERE 'customer_key'::regtype IN (castsource, casttarget)
ORDER BY casttarget::regtype::text, castsource::regtype::text COLLATE "C";
-- operators of names that no other type has, so that the implicit casts reach none
SELECT oprname FROM pg_operator o WHERE 'customer_key'::regtype IN (oprleft, oprright) ORDER BY oprname COLLATE "C";
SELECT oprname FROM pg_operator o WHERE 'customer_key'::regtype IN (oprleft, oprright)
AND EXISTS (SELECT
            FROM pg_operator x WHERE x.oprname = o.oprname AND 'customer_key'::regtype NOT IN (x.oprleft, x.oprright));
SELECT amname, opcname
FROM pg_opclass JOIN pg_am ON pg_am.oid = opcmethod WHERE opcintype = 'customer_key'::regtype AND opcdefault ORDER BY 1;
SELECT active_customers(DISTINCT c) AS customers, count(DISTINCT c::customer_key) AS distinct,
       customers(customer_activity(c, d ORDER BY c)) AS activity
FROM (VALUES (1, date '2024-01-01'), (2, '2024-01-02'), (1, '2024-01-03')) v(c, d);
SELECT a.i FROM key_table a JOIN key_table b ON a.k #=# b.k WHERE a.k #>=# 1 ORDER BY a.k DESC;
SELECT i FROM key_table WHERE k #<# 0 OR k #=# 1 OR k #>=# 9223372036854775807 ORDER BY k;
SELECT i FROM key_table WHERE k #<>#0 AND k #<=# 1 AND NOT k #># 0 ORDER BY k;
CREATE TABLE by_key (k customer_key PRIMARY KEY) PARTITION BY HASH (k);
CREATE TABLE by_key_0 PARTITION OF by_key FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE by_key_1 PARTITION OF by_key FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO by_key SELECT i FROM generate_series(1, 1000) i;
CREATE INDEX ON by_key USING hash (k);
SELECT count(*) AS joined FROM by_key a JOIN by_key b ON a.k #=# b.k;
INSERT INTO by_key VALUES (7);
SELECT 1::customer_key = 1::customer_key;
SELECT k FROM key_table GROUP BY k ORDER BY k;
SELECT k FROM key_table ORDER BY k;
SELECT 1::customer_key + 1;
SELECT abs(5::customer_key);
SELECT date '2024-01-01'::customer_key;
SELECT true::customer_key;

--
-- The implicit casts change nothing in ordinary SQL: what a server without the
-- extension says to each expression, an SQLSTATE or a type and value, it must
-- say here as well.
--
CREATE TABLE t (i2 smallint, i4 integer, i8 bigint, n numeric, f double precision, s text, v varchar(9), c char(3),
                u uuid, d date, b boolean);
INSERT INTO t VALUES (1, 2, 3, 4.5, 5.5, '6', '7', '8', '00000000-0000-0000-0000-000000000009', '2024-01-10', true);
CREATE FUNCTION typed(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT string_agg(pg_typeof(x)::text || '' '' || coalesce(x::text, ''NULL''), '', '') '
	               'FROM (SELECT %s AS x FROM customer_test.t) q',
	               expression) INTO result;
	RETURN coalesce(result, 'no rows');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
CREATE TABLE attempt (i int GENERATED ALWAYS AS IDENTITY, e text, expected text);
INSERT INTO attempt (e, expected) VALUES
	-- errors that must stay errors
	('u = i8', '42883'), ('i8 = u', '42883'), ('u = i4', '42883'), ('u = s', '42883'), ('s = i4', '42883'),
	('s = i8', '42883'), ('s = n', '42883'),
	('v = i4', '42883'), ('c = i8', '42883'), ('u = n', '42883'), ('u < i8', '42883'), ('s < 1::bigint', '42883'),
	('s <> n', '42883'), ('u || n', '42883'),
	('s + i4', '42883'), ('u + 1', '42883'), ('s * n', '42883'), ('-s', '42883'), ('-u', '42883'), ('@ u', '42883'),
	('u - u', '42883'), ('s % i8', '42883'),
	('i4 || i8', '42883'), ('i8 || n', '42883'), ('u || u', '42883'), ('d = i8', '42883'), ('b = i4', '42883'),
	('d + s', '42883'), ('f = s', '42883'),
	('coalesce(u, i8)', '42804'), ('coalesce(s, i4)', '42804'), ('coalesce(n, u)', '42804'),
	('coalesce(s, u)', '42804'), ('nullif(u, i8)', '42883'), ('nullif(s, i4)', '42883'),
	('greatest(s, i8)', '42804'), ('least(u, n)', '42804'), ('CASE WHEN b THEN u ELSE i8 END', '42804'),
	('CASE WHEN b THEN s ELSE i4 END', '42804'), ('CASE s WHEN i4 THEN 1 END', '42883'),
	('s IN (1, 2)', '42883'), ('u IN (i4, i8)', '42883'), ('i8 IN (s, v)', '42883'), ('s = ANY (ARRAY[1, 2])', '42883'),
	('i8 = ANY (ARRAY[s])', '42883'), ('u = ANY (SELECT i8)', '42883'),
	('i4 IN (SELECT s)', '42883'), ('s NOT IN (SELECT n)', '42883'), ('u BETWEEN i4 AND i8', '42883'),
	('s BETWEEN 1 AND 2', '42883'), ('ROW(s, u) = ROW(i4, i8)', '42883'),
	('u IS DISTINCT FROM i8', '42883'), ('s IS NOT DISTINCT FROM n', '42883'),
	('ARRAY[u, i8]', '42804'), ('ARRAY[s, i4]', '42804'), ('ARRAY[n, s]', '42804'), ('ARRAY[c, i8]', '42804'),
	('(SELECT s UNION SELECT i8)', '42804'), ('(SELECT u UNION ALL SELECT i8)', '42804'),
	('(SELECT n INTERSECT SELECT s)', '42804'), ('(SELECT x.y FROM (VALUES (u), (i8)) x(y))', '42804'),
	('(SELECT x.y FROM (VALUES (s), (i4)) x(y))', '42804'),
	('abs(s)', '42883'), ('round(s)', '42883'), ('length(i8)', '42883'), ('upper(i4)', '42883'),
	('substr(n, 1)', '42883'), ('md5(i8)', '42883'), ('to_char(s, ''9'')', '42883'),
	('date_trunc(''day'', i8)', '42883'),
	('sum(s)', '42883'), ('avg(u)', '42883'), ('bool_or(i4)', '42883'), ('string_agg(i4, '','')', '42883'),
	('generate_series(s, v)', '42883'), ('mod(s, i4)', '42883'), ('power(s, 2)', '42883'),
	('now() - i4', '42883'), ('d - s', '42883'), ('i4 AND b', '42804'), ('NOT s', '42804'), ('s::uuid = i8', '42883'),
	('i8::uuid', '42846'), ('u::bigint', '42846'), ('u::integer', '42846'), ('u::numeric', '42846'),
	('i8::date', '42846'), ('i4::timestamp', '42846'), ('n::uuid', '42846'), ('array_append(ARRAY[i8], s)', '42883'),
	('array_cat(ARRAY[s], ARRAY[i8])', '42883'), ('ARRAY[u] || i8', '42883'), ('ARRAY[i8] @> ARRAY[u]', '42883'),
	('int8range(s, v)', '42883'), ('numrange(1, 2) @> s', '42883'), ('repeat(i4, 2)', '42883'),
	('no_such_function(i8)', '42883'), ('no_such_function(s)', '42883'), ('lower(u)', '42883'), ('s ~ i4', '42883'),
	('i8 LIKE s', '42883'), ('u LIKE s', '42883'),
	('s = f', '42883'), ('u = f', '42883'), ('u = d', '42883'), ('b = f', '42883'), ('s = ''1''::bytea', '42883'),
	('i8 = current_user', '42883'), ('u = current_user', '42883'), ('f = inet ''10.0.0.1''', '42883'),
	('coalesce(f, s)', '42804'), ('ARRAY[f, u]', '42804'), ('greatest(f, s)', '42804'),
	('CASE WHEN b THEN f ELSE s END', '42804'), ('sum(current_user)', '42883'), ('''a''::name + 1', '42883'),
	-- values and types that must not change
	('f = i8', 'boolean false'), ('f + i4', 'double precision 7.5'), ('coalesce(f, i4)', 'double precision 5.5'),
	('''a''::name = ''a''::text', 'boolean true'), ('''a''::name || s', 'text a6'), ('1::oid = i2', 'boolean true'),
	('1::oid = i8', 'boolean false'), ('''\x01''::bytea || ''\x02''::bytea', 'bytea \x0102'),
	('i4 + i8', 'bigint 5'), ('i2 + i4', 'integer 3'), ('i8 + n', 'numeric 7.5'), ('i4 / i2', 'integer 2'),
	('n * f', 'double precision 24.75'), ('i8 = i4', 'boolean false'), ('i2 < n', 'boolean true'),
	('s || i4', 'text 62'), ('i8 || s', 'text 36'), ('v || u', 'text 700000000-0000-0000-0000-000000000009'),
	('s || c', 'text 68'), ('c || v', 'text 87'), ('s || b', 'text 6true'), ('n || s', 'text 4.56'),
	('s || NULL', 'text NULL'),
	('coalesce(i4, i8)', 'bigint 2'), ('coalesce(i2, n)', 'numeric 1'), ('coalesce(s, v)', 'text 6'),
	('coalesce(v, c)', 'character varying 7'), ('coalesce(NULL, ''x'')', 'text x'),
	('greatest(i2, i8, n)', 'numeric 4.5'),
	('CASE WHEN b THEN i4 ELSE n END', 'numeric 2'), ('CASE WHEN b THEN v ELSE s END', 'text 7'),
	('ARRAY[i2, i8]', 'bigint[] {1,3}'), ('ARRAY[s, v]', 'text[] {6,7}'), ('ARRAY[1, 2.5]', 'numeric[] {1,2.5}'),
	('ARRAY[''a'', ''b'']', 'text[] {a,b}'),
	('i4 IN (1, 2)', 'boolean true'), ('s IN (''6'', ''7'')', 'boolean true'),
	('u IN (''00000000-0000-0000-0000-000000000009'')', 'boolean true'),
	('u = ''00000000-0000-0000-0000-000000000009''', 'boolean true'), ('i8 = ''3''', 'boolean true'),
	('''6'' = s', 'boolean true'),
	('s = v', 'boolean false'), ('v = c', 'boolean false'), ('c = s', 'boolean false'), ('s LIKE v', 'boolean false'),
	('v > s', 'boolean true'), ('''a'' < ''b''', 'boolean true'), ('1 = ''1''', 'boolean true'),
	('abs(i2)', 'smallint 1'), ('abs(-i8)', 'bigint 3'), ('round(n)', 'numeric 5'), ('round(i4)', 'double precision 2'),
	('length(v)', 'integer 1'), ('upper(c)', 'text 8'), ('substr(v, 1)', 'text 7'),
	('md5(v) = md5(s)', 'boolean false'),
	('to_char(i8, ''FM9'')', 'text 3'), ('mod(i8, i4)', 'bigint 1'), ('power(i4, i2)', 'double precision 2'),
	('sum(i4)', 'bigint 2'), ('sum(i8)', 'numeric 3'), ('avg(i2)', 'numeric 1.00000000000000000000'),
	('min(v)', 'text 7'), ('max(c)', 'character 8'),
	('string_agg(v, '','')', 'text 7'), ('array_agg(u)', 'uuid[] {00000000-0000-0000-0000-000000000009}'),
	('count(u)', 'bigint 1'), ('concat(i4, s, u)', 'text 2600000000-0000-0000-0000-000000000009'),
	('format(''%s'', i8)', 'text 3'),
	('hashtext(v) = hashtext(''7'')', 'boolean true'), ('to_json(u)', 'json "00000000-0000-0000-0000-000000000009"'),
	('quote_literal(i4)', 'text ''2'''), ('d + i4', 'date 2024-01-12'), ('d - i4', 'date 2024-01-08'),
	('repeat(s, i2)', 'text 6'), ('lower(v)', 'text 7'),
	('(SELECT i4 UNION ALL SELECT i8 LIMIT 1)', 'bigint 2'), ('(SELECT s UNION SELECT s)', 'text 6'),
	('generate_series(i2, i2)', '42725'), ('nullif(i4, i8)', 'integer 2'), ('int8range(i4, i8)', 'int8range [2,3)'),
	('numrange(i4, n)', 'numrange [2,4.5)'),
	('ROW(i4, s) = ROW(2, ''6'')', 'boolean true'), ('i8::text', 'text 3'), ('s::bigint', 'bigint 6'),
	('v::integer', 'integer 7'), ('n::bigint', 'bigint 5'), ('u::text', 'text 00000000-0000-0000-0000-000000000009'),
	('i4::numeric', 'numeric 2'), ('i8::integer', 'integer 3'),
	('md5(s)::uuid', 'uuid 1679091c-5a88-0faf-6fb5-e6087eb1b2dc'), ('i8::oid', 'oid 3'), ('to_jsonb(i8)', 'jsonb 3'),
	('array_append(ARRAY[i8], i4)', 'bigint[] {3,2}'), ('ARRAY[s] || v', 'text[] {6,7}'),
	('array_position(ARRAY[i8], i4)', 'integer NULL'),
	('substring(s FROM v)', 'text NULL'), ('s COLLATE "C"', 'text 6'), ('starts_with(v, s)', 'boolean false'),
	('trim(c)', 'text 8'), ('width_bucket(n, 0, 10, 5)', 'integer 3'), ('i8 BETWEEN i4 AND n', 'boolean true'),
	('i4 IS DISTINCT FROM i8', 'boolean true');
SELECT count(*) AS attempts FROM attempt;
SELECT e, expected, typed(e) AS with_casts FROM attempt WHERE typed(e) <> expected ORDER BY i;
-- statements
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT s AS statement, try(s) FROM (VALUES
	('INSERT INTO customer_test.t (u) SELECT i8 FROM customer_test.t'),
	('INSERT INTO customer_test.t (i8) SELECT u FROM customer_test.t'),
	('INSERT INTO customer_test.t (i8) SELECT s FROM customer_test.t'), ('UPDATE customer_test.t SET n = s'),
	('UPDATE customer_test.t SET d = i8'),
	('SELECT 1 FROM customer_test.t JOIN customer_test.t t2 ON customer_test.t.u = t2.i8'),
	('SELECT i8 FROM customer_test.t UNION SELECT s FROM customer_test.t'),
	('SELECT u FROM customer_test.t EXCEPT SELECT n FROM customer_test.t'), ('VALUES (1), (''x''::text)'),
	('CREATE TABLE customer_test.fk (u uuid PRIMARY KEY); CREATE TABLE customer_test.fk2 (i bigint REFERENCES '
	 'customer_test.fk)'),
	('SELECT 1 FROM customer_test.t LIMIT s'), ('SELECT 1 FROM customer_test.t WHERE i4'),
	('SELECT 1 FROM customer_test.t WHERE s')) v(s);

--
-- Customers whose ids were chosen by somebody who knows the hash: all of them
-- begin their probes at the same slot.  If time grew with the square of their
-- number, this would take hours.
--
CREATE FUNCTION times(a bigint, b numeric) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN (SELECT (m - CASE WHEN m >= 9223372036854775808 THEN 18446744073709551616 ELSE 0 END)::bigint
        FROM (SELECT mod(CASE WHEN a < 0 THEN a + 18446744073709551616 ELSE a END * b, 18446744073709551616) AS m) x);
CREATE FUNCTION shift(a bigint, n int) RETURNS bigint
LANGUAGE sql IMMUTABLE RETURN (a >> n) & ((1::bigint << (64 - n)) - 1);
CREATE FUNCTION unhash(h bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	h := customer_test.times(h, 10871156337175269513);
	h := h # customer_test.shift(h, 29) # customer_test.shift(h, 58);
	h := customer_test.times(h, 17428512612931826493);
	RETURN h # customer_test.shift(h, 32);
END $$;
CREATE TABLE chosen AS SELECT i, unhash(i) AS id FROM generate_series(0::bigint, 79999) i;
SELECT count(DISTINCT id) AS ids, active_customers(id) AS customers, repeat_purchase_rate(id) AS repeat_rate,
       clv(id, date '2024-01-01', 1) AS clv, customers(customer_activity(id, date '2024-01-01')) AS activity
FROM chosen;
SELECT max(n) FROM (SELECT active_customers(id) OVER (ORDER BY i ROWS 39999 PRECEDING) AS n FROM chosen) x;
SELECT parallel_check('SELECT repeat_purchase_rate(id), clv(id, date ''2024-01-01'', 1), active_customers(id) '
                      'FROM chosen');

--
-- customer_map: the state of the aggregates
--
-- aggregates that merge stored states
CREATE AGGREGATE merge_rate(customer_map) (SFUNC = retention_customers_combine, STYPE = customer_map,
                                           FINALFUNC = retention_summary_customers_finalfn);
CREATE AGGREGATE merge_rows(customer_map) (SFUNC = repeat_rows_combine, STYPE = customer_map,
                                           FINALFUNC = repeat_rows_finalfn);
CREATE AGGREGATE merge_orders(customer_map) (SFUNC = repeat_orders_combine, STYPE = customer_map,
                                             FINALFUNC = repeat_orders_finalfn);
CREATE AGGREGATE merge_within(customer_map) (SFUNC = repeat_within_combine, STYPE = customer_map,
                                             FINALFUNC = repeat_within_finalfn);
CREATE AGGREGATE merge_clv(customer_map) (SFUNC = clv_combine, STYPE = customer_map, FINALFUNC = clv_summary_finalfn);
CREATE AGGREGATE merge_map(customer_map) (SFUNC = retention_customers_combine, STYPE = customer_map);

-- the text form: version, kind, values, totals, customers; base, retained,
-- acquired; then keys in ascending order, each with its sets
SELECT rate_map(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)')
FROM (VALUES (7, date '2024-02-01'), (-1, '2024-01-01'), (7, '2024-01-31'), (8, '2024-02-01')) v(c, at);
SELECT rows_map(c) FROM (VALUES (2), (1), (1)) v(c);
-- what has been written can be read, and says the same whatever the order of the rows
CREATE TABLE source AS
	SELECT i, (i * 7919) % n AS c, date '2024-01-01' + (i * 31 % 60)::int AS at, i * 13 % (n / 2 + 1) AS o,
	       i % 100 AS amount, n
	FROM unnest(ARRAY[1, 4, 60, 3000, 3400, 20000]::bigint[]) n, generate_series(1, 2 * n) i;
CREATE TABLE state AS
	SELECT n, rate_map(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') AS rate, rows_map(c) AS rows,
	       orders_map(c, o) AS orders, within_map(c, at, '10 days') AS within, clv_map(c, at, amount) AS clv
	FROM (SELECT * FROM source ORDER BY i) s GROUP BY n;
CREATE TABLE state_2 AS
	SELECT n, rate_map(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') AS rate, rows_map(c) AS rows,
	       orders_map(c, o) AS orders, within_map(c, at, '10 days') AS within, clv_map(c, at, amount) AS clv
	FROM (SELECT * FROM source ORDER BY i % 97, i DESC) s GROUP BY n;
SELECT n, s.rate::text = t.rate::text AS rate, s.rows::text = t.rows::text AS rows,
       s.within::text = t.within::text AS within, s.clv::text = t.clv::text AS clv,
       s.rate::text::customer_map::text = s.rate::text AND s.rows::text::customer_map::text = s.rows::text
       AND s.orders::text::customer_map::text = s.orders::text
       AND s.within::text::customer_map::text = s.within::text
       AND s.clv::text::customer_map::text = s.clv::text AS text_form,
       customer_map_send(s.clv::text::customer_map) = customer_map_send(s.clv) AS binary_form
FROM state s JOIN state_2 t USING (n) ORDER BY n;
-- stored in pieces that overlap in customers and merged, they say what the rows say
CREATE TABLE piece AS
	SELECT n, k, rate_map(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') AS rate, rows_map(c) AS rows,
	       orders_map(c, o) AS orders, within_map(c, at, '10 days') AS within, clv_map(c, at, amount) AS clv
	FROM (SELECT *, i % 5 AS k FROM source) s GROUP BY n, k;
INSERT INTO piece (n, k) SELECT DISTINCT n, 99 FROM source;
SELECT n, m.rate = s.rate AS rate, m.rows = s.rows AS rows, m.orders = s.orders AS orders,
       m.within IS NOT DISTINCT FROM s.within AS within, m.clv IS NOT DISTINCT FROM s.clv AS clv, whole.same
FROM (SELECT n, merge_rate(rate) AS rate, merge_rows(rows) AS rows, merge_orders(orders) AS orders,
             merge_within(within) AS within, merge_clv(clv) AS clv
      FROM piece GROUP BY n) m
JOIN (SELECT n, retention_summary(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') AS rate,
             repeat_purchase_rate(c) AS rows, repeat_purchase_rate(c, o) AS orders,
             repeat_purchase_rate(c, at, '10 days') AS within, clv_summary(c, at, amount) AS clv FROM source
      GROUP BY n) s USING (n)
JOIN (SELECT n,
             merge_rate(rate) = (SELECT merge_rate(p.rate::text::customer_map) FROM piece p WHERE p.n = state.n) AS same
      FROM state GROUP BY n) whole USING (n)
ORDER BY n;
-- a state merged with itself is itself where rows may repeat
SELECT n, merge_map(m)::text = min(m::text) AS same
FROM (SELECT n, rate AS m FROM state UNION ALL SELECT n, rate FROM state_2) x GROUP BY n ORDER BY n;
-- merging reads its arguments only
SELECT count(*) FILTER (WHERE s.rate::text <> t.rate::text) AS changed FROM state s JOIN state_2 t USING (n);
SELECT merge_rate(NULL), merge_rows(NULL), merge_orders(NULL), merge_within(NULL), merge_clv(NULL);

-- garbage
SELECT ''::customer_map;
SELECT 'abc'::customer_map;
SELECT '\x'::customer_map;
SELECT '\xzz'::customer_map;
SELECT '\x010100030000000'::customer_map;
SELECT '\x01010003'::customer_map;
-- sound; then too long, too short, version, number of values, of totals, of
-- customers, no content, order of keys, the same key twice
SELECT '\x01020001000000010000000000000000000000000000000101'::customer_map;
SELECT '\x0102000100000001000000000000000000000000000000010100'::customer_map;
SELECT '\x01020001000000020000000000000000000000000000000101'::customer_map;
SELECT '\x02020001000000010000000000000000000000000000000101'::customer_map;
SELECT '\x01020901000000010000000000000000000000000000000101'::customer_map;
SELECT '\x010200ff000000010000000000000000000000000000000101'::customer_map;
SELECT '\x01020001ffffffff0000000000000000'::customer_map;
SELECT '\x01020001000000010000000000000000000000000000000100'::customer_map;
SELECT '\x01020001000000020000000000000000000000000000000201000000000000000101'::customer_map;
SELECT '\x01020001000000020000000000000000000000000000000101000000000000000101'::customer_map;
-- a state of another aggregate
SELECT merge_rate(rows) FROM state;
SELECT merge_rows(rate) FROM state;
SELECT merge_orders(within) FROM state WHERE n = 20000;
SELECT merge_within(clv) FROM state;
SELECT merge_clv(orders) FROM state WHERE n = 1;
SELECT merge_within(w)
FROM (SELECT within_map(1, '2024-01-01', '1 day') UNION ALL SELECT within_map(1, '2024-01-01', '2 days')) x(w);
-- no aggregate, no state
SELECT retention_customers_combine(rate, rate) FROM state LIMIT 1;
SELECT retention_summary_customers_finalfn(rate) FROM state LIMIT 1;
SELECT retention_events_transfn(NULL, 1, date '2024-01-01', '(,)', '(,)');
SELECT repeat_rows_transfn(NULL, 1);
SELECT clv_summary_finalfn(clv) FROM state LIMIT 1;
SELECT counters_combine('{1,2}', '{1,2}');
-- nothing to compare, sort or index states with
SELECT 1 FROM state GROUP BY rate;
SELECT count(DISTINCT rate) FROM state;

--
-- in_sample
--
-- a sample has the size that was asked for, whatever the type; a smaller one is a part of it
SELECT type, abs(count(*) FILTER (WHERE in_sample(k, 0.01)) - 5000) <= 210 AS hundredth,
       abs(count(*) FILTER (WHERE in_sample(k, 0.5)) - 250000) <= 1100 AS half,
       count(*) FILTER (WHERE in_sample(k, 0.005) AND NOT in_sample(k, 0.01)) AS not_within,
       bool_and(in_sample(k, 1)) AS every
FROM (SELECT 'bigint' AS type, i::customer_key AS k FROM generate_series(1, 500000) i
      UNION ALL SELECT 'bigint, multiples', (i * 65536)::customer_key FROM generate_series(-250000::bigint, 249999) i
      UNION ALL SELECT 'text', ('customer ' || i)::customer_key FROM generate_series(1, 500000) i
      UNION ALL SELECT 'uuid', md5(i::text)::uuid::customer_key FROM generate_series(1, 500000) i) s
GROUP BY type ORDER BY type;
SELECT abs(count(*) - 10000) <= 300 AS of_a_million FROM generate_series(1, 1000000) i WHERE in_sample(i, 0.01);
-- the same customer, whatever the column: integers of all sizes, whole floating-point numbers, a customer_key
SELECT count(*) FILTER (WHERE in_sample(i, 0.2)) AS sample,
       count(*) FILTER (WHERE in_sample(i, 0.2) AND in_sample(i::smallint, 0.2) AND in_sample(i::integer, 0.2)
                        AND in_sample(i::float8, 0.2) AND in_sample(i::customer_key, 0.2)) AS same,
       count(*) FILTER (WHERE in_sample(customer_key(row(i, 'a'::text)), 0.2)) BETWEEN 1900 AND 2100 AS several_columns
FROM generate_series(1::bigint, 10000) i;
-- who is in does not change: it is a promise to stored results
SELECT array_agg(i) FROM generate_series(-1000, 1000) i WHERE in_sample(i, 0.01);
-- customers, not rows: all rows of a customer or none, in each table
SELECT count(DISTINCT c) FILTER (WHERE here) + count(DISTINCT c) FILTER (WHERE NOT here) = count(DISTINCT c) AS whole
FROM (SELECT i % 5000 AS c, in_sample(i % 5000, 0.3) AS here FROM generate_series(1, 20000) i) x;
-- NULL, and shares that are none
SELECT in_sample(NULL::bigint, 0.5) AS customer, in_sample(1, NULL) AS share, in_sample(1, 1e-300) AS hardly;
SELECT in_sample(1, 0);
SELECT in_sample(1, -0.1);
SELECT in_sample(1, 1.0000001);
SELECT in_sample(1, 'NaN');
SELECT in_sample(1, 'infinity');
-- the sample does not crowd into one corner of a hash table, which would take minutes
SET statement_timeout = '60s';
SELECT repeat_purchase_rate(i / 2) FROM generate_series(1, 4000000) i WHERE in_sample(i / 2, 0.01);
RESET statement_timeout;
SELECT provolatile, proisstrict, proparallel
FROM pg_proc WHERE oid = 'in_sample(customer_key, double precision)'::regprocedure;

DROP SCHEMA customer_test CASCADE;
