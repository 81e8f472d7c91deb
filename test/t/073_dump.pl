# Dump and restore of a database with a value of every stored type, in each format,
# and COPY in each: nothing changes, not a byte, wherever the extension is.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use Calls;
use Golden;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

my $node = start_server('dump', no_extension => 1);
my $dir = own_dir();

# A database with the extension in a schema of its own, as README installs it
sub new_database
{
	my ($name, $extension) = @_;

	sql("CREATE DATABASE $name TEMPLATE template0");
	sql("ALTER DATABASE $name SET search_path = public, retention");
	return unless $extension;
	$node->safe_psql($name, 'CREATE SCHEMA retention; CREATE EXTENSION retention SCHEMA retention');
	return;
}

# Values of every type, many of each of those that are large; a view, a materialized
# view, a domain, a default, a check, indexes, a partitioned table and an array of them
new_database('shop', 1);
store_golden($node, 'shop');
$node->safe_psql('shop', facts_sql(6_000, 500) . parts_sql() . <<'END');
CREATE INDEX parts_activity ON parts (activity);
CREATE INDEX parts_curve ON parts USING hash (curve);
CREATE VIEW months AS SELECT g, t.* FROM parts, cohort_table(activity, '1 month', as_of => '2024-07-01') t;
CREATE MATERIALIZED VIEW total AS SELECT rollup(activity) AS activity, rollup(purchases) AS purchases FROM parts;
CREATE DOMAIN small_activity AS customer_activity CHECK (customers(VALUE) <= 2);
CREATE TABLE kept (id int PRIMARY KEY, a small_activity DEFAULT customer_activity '\x0100000000000000000100000000'
	'00000001000022790000227900000000000000010000', p customer_purchases CHECK (purchases(p) > 0),
	survey nps_summary DEFAULT (1,2,3), many customer_activity[], s bigint GENERATED ALWAYS AS (nps(survey)) STORED)
	PARTITION BY RANGE (id);
CREATE TABLE kept_1 PARTITION OF kept DEFAULT;
INSERT INTO kept (id, p, many)
	SELECT g, rollup(purchases), array_agg(activity ORDER BY c) FILTER (WHERE c < 10) FROM parts GROUP BY g;
END

# What is compared: what golden values say, and a checksum of every relation
sub picture
{
	my ($database) = @_;

	return read_golden($node, $database) . $node->safe_psql($database, <<'END');
SELECT format('SELECT %1$L, count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C"))
               FROM public.%1$I t', relname)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm', 'v', 'p') ORDER BY relname \gexec
SET enable_seqscan = off;
SELECT count(*) FROM parts p WHERE activity = (SELECT activity FROM parts WHERE g = 1 ORDER BY c LIMIT 1);
END
}
my $before = picture('shop');
like($before, qr/^parts\|3\d{3}\|/m, 'there are values');

my $from = [ '-d', $node->connstr('shop') ];
my %formats = (plain => [], inserts => ['--inserts'], custom => ['-Fc'], directory => [ '-Fd', '-j2' ]);
for my $format (sort keys %formats)
{
	my $file = "$dir/$format";

	command_ok([ 'pg_dump', @$from, @{ $formats{$format} }, '-f', $file ], "$format: dumped");
	new_database($format, 0);
	my $to = [ '-d', $node->connstr($format) ];
	if ($format =~ /plain|inserts/)
	{
		command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', @$to, '-f', $file ], "$format: restored");
	}
	else
	{
		command_ok([ 'pg_restore', '-e', $format eq 'directory' ? '-j2' : '-1', @$to, $file ], "$format: restored");
	}
	is(picture($format), $before, "$format: as before");
	unlike($node->safe_psql($format, 'SELECT * FROM months LIMIT 1'), qr/^$/, "$format: a view works on");
}

# Into another schema, of another database, row by row
sql('CREATE DATABASE copied');
$node->safe_psql('copied', 'CREATE EXTENSION retention');
for my $how ('FORMAT binary', 'FORMAT text', 'FORMAT csv')
{
	my @tables = qw(public.facts public.parts public.total);
	my $golden = q{SELECT oid::regclass FROM pg_class WHERE relnamespace = 'golden'::regnamespace AND relkind = 'r'};
	push @tables, split /\n/, $node->safe_psql('shop', $golden);
	for my $table (@tables)
	{
		(my $copy = $table) =~ s/.*\.//;
		my $columns = $node->safe_psql('shop', qq{
SELECT string_agg(quote_ident(attname) || ' ' || replace(format_type(atttypid, atttypmod), 'retention.', ''), ', '
                  ORDER BY attnum)
FROM pg_attribute WHERE attrelid = '$table'::regclass AND attnum > 0});
		my $sum = 'md5(string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C"))';
		my $file = "$dir/copy";
		$node->safe_psql('shop', "COPY (SELECT * FROM $table) TO '$file' ($how)");
		is($node->safe_psql('copied', "CREATE TABLE $copy ($columns); COPY $copy FROM '$file' ($how);
			SELECT $sum FROM $copy t; DROP TABLE $copy"), $node->safe_psql('shop', "SELECT $sum FROM $table t"),
			"$how: $table");
	}
}

$node->stop;
done_testing();
