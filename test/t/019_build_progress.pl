
# What can be seen of a build, and what it writes: progress, WAL, the same bytes for
# the same seed, and an index that is on disk after a crash with wal_level = minimal.
use strict;
use warnings;

use HnswTest;
use Test::More;
use Time::HiRes qw(usleep);

my $dims = 32;
my $node = new_node('progress', conf => <<'CONF');
wal_level = replica
autovacuum = off
max_connections = 20
max_parallel_maintenance_workers = 3
max_wal_size = 1GB
CONF

fill_table($node, 'items', 5000, $dims);
$node->safe_psql('postgres', 'ALTER TABLE items SET (parallel_workers = 2); VACUUM ANALYZE items');
my $order = "embedding <-> hnsw_test_vector($dims, -7)";
my $create = 'CREATE INDEX items_v ON items USING hnsw (embedding vector_l2_ops)';
my $alone = 'SET client_min_messages = error; SET max_parallel_maintenance_workers = 0';
my $view = 'SELECT phase, blocks_total, blocks_done, tuples_total, tuples_done FROM pg_stat_progress_create_index';

# ---------------------------------------------------------------------------
# Progress: sampled by another session
# ---------------------------------------------------------------------------
$node->safe_psql('postgres', q{
	CREATE TABLE seen (n serial, phase text, blocks_total bigint, blocks_done bigint, tuples_total bigint, tuples_done bigint);
	CREATE PROCEDURE watch() LANGUAGE plpgsql AS $$
	DECLARE
		met bool := false;
	BEGIN
		FOR i IN 1 .. 20000 LOOP
			PERFORM pg_stat_clear_snapshot();
			INSERT INTO seen (phase, blocks_total, blocks_done, tuples_total, tuples_done)
				SELECT phase, blocks_total, blocks_done, tuples_total, tuples_done FROM pg_stat_progress_create_index;
			EXIT WHEN met AND NOT FOUND;
			met := met OR FOUND;
			PERFORM pg_sleep(0.001);
		END LOOP;
	END $$;
});
my @phases = ('initializing', 'building index', 'building index: initializing', 'building index: loading tuples',
	'building index: clustering vectors', 'building index: grouping vectors', 'building index: comparing vectors',
	'building index: choosing neighbors', 'building index: linking', 'building index: writing pages', 'building index: logging pages');
foreach my $how ([ 'one process', "$alone; SET maintenance_work_mem = '64MB'", 5000 ],
	[ 'one process, beyond memory', "$alone; SET maintenance_work_mem = '1MB'", 5000 ],
	[ 'three', "SET maintenance_work_mem = '64MB'", 5000 ],
	[ 'three, beyond memory', "SET client_min_messages = error; SET maintenance_work_mem = '2MB'", 5000 ],
	[ 'three, more rows than expected', "SET maintenance_work_mem = '64MB'", 1000 ])
{
	my ($name, $settings, $rows) = @$how;

	$node->safe_psql('postgres', "TRUNCATE seen; UPDATE pg_class SET reltuples = $rows WHERE relname = 'items'");
	my $watch = start_psql($node, 'CALL watch()');
	$node->safe_psql('postgres', "$settings; SELECT pg_sleep(0.05); $create");
	finish($watch);
	my $loading = $node->safe_psql('postgres', q{SELECT count(*) FROM seen WHERE phase LIKE '%loading tuples'});
	cmp_ok($loading, '>=', 5, "$name: looked at $loading times");
	is($node->safe_psql('postgres', q{SELECT * FROM seen WHERE blocks_done > blocks_total OR tuples_done > tuples_total}), '',
		"$name: never more done than there is");
	is($node->safe_psql('postgres', q{SELECT * FROM (SELECT seen.*, lag(blocks_done) OVER w AS blocks, lag(tuples_done) OVER w AS tuples
			FROM seen WHERE blocks_total > 0 WINDOW w AS (PARTITION BY phase ORDER BY n)) s WHERE blocks_done < blocks OR tuples_done < tuples}), '',
		"$name: never back");
	my @met = split /\n/, $node->safe_psql('postgres', q{SELECT phase FROM seen GROUP BY 1 ORDER BY min(n)});
	my %met = map { $_ => 1 } @met;
	is("@met", join(' ', grep { $met{$_} } @phases), "$name: phases in order");
	check_index($node, 'items_v');
	$node->safe_psql('postgres', 'DROP INDEX items_v');
}

