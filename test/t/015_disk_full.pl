
# The disk is full in the middle of inserts and of a build.  The statement fails
# with an error that says so, the server stays up, the index is sound, and with
# room again work goes on.
#
# A limit on the size of files stands in for the full disk of the data: it needs no
# rights to mount anything, and extending the index fails at the same place.  The
# WAL gets a small file system of its own to fill, where .ci/check could mount one.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $dims = 300;
my $order = "embedding <-> hnsw_test_vector($dims, 7)";
my $node = new_node('full', conf => "autovacuum = off\nmax_wal_size = 1GB\n");

fill_table($node, 'items', 400, $dims);
$node->safe_psql('postgres', 'CREATE TABLE spare AS SELECT * FROM items');

# Files may not grow beyond so many kB from now on: the server starts under a
# limit, and ignores the signal that would tell so.
sub restart_limited
{
	my ($kb) = @_;

	$node->stop;
	local $SIG{XFSZ} = 'IGNORE';
	my $pg_ctl = join(' ', 'pg_ctl', '-w', '-D', $node->data_dir, '-l', $node->logfile, 'start');
	is(system('bash', '-c', "ulimit -f $kb; exec $pg_ctl >/dev/null"), 0, "the server starts under a limit of $kb kB");
	$node->_update_pid(1);
	return;
}

sub unlimited
{
	$node->stop;
	$node->start;
	return;
}

$node->safe_psql('postgres', 'CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_l2_ops)');

# a file of the WAL has 16 MB
restart_limited(16 * 1024);
my ($errors, $rows) = (0, 0);
for my $round (1 .. 60)
{
	my ($status, $out, $err) = $node->psql('postgres', "INSERT INTO items SELECT $round * 10000 + id, "
		. "hnsw_test_vector($dims, $round * 10000 + id) FROM spare");

	next if $status == 0;
	like($err, qr/could not extend file|File too large|No space left/, "the error says so: $round") if $errors == 0;
	$errors++;
	last if $errors == 3;
}
cmp_ok($errors, '>=', 3, "inserts failed for want of room $errors times");
check_index($node, 'items_embedding_idx', 'sound when the disk is full');
every_row_once($node, 'items', $order, 'every row once when the disk is full');
my ($status, $out, $err) = $node->psql('postgres',
	'CREATE INDEX second ON items USING hnsw (embedding vector_l2_ops) WITH (m = 60, ef_construction = 120)');
isnt($status, 0, 'the build of a larger index fails');
like($err, qr/could not extend file|File too large|No space left/, 'and says so');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relname = 'second'"), '0', 'and leaves nothing');

# Beyond memory all processes extend the index, each under the lock of a page.  One that
# fails must not be waited for by another that cannot be interrupted.
foreach my $round (1 .. 8)
{
	($status, $out, $err) = $node->psql('postgres', q{SET min_parallel_table_scan_size = 0; SET max_parallel_maintenance_workers = 2;
		SET maintenance_work_mem = '2MB'; SET client_min_messages = error;
		CREATE INDEX second ON items USING hnsw (embedding vector_l2_ops) WITH (m = 60, ef_construction = 120)}, timeout => 60);
	ok($status != 0 && $err =~ /could not extend|File too large|No space left/, "the build by several processes fails and says so: $round")
	  or diag($err);
}

# what is deleted makes room
$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 2 = 0; VACUUM items');
$node->safe_psql('postgres', "INSERT INTO items SELECT -id, embedding FROM spare");
check_index($node, 'items_embedding_idx', 'sound after vacuum and inserts');
every_row_once($node, 'items', $order, 'every row once after vacuum and inserts');

unlimited();
fill_table($node, 'items', 200, $dims, 99);
check_index($node, 'items_embedding_idx', 'sound with room again');
every_row_once($node, 'items', $order, 'every row once with room again');

no_crash($node);
$node->stop;

# No room for WAL: the server stops, by itself and at once, in whatever step it was.
# With room again it recovers, and all that was committed is there.
SKIP: {
	my $small = $ENV{HNSW_SMALL_FS} // '';

	skip 'running out of room for WAL: no file system to fill, which takes root and the right to mount', 7
	  unless $small ne '' && -w $small;
	my $wal = new_node('wal', init => [ extra => [ '--waldir', "$small/wal", '--wal-segsize', '1' ] ],
		conf => "autovacuum = off\nmax_wal_size = 1GB\ncheckpoint_timeout = 1h\nrestart_after_crash = off\n");

	fill_table($wal, 'items', 100, $dims);
	$wal->safe_psql('postgres', 'CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_l2_ops)');
	# what is given up for the recovery, which writes WAL, too
	system('dd', 'if=/dev/zero', "of=$small/ballast", 'bs=1M', 'count=6', 'status=none') == 0 or die 'dd';
	my ($committed, $failed) = (100, '');
	for my $round (1 .. 400)
	{
		my ($rc, $stdout, $stderr) = try_psql($wal, "INSERT INTO items SELECT $round * 1000 + i, "
			. "hnsw_test_vector($dims, $round * 1000 + i) FROM generate_series(1, 50) i");

		$failed = $stderr, last if $rc != 0;
		$committed += 50;
	}
	like($failed, qr/No space left|server closed|connection/, "inserts fail for want of room for WAL, after $committed rows");
	for (1 .. 600)
	{
		last unless -e $wal->data_dir . '/postmaster.pid';
		select(undef, undef, undef, 0.1);
	}
	ok(!-e $wal->data_dir . '/postmaster.pid', 'the server has stopped');
	like(PostgreSQL::Test::Utils::slurp_file($wal->logfile), qr/PANIC:.*No space left on device/, 'and says why');
	$wal->{_pid} = undef;
	unlink "$small/ballast";
	$wal->start;
	is($wal->safe_psql('postgres', 'SELECT count(*) FROM items'), $committed, 'all committed rows are there');
	check_index($wal, 'items_embedding_idx', 'sound after the recovery');
	every_row_once($wal, 'items', $order, 'every row once after the recovery');
	# from here on the WAL may be removed
	$wal->safe_psql('postgres', 'ALTER SYSTEM SET max_wal_size = 8');
	$wal->safe_psql('postgres', 'SELECT pg_reload_conf(); CHECKPOINT');
	$wal->safe_psql('postgres', 'DELETE FROM items WHERE id % 3 = 0; VACUUM items; INSERT INTO items SELECT -id, embedding FROM items LIMIT 50');
	check_index($wal, 'items_embedding_idx', 'sound after vacuum and inserts');
	$wal->stop;
}
done_testing();
