# Every aggregate on a Citus cluster: the answers are those of a local table of the
# coordinator, over a table distributed by customer and one by another column, in a
# zone that need not be the workers'; and the plans are pushed down, or listed.
#
#     CITUS="host=... port=... dbname=..."    the coordinator, as a role that may create
#                                             schemas; all nodes have the extension
use strict;
use warnings FATAL => 'all';
use FindBin;
use IPC::Run qw(run);
use lib "$FindBin::Bin/../t";
use Calls;
use Test::More;

plan skip_all => 'CITUS names no cluster: it is the connection string of a coordinator' unless $ENV{CITUS};

my $zone = 'America/New_York';
my $schema = 'retention_test_cluster';

# What the coordinator says to some statements, in a session of its own
sub ask
{
	my ($query) = @_;
	my ($out, $err);

	$query = "SET client_min_messages = error; SET search_path = $schema, public, retention;\n$query";
	run([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $ENV{CITUS} ], '<', \$query, '>', \$out, '2>', \$err)
	  or die "the cluster says: $err";
	chomp $out;
	return $out;
}

# The answers to several queries, in a transaction of the zone, on all nodes
sub answers
{
	my $begin = "SET citus.propagate_set_commands = 'local'; BEGIN; SET LOCAL timezone = '$zone';";
	my @answers = split /^--end--\n?/m, ask($begin . join('', map { "$_;\n\\echo --end--\n" } @_) . 'COMMIT;'), -1;

	pop @answers;
	chomp @answers;
	return @answers;
}

# Does each task of a plan aggregate?
sub is_pushed_down
{
	my ($plan) = @_;

	return $plan =~ /Task Count: [1-9].*->  Task\n.*Aggregate/s;
}

ask("DROP SCHEMA IF EXISTS $schema CASCADE; CREATE SCHEMA $schema");
my ($installed) = ask(q{SELECT nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE extname = 'retention'});
is(ask(qq{SELECT DISTINCT success AND result = $installed.retention_version()
FROM run_command_on_all_nodes('SELECT $installed.retention_version()')}), 't', 'all nodes have this version');

ask("SET timezone = '$zone'; " . facts_sql(20_000, 2_000) . parts_sql());
for my $table (qw(facts parts))
{
	for my $column (qw(c g))
	{
		ask(qq{CREATE TABLE ${table}_by_$column (LIKE $table);
SELECT create_distributed_table('${table}_by_$column', '$column', colocate_with => 'none');
INSERT INTO ${table}_by_$column TABLE $table; ANALYZE ${table}_by_$column;});
	}
}
is(ask('SELECT md5(string_agg(p::text, chr(10) ORDER BY g, c)) FROM parts_by_c p'),
	ask('SELECT md5(string_agg(p::text, chr(10) ORDER BY g, c)) FROM parts p'), 'stored values arrive on the nodes');

# A call over a table: as a whole, by either column, and with some of the rows
sub questions
{
	my ($call, $table) = @_;

	return ("SELECT $call FROM $table", "SELECT g, $call FROM $table GROUP BY g ORDER BY g",
		"SELECT c, $call FROM $table WHERE c < 40 GROUP BY c ORDER BY c",
		"SELECT $call FILTER (WHERE c % 3 = 1) FROM $table HAVING count(*) > 0");
}

my (@gathered, %plans);
for my $aggregate (all_aggregates(\&ask))
{
	my ($title, $call, $table) = @$aggregate{qw(title call table)};

	ok(defined $call, "$title: Calls.pm knows its arguments") or next;
	my @right = answers(questions($call, $table));
	for my $column (qw(c g))
	{
		my @queries = questions($call, "${table}_by_$column");
		my @found = eval { answers(map { ($_, "EXPLAIN (COSTS OFF) $_") } @queries) };

		is($@, '', "$title: by $column, no error") or next;
		for my $i (0 .. $#queries)
		{
			my ($answer, $plan) = splice @found, 0, 2;
			is($answer, $right[$i], "$title: $queries[$i]");
			$plans{ is_pushed_down($plan) ? 'pushed down' : 'not pushed down' }++;
			push @gathered, $queries[$i] unless is_pushed_down($plan);
		}
	}

	# the other remedy, without the zone on the nodes
	next unless $title =~ /timestamp\b/ && $title !~ /timestamptz/ && $table eq 'facts';
	(my $named = $call) =~ s/\bts\b/(tz AT TIME ZONE '$zone')/g;
	my ($local, $far) = map { "SET timezone = 'Asia/Tokyo'; " . (questions($named, $_))[2] } $table, "${table}_by_c";
	is(ask($far), ask($local), "$title: with AT TIME ZONE '$zone'");
}
is(join("\n", @gathered), '', 'all plans are pushed down');
diag("figure: plans $_: $plans{$_}") for sort keys %plans;

# A reader in FROM, as the page says it
for my $table (qw(facts_by_c facts_by_g))
{
	my $query = 'SELECT r.* FROM (SELECT customer_activity(c, d) AS a FROM %s) s, cohort_table(a) r';
	my ($far, $plan, $near) = answers(sprintf($query, $table), 'EXPLAIN (COSTS OFF) ' . sprintf($query, $table),
		sprintf($query, 'facts'));

	is($far, $near, "$table: a reader in FROM");
	ok(is_pushed_down($plan), "$table: and its aggregate is pushed down") or diag($plan);
}

ask("DROP SCHEMA $schema CASCADE");
done_testing();
