# Random queries, each run in several ways that must return the same rows: over the rows
# in another order, in partitions, in a union; in parallel, with little memory, by sorting
# or by hashing, compiled, by partition; through a cursor, a prepared statement, a
# materialized view, a table (and so TOAST), a subquery; said in other words.  What they
# are made of is found in the catalog, see Generate.pm.
#
# 100,000 queries in the full form.  A difference is shown with both statements.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../t";
use Catalog;
use Generate;
use Hard;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Tables;
use Test::More;
use Time::HiRes qw(time);
use Wire;

plan skip_all => 'needs Unix-domain sockets' if $windows_os;

my $total = amount(250, 100_000);
my $per_tables = is_short() ? 125 : 500;
my @zones = qw(UTC Europe/Berlin America/New_York Asia/Kathmandu);
my $node = start_hard('queries', conf => 'max_worker_processes = 8
max_parallel_workers = 4
autovacuum = off
client_min_messages = error
statement_timeout = 20s
jit_above_cost = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
max_parallel_workers_per_gather = 0');

load_module();
make_shapes(seed());
begin_generation(make_seeds());
my ($state, $text) = wire_connect($node);
is($state, '00000', 'connected') or BAIL_OUT($text);

# Settings that must not show, one or some at a time
sub settings
{
	my @set = pick([], [], ['enable_hashagg = off'], ['enable_sort = off'], ["work_mem = '64kB'"],
		[ "work_mem = '64kB'", 'enable_sort = off' ], ['enable_partitionwise_aggregate = on'],
		[ 'enable_partitionwise_aggregate = on', 'enable_hashagg = off' ], ['enable_indexscan = off'],
		[ 'enable_seqscan = off', 'enable_bitmapscan = off' ]);
	@set = @{ $set[0] };
	push @set, 'max_parallel_workers_per_gather = ' . (1 + random_below(2)),
	  pick('parallel_leader_participation = off', 'parallel_leader_participation = on') if random_below(3) == 0;
	push @set, 'jit = on', pick('jit_inline_above_cost = -1', 'jit_inline_above_cost = 0') if random_below(300) == 0;
	return @set;
}

# The statements that return the rows of a query in some way; the last ones count
sub way
{
	my ($text, $parameter) = @_;
	my $query = $text =~ s/\$1/$parameter/gr;
	my $n = 1 + random_below(5);

	return pick(
		([$query]) x 6,
		[ "DECLARE x " . pick('', 'NO SCROLL', 'SCROLL') . " CURSOR FOR $query", "FETCH $n FROM x", 'FETCH NEXT FROM x',
			'FETCH ALL FROM x' ],
		[ "SET LOCAL plan_cache_mode = force_generic_plan; PREPARE x(int) AS $text", "EXECUTE x($parameter)" ],
		[ "SET LOCAL plan_cache_mode = force_custom_plan; PREPARE x(int) AS $text", "EXECUTE x($parameter)" ],
		[ "CREATE MATERIALIZED VIEW pg_temp_x AS $query", 'SELECT * FROM pg_temp_x' ],
		[ "CREATE TEMP TABLE x AS $query", 'SELECT * FROM x' ],
		["WITH x AS MATERIALIZED ($query) SELECT * FROM x"],
		["SELECT x.* FROM ($query OFFSET 0) x"],
		["SELECT x.* FROM generate_series(1, 1) LEFT JOIN LATERAL ($query) x ON true WHERE x IS DISTINCT FROM NULL"]);
}

# Sends statements in a transaction that is rolled back; returns SQLSTATE, message and rows
sub run_way
{
	my ($schema, $settings, $statements) = @_;
	my $begin = join '; ', 'BEGIN', map { "SET LOCAL $_" } "search_path = $schema, public", @$settings;
	my @all = ($begin, @$statements);
	my ($failed, $message, @rows) = ('00000');

	send_message('Q', "$_\0") for @all, 'ROLLBACK; DEALLOCATE ALL';
	flush_messages();
	for (0 .. @all)
	{
		my ($state, $text, @some) = read_rows();
		($failed, $message) = ($state, $text) if $failed eq '00000' && $state ne '00000';
		push @rows, map { join '|', map { $_ // '\N' } @$_ } @some;
	}
	return ($failed, $message, join("\n", sort @rows));
}

# Whether two texts differ in no more than the last digits of numbers
sub differ_in_digits
{
	my ($x, $y) = @_;
	my $number = qr/-?\d+\.\d+(?:e[-+]\d+)?|-?\d+e[-+]\d+/;
	my (@x, @y);

	@x = $x =~ /$number/g;
	@y = $y =~ /$number/g;
	return 0 if $x =~ s/$number/#/gr ne $y =~ s/$number/#/gr;
	return !grep { abs($x[$_] - $y[$_]) > 1e-9 * (1 + abs $y[$_]) } 0 .. $#x;
}

my $clean = qr/^(?:00000|22...|54000|57014|42P20)$/;
my (%number, $compared);

# Compares one query with itself; false if the server is lost
sub compare
{
	my ($query) = @_;
	my @texts = @{ $query->{texts} };
	my $first = $texts[0] =~ s/\$1/$query->{parameter}/gr;
	my ($state, $message, $rows) = run_way('heap', [], [$first]);

	$number{errors}++ if $state ne '00000';
	if ($state !~ $clean)
	{
		problem("$state $message\n$first");
		return $state ne 'lost';
	}
	for my $run (1 .. 3)
	{
		my ($schema, @settings) = (pick(@SCHEMAS), settings());
		my $ways = way($run == 1 && @texts > 1 ? $texts[1] : pick(@texts), $query->{parameter});
		my ($other, $why, $again) = run_way($schema, \@settings, $ways);
		my $how = "SEED=" . seed() . " $query->{kind}\n$first\nagainst, in $schema with @settings:\n"
		  . join(";\n", @$ways);

		$number{runs}++;
		# a slow machine is no difference
		next if $state eq '57014' || $other eq '57014';
		if ($other !~ $clean)
		{
			problem("$other $why\n$how");
			return 0 if $other eq 'lost';
		}
		elsif ($other ne $state)
		{
			problem("$state became $other $why\n$how");
		}
		elsif ($state eq '00000' && $again ne $rows)
		{
			$number{digits}++ if differ_in_digits($rows, $again);
			my ($x, $y) = map { length > 600 ? substr($_, 0, 600) . '...' : $_ } $rows, $again;
			problem("a difference" . (differ_in_digits($rows, $again) ? ' in the last digits' : '')
				  . ": $how\n$x\nis not\n$y");
		}
	}
	$compared++;
	$number{ $query->{kind} }++;
	return 1;
}

my ($planned, $workers) = (0, 0);
# Whether queries are planned with workers where they may be
sub look_at_plan
{
	my ($query) = @_;
	my $text = $query->{texts}[0] =~ s/\$1/$query->{parameter}/gr;
	my (undef, undef, $plan) = run_way(pick(@SCHEMAS), ['max_parallel_workers_per_gather = 2'], ["EXPLAIN $text"]);

	$planned++;
	$workers++ if $plan =~ /Workers Planned/;
	return;
}

my ($tables, @times, %spent) = (0);
QUERIES: while (($compared // 0) < $total)
{
	make_tables(seed() + 7919 * $tables, pick(2, 30, 200, 600, 1500), pick(1, 5, 40, 300), pick(1, 30, 120, 500),
		pick(qw(whole cents fine free refunds)));
	$tables++;
	run_way('heap', [], [ 'COMMIT', "SET timezone = '" . pick(@zones) . "'", 'BEGIN' ]);
	for (1 .. $per_tables)
	{
		last QUERIES if ($compared // 0) >= $total;
		my $query = random_query();
		my $began = time;
		compare($query) or last QUERIES;
		push @times, [ time - $began, $query->{texts}[0] ] if $ENV{SLOWEST};
		$spent{ $query->{kind} } += time - $began;
		look_at_plan($query) if random_below(20) == 0;
	}
}
if ($ENV{SLOWEST})
{
	my @pid = run_way('heap', [], ['SELECT pg_backend_pid()']);
	my @fields = split / /, slurp_file("/proc/$pid[2]/stat");
	diag("ticks of the session: $fields[13] $fields[14], with children $fields[15] $fields[16]");
	diag(map { sprintf "%.1f s: %s\n", @$_ } (sort { $b->[0] <=> $a->[0] } @times)[ 0 .. 9 ]);
	diag(map { "$_: $spent{$_}\n" } sort keys %spent);
}
figure('compared queries', $compared // 0);
figure("of the kind $_", $number{$_} // 0) for qw(grouped rolled combined framed windowed read nested);
figure('runs that were compared with them', $number{runs} // 0);
figure('tables', $tables);
figure('queries that end in an error, the same in all runs', $number{errors} // 0);
figure('parallel plans of plans looked at', "$workers of $planned");
figure('differences in the last digits', $number{digits} // 0);
$node->stop('immediate');
finish('queries');
