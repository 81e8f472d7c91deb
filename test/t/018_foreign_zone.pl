# What activity.md, rfm.md and purchase.md say of time zones and postgres_fdw:
# the remote session is in GMT, and PostgreSQL leaves no way to see it.
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my $node = start_server('foreign_zone', conf => "timezone = 'America/New_York'\nenable_partitionwise_aggregate = on");
if ($node->psql('postgres', 'CREATE EXTENSION postgres_fdw') != 0)
{
	$node->stop;
	plan skip_all => 'needs postgres_fdw';
}
my ($host, $port) = ($node->host, $node->port);
sql("CREATE DATABASE shard");
$node->safe_psql('shard', q{
CREATE EXTENSION retention;
CREATE TABLE orders (customer int, at timestamptz, amount float8);
-- every customer at 20:00 in New York, the next day in GMT, and a month later
INSERT INTO orders
	SELECT c, timestamptz '2024-01-31 20:00-05' + (c % 3) * interval '1 hour', 1
	FROM generate_series(1, 3000) c;
INSERT INTO orders
	SELECT c, timestamptz '2024-02-29 20:00-05' + (c % 3) * interval '1 hour', 1
	FROM generate_series(1, 3000) c;
ALTER DATABASE shard SET timezone = 'America/New_York';
});
sql(qq{
CREATE SERVER shard FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'shard',
                                                               extensions 'retention',
                                                               options '-c timezone=America/New_York');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard;
IMPORT FOREIGN SCHEMA public LIMIT TO (orders) FROM SERVER shard INTO public;
ANALYZE orders;
CREATE TABLE here AS TABLE orders;
});

# The statement that the remote server is sent, and the answer
sub remote
{
	my ($query) = @_;
	my ($sql) = sql("EXPLAIN (VERBOSE, COSTS OFF) $query") =~ /Remote SQL: (.*)/;
	return $sql // 'none';
}

sub answer
{
	my ($query) = @_;
	return sql($query);
}

# Forms that depend on the zone, as one writes them, and as the pages say
my @forms = (
	[ 'customer_activity', 'activity_span(customer_activity(customer, %s))', 'at' ],
	[ 'rfm_summary', q{(rfm_summary(%s, amount, '2024-06-01'::%s)).first_day}, 'at' ],
	[ 'repeat_purchase_rate', q{repeat_purchase_rate(customer, %s, interval '29 days 1 hour')}, 'at' ]);
for my $form (@forms)
{
	my ($name, $call) = @$form;
	my $query = sub {
		my ($table, $argument, $type) = @_;
		my $expression = $call;
		$expression =~ s/%s/$argument/;
		$expression =~ s/%s/$type/;
		return "SELECT customer % 7 AS k, $expression AS x FROM $table GROUP BY customer % 7 ORDER BY 1";
	};
	my $right = answer($query->('here', 'at', 'timestamptz'));

	# the trap: it is computed there, and its days are those of GMT whatever
	# the options of the server and the settings of its database are
	like(remote($query->('orders', 'at', 'timestamptz')), qr/retention|$name/,
	     "$name of a timestamptz is computed by the foreign server");
	my $there = answer('SET timezone = \'GMT\'; ' . $query->('here', 'at', 'timestamptz'));
	is(answer($query->('orders', 'at', 'timestamptz')), $there, "$name: there the zone is GMT");
	isnt($there, $right, "$name: which is not right") unless $name eq 'repeat_purchase_rate';

	# the ways out
	for my $way ([ 'at::timestamp', 'timestamp' ], [ q{at AT TIME ZONE 'America/New_York'}, 'timestamp' ])
	{
		my ($argument, $type) = @$way;
		unlike(remote($query->('orders', $argument, $type)), qr/$name/, "$name of $argument is computed here");
		is(answer($query->('orders', $argument, $type)), answer($query->('here', $argument, $type)),
		   "$name of $argument is right");
		is(answer($query->('orders', $argument, $type)), $right, "$name of $argument is that of the zone") unless
		    $name eq 'repeat_purchase_rate';
	}
}

# Without the extension among the server's, nothing is sent
sql(q{ALTER SERVER shard OPTIONS (DROP extensions)});
my $query = 'SELECT mod(customer, 7), activity_span(customer_activity(customer, at)) FROM %s GROUP BY 1 ORDER BY 1';
unlike(remote(sprintf $query, 'orders'), qr/customer_activity/, 'without the option it is computed here');
is(answer(sprintf $query, 'orders'), answer(sprintf $query, 'here'), 'and right');

$node->stop;
done_testing();
