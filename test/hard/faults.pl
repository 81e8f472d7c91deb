# Faults at random moments: a timeout, a cancel, memory that ends, workers that are
# terminated, temporary files that reach their limit, processes that are killed, and a
# shutdown in the middle of a build.  Each hits queries of all functions of the catalog
# that take a while.  The session, or the server after its recovery, lives; the error is
# the one of the fault, never an internal one; the same query then returns what it did
# before; memory and files of the session do not grow, and no stored byte changes.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../t";
use Answers;
use Calls;
use Catalog;
use Golden;
use Hard;
use IPC::Run;
use RetentionTest;
use Test::More;
use Time::HiRes qw(sleep);

my $node = start_hard('faults', conf => "autovacuum = off\nmax_worker_processes = 16\nmax_parallel_workers = 8\n"
	. "timezone = 'Europe/Berlin'\nclient_min_messages = error\nmax_parallel_workers_per_gather = 0");
my @psql = ('psql', '-XAtq', '-d', $node->connstr('postgres'), '-v', 'ON_ERROR_STOP=0', '-f', '-');

sql(facts_sql(amount(20_000, 300_000), amount(2_600, 40_000)) . parts_sql());
sql(make_tables('public', 'public'));
my @answers = all_answers('public', 'public');
$_->{query} = in_schemas($_->{query}, 'public', 'public') for @answers;

# Those that a fault can hit
my @long = grep { $_->{ms} >= (is_short() ? 3 : 20) } @answers;

my %number;

# Some of a list, each once, in another order
sub some_of
{
	my ($number, @list) = @_;

	return map { splice @list, random_below(scalar @list), 1 } 1 .. ($number < @list ? $number : @list);
}

# What the same session has: memory outside the caches of the catalog, in kB, files
my $held = q{SELECT 'held ' || (SELECT sum(total_bytes) / 1024 FROM pg_backend_memory_contexts
		WHERE name NOT IN ('CacheMemoryContext', 'index info', 'relation rules', 'Type information cache'))::int
	|| ' ' || (SELECT count(*) FROM pg_ls_dir('/proc/self/fd')) || ' ' || (SELECT count(*) FROM pg_ls_tmpdir());};
my $has_proc = -e '/proc/self/fd';
$held =~ s/SELECT count\(\*\) FROM pg_ls_dir[^)]*\)/SELECT 0/ unless $has_proc;

# SQL that runs queries between two settings, and each again; and what was held before
# and afterwards.  The first round fills the caches.
sub script
{
	my ($before, $after, @queries) = @_;
	my $first = join '', map { "$_->{query};\n" } @queries;
	my $all = join '', map {
		my ($begin, $end) = (ref $before ? $before->($_) : $before, $after);
		"\\echo \@\n$begin\n$_->{query};\n\\echo state :SQLSTATE\n$end\n$_->{query};\n"
	} @queries;

	return "\\o /dev/null\n$first\\o\n$held\n$all\n\\echo \@\n$held\n";
}

