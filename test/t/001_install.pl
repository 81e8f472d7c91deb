# Installation by a user who is not a superuser, beside objects that a schema's
# owner may have put there to catch the extension's calls; and what follows in
# the life of an installed extension: drop, move, dump and restore.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

my $node = start_server('install', no_extension => 1);

# Runs SQL as joe, an ordinary user; returns exit status, output and errors
sub as_joe
{
	my ($sql, $db) = @_;
	return $node->psql($db // 'postgres', $sql,
		extra_params => [ '-U', 'joe', '-v', 'VERBOSITY=verbose' ]);
}

# One answer per family, computed with a search_path without the schema
sub answers
{
	my ($schema) = @_;
	my $sql = <<'END';
SET search_path = pg_catalog;
SELECT SCHEMA.retention_version();
SELECT SCHEMA.nps(score), SCHEMA.nps(SCHEMA.nps_summary(score)),
       SCHEMA.csat(1 + score / 3), min(SCHEMA.nps_category(score))
  FROM (VALUES (10), (9), (8), (3)) AS v(score);
SELECT SCHEMA.nps(60::bigint, 20::bigint, 20::bigint);
SELECT SCHEMA.retention_rate(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,2024-03-01)'),
       SCHEMA.churn_rate(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,2024-03-01)'),
       SCHEMA.repeat_purchase_rate(c)
  FROM (VALUES (1, date '2024-01-05'), (1, '2024-02-10'), (2, '2024-01-20'),
               (3, '2024-01-31'), (3, '2024-02-01'), (4, '2024-01-10')) AS v(c, at);
SELECT SCHEMA.retention_rate(1000::bigint, 900::bigint, 100::bigint),
       SCHEMA.churn_rate(1000::bigint, 50::bigint),
       SCHEMA.retention_rate(1000::bigint, 900::bigint);
SELECT SCHEMA.simple_clv(35::float8, 2::float8, 3::float8), SCHEMA.as_percent(0.8235), SCHEMA.as_percent(0.8235, 2),
       SCHEMA.retention_cost(100000, 1000::bigint), SCHEMA.roi(300, 200);
SELECT round(lower::numeric, 3), round(upper::numeric, 3)
  FROM SCHEMA.wilson_interval(3::bigint, 5::bigint);
SELECT difference > 14.99 AND difference < 15.01, round(z::numeric, 2)
  FROM SCHEMA.nps_test(ROW(120, 120, 60)::SCHEMA.nps_summary, ROW(150, 105, 45)::SCHEMA.nps_summary);
SELECT SCHEMA.customer_key('a'::text)::bigint = hashtextextended('a', 0);
END
	$sql =~ s/SCHEMA/$schema/g;
	return $sql;
}

my $expected = <<'END';
1.0
25|25|0.5|detractor
40
0.5|0.5|0.5
0.8|0.05|0.9
210|82.4|82.35|100|0.5
0.231|0.882
t|2.49
t
END
chomp $expected;

sql(<<'END');
CREATE ROLE joe LOGIN;
GRANT CREATE ON DATABASE postgres TO joe;
CREATE SCHEMA j AUTHORIZATION joe;
CREATE SCHEMA k AUTHORIZATION joe;
END

# Overloads that would match a careless call better than the server's own
my $hostile = <<'END';
SET search_path = j;
CREATE FUNCTION caught() RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'caught a call of the extension'; END $$;
CREATE FUNCTION round(double precision, integer) RETURNS numeric
  LANGUAGE sql AS 'SELECT length(j.caught())::numeric';
CREATE FUNCTION round(real) RETURNS double precision
  LANGUAGE sql AS 'SELECT length(j.caught())::float8';
CREATE FUNCTION nps(integer, integer, integer) RETURNS double precision
  LANGUAGE sql AS 'SELECT length(j.caught())::float8';
CREATE FUNCTION retention_rate(integer, integer, integer) RETURNS double precision
  LANGUAGE sql AS 'SELECT length(j.caught())::float8';
CREATE FUNCTION churn_rate(numeric, numeric) RETURNS double precision
  LANGUAGE sql AS 'SELECT length(j.caught())::float8';
CREATE FUNCTION simple_clv(integer, integer, integer) RETURNS double precision
  LANGUAGE sql AS 'SELECT length(j.caught())::float8';
CREATE FUNCTION hashtextextended(text, integer) RETURNS bigint
  LANGUAGE sql AS 'SELECT length(j.caught())::bigint';
CREATE FUNCTION wrong(double precision, bigint) RETURNS double precision
  LANGUAGE sql AS 'SELECT length(j.caught())::float8';
CREATE FUNCTION wrong(bigint, double precision) RETURNS double precision
  LANGUAGE sql AS 'SELECT length(j.caught())::float8';
CREATE FUNCTION wrong(double precision, integer) RETURNS double precision
  LANGUAGE sql AS 'SELECT length(j.caught())::float8';
