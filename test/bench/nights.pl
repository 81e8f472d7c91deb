# The part of "run" that measures what a scheduled job does every night: a stored
# total and the rows of one more day, stored again, with each compression of the
# column; and the end of a stored total replaced.
use strict;
use warnings;

our ($rows, $modes);

my $last_day = "timestamptz '2024-12-31 00:00:00+00'";
my %storage = (lz4 => 'SET COMPRESSION lz4', pglz => 'SET COMPRESSION pglz', none => 'SET STORAGE EXTERNAL');

sub nights
{
	my $title = 'a total and one more day';
	my %kind = (
		activity => [ 'customer_activity', 'customer_id, ordered_at', 'orders' ],
		purchases => [ 'customer_purchases', 'customer_id, ordered_at, amount', 'orders_money' ]);

	for my $what (sort keys %kind)
	{
		next if !wanted("$title, $what, serial");
		need($kind{$what}[2]);
		night("$title, $what", $what, @{ $kind{$what} });
	}
	return;
}

# One value, in a table for each compression that the server has
sub night
{
	my ($title, $what, $aggregate, $arguments, $table) = @_;
	my $s = session('serial');
	my $value = $what eq 'purchases' ? 'purchases(v)' : 'customers(v)';
	my $build = "SELECT $aggregate($arguments) AS v FROM $table";
	my $total = "night_${what}_total";
	my @ways = grep { $_ ne 'lz4' || $s->query("SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'") eq 't' } qw(lz4 pglz none);
	my (@contenders, $r);

	$s->query("DROP TABLE IF EXISTS $total");
	$s->query("CREATE TABLE $total (v $aggregate)");
	$s->query("ALTER TABLE $total ALTER COLUMN v $storage{ $ways[0] }");
	$s->query("INSERT INTO $total $build WHERE ordered_at < $last_day");
	$s->query("DROP TABLE IF EXISTS night_${what}_day");
	$s->query("CREATE TABLE night_${what}_day AS SELECT * FROM $table WHERE ordered_at >= $last_day");
	my $union = "SELECT v FROM $total UNION ALL SELECT $aggregate($arguments) FROM night_${what}_day";

	for my $way (@ways)
	{
		my $out = "night_${what}_$way";
		$s->query("DROP TABLE IF EXISTS $out");
		$s->query("CREATE TABLE $out (v $aggregate)");
		$s->query("ALTER TABLE $out ALTER COLUMN v $storage{$way}");
		$s->query("INSERT INTO $out $build");
		push @contenders,
		  [ "build, stored, $way", 'ours', "WITH i AS (INSERT INTO $out $build RETURNING v) SELECT $value FROM i", undef, { check => 'stored' } ],
		  [ "total and day, stored, $way", 'ours', "WITH i AS (INSERT INTO $out SELECT rollup(v) AS v FROM ($union) x RETURNING v) SELECT $value FROM i", undef, { check => 'stored' } ];
	}
	$r = compare($title, 'serial', $table,
		[ "floor: noop($arguments)", 'floor', "SELECT noop($arguments) FROM $table" ],
		[ 'build', 'ours', "SELECT $value FROM ($build OFFSET 0) x", undef, { check => 'stored' } ],
		[ 'total and day', 'ours', "SELECT $value FROM (SELECT rollup(v) AS v FROM ($union) x OFFSET 0) y", undef, { check => 'stored' } ],
		@contenders) or return;
	print "  bytes on disk: ", join(', ', map { "$_ " . $s->query("SELECT pg_column_size(v) FROM night_${what}_$_ LIMIT 1") } @ways), "\n";
	target("$title, stored, $_", $r, "total and day, stored, $_", "build, stored, $_" => 0.12) for @ways;
	return;
}

1;
