
# Corrupted index pages: each of many small indexes gets one change of its file
# while the server is down.  Whatever is done with them then gives an answer or an
# error that names index and block; the server stays up and no loop is endless.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $seed = $ENV{HNSW_SEED} // time();
srand($seed);
note "seed $seed (set HNSW_SEED to repeat)";

my $random_changes = $ENV{HNSW_CHANGES} // 100;
# on by default from 18 on; they would find everything first
my @plain = `initdb --help` =~ /--no-data-checksums/ ? ('--no-data-checksums') : ();
my $node = new_node('corrupted', init => [ extra => \@plain ], conf => "autovacuum = off\nfull_page_writes = off\nmax_wal_size = 1GB\n");

# What is changed: [ block, offset, bytes ].  Blocks are those of an index with
# nodes, chunks, upper layers and a page kept aside: 0 is the metapage, 1 the
# allocation page; a page's 24 bytes of header are the server's, its last 16 ours.
my @changes;
my @ones = ("\xff", "\xff\xff\xff\xff");

# header: flags, lower, upper, special, size and version
push @changes, map { my $o = $_; map { [ $_, $o, "\xff\xff" ], [ $_, $o, "\0\0" ] } 0 .. 3 } (10, 12, 14, 16, 18);
# special space: magic, kind, part, next free page, listed
foreach my $block (0 .. 4)
{
	push @changes, [ $block, 8176, "\0\0" ], [ $block, 8178, "\xff" ], [ $block, 8178, "\1" ],
	  [ $block, 8179, "\7" ], [ $block, 8180, "\xff\xff\xff\x7f" ], [ $block, 8180, "\1\0\0\0" ],
	  [ $block, 8184, "\1\0\0\0" ], [ $block, 8184, "\0\0\0\0" ];
}
# metapage and allocation page: each word
push @changes, map { my $o = $_; map { [ 0, $o, $_ ] } "\xff\xff\xff\xff", "\0\0\0\0", "\1\0\0\0", "\3\0\0\0" }
  map { 24 + 4 * $_ } 0 .. 45;
push @changes, map { my $o = $_; map { [ 1, $o, $_ ] } "\0\0\0\0", "\1\0\0\0", "\2\0\0\0", "\3\0\0\0", "\5\0\0\0", "\xee\xff\0\0" }
  map { 24 + 4 * $_ } 0 .. 3;
# the first record, chunk or page kept aside of each block: each word of its head
foreach my $block (2 .. 6)
{
	push @changes, map { my $o = $_; map { [ $block, $o, $_ ] } "\xff\xff\xff\xff", "\0\0\0\0", "\2\0\3\0" }
	  map { 24 + 4 * $_ } 0 .. 16;
}
# anything anywhere: one byte, a run of bytes, a page from nowhere
for (1 .. $random_changes)
{
	my $kind = int(rand(10));
	my $bytes = $kind < 6 ? chr(int(rand(256)))
	  : $kind < 9 ? join('', map { chr(int(rand(256))) } 1 .. 1 + int(rand(64)))
	  : join('', map { chr(int(rand(256))) } 1 .. 8000);

	push @changes, [ int(rand(7)), $kind == 9 ? 24 : int(rand(8192 - length($bytes))), $bytes ];
}

# Cells: expression, operator class, operator, a query
my $query = '[1,2,3,4,5,6,7,8]';
my @cells = (
	(map { [ 'embedding', "vector_$$_[0]_ops", $$_[1], "'$query'" ] }
		  [ 'l2', '<->' ], [ 'ip', '<#>' ], [ 'cosine', '<=>' ], [ 'l1', '<+>' ]),
	[ 'embedding::sparsevec(8)', 'sparsevec_cosine_ops', '<=>', "'$query'::vector::sparsevec" ],
	[ 'embedding::sparsevec(8)', 'sparsevec_l2_ops', '<->', "'$query'::vector::sparsevec" ],
	[ 'binary_quantize(embedding)::bit(8)', 'bit_jaccard_ops', '<%>', "B'10101100'" ]);
my $cells = scalar(@cells);
my $array = sub { 'ARRAY[' . join(', ', map { "\$q\$$_\$q\$" } @_) . ']' };
my $expressions = $array->(map { $_->[0] } @cells);
my $classes = $array->(map { $_->[1] } @cells);
my $count = scalar(@changes);
$node->safe_psql('postgres', qq{
	SET client_min_messages = warning;
	CREATE TABLE source AS
		SELECT i AS id, hnsw_test_vector(8, i % 60) AS embedding FROM generate_series(1, 150) i
		UNION ALL SELECT 1000 + i, '[1,1,1,1,1,1,1,1]' FROM generate_series(1, 80) i
		UNION ALL SELECT 2000 + i, NULL FROM generate_series(1, 5) i;
	DO \$\$
	BEGIN
		FOR i IN 0 .. $count - 1 LOOP
			EXECUTE format('CREATE TABLE t%s (id int, embedding vector(8))', i);
			EXECUTE format('INSERT INTO t%s SELECT * FROM source', i);
			EXECUTE format('CREATE INDEX i%s ON t%s USING hnsw ((%s) %s) WITH (m = 4, ef_construction = 16)',
				i, i, ($expressions)[1 + i % $cells], ($classes)[1 + i % $cells]);
		END LOOP;
	END\$\$;
});
my %file = map { split /\|/ } split /\n/,
  $node->safe_psql('postgres', "SELECT relname, pg_relation_filepath(oid) FROM pg_class WHERE relname ~ '^i[0-9]'");

