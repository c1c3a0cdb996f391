-- indexes on sparsevec: what a record holds of a vector may be less than all
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all

-- n elements, one in each of n equal parts of the dimensions
CREATE FUNCTION svec(seed bigint, n int, dim int) RETURNS sparsevec LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT ('{' || string_agg(1 + i * (dim / n) + (hashint8(seed * 7919 + i) & 1073741823) % (dim / n) || ':'
							  || 0.01 + (hashint8(seed * 104729 - i) & 1023) / 64.0 - (seed + i) % 3, ',') || '}/' || dim)::sparsevec
		FROM generate_series(0, n - 1) i
$$;
-- so that drained scans read the index from end to end
SET hnsw.ef_search = 100;
CREATE TABLE sparse (id int, s sparsevec(200));
INSERT INTO sparse SELECT i, svec(i, 5 + i % 20, 200) FROM generate_series(1, 300) i;
INSERT INTO sparse SELECT 1000 + i, svec(7, 20, 200) FROM generate_series(1, 40) i;
INSERT INTO sparse VALUES (2001, NULL), (2002, '{}/200'), (2003, '{1:1}/200'), (2004, '{200:-3e38}/200'), (2005, '{}/200'),
	(2006, '{1:1e-40,2:1e-42}/200');
CREATE TABLE queries AS
	SELECT n, s FROM (VALUES (1, svec(-1, 20, 200)), (2, svec(7, 20, 200)), (3, '{1:1}/200'), (4, svec(-2, 200, 200)),
					  (5, '{}/200'), (6, '{3:1e-30,4:2e38}/200')) q(n, s);
CREATE INDEX sparse_l2 ON sparse USING hnsw (s sparsevec_l2_ops);
CREATE INDEX sparse_ip ON sparse USING hnsw (s sparsevec_ip_ops);
CREATE INDEX sparse_cosine ON sparse USING hnsw (s sparsevec_cosine_ops);
CREATE INDEX sparse_l1 ON sparse USING hnsw (s sparsevec_l1_ops);
SELECT sound('sparse_l2'), sound('sparse_ip'), sound('sparse_cosine'), sound('sparse_l1');
SELECT n, op, same_as_sort('sparse', format('s %s %L', op, s)) FROM queries, unnest(ARRAY['<->', '<#>', '<=>', '<+>']) op ORDER BY n, op;
SELECT op, same_as_sort('sparse', format('s %s %L', op, s), lim => 10) FROM queries, unnest(ARRAY['<->', '<#>', '<=>', '<+>']) op
	WHERE n = 1 ORDER BY op;
SET enable_seqscan = off;
SELECT explained('SELECT id FROM sparse ORDER BY s <#> ''{1:1}/200'' LIMIT 1');
SELECT value > 20 AS all_fit FROM hnsw_stats('sparse_l2') WHERE name = 'elements a record';

-- a search that does not read all
SET hnsw.ef_search = 10;
SELECT n, op, recall_of('sparse', format('s %s %L', op, s)) >= 0.9 AS recalled FROM queries, unnest(ARRAY['<->', '<#>', '<=>', '<+>']) op
	WHERE n <= 2 ORDER BY n, op;
-- most rows have nothing in common with the query: a few rows do not take the whole index
CREATE TABLE words (id int, s sparsevec(100000));
INSERT INTO words SELECT i, svec(i, 8, 100000) FROM generate_series(1, 400) i;
CREATE INDEX words_ip ON words USING hnsw (s sparsevec_ip_ops);
CREATE INDEX words_cosine ON words USING hnsw (s sparsevec_cosine_ops);
SET hnsw.max_scan_tuples = 200;
SELECT s <#> '{99999:1}/100000' AS d FROM words ORDER BY d LIMIT 3;
SELECT s <=> '{99999:1}/100000' AS d FROM words ORDER BY d LIMIT 3;
RESET hnsw.max_scan_tuples;
SET hnsw.ef_search = 100;
RESET enable_seqscan;
SELECT sound('words_ip'), sound('words_cosine');

-- rows that come and go
INSERT INTO sparse SELECT i, svec(i, 5 + i % 60, 200) FROM generate_series(301, 360) i;
SELECT sound('sparse_l2'), sound('sparse_ip'), sound('sparse_cosine'), sound('sparse_l1');
DELETE FROM sparse WHERE id % 4 = 0;
VACUUM sparse;
SELECT sound('sparse_l2'), sound('sparse_ip'), sound('sparse_cosine'), sound('sparse_l1');
UPDATE sparse SET s = svec(id, 6, 200) WHERE id % 3 = 0;
SELECT sound('sparse_l2'), sound('sparse_ip'), sound('sparse_cosine'), sound('sparse_l1');
SELECT n, op, same_as_sort('sparse', format('s %s %L', op, s)) FROM queries, unnest(ARRAY['<->', '<#>', '<=>', '<+>']) op
	WHERE n IN (1, 3) ORDER BY n, op;

