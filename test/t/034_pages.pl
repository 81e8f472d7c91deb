# What the pages say of the code: files are where the pages look for them, every
# function is on a page, errors are quoted as the code raises them, links lead
# somewhere.
use strict;
use warnings FATAL => 'all';
use FindBin;
use Test::More;

my $root = "$FindBin::Bin/../..";
chdir $root or die "cannot go to $root: $!";

sub text
{
	my ($path) = @_;

	open my $file, '<:encoding(UTF-8)', $path or die "cannot read $path: $!";
	local $/;
	return <$file>;
}

my %page = map { $_ => text($_) } qw(README.md CONTRIBUTING.md SECURITY.md test/bench/README.md),
	sort glob 'doc/*.md';

# Without blocks of code
sub prose
{
	my ($text) = @_;

	return $text =~ s/^```.*?^```\s*$//msgr;
}

# The table of files in internals.md is the list of the Makefile, in its order
my $makefile = text('Makefile') =~ s/\\\n/ /gr;
my %variable = $makefile =~ /^(\w+)\s*:?=[ \t]*(.*?)[ \t]*$/mg;
my @stems = map { s{^\w+/}{}r } map { split ' ', $variable{$_} } qw(BASE MATH STORE HISTORY FAMILY);
my ($files) = $page{'doc/internals.md'} =~ /^## Files\n(.*?)^## /ms;
my @named;
for my $row ($files =~ /^\|(.*)\|$/mg)
{
	my (undef, $stem) = split /\|/, $row;
	push @named, $stem =~ /`(\w+)`/g;
}
is("@named", "@stems", 'internals.md has the files of the Makefile, in their order');

# Paths that CONTRIBUTING names are there, below the root, src/ or doc/
for my $path ($page{'CONTRIBUTING.md'} =~ /`([\w.]+\/[\w.\/]*\w(?:\.\w+)?)`/g)
{
	next if $path =~ /NAME/;
	ok((grep { -e } $path, "src/$path", "src/$path.c"), "CONTRIBUTING.md: $path is there");
}

# Relative links lead to files, and to headings in them
sub anchors
{
	my ($text) = @_;
	my %seen;

	for my $heading (prose($text) =~ /^#+ (.*?)\s*$/mg)
	{
		$seen{ lc($heading) =~ s/[^\w\s-]//gr =~ s/\s/-/gr } = 1;
	}
	return %seen;
}
for my $from (sort keys %page)
{
	my ($dir) = $from =~ m{^(.*/)};
	for my $link (prose($page{$from}) =~ /\]\(([^)\s]+)\)/g)
	{
		next if $link =~ /^\w+:/;
		my ($path, $anchor) = split /#/, $link, 2;
		my $file = $path eq '' ? $from : ($dir // '') . $path;
		1 while $file =~ s{[^/]+/\.\./}{};
		ok(-e $file, "$from: $link is there") or next;
		next unless defined $anchor;
		my %anchor = anchors(text($file));
		ok($anchor{$anchor}, "$from: $link leads to a heading");
	}
}

# Every function that a user calls has a signature on a page, and a place in README
my ($reference) = $page{'README.md'} =~ /^## Reference\n(.*?)^## /ms;
my ($version) = text('retention.control') =~ /^default_version = '([\d.]+)'$/m;
my %function = map { $_ => 1 } text("sql/retention--$version.sql") =~ /^CREATE (?:FUNCTION|AGGREGATE) (\w+)\(/mg;
my $support = qr/_(transfn|invfn|combine|finalfn|in|out|recv|send|support)(_\w+)?$
	|_(eq|ne|lt|le|gt|ge|cmp|hash|hash_extended|sortsupport)$/x;
for my $name (sort grep { !/$support/ && !/^retention_version$/ } keys %function)
{
	ok((grep { /^(```\n(?:(?!```).)*?)?\Q$name\E ?\(/ms } @page{ grep { /^doc/ } keys %page }), "$name is on a page");
	like($reference, qr/`\Q$name\E`/, "$name is in README's reference");
}

# Errors: one shape, and the words of the code
my @literals;
for my $path (glob 'src/*/*.[ch]')
{
	my $code = text($path) =~ s/"\s*\n\s*"//gr;
	push @literals, map { s/\\"/"/gr } $code =~ /"((?:[^"\\\n]|\\.)+)"/g;
}
my %literal = map { $_ => 1 } @literals;
my @patterns = map { my $p = quotemeta; $p =~ s/\\%(?:\\\.\d+)?l*[a-z]/.+/g; qr/^$p/ }
	grep { length(s/%\w+|[^a-z]//gr) >= 7 } keys %literal;
for my $path (sort grep { /^doc/ && !/\bbi\b|internals|programs|questions|release/ } keys %page)
{
	my ($errors) = $page{$path} =~
	  /^## Errors\n\n\| error \| when \| what to do \|\n\|---\|---\|---\|\n((?:\|.*\|\n)+)\z/m;
	ok($errors, "$path ends with a table of errors") or next;
	for my $cell ($errors =~ /^\| (.*?) \| /mg)
	{
		next if $cell =~ /the server's/;
		my $before = '';
		for my $message ($cell =~ /`([^`]+)`/g)
		{
			# "mode ..." after "period must not be null" is "mode must not be null"
			my ($name) = $message =~ /^(\w+) \.\.\.$/;
			my $whole = defined $name ? $name . ($before =~ s/^\w+//r) : $message;
			$before = $whole;
			my $sample = $whole =~ s/\.\.\./x/gr;
			ok((grep { $sample =~ $_ } @patterns), "$path: \"$whole\" is raised");
		}
	}
}

done_testing();
