# Revenue, concentration, states and summaries of real orders, and of orders with
# refunds in every position, against numbers that independent programs computed:
# money exactly, ratios to 1e-12.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my %orders = (
	cdnow => [ 'data/cdnow_master_transactions.csv', 'customer bigint, date date, cds int, amount numeric',
		'1998-07-01' ],
	refunds => [ 'truth/refunds_orders.csv', 'customer bigint, date date, amount numeric', '2024-05-10' ]);
# Each truth: the end of its file's name, and what computes the rows it should have
my $cells = 'SELECT cohort, age, period_start, customers, active, purchases, revenue, refunded, cumulative_revenue, '
  . 'base_revenue, average_purchase_value, revenue_per_customer, cumulative_per_customer, revenue_retention, complete '
  . 'FROM value, revenue_cohort_table';
(my $laps = $cells) =~ s/period_start, //;
my $curve = 'SELECT age, customers, active, purchases, revenue, refunded, cumulative_revenue, base_revenue, '
  . 'average_purchase_value, revenue_per_customer, cumulative_per_customer, revenue_retention '
  . 'FROM value, revenue_curve';
my $range = q{CASE range WHEN 'all' THEN NULL
	WHEN 'first_year' THEN daterange(lower(purchase_span(p)), (lower(purchase_span(p)) + interval '1 year')::date)
	ELSE daterange(date 'AS_OF' - split_part(range, '_', 2)::int, 'AS_OF') END};
my @truths = (
	[ 'revenue_cohort_1month', "$cells(p, '1 month', 'AS_OF')" ],
	[ 'revenue_cohort_3months', "$cells(p, '3 months', 'AS_OF')" ],
	[ 'revenue_cohort_7days', "$cells(p, '7 days', 'AS_OF')" ],
	[ 'revenue_cohort_elapsed_1month', "$laps(p, '1 month', 'AS_OF', 'elapsed')" ],
	[ 'revenue_cohort_elapsed_30days', "$laps(p, '30 days', 'AS_OF', 'elapsed')" ],
	[ 'revenue_curve_1month', "$curve(p, '1 month', 'AS_OF')" ],
	[ 'revenue_curve_elapsed_30days', "$curve(p, '30 days', 'AS_OF', 'elapsed')" ],
	[ 'revenue_table_1month', q{SELECT t.* FROM value, revenue_table(p, '1 month', 'AS_OF') t} ],
	[ 'revenue_table_3months', q{SELECT t.* FROM value, revenue_table(p, '3 months', 'AS_OF') t} ],
	[ 'revenue_table_7days', q{SELECT t.* FROM value, revenue_table(p, '7 days', 'AS_OF') t} ],
	[ 'concentration_all', 'SELECT t.* FROM value, concentration_table(p) t' ],
	[ 'concentration_20_last_180_days',
		q{SELECT t.* FROM value, concentration_table(p, 20, daterange(date 'AS_OF' - 180, 'AS_OF')) t} ],
	[ 'concentration_numbers', qq{
SELECT range, gini(p, r), top_share(p, 0.01, r), top_share(p, 0.05, r), top_share(p, 0.1, r), top_share(p, 0.2, r),
       top_share(p, 0.5, r), sum(customers)::bigint, sum(revenue)
FROM value, unnest(ARRAY['all', 'last_180_days']) range, LATERAL (SELECT $range) x(r), concentration_table(p, 1, r)
GROUP BY range, p, r} ],
	[ 'states', q{
SELECT at, state, count(*), sum(customer)::bigint, min(customer), max(customer), sum(revenue), sum(previous_revenue),
       sum(last_day - date '1990-01-01')::bigint
FROM value, (SELECT DISTINCT at::date FROM truth) d, unnest(ARRAY['new', 'retained', 'resurrected', 'churned',
     'dormant']) s,
     customer_states(p, at, s) GROUP BY at, state} ],
	[ 'churned_ids_sample', q{
SELECT t.customer, t.first_day, t.last_day, t.revenue, t.previous_revenue
FROM value, customer_states(p, date 'AS_OF' - 31, 'churned') t
WHERE t.customer IN (SELECT customer::bigint FROM truth)} ],
	[ 'rfm_sample', q{
SELECT t.* FROM value, rfm_table(p, 'AS_OF') t WHERE t.customer IN (SELECT customer::bigint FROM truth)} ],
	[ 'rfm_sums', q{
SELECT as_of, count(*), sum(t.frequency)::bigint, sum(recency), sum(age), sum(monetary_value), count(monetary_value),
       sum(purchases)::bigint, sum(revenue), sum(customer * t.frequency)::bigint
FROM value, (SELECT as_of::date FROM truth) d, rfm_table(p, as_of) t GROUP BY as_of} ],
	[ 'clv', qq{
SELECT range, (s).customers, (s).purchases, (s).revenue, (s).average_purchase_value, (s).purchases_per_year,
       (s).relationship_years, (s).clv
FROM value, unnest(ARRAY['all', 'first_year', 'last_90_days']) range, LATERAL (SELECT clv_summary(p, $range)) x(s)} ]);
my %file;
for my $data (sort keys %orders)
{
	my @names = ($orders{$data}[0], map { "truth/${data}_$_->[0].csv" } @truths);
	@file{@names} = reference_files(@names);
}

