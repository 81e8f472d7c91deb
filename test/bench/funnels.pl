# The part of "run" that measures customer_events, funnels, and returns, beside
# plain SQL, DuckDB and ClickHouse's windowFunnel.
use strict;
use warnings;
use List::Util qw(min);

our ($rows, $customers, $modes, @targets, $build, $psql, $database);

my $steps = "'{view,cart,checkout,buy}'";
# the whole of the data is known by then
my $options = "$steps, '1 day', as_of => '2025-01-01'";

sub funnels
{
	session('serial')->query('DROP TABLE IF EXISTS events_stored, pair_stored');
	funnel_of_four();
	stored_events();
	events_memory();
	events_groups();
	returns();
	return;
}

# ---------------------------------------------------------------------------
# Four steps within a day, from the rows

sub funnel_of_four
{
	for my $mode (split /,/, $modes)
	{
		my $title = 'funnel of four steps';
		next if !wanted("$title, $mode");
		need_happened();
		my $r = compare($title, $mode, 'happened',
			[ 'floor: noop(customer, at, event)', 'floor', 'SELECT noop(customer_id, moment, event) FROM happened' ],
			[ 'funnel_table', 'ours', our_funnel('best') ],
			[ 'funnel_table, first', 'other', our_funnel('first'), undef, { check => 'first' } ],
			[ 'building it, and customers', 'other', 'SELECT customers(customer_events(customer_id, moment, event)) FROM happened', undef, { check => 'built' } ],
			[ 'customer_activity of its days', 'other', 'SELECT customers(customer_activity(customer_id, moment)) FROM happened', undef, { check => 'built' } ],
			[ 'SQL: windows', 'sql', sql_windows('happened') ],
			[ 'SQL: joins', 'sql', sql_joins('happened') ],
			funnel_engines()) or next;
		target("funnel, $mode", $r, 'funnel_table', floor => 2.5);
		target("funnel, $mode", $r, 'funnel_table', sql => 1 / 5);
		target("funnel, $mode", $r, 'funnel_table', $_ => 1) for qw(clickhouse duckdb);
	}
	return;
}

sub our_funnel
{
	my ($attempt) = @_;
	return "SELECT step, customers FROM (SELECT customer_events(customer_id, moment, event) AS e FROM happened) x,
		funnel_table(e, $options, attempt => '$attempt') ORDER BY step";
}

# Turn levels, one per customer, into the customers of each step
sub by_step
{
	my ($levels) = @_;
	return "SELECT step, (SELECT count(*) FROM levels WHERE level >= step) AS customers
		FROM (SELECT unnest(ARRAY[1, 2, 3, 4]) AS step) s ORDER BY step" =~ s/^/WITH levels AS ($levels) /r;
}

# The latest start from which each step can be reached, carried forward: one sort
# serves all windows
sub sql_windows
{
	my ($table) = @_;
	my $latest = sub { "max($_[0]) FILTER (WHERE event = '$_[1]') OVER w" };
	my $window = 'WINDOW w AS (PARTITION BY customer_id ORDER BY moment)';
	my $in_time = "moment < %s + INTERVAL '1 day'";
	my $reach = join ' ', map { "WHEN event = '$_->[0]' AND " . sprintf($in_time, $_->[1]) . " THEN $_->[2]" } ([ 'buy', 's3', 4 ], [ 'checkout', 's2', 3 ], [ 'cart', 's1', 2 ]);

	return by_step("SELECT customer_id, max(CASE $reach WHEN event = 'view' THEN 1 END) AS level FROM (
		SELECT *, " . $latest->('s2', 'checkout') . " AS s3 FROM (
		SELECT *, " . $latest->('s1', 'cart') . " AS s2 FROM (
		SELECT *, " . $latest->('moment', 'view') . " AS s1 FROM $table WHERE event IN ('view', 'cart', 'checkout', 'buy') $window) a $window) b $window) c
		GROUP BY customer_id HAVING bool_or(event = 'view')");
}

# Each start with the first event of each further step
sub sql_joins
{
	my ($table) = @_;
	my $from = "SELECT customer_id, moment AS start, moment AS last FROM $table WHERE event = 'view'";
	my $join = sub {
		my ($before, $event) = @_;
		return "SELECT s.customer_id, s.start, min(e.moment) AS last FROM ($before) s JOIN $table e ON e.customer_id = s.customer_id AND e.event = '$event'
			AND e.moment >= s.last AND e.moment < s.start + INTERVAL '1 day' GROUP BY s.customer_id, s.start";
	};

	return "WITH s1 AS (SELECT DISTINCT customer_id, start, last FROM ($from) x), s2 AS (" . $join->('SELECT * FROM s1', 'cart') . '), s3 AS (' . $join->('SELECT * FROM s2', 'checkout')
	  . '), s4 AS (' . $join->('SELECT * FROM s3', 'buy') . ') '
	  . join(' UNION ALL ', map { "SELECT $_ AS step, count(DISTINCT customer_id) AS customers FROM s$_" } 1 .. 4) . ' ORDER BY step';
}

