# Scheduled refresh: one stored value per day, filled incrementally, and a
# materialized view over the roll-up of all of them.  The extension's schema is
# not in the search_path.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my $node = start_server('refresh', no_extension => 1);
my $have_cron = sql(q{SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron'});
if ($have_cron)
{
	$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.use_background_workers = on
max_worker_processes = 16
});
	$node->restart;
}

sql(q{
CREATE SCHEMA ext;
CREATE EXTENSION retention SCHEMA ext;
CREATE TABLE orders (customer uuid, at timestamp, loaded timestamp);
CREATE FUNCTION pick(i bigint, series bigint, n int) RETURNS int
RETURN mod(hashint8extended(i, series) & 9223372036854775807, n)::int;
INSERT INTO orders SELECT md5(pick(i, 1, 400)::text)::uuid, d, d + interval '1 hour'
	FROM generate_series(1, 6000) i,
	     LATERAL (SELECT timestamp '2024-01-01' + pick(i, 2, 120) * interval '1 day'
	                         + pick(i, 3, 86400) * interval '1 second' AS d) x;

-- one value per day
CREATE TABLE activity_by_day (day date PRIMARY KEY, activity ext.customer_activity NOT NULL);
CREATE TABLE filled (up_to timestamp NOT NULL);
INSERT INTO filled VALUES ('-infinity');
CREATE PROCEDURE fill(until timestamp) LANGUAGE sql BEGIN ATOMIC
	INSERT INTO activity_by_day AS stored
		SELECT at::date, ext.customer_activity(customer, at)
		FROM orders, filled WHERE loaded >= up_to AND loaded < until GROUP BY at::date
	ON CONFLICT (day) DO UPDATE
		SET activity = (SELECT ext.rollup(a) FROM (VALUES (stored.activity), (excluded.activity)) v(a))
		WHERE stored.activity OPERATOR(ext.<>) (SELECT ext.rollup(a)
		                                        FROM (VALUES (stored.activity), (excluded.activity)) v(a));
	UPDATE filled SET up_to = until;
END;
});

# Rows of a table with their place and their transaction
sub versions
{
	my ($table, $key) = @_;
	return sql("SELECT ctid, xmin, $key FROM $table ORDER BY $key");
}

sub changed
{
	my ($before, $after) = @_;
	my %old = map { $_ => 1 } split /\n/, $before;
	return join ' ', map { (split /\|/)[-1] } grep { !$old{$_} } split /\n/, $after;
}

# From the stored days and from the orders: one value
my $same = q{
SELECT (SELECT ext.rollup(activity) FROM activity_by_day) OPERATOR(ext.=)
       (SELECT ext.customer_activity(customer, at) FROM orders WHERE loaded < (SELECT up_to FROM filled))};

# Filling: a first run, a second one, one that finds nothing
sql(q{CALL fill('2024-03-01')});
is(sql($same), 't', 'filled up to March');
is(sql('SELECT count(*) FROM activity_by_day'), '60', 'a row per day');
my $before = versions('activity_by_day', 'day');
sql(q{CALL fill('2024-03-04')});
is(sql($same), 't', 'filled up to 4 March');
# an order just before midnight is loaded on the next day
like(changed($before, versions('activity_by_day', 'day')), qr/^(2024-02-29 )?2024-03-01 2024-03-02 2024-03-03$/,
     'three days more');
$before = versions('activity_by_day', 'day');
sql(q{CALL fill('2024-03-04')});
is(versions('activity_by_day', 'day'), $before, 'nothing new: no row is written');
# everything once more
sql(q{UPDATE filled SET up_to = '-infinity'; CALL fill('2024-03-04')});
is(versions('activity_by_day', 'day'), $before, 'the same orders again: no row is written');
is(sql($same), 't', 'and the value is the same');

# The views: a grid, and the value of each month
sql(q{
CREATE MATERIALIZED VIEW cohort_grid AS
	SELECT cohort, age, period_start, customers, retained, retention_rate, lower, upper, complete
	FROM ext.cohort_table((SELECT ext.rollup(activity) FROM activity_by_day));
CREATE UNIQUE INDEX ON cohort_grid (cohort, age);
CREATE MATERIALIZED VIEW activity_by_month AS
	SELECT date_trunc('month', day)::date AS month, ext.rollup(activity) AS activity FROM activity_by_day GROUP BY 1;
CREATE UNIQUE INDEX ON activity_by_month (month);
});
my $grid = q{SELECT *
             FROM ext.cohort_table((SELECT ext.customer_activity(customer, at)
                                    FROM orders WHERE loaded < (SELECT up_to FROM filled)))};
