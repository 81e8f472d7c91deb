# Logical replication of values of every stored type, as text and in the binary
# format: what arrives is equal, to the byte, and goes on when a value is replaced,
# by a primary key or by the whole row.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use Golden;
use PostgreSQL::Test::Cluster;
use RetentionTest;
use Test::More;

my $publisher = start_server('publisher',
	streaming => 'logical');
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->start;

my $tables = q{
CREATE TABLE activity (day date PRIMARY KEY, a customer_activity);
CREATE TABLE purchases (day date PRIMARY KEY, p customer_purchases);
CREATE TABLE curve (day date PRIMARY KEY, c survival_curve);
};

# A checksum of each table of golden values
my $golden = q{
SELECT format('SELECT %1$L, count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C")) FROM %1$s t',
              oid::regclass)
FROM pg_class WHERE relnamespace = 'golden'::regnamespace ORDER BY relname \gexec
};

# Run this for each of them
sub for_golden
{
	my ($node, $statement) = @_;

	$node->safe_psql('postgres', qq{SELECT replace('$statement', '...', oid::regclass::text)
FROM pg_class WHERE relnamespace = 'golden'::regnamespace ORDER BY relname \\gexec});
	return;
}

my $picture = q{
SELECT 'a', day, a::text FROM activity UNION ALL SELECT 'p', day, p::text FROM purchases
UNION ALL SELECT 'c', day, c::text FROM curve ORDER BY 1, 2};

sql($tables);
$subscriber->safe_psql('postgres', "CREATE EXTENSION retention; $tables");
sql(q{
INSERT INTO activity
	SELECT day, customer_activity(i, day - i % 40)
	FROM generate_series(1, 3000) i, (VALUES (date '2024-01-05'), ('2024-02-10')) d(day) GROUP BY day;
INSERT INTO purchases
	SELECT day, customer_purchases(i, day - i % 40, (i % 500 - 20) * 0.25)
	FROM generate_series(1, 3000) i, (VALUES (date '2024-01-05'), ('2024-02-10')) d(day) GROUP BY day;
INSERT INTO curve
	SELECT day, survival_curve(i % 400, i % 3 = 0)
	FROM generate_series(1, 3000) i, (VALUES (date '2024-01-05'), ('2024-02-10')) d(day) GROUP BY day;
});
store_golden($_, 'postgres') for $publisher, $subscriber;
for_golden($publisher, 'ALTER TABLE ... REPLICA IDENTITY FULL');
sql('CREATE PUBLICATION stored FOR ALL TABLES');
(my $connection = $publisher->connstr('postgres')) =~ s/'/''/g;

for my $binary (qw(false true))
{
	for_golden($subscriber, 'TRUNCATE ...');
	$subscriber->safe_psql('postgres', "TRUNCATE activity, purchases, curve;
		CREATE SUBSCRIPTION stored CONNECTION '$connection' PUBLICATION stored WITH (binary = $binary)");
	$subscriber->wait_for_subscription_sync($publisher, 'stored');
	is($subscriber->safe_psql('postgres', $picture), sql($picture), "the first copy, binary = $binary");
	is($subscriber->safe_psql('postgres', $golden), sql($golden), "values of every type, binary = $binary");

	# the recipe of a refresh: a day's value is replaced
	sql(q{
UPDATE activity SET a = rollup FROM (SELECT rollup(a) FROM activity) x WHERE day = '2024-02-10';
UPDATE purchases SET p = purchases_during(p, '[2024-01-15,2024-02-20)') WHERE day = '2024-02-10';
UPDATE curve SET c = (SELECT rollup(c) FROM curve) WHERE day = '2024-02-10';
DELETE FROM activity WHERE day = '2024-01-05';
});
	for_golden($publisher, 'INSERT INTO ... TABLE ...');
	for_golden($publisher, 'DELETE FROM ... WHERE ctid = (SELECT min(ctid) FROM ...)');
	$publisher->wait_for_catchup('stored');
	is($subscriber->safe_psql('postgres', $picture), sql($picture), "replaced values, binary = $binary");
	is($subscriber->safe_psql('postgres', $golden), sql($golden), "more rows and fewer, binary = $binary");
	is($subscriber->safe_psql('postgres', q{
SELECT purchases(p) = (SELECT sum(purchases) FROM revenue_table(p)) FROM purchases WHERE day = '2024-01-05'}),
		't', "and they can be read, binary = $binary");
	$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION stored');
}

$subscriber->stop;
$publisher->stop;
done_testing();
