# Values of customer_activity, customer_purchases and others outside the aggregate: dumped
# and restored, copied as text and in the binary format, tens of megabytes long;
# and 100,000 damaged ones of each through the input and the receive function:
# none may crash the server, end in an internal error or be taken for another
# value.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;
use Wire;

plan skip_all => 'needs Unix-domain sockets' if $windows_os;

my $node = start_server('activity_values', conf => "$CRASHES_SHOW\nautovacuum = off");
my $dir = own_dir();

# From one customer with one day to 30,000 customers, sparse and dense days,
# far keys and far days
sql(q{
CREATE TABLE activity (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a customer_activity);
CREATE FUNCTION pick(i bigint, series bigint, n int) RETURNS int
RETURN mod(hashint8extended(i, series) & 9223372036854775807, n)::int;
INSERT INTO activity (a) VALUES (NULL);
INSERT INTO activity (a) SELECT customer_activity(c, d) FROM (VALUES (1, date '2024-01-01')) v(c, d);
INSERT INTO activity (a)
	SELECT customer_activity(c, d)
	FROM (VALUES (-1, date '1999-12-31'), (0, '2000-01-01'), (1, '2000-01-02'), (1, '2024-02-29')) v(c, d);
INSERT INTO activity (a)
	SELECT customer_activity(c, d)
	FROM (VALUES (9223372036854775807, date '4714-11-24 BC'), (-9223372036854775808, '5874897-12-30')) v(c, d);
INSERT INTO activity (a)
	SELECT customer_activity(i % k, date '2024-01-01' + pick(i, 1, 1 + 30 * k))
	FROM unnest(ARRAY[1, 2, 3, 8, 20]) k, generate_series(1, 40) i GROUP BY k;
INSERT INTO activity (a)
	SELECT customer_activity(7, date '2024-01-01' + i * k)
	FROM unnest(ARRAY[1, 2, 7, 100]) k, generate_series(1, 300) i GROUP BY k;
INSERT INTO activity (a)
	SELECT customer_activity(pick(i, 2, 30)::text, date '2024-01-01' + pick(i, 3, 60))
	FROM generate_series(1, 120) i;
INSERT INTO activity (a)
	SELECT customer_activity(pick(i, 4, n), date '2022-01-01' + pick(i, 5, 800))
	FROM unnest(ARRAY[300, 30000]) n, generate_series(1, 3 * n) i GROUP BY n;
INSERT INTO activity (a)
	SELECT customer_activity(md5(i::text)::uuid, date '2022-01-01' + pick(i, 6, 800))
	FROM generate_series(1, 20000) i;
CREATE TABLE purchases (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, p customer_purchases);
INSERT INTO purchases (p) SELECT customer_purchases(1, date '2024-01-01', 5);
INSERT INTO purchases (p)
	SELECT customer_purchases(c, d, a, n)
	FROM (VALUES (1, date '2024-01-05', 120.5, 2), (1, '2024-01-05', -7, 1), (1, '2024-02-10', 80, 1),
	             (-2, '2024-02-03', -5, 1), (3, '1999-12-31', 10.005, 0), (3, '2024-02-29', NULL, 1)) v(c, d, a, n);
INSERT INTO purchases (p)
	SELECT customer_purchases(c, d, a, n)
	FROM (VALUES (9223372036854775807, date '4714-11-24 BC', 9223372036.854775807, 1),
	             (-9223372036854775808, '5874897-12-30', -9223372036.854775807, 1), (0, '2000-01-01', 0, 2147483647))
	     v(c, d, a, n);
INSERT INTO purchases (p)
	SELECT customer_purchases(i % k, date '2024-01-01' + pick(i, 1, 1 + 30 * k),
	                          round(pick(i, 7, 9000) / 100.0 - 10, i % 3), pick(i, 8, 4))
	FROM unnest(ARRAY[1, 2, 3, 8, 20]) k, generate_series(1, 60) i GROUP BY k;
INSERT INTO purchases (p)
	SELECT customer_purchases(pick(i, 2, 30)::text, date '2024-01-01' + pick(i, 3, 60), pick(i, 9, 40) - 8)
	FROM generate_series(1, 80) i;
CREATE TABLE subscriptions (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s customer_subscriptions);
INSERT INTO subscriptions (s)
	SELECT customer_subscriptions(i % k, date '2024-01-01' + pick(i, 1, 1 + 30 * k),
	                              CASE WHEN i % 3 > 0 THEN date '2026-01-01' + pick(i, 9, 90) END,
	                              round(pick(i, 7, 9000) / 100.0 - 10, i % 3))
	FROM unnest(ARRAY[1, 2, 3, 5, 7, 8, 20]) k, generate_series(1, 40) i GROUP BY k;
INSERT INTO subscriptions (s)
	SELECT customer_subscriptions(c, s, e, a)
	FROM (VALUES (9223372036854775807, date '4714-11-24 BC', NULL, 9223372036.854775807),
	             (-9223372036854775808, '2024-01-01', date '5874897-12-31', -9223372036.854775807),
	             (0, '2000-01-01', '2000-01-02', 0)) v(c, s, e, a);
INSERT INTO subscriptions (s)
	SELECT customer_subscriptions(1, date '2024-01-01', date '2024-02-01' + i % 2) FROM generate_series(1, 300) i;
CREATE TABLE cells (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, c revenue_cells);
INSERT INTO cells (c)
	SELECT revenue_cells(p, '3 months', '2024-09-01') FROM purchases WHERE id NOT IN (1, 2, 3) GROUP BY id;
INSERT INTO cells (c)
	SELECT revenue_cells(p::customer_activity, '1 month', '2024-05-01') FROM purchases WHERE id <> 3 GROUP BY id;
CREATE TABLE events (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, e customer_events);
INSERT INTO events (e) SELECT customer_events(1, date '2024-01-01', 'view');
INSERT INTO events (e)
	SELECT customer_events(c, t, n)
	FROM (VALUES (9223372036854775807, timestamp '4714-11-24 00:00 BC', 'a'),
	             (-9223372036854775808, '294276-12-31 23:59:59.999999', 'Zoë'), (0, '2000-01-01', '')) v(c, t, n);
INSERT INTO events (e)
	SELECT customer_events(pick(i, 7, k), date '2024-01-01' + pick(i, 8, 40), chr(97 + pick(i, 9, 5)))
	FROM unnest(ARRAY[1, 2, 8]) k, generate_series(1, 30) i GROUP BY k;
INSERT INTO events (e)
	SELECT customer_events(pick(i, 7, k), timestamptz '2024-01-01Z' + pick(i, 8, 4000) * interval '5 minutes',
	                       (ARRAY['view', 'cart', 'buy'])[1 + pick(i, 9, 3)])
	FROM unnest(ARRAY[3, 30, 2000]) k, generate_series(1, 3 * k) i GROUP BY k;
INSERT INTO events (e)
	SELECT customer_events(7, timestamp '2024-01-01' + i * interval '7 hours', repeat(chr(97 + i % 20), i % 4))
	FROM generate_series(1, 60) i;
INSERT INTO events (e)
	SELECT customer_events(i::text, date '2024-01-01' + i % 9, 'order ' || i % 2) FROM generate_series(1, 12) i;
CREATE VIEW picture AS
	SELECT id, md5(customer_activity_send(a)::text) AS bytes, customers(a), active_days(a), activity_span(a)
	FROM activity
	UNION ALL
	SELECT -id, md5(customer_purchases_send(p)::text), customers(p), purchases(p), purchase_span(p)
	FROM purchases
	UNION ALL
	SELECT -1000 - id, md5(customer_subscriptions_send(s)::text), NULL, NULL, NULL FROM subscriptions
	UNION ALL
	SELECT 1000 + id, md5(revenue_cells_send(c)::text), (SELECT count(*) FROM cohort_table(c)), NULL, NULL
	FROM cells
	UNION ALL
	SELECT 2000 + id, md5(customer_events_send(e)::text), customers(e), (SELECT sum(events) FROM event_table(e)), NULL
	FROM events ORDER BY id;
});
my $picture = sql('SELECT * FROM picture');
cmp_ok(scalar(split /\n/, $picture), '>', 15, 'there are values');

