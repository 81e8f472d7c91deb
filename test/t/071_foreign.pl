# Every aggregate over partitions on other servers by postgres_fdw, which is sent the
# aggregates because it knows the extension: the answers are those of one table,
# except in the families that doc/clusters.md names for their time zone, and
# the remedy that it gives is one.
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
my $rows = facts_sql(12_000, 1_200) . parts_sql();
my %half = (shard0 => 'FROM (0) TO (600)', shard1 => 'FROM (600) TO (1200)');
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
	OPTIONS (host '$host', port '$port', dbname '$shard', extensions 'retention', async_capable 'true');
CREATE USER MAPPING FOR CURRENT_USER SERVER $shard;
CREATE FOREIGN TABLE facts_$shard PARTITION OF far_facts FOR VALUES $half{$shard} SERVER $shard OPTIONS (table_name 'facts');
CREATE FOREIGN TABLE parts_$shard PARTITION OF far_parts FOR VALUES $half{$shard} SERVER $shard OPTIONS (table_name 'parts');
ANALYZE facts_$shard, parts_$shard;});
}
is(sql('SELECT count(*), count(DISTINCT c) FROM far_facts'), sql('SELECT count(*), count(DISTINCT c) FROM facts'),
	'the rows are there');

# The answers and the plan of several queries, in a session of this zone
sub answers
{
	my ($zone, @queries) = @_;
	my @answers = split /^--end--\n?/m, sql("SET timezone = '$zone';" . join '', map { "$_;\n\\echo --end--\n" } @queries), -1;

	chomp @answers;
	return @answers;
}

# Grouped by customer, which is the partition key, and as a whole
sub questions
{
	my ($call, $table) = @_;

	return ("SELECT c, $call FROM $table WHERE c % 60 = 7 GROUP BY c ORDER BY c", "SELECT $call FROM $table");
}

my (@sent, @kept, %other_zone);
for my $aggregate (all_aggregates())
{
	my ($name, $title, $call, $table) = @$aggregate{qw(name title call table)};

	ok(defined $call, "$title: Calls.pm knows its arguments") or next;
	my @far = questions($call, "far_$table");
	my @near = questions($call, $table);
	my ($plan) = answers('GMT', "EXPLAIN (VERBOSE, COSTS OFF) $far[0]");
	my $sent = () = $plan =~ /Remote SQL: SELECT .*$name.* GROUP BY/g;

	push @{ $sent == 2 ? \@sent : \@kept }, $title;
	is_deeply([ answers('GMT', @far) ], [ answers('GMT', @near) ], "$title: as in one table, in GMT");
	my ($grouped, $all) = answers($zone, @far);
	my ($right, $right_all) = answers($zone, @near);
	is($all, $right_all, "$title: as a whole it is computed here, in this zone");
	if ($grouped ne $right)
	{
		$other_zone{$name}++;
		like($title, qr/timestamptz/, "$title: depends on the zone");
		ok($sent, "$title: was computed there");
		is($grouped, (answers('GMT', $near[0]))[0], "$title: in GMT");
	}

	# the remedy: the zone is named in the query, and the argument is a timestamp
	next unless $title =~ /timestamp\b/ && $table eq 'facts';
	(my $named = $call) =~ s/\bts\b/(tz AT TIME ZONE '$zone')/g;
	@far = questions($named, "far_$table");
	is_deeply([ answers('America/New_York', @far) ], [ answers($zone, @near) ], "$title: with AT TIME ZONE '$zone'");
}
note("sent: ", scalar @sent);
diag("kept: $_") for @kept;
diag("zone: $_") for sort keys %other_zone;

$node->stop;
done_testing();
