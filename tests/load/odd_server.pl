# A server that misbehaves by port, for machines that have perl and openssl and little else.
# usage: odd_server.pl PORT=BEHAVIOUR …
use strict;
use warnings;
use IO::Socket::INET;

$SIG{CHLD} = 'IGNORE';

sub head_of {
    my ($client) = @_;
    my $head = '';
    while ($head !~ /\r\n\r\n/) {
        sysread($client, $head, 65536, length $head) or return undef;
    }
    return $head;
}

sub say_to {
    my ($client, $text) = @_;
    my $at = 0;
    while ($at < length $text) {
        my $wrote = syswrite($client, $text, length($text) - $at, $at);
        defined $wrote or exit 0;
        $at += $wrote;
    }
}

sub rest { select(undef, undef, undef, $_[0]) }

sub answer {
    my ($client, $body, @headers) = @_;
    my $head = join "\r\n", 'HTTP/1.1 200 OK', 'Content-Length: ' . length($body), @headers;
    say_to($client, "$head\r\n\r\n$body");
}

sub chunks_of {
    my ($client, $type, $pause, @chunks) = @_;
    say_to($client, "HTTP/1.1 200 OK\r\nContent-Type: $type\r\nTransfer-Encoding: chunked\r\n\r\n");
    for my $chunk (@chunks) {
        say_to($client, sprintf("%x\r\n%s\r\n", length $chunk, $chunk));
        rest($pause);
    }
}

sub accept_key {
    my ($key) = @_;
    $key =~ /^[A-Za-z0-9+\/=]+$/ or die "not a key";
    my $said = `printf %s ${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11 | openssl dgst -sha1 -binary | base64`;
    chomp $said;
    return $said;
}

# WebSocket: what comes in a frame goes out in one, until there is no more.
sub web_socket {
    my ($client, $head) = @_;
    my ($key) = $head =~ /Sec-WebSocket-Key: (\S+)/i or return;
    my $accepted = accept_key($key);
    say_to($client, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        . "Connection: Upgrade\r\nSec-WebSocket-Accept: $accepted\r\n\r\n");
    while (sysread($client, my $start, 2) == 2) {
        my ($first, $second) = unpack 'CC', $start;
        my $length = $second & 127;
        my $data = '';
        while (length $data < 4 + $length) {
            sysread($client, $data, 4 + $length - length $data, length $data) or return;
        }
        my $mask = substr($data, 0, 4) x (1 + $length / 4);
        my $text = substr($data, 4) ^ substr($mask, 0, $length);
        say_to($client, pack('CC', $first, $length) . $text);
    }
}

my %behaviours = (
    close => sub { },
    garbage => sub { say_to($_[0], "\0\1\2 this is no HTTP\n" x 20) },
    never => sub { rest(3600) },
    partial => sub { say_to($_[0], "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this") },
    endless => sub { chunks_of($_[0], 'text/plain', 0.1, ("more\n") x 36000) },
    events => sub {
        my ($client) = @_;
        chunks_of($client, 'text/event-stream', 0.3, map { "data: $_\n\n" } 1 .. 5);
        say_to($client, "0\r\n\r\n");
    },
    head => sub { answer($_[0], $_[1], 'Content-Type: text/plain', 'Connection: close') },
    sleep => sub {
        my ($client, $head) = @_;
        my ($seconds) = $head =~ /sleep=([\d.]+)/;
        rest($seconds || 0);
        answer($client, 'slept', 'Connection: close');
    },
    busy => sub { say_to($_[0], "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy") },
    websocket => \&web_socket,
    lines => undef,
);

sub serve {
    my ($client, $name) = @_;
    if ($name eq 'lines') {
        while (defined(my $line = <$client>)) { say_to($client, "line: $line") }
        return;
    }
    my $head = head_of($client);
    defined $head or return;
    $behaviours{$name}->($client, $head);
}

for my $word (@ARGV) {
    my ($port, $name) = split /=/, $word;
    exists $behaviours{$name} or die "no behaviour $name";
    my $listening = IO::Socket::INET->new(LocalPort => $port, Listen => 512, ReuseAddr => 1)
        or die "port $port: $!";
    next if fork;
    while (1) {
        my $client = $listening->accept or next;
        if (!fork) {
            close $listening;
            serve($client, $name);
            exit 0;
        }
        close $client;
    }
}