# Copies
for my $format (qw(text csv binary))
{
	for my $table (qw(activity purchases))
	{
		is(sql(qq{
COPY $table TO '$dir/$table.$format' (FORMAT $format);
BEGIN;
TRUNCATE $table;
COPY $table FROM '$dir/$table.$format' (FORMAT $format);
SELECT * FROM picture;
COPY $table TO '$dir/again.$format' (FORMAT $format);
ROLLBACK;
}), $picture, "COPY of $table as $format and back");
		is(slurp_file("$dir/again.$format"), slurp_file("$dir/$table.$format"),
		   "COPY of $table as $format writes the same file again");
	}
}

# Dumps: a script, a script of INSERTs, an archive
my @dumps = (
	[ 'script', [], sub { [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $_[1], '-f', $_[0] ] } ],
	[ 'inserts', ['--inserts'], sub { [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $_[1], '-f', $_[0] ] } ],
	[ 'archive', ['-Fc'], sub { [ 'pg_restore', '-e', '-d', $_[1], $_[0] ] } ]);
for my $dump (@dumps)
{
	my ($name, $options, $restore) = @$dump;
	$node->command_ok([ 'pg_dump', '-f', "$dir/$name.dump", @$options, $node->connstr('postgres') ], "dump: $name");
	sql("CREATE DATABASE $name");
	$node->command_ok($restore->("$dir/$name.dump", $node->connstr($name)), "restore: $name");
	is($node->safe_psql($name, 'SELECT * FROM picture'), $picture, "restored: $name");
}

