# What SpamAssassin, with its own rules and no network (-L), says of mails: points and rules by name of the file, as JSON.
use strict;
use warnings;
use File::Basename qw(fileparse);
use File::Temp qw(tempdir);
use JSON::PP;
use Mail::SpamAssassin;

my $home = tempdir(CLEANUP => 1);
my $judge = Mail::SpamAssassin->new({
    local_tests_only    => 1,
    dont_copy_prefs     => 1,
    userprefs_filename  => "$home/none",
    userstate_dir       => $home,
    home_dir_for_helpers => $home,
});
$judge->compile_now(0, 1);
my %told;
for my $file (@ARGV) {
    open my $in, '<:raw', $file or die "$file: $!";
    my $mail   = $judge->parse([<$in>]);
    my $status = $judge->check($mail);
    my ($name) = fileparse($file, '.eml');
    $told{$name} = { points => $status->get_score + 0, rules => [ sort split /,/, $status->get_names_of_tests_hit ] };
    $status->finish;
    $mail->finish;
}
print JSON::PP->new->ascii->encode(\%told);