-- records with room for fewer elements than vectors have: order stays exact
CREATE TABLE cut (id int, s sparsevec(1000));
CREATE INDEX cut_l2 ON cut USING hnsw (s sparsevec_l2_ops) WITH (nonzeros = 3, m = 4);
CREATE INDEX cut_ip ON cut USING hnsw (s sparsevec_ip_ops) WITH (nonzeros = 3, m = 4);
CREATE INDEX cut_cosine ON cut USING hnsw (s sparsevec_cosine_ops) WITH (nonzeros = 3, m = 4);
CREATE INDEX cut_l1 ON cut USING hnsw (s sparsevec_l1_ops) WITH (nonzeros = 3, m = 4);
INSERT INTO cut SELECT i, svec(i, 2 + i % 30, 1000) FROM generate_series(1, 150) i;
SELECT sound('cut_l2'), sound('cut_ip'), sound('cut_cosine'), sound('cut_l1');
SELECT op, same_as_sort('cut', format('s %s %L', op, svec(-1, 25, 1000))) FROM unnest(ARRAY['<->', '<#>', '<=>', '<+>']) op ORDER BY op;
SELECT op, same_as_sort('cut', format('s %s %L', op, svec(-1, 25, 1000)), lim => 5) FROM unnest(ARRAY['<->', '<#>', '<=>', '<+>']) op ORDER BY op;
SELECT value BETWEEN 3 AND 4 AS few FROM hnsw_stats('cut_l2') WHERE name = 'elements a record';
-- the option is for the next REINDEX, which looks at the rows again without it
ALTER INDEX cut_l2 SET (nonzeros = 20);
SELECT value BETWEEN 3 AND 4 AS few FROM hnsw_stats('cut_l2') WHERE name = 'elements a record';
REINDEX INDEX cut_l2;
SELECT value BETWEEN 20 AND 22 AS twenty FROM hnsw_stats('cut_l2') WHERE name = 'elements a record';
ALTER INDEX cut_l2 RESET (nonzeros);
REINDEX INDEX cut_l2;
SELECT value BETWEEN 31 AND 34 AS all_fit FROM hnsw_stats('cut_l2') WHERE name = 'elements a record';
SELECT sound('cut_l2'), same_as_sort('cut', format('s <-> %L', svec(-1, 25, 1000)));
CREATE INDEX ON cut USING hnsw (s sparsevec_l2_ops) WITH (nonzeros = 4001);

-- dimensions: one, and a billion
CREATE TABLE dims (a sparsevec(1), z sparsevec(1000000000));
INSERT INTO dims SELECT ('{1:' || i % 7 || '}/1')::sparsevec, svec(i, 10, 1000000000) FROM generate_series(1, 60) i;
INSERT INTO dims VALUES ('{}/1', '{1:1,1000000000:2}/1000000000');
CREATE INDEX dims_a ON dims USING hnsw (a sparsevec_l2_ops);
CREATE INDEX dims_z ON dims USING hnsw (z sparsevec_cosine_ops);
SELECT sound('dims_a'), same_as_sort('dims', 'a <-> ''{1:3}/1''');
SELECT sound('dims_z'), same_as_sort('dims', 'z <=> ''{1000000000:1}/1000000000''');

-- 2,000 and 16,000 elements
CREATE UNLOGGED TABLE many (id int, s sparsevec(1000000));
INSERT INTO many SELECT i, svec(i, 2000, 1000000) FROM generate_series(1, 25) i;
CREATE INDEX many_l2 ON many USING hnsw (s sparsevec_l2_ops);
CREATE INDEX many_l1 ON many USING hnsw (s sparsevec_l1_ops);
SELECT value FROM hnsw_stats('many_l2') WHERE name = 'pages a record';
INSERT INTO many SELECT i, svec(i, 16000, 1000000) FROM generate_series(26, 35) i;
CREATE INDEX many_cosine ON many USING hnsw (s sparsevec_cosine_ops);
CREATE INDEX many_ip ON many USING hnsw (s sparsevec_ip_ops);
SELECT value FROM hnsw_stats('many_ip') WHERE name = 'pages a record';
INSERT INTO many SELECT i, svec(i, 16000, 1000000) FROM generate_series(36, 40) i;
SELECT sound('many_l2'), sound('many_ip'), sound('many_cosine'), sound('many_l1');
SELECT op, same_as_sort('many', format('s %s %L', op, svec(3, 2000, 1000000))) FROM unnest(ARRAY['<->', '<#>', '<=>', '<+>']) op ORDER BY op;
SELECT op, same_as_sort('many', format('s %s %L', op, svec(30, 16000, 1000000)), lim => 3) FROM unnest(ARRAY['<->', '<#>', '<=>', '<+>']) op ORDER BY op;
DELETE FROM many WHERE id % 2 = 0;
VACUUM many;
SELECT sound('many_l2'), sound('many_ip'), sound('many_cosine'), sound('many_l1');
SELECT op, same_as_sort('many', format('s %s %L', op, svec(3, 2000, 1000000))) FROM unnest(ARRAY['<->', '<#>', '<=>', '<+>']) op ORDER BY op;

-- an expression; columns and queries that do not fit
CREATE TABLE dense (id int, v vector(30));
INSERT INTO dense SELECT i, vec(i, 30) FROM generate_series(1, 100) i;
CREATE INDEX dense_sparse ON dense USING hnsw ((v::sparsevec(30)) sparsevec_l2_ops);
SELECT sound('dense_sparse'), same_as_sort('dense', format('v::sparsevec(30) <-> %L', vec(-1, 30)::sparsevec(30)));
SET enable_seqscan = off;
SELECT id FROM sparse ORDER BY s <-> '{1:1}/3' LIMIT 1;
CREATE TABLE sparse_any (s sparsevec);
CREATE INDEX ON sparse_any USING hnsw (s sparsevec_l2_ops);
CREATE INDEX sparse_any_cast ON sparse_any USING hnsw ((s::sparsevec(3)) sparsevec_l2_ops);
INSERT INTO sparse_any VALUES ('{1:1}/4');
CREATE INDEX ON sparse USING hnsw (s);
CREATE INDEX ON sparse USING hnsw (s vector_l2_ops);

DROP TABLE sparse, queries, words, cut, dims, many, dense, sparse_any;
DROP FUNCTION svec;
