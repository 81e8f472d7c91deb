# What the programs beside this file share: a seed and a size that the user can
# choose, random numbers that depend on nothing else, and figures that are printed
# last.
package Hard;

use strict;
use warnings FATAL => 'all';
use Exporter qw(import);
use FindBin;
use lib "$FindBin::Bin/../t";
use RetentionTest;
use Test::More;

our @EXPORT = qw(start_hard load_module seed is_short amount random_below pick problem figure finish);

my ($seed, $state, $problems, @figures);

# Starts a server in which a crash shows, see start_server, and prints the seed
sub start_hard
{
	my ($name, %options) = @_;

	seed();
	return start_server($name, %options, conf => "$CRASHES_SHOW\n" . ($options{conf} // ''));
}

# Builds the module beside this file for the server that was started last, and creates
# its functions there: hard_run() runs queries, each of which may fail or take too long;
# hard_attack() damages values.  Returns the file in which a crash leaves what was next.
sub load_module
{
	my $dir = own_dir();
	my @make = ('make', '-s', '-C', $dir, '-f', "$root/test/hard/module/Makefile", 'with_llvm=no');

	push @make, "PG_CONFIG=$ENV{PG_CONFIG}" if $ENV{PG_CONFIG};
	delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES)};
	system(@make) == 0 or die "cannot build test/hard/module, which needs a C compiler and the server's headers\n";
	sql(qq{
CREATE FUNCTION hard_run(queries text[], time_limit integer, record text DEFAULT '$dir/record',
	OUT number integer, OUT state text,
	OUT message text, OUT result text, OUT late bigint) RETURNS SETOF record AS '$dir/retention_hard' LANGUAGE C;
CREATE FUNCTION hard_attack(type regtype, zoned boolean, seeds text[], readers text[], number bigint, seed bigint,
	time_limit integer, record text, OUT what text, OUT reader integer, OUT state text, OUT number bigint,
	OUT late bigint, OUT "time" bigint, OUT example text, OUT message text) RETURNS SETOF record
	AS '$dir/retention_hard' LANGUAGE C;
});
	return "$dir/record";
}

# SEED, or one of our own, which is printed.  Every choice of a part follows from it.
sub seed
{
	if (!defined $seed)
	{
		$seed = $ENV{SEED} || 1 + time % 1_000_000;
		$state = $seed * 2654435761 % 4294967296;
		diag("SEED=$seed");
	}
	return $seed;
}

# The short form, for .ci/run
sub is_short
{
	return ($ENV{SIZE} // '') eq 'short';
}

# How many, in the short form and else; SIZE can be a factor of the second
sub amount
{
	my ($short, $full) = @_;
	my $size = $ENV{SIZE} || 1;

	return is_short() ? $short : int($full * $size) || 1;
}

# A whole number from 0 to below a limit of at most 2^31: xorshift, 32 bits
sub random_below
{
	my ($limit) = @_;

	seed();
	$state ^= $state << 13 & 0xffffffff;
	$state ^= $state >> 17;
	$state ^= $state << 5 & 0xffffffff;
	return $state % $limit;
}

sub pick
{
	return $_[ random_below(scalar @_) ];
}

# Tells of something that must not be, with what repeats it, and goes on
sub problem
{
	my ($text) = @_;

	$problems++;
	diag($text) if $problems <= 20;
	return;
}

# Keeps a number for the last lines
sub figure
{
	my ($what, $number) = @_;

	push @figures, [ $what, $number ];
	return;
}

# The one test of a part, and its figures
sub finish
{
	my ($what) = @_;

	$problems //= 0;
	is($problems, 0, "$what, SEED=$seed");
	diag("figure: $what: $$_[0]: $$_[1]") for @figures, [ problems => $problems ];
	done_testing();
	return;
}

1;
