# The part of "run" that measures window.c: distinct customers in a moving
# frame, and the functions that go from one event of a customer to the next,
# beside plain SQL, DuckDB and ClickHouse.
use strict;
use warnings;
use List::Util qw(min uniq);

our ($rows, $psql, $database, $build);

my $events = min($rows, 1_000_000);

sub window
{
	per_day(28);
	frame_sizes();
	per_event();
	silences();
	points();
	# takes longest by far
	per_day(280);
	return;
}

# ---------------------------------------------------------------------------
# Distinct customers of the last days, a number for each day

sub per_day
{
	my ($days) = @_;
	my $title = "active_customers of $days days, per day";
	my $table = "events_$events";
	my %sql = sql_per_day($table, $days);
	my $r;

	return if !wanted("$title, serial");
	need_events($events);
	$r = compare($title, 'serial', $table,
		[ 'floor: count(*)', 'floor', moving('count(*)', $table, $days), $events ],
		[ 'active_customers', 'ours', moving('active_customers(customer_id)', $table, $days), $events ],
		[ 'active_table', 'other', "SELECT day, active FROM (SELECT customer_activity(customer_id, day) a FROM $table) s, active_table(a, '$days days') ORDER BY day", $events ],
		(map { [ "SQL: $_", /^lead/ ? 'other' : 'sql', $sql{$_}, $events ] } sort keys %sql),
		map { engine_per_day($_, $table, $days) } qw(duckdb clickhouse)) or return;

	# the last form is no aggregate, but the same numbers
	target($title, $r, 'active_customers', $_ => 1 / 50) for 'sql', 'SQL: lead, running sum';
	target($title, $r, 'active_table', $_ => 1 / 50) for 'sql', 'SQL: lead, running sum';
	for my $ours ('active_customers', 'active_table')
	{
		target($title, $r, $ours, $_ => 1) for qw(duckdb clickhouse);
	}
	target($title, $r, 'active_customers', floor => 'none');
	return;
}

# A moving frame has a result per row, which is the same for all of a day
sub moving
{
	my ($call, $table, $days) = @_;
	my $before = $days - 1;

	return "SELECT day, max(n) FROM (SELECT day, $call OVER (ORDER BY day RANGE '$before days' PRECEDING) AS n FROM $table) x
		GROUP BY day ORDER BY day";
}

