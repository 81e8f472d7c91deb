# The part of "run" that measures customer_activity and what is read out of it,
# beside plain SQL, DuckDB and ClickHouse.
use strict;
use warnings;
use List::Util qw(max min uniq);

our ($rows, $customers, $modes, @targets, $failures, $psql, $database, $build);

my $month = "date_trunc('month', ordered_at)";
my %engines;

sub activity
{
	# of an earlier run, whose extension has gone with their columns
	session('serial')->query('DROP TABLE IF EXISTS activity_stored, activity_daily');
	cohorts('bigint keys, time order', 'orders');
	cohorts('bigint keys, random order', 'orders_random');
	cohorts('uuid keys, time order', 'orders_uuid');
	cohorts('text keys, time order', 'orders_text');
	sizes();
	stored();
	daily();
	memory();
	many_groups();
	return;
}

# ---------------------------------------------------------------------------
# A cohort table by month, from the rows

sub cohorts
{
	my ($what, $table) = @_;
	my (%ms, $r);

	for my $mode (split /,/, $modes)
	{
		my $title = "cohort table by month: $what";
		next if !wanted("$title, $mode");
		need($table);
		$r = compare($title, $mode, $table, contenders($table)) or next;
		if ($mode eq 'serial')
		{
			target("cohort table, $what", $r, 'cohort_table', sql => 1 / 6);
			target("cohort table, $what", $r, 'cohort_table', floor => 2);
		}
		target("cohort table, $what, $mode", $r, 'cohort_table', duckdb => 1);
		target("cohort table, $what, $mode", $r, 'cohort_table', clickhouse => 'none');
		$ms{$mode}{ $_->{name} } = $_->{ms} for @$r;
	}
	gain_by($_, $what, $ms{serial}, $ms{$_}) for grep { $ms{serial} && $ms{$_} } 'one worker', 'two workers';
	return;
}

# What workers gain, against what the floor gains by them
sub gain_by
{
	my ($mode, $what, $serial, $parallel) = @_;
	my ($ours, $floor) = map { $serial->{$_} / $parallel->{$_} } 'cohort_table', 'floor: noop(customer, at)';

	push @targets, verdict(sprintf('cohort table, %s: floor gains %.2f by %s, ours %.2f', $what, $floor, $mode, $ours), $floor / $ours, 1);
	return;
}

# All forms, and of those only the best once they are known
sub contenders
{
	my ($table) = @_;
	my @hashed = $table =~ /uuid|text/ ? ([ 'noop(customer_key(customer), at)', 'other', "SELECT noop(customer_id::customer_key, ordered_at) FROM $table", undef, { check => 'noop' } ]) : ();

	return (
		[ 'floor: noop(customer, at)', 'floor', "SELECT noop(customer_id, ordered_at) FROM $table" ],
		@hashed,
		[ 'cohort_table', 'ours', our_cohorts($table) ],
		[ 'SQL: bit_or per customer', 'sql', sql_bits($table) ],
		$table ne 'orders' ? () : (
			[ 'SQL: min, join, count(DISTINCT)', 'sql', sql_textbook($table) ],
			[ 'SQL: DISTINCT, window', 'sql', sql_window($table) ]),
		map { engine_contenders($_, $table) } qw(duckdb clickhouse));
}

# A cell of nobody has a row only here
sub our_cohorts
{
	my ($table) = @_;
	return "SELECT t.cohort, t.age, t.retained
		FROM (SELECT customer_activity(customer_id, ordered_at) AS a FROM $table) s, cohort_table(a) t
		WHERE t.retained > 0 ORDER BY cohort, age";
}

# Age in months of month m in the cohort of month c
my $age = '((extract(year FROM m) - extract(year FROM c)) * 12 + extract(month FROM m) - extract(month FROM c))::int';

sub sql_textbook
{
	my ($table) = @_;
	return "WITH f AS (SELECT customer_id, date_trunc('month', min(ordered_at)) c FROM $table GROUP BY customer_id)
		SELECT c::date, $age, n
		FROM (SELECT c, $month m, count(DISTINCT o.customer_id) n FROM $table o JOIN f USING (customer_id) GROUP BY 1, 2) x
		ORDER BY c, m";
}

