
# What a build does within its memory, and where it ends: hnsw_build_memory and the
# NOTICE, little shared memory from the start and half-way, a full disk.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $conf = <<'CONF';
autovacuum = off
max_connections = 20
max_worker_processes = 12
max_parallel_workers = 8
max_parallel_maintenance_workers = 4
max_wal_size = 1GB
CONF
my $debug = q{SET client_min_messages = debug1};

sub workers
{
	my ($told) = @_;

	return $told =~ /building index "[^"]*" with (\d+) of \d+ parallel workers/ ? $1 : 0;
}

# ---------------------------------------------------------------------------
# hnsw_build_memory: with so much a build stays in memory, with 90 % it does not (unless that
# is so little that rows are not staged, and need no memory for it)
# ---------------------------------------------------------------------------
my $node = new_node('memory', conf => $conf);

foreach ([ 128, 16, 5000 ], [ 768, 8, 1800 ], [ 1536, 32, 900 ])
{
	my ($dims, $m, $rows) = @$_;

	fill_table($node, "shape_$dims", $rows, $dims);
	$node->safe_psql('postgres', "ANALYZE shape_$dims; ALTER TABLE shape_$dims SET (parallel_workers = 2)");
	foreach my $workers (0, 2)
	{
		my $settings = "$debug; SET max_parallel_maintenance_workers = $workers";
		my $bytes = $node->safe_psql('postgres', "$settings; SELECT hnsw_build_memory($rows, $dims, $m)");
		my $wanted;

		foreach my $percent (90, 100)
		{
			my $kb = int($bytes * $percent / 100 / 1024) + 1;
			my ($status, $out, $told) = $node->psql('postgres', "$settings; SET maintenance_work_mem = $kb; DROP INDEX IF EXISTS shape;"
				  . "CREATE INDEX shape ON shape_$dims USING hnsw (embedding vector_l2_ops) WITH (m = $m, ef_construction = " . 2 * $m . ')');

			is($status, 0, "$dims dimensions, m $m, $rows rows, $percent % of the memory") or diag $told;
			is(workers($told), $workers, "$workers workers");
			if ($percent == 100)
			{
				unlike($told, qr/no longer fits/, 'it stays in memory');
				ok($kb >= $wanted * 0.95 && $kb <= $wanted * 1.05, "the NOTICE wanted that: $wanted kB, and hnsw_build_memory $kb kB");
				next;
			}
			like($told, qr/no longer fits into maintenance_work_mem after \d+ tuples\n.*maintenance_work_mem is $kb kB; about \d+ kB would be needed.\n.*Increase maintenance_work_mem/,
				'a NOTICE that names the setting, its value and what is needed');
			($wanted) = $told =~ /about (\d+) kB would be needed/;
		}
		my $again = $node->safe_psql('postgres', "$settings; SELECT hnsw_build_memory('shape')");
		ok($again >= 0.97 * $bytes && $again <= 1.03 * $bytes, "of the index: $again, of the figures: $bytes");
	}
	check_index($node, 'shape');
	every_row_once($node, "shape_$dims", "embedding <-> hnsw_test_vector($dims, -1)");
}

# Each process keeps pages with room for itself, which weighs most where there are few rows.
foreach ([ 3, 4, 4000 ], [ 64, 16, 3000 ])
{
	my ($dims, $m, $rows) = @$_;
	my $settings = "$debug; SET max_parallel_maintenance_workers = 4";

	fill_table($node, "kept_$dims", $rows, $dims);
	$node->safe_psql('postgres', "ANALYZE kept_$dims; ALTER TABLE kept_$dims SET (parallel_workers = 4)");
	my $kb = int($node->safe_psql('postgres', "$settings; SELECT hnsw_build_memory($rows, $dims, $m)") / 1024) + 1;
	my $create = "CREATE INDEX kept ON kept_$dims USING hnsw (embedding vector_l2_ops) WITH (m = $m, ef_construction = " . 2 * $m . ')';
	my ($status, $out, $told) = $node->psql('postgres', "$settings; SET maintenance_work_mem = $kb; " . "DROP INDEX IF EXISTS kept; $create; " x 8);
	my @workers = $told =~ /building index "kept" with (\d+) of/g;
	my $all_stay = $told !~ /no longer fits/;

	is($status, 0, "$dims dimensions, m $m, $rows rows, eight builds") or diag $told;
	cmp_ok(scalar(grep { $_ > 1 } @workers), '>', 0, "by several workers: @workers");
	ok($all_stay, "$kb kB: all stay in memory") or diag $told;
	check_index($node, 'kept');
}
$node->stop;

