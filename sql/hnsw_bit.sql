-- indexes on bit: Hamming and Jaccard distance
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all

-- so that drained scans read the index from end to end
SET hnsw.ef_search = 100;
CREATE TABLE bits (id int, b bit(100));
INSERT INTO bits SELECT i, binary_quantize(vec(i, 100)) FROM generate_series(1, 300) i;
INSERT INTO bits SELECT 1000 + i, binary_quantize(vec(7, 100)) FROM generate_series(1, 40) i;
INSERT INTO bits VALUES (2001, NULL), (2002, repeat('0', 100)::bit(100)), (2003, repeat('1', 100)::bit(100)),
	(2004, repeat('0', 100)::bit(100)), (2005, NULL);
CREATE INDEX bits_hamming ON bits USING hnsw (b bit_hamming_ops);
CREATE INDEX bits_jaccard ON bits USING hnsw (b bit_jaccard_ops);
SELECT sound('bits_hamming'), sound('bits_jaccard');
CREATE TABLE queries AS
	SELECT n, b FROM (VALUES (1, binary_quantize(vec(-1, 100))), (2, binary_quantize(vec(7, 100))),
					  (3, repeat('0', 100)::bit(100)), (4, repeat('1', 100)::bit(100))) q(n, b);
SELECT n, same_as_sort('bits', format('b <~> %L', b)), same_as_sort('bits', format('b <%%> %L', b)) FROM queries ORDER BY n;
SELECT n, same_as_sort('bits', format('b <~> %L', b), lim => 10), same_as_sort('bits', format('b <%%> %L', b), lim => 10)
	FROM queries ORDER BY n;

-- the nearest are found, zeros too; a search that does not read all
SET enable_seqscan = off;
SET hnsw.ef_search = 10;
SELECT id FROM bits ORDER BY b <~> (SELECT b FROM queries WHERE n = 3), id LIMIT 2;
SELECT min(r.d), max(r.d) FROM (SELECT b <~> (SELECT b FROM queries WHERE n = 2) AS d FROM bits ORDER BY d LIMIT 41) r;
SELECT recall_of('bits', format('b <~> %L', b)) >= 0.9 AS hamming, recall_of('bits', format('b <%%> %L', b)) >= 0.9 AS jaccard
	FROM queries WHERE n < 3 ORDER BY n;
-- all at the same distance: a few rows do not take the whole index
SET hnsw.max_scan_tuples = 150;
SELECT b <%> repeat('0', 100)::bit(100) AS d FROM bits ORDER BY b <%> repeat('0', 100)::bit(100) LIMIT 3;
RESET hnsw.max_scan_tuples;
SET hnsw.ef_search = 100;
RESET enable_seqscan;

-- rows that come and go
INSERT INTO bits SELECT i, binary_quantize(vec(i, 100)) FROM generate_series(301, 360) i;
SELECT sound('bits_hamming'), sound('bits_jaccard');
UPDATE bits SET b = ~b WHERE id % 3 = 0;
SELECT sound('bits_hamming'), sound('bits_jaccard');
DELETE FROM bits WHERE id % 4 = 0;
VACUUM bits;
SELECT sound('bits_hamming'), sound('bits_jaccard');
INSERT INTO bits SELECT i, binary_quantize(vec(i, 100)) FROM generate_series(401, 450) i;
SELECT sound('bits_hamming'), sound('bits_jaccard');
SELECT n, same_as_sort('bits', format('b <~> %L', b)), same_as_sort('bits', format('b <%%> %L', b)) FROM queries ORDER BY n;
REINDEX TABLE bits;
SELECT sound('bits_hamming'), sound('bits_jaccard');

-- a cursor, beside changes
SET enable_seqscan = off;
BEGIN;
DECLARE c CURSOR FOR SELECT b <~> (SELECT b FROM queries WHERE n = 4) AS d FROM bits ORDER BY d;
FETCH 2 FROM c;
DELETE FROM bits WHERE id = 2003;
INSERT INTO bits VALUES (2003, repeat('1', 100)::bit(100));
MOVE 50 FROM c;
CLOSE c;
COMMIT;
RESET enable_seqscan;
SELECT sound('bits_hamming'), sound('bits_jaccard');

