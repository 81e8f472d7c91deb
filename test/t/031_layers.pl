# The floors of the code: a file includes only what stands below it.
#
# The order is that of STEMS in the Makefile, from the ground up, so that no two
# files can need each other.
use strict;
use warnings FATAL => 'all';
use FindBin;
use Test::More;

my $root = "$FindBin::Bin/../..";

sub lines
{
	my ($path) = @_;

	open my $file, '<', $path or die "cannot read $path: $!";
	return <$file>;
}

# The stems, "folder/name", in their order
my $makefile = join '', lines("$root/Makefile");
$makefile =~ s/\\\n/ /g;
my %variable = $makefile =~ /^(\w+)\s*:?=[ \t]*(.*?)[ \t]*$/mg;
sub expanded
{
	my ($text) = @_;

	1 while $text =~ s/\$\((\w+)\)/$variable{$1} \/\/ ''/e;
	return $text;
}
my @stems = grep { length } split ' ', expanded($variable{STEMS});
my (%floor, %seen);
$floor{ $stems[$_] } = $_ for 0 .. $#stems;
cmp_ok(scalar @stems, '>', 20, 'the Makefile has a list of stems');
is(scalar keys %floor, scalar @stems, 'each stem is there once');

# The files of a stem, and whether each include of them points down; returns what does not
sub climbs
{
	my ($stem, $path, @lines) = @_;
	my @wrong;

	for my $line (@lines)
	{
		next unless $line =~ /^#include "([\w\/]+)\.h"/ && exists $floor{$1};
		push @wrong, "$path includes $1.h, which stands above it" if $floor{$1} > $floor{$stem};
	}
	return @wrong;
}

chdir "$root/src" or die;
my @files = sort grep { -f } glob('*.[ch] */*.[ch]');
cmp_ok(scalar @files, '>', scalar @stems, 'the files are found');
for my $path (@files)
{
	(my $stem = $path) =~ s/\.[ch]$//;
	ok(exists $floor{$stem}, "$path has a place in the Makefile") or next;
	is(join("\n", climbs($stem, $path, lines($path))), '', "$path includes only what stands below it");
}

# Every header that is included is one of ours with a place, or the server's
for my $path (@files)
{
	my @own = grep { -f "$_.h" && !exists $floor{$_} } map { /^#include "([\w\/]+)\.h"/ ? $1 : () } lines($path);
	is("@own", '', "$path includes no header without a place");
}

# The test can fail
my ($low, $high) = @stems[ 0, -1 ];
is(scalar climbs($low, "$low.c", qq{#include "$high.h"\n}), 1, 'an include that points up is found');

done_testing();
