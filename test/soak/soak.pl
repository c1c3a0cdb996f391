
# A mixed load from several clients for as long as wanted, with kills, crashes,
# cancelled statements and REINDEX CONCURRENTLY, checked all the time.
#
#	make soak MINUTES=10 SEED=7
#
# What is checked are the invariants of an index: each scan returns the rows of
# its snapshot once, in the order of their distances; LIMIT k gives k rows;
# hnsw_check finds nothing; few of the true nearest rows are missed.
use strict;
use warnings;

use HnswTest;
use Test::More;
use Time::HiRes qw(time usleep);

my $minutes = $ENV{HNSW_MINUTES} || 2;
my $seed = $ENV{HNSW_SEED} || int(time());
my $end = time() + 60 * $minutes;
srand($seed);
diag "soak: $minutes minutes, seed $seed";

my $node = new_node('soak', conf => "autovacuum_naptime = 1s\nautovacuum_vacuum_scale_factor = 0.02\n"
	  . "autovacuum_vacuum_threshold = 20\nautovacuum_vacuum_cost_delay = 0\nmaintenance_work_mem = 1MB\n"
	  . "restart_after_crash = on\nmax_wal_size = 1GB\nshared_buffers = 16MB\nstatement_timeout = 60s\n");

my @tables = (
	{ name => 'small', dims => 3, rows => 300, with => 'm = 4, ef_construction = 16' },
	{ name => 'medium', dims => 32, rows => 2000, with => 'm = 16' },
	{ name => 'wide', dims => 2500, rows => 60, with => 'm = 8, ef_construction = 32' });
my %events;

foreach my $t (@tables)
{
	$t->{order} = "embedding <-> hnsw_test_vector($t->{dims}, 7)";
	$t->{index} = "$t->{name}_embedding_idx";
	fill_table($node, $t->{name}, $t->{rows}, $t->{dims}, $seed % 100000);
	$node->safe_psql('postgres', "CREATE INDEX ON $t->{name} USING hnsw (embedding vector_l2_ops) WITH ($t->{with})");
}

# a client of the load, or whoever runs the statement
sub victim
{
	my ($of) = @_;

	my ($status, $pid) = try_psql($node, qq{
		SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query ~* '$of' AND state = 'active'
		ORDER BY random() LIMIT 1});
	return $status == 0 && $pid ? $pid : undef;
}

# Rows of a snapshot, once each, and the order of a LIMIT without rows missing.  Who asks
# for nearly all rows gets those last that the search has found too late.
sub look
{
	my ($t) = @_;
	my $k = 1 + int(rand(60));
	my $q = sprintf('hnsw_test_vector(%d, %d)', $t->{dims}, int(rand(1000)));
	my ($status, $found, $err) = try_psql($node, 'BEGIN ISOLATION LEVEL REPEATABLE READ;'
		  . rows_differ($t->{name}, $t->{order}) . qq{
		SELECT 'limit', count(*), least($k, (SELECT count(*) FROM $t->{name} WHERE embedding IS NOT NULL))
		FROM (SELECT embedding FROM $t->{name} WHERE embedding IS NOT NULL ORDER BY embedding <-> $q LIMIT $k) x
		HAVING count(*) <> least($k, (SELECT count(*) FROM $t->{name} WHERE embedding IS NOT NULL));
		SELECT 'order', count(*), $k, string_agg(n || ': ' || d || ' after ' || before, ', ')
		FROM (SELECT d, lag(d) OVER () AS before, row_number() OVER () AS n
			  FROM (SELECT embedding <-> $q AS d FROM $t->{name} WHERE embedding IS NOT NULL
					ORDER BY embedding <-> $q LIMIT $k) x) y
		WHERE d < before
		HAVING count(*) > 0 AND 2 * $k <= (SELECT count(*) FROM $t->{name} WHERE embedding IS NOT NULL);
		COMMIT;});

	return '' if $status != 0 && $err =~ /connection|starting up|recovery mode|terminating|shutting down|server closed/;
	$events{scans}++;
	return $status != 0 ? "$t->{name}: status $status: $err" : $found ne '' ? "$t->{name}: $found" : '';
}

sub disturb
{
	my ($t) = @_;
	my $what = rand();

	if ($what < 0.25)
	{
		try_psql($node, "REINDEX INDEX CONCURRENTLY $t->{index}");
		$events{reindex}++;
	}
	elsif ($what < 0.6)
	{
		my $pid = victim('^(insert|update|vacuum|autovacuum|reindex)');

		$events{cancel} += kill('INT', $pid) if $pid;
	}
	elsif ($what < 0.7)
	{
		my $pid = victim('^(insert|update|vacuum)');

		return 0 unless $pid;

		my $before = crashes($node);
		return 0 unless kill('KILL', $pid);
		return 0 unless is_back($node, $before);
		$events{'kill -9'}++;
		return 1;
	}
	elsif ($what < 0.75)
	{
		$node->stop('immediate');
		$node->start;
		$events{'immediate stop'}++;
		return 1;
	}
	return 0;
}

my $round = 0;
while ($round == 0 || time() < $end)
{
	my $length = 6 + int(rand(10));
	my @loads = map { start_load($node, $_->{name}, $_->{dims}, $length, 2) } @tables;
	my $until = time() + $length - 1;
	my ($wrong, $crashed) = ('', 0);

	$round++;
	while (time() < $until && !$crashed)
	{
		my $t = $tables[ int(rand(@tables)) ];

		$wrong .= look($t);
		$crashed = disturb($t) if rand() < 0.3;
		usleep(20_000);
	}
	finish($_) foreach @loads;
	is($wrong, '', "round $round: scans under load");
	foreach my $t (@tables)
	{
		# what a REINDEX that was cancelled has left
		$node->safe_psql('postgres', qq{
			SET client_min_messages = error;
			DO \$\$ DECLARE i regclass; BEGIN
				FOR i IN SELECT indexrelid FROM pg_index WHERE indrelid = '$t->{name}'::regclass AND NOT indisvalid LOOP
					EXECUTE 'DROP INDEX ' || i;
				END LOOP;
			END\$\$;});
		$node->safe_psql('postgres', "VACUUM $t->{name}") if rand() < 0.5;
		check_index($node, $t->{index}, "round $round: $t->{name} is sound");
		every_row_once($node, $t->{name}, $t->{order}, "round $round: $t->{name}, every row once");
		my $recall = recall($node, $t->{name}, 'embedding <-> %s', 10, [ map { random_vector($t->{dims}) } 1 .. 5 ]);
		cmp_ok($recall, '>=', 0.7, sprintf("round %d: %s, recall %.2f", $round, $t->{name}, $recall));

		# as large as it was, and different rows
		$node->safe_psql('postgres', "DELETE FROM $t->{name} WHERE random() < 0.5 AND (SELECT count(*) FROM $t->{name}) > 3 * $t->{rows}");
	}
}
diag "soak: $round rounds, " . join(', ', map { "$events{$_} $_" } sort keys %events);

no_crash($node, 9);
$node->stop;
done_testing();
