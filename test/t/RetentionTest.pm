# What several of the tests beside this file need: a server with the extension,
# SQL in it, the reference data, files of the tree, a demo.
package RetentionTest;

use strict;
use warnings FATAL => 'all';
use Cwd qw(abs_path);
use Exporter qw(import);
use FindBin;
use IPC::Run qw(run);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(start_server sql reference_files text_of own_dir
  prepare_demos demo_command make_demo $root $CRASHES_SHOW);

# The source tree
our $root = abs_path("$FindBin::Bin/../..");

# Settings for tests that a crash must not escape, and that cause too many errors to log
our $CRASHES_SHOW = "restart_after_crash = off\nlog_min_messages = panic\nlog_min_error_statement = panic";

my $node;

# Starts a server and creates the extension in its database postgres.
#     conf            lines for postgresql.conf
#     initdb          arguments for initdb
#     streaming       1 for physical standbys, 'logical' for subscribers
#     no_extension    leave the extension to the test
#     install_path    of another server
#     env             variables of the environment for the server alone
# No query is compiled: sums over generated rows look dear to the planner and are not.
sub start_server
{
	my ($name, %options) = @_;

	$node = PostgreSQL::Test::Cluster->new($name,
		$options{install_path} ? (install_path => $options{install_path}) : ());
	$node->init($options{initdb} ? (extra => $options{initdb}) : (), allows_streaming => $options{streaming} // 0);
	$node->append_conf('postgresql.conf', "jit = off\n" . ($options{conf} // ''));
	{
		my %env = %{ $options{env} // {} };
		local @ENV{ keys %env } = values %env;
		$node->start;
	}
	sql('CREATE EXTENSION retention') unless $options{no_extension};
	return $node;
}

# What a query returns in the database postgres of the server that was started last
sub sql
{
	my ($query) = @_;

	return $node->safe_psql('postgres', $query);
}

# Paths of files of the reference data; without them the test is skipped
sub reference_files
{
	my $shared = $ENV{RETENTION_SHARED} || "$root/../shared";
	my @files = map { "$shared/$_" } @_;

	for my $file (@files)
	{
		plan skip_all => "no reference data: $file is missing (RETENTION_SHARED names its directory)" unless -r $file;
	}
	return @files;
}

# The content of a file of the source tree, as bytes
sub text_of
{
	my ($name) = @_;

	open my $file, '<', "$root/$name" or die "cannot read $name: $!";
	local $/;
	return scalar <$file>;
}

# A new directory, which the server may read
sub own_dir
{
	my $dir = PostgreSQL::Test::Utils::tempdir_short();

	chmod 0755, $dir or die "$dir: $!";
	return $dir;
}

# Readies the environment for demos, whose temporary files go to a directory.
# The extension is installed already, and a make above this test must not reach
# the ones below.
sub prepare_demos
{
	my ($dir) = @_;

	delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES KEEP ORDERS ORDER_COLUMNS PGDATESTYLE OUT)};
	$ENV{TMPDIR} = $dir;
	$ENV{SKIP_SETUP} = 1;
	return;
}

# The command of a demo with these variables, made in a directory
sub demo_command
{
	my ($dir, @variables) = @_;

	return ('make', '-s', '-C', $dir, '-f', "$root/Makefile", 'demo', @variables);
}

# Its exit status, output and errors
sub make_demo
{
	my ($out, $err);

	run([ demo_command(@_) ], '<', \undef, '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

1;
