# Every aggregate over partitioned tables, when PostgreSQL aggregates each partition
# by itself: the answers are those of one table, and the plans really are of that
# kind, grouped by the partition key and not, with parallel workers and without.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use Calls;
use RetentionTest;
use Test::More;

my $node = start_server('partitions', conf => "timezone = 'Europe/Berlin'\nmax_parallel_workers = 4\n");

# The tables of Calls.pm, and the same rows by customer and by group
sql(facts_sql(12_000, 1_200) . parts_sql());
for my $table (qw(facts parts))
{
	sql(qq{
CREATE TABLE ${table}_by_c (LIKE $table) PARTITION BY HASH (c);
CREATE TABLE ${table}_c0 PARTITION OF ${table}_by_c FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE ${table}_c1 PARTITION OF ${table}_by_c FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE ${table}_c2 PARTITION OF ${table}_by_c FOR VALUES WITH (MODULUS 3, REMAINDER 2);
CREATE TABLE ${table}_by_g (LIKE $table) PARTITION BY LIST (g);
CREATE TABLE ${table}_g0 PARTITION OF ${table}_by_g FOR VALUES IN (0, 1, 2);
CREATE TABLE ${table}_g1 PARTITION OF ${table}_by_g FOR VALUES IN (3, 4);
CREATE TABLE ${table}_g2 PARTITION OF ${table}_by_g DEFAULT;
INSERT INTO ${table}_by_c TABLE $table;
INSERT INTO ${table}_by_g TABLE $table;
VACUUM ANALYZE ${table}_by_c, ${table}_by_g;});
}

my $settings = 'SET enable_partitionwise_aggregate = on; SET max_parallel_workers_per_gather = 0;';
my $parallel = q{SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;};

# What is asked: the column grouped by, the partitioned table, and the plan: whole
# aggregates of the partitions, or parts of them that are combined
my $whole = qr/\A(?!.*(?:Partial|Finalize)).*Append\b.*Aggregate.*Aggregate.*Aggregate/s;
my $combined = qr/Finalize.*Append\b.*Partial.*Partial.*Partial/s;
my @questions = ([ '', 'c', $combined ], [ '', 'g', $combined ], [ 'g', 'c', $combined ], [ 'g', 'g', $whole ],
	[ 'c', 'c', $whole ]);

for my $aggregate (all_aggregates())
{
	my ($title, $call, $table) = @$aggregate{qw(title call table)};
	my @queries;

	ok(defined $call, "$title: Calls.pm knows its arguments") or next;
	for my $question (@questions)
	{
		my ($group, $by) = @$question;
		# of the facts, some of the customers will do
		my $where = $group eq 'c' && $table eq 'facts' ? 'WHERE c < 200' : '';
		my ($one, $many) = map {
			($group && "SELECT $group, $call FROM $_ $where GROUP BY $group ORDER BY $group") || "SELECT $call FROM $_"
		} $table, "${table}_by_$by";

		push @queries, $one, "EXPLAIN (COSTS OFF) $many", $many, $group eq 'g' ? () : "$parallel $many; $settings";
	}
	my @answers = split /^--end--\n?/m, sql("$settings " . join '', map { "$_;\n\\echo --end--\n" } @queries), -1;
	chomp @answers;
	for my $question (@questions)
	{
		my ($group, $by, $expected) = @$question;
		my ($one, $plan, $many) = splice @answers, 0, 3;
		my $what = 'partitioned by ' . $by . ($group && ", grouped by $group");

		isnt($one, '', "$title: a number, $what");
		like($plan, $expected, "$title: the plan, $what");
		is($many, $one, "$title: the answer, $what");
		is(shift @answers, $one, "$title: with parallel workers, $what") unless $group eq 'g';
	}
}

$node->stop;
done_testing();