# ---------------------------------------------------------------------------
# Little shared memory
# ---------------------------------------------------------------------------
# The server sees a /dev/shm of its own, as in a container.
my $shm = 16;
my @alone = (qw(unshare --user --map-current-user --keep-caps --mount sh -c),
	"mount -t tmpfs -o size=${shm}m tmpfs /dev/shm && exec \"\$@\"", 'sh');

if (system(join(' ', map { quotemeta } @alone, 'true') . ' 2>/dev/null') != 0)
{
  SKIP: { skip 'little shared memory: no mount namespace for an unprivileged user here', 1; }
	done_testing();
	exit;
}
my $short = new_node('short', conf => $conf . "maintenance_work_mem = 1GB\n");

fill_table($short, 'items', 6000, 64);
$short->safe_psql('postgres', q{ALTER TABLE items SET (parallel_workers = 3);
	CREATE TABLE little AS SELECT * FROM items WHERE id <= 300; ALTER TABLE little SET (parallel_workers = 3);
	ANALYZE;
	CREATE FUNCTION slow(id int) RETURNS bool LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
		$$ BEGIN IF id % 20 = 0 THEN PERFORM pg_sleep(0.001); END IF; RETURN true; END $$});
$short->stop;
is(system(@alone, 'pg_ctl', '-w', '-D', $short->data_dir, '-l', $short->logfile, '-o', '-c log_min_messages=warning', 'start'), 0,
	"the server starts with $shm MB of /dev/shm");
$short->_update_pid(1);

# Leaves so many kB of /dev/shm.
sub leave
{
	my ($kb) = @_;
	my $fill = $shm * 1024 - $kb;

	$short->safe_psql('postgres', "COPY (SELECT '') TO '/dev/shm/fill'");
	# where it is to be full, writing ends with an error
	$short->psql('postgres', "COPY (SELECT repeat('x', 1023) FROM generate_series(1, $fill)) TO '/dev/shm/fill'") if $fill > 0;
	return;
}

