# The part of "run" that measures customer_subscriptions and what is read out of
# it, beside plain SQL.
use strict;
use warnings;
use List::Util qw(max);

our ($rows, $customers, $modes, @targets);

my $contracts = max(1, int($rows / 5));
my $columns = 'customer_id, started, ended';

sub subscriptions
{
	session('serial')->query('DROP TABLE IF EXISTS subscriptions_stored');
	movements();
	movements_one_by_one();
	stored_subscriptions();
	subscriptions_memory();
	return;
}

# ---------------------------------------------------------------------------
# The movements of MRR by month, from the rows

sub movements
{
	for my $mode (split /,/, $modes)
	{
		my $title = 'mrr movements by month';
		next if !wanted("$title, $mode");
		need_book();
		my %sql = sql_movements('amount');
		my $r = compare($title, $mode, 'book',
			[ 'floor: noop(4 columns)', 'floor', "SELECT noop($columns, amount) FROM book", $contracts ],
			[ 'mrr_table', 'ours', our_movements('amount', "'net'"), $contracts ],
			[ 'mrr_table, double precision', 'other', our_movements('price', "'net'"), $contracts ],
			[ 'mrr_table, daily', 'other', our_movements('amount', "'daily'"), $contracts, { check => 'daily' } ],
			[ 'building it, and subscribers', 'other', "SELECT subscribers(customer_subscriptions($columns, amount)) FROM book", $contracts, { check => 'built' } ],
			(map { [ "SQL: $_", 'sql', $sql{$_}, $contracts ] } sort keys %sql),
			[ 'SQL: changes, UNION ALL, integer', 'sql', sql_changes_union('cents', ' / 100'), $contracts ]) or next;
		target("mrr movements, $mode", $r, 'mrr_table', floor => 2);
		target("mrr movements, $mode", $r, 'mrr_table', sql => 1 / 10);
		next if $mode ne 'serial';
		target('mrr movements, double precision', $r, 'mrr_table, double precision', floor => 2);
	}
	return;
}

my $shown = join ', ', map { "${_}_mrr::float8" } qw(opening new reactivation expansion contraction churned closing);
my $counted = join ', ', map { "${_}_customers" } qw(opening new reactivated expanded contracted churned closing);

sub our_movements
{
	my ($amount, $which) = @_;
	return "SELECT period_start, $shown, $counted
		FROM (SELECT customer_subscriptions($columns, $amount) AS s FROM book) x, mrr_table(s, as_of => '2025-01-01', movements => $which) t
		ORDER BY period_start";
}

# The table of one row per customer and month m in which the MRR at the end,
# b, is not that at the end of the month before, a; fresh: never paid before m
sub sql_bridge
{
	my ($moves, $unit) = @_;
	my @kinds = qw(new reactivation expansion contraction churned);
	my $kind = "CASE WHEN a = 0 THEN CASE WHEN fresh THEN 'new' ELSE 'reactivation' END WHEN b = 0 THEN 'churned' WHEN b > a THEN 'expansion' ELSE 'contraction' END";
	my $pivot = join ', ', map { "coalesce(sum(v) FILTER (WHERE kind = '$_'), 0) ${_}_mrr, coalesce(sum(n) FILTER (WHERE kind = '$_'), 0) ${_}_customers" } @kinds;
	my $list = join ', ', map { "(${_}_mrr$unit)::float8" } @kinds;
	my $counts = join ', ', map { "${_}_customers" } @kinds;
	my $net = 'new_mrr + reactivation_mrr + expansion_mrr - contraction_mrr - churned_mrr';
	my $came = 'new_customers + reactivation_customers - churned_customers';

	return "SELECT m::date, ((sum($net) OVER w - ($net))$unit)::float8, $list, ((sum($net) OVER w)$unit)::float8,
			sum($came) OVER w - ($came), $counts, sum($came) OVER w
		FROM (SELECT m, $pivot FROM (SELECT m, $kind AS kind, sum(abs(b - a)) AS v, count(*) AS n FROM ($moves) c WHERE a <> b GROUP BY 1, 2) k GROUP BY m) g
		WINDOW w AS (ORDER BY m) ORDER BY m";
}

