# Every aggregate of the extension, whatever its arguments: parallel workers
# give what one process gives, over a plan that really is partial.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use Calls;
use RetentionTest;
use Test::More;

my $node = start_server('parallel',
	conf => "max_worker_processes = 16\nmax_parallel_workers = 8\nwork_mem = '64MB'\ntimezone = 'Europe/Berlin'");

sql(facts_sql(300_000, 40_000) . parts_sql());
my @aggregates = all_aggregates();
cmp_ok(scalar @aggregates, '>=', 30, 'there are aggregates');

my $serial = 'SET max_parallel_workers_per_gather = 0;';
my $parallel = q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 3; SET parallel_leader_participation = off;};
my $partial = qr/Gather.*Partial (Hash|Group)?Aggregate/s;

for my $aggregate (@aggregates)
{
	my ($name, $title, $call, $table) = @$aggregate{qw(name title call table)};

	ok(defined $call, "$title: Calls.pm knows its arguments") or next;
	my (undef, undef, $error) = $node->psql('postgres',
		"SET client_min_messages = error; SELECT $call FROM (SELECT * FROM $table LIMIT 100) few");
	is($error, '', "$title: and they are values that it takes") or next;

	# one session for all queries: to start servers takes longer than to aggregate
	my @queries = ("SELECT $call FROM $table",
		"SELECT g, $call, count(*) FROM $table GROUP BY g ORDER BY g",
		"SELECT $call FROM $table WHERE c + 0 = 77",
		"SELECT $call FROM $table WHERE c + 0 < 0");
	my @answers = split /^--end--\n?/m, sql(join '', map { "$_;\n\\echo --end--\n" } map {
		("$parallel EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $_", $_, "$serial $_") } @queries), -1;
	chomp @answers;
	for my $query (@queries)
	{
		my ($plan, $many, $one) = splice @answers, 0, 3;
		my $what
		    = $query =~ /GROUP/ ? 'grouped' : $query =~ /77/ ? 'one customer' : $query =~ /WHERE/ ? 'no rows' : 'all';

		like($plan, $partial, "$title: partial plan, $what");
		like($plan, qr/Workers Launched: [123]/, "$title: with workers, $what");
		is($many, $one, "$title: parallel = serial, $what");
		isnt($one, '', "$title: a number, $what") unless $what =~ /no rows|one customer/;
		# a count of nobody is no rate of nobody
		is($one, $name eq 'active_customers' ? '0' : '', "$title: nothing, $what") if $what eq 'no rows';
	}
}

$node->stop;
done_testing();