# build(TABLE, ESTIMATED ROWS, [AND, [WHILE]])
sub build
{
	my ($table, $rows, $and, $while) = @_;
	my $index = start_psql($short, "$debug; DROP INDEX IF EXISTS i; "
		  . ($rows ? "UPDATE pg_class SET reltuples = $rows WHERE relname = '$table'; " : '')
		  . "CREATE INDEX i ON $table USING hnsw (embedding vector_l2_ops) " . ($and // ''));

	$while->() if $while;
	my ($status, $out, $told) = finish($index);
	my $warnings = () = $told =~ /WARNING:/g;

	is($status, 0, "$table builds") or diag $told;
	$short->safe_psql('postgres', 'SET enable_seqscan = off; SELECT 1');
	is($short->safe_psql('postgres', q{SELECT * FROM hnsw_check('i')}), '', 'the index is sound');
	is($short->safe_psql('postgres', q{SELECT value FROM hnsw_stats('i') WHERE name = 'tuples'}),
		$short->safe_psql('postgres', "SELECT count(*) FROM $table"), 'with all rows');
	return ($told, $warnings);
}

my ($status, $out);
my ($told, $warnings) = build('items', 6000);
is(workers($told), 3, 'enough for three workers');
is($warnings, 0, 'without a warning');

($told, $warnings) = build('items', 10000000);
is(workers($told), 0, 'a need that can be foreseen: one process');
is($warnings, 1, 'one warning');
like($told, qr/WARNING:  not enough shared memory for a parallel build of index "i"\n.*It needs about \d+ kB.*\n.*\/dev\/shm/, 'that says what to do');

leave(6 * 1024);
($told, $warnings) = build('items', 100);
is(workers($told), 3, 'a need that cannot: workers');
is($warnings, 1, 'one warning when there is no more');
like($told, qr/WARNING:  no more shared memory for the hnsw graph after \d+ tuples\n.*It had \d+ kB; about \d+ kB would be needed.*\n.*\/dev\/shm/, 'that says what to do');

# never an error, however much is left for the server's own segments
for (my $kb = 0; $kb <= 6 * 1024; $kb += 768)
{
	leave($kb);
	($told, $warnings) = build('little', 100);
	cmp_ok($warnings, '<=', 1, "$kb kB: " . workers($told) . ' workers');
}

# none for the rows from there on, for the rest of the tree, for the plan, for its centers
SKIP:
{
	skip 'no debug points in this library', 1 unless has_debug_points($short);
	foreach my $point (map { "build-memory:$_" } 1 .. 4)
	{
		leave($shm * 1024);
		my $run = stop_at($short, $point, "$debug; DROP INDEX IF EXISTS i; UPDATE pg_class SET reltuples = 6000 WHERE relname = 'items'; "
			  . 'CREATE INDEX i ON items USING hnsw (embedding vector_l2_ops)');

		leave(0);
		go_on($run);
		($status, $out, $told) = finish($run);
		is($status, 0, "built without more shared memory after $point") or diag $told;
		is(() = $told =~ /WARNING:  no more shared memory for what the rows of index "i" are compared by/g, 1, 'one warning');
		is($short->safe_psql('postgres', q{SELECT * FROM hnsw_check('i')}), '', 'the index is sound');
		is($short->safe_psql('postgres', q{SELECT value FROM hnsw_stats('i') WHERE name = 'tuples'}), 6000, 'with all rows');
	}
}

# others take the memory while it builds
foreach my $ms (50, 200)
{
	leave($shm * 1024);
	($told, $warnings) = build('items', 100, 'WHERE slow(id)', sub {
		select(undef, undef, undef, $ms / 1000);
		leave(1024);
	});
	cmp_ok($warnings, '<=', 1, "taken after $ms ms: at most one warning");
}
no_crash($short);
$short->stop;

# ---------------------------------------------------------------------------
# Full disk
# ---------------------------------------------------------------------------
# A limit on the size of files, as in 015_disk_full.pl; small files of WAL leave
# room below it.  The table's estimated size keeps the first segment small.
my $full = new_node('full_build', conf => $conf, init => [ extra => [ '--wal-segsize', '1' ] ]);

fill_table($full, 'items', 6000, 64);
$full->safe_psql('postgres', q{ALTER TABLE items SET (parallel_workers = 2)});
my $size = $full->safe_psql('postgres', q{CREATE INDEX i ON items USING hnsw (embedding vector_l2_ops); SELECT pg_relation_size('i')});
$full->safe_psql('postgres', q{DROP INDEX i; UPDATE pg_class SET reltuples = 100 WHERE relname = 'items'});
cmp_ok($size, '>', 4 * 1024 * 1024, 'an index larger than the limit');
$full->stop;
{
	local $SIG{XFSZ} = 'IGNORE';
	is(system('bash', '-c', 'ulimit -f 4096; exec "$@"', 'bash', 'pg_ctl', '-w', '-D', $full->data_dir, '-l', $full->logfile, 'start'), 0,
		'the server starts under a limit');
	$full->_update_pid(1);
}
foreach my $memory ('64MB', '1MB', '2500kB')
{
	foreach my $workers (0, 2)
	{
		my ($status, $out, $told) = $full->psql('postgres', "$debug; SET maintenance_work_mem = '$memory'; SET max_parallel_maintenance_workers = $workers;"
			  . 'CREATE INDEX i ON items USING hnsw (embedding vector_l2_ops)');

		isnt($status, 0, "no room for the index: $memory, $workers workers");
		is(workers($told), $workers, "$workers workers");
		like($told, qr/ERROR:  (could not extend file|could not write block|could not write to file)/, 'the error says so');
	}
}
is($full->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname = 'i'}), '0', 'no index is there');
$full->stop;
$full->start;
$full->safe_psql('postgres', 'CREATE INDEX i ON items USING hnsw (embedding vector_l2_ops)');
check_index($full, 'i', 'sound with room again');
no_crash($full);
$full->stop;
done_testing();