# Tens of megabytes
is(sql(q{
CREATE TABLE huge AS
	SELECT customer_activity(hashint8extended(i, 0), date '2022-01-01' + i % 700) AS a
	FROM generate_series(1, 3000000) i;
SELECT customers(a), active_days(a), activity_span(a), length(customer_activity_send(a)) > 20000000 FROM huge}),
	'3000000|3000000|[2022-01-01,2023-12-02)|t', 'a value of more than 20 MB');
is(sql(qq{
COPY huge TO '$dir/huge' (FORMAT binary);
CREATE TABLE huge_copy (a customer_activity);
COPY huge_copy FROM '$dir/huge' (FORMAT binary);
SELECT x.a = y.a, customer_activity_send(x.a) = customer_activity_send(y.a)
FROM huge x, huge_copy y}), 't|t', 'copied');
is(sql(q{
SELECT count(*), sum(retained) FROM huge, cohort_table(a, '1 year')}), '3|3000000', 'read');
is(sql(q{
SELECT rollup(part) = (SELECT a FROM huge) FROM (
	SELECT customer_activity(hashint8extended(i, 0), date '2022-01-01' + i % 700) AS part
	FROM generate_series(1, 3000000) i GROUP BY i % 4) x}), 't', 'rolled up');
sql('DROP TABLE huge, huge_copy');
unlink "$dir/huge";

#
# Damage, sent by the wire protocol: psql cannot send binary parameters
#
my ($state, $text) = wire_connect($node);
is($state, '00000', 'connected') or BAIL_OUT($text);

