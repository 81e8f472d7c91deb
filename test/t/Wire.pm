# Speaks the server's protocol over its socket: psql cannot send parameters in
# the binary format, nor thousands of them in one go.
package Wire;

use strict;
use warnings FATAL => 'all';
use Errno;
use Exporter qw(import);
use IO::Select;
use IO::Socket::UNIX;
use Socket qw(MSG_DONTWAIT MSG_NOSIGNAL);

our @EXPORT = qw(wire_connect send_message flush_messages ask read_answer read_rows);

my ($connection, $buffer, $waiting);

# Connects to the database postgres of a node; returns what read_answer does
sub wire_connect
{
	my ($node) = @_;
	my $user = getpwuid($>);
	my $startup = pack('N', 196608) . "user\0$user\0database\0postgres\0\0";

	$connection = IO::Socket::UNIX->new(Peer => $node->host . '/.s.PGSQL.' . $node->port)
	  or die 'cannot connect: ' . $!;
	binmode $connection;
	$buffer = '';
	$waiting = pack('N', 4 + length $startup) . $startup;
	flush_messages();
	return read_answer();
}

# Messages wait until they are flushed
sub send_message
{
	my ($type, $body) = @_;
	$waiting .= $type . pack('N', 4 + length $body) . $body;
	return;
}

# Sends them, and reads answers meanwhile: a server that cannot send them does not
# read on, so both sides would wait for each other
sub flush_messages
{
	my $select = IO::Select->new($connection);

	while (length $waiting)
	{
		my ($readable, $writable) = IO::Select->select($select, $select);

		if (@{ $writable // [] })
		{
			my $sent = send($connection, $waiting, MSG_DONTWAIT | MSG_NOSIGNAL);

			substr($waiting, 0, $sent, '') if defined $sent;
			last if !defined $sent && !$!{EAGAIN};
		}
		last if @{ $readable // [] } && !receive();
	}
	return;
}

sub receive
{
	return sysread($connection, $buffer, 65536, length $buffer);
}

# Asks a prepared statement with one parameter, in the text format (0) or in the
# binary format (1), for an answer in the binary format
sub ask
{
	my ($name, $format, $value) = @_;

	send_message('B', "\0$name\0" . pack('nnnN', 1, $format, 1, length $value) . $value . pack('nn', 1, 1));
	send_message('E', "\0" . pack('N', 0));
	send_message('S', '');
	return;
}

sub read_message
{
	while (1)
	{
		if (length $buffer >= 5)
		{
			my $length = unpack 'N', substr $buffer, 1, 4;
			if (length $buffer > $length)
			{
				my $message = substr $buffer, 0, 1 + $length, '';
				return (substr($message, 0, 1), substr($message, 5));
			}
		}
		receive() or return;
	}
}

# Reads up to the end of a request; returns SQLSTATE and text of an error and
# the columns of the last row
sub read_answer
{
	my ($state, $text, @rows) = read_rows();

	return ($state, $text, @rows ? @{ $rows[-1] } : ());
}

# The same, with all rows, each as a list of columns
sub read_rows
{
	my (@rows, $state, $text);

	while (my ($type, $body) = read_message())
	{
		if ($type eq 'Z')
		{
			return ($state // '00000', $text, @rows);
		}
		elsif ($type eq 'E')
		{
			($state) = $body =~ /(?:^|\0)C([^\0]*)/;
			($text) = $body =~ /(?:^|\0)M([^\0]*)/;
		}
		elsif ($type eq 'D')
		{
			my $n = unpack 'n', substr $body, 0, 2, '';
			my @columns;
			for (1 .. $n)
			{
				my $length = unpack 'N', substr $body, 0, 4, '';
				push @columns, $length == 0xFFFFFFFF ? undef : substr $body, 0, $length, '';
			}
			push @rows, \@columns;
		}
	}
	return ('lost', 'the connection is lost');
}

1;
