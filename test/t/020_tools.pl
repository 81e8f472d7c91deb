# The tools on machines where something is missing, made of stand-ins: a
# pg_config that names directories of the test, and apt-get and sudo that only
# write down what they are asked.  Nothing is installed outside of the test.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::Bin;
use IPC::Run qw(run);
use POSIX ();
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

plan skip_all => 'root may write everywhere, and this is about those who may not' if $> == 0;

my $dir = PostgreSQL::Test::Utils::tempdir_short();

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES KEEP ORDERS ORDER_COLUMNS SKIP_SETUP NO_INSTALL DESTDIR)};
$ENV{TMPDIR} = $dir;
$ENV{LC_ALL} = 'C';
$ENV{COPT} = '-O0';		# the library is only looked at

sub script
{
	my ($path, @lines) = @_;
	open my $fh, '>', $path or die "$path: $!";
	print $fh join("\n", '#!/bin/sh', @lines, '');
	close $fh;
	chmod 0755, $path;
}

sub content
{
	my ($path) = @_;
	open my $fh, '<', $path or return '';
	local $/;
	return scalar <$fh>;
}

my ($real) = grep { -x } map { "$_/" . ($ENV{PG_CONFIG} && $ENV{PG_CONFIG} !~ m,/, ? $ENV{PG_CONFIG} : 'pg_config') }
	split /:/, $ENV{PATH};
