# Ordinary queries before and after CREATE EXTENSION, in a database where it is installed
# in public: functions, operators, casts, aggregates, attributes, rows and common types of
# core's types, and of some of users.  A query's outcome is the types of its columns, its
# tree as the server shows it, with the casts that it added, and its rows; or its SQLSTATE.
#
# * What worked has the same outcome; unless it calls a function of the user's whose name
#   we have too, with arguments that do not tell which is meant.
# * What failed fails with the same SQLSTATE; unless it names a type of ours in a cast, or
#   calls a function of ours as name(...), or as (expression).name of what is not a
#   table's row: t.name and (t).name stay the missing column that they were.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../t";
use Hard;
use RetentionTest;

# Expressions by type
my %typed = (
	smallint => [ '7::smallint', q{'-3'::int2} ], integer => [qw(1 42 -7 0)], bigint => [qw(10000000000 5::bigint)],
	numeric => [qw(1.50 0.001 -12.0)], real => ['2.5::real'], 'double precision' => [qw(0.1::float8 3e0::float8)],
	text => [ q{'abc'::text}, q{'42'::text} ], 'character varying' => [q{'v'::varchar(9)}],
	character => [q{'c'::char(3)}], name => [q{'n'::name}], '"char"' => [q{'q'::"char"}],
	boolean => [qw(true false)], date => [ q{date '2024-02-29'}, q{date '1999-12-31'} ],
	'timestamp without time zone' => [q{timestamp '2024-02-29 12:30'}],
	'timestamp with time zone' => [q{timestamptz '2024-02-29 12:30+02'}],
	'time without time zone' => [q{time '12:30'}], 'time with time zone' => [q{timetz '12:30+02'}],
	interval => [ q{interval '1 month'}, q{interval '36 hours'} ],
	uuid => [q{uuid '2d1f0a3c-0000-4000-8000-000000000001'}], inet => [q{inet '10.0.0.1/8'}],
	cidr => [q{cidr '10.0.0.0/8'}], macaddr => [q{macaddr '08:00:2b:01:02:03'}],
	json => [q{json '{"a": 1}'}], jsonb => [q{jsonb '{"a": [1, 2]}'}, q{jsonb '5'}],
	bytea => [q{'\x00ff'::bytea}], bit => [q{B'101'}], 'bit varying' => [q{B'1'::varbit}], oid => ['23::oid'],
	money => [q{'1.50'::money}], point => [q{point '(1,2)'}], box => [q{box '(1,2),(3,4)'}],
	'integer[]' => [q{ARRAY[1, 2]}], 'text[]' => [q{ARRAY['a', 'b']}], 'bigint[]' => [q{'{7,8}'::bigint[]}],
	daterange => [q{daterange '[2024-01-01,2024-02-01)'}], int4range => ['int4range(1, 5)'],
	tsrange => [q{tsrange '[2024-01-01,2024-02-01)'}], regtype => [q{'int4'::regtype}],
	regclass => [q{'pg_class'::regclass}], tsvector => [q{tsvector 'a b'}], tsquery => [q{tsquery 'a & b'}],
	xid => [q{'7'::xid}], pg_lsn => [q{pg_lsn '0/7'}],
	mood => [q{'sad'::mood}], posint => ['5::posint'], pair => [ q{ROW(1, 'p')::pair} ], cents => ['7::cents']);
my @types = sort keys %typed;
my @unknown = (q{'1'}, q{'abc'}, q{'2024-01-01'}, q{'t'}, q{''}, 'NULL', q{'{1,2}'}, q{'[1,5)'}, q{'1 day'});

# One column of a table for each type
my $column_of = 0;
my %column = map { $_ => 'c' . ++$column_of } @types;

