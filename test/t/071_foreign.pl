# Every aggregate over partitions on other servers by postgres_fdw, which sends them
# there because it knows the extension: the answers are those of one table, except in
# the families that doc/clusters.md names for their time zone, and its remedy helps.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use Calls;
use RetentionTest;
use Test::More;

my $zone = 'Europe/Berlin';
my $node = start_server('foreign', conf => "timezone = '$zone'\nenable_partitionwise_aggregate = on\n");
if ($node->psql('postgres', 'CREATE EXTENSION postgres_fdw') != 0)
{
	$node->stop;
	plan skip_all => 'needs postgres_fdw';
}
my ($host, $port) = ($node->host, $node->port);

# The tables of Calls.pm, and the same rows in two other databases, by customer
my $rows = facts_sql(6_000, 600) . parts_sql();
my %half = (shard0 => 'FROM (0) TO (300)', shard1 => 'FROM (300) TO (600)');
sql("$rows CREATE TABLE far_facts (LIKE facts) PARTITION BY RANGE (c);
	CREATE TABLE far_parts (LIKE parts) PARTITION BY RANGE (c);");
for my $shard (sort keys %half)
{
	sql("CREATE DATABASE $shard");
	$node->safe_psql($shard, "CREATE EXTENSION retention; $rows
DELETE FROM facts WHERE c NOT BETWEEN ((regexp_match('$half{$shard}', '\\d+'))[1])::int
	AND ((regexp_match('$half{$shard}', 'TO .(\\d+)'))[1])::int - 1;
DELETE FROM parts WHERE c NOT IN (SELECT c FROM facts); VACUUM ANALYZE;");
	sql(qq{
CREATE SERVER $shard FOREIGN DATA WRAPPER postgres_fdw
	OPTIONS (host '$host', port '$port', dbname '$shard', extensions 'retention',
	         async_capable 'true', fdw_tuple_cost '1000');
CREATE USER MAPPING FOR CURRENT_USER SERVER $shard;
CREATE FOREIGN TABLE facts_$shard PARTITION OF far_facts FOR VALUES $half{$shard}
	SERVER $shard OPTIONS (table_name 'facts');
CREATE FOREIGN TABLE parts_$shard PARTITION OF far_parts FOR VALUES $half{$shard}
	SERVER $shard OPTIONS (table_name 'parts');
ANALYZE facts_$shard, parts_$shard;});
}
is(sql('SELECT count(*), count(DISTINCT c) FROM far_facts'), sql('SELECT count(*), count(DISTINCT c) FROM facts'),
	'the rows are there');

# The answers to several queries, in one session
sub answers
{
	my @answers = split /^--end--\n?/m, sql(join '', map { "$_;\n\\echo --end--\n" } @_), -1;

	pop @answers;
	chomp @answers;
	return @answers;
}

# Grouped by customer, which is the partition key, and as a whole
sub questions
{
	my ($call, $table) = @_;

	return ("SELECT c, $call FROM $table WHERE c BETWEEN 280 AND 319 GROUP BY c ORDER BY c",
		"SELECT $call FROM $table");
}

my ($sent, %other_zone) = (0);
for my $aggregate (all_aggregates())
{
	my ($name, $title, $call, $table) = @$aggregate{qw(name title call table)};

	ok(defined $call, "$title: Calls.pm knows its arguments") or next;
	# constants are sent as instants
	$call =~ s/timestamptz '([\d-]+)'/timestamptz '$1 00:00+02'/g;
	my ($far, $far_all) = questions($call, "far_$table");
	my ($near, $near_all) = questions($call, $table);
	# the remedy: the zone is named in the query, and nothing else has one
	(my $named = $call) =~ s/\bts\b/(tz AT TIME ZONE '$zone')/g;
	$named =~ s/\bd\b/(tz AT TIME ZONE '$zone')::date/g;
	my $is_remedy = $named ne $call && $title !~ /timestamptz/;
	my ($grouped, $all, $right, $right_all, $plan, @in_gmt) = answers($far, $far_all, $near, $near_all,
		"SET timezone = 'GMT'; EXPLAIN (VERBOSE, COSTS OFF) $far", $far, $far_all, $near, $near_all,
		$is_remedy ? ("SET timezone = 'America/New_York'; " . (questions($named, "far_$table"))[0],
			"SET timezone = '$zone'; " . (questions($named, $table))[0]) : ());

	is_deeply([ @in_gmt[ 0, 1 ] ], [ @in_gmt[ 2, 3 ] ], "$title: as in one table, in GMT");
	is($all, $right_all, "$title: as a whole it is computed here, in this zone");
	is($in_gmt[4], $in_gmt[5], "$title: with AT TIME ZONE '$zone'") if $is_remedy;

	# time and interval depend on the zone, and this cast on settings
	my $statements = () = $plan =~ /Remote SQL: SELECT .*\b$name\(.* GROUP BY/g;
	is($statements, $call =~ /\btz \+|::text/ ? 0 : 2, "$title: both servers are sent it") or diag($plan);
	$sent++ if $statements;
	if ($grouped ne $right)
	{
		$other_zone{$name} = 1;
		like($title, qr/timestamptz/, "$title: depends on the zone");
		is($grouped, $in_gmt[2], "$title: was computed there, in GMT");
	}
}
cmp_ok($sent, '>=', 100, 'aggregates are sent');

# The page names these, among others of which the tables here have no case
my ($section) = text_of('doc/clusters.md') =~ /^## Time zones\n(.*?)^## /ms;
cmp_ok(scalar keys %other_zone, '>=', 5, 'some depend on the zone');
like($section, qr/`\Q$_\E`/, "doc/clusters.md: $_ depends on the zone") for sort keys %other_zone;

$node->stop;
done_testing();
