# Lines that fit on a screen, files that one reads in one sitting: no line above
# 120 columns, with tabs of four, and no file of code or tests above 800 lines.
# Sentences for the user stay in one piece, so that they can be searched for:
# those of errors and those of COMMENTs.
use strict;
use warnings FATAL => 'all';
use File::Find;
use FindBin;
use Test::More;

my $columns = 120;
my $lines = 800;

# A sentence for the user
my $sentence = qr{^\s*err(?:msg|detail|hint)\w*\(|^COMMENT ON };

# The script of the extension is one file, however much there is to install
my $installed = qr{^sql/};

# Lines that are too long, by number
sub long_lines
{
	my @long;
	my $number = 0;

	for my $line (@_)
	{
		my $wide = $line;
		$number++;
		chomp $wide;
		1 while $wide =~ s/^([^\t]*)\t/$1 . ' ' x (4 - length($1) % 4)/e;
		push @long, $number if length $wide > $columns && $line !~ $sentence;
	}
	return @long;
}

# All files that people write, except prose and the measurements, whose queries
# are read beside their names
my @files;
chdir "$FindBin::Bin/../.." or die;
find({ no_chdir => 1, wanted => sub {
	push @files, $_ if -f && -T && !m{^test/bench/|\.(?:md|o|bc|so|dylib)$};
} }, qw(src sql test tools));
cmp_ok(scalar @files, '>', 100, 'the files are found');

for my $path (sort @files)
{
	open my $file, '<:encoding(UTF-8)', $path or die "cannot read $path: $!";
	my @content = <$file>;
	my @long = long_lines(@content);

	is(join(', ', @long), '', "$path: no line has more than $columns columns");
	cmp_ok(scalar @content, '<=', $lines, "$path: no more than $lines lines") unless $path =~ $installed;
}

# The test can fail
is(join(' ', long_lines("x" x 120 . "\n", "x" x 121 . "\n", "\t" . "x" x 116, "\t" . "x" x 117)), '2 4',
	'long lines are found');

done_testing();
