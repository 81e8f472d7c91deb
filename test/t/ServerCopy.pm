# A copy of the server's directories into which another build of the extension can be
# installed, so that the server stays as it is.  Its programs are copies, since they
# find their files by their own place; everything else is a link.
package ServerCopy;

use strict;
use warnings FATAL => 'all';
use Exporter qw(import);
use File::Basename qw(basename dirname);
use File::Copy qw(copy);
use File::Path qw(make_path);
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

our @EXPORT = qw(copy_server);

# What the server's pg_config says, by option
sub server
{
	my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
	my %server = map { my $dir = `'$pg_config' --$_`; chomp $dir; $_ => $dir }
		qw(bindir sharedir pkglibdir includedir-server cc);

	return (%server, pg_config => $pg_config);
}

# Makes the copy, without the extension, in a directory of its own below this one.
# The test is skipped where nothing can be built.
#     install_path    what PostgreSQL::Test::Cluster->new wants
#     cc              the compiler
#     sharedir        where the server itself has its files
sub copy_server
{
	my ($dir) = @_;
	my %server = server();
	my ($cc) = split ' ', $server{cc};

	plan skip_all => 'this server has no headers' unless -e "$server{'includedir-server'}/postgres.h";
	plan skip_all => 'there is no compiler' if system("command -v '$cc' >/dev/null 2>&1");

	my $common = $server{bindir};
	$common = dirname($common) until grep({ index($_, "$common/") == 0 } @server{qw(sharedir pkglibdir)}) == 2;
	my $self = bless { %server, cc => $cc, dir => $dir, common => $common }, __PACKAGE__;

	make_path(map({ $self->place($server{$_}) } qw(bindir pkglibdir)), $self->place("$server{sharedir}/extension"));
	for my $program (grep { -f } glob "$server{bindir}/*")
	{
		my $to = $self->place($program);
		copy($program, $to) or die "$to: $!";
		chmod 0755, $to or die "$to: $!";
	}
	for my $file (glob("$server{sharedir}/*"), glob("$server{sharedir}/extension/*"), glob("$server{pkglibdir}/*"))
	{
		my $to = $self->place($file);
		next if -e $to || basename($file) =~ /^retention\b/;
		symlink $file, $to or die "$to: $!";
	}
	$self->{install_path} = dirname($self->place($server{bindir}));
	return $self;
}

# Where the copy has a file of the server
sub place
{
	my ($self, $file) = @_;

	return "$self->{dir}/server" . substr($file, length $self->{common});
}

# Puts the extension's files that are below a directory as DESTDIR has them into the copy
sub take
{
	my ($self, $from) = @_;

	for my $file (glob("$from$self->{sharedir}/extension/retention*"), glob("$from$self->{pkglibdir}/retention.*"))
	{
		my $to = $self->place(substr($file, length $from));
		next unless -f $file;
		unlink $to;
		copy($file, $to) or die "$to: $!";
	}
	return;
}

# The extension as the server has it
sub install_present
{
	my ($self) = @_;

	return $self->take('');
}

# Builds the extension from a tree, with these variables of make, and installs it in
# the copy; false, with the end of what make wrote, if that fails
sub install_built
{
	my ($self, $tree, @variables) = @_;
	my ($build, $log) = ("$self->{dir}/build", "$self->{dir}/build.log");

	delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR)};
	make_path($build);
	my $status = system("make -j2 -C '$build' -f '$tree/Makefile' PG_CONFIG='$self->{pg_config}' with_llvm=no "
		. join(' ', map { "'$_'" } @variables) . " install DESTDIR='$self->{dir}/installed' >'$log' 2>&1");
	diag(slurp_file($log)) if $status;
	$self->take("$self->{dir}/installed") unless $status;
	return $status == 0;
}

1;