is(sql('TABLE cohort_grid ORDER BY cohort, age'), sql($grid), 'the grid is that of the orders');
cmp_ok(sql('SELECT count(*) FROM cohort_grid'), '>=', 5, 'with its cells');

sub refresh
{
	sql(q{
SET search_path = pg_catalog;
REFRESH MATERIALIZED VIEW CONCURRENTLY public.cohort_grid;
REFRESH MATERIALIZED VIEW CONCURRENTLY public.activity_by_month;
});
}

my @before = (versions('cohort_grid', q{cohort || '+' || age}), versions('activity_by_month', 'month'));
refresh();
is_deeply([ versions('cohort_grid', q{cohort || '+' || age}), versions('activity_by_month', 'month') ], \@before,
          'refreshed without a change: no row is written');
# the same content in another order of rows and another plan
sql(q{
CREATE TABLE sorted AS SELECT * FROM activity_by_day ORDER BY md5(day::text);
TRUNCATE activity_by_day;
INSERT INTO activity_by_day SELECT * FROM sorted;
DROP TABLE sorted;
ALTER TABLE activity_by_day SET (parallel_workers = 2);
ALTER DATABASE postgres SET parallel_setup_cost = 0;
ALTER DATABASE postgres SET parallel_tuple_cost = 0;
ALTER DATABASE postgres SET min_parallel_table_scan_size = 0;
});
refresh();
is_deeply([ versions('cohort_grid', q{cohort || '+' || age}), versions('activity_by_month', 'month') ], \@before,
          'the same days in another order, in parallel: no row is written');

# New days change the month that goes on, late rows the month they are of
sql(q{CALL fill('2024-03-20')});
refresh();
is(sql('TABLE cohort_grid ORDER BY cohort, age'), sql($grid), 'new days are in the grid');
is(changed($before[1], versions('activity_by_month', 'month')), '2024-03-01', 'only March is written again');
unlike(changed($before[0], versions('cohort_grid', q{cohort || '+' || age})), qr/2024-01-01\+[01]\b|2024-02-01\+0\b/,
       'cells that are over are not written');
$before = versions('activity_by_day', 'day');
@before = (versions('cohort_grid', q{cohort || '+' || age}), versions('activity_by_month', 'month'));
sql(q{
INSERT INTO orders VALUES
	(md5('late')::uuid, '2024-02-10 12:00', '2024-03-20 08:00'),
	(md5('late')::uuid, '2024-02-10 13:00', '2024-03-20 09:00'), (md5('5')::uuid, '2024-01-05', '2024-03-20 10:00');
CALL fill('2024-03-20 12:00')});
like(changed($before, versions('activity_by_day', 'day')),
     qr/^2024-01-05 2024-02-10( 2024-03-19| 2024-03-20){0,2}$|^2024-02-10( 2024-03-19| 2024-03-20){0,2}$/,
     'late rows are added to their days');
is(sql($same), 't', 'and nothing is lost');
refresh();
is(sql('TABLE cohort_grid ORDER BY cohort, age'), sql($grid), 'late rows are in the grid');
like(changed($before[1], versions('activity_by_month', 'month')), qr/2024-02-01/, 'February is written again');

# Breaks in the middle: a fill that is rolled back leaves nothing behind
$before = versions('activity_by_day', 'day');
sql(q{BEGIN; CALL fill('2024-04-30'); ROLLBACK});
is(versions('activity_by_day', 'day'), $before, 'rolled back');
sql(q{CALL fill('2024-05-02')});
is(sql($same), 't', 'filled to the end');

# The schedule
SKIP:
{
	skip "pg_cron is not installed for this server (Debian: postgresql-NN-cron)", 3 unless $have_cron;

	$before = sql('SELECT count(*), sum(retained) FROM cohort_grid');
	sql(q{
CREATE EXTENSION pg_cron;
SELECT cron.schedule('refresh cohorts', '* * * * *', 'REFRESH MATERIALIZED VIEW CONCURRENTLY public.cohort_grid')});
	is(sql(q{SELECT schedule, active FROM cron.job WHERE jobname = 'refresh cohorts'}), '* * * * *|t',
	   'the job is there');
	ok($node->poll_query_until('postgres',
	                           q{SELECT count(*) > 0
	                             FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')}),
	   'the job has run');
	is(sql(q{SELECT DISTINCT status, (SELECT count(*) FROM cohort_grid) > 6
	         FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')}),
	   'succeeded|t', 'and refreshed the view');
	sql(q{SELECT cron.unschedule('refresh cohorts')});
}

$node->stop;
done_testing();
