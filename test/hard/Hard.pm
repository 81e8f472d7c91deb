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

our @EXPORT = qw(start_hard seed is_short amount random_below pick problem figure finish);

my ($seed, $state, $problems, @figures);

# Starts a server in which a crash shows, see start_server, and prints the seed
sub start_hard
{
	my ($name, %options) = @_;

	seed();
	return start_server($name, %options, conf => "$CRASHES_SHOW\n" . ($options{conf} // ''));
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
