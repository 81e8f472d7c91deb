# DuckDB and ClickHouse, from npm, in a process of their own: another database
# to send statements to, with the methods of a Session.
package Engine;

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IO::Select;
use IPC::Open2;
use JSON::PP;
use Session;

my %package = (duckdb => '@duckdb/node-api', clickhouse => 'chdb');
my %set_threads = (duckdb => 'SET threads = %d', clickhouse => 'SET max_threads = %d');

# Engine->new($kind, $folder): the engine with an empty database in the folder,
# or nothing, with a message, if it cannot be had
sub new
{
	my ($class, $kind, $folder) = @_;
	my $self = bless { kind => $kind, threads => 0, buffer => '' }, $class;
	my $here = dirname(abs_path(__FILE__));
	my $packages = eval { install($kind) };

	if ($packages)
	{
		$self->{pid} = open2($self->{out}, $self->{in}, 'node', "$here/engine.js", $kind, $packages, "$folder/$kind");
		return $self if eval { $self->answer; 1 };
	}
	my ($message) = $@ =~ /^(.*)$/m;
	print "$kind is left out: $message\n";
	return;
}

# Fetch the package unless an earlier run has; returns the folder
sub install
{
	my ($kind) = @_;
	my $folder = ($ENV{XDG_CACHE_HOME} || ($ENV{HOME} // '/tmp') . '/.cache') . '/retention-bench';
	my $log;

	for my $program (qw(node npm))
	{
		system("command -v $program >/dev/null") == 0 or die "$program is not installed\n";
	}
	return $folder if -e "$folder/node_modules/$package{$kind}/package.json";
	print "fetching $package{$kind} into $folder\n";
	make_path($folder);
	Session::slurp("$folder/package.json") or put("$folder/package.json", '{"private": true}');
	$log = `cd '$folder' && npm install --no-audit --no-fund --fetch-timeout=60000 --fetch-retries=1 '$package{$kind}' 2>&1 </dev/null`;
	die "npm cannot install $package{$kind}: " . (split /\n/, $log)[0] . "\n" if $?;
	return $folder;
}

sub put
{
	my ($path, $content) = @_;
	open my $file, '>', $path or die "cannot write $path: $!\n";
	print $file $content;
	close $file or die "cannot write $path: $!\n";
	return;
}

sub close
{
	my ($self) = @_;
	close $self->{in};
	close $self->{out};
	waitpid $self->{pid}, 0;
	return;
}

# The engine's version, in a word
sub version
{
	my ($self) = @_;
	return "$self->{kind} " . $self->query('SELECT version()');
}

# Use so many threads from now on
sub threads
{
	my ($self, $n) = @_;
	$self->query(sprintf $set_threads{ $self->{kind} }, $n);
	$self->{threads} = $n;
	return;
}

# The next answer of the driver.  $poll as in Session.
sub answer
{
	my ($self, $poll) = @_;
	my $select = IO::Select->new($self->{out});
	my $answer;

	# engines write to the output, too, if only now and then
	while ($self->{buffer} !~ /^\{"id".*\n/m)
	{
		if ($poll && !$select->can_read(0.002))
		{
			$poll->();
			next;
		}
		sysread($self->{out}, $self->{buffer}, 65536, length $self->{buffer})
		  or die "$self->{kind} has ended\n";
	}
	($answer, $self->{buffer}) = $self->{buffer} =~ /^(\{"id"[^\n]*)\n(.*)\z/ms;
	$answer = decode_json($answer);
	die "$answer->{error}\n" if defined $answer->{error};
	return $answer;
}

# (result, wall milliseconds, CPU milliseconds)
sub timed
{
	my ($self, $sql, $poll) = @_;
	my $answer;

	print { $self->{in} } encode_json({ sql => $sql }) . "\n";
	$self->{in}->flush;
	$answer = $self->answer($poll);
	return ($answer->{result}, $answer->{wall}, $answer->{cpu});
}

sub query
{
	my ($self, $sql) = @_;
	return ($self->timed($sql))[0];
}

# (result, wall, CPU, peak of private memory in bytes above that before)
sub peak
{
	my ($self, $sql) = @_;
	my ($base, $peak) = (Session::rss_anon($self->{pid})) x 2;
	my $poll = sub {
		my $now = Session::rss_anon($self->{pid});
		$peak = $now if $now > $peak;
	};

	return ($self->timed($sql, $poll), $peak - $base);
}

# Nothing of the first run should count: data come from files, code is loaded
sub warm_up
{
	my ($self, $sql) = @_;
	$self->query($sql);
	return;
}

sub plan
{
	my ($self) = @_;
	return "$self->{threads} thread(s)";
}

1;