# An entry point that leads into the middle of a page of another kind: word 24 of
# the metapage is its id, word 25 its layer.
$node->safe_psql('postgres', q{
	CREATE TABLE wrong_entry (id int, embedding vector(8));
	INSERT INTO wrong_entry SELECT * FROM source;
	CREATE INDEX wrong_entry_v ON wrong_entry USING hnsw (embedding vector_l2_ops) WITH (m = 4, ef_construction = 16)});
my $wrong_entry = $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('wrong_entry_v')");

$node->stop;
{
	open(my $f, '+<:raw', $wrong_entry) or die "$wrong_entry: $!";
	sysseek($f, 24 + 4 * 24, 0);
	sysread($f, my $entry, 8);
	cmp_ok((unpack('VV', $entry))[1], '>', 0, 'the entry point lies above layer 0');
	sysseek($f, 24 + 4 * 24, 0);
	syswrite($f, pack('V', 1));
	close($f);
}
for my $i (0 .. $count - 1)
{
	my ($block, $offset, $bytes) = @{ $changes[$i] };
	my $path = $node->data_dir . '/' . $file{"i$i"};
	my $blocks = (-s $path) / 8192;

	$block = $block % $blocks;
	open(my $f, '+<:raw', $path) or die "$path: $!";
	sysseek($f, $block * 8192 + $offset, 0);
	syswrite($f, $bytes);
	close($f);
}
$node->start;

# psql goes on after errors; each statement begins with its index's name
my $script = "\\set VERBOSITY verbose\nSET enable_seqscan = off; SET enable_sort = off; SET statement_timeout = '20s';\n"
  . "SET client_min_messages = error; SET hnsw.max_scan_tuples = 1000000;\n";
for my $i (0 .. $count - 1)
{
	my ($expression, undef, $operator, $near) = @{ $cells[ $i % $cells ] };
	my $by = "($expression) $operator $near";

	$script .= "\\warn == $i\n"
	  . "SELECT count(*) FROM (SELECT id FROM t$i ORDER BY $by LIMIT 10) x;\n"
	  . "SET hnsw.ef_search = 1;\n"
	  . "SELECT count(*) FROM (SELECT id FROM t$i ORDER BY $by LIMIT 10) x;\n"
	  . "SELECT count(*) FROM (SELECT id FROM t$i ORDER BY $by LIMIT 100000) x;\n"
	  . "SET hnsw.ef_search = 40;\n"
	  . "SELECT count(*) FROM (SELECT id FROM t$i ORDER BY ($expression) $operator NULL LIMIT 100000) x;\n"
	  . "INSERT INTO t$i SELECT 3000, hnsw_test_vector(8, 5000 + j) FROM generate_series(1, 20) j;\n"
	  . "INSERT INTO t$i VALUES (3001, NULL);\n"
	  . "INSERT INTO t$i SELECT 3002, '[1,1,1,1,1,1,1,1]' FROM generate_series(1, 40) j;\n"
	  . "DELETE FROM t$i WHERE id % 3 = 0;\n"
	  . "VACUUM t$i;\n"
	  . "SELECT count(*) FROM hnsw_check('i$i');\n"
	  . "SELECT count(*) FROM hnsw_stats('i$i');\n"
	  . "SELECT count(*) FROM (SELECT id FROM t$i ORDER BY $by LIMIT 10) x;\n";
}
my $file = $node->basedir . '/script.sql';
open(my $out, '>', $file) or die "$file: $!";
print $out $script;
close($out);
my ($status, $stdout, $stderr) = finish(start_program('psql', '-XqAt', '-d', $node->connstr('postgres'), '-f', $file));
is($status, 0, "the session lives through $count corrupted indexes");

my $at = '';
my @strange;
my $errors = 0;
foreach (split /\n/, $stderr)
{
	if (/^== (\d+)/) { $at = $1; }
	next unless /(ERROR|FATAL|PANIC|WARNING|connection to server):/;
	$errors++;
	# ours, or the server's own check of a page's header
	next if /index "i$at"/ && /(block|record|chunk|page) \d+|format version/;
	next if /invalid page in block \d+ of relation/;
	next if /page verification failed/;
	# the executor's, when what is stored of a vector is not that of the row
	next if /index returned tuples in wrong order/;
	push @strange, "index $at, block $changes[$at][0], offset $changes[$at][1], "
	  . unpack('H*', substr($changes[$at][2], 0, 16)) . ": $_";
}
is(join("\n", @strange), '', 'each error names index and block');
cmp_ok($errors, '>', 100, "some changes were noticed ($errors errors)");
is($node->safe_psql('postgres', 'SELECT 1'), '1', 'the server is up');
no_crash($node);

like($node->safe_psql('postgres', "SELECT kind, problem FROM hnsw_check('wrong_entry_v')"),
	qr/^upper record\|is the entry point of layer \d+, but does not exist$/m, 'the check reports a wrong entry point');

# and every table can be saved
$node->safe_psql('postgres', 'REINDEX TABLE t0; REINDEX TABLE t100');
check_index($node, 'i0', 'sound after REINDEX');
every_row_once($node, 't0', "embedding <-> '[1,2,3,4,5,6,7,8]'");

$node->stop;
done_testing();