# at the last page that is written every row is done
$node->safe_psql('postgres', "ANALYZE items; $alone; SET maintenance_work_mem = '64MB'; $create");
my $pages = $node->safe_psql('postgres', q{SELECT pg_relation_size('items_v') / 8192});
$node->safe_psql('postgres', 'DROP INDEX items_v');
SKIP:
{
	skip 'no debug points in this library', 5 unless has_debug_points($node);
	# a change for each page behind the first two, one for those
	foreach ([ '64MB', $pages - 1, 'writing pages', 5000 ], [ '3MB', 200, 'loading tuples', undef ])
	{
		my ($memory, $change, $phase, $tuples) = @$_;
		my $run = stop_at($node, "change:$change", "$alone; SET maintenance_work_mem = '$memory'; $create");
		my @now = split /\|/, $node->safe_psql('postgres', $view);

		is("$now[0] of $now[3]", "building index: $phase of 5000", "the phase, with $memory");
		cmp_ok($now[2], '<=', $now[1], "$phase: $now[2] blocks of $now[1]");
		is($now[4], $tuples, 'all rows are there') if defined $tuples;
		go_on($run);
		finish($run);
		$node->safe_psql('postgres', 'DROP INDEX items_v');
	}
}

# ---------------------------------------------------------------------------
# WAL: every page once
# ---------------------------------------------------------------------------
foreach my $how ([ 'one process', "$alone; SET maintenance_work_mem = '64MB'" ], [ 'one process, beyond memory', "$alone; SET maintenance_work_mem = '1MB'" ],
	[ 'three', "SET maintenance_work_mem = '64MB'" ], [ 'three, beyond memory', "SET client_min_messages = error; SET maintenance_work_mem = '2MB'" ])
{
	my ($name, $settings) = @$how;
	my ($before, $after, $size) = split /[|\n]/, $node->safe_psql('postgres',
		"$settings; SELECT pg_current_wal_insert_lsn() - '0/0'; $create; SELECT pg_current_wal_insert_lsn() - '0/0', pg_relation_size('items_v')");
	my $share = ($after - $before) / $size;

	# less than 1: pages that are not full are logged without their empty room
	ok($share >= 0.95 && $share <= 1.1, sprintf('%s: WAL is %.3f of the index', $name, $share));
	$node->safe_psql('postgres', 'DROP INDEX items_v');
}

# ---------------------------------------------------------------------------
# hnsw.seed
# ---------------------------------------------------------------------------
# All pages, without what the server puts into their heads: LSN and checksum.
sub bytes_of
{
	my ($settings) = @_;

	$node->safe_psql('postgres', "$alone; $settings; DROP INDEX IF EXISTS items_v; $create; CHECKPOINT");
	return $node->safe_psql('postgres', q{
		SELECT md5(string_agg(substr(f, b * 8192 + 11, 8182), '' ORDER BY b))
		FROM pg_read_binary_file(pg_relation_filepath('items_v')) f, generate_series(0, length(f) / 8192 - 1) b});
}
foreach my $memory ('64MB', '1MB')
{
	my $set = "SET maintenance_work_mem = '$memory'; SET hnsw.seed =";
	my $first = bytes_of("$set 7");

	is(bytes_of("$set 7"), $first, "the same seed, the same bytes ($memory)");
	isnt(bytes_of("$set 8"), $first, "another seed, another index ($memory)");
	check_index($node, 'items_v');
}
is(bytes_of('RESET hnsw.seed'), bytes_of('SET hnsw.seed = 0'), 'the default is 0');
my ($status, $out, $err) = $node->psql('postgres', "LOAD 'hnsw'; SET hnsw.seed = -1");
like($err, qr/-1 is outside the valid range for parameter "hnsw.seed" \(0 .. 2147483647\)/, 'a seed is not negative');
no_crash($node);
$node->stop;

# ---------------------------------------------------------------------------
# wal_level = minimal: no WAL, so the index has to be on disk when it commits
# ---------------------------------------------------------------------------
my $minimal = new_node('minimal', conf => <<'CONF');
autovacuum = off
fsync = on
wal_level = minimal
max_wal_senders = 0
wal_skip_threshold = 0
max_parallel_maintenance_workers = 2
CONF
fill_table($minimal, 'items', 2000, $dims);
$minimal->safe_psql('postgres', 'ALTER TABLE items SET (parallel_workers = 2)');
foreach my $settings ('SET max_parallel_maintenance_workers = 0', "SET maintenance_work_mem = '64MB'", "SET maintenance_work_mem = '2MB'")
{
	my ($before, $after, $size) = split /[|\n]/, $minimal->safe_psql('postgres', "SET client_min_messages = error; $settings; DROP INDEX IF EXISTS items_v;"
		  . "SELECT pg_current_wal_insert_lsn() - '0/0'; $create; SELECT pg_current_wal_insert_lsn() - '0/0', pg_relation_size('items_v')");

	cmp_ok($after - $before, '<', $size / 5, "no WAL of the pages: $settings");
	$minimal->stop('immediate');
	$minimal->start;
	check_index($minimal, 'items_v', "sound after a crash: $settings");
	every_row_once($minimal, 'items', $order);
}
no_crash($minimal);
$minimal->stop;
done_testing();