$real = $ENV{PG_CONFIG} if ($ENV{PG_CONFIG} // '') =~ m,/,;
chomp(my $headers = `'$real' --includedir-server`);
plan skip_all => 'this server has no headers' unless -e "$headers/postgres.h";
my ($major) = `'$real' --version` =~ /(\d+)/;

# All that the machine has but sudo and apt, which the test adds
mkdir "$dir/bin";
for my $from (reverse split /:/, $ENV{PATH})
{
	for my $program (grep { -f && -x } glob "$from/*")
	{
		my ($name) = $program =~ m,([^/]+)$,;
		next if $name =~ /^(sudo|apt-get|apt-cache|pg_config)$/;
		unlink "$dir/bin/$name";
		symlink $program, "$dir/bin/$name";
	}
}
mkdir "$dir/$_" for qw(stubs lib share share/extension headers);
script("$dir/pg_config", 'case $1 in',
	"--includedir-server) echo '$dir/headers' ;;",
	"--pkglibdir) echo '$dir/lib' ;;",
	"--sharedir) echo '$dir/share' ;;",
	"*) exec '$real' \"\$@\" ;;", 'esac');
$ENV{PG_CONFIG} = "$dir/pg_config";

# Exit status and output, errors among it, with "name => lines" as stand-ins
sub tool
{
	my ($command, %stubs) = @_;
	unlink glob "$dir/stubs/*";
	unlink "$dir/called";
	script("$dir/stubs/$_", "echo \"$_ \$*\" >>'$dir/called'", $stubs{$_}) for keys %stubs;
	local $ENV{PATH} = "$dir/stubs:$dir/bin";
	my $out;
	run($command, '<', \undef, '>', \$out, '2>&1', init => sub { POSIX::setsid() });
	return ($? >> 8, $out);
}

sub setup
{
	return tool([ "$root/tools/setup" ], @_);
}

my %apt = ('apt-get' => 'exit 0', 'apt-cache' => 'exit 0');
my $package = "postgresql-server-dev-$major";
my ($rc, $out);

# pg_config and pgxs.mk are there, the headers are not
{
	local $ENV{NO_INSTALL} = 1;
	($rc, $out) = setup(%apt, sudo => 'exit 0');
	is($rc, 1, 'without headers nothing can be built');
	like($out, qr/^Missing on this machine: $package\b/, 'their package is named');
	like($out, qr/^  sudo apt-get install --no-install-recommends $package$/m, 'with the command that installs it');
	unlike(content("$dir/called"), qr/apt-get/, 'which is not called');

	($rc, $out) = setup('apt-get' => 'exit 0', 'apt-cache' => 'exit 100');
	like($out, qr/^  apt-get update && apt-get install --no-install-recommends $package$/m,
		'on a machine without lists of packages it gets them first');
}
for my $goal ('all', 'install')
{
	($rc, $out) = tool([ 'make', '-C', $dir, '-f', "$root/Makefile", $goal ], %apt);
	is($rc, 2, "make $goal stops");
	like($out, qr,no \Q$dir\E/headers/postgres\.h: .*"apt-get install --no-install-recommends $package",,
	     'and says the same');
	unlike($out, qr/-o src/, 'before anything is compiled');
}
($rc, $out) = setup(%apt);
isnt($rc, 0, 'who can neither install nor call sudo is told whom to ask');
my $once = qr/As root, once:\n  apt-get install --no-install-recommends $package/;
like($out, qr/$once\n  PG_CONFIG=\Q$dir\E\/pg_config \Q$root\E\/tools\/setup$/m,
	'and what to ask for');
unlike($out, qr/Building/, 'and nothing is built');
($rc, $out) = setup(%apt, sudo => 'exit 1');
isnt($rc, 0, 'so is who may not use sudo');
like($out, qr/As root, once:\n  apt-get install/, 'with the same words');
unlike(content("$dir/called"), qr/apt-get update/, 'and apt-get is not called');

# Of several servers: one that extensions can be built for, else the first
{
	delete local $ENV{PG_CONFIG};
	my $choose = ". '$root/tools/lib.sh'; list_pg_configs() { echo '$dir/pg_config'; echo '$real'; }; "
		. "find_server; echo \$PG_CONFIG";
	($rc, $out) = tool([ 'bash', '-c', $choose ]);
	is($out, "$real\n", 'a server with headers is preferred');
	$choose =~ s/echo '\Q$real\E'/true/;
	($rc, $out) = tool([ 'bash', '-c', $choose ]);
	is($out, "$dir/pg_config\n", 'to one without');
}

# A dead source: what matters is whether the packages can be had
($rc, $out) = setup(
	'apt-cache' => 'exit 0',
	'apt-get' => 'echo "E: The repository does not have a Release file." >&2; exit 100',
	sudo => '[ "$1" = -n ] && shift; exec "$@"');
isnt($rc, 0, 'packages that cannot be had are an error');
like($out, qr/E: The repository/, 'with what apt-get says');
unlike($out, qr/Building/, 'and nothing is built then');

# A directory that may not be written, headers or not, ends it before the build
rmdir "$dir/headers";
symlink $headers, "$dir/headers";
chmod 0555, "$dir/lib";
($rc, $out) = setup(%apt);
isnt($rc, 0, 'a directory that may not be written is an error');
like($out, qr/^error: .*\Q$dir\E\/lib is not writable/m, 'it is named');
like($out, qr/As root, once:\n  PG_CONFIG=\Q$dir\E\/pg_config \Q$root\E\/tools\/setup$/m, 'with what to ask for');
unlike($out, qr/Building/, 'before the build');
($rc, $out) = tool([ 'make', '-C', $dir, '-f', "$root/Makefile", 'install' ], %apt);
is($rc, 2, 'make install stops, too');
like($out, qr/\Q$dir\E\/lib is not writable: .*sudo make install/, 'and says why');
unlike($out, qr/-o src/, 'before the build');
ok(!-e "$dir/src", 'of which there is no trace');
chmod 0755, "$dir/lib";

# apt-get brings the headers in spite of the dead source
unlink "$dir/headers";
mkdir "$dir/headers";
($rc, $out) = setup(
	'apt-cache' => 'exit 0',
	'apt-get' => "case \$1 in update) echo 'E: no Release file' >&2; exit 100 ;; "
	  . "*) rmdir '$dir/headers'; ln -s '$headers' '$dir/headers' ;; esac",
	tee => 'cat >/dev/null', mkdir => "case \$* in *createcluster.d*) ;; *) exec '$dir/bin/mkdir' \"\$@\" ;; esac",
	rm => "case \$* in *createcluster.d*) ;; *) exec '$dir/bin/rm' \"\$@\" ;; esac",
	sudo => '[ "$1" = -n ] && shift; exec "$@"');
is($rc, 0, 'one dead source does not end it') or diag($out);
like($out, qr/could not reach every source/, 'but is told');
like(content("$dir/called"), qr/^apt-get install .*$package$/m, 'the package is installed');
ok(-e "$dir/share/extension/retention.control", 'and then the extension');

# What is installed and comes from this tree is used, whoever may write there,
# and without anything that a build needs
chmod 0555, "$dir/lib", "$dir/share/extension";
unlink "$dir/headers";
mkdir "$dir/headers";
my ($compiler) = split ' ', `$real --cc`;
unlink map { "$dir/bin/$_" } 'cc', 'gcc', $compiler;
($rc, $out) = setup(%apt);
is($rc, 0, 'an extension that an administrator has installed is used') or diag($out);
like($out, qr/^Using retention as it is installed for .*built from this tree$/m, 'and that is said');
unlike(content("$dir/called"), qr/apt-get/, 'nothing is installed');

# Not if it is another one
chmod 0755, "$dir/share/extension";
open my $fh, '>>', "$dir/share/extension/retention--1.0.sql" or die $!;
print $fh "-- changed\n";
close $fh;
chmod 0555, "$dir/share/extension";
($rc, $out) = setup(%apt);
isnt($rc, 0, 'one that was built from another tree is not');
like($out, qr/Missing on this machine: .*gcc.*$package/, 'a compiler is missing then, as are the headers');
rmdir "$dir/headers";
symlink $headers, "$dir/headers";
script("$dir/bin/$compiler", 'exit 0');
($rc, $out) = setup(%apt);
like($out, qr/built from another tree\.\nTo use it as it is: SKIP_SETUP=1/, 'it is said how to use it all the same');
{
	local $ENV{SKIP_SETUP} = 1;
	($rc, $out) = setup(%apt);
	is($rc, 0, 'which works');
}
chmod 0755, "$dir/lib", "$dir/share/extension";

done_testing();
