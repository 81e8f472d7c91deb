# Cohorts, the retention curve and the lifecycle of real orders against numbers
# that an independent program computed.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my @files = reference_files(qw(data/cdnow_master_transactions.csv truth/cdnow_master_cohort_long.csv
  truth/cdnow_master_cohort_pooled.csv truth/cdnow_master_monthly_retention.csv));

my $node = start_server('activity_truth');
sql(qq{
CREATE TABLE orders (customer_id int, date date, cds int, amount double precision);
CREATE TABLE cohort_truth (cohort_month text, months_since int, activity_month text, cohort_size bigint,
                           active_customers bigint, retention_rate float8, orders bigint, revenue float8);
CREATE TABLE pooled_truth (months_since int, cohorts int, customers_at_risk bigint, active bigint, mean_of_rates float8,
                           pooled_retention float8);
CREATE TABLE month_truth (prev_month text, month text, start_active bigint, end_active bigint, new bigint,
                          retained bigint,
	reactivated bigint, churned bigint, retention_rate float8, churn_rate float8, textbook float8);
\\copy orders FROM '$files[0]' CSV HEADER
\\copy cohort_truth FROM '$files[1]' CSV HEADER
\\copy pooled_truth FROM '$files[2]' CSV HEADER
\\copy month_truth FROM '$files[3]' CSV HEADER
CREATE TABLE activity (way text, a customer_activity);
INSERT INTO activity SELECT 'date', customer_activity(customer_id, date) FROM orders;
INSERT INTO activity SELECT 'timestamp', customer_activity(customer_id, date + interval '23:59') FROM orders;
SET timezone = 'Asia/Kolkata';
INSERT INTO activity
	SELECT 'timestamptz', customer_activity(customer_id, date::timestamptz + interval '1 minute')
	FROM orders;
RESET timezone;
INSERT INTO activity
	SELECT 'rollup', rollup(daily)
	FROM (SELECT customer_activity(customer_id, date) AS daily FROM orders GROUP BY date) x;
INSERT INTO activity
	SELECT 'shuffled', customer_activity(customer_id, date ORDER BY hashint4(customer_id), date DESC)
	FROM orders;
});
is(sql(q{SELECT count(*), count(DISTINCT a), count(DISTINCT customer_activity_send(a)) FROM activity}), '5|1|1',
   'one value, however it is made');
is(sql(q{SELECT customers(a), active_days(a), activity_span(a) FROM activity WHERE way = 'date'}),
   '23570|67591|[1997-01-01,1998-07-01)', 'customers, days and span');

for my $way (qw(date rollup))
{
	for my $as_of ('', q{, as_of => '1998-07-01'})
	{
		is(sql(qq{
SELECT count(*), count(t.cohort_month), count(m.cohort),
       count(*) FILTER (WHERE m.customers = t.cohort_size AND m.retained = t.active_customers AND m.complete
	AND abs(m.retention_rate - t.retention_rate) < 1e-11 AND to_char(m.period_start, 'YYYY-MM') = t.activity_month
	AND lower < t.retention_rate + 1e-11 AND upper > t.retention_rate - 1e-11)
FROM cohort_truth t
FULL JOIN (SELECT c.* FROM activity, cohort_table(a$as_of) c WHERE way = '$way') m
    ON to_char(m.cohort, 'YYYY-MM') = t.cohort_month AND m.age = t.months_since}),
			'51|51|51|51', "cohort table, cell for cell: $way$as_of");
		is(sql(qq{
SELECT count(*), count(t.months_since), count(m.age),
       count(*) FILTER (WHERE m.customers = t.customers_at_risk AND m.retained = t.active
                          AND abs(m.retention_rate - t.pooled_retention) < 1e-11)
FROM pooled_truth t
FULL JOIN (SELECT c.* FROM activity, retention_curve(a$as_of) c WHERE way = '$way') m ON m.age = t.months_since}),
			'18|18|18|18', "retention curve, row for row: $way$as_of");
		is(sql(qq{
SELECT count(*), count(t.month), count(m.period_start),
       count(*) FILTER (WHERE m.active = t.end_active AND m.new_customers = t.new AND m.retained = t.retained
                          AND m.resurrected = t.reactivated
	AND m.churned = t.churned AND m.complete
	AND (abs(m.retention_rate - t.retention_rate) < 1e-11 OR t.retention_rate IS NULL AND m.retention_rate IS NULL)
	AND (abs(m.churn_rate - t.churn_rate) < 1e-11 OR t.churn_rate IS NULL AND m.churn_rate IS NULL))
FROM month_truth t
FULL JOIN (SELECT c.* FROM activity, lifecycle_table(a$as_of) c WHERE way = '$way') m
    ON to_char(m.period_start, 'YYYY-MM') = t.month}),
			'18|18|18|18', "lifecycle, month for month: $way$as_of");
	}
}

# A month that is not over has its counts, no rates
is(sql(q{
SELECT count(*), count(*) FILTER (WHERE complete),
       count(*) FILTER (WHERE period_start = '1998-06-01' AND NOT complete AND retention_rate IS NULL AND lower IS NULL
                          AND upper IS NULL),
       sum(retained)
FROM activity, cohort_table(a, as_of => '1998-06-30') WHERE way = 'date'}),
	sql('SELECT 51, 48, 3, sum(active_customers) FROM cohort_truth'), 'the last month unfinished');

# Numbers between two months, from the value and from the orders
is(sql(q{
SELECT count(*),
       count(*) FILTER (WHERE abs(retention_rate(a, base, comeback) - t.retention_rate) < 1e-11
                          AND abs(churn_rate(a, base, comeback) - t.churn_rate) < 1e-11
	AND retention_summary(a, base, comeback)
	    = ROW(start_active, retained, churned, end_active - retained)::retention_summary)
FROM (SELECT *, daterange(p, (p + interval '1 month')::date) AS base,
             daterange(m, (m + interval '1 month')::date) AS comeback
	  FROM (SELECT *, to_date(prev_month, 'YYYY-MM') AS p, to_date(month, 'YYYY-MM') AS m
	        FROM month_truth WHERE prev_month IS NOT NULL) d) t,
	       activity
	  WHERE way = 'date'}),
	'17|17', 'retention and churn of 17 months');
is(sql(q{SELECT abs(repeat_purchase_rate(a) - 0.48858718710224863) < 1e-15 FROM activity WHERE way = 'date'}), 't',
   'repeat purchase rate by days');

# Mean number of customers per day over those of the month
is(sql(q{
SELECT count(*),
       count(*) FILTER (WHERE active = n AND complete AND abs(average_inner_active - days / length) < 1e-9
                          AND abs(stickiness - days / length / n) < 1e-12)
FROM activity, stickiness_table(a) s, LATERAL (
	SELECT count(DISTINCT customer_id) AS n, count(DISTINCT (customer_id, date))::float8 AS days,
	       (period_start + interval '1 month')::date - period_start AS length
	FROM orders WHERE date >= period_start AND date < period_start + interval '1 month') o
	WHERE way = 'date'}), '18|18', 'stickiness of 18 months');

$node->stop;
done_testing();
