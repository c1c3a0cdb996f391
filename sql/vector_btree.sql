-- type vector: order, equality, hash

-- element by element, then by dimension
SELECT v FROM unnest(ARRAY['[1,2,3]'::vector, '[1]', '[2]', '[1,2]', '[-1,5]', '[1,-2,3]', '[0]', '[1,2,2.5]', NULL, '[3e38]', '[-3e38]']) v ORDER BY v;
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt, vector_cmp(a, b) AS cmp
	FROM (VALUES ('[1,2,3]'::vector, '[1,2,3]'::vector), ('[1,2,3]', '[1,2]'), ('[1,2]', '[1,2,3]'), ('[1,2]', '[2]'), ('[2]', '[1,2]'),
		('[1,2,3]', '[1,2,4]'), ('[0,1]', '[-0,1]'), ('[-0]', '[0]'), ('[1e-45]', '[0]'), ('[-1e-45]', '[-0]')) t(a, b);
-- the same order as that of real[]
WITH v(v) AS (
	SELECT (SELECT array_agg(floor(random() * 3) - 1) FROM generate_series(1, 1 + (i % 4)))::vector FROM generate_series(1, 60) i
)
SELECT count(*), bool_and(vector_cmp(a.v, b.v) = btarraycmp(a.v::real[], b.v::real[])) AS same FROM v a, v b;

-- equal vectors hash equally, 0 and -0 included
SELECT vector_hash('[1,2]') = vector_hash('[1,2]') AS same, vector_hash('[0,-0]') = vector_hash('[-0,0]') AS zeros,
	vector_hash('[1,2]') = vector_hash('[2,1]') AS swapped, vector_hash('[1]') = vector_hash('[1,0]') AS longer;
SELECT vector_hash_extended('[0,1]', 0) = vector_hash_extended('[-0,1]', 0) AS zeros,
	vector_hash_extended('[0,1]', 0) = vector_hash_extended('[0,1]', 1) AS other_seed,
	vector_hash_extended('[1,2]', 0) & 4294967295 = vector_hash('[1,2]')::bigint & 4294967295 AS low_half;
-- 2000 values, hardly a collision
SELECT count(DISTINCT vector_hash(ARRAY[i, 1]::vector)) > 1995 AS spread FROM generate_series(1, 2000) i;

CREATE TABLE compared (id int, v vector);
INSERT INTO compared SELECT i, ARRAY[i % 100, i % 7]::vector FROM generate_series(1, 2000) i;
INSERT INTO compared VALUES (0, NULL), (0, '[0]'), (0, '[-0]'), (0, '[1,2,3]');
-- statistics of a column of mixed dimensions
ANALYZE compared;
SELECT n_distinct <> 0 AS has_statistics FROM pg_stats WHERE tablename = 'compared' AND attname = 'v';

-- grouping by hash and by sort
SET enable_hashagg = on;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT v, count(*) FROM compared GROUP BY v;
SELECT count(*), sum(n) FROM (SELECT v, count(*) AS n FROM compared GROUP BY v) t;
RESET enable_sort;
SET enable_hashagg = off;
EXPLAIN (COSTS OFF) SELECT v, count(*) FROM compared GROUP BY v;
SELECT count(*), sum(n) FROM (SELECT v, count(*) AS n FROM compared GROUP BY v) t;
RESET enable_hashagg;
SELECT count(DISTINCT v) FROM compared;

-- joins by hash, by merge and by loop
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line ~ 'Join|Loop|Cond|Scan using' THEN
			RETURN NEXT trim(line);
		END IF;
	END LOOP;
END
$$;
SET enable_nestloop = off;
SET enable_mergejoin = off;
SELECT plan_of('SELECT count(*) FROM compared a JOIN compared b USING (v)');
SELECT count(*) FROM compared a JOIN compared b USING (v);
SET enable_hashjoin = off;
SET enable_mergejoin = on;
SELECT plan_of('SELECT count(*) FROM compared a JOIN compared b USING (v)');
SELECT count(*) FROM compared a JOIN compared b USING (v);
SET enable_mergejoin = off;
SET enable_nestloop = on;
SELECT count(*) FROM compared a JOIN compared b USING (v);
RESET enable_hashjoin;
RESET enable_mergejoin;

-- btree and hash indexes are the default
CREATE INDEX compared_btree ON compared (v);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT plan_of('SELECT * FROM compared WHERE v = ''[5,5]''');
SELECT count(*) FROM compared WHERE v = '[5,5]';
SELECT count(*) FROM compared WHERE v < '[1]';
SELECT count(*) FROM compared WHERE v >= '[1]' AND v < '[2]';
SELECT v FROM compared WHERE v = '[0]' ORDER BY v::text;
SELECT v FROM compared WHERE v > '[0]' ORDER BY v LIMIT 3;
DROP INDEX compared_btree;
CREATE INDEX compared_hash ON compared USING hash (v);
SELECT plan_of('SELECT * FROM compared WHERE v = ''[5,5]''');
SELECT count(*) FROM compared WHERE v = '[5,5]';
SELECT v FROM compared WHERE v = '[0]' ORDER BY v::text;
DROP INDEX compared_hash;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- unique, and partitions by hash
CREATE TABLE uniq (v vector UNIQUE);
INSERT INTO uniq VALUES ('[0]'), ('[0,0]');
INSERT INTO uniq VALUES ('[-0]');
CREATE TABLE parted (v vector(2)) PARTITION BY HASH (v);
CREATE TABLE parted0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parted SELECT ARRAY[i, -i]::vector FROM generate_series(1, 100) i;
SELECT count(*) > 20 AS some FROM parted0 UNION ALL SELECT count(*) > 20 FROM parted1;
SELECT * FROM parted WHERE v = '[42,-42]';

DROP FUNCTION plan_of;
DROP TABLE compared, uniq, parted;