# Runs such a script and judges what it says
sub storm
{
	my ($what, $allowed, $script, @queries) = @_;
	my ($out, $error) = ('', '');

	IPC::Run::run(\@psql, '<', \$script, '>', \$out, '2>', \$error);
	my ($first, @parts) = split /^\@\n/m, $out;
	my $last = pop @parts // '';
	my @held = map { [ /^held (\d+) (\d+) (\d+)$/m ] } $first // '', $last;

	if (@parts != @queries || !@{ $held[0] } || !@{ $held[1] })
	{
		problem("$what: the session is lost: " . substr($error, -2000));
		return;
	}
	for my $i (0 .. $#queries)
	{
		my ($result, $state, $again) = $parts[$i] =~ /\A(?:(.*)\n)?state (\w+)\n(?:(.*)\n)?\z/s;
		my $right = $queries[$i]{answer};

		$state //= 'none';
		$number{$what}++;
		$number{"$what, that failed"}++ if $state ne '00000';
		problem("$what: $state: $queries[$i]{query}\n" . substr($error, 0, 2000))
			unless $state eq '00000' || $state =~ $allowed;
		problem("$what: another result: $queries[$i]{query}") if $state eq '00000' && ($result // '') ne $right;
		problem("$what: another result afterwards: $queries[$i]{query}") if ($again // '') ne $right;
	}
	problem("$what: the session holds $held[1][0] kB, $held[0][0] kB before") if $held[1][0] > $held[0][0] + 1024;
	problem("$what: the session has $held[1][1] files open, $held[0][1] before") if $held[1][1] > $held[0][1] + 16;
	problem("$what: $held[1][2] temporary files are left") if $held[1][2] > 0;
	return;
}

sub timeouts
{
	my @queries = map { some_of(1000, @long) } 1 .. amount(1, 6);

	storm('timeouts', qr/^57014$/, script(sub { 'SET statement_timeout = ' . (1 + random_below($_[0]{ms})) . ';' },
		"SET statement_timeout = 0;\n" x 5, @queries), @queries);
	return;
}

# Runs a script beside another session that runs a statement again and again, with pauses
# of at most so many milliseconds, until the script ends
sub storm_beside
{
	my ($what, $allowed, $statement, $pause, $script, @queries) = @_;
	my $end = own_dir() . '/end';
	my ($out, $error) = ('', '');
	my $loop = qq{SELECT 'ready';
DO \$\$ BEGIN
	WHILE (pg_stat_file('$end', true)).size IS NULL LOOP
		PERFORM pg_stat_clear_snapshot();
		PERFORM $statement;
		COMMIT;
		PERFORM pg_sleep(random() * $pause / 1000.0);
	END LOOP;
END \$\$;
};
	my $other = IPC::Run::start(\@psql, '<', \$loop, '>', \$out, '2>', \$error);

	$other->pump until $out =~ /ready/;
	storm($what, $allowed, $script, @queries);
	open my $file, '>', $end or die "$end: $!";
	close $file or die "$end: $!";
	$other->finish;
	problem("$what: the other session: $error") if $error ne '';
	return;
}

# From another session; the repetition may be hit by a late one, and is made safe from that
sub cancels
{
	my @queries = some_of(amount(40, 1000), @long);
	my $here = "SET application_name = 'here';";
	my $gone = "SET application_name = 'gone';\nSET application_name = 'gone';\nSELECT pg_sleep(0.02) \\g /dev/null\n"
		. "SELECT pg_sleep(0.02) \\g /dev/null";

	storm_beside('cancels', qr/^57014$/,
		q{pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'here' AND state = 'active'},
		is_short() ? 20 : 200, script($here, $gone, @queries), @queries);
	return;
}

# Address space that ends after a random amount more.  The stack has been extended before,
# since a process that cannot extend it is killed.
sub memory
{
	if (system('command -v prlimit >/dev/null 2>&1') || !-e '/proc/self/status')
	{
		diag('memory: skipped, prlimit or /proc is missing');
		return;
	}
	my $limit = own_dir() . '/limit';
	open my $file, '>', $limit or die "$limit: $!";
	print $file <<'END';
size=unlimited
if [ "$1" != off ]; then
    size=$((1024 * ($1 + $(sed -n 's/^VmSize:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$BACKEND/status"))))
fi
exec prlimit --pid "$BACKEND" --as="$size:unlimited"
END
	close $file or die "$limit: $!";
	my @queries = map { some_of(amount(60, 1000), @long) } 1 .. amount(1, 6);
	my $deep = join('', map { '(1 + ' } 1 .. 3000) . '1' . ')' x 3000;
	my $script = script(sub { "\\! sh '$limit' " . (16 << random_below(is_short() ? 9 : 12)) },
		"\\! sh '$limit' off", @queries);

	storm('memory', qr/^53200$/,
		"SELECT $deep \\g /dev/null\nSELECT pg_backend_pid() AS pid \\gset\n\\setenv BACKEND :pid\n$script", @queries);
	return;
}

# Plans with workers
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;'
	. "SET max_parallel_workers_per_gather = 3;\n";

sub workers
{
	my @queries = some_of(amount(30, 1000), grep { $_->{kind} eq 'a' } @long);

	storm_beside('terminated workers', qr/^(?:57P01|55000)$/,
		q{pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'parallel worker'},
		is_short() ? 10 : 50, $parallel . script($parallel, 'SET max_parallel_workers_per_gather = 0;', @queries),
		@queries);
	return;
}

# Groups by customer that spill into files, which reach a limit
sub spills
{
	my @queries;

	for my $answer (some_of(amount(12, 1000), grep { $_->{kind} eq 'a' } @answers))
	{
		my ($call, $table) = $answer->{query} =~ /^SELECT md5\((.*)::text\) FROM public\.(facts|parts)$/s or next;
		push @queries, { query => "SELECT md5(string_agg(x, ',' ORDER BY x)) FROM (SELECT $call\::text AS x"
			. " FROM public.$table GROUP BY c) v" };
	}
	$_->{answer} = sql("SET work_mem = '1GB'; $_->{query}") for @queries;
	@queries = map { (@queries) } 1 .. amount(1, 5);
	storm('temporary files', qr/^53400$/, "SET work_mem = '64kB';\n"
		. script(sub { 'SET temp_file_limit = ' . (1 << random_below(14)) . ';' }, 'SET temp_file_limit = -1;',
			@queries), @queries);
	return;
}

# What is never committed: the server is lost before
my @builds = (
	'CREATE TABLE building AS SELECT g, c, customer_activity(c, d) AS activity FROM facts GROUP BY g, c',
	'CREATE TABLE building AS SELECT customer_purchases(c, d, amount), customer_events(c, ts, score::text) FROM facts',
	'INSERT INTO kept SELECT 1000 + g, activity FROM parts',
	'UPDATE kept SET activity = (SELECT customer_activity(c, d) FROM facts WHERE g = id)',
	'DELETE FROM kept', 'CREATE INDEX building ON kept (activity)',
	'CREATE INDEX building ON kept USING hash (activity)',
	'REFRESH MATERIALIZED VIEW CONCURRENTLY seen', 'ALTER TABLE kept ALTER id TYPE bigint',
	'CREATE TABLE building AS SELECT c, customer_subscriptions(c, d, d + 30, amount) FROM facts GROUP BY c');

# Everything that is stored, also as indexes find it
sub stored
{
	return read_golden($node, 'postgres') . sql(q{
SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text COLLATE "C")) FROM kept t;
SELECT md5(string_agg(t::text, ',' ORDER BY t::text COLLATE "C")) FROM seen t;
SELECT md5(string_agg(t::text, ',' ORDER BY t::text COLLATE "C")) FROM parts t;
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT DISTINCT activity FROM kept) a JOIN LATERAL (
	SELECT FROM kept k WHERE k.activity = a.activity LIMIT 1) k ON true;
SELECT to_regclass('building');
});
}

# Loses the server in the middle of a build, by killing the session that builds in a way
# that no process can handle, or by an immediate shutdown
sub losses
{
	$node->append_conf('postgresql.conf', 'restart_after_crash = on');
	$node->restart;
	store_golden($node, 'postgres');
	sql(q{
CREATE TABLE kept AS SELECT (row_number() OVER ())::int AS id, activity FROM parts LIMIT 500;
CREATE INDEX ON kept (activity);
CREATE INDEX ON kept USING hash (activity);
CREATE MATERIALIZED VIEW seen AS SELECT g, customer_activity(c, d) AS activity FROM facts GROUP BY g;
CREATE UNIQUE INDEX ON seen (g)});
	my $right = stored();

	for my $round (1 .. amount(3, 60))
	{
		my $way = $round == 1 ? 'shutdown' : pick('kill', 'kill', 'shutdown');
		my $build = pick(@builds);
		my $script = "SELECT 'pid ' || pg_backend_pid();\nBEGIN;\n$build;\nSELECT pg_sleep(60);\n";
		my ($out, $error) = ('', '');
		my $session = IPC::Run::start(\@psql, '<', \$script, '>', \$out, '2>', \$error, IPC::Run::timeout(120));

		$session->pump until $out =~ /pid (\d+)\n/;
		my ($pid) = $out =~ /pid (\d+)/;
		sleep(random_below(is_short() ? 100 : 1000) / 1000);
		$way eq 'kill' ? kill('KILL', $pid) : $node->stop('immediate');
		$session->finish;
		$node->start if $way eq 'shutdown';
		if (!$node->poll_query_until('postgres', 'SELECT true'))
		{
			problem("$way during $build: the server does not recover");
			last;
		}
		problem("$way during $build: something that is stored differs") if stored() ne $right;
		$number{"losses by $way"}++;
	}
	for my $answer (some_of(20, @answers))
	{
		problem("after recovery: another result of $answer->{query}") if sql($answer->{query}) ne $answer->{answer};
	}
	return;
}

timeouts();
cancels();
memory();
workers();
spills();
problem('the server is lost') unless $node->psql('postgres', 'SELECT 1') == 0;
losses();
$node->stop;

figure('queries that take a while, of all functions', scalar(@long) . ' of ' . @answers);
figure($_, $number{$_}) for sort keys %number;
finish('faults');