sub sql_per_day
{
	my ($table, $days) = @_;
	my %forms = (
		'LATERAL count(DISTINCT)' => "SELECT d.day, e.n
			FROM (SELECT DISTINCT day FROM $table) d,
				LATERAL (SELECT count(DISTINCT customer_id) n FROM $table e WHERE e.day > d.day - $days AND e.day <= d.day) e
			ORDER BY d.day",

		# a customer counts from each day for so many, or up to the customer's next
		'lead, running sum' => "SELECT day, n
			FROM (SELECT day, sum(sum(step)) OVER (ORDER BY day) n
				FROM (SELECT day AS first, lead(day) OVER (PARTITION BY customer_id ORDER BY day) next FROM $table) s,
					LATERAL (VALUES (first, 1), (least(next, first + $days), -1)) v(day, step)
				GROUP BY day) x
			WHERE day IN (SELECT day FROM $table) ORDER BY day",
		'join of a day series, DISTINCT' => "SELECT day, count(*)
			FROM (SELECT DISTINCT e.day + i AS day, customer_id
				FROM (SELECT DISTINCT day, customer_id FROM $table) e, generate_series(0, $days - 1) i) x
			WHERE day IN (SELECT day FROM $table) GROUP BY day ORDER BY day");

	# half a minute over 28 days; over 280, ten times that and memory for all its rows
	delete $forms{'join of a day series, DISTINCT'} if $days > 28;
	return %forms;
}

sub engine_per_day
{
	my ($kind, $table, $days) = @_;
	my $engine = engine($kind) or return;
	my $before = $days - 1;
	my %form = (
		duckdb => [ 'count(DISTINCT) OVER', "SELECT strftime(day, '%Y-%m-%d'), max(n)
			FROM (SELECT day, count(DISTINCT customer_id) OVER (ORDER BY day RANGE BETWEEN INTERVAL $before DAYS PRECEDING AND CURRENT ROW) n FROM ${table}_days) x
			GROUP BY day ORDER BY day" ],
		clickhouse => [ 'uniqExact OVER', "SELECT day, max(n)
			FROM (SELECT day, uniqExact(customer_id) OVER (ORDER BY day RANGE BETWEEN $before PRECEDING AND CURRENT ROW) n FROM ${table}_days) x
			GROUP BY day ORDER BY day" ]);

	load_days($engine, $table);
	return [ "$kind: $form{$kind}[0]", $kind, $form{$kind}[1], $events, { engine => $engine } ];
}

# The days beside the times, lest the engines compute them each time
sub load_days
{
	my ($engine, $table) = @_;
	my %query = (
		duckdb => "CREATE TABLE ${table}_days AS SELECT customer_id, ordered_at::DATE AS day FROM $table",
		clickhouse => "CREATE TABLE ${table}_days ENGINE = MergeTree ORDER BY day AS SELECT customer_id, toDate(ordered_at) AS day FROM $table");

	load_engine($engine, $table);
	return if $engine->{loaded}{"${table}_days"}++;
	$engine->query($query{ $engine->{kind} });
	$engine->query($engine->{kind} eq 'duckdb' ? 'CHECKPOINT' : "OPTIMIZE TABLE ${table}_days FINAL");
	return;
}

# Neither the number of rows nor the length of the frame may show in a row's time
sub frame_sizes
{
	my @sizes = uniq(map { int($events / $_) } 4, 2, 1);
	my $title = 'active_customers: rows and length of the frame';
	my (@contenders, $r);

	return if !wanted("$title, serial");
	for my $n (@sizes)
	{
		need_events($n);
		push @contenders, [ "floor: count(*) of 28 days, $n rows", 'floor', moving('count(*)', "events_$n", 28), $n ],
		  map { [ "active_customers of $_ days, $n rows", 'ours', moving('active_customers(customer_id)', "events_$n", $_), $n, { check => "$n $_" } ] } 28, 280;
	}
	$r = compare($title, 'serial', "events_$events", @contenders) or return;
	for my $what ('floor: count(*) of 28 days', 'active_customers of 28 days', 'active_customers of 280 days')
	{
		linear($what, $r, map { "$what, $_ rows" } @sizes);
	}
	target($title, $r, "active_customers of 280 days, $_ rows", "active_customers of 28 days, $_ rows" => 1.5) for @sizes;
	return;
}

# A number for each event, of the 28 times 24 hours before it.  Plain SQL is
# given a sample of the events, all others work for all and show the sample.
sub per_event
{
	my $title = 'active_customers of 28 days, per event';
	my $table = "events_$events";
	my $sample = 'customer_id % 1000 = 0';
	my $engine = wanted("$title, serial") ? engine('duckdb') : undef;
	my ($count, $r);

	return if !wanted("$title, serial");
	need_events($events);
	load_engine($engine, $table) if $engine;
	$count = session('serial')->query("SELECT count(*) FROM $table WHERE $sample");
	print "\nLATERAL works for $count events of $events; compare ns/row\n";
	my $over = "OVER (ORDER BY ordered_at RANGE BETWEEN INTERVAL '28 days' PRECEDING AND CURRENT ROW)";
	$r = compare($title, 'serial', $table,
		[ 'floor: count(*)', 'floor', "SELECT sum(n) FILTER (WHERE $sample) FROM (SELECT customer_id, count(*) $over AS n FROM $table) x", $events ],
		[ 'active_customers', 'ours', "SELECT sum(n) FILTER (WHERE $sample) FROM (SELECT customer_id, active_customers(customer_id) $over AS n FROM $table) x", $events ],
		[ 'SQL: LATERAL count(DISTINCT), sample', 'sql', "SELECT sum(e.n) FROM $table o,
			LATERAL (SELECT count(DISTINCT customer_id) n FROM $table e
				WHERE e.ordered_at >= o.ordered_at - interval '28 days' AND e.ordered_at <= o.ordered_at) e
			WHERE o.$sample", $count ],
		!$engine ? () : [ 'duckdb: count(DISTINCT) OVER', 'duckdb',
			"SELECT sum(n) FILTER (WHERE $sample)::BIGINT FROM (SELECT customer_id, count(DISTINCT customer_id) $over AS n FROM $table) x", $events, { engine => $engine } ]) or return;
	per_row_target($title, $r, 'active_customers', 'SQL: LATERAL count(DISTINCT), sample', 1 / 50);
	target($title, $r, 'active_customers', duckdb => 1);
	return;
}

# As target(), for contenders of different numbers of rows
sub per_row_target
{
	my ($title, $list, $name, $other, $limit) = @_;
	my ($c, $o) = map { my $wanted = $_; grep { $_->{name} eq $wanted } @$list } $name, $other;

	return if !$c || !$o;
	push our @targets, verdict("$title: CPU per event against $other", ($c->{cpu_ms} / $c->{rows}) / ($o->{cpu_ms} / $o->{rows}), $limit);
	return;
}

# ---------------------------------------------------------------------------
# From one event of a customer to the next

sub silences
{
	my $title = 'window functions: one event and the next';
	my $table = "events_$events";
	my $as_of = "timestamptz '2024-10-01 00:00:00+00'";
	my $from = "FROM $table WINDOW w AS (PARTITION BY customer_id ORDER BY ordered_at)";
	my $states = join ', ', map { "count(*) FILTER (WHERE v = '$_')" } qw(new retained resurrected);
	my $labels = 'count(*) FILTER (WHERE v), count(*) FILTER (WHERE NOT v), count(*) FILTER (WHERE v IS NULL)';
	my $before = "(SELECT ordered_at, customer_id, lag(ordered_at) OVER w AS before $from) b";
	my $after = "(SELECT ordered_at, lead(ordered_at) OVER w AS next $from) b";
	my %form = (
		lifecycle_state => [
			"SELECT $states FROM (SELECT lifecycle_state(ordered_at, '30 days') OVER w AS v $from) x",
			"SELECT $states FROM (SELECT CASE WHEN before IS NULL THEN 'new' WHEN ordered_at <= before + interval '30 days' THEN 'retained' ELSE 'resurrected' END AS v FROM $before) x" ],
		relationship_number => [
			"SELECT sum(v) FROM (SELECT relationship_number(ordered_at, '30 days') OVER w AS v $from) x",
			"SELECT sum(v) FROM (SELECT count(*) FILTER (WHERE before IS NULL OR ordered_at > before + interval '30 days') OVER (PARTITION BY customer_id ORDER BY ordered_at) AS v FROM $before) x" ],
		churned => [
			"SELECT $labels FROM (SELECT churned(ordered_at, '30 days', $as_of) OVER w AS v $from) x",
			"SELECT $labels FROM (SELECT CASE WHEN ordered_at >= $as_of THEN NULL WHEN next < $as_of THEN next > ordered_at + interval '30 days' WHEN ordered_at + interval '30 days' < $as_of THEN true END AS v FROM $after) x" ]);
	my $r;

	return if !wanted("$title, serial");
	need_events($events);
	$r = compare($title, 'serial', $table,
		[ 'floor: lag(at)', 'floor', "SELECT count(v) FROM (SELECT lag(ordered_at) OVER w AS v $from) x", $events ],
		map {
			([ $_, 'ours', $form{$_}[0], $events, { check => $_ } ],
				[ "SQL: gaps and islands, $_", 'sql', $form{$_}[1], $events, { check => $_ } ])
		} sort keys %form) or return;
	for my $name (sort keys %form)
	{
		target($name, $r, $name, floor => 'none');
		target($name, $r, $name, "SQL: gaps and islands, $name" => 1);
	}
	return;
}

# ---------------------------------------------------------------------------
# Points of many members, and of one who has all of them

sub points
{
	my %of = ('50,000 members' => 'i % 50000', 'one member' => '1');
	my $title = 'points: beside a running sum';

	return if !wanted("$title, serial");
	for my $members (sort keys %of)
	{
		my $table = 'points_' . ($members =~ /^one/ ? 'one' : 'many') . "_$events";
		my $from = "FROM $table WINDOW w AS (PARTITION BY member ORDER BY at)";
		my %call = (
			points_balance => 'points_balance(at, points, expires)',
			points_used => q{points_used(at, points, expires, '2024-06-01')});
		my $r;

		need_points($table, $of{$members});
		$r = compare("$title, $members", 'serial', $table,
			[ 'floor: sum(points)', 'floor', "SELECT sum(v) FROM (SELECT sum(points) OVER w AS v $from) x", $events, { check => 'sum' } ],
			map { [ $_, 'ours', "SELECT sum(v) FROM (SELECT $call{$_} OVER w AS v $from) x", $events, { check => $_ } ] } sort keys %call)
		  or next;
		target("$title, $members", $r, $_, floor => 1.5) for sort keys %call;
	}
	return;
}

# A ledger of as many rows as there are events, in no order: six earnings of ten rows, which last a year
sub need_points
{
	my ($table, $member) = @_;
	my $s;

	return if session('serial')->query("SELECT to_regclass('$table')") ne '';
	print "making $table\n";
	$s = session('serial')->fresh;
	$s->query('SET statement_timeout = 0');
	$s->query("CREATE UNLOGGED TABLE $table WITH (autovacuum_enabled = off) AS
		SELECT member, at, points, at + interval '365 days' AS expires
		FROM (SELECT $member AS member, timestamp '2022-01-01' + i * 7919 % 77760000 * interval '1 s' AS at,
		             CASE WHEN i * 31 % 10 < 6 THEN 10 + i * 17 % 100 ELSE -(i * 13 % 150) END AS points
		      FROM generate_series(1::bigint, $events) i) l");
	$s->query("VACUUM (FREEZE, ANALYZE) $table");
	$s->close;
	return;
}

# ---------------------------------------------------------------------------
# Tables made when first needed

# So many events of a tenth as many customers, with their days, in time order
sub need_events
{
	my ($n) = @_;
	my $table = "events_$n";
	my $stored = 'WITH (autovacuum_enabled = off)';
	my $s;

	return if session('serial')->query("SELECT to_regclass('$table')") ne '';
	print "making $table\n";
	$s = session('serial')->fresh;
	$s->query('SET statement_timeout = 0');
	$s->query("CREATE UNLOGGED TABLE ${table}_generated (LIKE orders) $stored");
	load_table("orders $n", "${table}_generated");
	$s->query("CREATE UNLOGGED TABLE $table $stored AS
		SELECT customer_id, ordered_at, (ordered_at AT TIME ZONE 'UTC')::date AS day FROM ${table}_generated ORDER BY ordered_at");
	$s->query("DROP TABLE ${table}_generated");
	$s->query("CREATE INDEX ON $table (day)");
	$s->query("CREATE INDEX ON $table (ordered_at)");
	$s->query("VACUUM (FREEZE, ANALYZE) $table");
	$s->close;
	return;
}

1;