# What is done with a value that gets in: written again, taken through the
# aggregate's own form, read by every reader.  The type, how many values are
# damaged, how many bytes the header has, and the statements.
my @damages = (
	[ 'customer_activity', 'a FROM activity', 100000, 24, {
	write =>
	    'SELECT customer_activity_send($1), customer_activity_send((SELECT rollup(x) FROM (VALUES ($1), ($1)) v(x)))',
	read => q{SELECT customers($1), active_days($1), activity_span($1), repeat_purchase_rate($1),
	                 retention_rate($1, '(,2024-02-01)', '[2024-02-01,)'),
		(SELECT count(*) FROM cohort_table($1, '100000 months', horizon => 20)),
		(SELECT count(*) FROM retention_curve($1, '1000000 days', clock => 'elapsed', horizon => 5)),
		(SELECT count(*) FROM lifecycle_table($1, '100000 months')),
		(SELECT count(*) FROM stickiness_table($1, '30000 months', '90000 months'))},
	merge => q{SELECT customers(rollup(x)), active_days(rollup(x))
		FROM (SELECT $1 UNION ALL SELECT a FROM activity WHERE id BETWEEN 2 AND 6) v(x)} } ],
	[ 'customer_purchases', 'p FROM purchases', 150000, 86, {
	# the sum of a value and nothing is written anew
	write => 'SELECT customer_purchases_send($1), customer_purchases_send((SELECT rollup(x) FROM (VALUES ($1)) v(x)))',
	read => q{SELECT customers($1), purchases($1), revenue($1), refunded($1), purchase_span($1),
	                 revenue($1, '[2024-01-10,2024-02-01)'), top_share($1), gini($1), $1::customer_activity::text,
		(SELECT count(*) FROM revenue_cohort_table($1, '100000 months')),
		(SELECT count(*) FROM revenue_curve($1, '1000000 days', clock => 'elapsed')),
		(SELECT count(*) FROM revenue_table($1, '100000 months')), (SELECT count(*) FROM rfm_table($1)),
		(SELECT count(*) FROM customer_states($1, '2024-02-01')), (SELECT count(*) FROM concentration_table($1))},
	merge => q{SELECT customers(rollup(x)), revenue(rollup(x))
		FROM (SELECT $1 UNION ALL SELECT $1 UNION ALL SELECT p FROM purchases WHERE id IN (2, 4)) v(x)} } ],
	[ 'customer_subscriptions', 's FROM subscriptions', 75000, 34, {
	write => q{SELECT customer_subscriptions_send($1),
		customer_subscriptions_send((SELECT rollup(x) FROM (VALUES ($1)) v(x)))},
	read => q{SELECT $1 = $1},
	merge => q{SELECT customer_subscriptions_send(rollup(x))
		FROM (SELECT $1 UNION ALL SELECT $1 UNION ALL SELECT s FROM subscriptions WHERE id IN (2, 4)) v(x)} } ],
	[ 'revenue_cells', 'c FROM cells', 50000, 16, {
	write => 'SELECT revenue_cells_send($1), revenue_cells_send((SELECT rollup(x) FROM (VALUES ($1)) v(x)))',
	read => q{SELECT (SELECT count(*) FROM cohort_table($1)), (SELECT count(*) FROM retention_curve($1)),
		(SELECT count(*) FROM lifecycle_table($1)), (SELECT count(*) FROM revenue_cohort_table($1)),
		(SELECT count(*) FROM revenue_curve($1)), (SELECT count(*) FROM revenue_table($1))},
	merge => q{SELECT revenue_cells_send(rollup(x)) FROM (VALUES ($1), ($1), ($1)) v(x)} } ],
	[ 'customer_events', 'e FROM events', 150000, 44, {
	write => 'SELECT customer_events_send($1), customer_events_send((SELECT rollup(x) FROM (VALUES ($1)) v(x)))',
	read => q{SELECT customers($1), (SELECT sum(events) FROM event_table($1)), customers(activity($1)),
		(SELECT count(*) FROM funnel_table($1, '{view,a,b,cart}', '3 days', period => '100000 months')),
		(SELECT count(*) FROM funnel_attempts($1, '{a,b,a}', '3 days', 'all'))},
	merge => q{SELECT customers(rollup(x)) FROM (SELECT $1 UNION ALL SELECT $1) v(x)} } ]);

for my $damage (@damages)
{
	my ($type, undef, undef, undef, $statements) = @$damage;
	my $oid = sql("SELECT '$type'::regtype::oid");
	for my $name (keys %$statements)
	{
		send_message('P', "$type $name\0$statements->{$name}\0" . pack('nN', 1, $oid));
	}
}
send_message('S', '');
flush_messages();
($state, $text) = read_answer();
is($state, '00000', 'the statements are prepared') or diag($text);

srand(20240229);
my (@sound, $header);
my @favourites = map { pack 'H*', $_ } qw(00 01 02 03 04 05 07 08 0f 10 3f 40 7f 80 81 c0 fe ff 0000 8000 8001 ff7f
                                              ffff ff0f 00000000 00000001 7fffffff 80000000 ffffffff
  ffffff7f ffffffff0f ffffffff7f 0000000000000000 0000000000000001 ffffffffffffffff 7fffffffffffffff
      8000000000000000 ffffffffffffffffff01 ffffffffffffffffff7f 80808080808080808001);

sub damaged
{
	my $value = $sound[ int rand @sound ];

	for (0 .. int rand 3)
	{
		my $kind = int rand 9;
		my $at = int rand length $value;
		# where the counts are
		$at = int rand(length($value) < $header ? length $value : $header) if rand() < 0.4;
		my $new = $favourites[ int rand @favourites ];

		if ($kind <= 1)    { substr($value, $at, 1) = chr int rand 256; }
		elsif ($kind == 2) { substr($value, $at, 1)
		                         = chr((ord(substr $value, $at, 1) + (rand() < 0.5 ? 1 : -1)) & 255); }
		elsif ($kind == 3) { substr($value, $at, 1) ^= chr(1 << int rand 8); }
		elsif ($kind == 4) { $value = substr $value, 0, $at; $value = "\x01" unless length $value; }
		elsif ($kind == 5) { $value .= $new; }
		elsif ($kind == 6) { substr($value, $at, 0) = $new; }
		elsif ($kind == 7) { substr($value, $at, 1 + int rand 4) = ''; $value = "\x01" unless length $value; }
		else { substr($value, $at, length $new) = $new if $at + length $new <= length $value; }
	}
	return $value;
}