# What users have already, in the schema into which the extension goes
my $before = q{
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN posint AS integer CHECK (VALUE > 0);
CREATE TYPE pair AS (a integer, b text);
CREATE TYPE cents AS (n bigint);
CREATE FUNCTION cents(bigint) RETURNS cents LANGUAGE sql IMMUTABLE RETURN ROW($1)::cents;
CREATE FUNCTION cents(integer) RETURNS cents LANGUAGE sql IMMUTABLE RETURN ROW($1::bigint)::cents;
CREATE CAST (bigint AS cents) WITH FUNCTION cents(bigint) AS IMPLICIT;
CREATE CAST (integer AS cents) WITH FUNCTION cents(integer) AS IMPLICIT;
CREATE FUNCTION cents_plus(cents, cents) RETURNS cents LANGUAGE sql IMMUTABLE RETURN ROW(($1).n + ($2).n)::cents;
CREATE OPERATOR + (FUNCTION = cents_plus, LEFTARG = cents, RIGHTARG = cents);
CREATE FUNCTION f(integer) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'integer';
CREATE FUNCTION f(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'text';
CREATE FUNCTION f(date) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'date';
CREATE FUNCTION g(bigint) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'bigint';
CREATE FUNCTION g(double precision) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'double precision';
CREATE FUNCTION h(timestamp) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'timestamp';
CREATE FUNCTION k(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION l(VARIADIC numeric[]) RETURNS integer LANGUAGE sql IMMUTABLE RETURN cardinality($1);
CREATE FUNCTION "any"(cents) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'cents';
-- names that the extension has too, for other arguments
CREATE FUNCTION roi(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'mine';
CREATE FUNCTION customers(pair) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'mine';
CREATE FUNCTION revenue(jsonb) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'mine';
CREATE TABLE orders (customer integer, at timestamptz, day date, amount numeric(12,2), channel text, ref uuid);
INSERT INTO orders SELECT i % 3, timestamptz '2024-01-01 00:00+00' + i * interval '1 day', date '2024-01-01' + i,
	i / 8.0, 'ch' || i % 2, ('2d1f0a3c-0000-4000-8000-00000000000' || i)::uuid FROM generate_series(1, 9) i;
CREATE TABLE users (customer_id bigint, customer_name varchar(20), nps integer, active_days integer, revenue money);
INSERT INTO users VALUES (1, 'x', 9, 3, '5'), (2, NULL, NULL, 2, NULL);
};

# The same outcome again and again
my $outcome = q{
CREATE FUNCTION outcome(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	seen text;
	answer record;
BEGIN
	IF query !~ '^(SELECT|VALUES|WITH|TABLE)' THEN
		IF query ~ 'RETURNING' THEN
			EXECUTE query INTO answer;
			seen := answer::text;
		ELSE
			EXECUTE query;
		END IF;
	ELSE
		BEGIN
			EXECUTE 'CREATE TEMP VIEW seen AS ' || query;
			SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
				|| pg_get_viewdef('seen'::regclass)
			INTO seen FROM pg_attribute WHERE attrelid = 'seen'::regclass AND attnum > 0;
			EXECUTE 'SELECT $1 || string_agg(seen::text, chr(10)) FROM seen' INTO seen USING seen;
		EXCEPTION WHEN invalid_table_definition OR duplicate_column THEN
			-- records have no columns in a view
			EXECUTE 'SELECT string_agg(seen::text, chr(10)) FROM (' || query || ') seen' INTO seen;
		END;
	END IF;
	RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = coalesce(seen, 'NULL');
EXCEPTION
	WHEN SQLSTATE 'ZZ000' THEN
		RETURN 'ok ' || CASE WHEN length(SQLERRM) > 2000 THEN md5(SQLERRM) ELSE SQLERRM END;
	WHEN OTHERS THEN
		RETURN SQLSTATE;
END $$;
};

# As people write them
my @typical = map { s/\s+/ /gr } grep { /\S/ } split /;\n/, <<'END';
SELECT customer, count(*), sum(amount), avg(amount), min(at), max(day) FROM orders GROUP BY customer ORDER BY 1;
SELECT customer, day FROM orders WHERE day BETWEEN '2024-01-02' AND '2024-01-05' ORDER BY day;
SELECT * FROM orders WHERE at >= '2024-01-03' AND at < '2024-01-06' ORDER BY at;
SELECT * FROM orders WHERE customer = '1' ORDER BY at;
SELECT * FROM orders WHERE customer IN ('1', 2, 3.0) ORDER BY at;
SELECT * FROM orders WHERE ref = '2d1f0a3c-0000-4000-8000-000000000003';
SELECT * FROM orders WHERE (customer, day) >= (1, '2024-01-04') ORDER BY day;
SELECT * FROM orders WHERE (customer, day) IN (SELECT customer, max(day) FROM orders GROUP BY 1) ORDER BY day;
SELECT o.customer, u.customer_name FROM orders o JOIN users u ON o.customer = u.customer_id ORDER BY o.at;
SELECT o.customer FROM orders o LEFT JOIN users u ON u.customer_id = o.customer WHERE u IS NULL ORDER BY o.at;
SELECT channel || ' ' || customer || ' ' || day FROM orders ORDER BY at;
SELECT customer::text || amount, at::date, day::timestamp, day + 1, day - '2024-01-01', at - day FROM orders
	ORDER BY at;
SELECT date_trunc('month', at), count(DISTINCT customer) FROM orders GROUP BY 1 ORDER BY 1;
SELECT date_trunc('week', day), extract(dow FROM day), to_char(day, 'IYYY-IW') FROM orders ORDER BY at;
SELECT customer, lag(day) OVER (PARTITION BY customer ORDER BY at), rank() OVER (ORDER BY amount) FROM orders
	ORDER BY at;
SELECT sum(amount) OVER (ORDER BY day RANGE BETWEEN '2 days' PRECEDING AND CURRENT ROW) FROM orders ORDER BY
	day;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount), mode() WITHIN GROUP (ORDER BY channel) FROM orders;
SELECT array_agg(customer ORDER BY at), string_agg(channel, ',' ORDER BY at), json_agg(day ORDER BY at) FROM
	orders;
SELECT channel, customer, sum(amount) FROM orders GROUP BY GROUPING SETS ((channel), (customer), ()) ORDER BY 1,
	2;
SELECT coalesce(customer, '7'), nullif(channel, 'ch1'), greatest(amount, '3'), least(day, '2024-01-04') FROM
	orders ORDER BY at;
SELECT CASE WHEN customer = 1 THEN '5' ELSE amount END, CASE customer WHEN '1' THEN 'x' END FROM orders ORDER BY
	at;
SELECT generate_series(1, 3), generate_series(date '2024-01-01', '2024-01-03', '1 day');
SELECT d::date FROM generate_series('2024-01-01'::timestamp, '2024-01-03', '1 day') d;
SELECT round(avg(amount), 2), round(sum(amount)::numeric / count(*), 1), round(2.5), round(2.5::float8) FROM
	orders;
SELECT 1 + '2', '1' || 2, 2 * 3.5, 7 / 2, 7 % 3, 7 / 2.0, '7'::int / '2', -'5'::int, |/ 25.0, 2 ^ 10;
SELECT 'a' = 'b', 'a' < 'b', '1' = 1, 1 = 1.0, 1.0 = '1', date '2024-01-01' = '2024-01-01', NULL = NULL, 'a' IN
	('a', 'b');
SELECT 'a' LIKE '%', 'a' ~ 'A', 'a' ~* 'A', 'a' ILIKE 'A', 'abc' SIMILAR TO 'a%', position('b' IN 'abc'),
	substring('abc', 2);
SELECT now() > '2000-01-01', current_date >= '2000-01-01', '2024-01-01'::date < now();
SELECT length('abc'), upper('a'), lower('A'), trim(' a '), left('abc', 2), concat(1, 'a', NULL, 2.5),
	format('%s-%s', 1, 'x');
SELECT abs(-1), abs(-1.5), abs('-1'), sign(-2), ceil(1.5), floor('1.5'), trunc(1.55, 1), mod(7, 3), mod(7.0, 3),
	power(2, 3);
SELECT ARRAY[1, 2] || 3, ARRAY[1, '2'], ARRAY['a'] || 'b', 1 = ANY ('{1,2}'), '1' = ANY (ARRAY['1']), ARRAY[1]
	&& '{1}';
SELECT ARRAY(SELECT customer FROM orders ORDER BY at) @> '{1}', unnest(ARRAY[1, 2]),
	array_length('{1,2}'::int[], 1);
SELECT '{"a": 1}'::jsonb -> 'a', '{"a": 1}'::json ->> 'a', '{"a": 1}'::jsonb @> '{"a": 1}',
	jsonb_build_object('a', 1, 'b', 'c');
SELECT daterange('2024-01-01', '2024-02-01') @> '2024-01-05'::date, '[1,5)'::int4range && '[3,9)', int4range(1,
	5) * '[2,3)';
SELECT row(1, 'a') = row(1, 'a'), (1, 2) < (1, '3'), row(1, NULL) IS NULL, (1, 'a') IN ((1, 'a'), (2, 'b'));
SELECT f(1), f('a'), f(NULL), f('2024-01-01'::date), f(1::smallint), g(1), g(1.5), g(1::real), g(5000000000),
	h(now()::date);
SELECT f(1.5);
SELECT g('1');
SELECT f(now());
SELECT h('2024-01-01'), k(1, 2), k('a'::text, 'b'), k(1, '2'), l(1, 2.5, '3');
SELECT k(1, 2.5);
SELECT cents(5), 5::cents + 6::cents, cents(5) + 6, cents(5) + 6::bigint, (cents(7)).n, "any"(5),
	"any"(5::bigint);
SELECT 'sad'::mood < 'ok', 'sad' = 'ok'::mood, enum_range(NULL::mood), 5::posint + 1, (ROW(1, 'x')::pair).b,
	ROW(1, 'x')::pair = ROW(1, 'x');
SELECT roi('a'::text), roi('a'), roi('a'::varchar), customers(ROW(1, 'a')::pair), revenue('{}'::jsonb), (ROW(1,
	'a')::pair).customers;
SELECT u.nps, u.active_days, u.revenue, users.nps, (u).nps, nps + 1 FROM users u, users ORDER BY 1, 2;
SELECT nps, sum(active_days) AS retention, max(revenue) AS ltv FROM users GROUP BY nps ORDER BY nps;
SELECT customer AS nps, count(*) AS customers, sum(amount) AS revenue FROM orders GROUP BY customer ORDER BY
	customers, revenue;
SELECT x.customer_activity FROM (SELECT 1 AS customer_activity) x ORDER BY customer_activity;
WITH nps AS (SELECT 1 AS score), churned AS (SELECT 2 AS score) SELECT nps.score, churned.score FROM nps,
	churned;
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n), avg(n) FROM t;
VALUES (1, 'a'), (2.5, 'b'), ('3', NULL);
SELECT 1 UNION SELECT '2' UNION SELECT 3.5 ORDER BY 1;
SELECT 1 UNION SELECT 'a';
SELECT '1' UNION ALL SELECT 'a' INTERSECT SELECT 'a';
SELECT customer FROM orders EXCEPT SELECT customer_id FROM users ORDER BY 1;
SELECT extract(epoch FROM interval '1 day'), age('2024-03-01'::timestamp, '2024-01-01'), justify_days('40
	days');
SELECT timestamp '2024-01-31' + '1 month', date '2024-01-31' + interval '1 month', '2024-01-31'::date - 7, now()
	- now();
SELECT '10.0.0.1'::inet << '10.0.0.0/8', host('10.0.0.1'::inet), '2d1f0a3c-0000-4000-8000-000000000001'::uuid <
	uuid_in('0');
SELECT oid::regclass, relname = 'pg_class' FROM pg_class WHERE oid = 'pg_class'::regclass;
SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'pg_catalog'
	ORDER BY 1 LIMIT 5;
SELECT hashtext('a'), md5('a'), encode('a', 'hex'), sha256('a'), decode('6162', 'hex'), convert_from('\x61',
	'UTF8');
SELECT customer_key FROM orders;
SELECT o.customer_key FROM orders o;
SELECT orders.customer_key, orders.customers FROM orders;
SELECT (o).customer_activity FROM orders o;
SELECT o.nps FROM orders o;
SELECT o.nps_category, o.customer_type FROM orders o;
SELECT count(o.customer_key) FROM orders o;
SELECT sum(length) FROM orders;
SELECT o.text FROM orders o;
SELECT (o.channel).length, (o.channel).upper FROM orders o ORDER BY at;
INSERT INTO orders VALUES ('5', '2024-01-01', now(), '3', 7, NULL);
INSERT INTO orders VALUES (5, '2024-01-01', '2024-01-01', 3.5, 'x', NULL) RETURNING customer, day, amount,
	channel;
INSERT INTO orders (customer, channel) SELECT customer_id, customer_name FROM users RETURNING customer, channel;
UPDATE orders SET amount = amount * '2', channel = customer, day = at WHERE customer = '1' RETURNING amount,
	channel, day;
UPDATE orders SET customer = 1.6, amount = 5::bigint WHERE at = '2024-01-02' RETURNING customer, amount;
UPDATE orders SET customer = channel;
DELETE FROM orders WHERE customer::text = '1' AND day > '2024-01-05';
DO $$ DECLARE i integer := '5'; t text := 6; d date := now(); n numeric := 1; BEGIN i := 7.6; t := d; n := i;
	ASSERT f(i) = 'integer' AND f(t) = 'text'; END $$;
DO $$ DECLARE x text; BEGIN EXECUTE 'SELECT f($1)' INTO x USING 5; ASSERT x = 'integer'; END $$;
CREATE TABLE made AS SELECT 'a' AS a, NULL AS b, 1 AS c, customer || 'x' AS d FROM orders;
CREATE INDEX ON orders (customer, (channel || 'x'), (amount + 1)) WHERE customer > '0';
CREATE UNIQUE INDEX ON orders USING btree (at, day, ref);
CREATE INDEX ON orders USING hash (ref);
ALTER TABLE orders ALTER customer TYPE bigint;
ALTER TABLE orders ALTER channel TYPE integer USING right(channel, 1)::integer;
ALTER TABLE orders ADD CHECK (amount >= '0'), ADD code text DEFAULT 5;
CREATE FUNCTION own(integer) RETURNS text LANGUAGE sql AS 'SELECT ''a'' || $1';
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = 0);
END

# Names that the extension has: functions, and types
my (@functions, @our_types, $our_call, $our_cast);
# Functions of core: { name, kind, types }; and sides of its operators by name
my (@core, %operators, @operators);

# An expression of a type; of polymorphic ones, and those of which there is none, any
sub typed
{
	my ($type) = @_;

	$type = pick(qw(integer[] text[] bigint[])) if $type =~ /^any(?:compatible)?array$/;
	$type = pick(qw(daterange int4range tsrange)) if $type =~ /^any(?:compatible)?range$/;
	$type = 'mood' if $type eq 'anyenum';
	$type = pick(@types) if !$typed{$type};
	return random_below(3) ? pick(@{ $typed{$type} }) : "t.$column{$type}";
}

# Any expression, often an unknown literal
sub any
{
	return random_below(4) ? typed(pick(@types)) : pick(@unknown);
}

# The same without columns
sub any_literal
{
	return random_below(4) ? pick(@{ $typed{ pick(@types) } }) : pick(@unknown);
}

sub column
{
	return $column{ pick(@types) };
}

# An expression for an argument of a type: mostly of it, sometimes an unknown literal, or any
sub near
{
	my ($type) = @_;
	my $way = random_below(10);

	return $way < 7 ? typed($type) : $way < 9 ? pick(@unknown) : any();
}

# Some expressions, mostly of one type
sub alike
{
	my ($number) = @_;
	my $type = pick(@types);

	return map { random_below(3) ? near($type) : any() } 1 .. $number;
}

# Arguments for a function, seldom one more or less
sub arguments
{
	my ($function) = @_;
	my @arguments = map { near($_) } @{ $function->{types} };

	push @arguments, any() if !random_below(20);
	pop @arguments if !random_below(20);
	return join ', ', @arguments;
}

sub call
{
	my ($f) = @_;
	my $call = "$f->{name}(" . arguments($f) . ')';

	return "SELECT $call OVER (ORDER BY id)" if $f->{kind} eq 'w';
	return "SELECT $call" if $f->{kind} eq 'f';
	return 'SELECT ' . pick($call, "$call FILTER (WHERE id < 3)", "$call OVER ()");
}

sub cast
{
	my ($value, $type) = (any(), pick(@types));

	return 'SELECT ' . pick("$value\::$type", "CAST($value AS $type)", "$type($value)", "($value).$type");
}

# A column that there is not, though there may be a function of that name
sub attribute
{
	my $name = random_below(3) ? pick(@functions, @our_types) : pick(@core)->{name};

	return 'SELECT ' . pick("t.$name", "(t).$name", "count(t.$name)", "(t.$column{pair}).$name");
}

# Ways to write a query, over "things t" in the order of id, unless it ends with a semicolon
my @ways = (
	sub { call(pick(@core)) },
	sub { call(pick(grep { $_->{kind} eq 'a' } @core)) . ' FROM things t;' },
	sub { my ($x, $y) = alike(2); "SELECT $x " . pick(@operators) . " $y" },
	sub {
		my $operator = pick(@operators);
		my ($left, $right) = @{ pick(@{ $operators{$operator} }) };
		return 'SELECT ' . ($left eq '-' ? '' : near($left)) . " $operator " . near($right);
	},
	sub { my ($x, $y) = alike(2); "SELECT $x " . pick(qw(= <> < > <= >=)) . " $y" },
	\&cast, \&attribute,
	sub { 'SELECT ' . pick(@types) . ' ' . pick(@unknown) },
	sub { 'SELECT (' . any() . ').' . pick(@functions, @our_types, pick(@core)->{name}) },
	sub {
		my ($x, $y) = alike(2);
		"SELECT ($x, " . any() . ') ' . pick(qw(= < >= <>), 'IS DISTINCT FROM') . " ($y, " . pick(@unknown) . ')';
	},
	sub { my ($x, $y, $z) = alike(3); "SELECT $x IN ($y, $z)" },
	sub { my ($x, $y) = alike(2); "SELECT ($x, " . any() . ") IN (($y, NULL))" },
	sub { my ($x, $y, $z) = alike(3); "SELECT $x BETWEEN $y AND $z" },
	sub { my ($x, $y, $z) = alike(3); "SELECT $x " . pick('= ANY', '<> ALL', '< ANY') . " (ARRAY[$y, $z])" },
	sub { 'SELECT ' . pick(qw(coalesce greatest least nullif)) . '(' . join(', ', alike(2)) . ')' },
	sub { my ($x, $y) = alike(2); "SELECT CASE WHEN id > 2 THEN $x ELSE $y END" },
	sub { my ($x, $y) = alike(2); "SELECT CASE $x WHEN $y THEN 1 END" },
	sub { 'SELECT ARRAY[' . join(', ', alike(2)) . ']' },
	sub { 'VALUES (' . any_literal() . '), (' . any_literal() . ');' },
	sub { 'SELECT ' . any_literal() . pick(' UNION ', ' UNION ALL ', ' EXCEPT ') . 'SELECT ' . any_literal() . ';' },
	sub { 'SELECT DISTINCT ' . any() . ' AS x FROM things t ORDER BY x;' },
	sub { 'SELECT ' . any() . ' AS x, count(*) FROM things t GROUP BY 1 ORDER BY 1;' },
	sub { 'SELECT ' . column() . ' AS x FROM things t ORDER BY x USING ' . pick(qw(< > =)) . ';' },
	sub { 'SELECT count(*) FROM things t JOIN things s ON t.' . column() . ' = s.' . column() . ';' },
	sub { 'SELECT rank() OVER (PARTITION BY ' . any() . ' ORDER BY ' . any() . ')' },
	sub { 'SELECT ' . pick(qw(f g h k l cents "any")) . '(' . join(', ', map { any() } 0 .. random_below(2)) . ')' },
	sub { my $type = pick(@types); "INSERT INTO things ($column{$type}) SELECT " . near($type) . ' FROM things t;' },
	sub { my $type = pick(@types); "UPDATE things t SET $column{$type} = " . near($type) . ';' },
	sub { 'DO $$ DECLARE x ' . pick(@types) . '; BEGIN x := ' . any_literal() . '; END $$;' },
	# by name, which may work now
	sub { 'SELECT ' . pick(@functions) . '(' . join(', ', map { any() } 0 .. random_below(3)) . ') FROM things t;' },
	sub { 'SELECT ' . any() . '::' . pick(@our_types) });

sub some_query
{
	my $query = pick(@ways)->();

	return $query =~ /;$/ ? $query : "$query FROM things t ORDER BY id;";
}

# Fills the lists from a database with the extension
sub look_around
{
	my $ours = q{FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
		AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'retention')};

	@functions = split /\n/, sql(qq{SELECT DISTINCT proname FROM pg_proc
		WHERE oid IN (SELECT objid $ours AND classid = 'pg_proc'::regclass) ORDER BY 1});
	@our_types = split /\n/, sql(qq{SELECT typname FROM pg_type
		WHERE oid IN (SELECT objid $ours AND classid = 'pg_type'::regclass) ORDER BY 1});
	my ($names, $types) = map { join '|', @$_ } \@functions, \@our_types;
	$our_call = qr/(?<![.\w])(?:$names|$types) ?\(|\)\.(?:$names|$types)\b/;
	$our_cast = qr/::(?:$types)\b/;

	# what does not depend on the time, on the server's files and on what else is in the catalog
	for my $line (split /\n/, sql(q{SELECT concat_ws('|', quote_ident(proname), prokind, array_to_string(ARRAY(
			SELECT t::regtype::text FROM unnest(proargtypes) WITH ORDINALITY u(t, i) ORDER BY i), ';'))
		FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile <> 'v' AND oid < 16384
			AND NOT proargtypes::oid[] && '{internal,cstring}'::regtype[]::oid[]
			AND prorettype <> ALL ('{internal,cstring,trigger,event_trigger,language_handler,index_am_handler,
			                         table_am_handler,fdw_handler,tsm_handler}'::regtype[])
			AND proname !~ '^pg_|^txid_|to_xml|^generate_series|^now$|_timestamp$|^age$|mxid|timeofday|current|setting'
		ORDER BY oid}))
	{
		my ($name, $kind, $types) = split /\|/, $line;
		push @core, { name => $name, kind => $kind, types => [ split /;/, $types // '' ] };
	}
	for my $line (split /\n/, sql(q{SELECT concat_ws('|', oprname, oprleft::regtype, oprright::regtype)
		FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace ORDER BY oid}))
	{
		# an operator may contain the sign that separates
		my ($name, @sides) = $line =~ /^(.*)\|([^|]+)\|([^|]+)$/;
		push @{ $operators{$name} }, \@sides;
	}
	@operators = sort keys %operators;
	return;
}

my %typical = map { $_ => 1 } @typical;

# Whether a query may have another outcome by the rules above
sub may_differ
{
	my ($query, $was) = @_;

	return 0 if $typical{$query} || $query =~ /\((?:t|o)\)\.\w/;
	return $query =~ /\b(?:roi|customers|revenue)\b/ if $was =~ /^ok/;
	return $query =~ /$our_call|$our_cast/;
}

my $node = start_hard('ordinary', conf => "autovacuum = off\nfsync = off\nmax_parallel_workers_per_gather = 0");
look_around();
sql('CREATE DATABASE shop');

sub in_shop
{
	my ($sql) = @_;

	return $node->safe_psql('shop', "SET client_min_messages = error; $sql");
}

# A table with a column of each type, of two rows and one of NULLs
my $things = join ', ', map { "$column{$_} " . s{^(?:bit|character)\z}{$&(3)}r } @types;
my @rows = map {
	my $row = $_;
	join ', ', $row, map { my $of = $typed{$_}; $row < 3 ? $$of[ $row % @$of ] : 'NULL' } @types
} 1 .. 3;
in_shop("$before $outcome CREATE TABLE things (id integer, $things); INSERT INTO things VALUES "
	. join(', ', map { "($_)" } @rows));

in_shop('CREATE TABLE queries (id serial PRIMARY KEY, query text, before text, after text)');
my @queries = @typical;
push @queries, some_query() while @queries < amount(3_000, 60_000);
for (my $i = 0; $i < @queries; $i += 1000)
{
	my @some = map { s/;\z//r } grep { defined } @queries[ $i .. $i + 999 ];
	in_shop('INSERT INTO queries (query) VALUES ' . join(', ', map { "(\$q\$$_\$q\$)" } @some));
}

# Runs all of them, and notes the outcomes
sub run_queries
{
	my ($column) = @_;

	in_shop(qq{
DO \$\$ BEGIN
	FOR n IN 0 .. (SELECT max(id) / 200 FROM queries) LOOP
		UPDATE queries SET $column = outcome(query) WHERE id / 200 = n;
		COMMIT;
	END LOOP;
END \$\$});
	return;
}

run_queries('before');
in_shop('CREATE EXTENSION retention');
run_queries('after');

my $by_name = 0;
for my $line (split /\x1e/, in_shop(q{SELECT string_agg(query || chr(31) || before || chr(31) || after, chr(30))
	FROM queries WHERE before IS DISTINCT FROM after}))
{
	my ($query, $was, $is) = split /\x1f/, $line;

	if (may_differ($query, $was))
	{
		$by_name++;
		next;
	}
	problem("$query\n    before: $was\n    after: $is");
}
my ($worked, $failed) = split /\|/, in_shop(
	q{SELECT count(*) FILTER (WHERE before LIKE 'ok%'), count(*) FILTER (WHERE before NOT LIKE 'ok%') FROM queries});
$node->stop;

figure('queries', scalar @queries);
figure('that worked before', $worked);
figure('that failed before', $failed);
figure('that differ, as they name functions of ours', $by_name);
finish('ordinary queries');