sub sql_window
{
	my ($table) = @_;
	return "SELECT c::date, $age, n
		FROM (SELECT c, m, count(*) n
			FROM (SELECT m, min(m) OVER (PARTITION BY customer_id) c
				FROM (SELECT DISTINCT customer_id, $month m FROM $table) d) w
			GROUP BY c, m) x
		ORDER BY c, m";
}

# The months' bounds as an array: much faster than to truncate each time
sub sql_bits
{
	my ($table) = @_;
	my $bounds = join ',', map { sprintf "%d-%02d-01 00:00:00+00", 2023 + int($_ / 12), $_ % 12 + 1 } 0 .. 23;

	return "SELECT (date '2023-01-01' + c * interval '1 month')::date, m - c, sum(n)
		FROM (SELECT bits, n, round(ln((bits & -bits)::float8) / ln(2))::int c
			FROM (SELECT bits, count(*) n
				FROM (SELECT bit_or(1::bigint << width_bucket(ordered_at, '{$bounds}'::timestamptz[]) - 1) bits
					FROM $table GROUP BY customer_id) b
				GROUP BY bits) p) q, generate_series(c, 23) m
		WHERE bits >> m & 1 = 1 GROUP BY c, m ORDER BY c, m";
}

# ---------------------------------------------------------------------------
# The other engines

sub engine_contenders
{
	my ($kind, $table) = @_;
	my $engine = engine($kind) or return;
	my %forms = $kind eq 'duckdb' ? duckdb_forms($table) : clickhouse_forms($table);

	load_engine($engine, $table);
	return map { [ "$kind: $_", $kind, $forms{$_}, undef, { engine => $engine } ] }
	  grep { $table eq 'orders' || !/join/ } sort keys %forms;
}

