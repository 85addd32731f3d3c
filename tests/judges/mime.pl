# What Email::MIME reads out of mails, as one JSON object by name of the file.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Email::Address::XS;
use Email::MIME;
use Encode qw(encode_utf8);
use File::Basename qw(fileparse);
use JSON::PP;
use Time::Local qw(timegm);

my %MONTHS = map { (qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec))[$_] => $_ } 0 .. 11;

sub moment {    # "Tue, 24 Nov 2026 14:38:31 +0000"; the mails are written in UTC
    my ($day, $month, $year, $time) = $_[0] =~ /^\w+, (\d+) (\w+) (\d+) ([\d:]+) \+0000$/ or die "no date: $_[0]";
    return sprintf '%04d-%02d-%02dT%s', $year, $MONTHS{$month} + 1, $day, $time;
}

sub parts {
    my ($part) = @_;
    my ($type) = $part->content_type =~ m{^([^;\s]+)};
    return map { parts($_) } $part->subparts if $type =~ m{^multipart/};
    my $data = $part->body;
    if ($type =~ m{^text/(?:plain|html)$}) {
        my $text = $part->body_str;
        $text =~ s/\r\n/\n/g;
        $text =~ s/\n+\z//;
        $data = encode_utf8($text);
    }
    return [ lc $type, sha256_hex($data) ];
}

my %read;
for my $file (@ARGV) {
    open my $in, '<:raw', $file or die "$file: $!";
    my $mail = Email::MIME->new(do { local $/; <$in> });
    my ($sender) = Email::Address::XS->parse($mail->header_str('From'));
    my $unsubscribe = join ' ', split ' ', $mail->header_str('List-Unsubscribe');
    my ($name) = fileparse($file, '.eml');
    $read{$name} = {
        subject     => $mail->header_str('Subject'),
        from        => [ $sender->phrase, $sender->address ],
        to          => $mail->header_str('To'),
        id          => $mail->header_str('Message-ID'),
        date        => moment($mail->header_str('Date')),
        parts       => [ parts($mail) ],
        unsubscribe => $unsubscribe,
    };
}
print JSON::PP->new->ascii->encode(\%read);