# questions that are sent before an answer is read
my $batch = 40;

for my $damage (@damages)
{
	my ($type, $source, $total, $of_header) = @$damage;
	my (%outcome, @wrong);

	$header = $of_header;
	my ($column) = split / /, $source;
	@sound = map { pack 'H*', $_ } split /\n/,
	  sql("SELECT encode(${type}_send($column), 'hex') FROM (SELECT $source WHERE $column IS NOT NULL ORDER BY id) s
	       WHERE length(${type}_send($column)) < 800");
	cmp_ok(scalar @sound, '>=', 8, "$type: values to damage");
	my %sound = map { $_ => 1 } @sound;

	for my $name (qw(text binary))
	{
		my $format = $name eq 'binary' ? 1 : 0;
		my %accepted;

		for my $round (1 .. $total / $batch)
		{
			my @values = map { damaged() } 1 .. $batch;
			ask("$type write", $format, $format ? $_ : '\x' . unpack 'H*', $_) for @values;
			flush_messages();
			for my $value (@values)
			{
				my ($state, $text, @columns) = read_answer();
				$outcome{$name}{$state}++;
				if ($state eq '00000')
				{
					$accepted{$value} = 1;
					push @wrong, "not what was read: " . unpack 'H*', $value if $columns[0] ne $value;
					push @wrong, "not the only form: " . unpack 'H*', $value if $columns[1] ne $value;
				}
				elsif ($state eq 'lost' || $state =~ /^XX/)
				{
					push @wrong, "$state $text: " . unpack 'H*', $value;
				}
			}
			last if $outcome{$name}{lost};
		}
		is($outcome{$name}{lost} // 0, 0, "$total damaged values of $type as $name: the connection lives") or last;
		my @states = grep { $_ ne '00000' } sort keys %{ $outcome{$name} };
		is("@states", $format ? '22P03' : '22P02', "what is refused as $name has one SQLSTATE: $type");
		cmp_ok($outcome{$name}{$states[0]} // 0, '>', $total / 4, "many were refused as $name: $type");
		cmp_ok(scalar(grep { !$sound{$_} } keys %accepted), '>', $total / 200, "others were accepted as $name: $type");
		note(join ', ', map { "$_: $outcome{$name}{$_}" } sort keys %{ $outcome{$name} });

		# the accepted ones are values like any other
		my @accepted = (sort keys %accepted)[ 0 .. (keys %accepted > 20000 ? 19999 : keys(%accepted) - 1) ];
		while (my @values = splice @accepted, 0, $batch)
		{
			for my $value (@values)
			{
				ask("$type $_", $format, $format ? $value : '\x' . unpack 'H*', $value) for qw(read merge);
			}
			flush_messages();
			for my $value (@values)
			{
				for my $statement (qw(read merge))
				{
					my ($state, $text) = read_answer();
					$outcome{$statement}{$state}++;
					# days at the ends of the calendar may have no bin; what adds up to too much is said so
					push @wrong, "$statement $state $text: " . unpack 'H*', $value
					  unless $state eq '00000' || $statement eq 'read' && $state eq '22008'
					  || $type =~ /^customer_(purchases|subscriptions)$/ && $state eq '22003'
					  # cells of an activity have no revenue; a few bytes can mean a table beyond its limit
					  || $type eq 'revenue_cells' && $state =~ /^(22023|22003|54000)$/;
				}
			}
		}
	}
	is(join("\n", @wrong[ 0 .. (@wrong > 5 ? 4 : $#wrong) ]), '',
	   "$type: no internal error, no second form of a value, all that is accepted can be used");
	cmp_ok($outcome{read}{'00000'} // 0, '>', 1000, "$type: accepted values were read");
	cmp_ok($outcome{merge}{'00000'} // 0, '>', 1000, "$type: accepted values were merged");
	note(join ', ', map { my $n = $_; map { "$n $_: $outcome{$n}{$_}" } sort keys %{ $outcome{$n} } } qw(read merge));
}
is(sql('SELECT * FROM picture'), $picture, 'the values are as they were');

$node->stop;
done_testing();