sub funnel_engines
{
	my @contenders;

	for my $kind (qw(duckdb clickhouse))
	{
		my $engine = engine($kind) or next;
		load_happened($engine);
		push @contenders, $kind eq 'duckdb'
		  ? [ 'duckdb: windows', $kind, sql_windows('happened'), undef, { engine => $engine } ]
		  : [ 'clickhouse: windowFunnel', $kind, clickhouse_funnel(), undef, { engine => $engine } ];
	}
	return @contenders;
}

# whose window has its end inside
sub clickhouse_funnel
{
	my $conditions = join ', ', map { "event = '$_'" } qw(view cart checkout buy);
	return "WITH levels AS (SELECT customer_id, windowFunnel(86399)(moment, $conditions) AS level FROM happened GROUP BY customer_id)
		SELECT toInt32(step), countIf(level >= step) FROM levels ARRAY JOIN [1, 2, 3, 4] AS step GROUP BY step ORDER BY step";
}

sub load_happened
{
	my ($engine) = @_;
	my $file = "$build/happened.csv";

	return if $engine->{loaded}{happened}++;
	system("'$psql' -X -q -v ON_ERROR_STOP=1 -d $database -c \"COPY (SELECT customer_id, moment AT TIME ZONE 'UTC', event FROM happened) TO STDOUT (FORMAT csv)\" > '$file'") == 0
	  or die "cannot copy happened out\n";
	if ($engine->{kind} eq 'duckdb')
	{
		$engine->query("CREATE TABLE happened AS SELECT * FROM read_csv('$file', header = false, columns = {'customer_id': 'BIGINT', 'moment': 'TIMESTAMP', 'event': 'VARCHAR'})");
		$engine->query('CHECKPOINT');
	}
	else
	{
		my $columns = "customer_id Int64, moment DateTime('UTC'), event LowCardinality(String)";
		$engine->query("CREATE TABLE happened ($columns) ENGINE = MergeTree ORDER BY moment");
		$engine->query("INSERT INTO happened SELECT * FROM file('$file', 'CSV', '" . $columns =~ s/'/\\'/gr . "')");
		$engine->query('OPTIMIZE TABLE happened FINAL');
	}
	unlink $file;
	return;
}

# ---------------------------------------------------------------------------
# The value itself

