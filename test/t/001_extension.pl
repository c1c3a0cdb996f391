
# The extension from its creation to a first query, in its default schema and
# in another one.
use strict;
use warnings;

use Test::More;
use HnswTest;

my $node = new_node('main');

is($node->safe_psql('postgres', "SELECT extversion FROM pg_extension WHERE extname = 'hnsw'"),
	'0.1.0', 'the extension is there');

$node->safe_psql('postgres', q{
	CREATE TABLE items (id int PRIMARY KEY, embedding vector(3));
	INSERT INTO items VALUES (1, '[1,1,1]'), (2, '[2,2,2]'), (3, '[1,1,2]');
});

my $query = "SELECT id FROM items ORDER BY embedding <-> '[3,3,3]' LIMIT 5";

is($node->safe_psql('postgres', $query), "2\n3\n1", 'nearest first, by a sort');

my ($status, $stdout, $stderr) =
  $node->psql('postgres', "INSERT INTO items VALUES (4, '[1,2]')");
isnt($status, 0, 'a vector of other dimensions is refused');
like($stderr, qr/expected 3 dimensions, not 2/, 'and the message says so');

$node->safe_psql('postgres', q{
	CREATE DATABASE other;
});
$node->safe_psql('other', q{
	CREATE SCHEMA apart;
	CREATE EXTENSION hnsw SCHEMA apart;
});
is( $node->safe_psql('other', q{
		SET search_path = '';
		SELECT '[1,2,3]'::apart.vector OPERATOR(apart.<->) '[1,2,5]'}),
	'2', 'works in a schema that is not in the search path');

$node->restart;
is($node->safe_psql('postgres', $query), "2\n3\n1", 'same rows after a restart');

$node->safe_psql('postgres', 'DROP EXTENSION hnsw CASCADE');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_extension WHERE extname = 'hnsw'"),
	'0', 'the extension is gone');

$node->stop;
done_testing();