CREATE FUNCTION wrong(integer, double precision) RETURNS double precision
  LANGUAGE sql AS 'SELECT length(j.caught())::float8';
CREATE FUNCTION wrong_test(double precision, bigint) RETURNS boolean
  LANGUAGE sql AS 'SELECT j.caught() IS NULL';
CREATE FUNCTION wrong_test(double precision, integer) RETURNS boolean
  LANGUAGE sql AS 'SELECT j.caught() IS NULL';
END
for my $op ('+', '-', '*', '/')
{
	for my $args ([ 'double precision', 'bigint' ], [ 'bigint', 'double precision' ],
		[ 'double precision', 'integer' ], [ 'integer', 'double precision' ])
	{
		$hostile .= "CREATE OPERATOR j.$op (FUNCTION = j.wrong, LEFTARG = $args->[0], RIGHTARG = $args->[1]);\n";
	}
}
for my $op ('=', '<', '>', '>=', '<=')
{
	for my $right ('bigint', 'integer')
	{
		$hostile .= "CREATE OPERATOR j.$op (FUNCTION = j.wrong_test, LEFTARG = double precision, RIGHTARG = $right);\n";
	}
}

my ($rc, $out, $err) = as_joe($hostile);
is($rc, 0, 'joe fills the schema with objects that would catch calls') or diag($err);
($rc, $out, $err) = as_joe('SET search_path = j; SELECT 1.5::float8 * 2::bigint');
like($err, qr/caught a call/, 'and they do catch calls');

($rc, $out, $err) = as_joe('CREATE EXTENSION retention SCHEMA j');
is($rc, 0, 'a user who is not a superuser installs the extension') or diag($err);
($rc, $out, $err) = as_joe(answers('j'));
is($out, $expected, 'its numbers are right without its schema in the search_path');
is($err, '', 'and without errors');
is( sql(q{SELECT count(*) FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
		JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
		JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'retention'
		WHERE l.lanname NOT IN ('c', 'internal') AND p.prosqlbody IS NULL}),
	'0', 'no function has a body that is looked up at run time');

# A literal with a backslash means something else where standard_conforming_strings is off
my @lines = map { split /\n/, text_of('sql/' . s{.*/}{}r) } glob "$root/sql/*.sql";
is(join("\n", grep { /\\/ && !/^\\echo/ } @lines), '', 'the script has no literal that a setting changes');

# Drop and create again
($rc, $out, $err) = as_joe('DROP EXTENSION retention');
is($rc, 0, 'it can be dropped') or diag($err);
is( sql(q{SELECT (SELECT count(*) FROM pg_proc WHERE probin LIKE '%retention%')
		+ (SELECT count(*) FROM pg_type WHERE typname ~ '^(customer_|nps_|retention_|clv_)')}),
	'0', 'and leaves nothing behind');
($rc, $out, $err) = as_joe('CREATE EXTENSION retention SCHEMA j');
is($rc, 0, 'and installed again') or diag($err);

# Its types in tables and its functions in views, through a dump
sql(<<'END');
CREATE TABLE j.kept AS
  SELECT month, j.nps_summary(score) AS s
  FROM (VALUES (1, 10), (1, 9), (2, 3), (2, 9)) AS v(month, score) GROUP BY month;
CREATE TABLE j.keyed AS SELECT j.customer_key('a'::text) AS k;
CREATE VIEW j.scores AS SELECT month, j.nps(s) AS nps FROM j.kept ORDER BY month;
END
my $dump = $node->basedir . '/retention.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'a database with the extension is dumped');
sql('CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ],
                  'and restored');
is($node->safe_psql('restored', 'SELECT * FROM j.scores'), "1|100\n2|0", 'its values are the same');
is($node->safe_psql('restored', q{SELECT k::bigint = hashtextextended('a', 0) FROM j.keyed}), 't', 'its keys, too');
is($node->safe_psql('restored', answers('j')), $expected, 'its functions work there');

# Move to another schema; the objects of a trusted extension are a superuser's
sql('ALTER EXTENSION retention SET SCHEMA k');
($rc, $out, $err) = as_joe(answers('k'));
is($out, $expected, 'its numbers stay right');
is($err, '', 'and without errors');
is(sql('SELECT * FROM j.scores'), "1|100\n2|0", 'a view that uses it works on');

# A function of the very same name and arguments is never taken over
sql(<<'END');
DROP EXTENSION retention CASCADE;
SET ROLE joe;
CREATE FUNCTION k.nps(bigint, bigint, bigint) RETURNS double precision LANGUAGE sql AS 'SELECT 666.0::float8';
END
($rc, $out, $err) = as_joe('CREATE EXTENSION retention SCHEMA k');
isnt($rc, 0, 'a schema that holds a function of the same signature is refused');
like($err, qr/42723/, 'because the function exists already');
is(sql(q{SELECT count(*) FROM pg_extension WHERE extname = 'retention'}),
	'0', 'and nothing is installed');

$node->stop;
done_testing();
