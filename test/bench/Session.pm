# A psql session to send statements through, and what a statement costs:
# wall time, CPU of the backend and its parallel workers, peak of their memory.
package Session;

use strict;
use warnings;
use IO::Select;
use IPC::Open2;
use Time::HiRes qw(sleep time);

my $mark = '--end of statement--';

# Session->new($psql, $database, @settings): a connection with those settings
sub new
{
	my ($class, $psql, $database, @settings) = @_;
	my $self = bless { psql => $psql, database => $database, settings => \@settings }, $class;

	# psql's errors come through the same pipe, in the place they belong
	$self->{psql_pid} = open2($self->{out}, $self->{in},
		"exec '$psql' -X -A -t -q -d '$database' 2>&1");
	$self->{buffer} = '';
	$self->query("SET $_") for @settings;
	$self->{pid} = $self->query('SELECT pg_backend_pid()');
	($self->{postmaster}) = slurp("/proc/$self->{pid}/status") =~ /^PPid:\s+(\d+)/m;
	die "the server does not run on this machine: no process $self->{pid} in /proc\n"
	  unless $self->{postmaster};
	return $self;
}

# Another connection with the same settings
sub fresh
{
	my ($self) = @_;
	return Session->new($self->{psql}, $self->{database}, @{ $self->{settings} });
}

sub close
{
	my ($self) = @_;
	close $self->{in};
	close $self->{out};
	waitpid $self->{psql_pid}, 0;

	# nobody else's time must contain that of this backend
	for (1 .. 200)
	{
		last if !-e "/proc/$self->{pid}";
		sleep 0.01;
	}
	return;
}

# The result of a statement as text, or die with the server's message.
# $poll, if given, is called every two milliseconds until it is there.
sub query
{
	my ($self, $sql, $poll) = @_;
	my $select = IO::Select->new($self->{out});
	my $end = qr/\n?^\Q$mark\E (true|false)\n/m;

	print { $self->{in} } "$sql;\n\\echo\n\\echo $mark :ERROR\n";
	$self->{in}->flush;
	while ($self->{buffer} !~ $end)
	{
		if ($poll && !$select->can_read(0.002))
		{
			$poll->();
			next;
		}
		sysread($self->{out}, $self->{buffer}, 65536, length $self->{buffer})
		  or die "psql has ended: $self->{buffer}\n";
	}
	my ($text, $failed) = $self->{buffer} =~ /\A(.*?)$end/s;
	$self->{buffer} = '';
	die "$text\n" if $failed eq 'true';
	$text =~ s/\s+\z//;
	return $text;
}

# (result, wall milliseconds, CPU milliseconds)
sub timed
{
	my ($self, $sql, $poll) = @_;
	my $cpu = $self->cpu;
	my $start = time;
	my $result = $self->query($sql, $poll);
	my $wall = 1000 * (time - $start);

	# the postmaster must have reaped the workers
	sleep 0.01;
	return ($result, $wall, $self->cpu - $cpu);
}

# CPU milliseconds so far of the backend and of all that the postmaster reaped
sub cpu
{
	my ($self) = @_;
	my ($own) = split ' ', slurp("/proc/$self->{pid}/schedstat");
	my $stat = slurp("/proc/$self->{postmaster}/stat");
	my @fields;

	$stat =~ s/.*\)//s;
	@fields = split ' ', $stat;

	# cutime and cstime, in ticks of 10 ms
	return $own / 1e6 + 10 * ($fields[13] + $fields[14]);
}

# (result, wall, CPU, peak of private memory in bytes above that before)
sub peak
{
	my ($self, $sql) = @_;
	my ($base, $peak) = ($self->memory) x 2;
	my $poll = sub {
		my $now = $self->memory;
		$peak = $now if $now > $peak;
	};

	return ($self->timed($sql, $poll), $peak - $base);
}

# Load the libraries and fill the catalog caches, before memory counts
sub warm_up
{
	my ($self, $sql) = @_;
	$self->query("EXPLAIN $sql");
	return;
}

# The plan's aggregation and its planned workers, in a word
sub plan
{
	my ($self, $sql) = @_;
	my $plan = $self->query("EXPLAIN $sql");
	my ($workers) = $plan =~ /Workers Planned: (\d+)/;
	my @found = grep { $plan =~ /\b$_\b/ } qw(HashAggregate GroupAggregate WindowAgg);

	push @found, 'Partial' if $plan =~ /Partial (Hash|Group)?Aggregate/;
	push @found, "$workers workers" if $workers;
	return join ', ', @found;
}

# Private memory, RssAnon, of the backend and its workers, in bytes
sub memory
{
	my ($self) = @_;
	my $total = rss_anon($self->{pid});
	my $children = slurp("/proc/$self->{postmaster}/task/$self->{postmaster}/children");

	for my $pid (split ' ', $children)
	{
		$self->{is_worker}{$pid} = slurp("/proc/$pid/cmdline") =~ /parallel worker for PID $self->{pid}\b/
		  if !$self->{is_worker}{$pid};
		$total += rss_anon($pid) if $self->{is_worker}{$pid};
	}
	return $total;
}

sub rss_anon
{
	my ($pid) = @_;
	return slurp("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m ? 1024 * $1 : 0;
}

# A file's content; nothing if it has gone, as processes do
sub slurp
{
	my ($path) = @_;
	open my $file, '<', $path or return '';
	local $/;
	my $content = <$file>;
	return $content // '';
}

1;