# What is paid is the running sum of the changes of months; $sum gives it its type
sub sql_of_changes
{
	my ($changes, $unit) = @_;
	my $sum = $unit eq '' ? '' : '::bigint';
	return sql_bridge("SELECT m, b - d AS a, b, fresh
		FROM (SELECT m, d, (sum(d) OVER w)$sum AS b, row_number() OVER w = 1 AS fresh
			FROM (SELECT customer_id, m, sum(change) AS d FROM ($changes) e GROUP BY customer_id, m) g
			WINDOW w AS (PARTITION BY customer_id ORDER BY m)) r", $unit);
}

my $month_of = "date_trunc('month', %s::timestamp)";

sub sql_changes_lateral
{
	my ($amount, $unit) = @_;
	my $m = sprintf $month_of, 'day';
	return sql_of_changes("SELECT customer_id, $m AS m, change
		FROM book, LATERAL (VALUES (started, $amount), (ended, -$amount)) v(day, change) WHERE day < '2025-01-01'", $unit);
}

sub sql_changes_union
{
	my ($amount, $unit) = @_;
	my ($start, $end) = map { sprintf $month_of, $_ } qw(started ended);
	return sql_of_changes("SELECT customer_id, $start AS m, $amount AS change FROM book WHERE started < '2025-01-01'
		UNION ALL SELECT customer_id, $end, -$amount FROM book WHERE ended < '2025-01-01'", $unit);
}

# Each gives what mrr_table does
sub sql_movements
{
	my ($amount) = @_;
	my $ends = "SELECT generate_series(date '2023-02-01', '2025-01-01', '1 month')::date AS e";
	my $paid = "SELECT customer_id, (e - interval '1 month') AS m, sum($amount) AS b
		FROM book JOIN ($ends) s ON started < e AND (ended IS NULL OR ended >= e) GROUP BY 1, 2";
	my $before = "m - interval '1 month'";

	return (
		'changes, UNION ALL' => sql_changes_union($amount, ''),
		'changes, LATERAL' => sql_changes_lateral($amount, ''),
		# an end is a row of its own: that of the month after the last
		'month ends, join, window' => sql_bridge("SELECT m, coalesce(CASE WHEN p = $before THEN a END, 0) AS a, b, f = m AS fresh
				FROM (SELECT m, b, lag(m) OVER w AS p, lag(b) OVER w AS a, f FROM ($paid) q JOIN (SELECT customer_id, date_trunc('month', min(started)::timestamp) f FROM book GROUP BY 1) z USING (customer_id)
					WINDOW w AS (PARTITION BY customer_id ORDER BY m)) r
			UNION ALL SELECT m + interval '1 month', b, 0, false
				FROM (SELECT m, b, lead(m) OVER (PARTITION BY customer_id ORDER BY m) AS n FROM ($paid) q) r
				WHERE m < '2024-12-01' AND n IS DISTINCT FROM m + interval '1 month'", ''),
		'month ends, FULL JOIN' => "WITH paid AS MATERIALIZED ($paid), firsts AS (SELECT customer_id, date_trunc('month', min(started)::timestamp) f FROM book GROUP BY 1) "
		  . sql_bridge("SELECT m, a, b, f = m AS fresh FROM (SELECT coalesce(x.customer_id, y.customer_id) AS customer_id, coalesce(y.m, x.m + interval '1 month') AS m, coalesce(x.b, 0) AS a, coalesce(y.b, 0) AS b
				FROM paid x FULL JOIN paid y ON y.customer_id = x.customer_id AND y.m = x.m + interval '1 month') j JOIN firsts USING (customer_id) WHERE m < '2025-01-01'", ''));
}

# The parts of the time, each on top of the one before
sub movements_one_by_one
{
	my $title = 'mrr columns';

	return if !wanted("$title, serial");
	need_book();
	compare($title, 'serial', 'book',
		[ 'floor: noop(4 columns)', 'floor', "SELECT noop($columns, amount) FROM book", $contracts ],
		[ 'customer_subscriptions, numeric', 'ours', "SELECT subscribers(customer_subscriptions($columns, amount)) FROM book", $contracts ],
		[ 'customer_subscriptions, double precision', 'other', "SELECT subscribers(customer_subscriptions($columns, price)) FROM book", $contracts ],
		[ 'customer_subscriptions, no amount', 'other', "SELECT subscribers(customer_subscriptions($columns)) FROM book", $contracts ],
		[ 'customer_subscriptions, no ends', 'other', "SELECT subscribers(customer_subscriptions(customer_id, started, NULL::date, amount)) FROM book", $contracts, { check => 'starts' } ],
		[ 'customer_purchases, starts alone', 'other', "SELECT customers(customer_purchases(customer_id, started, amount)) FROM book", $contracts, { check => 'starts' } ]);
	return;
}

# ---------------------------------------------------------------------------
# The value itself

# What is read out of one stored value, against building it
sub stored_subscriptions
{
	my $as_of = "as_of => '2025-01-01'";
	my %readers = (
		mrr_table => "mrr_table(s, $as_of)",
		'mrr_table, daily' => "mrr_table(s, $as_of, movements => 'daily')",
		'mrr_table, 30 days of grace' => "mrr_table(s, $as_of, grace => 30)",
		mrr_cohort_table => "mrr_cohort_table(s, $as_of)",
		mrr_retention_table => "mrr_retention_table(s, $as_of)",
		mrr_movements => "mrr_movements(s, '[2024-06-01,2024-07-01)')",
		cohort_table => "cohort_table(s, $as_of)",
		lifecycle_table => "lifecycle_table(s, $as_of)",
		survival_curve => "survival_curve(s, $as_of)");
	my $title = 'mrr readers of stored subscriptions';
	my $s = session('serial');
	my @there;
	my $r;

	return if !wanted("$title, serial");
	need_book();
	need_stored_subscriptions();
	@there = grep {
		my ($function) = $readers{$_} =~ /^(\w+)/;
		$s->query("SELECT count(*) FROM pg_proc WHERE proname = '$function' AND proargtypes[0] = 'customer_subscriptions'::regtype") > 0
	} sort keys %readers;
	print "\nthe stored value: ", $s->query("SELECT pg_size_pretty(n) || ', ' || round(n::numeric / $contracts, 2) || ' bytes per contract, ' || pg_size_pretty(pg_column_size(s)::bigint) || ' after TOAST'
		FROM (SELECT s, octet_length(customer_subscriptions_send(s))::bigint n FROM subscriptions_stored) x"), "\n";
	$r = compare($title, 'serial', 'subscriptions_stored',
		[ 'floor: noop(4 columns)', 'floor', "SELECT noop($columns, amount) FROM book", $contracts ],
		[ 'building it', 'other', "SELECT subscribers(customer_subscriptions($columns, amount)) FROM book", $contracts, { check => 'built' } ],
		(map { [ $_, 'ours', "SELECT count(*) FROM subscriptions_stored, $readers{$_} t", $contracts, { check => $_ } ] } @there),
		[ 'mrr', 'ours', "SELECT mrr(s) FROM subscriptions_stored", $contracts, { check => 'mrr' } ]) or return;
	target("$_ of stored subscriptions", $r, $_, 'building it' => 0.12) for @there;
	return;
}

# As memory() of customer_activity
sub subscriptions_memory
{
	return if !wanted('mrr: memory');
	need_book();
	local $customers = $contracts;
	print "\n== mrr: memory, serial, beyond the floor's, bytes per contract\n";
	memory_of('customer_subscriptions', 'numeric', 'book', "$columns, amount", 'none', 'subscribers');
	return;
}

# ---------------------------------------------------------------------------
# The data

sub need_book
{
	my $s;

	return if session('serial')->query("SELECT to_regclass('book')") ne '';
	print "making book, $contracts contracts\n";
	$s = session('serial')->fresh;
	$s->query('CREATE UNLOGGED TABLE book (customer_id bigint, started date, ended date, amount numeric(10,2), price double precision, cents integer) WITH (autovacuum_enabled = off)');
	load_table("book $contracts", 'book');
	# as for the tables of orders
	$s->query("CREATE STATISTICS book_starts ON customer_id, (date_trunc('month', started::timestamp)) FROM book");
	$s->query("CREATE STATISTICS book_ends ON customer_id, (date_trunc('month', ended::timestamp)) FROM book");
	$s->query('VACUUM (FREEZE, ANALYZE) book');
	print $s->query("SELECT format('%s contracts of %s customers, %s run on, %s end on another contract''s start', count(*), count(DISTINCT customer_id), count(*) FILTER (WHERE ended IS NULL),
		(SELECT count(*) FROM book a JOIN book b ON b.customer_id = a.customer_id AND b.started = a.ended)) FROM book"), "\n";
	$s->close;
	return;
}

sub need_stored_subscriptions
{
	my $s;

	return if session('serial')->query("SELECT to_regclass('subscriptions_stored')") ne '';
	$s = session('serial')->fresh;
	$s->query("CREATE UNLOGGED TABLE subscriptions_stored AS SELECT customer_subscriptions($columns, amount) AS s FROM book");
	$s->query('VACUUM (FREEZE, ANALYZE) subscriptions_stored');
	$s->close;
	return;
}

1;
