# Damaged values of every type of the catalog, through its input and its receive
# function, and what these accept through every function and aggregate that takes it.
# None may crash the server, end in an internal error, be written differently from how
# it was read, or make a reader return what is no number or no value.
#
# The loop runs in the server, in the module beside this file, which leaves the value
# that crashes it in a file.  10 million values in the full form; with SLOWEST=1, which
# readers took longest.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../t";
use Calls;
use Catalog;
use Hard;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

my $node = start_hard('values', conf => "autovacuum = off\nmax_stack_depth = 2MB");
my @zones = qw(UTC Europe/Berlin America/New_York Asia/Kathmandu Pacific/Apia Africa/Casablanca);
my $zone = pick(@zones);
# milliseconds that a reader may take
my $limit = 50;
my $total = amount(40_000, 10_000_000);

my $record = load_module();
sql("ALTER DATABASE postgres SET timezone = '$zone'");
make_shapes(seed());
my %seeds = make_seeds();
my @functions = functions();

# What refuses a value, and what a reader says of one that it cannot take
my %clean = (
	in => qr/^(?:00000|22...|54000|42804)$/, recv => qr/^(?:00000|22...|54000|42804|08P01)$/,
	read => qr/^(?:00000|22...|54000|0A000|57014)$/);
my (%number, %read, %time, $late);

# A statement of some values of a type, and its outcomes
sub attack
{
	my ($type, $readers, $values) = @_;
	my $seeds = join ', ', map { quoted($_) } @{ $seeds{ $type->{name} } };
	my $statements = join ",\n", map { quoted($_->[0]) } @$readers;
	my ($state) = map { $_->{state} ? 'true' : 'false' } $type;
	my $of = random_below(2**31 - 1);
	my ($status, $out, $error) = $node->psql('postgres', <<"END");
SET client_min_messages = error;
SELECT * FROM hard_attack('$type->{name}', $state, ARRAY[$seeds], ARRAY[
$statements]::text[], $values, $of, $limit, '$record');
END

	return map { [ split /\|/, $_, 8 ] } split /\n/, $out if $status == 0;
	# 3 is an error of the statement itself, which is a fault of this program
	die "$error\n" if $status == 3;
	my ($number, $size, $value) = slurp_file($record) =~ /^number (-?\d+), (\d+) bytes\n(.*)/s;
	problem("the server is lost: $error\n" . ($number < 0 ? 'in or recv' : $readers->[$number][0])
		. "\n$type->{name} in $zone, with the value " . unpack 'H*', substr $value, 0, $size);
	return ([ 'lost' ]);
}

sub judge
{
	my ($type, $readers, @outcomes) = @_;

	for my $outcome (@outcomes)
	{
		my ($what, $reader, $state, $number, $slow, $time, $example, $message) = @$outcome;
		return 0 if $what eq 'lost';
		my $where = $reader >= 0 ? "$readers->[$reader][0]\n" : '';

		$number{$what} += $number;
		$time{ $reader >= 0 ? $where : $what } += $time;
		$number{accepted} += $number if $what =~ /^(?:in|recv)$/ && $state eq '00000';
		$number{late} += $number if $state eq '57014';
		$late = $slow if $slow > ($late // 0);
		$read{"$type->{name}|$readers->[$reader][1]"} += $state =~ /^(?:00000|57014)$/ if $what eq 'read';
		if (!$clean{$what})
		{
			problem("$what, $number times: $type->{name} in $zone\n$where$example") unless $what eq 'distinct';
		}
		elsif ($state !~ $clean{$what})
		{
			problem("$what, $number times: $state $message: $type->{name} in $zone\n$where$example");
		}
	}
	return 1;
}

my @types = types();
my $weights = 0;
$weights += $_->{composite} || $_->{name} eq 'customer_key' ? 1 : 8 for @types;
TYPE: for my $type (@types)
{
	next unless $seeds{ $type->{name} };
	my @readers = readers_of($type->{name}, \%seeds, \@functions);
	my $left = int($total * ($type->{composite} || $type->{name} eq 'customer_key' ? 1 : 8) / $weights) + 1;

	while ($left > 0)
	{
		my $some = $left < 20_000 ? $left : 20_000;
		judge($type, \@readers, attack($type, \@readers, $some)) or last TYPE;
		$left -= $some;
	}
}
diag(map { int($time{$_} / 1000) . " ms: $_\n" } (sort { $time{$b} <=> $time{$a} } keys %time)[ 0 .. 14 ])
  if $ENV{SLOWEST};
problem("no value of the type could be read: $_") for grep { !$read{$_} } sort keys %read;
figure('types', scalar @types);
figure('readers', scalar keys %read);
figure('damaged values', ($number{in} // 0) + ($number{recv} // 0));
figure('accepted', $number{accepted} // 0);
figure('accepted, all different', $number{distinct} // 0);
figure('calls of readers', $number{read} // 0);
figure("calls of readers that were cancelled after $limit ms", $number{late} // 0);
figure('milliseconds until the slowest of them ended', int(($late // 0) / 1000));
$node->stop('immediate');
finish('values');