sub duckdb_forms
{
	my ($table) = @_;
	my $index = "date_diff('month', TIMESTAMP '2023-01-01', ordered_at)";
	my $cohort = "strftime(DATE '2023-01-01' + to_months(c::INTEGER), '%Y-%m-%d')";

	return (
		'bit_or per customer' => "SELECT $cohort, m - c, sum(n)::BIGINT
			FROM (SELECT bits, n, log2(bits & -bits)::INTEGER c, unnest(range(24)) m
				FROM (SELECT bits, count(*) n
					FROM (SELECT bit_or(1::BIGINT << $index) bits FROM $table GROUP BY customer_id) b GROUP BY bits) p) q
			WHERE (bits >> m) & 1 = 1 GROUP BY c, m ORDER BY c, m",
		'DISTINCT, join' => "WITH d AS MATERIALIZED (SELECT DISTINCT customer_id, $index m FROM $table),
				f AS (SELECT customer_id, min(m) c FROM d GROUP BY customer_id)
			SELECT $cohort, m - c, count(*) FROM d JOIN f USING (customer_id) GROUP BY c, m ORDER BY c, m");
}

sub clickhouse_forms
{
	my ($table) = @_;
	my $index = "(toRelativeMonthNum(ordered_at) - toRelativeMonthNum(toDate('2023-01-01')))";
	my $cohort = "addMonths(toDate('2023-01-01'), c)";

	return (
		'groupBitOr per customer' => "SELECT $cohort, toInt32(m - c), sum(n)
			FROM (SELECT n, bitPositionsToArray(bits) p, p[1] c, arrayJoin(p) m
				FROM (SELECT bits, count() n
					FROM (SELECT groupBitOr(bitShiftLeft(toUInt32(1), $index)) bits FROM $table GROUP BY customer_id) GROUP BY bits))
			GROUP BY c, m ORDER BY c, m",
		'DISTINCT, join' => "WITH d AS (SELECT customer_id, $index m FROM $table GROUP BY customer_id, m)
			SELECT $cohort, toInt32(m - c), count()
			FROM d JOIN (SELECT customer_id, min(m) c FROM d GROUP BY customer_id) f USING (customer_id)
			GROUP BY c, m ORDER BY c, m");
}

# The engine of a kind, started when first asked for; ENGINES names the wanted
sub engine
{
	my ($kind) = @_;
	return if ($ENV{ENGINES} // 'duckdb,clickhouse') !~ /\b$kind\b/;
	if (!exists $engines{$kind})
	{
		$engines{$kind} = Engine->new($kind, $build);
		print $engines{$kind}->version, "\n" if $engines{$kind};
	}
	return $engines{$kind};
}

sub close_engines
{
	$_->close for grep { $_ } values %engines;
	return;
}

# Give the engine the same rows in the same order
sub load_engine
{
	my ($engine, $table) = @_;
	my $file = "$build/$table.csv";
	my %types = $table =~ /uuid/ ? (duckdb => 'UUID', clickhouse => 'UUID')
	  : $table =~ /text/ ? (duckdb => 'VARCHAR', clickhouse => 'String')
	  : (duckdb => 'BIGINT', clickhouse => 'Int64');
	my $type = $types{ $engine->{kind} };
	my ($amount, $decimal) = $table =~ /money/ ? (', amount', ", 'amount': 'DECIMAL(12,2)'") : ('', '');
	my $order = $table =~ /random/ ? 'tuple()' : 'ordered_at';

	return if $engine->{loaded}{$table}++;
	system("'$psql' -X -q -v ON_ERROR_STOP=1 -d $database -c \"COPY (SELECT customer_id, ordered_at AT TIME ZONE 'UTC'$amount FROM $table) TO STDOUT (FORMAT csv)\" > '$file'") == 0
	  or die "cannot copy $table out\n";
	if ($engine->{kind} eq 'duckdb')
	{
		$engine->query("CREATE TABLE $table AS SELECT * FROM read_csv('$file', header = false, columns = {'customer_id': '$type', 'ordered_at': 'TIMESTAMP'$decimal})");
		$engine->query('CHECKPOINT');
	}
	else
	{
		my $columns = "customer_id $type, ordered_at DateTime64(6, 'UTC')" . ($amount && ', amount Decimal(12, 2)');
		$engine->query("CREATE TABLE $table ($columns) ENGINE = MergeTree ORDER BY $order");
		$engine->query("INSERT INTO $table SELECT * FROM file('$file', 'CSV', '" . $columns =~ s/'/\\'/gr . "')");
		$engine->query("OPTIMIZE TABLE $table FINAL");
	}
	unlink $file;
	return;
}

# ---------------------------------------------------------------------------
# The value itself

# Time per row for ever more rows, of a tenth as many customers
sub sizes
{
	my %table = (int($rows / 10) => 'orders_small', $rows => 'orders', 3 * $rows => 'orders_large');
	my @sizes = sort { $a <=> $b } keys %table;
	my (@contenders, $r);

	return if !wanted('sizes: cohort table by month, serial');
	need($_) for values %table;
	for my $n (@sizes)
	{
		push @contenders, [ "floor: noop, $n rows", 'floor', "SELECT noop(customer_id, ordered_at) FROM $table{$n}", $n ],
		  [ "cohort_table, $n rows", 'ours', our_cohorts($table{$n}), $n ];
	}
	$r = compare('sizes: cohort table by month', 'serial', 'orders', @contenders) or return;
	linear('floor by size', $r, map { "floor: noop, $_ rows" } @sizes);
	linear('cohort table by size', $r, map { "cohort_table, $_ rows" } @sizes);
	return;
}

# Tables read out of a stored value, against building it
sub stored
{
	my %read = (
		cohort_table => 'sum(retained), count(*)',
		lifecycle_table => 'sum(active), count(*)',
		retention_curve => 'sum(retained), count(*)',
		stickiness_table => 'sum(active), count(*)');
	my @contenders = (
		[ 'floor: noop(customer, at)', 'floor', 'SELECT noop(customer_id, ordered_at) FROM orders' ],
		[ 'build', 'ours', 'SELECT customers(customer_activity(customer_id, ordered_at)) FROM orders', undef, { check => 'build' } ],
		[ 'build, canonical bytes', 'ours', 'SELECT hash_record(ROW(customer_activity(customer_id, ordered_at))) IS NOT NULL FROM orders', undef, { check => 'bytes' } ],
		[ 'customers', 'ours', 'SELECT customers(a) FROM activity_stored', undef, { check => 'build' } ],
		map { [ $_, 'ours', "SELECT $read{$_} FROM activity_stored, $_(a)", undef, { check => $_ } ] } sort keys %read);
	my $title = 'readers of a stored value';
	my $r;

	return if !wanted("$title, serial");
	need('activity_stored');
	print "\nthe stored value: ", session('serial')->query("SELECT pg_size_pretty(octet_length(customer_activity_send(a))::bigint) || ', ' || pg_size_pretty(pg_column_size(a)::bigint) || ' on disk, ' || customers(a) || ' customers, ' || active_days(a) || ' active days' FROM activity_stored"), "\n";
	$r = compare($title, 'serial', 'activity_stored', @contenders) or return;
	target("$_ of a stored value", $r, $_, build => 0.25) for qw(lifecycle_table retention_curve);
	return;
}

# A value for each of 365 days, merged, against building it again
sub daily
{
	my $title = 'rollup of 365 daily values';
	my $parts = 'customers(a), active_days(a), activity_span(a)';

	return if !wanted($title);
	need('activity_daily');
	print "\nthe daily values: ", session('serial')->query("SELECT count(*) || ', ' || pg_size_pretty(sum(pg_column_size(a))) || ' on disk' FROM activity_daily"), "\n";
	for my $mode (split /,/, $modes)
	{
		my $r = compare($title, $mode, 'activity_daily',
			[ 'floor: noop(customer, at)', 'floor', 'SELECT noop(customer_id, ordered_at) FROM orders_year' ],
			[ 'rollup', 'ours', "SELECT $parts FROM (SELECT rollup(a) a FROM activity_daily OFFSET 0) s" ],
			[ 'build', 'ours', "SELECT $parts FROM (SELECT customer_activity(customer_id, ordered_at) a FROM orders_year OFFSET 0) s" ]) or next;
		target("$title, $mode", $r, 'rollup', build => 0.25);
	}
	if (session('serial')->query('SELECT (SELECT rollup(a) FROM activity_daily) = (SELECT customer_activity(customer_id, ordered_at) FROM orders_year)') ne 't')
	{
		print "  !! the rollup is not the value that the rows give\n";
		$failures++;
	}
	return;
}

# Private memory with the state there, at its end and at its peak
sub memory
{
	return if !wanted('memory of the state');
	print "\n== memory of the state, serial, beyond the floor's, bytes per customer\n";
	memory_of('customer_activity', 'as in the tables above', 'orders', 'customer_id, ordered_at', 64);
	memory_of('customer_activity', '10 days each', 'orders_even', 'customer_id, ordered_at', 64);
	return;
}

sub memory_of
{
	my ($aggregate, $what, $table, $arguments, $limit, $reader) = @_;
	my $rss = "substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\\s+(\\d+)')::bigint * 1024";
	my (@end, @peak);

	need($table);
	for my $form ([ 'noop', 'a' ], [ $aggregate, ($reader // 'customers') . '(a)' ])
	{
		my $s = session('serial')->fresh;
		my $sql = "SELECT $rss + 0 * $form->[1] FROM (SELECT $form->[0]($arguments) a FROM $table OFFSET 0) s";

		$s->warm_up($sql);
		$s->query("SELECT $rss");
		my $before = Session::rss_anon($s->{pid});
		my ($end, undef, undef, $peak) = $s->peak($sql);
		push @end, $end - $before;
		push @peak, $peak;
		$s->close;
	}
	printf "  %-40s at the end %6.1f, at peak %6.1f\n", "$aggregate, $what", ($end[1] - $end[0]) / $customers, ($peak[1] - $peak[0]) / $customers;
	push @targets, map { verdict("memory of $aggregate, $what, $_->[0]", ($_->[1][1] - $_->[1][0]) / $customers, $limit) } [ 'at the end', \@end ], [ 'at peak', \@peak ];
	return;
}

# The same rows in one group and in many
sub many_groups
{
	# the last but one is of ten customers, the last of ten rows
	my @groups = uniq(1, min(1000, $customers), max(1, int($customers / 10)), $customers);
	my $title = "activity groups: the same rows in 1 to $groups[-1] groups";
	my (@contenders, $r);

	for my $n (@groups)
	{
		push @contenders, [ "floor: noop, $n groups", 'floor', "SELECT count(*), sum(v) FROM (SELECT noop(customer_id, ordered_at) v FROM orders GROUP BY customer_id % $n) x" ],
		  [ "customer_activity, $n groups", 'ours', "SELECT count(*), sum(customers(a)) FROM (SELECT customer_activity(customer_id, ordered_at) a FROM orders GROUP BY customer_id % $n) x" ],
		  [ "array_agg, $n groups", 'sql', "SELECT count(*), sum(cardinality(a)) FROM (SELECT array_agg(ordered_at) a FROM orders GROUP BY customer_id % $n) x" ];
	}
	$r = compare($title, 'hashed', 'orders', @contenders) or return;
	linear('floor in groups', $r, map { "floor: noop, $_ groups" } @groups);
	linear('customer_activity in groups', $r, map { "customer_activity, $_ groups" } @groups);
	target('customer_activity in groups', $r, "customer_activity, $groups[-2] groups", 'customer_activity, 1 groups' => 1) if @groups > 2;
	small_groups($r, 'customer_activity', @groups);
	return;
}

# Note how small groups stand against array_agg, and the bytes of a group of ten rows
sub small_groups
{
	my ($r, $aggregate, @groups) = @_;
	my %limit = (customer_activity => 200, customer_purchases => 330);
	my $n = $groups[-1];
	my ($memory, $floor) = map { my $name = "$_, $n groups"; map { $_->{memory} } grep { $_->{name} eq $name } @$r } $aggregate, 'floor: noop';

	target("$aggregate in groups", $r, "$aggregate, $_ groups", "array_agg, $_ groups" => 1) for grep { $_ > 1000 } @groups;
	push @targets, verdict("bytes of a group of $aggregate, $n groups", ($memory - $floor) / $n, $limit{$aggregate}) if defined $floor;
	return;
}

# ---------------------------------------------------------------------------
# Tables made when first needed

sub need
{
	my ($table) = @_;
	my %query = (
		orders_random => 'SELECT * FROM orders ORDER BY hashint8extended(order_id, 20230101)',
		orders_uuid => 'SELECT md5(customer_id::text)::uuid AS customer_id, ordered_at, amount, order_id FROM orders',
		orders_text => "SELECT 'cus_' || substr(md5(customer_id::text), 1, 14) AS customer_id, ordered_at, amount, order_id FROM orders",
		# each customer once in each of ten spans of 36 days
		orders_even => "SELECT i % $customers + 1 AS customer_id, timestamptz '2023-01-01 00:00:00+00' + (i / $customers * 36 + (i % $customers * 7919) % 36) * interval '1 day' AS ordered_at
			FROM generate_series(0::bigint, 10 * $customers - 1) i",
		orders_year => "SELECT customer_id, ordered_at - (ordered_at - timestamptz '2023-01-01 00:00:00+00') * (366.0 / 731) AS ordered_at FROM orders",
		orders_money => 'SELECT customer_id, ordered_at, amount::numeric(12,2) AS amount, amount::numeric(12,2)::double precision AS price, (amount::numeric(12,2) * 100)::bigint AS cents FROM orders',
		orders_money_random => 'SELECT customer_id, ordered_at, amount::numeric(12,2) AS amount, amount::numeric(12,2)::double precision AS price, (amount::numeric(12,2) * 100)::bigint AS cents FROM orders_random',
		purchases_stored => 'SELECT customer_purchases(customer_id, ordered_at, amount) AS p FROM orders_money',
		activity_stored => 'SELECT customer_activity(customer_id, ordered_at) AS a FROM orders',
		activity_daily => 'SELECT ordered_at::date AS day, customer_activity(customer_id, ordered_at) AS a FROM orders_year GROUP BY 1');
	my %generated = (orders_small => int($rows / 10), orders_large => 3 * $rows);
	my $stored = 'WITH (autovacuum_enabled = off)';
	my $s;

	return if session('serial')->query("SELECT to_regclass('$table')") ne '';
	need('orders_year') if $table eq 'activity_daily';
	need('orders_random') if $table eq 'orders_money_random';
	print "making $table\n";
	$s = session('serial')->fresh;
	$s->query("SET statement_timeout = 0");
	$s->query('BEGIN');
	if ($generated{$table})
	{
		$s->query("CREATE UNLOGGED TABLE $table (LIKE orders) $stored");
		$s->query('COMMIT');
		load_table("orders $generated{$table}", $table);
	}
	else
	{
		$s->query("CREATE UNLOGGED TABLE $table $stored AS $query{$table}");
		$s->query('COMMIT');
	}
	# without it the planner takes each row for a group of its own
	$s->query("CREATE STATISTICS ${table}_months ON customer_id, ($month) FROM $table") if $table =~ /^orders_(random|uuid|text|money)/;
	$s->query("VACUUM (FREEZE, ANALYZE) $table");
	$s->close;
	return;
}

1;