-- lengths: the shortest, the longest
CREATE UNLOGGED TABLE bit_1 (b bit(1));
CREATE INDEX bit_1_b ON bit_1 USING hnsw (b bit_hamming_ops);
CREATE INDEX bit_1_j ON bit_1 USING hnsw (b bit_jaccard_ops);
INSERT INTO bit_1 SELECT (i % 2)::bit(1) FROM generate_series(1, 100) i;
SELECT sound('bit_1_b'), sound('bit_1_j'), same_as_sort('bit_1', 'b <~> B''1'''), same_as_sort('bit_1', 'b <%> B''1''');
SET enable_seqscan = off;
SELECT explained('SELECT 1 FROM bit_1 ORDER BY b <~> B''1'' LIMIT 1');
SELECT explained('SELECT 1 FROM bit_1 ORDER BY b <%> B''1'' LIMIT 1');
RESET enable_seqscan;
SELECT value AS nodes FROM hnsw_stats('bit_1_b') WHERE name = 'nodes';
CREATE TABLE bit_long (id int, b bit(64000));
INSERT INTO bit_long SELECT i, ('x' || (SELECT string_agg(md5(CASE WHEN j % 4 = 0 THEN i % 40 ELSE i % 5 END || ' ' || j), '' ORDER BY j)
										 FROM generate_series(1, 500) j))::bit(64000) FROM generate_series(1, 30) i;
CREATE INDEX bit_long_h ON bit_long USING hnsw (b bit_hamming_ops);
CREATE INDEX bit_long_j ON bit_long USING hnsw (b bit_jaccard_ops);
INSERT INTO bit_long SELECT i, ('x' || (SELECT string_agg(md5(CASE WHEN j % 4 = 0 THEN i % 40 ELSE i % 5 END || ' ' || j), '' ORDER BY j)
										 FROM generate_series(1, 500) j))::bit(64000) FROM generate_series(31, 60) i;
SELECT sound('bit_long_h'), sound('bit_long_j');
SELECT value FROM hnsw_stats('bit_long_h') WHERE name IN ('nodes', 'pages a record') ORDER BY name;
SELECT same_as_sort('bit_long', format('b <~> %L', b)), same_as_sort('bit_long', format('b <%%> %L', b)) FROM bit_long WHERE id = 3;
DELETE FROM bit_long WHERE id % 3 = 0;
VACUUM bit_long;
SELECT sound('bit_long_h'), sound('bit_long_j');
SELECT same_as_sort('bit_long', format('b <~> %L', b)), same_as_sort('bit_long', format('b <%%> %L', b)) FROM bit_long WHERE id = 4;
CREATE TABLE bit_longer (b bit(64001));
CREATE INDEX ON bit_longer USING hnsw (b bit_hamming_ops);

-- the index has the whole value: no row is read for its distance but those returned
CREATE SEQUENCE computed;
CREATE FUNCTION counted(bit) RETURNS bit(100) LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM nextval('public.computed'); RETURN $1; END $$;
CREATE INDEX bits_counted ON bits USING hnsw ((counted(b)::bit(100)) bit_hamming_ops);
SELECT setval('computed', 1, false);
SELECT count(*) FROM (SELECT id FROM bits ORDER BY counted(b)::bit(100) <~> binary_quantize(vec(7, 100)) LIMIT 5) r;
SELECT last_value AS rows_computed FROM computed;
DROP INDEX bits_counted;
DROP FUNCTION counted;
DROP SEQUENCE computed;

-- an expression; columns and queries that do not fit
CREATE TABLE floats (id int, v vector(20));
INSERT INTO floats SELECT i, vec(i, 20) FROM generate_series(1, 200) i;
CREATE INDEX floats_bits ON floats USING hnsw ((binary_quantize(v)::bit(20)) bit_hamming_ops);
SELECT sound('floats_bits'), same_as_sort('floats', format('binary_quantize(v)::bit(20) <~> %L', binary_quantize(vec(-1, 20))::bit(20)));
CREATE INDEX ON floats USING hnsw (binary_quantize(v) bit_hamming_ops);
SET enable_seqscan = off;
SELECT id FROM bits ORDER BY b <~> B'101' LIMIT 1;
SELECT id FROM bits ORDER BY b <%> B'' LIMIT 1;
CREATE TABLE bit_any (b bit varying(10), o bit varying);
CREATE INDEX ON bit_any USING hnsw (b bit_hamming_ops);
CREATE INDEX ON bit_any USING hnsw (o bit_jaccard_ops);
CREATE INDEX bit_any_cast ON bit_any USING hnsw ((o::bit(3)) bit_jaccard_ops);
INSERT INTO bit_any VALUES ('1', '1'), ('101', '101'), ('', '');
SELECT sound('bit_any_cast'), same_as_sort('bit_any', 'o::bit(3) <%> B''101''');
CREATE INDEX ON bits USING hnsw (b);
CREATE INDEX ON bits USING hnsw (b vector_l2_ops);
CREATE INDEX ON floats USING hnsw (v bit_hamming_ops);

DROP TABLE bits, queries, bit_1, bit_long, bit_longer, bit_any, floats;