my $node = start_server('purchase_truth', conf => 'extra_float_digits = 1');

# Two fields of the same name: equal as text, or ratios that are near
sql(q{
CREATE FUNCTION same(name text, expected text, found text) RETURNS boolean LANGUAGE sql
RETURN CASE WHEN expected IS NULL OR found IS NULL THEN expected IS NULL AND found IS NULL
	WHEN name ~ '(_date|^cohort|_day|^period_start|^at|^as_of|^state|^range|^complete)$'
	THEN expected = found OR expected = left(found, 1)
	WHEN name ~ '^(refunded|((cumulative|base|new|retained|resurrected|churned|previous)_)?revenue)$'
	     OR name IN ('expansion', 'contraction')
	THEN expected::numeric = found::numeric
	ELSE abs(expected::double precision - found::double precision)
	     <= 1e-12 * greatest(1, abs(expected::double precision)) END;
});
for my $data (sort keys %orders)
{
	sql(qq{
DROP TABLE IF EXISTS orders, value;
CREATE TABLE orders ($orders{$data}[1]);
\\copy orders FROM '$file{$orders{$data}[0]}' CSV HEADER
CREATE TABLE value AS SELECT customer_purchases(customer, date, amount) AS p FROM orders;
});
	is(sql(q{
SELECT purchases(p) = (SELECT count(*) FROM orders WHERE amount >= 0 OR amount IS NULL)
   AND revenue(p) = (SELECT sum(amount) FROM orders)
   AND refunded(p) = (SELECT coalesce(-sum(amount), 0) FROM orders WHERE amount < 0)
   AND customers(p) = (SELECT count(DISTINCT customer) FROM orders WHERE amount >= 0 OR amount IS NULL)
FROM value}), 't', "$data: numbers of the value");
	is(sql(q{
SELECT bool_and(p = q) FROM value, (
	SELECT customer_purchases(customer, date, amount::double precision) FROM orders
	UNION ALL SELECT customer_purchases(customer, date + time '23:59', amount ORDER BY hashint8(customer)) FROM orders
	UNION ALL SELECT rollup(x)
	FROM (SELECT customer_purchases(customer, date, amount) FROM orders GROUP BY date) y(x)) z(q)
}), 't', "$data: one value, however it is made");
	my $summary = sql(q{SELECT count(*) FROM pg_proc WHERE proname = 'clv_summary' AND prokind = 'f'
		AND proargtypes[0] = 'customer_purchases'::regtype});
	for my $truth (@truths)
	{
		next if $truth->[0] eq 'clv' && !$summary;
		my ($name, $query) = @$truth;
		$query =~ s/AS_OF/$orders{$data}[2]/g;
		my $path = $file{"truth/${data}_$name.csv"};

		open my $csv, '<', $path or die "$path: $!";
		chomp(my $header = <$csv>);
		my $rows = () = <$csv>;
		close $csv;
		my @columns = split /,/, $header;
		my $list = join ', ', @columns;
		my $same = join ' AND ', map { "same('$_', t.$_, m.$_)" } @columns;
		# sums of doubles have a rounding for each
		$same =~ s/same\('revenue', [^)]*\)/same('ratio', t.revenue, m.revenue)/
		  if $name =~ /^rfm_|^clv/;
		my $texts = join ', ', map { "$_ text" } @columns;
		sql(qq{
DROP TABLE IF EXISTS truth, found;
CREATE TABLE truth ($texts);
\\copy truth FROM '$path' CSV HEADER
CREATE TABLE found ($texts);
DO \$do\$ BEGIN
	CREATE TEMP TABLE computed AS SELECT row_number() OVER () AS i, to_json(x) AS j FROM ($query) x;
	INSERT INTO found SELECT v[1]} . join('', map { ", v[$_]" } 2 .. @columns) . qq{
	FROM computed, LATERAL (SELECT array_agg(value ORDER BY k)
	                        FROM json_each_text(j) WITH ORDINALITY e(key, value, k)) y(v);
END \$do\$;
});
		# the columns that tell the rows apart
		my @key = grep { /^(cohort|age|period_start|bin|range|at|state|customer|as_of)$/ } @columns;
		@key = ('customer') if $columns[0] eq 'customer';
		@key = grep { $_ ne 'period_start' } @key if $columns[0] eq 'cohort';
		my $using = join ', ', @key;
		is(sql(qq{SELECT count(*), count(*) FILTER (WHERE $same) FROM truth t FULL JOIN found m USING ($using)}),
			"$rows|$rows", "$data: $name")
		  or diag(sql(qq{SELECT t, m FROM truth t FULL JOIN found m USING ($using) 
			WHERE NOT coalesce($same, false) LIMIT 3}));
	}
}

# The comparison can fail
is(sql(q{SELECT same('revenue', '1.50', '1.5'), same('revenue', '1.5', '1.501'), same('gini', '0.5', '0.50000000001'),
	same('gini', NULL, '0'), same('complete', 't', 'true'), same('complete', 'f', 'true')}),
	't|f|f|f|t|f', 'same or not');

$node->stop;
done_testing();