# What is read out of one stored value, against building it
sub stored_events
{
	my %readers = (
		'funnel_table' => "funnel_table(e, $options)",
		'funnel_table, by week' => "funnel_table(e, $options, period => '7 days')",
		'event_table' => 'event_table(e)');
	my $title = 'readers of stored events';
	my $r;

	return if !wanted("$title, serial");
	need_happened();
	need_stored('events_stored', 'SELECT customer_events(customer_id, moment, event) AS e FROM happened');
	print "\nthe stored value: ", session('serial')->query("SELECT pg_size_pretty(n) || ', ' || round(n::numeric / $rows, 2) || ' bytes per event, ' || pg_size_pretty(pg_column_size(e)::bigint) || ' after TOAST'
		FROM (SELECT e, octet_length(customer_events_send(e))::bigint n FROM events_stored) x"), "\n";
	$r = compare($title, 'serial', 'events_stored',
		[ 'floor: noop(customer, at, event)', 'floor', 'SELECT noop(customer_id, moment, event) FROM happened' ],
		[ 'building it', 'other', 'SELECT customers(customer_events(customer_id, moment, event)) FROM happened', undef, { check => 'built' } ],
		(map { [ $_, 'ours', "SELECT count(*) FROM events_stored, $readers{$_} t", undef, { check => $_ } ] } sort keys %readers),
		[ 'activity', 'ours', "SELECT customers(activity(e, 'view')) FROM events_stored", undef, { check => 'activity' } ]) or return;
	target("$_ of stored events", $r, $_, 'building it' => 0.3) for sort keys %readers;
	return;
}

# As memory() of customer_activity
sub events_memory
{
	return if !wanted('events: memory');
	need_happened();
	local $customers = $rows;
	print "\n== events: memory, serial, beyond the floor's, bytes per event\n";
	memory_of('customer_events', 'four steps and others', 'happened', 'customer_id, moment, event', 'none');
	return;
}

# Many small values
sub events_groups
{
	my $title = 'events groups: the same rows in 1 group and in groups of ten';
	my $group_rows = min($rows, 1_000_000);
	my $n = int($group_rows / 10);
	my ($contender, $r);

	return if !wanted("$title, hashed");
	need_happened();
	session('serial')->query("DROP TABLE IF EXISTS happened_grouped");
	session('serial')->query("CREATE UNLOGGED TABLE happened_grouped AS SELECT 1 AS g1, customer_id % $n AS gn, h.* FROM happened h LIMIT $group_rows");
	session('serial')->query('VACUUM (FREEZE, ANALYZE) happened_grouped');
	$contender = sub {
		my ($g, $name) = @_;
		return ([ "floor: noop, $name", 'floor', "SELECT count(v) FROM (SELECT noop(customer_id, moment, event) v FROM happened_grouped GROUP BY $g) x", $group_rows, { check => "floor $g" } ],
			[ "customer_events, $name", 'ours', "SELECT count(v) FROM (SELECT customer_events(customer_id, moment, event) v FROM happened_grouped GROUP BY $g) x", $group_rows, { check => $g } ],
			[ "array_agg(moment), $name", 'other', "SELECT count(v) FROM (SELECT array_agg(moment) v FROM happened_grouped GROUP BY $g) x", $group_rows, { check => $g } ]);
	};
	$r = compare($title, 'hashed', 'happened_grouped', $contender->('g1', '1 group'), $contender->('gn', 'groups of ten')) or return;
	target('events, groups of ten', $r, 'customer_events, groups of ten', 'floor: noop, groups of ten' => 2);
	return;
}

# ---------------------------------------------------------------------------
# Returns: one value against another

sub returns
{
	my $title = 'return_table of two stored values';
	my $r;

	return if !wanted("$title, serial");
	need_stored('pair_stored', 'SELECT customer_activity(customer_id, ordered_at) FILTER (WHERE order_id % 2 = 0) AS s, customer_activity(customer_id, ordered_at) FILTER (WHERE order_id % 2 = 1) AS r FROM orders');
	$r = compare($title, 'serial', 'pair_stored',
		[ 'cohort_table of each', 'other', 'SELECT count(*) FROM pair_stored, LATERAL (SELECT FROM cohort_table(s) UNION ALL SELECT FROM cohort_table(r)) t', undef, { check => 'each' } ],
		[ 'return_table', 'ours', 'SELECT count(*) FROM pair_stored, return_table(s, r)', undef, { check => 'return' } ],
		[ 'return_table, elapsed', 'other', "SELECT count(*) FROM pair_stored, return_table(s, r, clock => 'elapsed')", undef, { check => 'elapsed' } ]) or return;
	target('return_table', $r, 'return_table', 'cohort_table of each' => 1.3);
	return;
}

# ---------------------------------------------------------------------------
# The data

# Sessions of five events, at seconds, of a tenth as many customers as events, within
# sixty days, in time order
sub need_happened
{
	my $s;
	my $draw = sub { "(hashint8extended(x.session * 8 + $_[0], 20240101) & 16777215) / 16777216.0::float8" };

	return if session('serial')->query("SELECT to_regclass('happened')") ne '';
	print "making happened, $rows events\n";
	$s = session('serial')->fresh;
	$s->query('SET statement_timeout = 0');
	$s->query('CREATE UNLOGGED TABLE happened WITH (autovacuum_enabled = off) AS '
		  . "SELECT customer_id, timestamptz '2024-03-01 00:00:00+00' + (second || ' seconds')::interval AS moment,
			CASE WHEN draw < 0.50 THEN 'view' WHEN draw < 0.72 THEN 'cart' WHEN draw < 0.86 THEN 'checkout' WHEN draw < 0.94 THEN 'buy' ELSE 'search' END AS event
		FROM (SELECT (hashint8extended(x.session, 1) & 1073741823) % $customers + 1 AS customer_id,
			floor(" . $draw->('9') . " * 5184000 + n * 240 * " . $draw->('n') . ")::bigint AS second, " . $draw->('n + 100') . " AS draw
			FROM generate_series(1, $rows / 5) AS x(session), generate_series(0, 4) n) e ORDER BY moment, customer_id, event");
	$s->query('VACUUM (FREEZE, ANALYZE) happened');
	$s->close;
	return;
}

sub need_stored
{
	my ($table, $query) = @_;
	my $s;

	return if session('serial')->query("SELECT to_regclass('$table')") ne '';
	$s = session('serial')->fresh;
	$s->query('SET statement_timeout = 0');
	$s->query("CREATE UNLOGGED TABLE $table AS $query");
	$s->query("VACUUM (FREEZE, ANALYZE) $table");
	$s->close;
	return;
}

1;
