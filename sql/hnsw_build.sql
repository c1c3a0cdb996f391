-- CREATE INDEX USING hnsw: what is in the table, in each operator class
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all

-- no rows; then some
CREATE TABLE built (id int, v vector(3));
CREATE INDEX built_l2 ON built USING hnsw (v vector_l2_ops);
SELECT sound('built_l2');
SELECT same_as_sort('built', 'v <-> ''[1,2,3]''');
INSERT INTO built SELECT i, vec(i, 3) FROM generate_series(1, 50) i;
SELECT sound('built_l2');
SELECT same_as_sort('built', 'v <-> ''[1,2,3]''');
DROP INDEX built_l2;

-- one row
TRUNCATE built;
INSERT INTO built VALUES (1, '[1,2,3]');
CREATE INDEX built_l2 ON built USING hnsw (v vector_l2_ops);
SELECT sound('built_l2');
SELECT same_as_sort('built', 'v <-> ''[3,3,3]''');
DROP INDEX built_l2;

-- each operator class; 30 % of the rows are copies of 5 vectors, some have no
-- vector, some have no direction
TRUNCATE built;
INSERT INTO built SELECT i, CASE
		WHEN i % 10 < 3 THEN vec(-(i % 5), 3)
		WHEN i % 20 = 4 THEN NULL
		WHEN i % 20 = 5 THEN '[0,0,0]'
		ELSE vec(i, 3) END
	FROM generate_series(1, 200) i;
CREATE INDEX built_l2 ON built USING hnsw (v vector_l2_ops);
CREATE INDEX built_ip ON built USING hnsw (v vector_ip_ops);
CREATE INDEX built_cosine ON built USING hnsw (v vector_cosine_ops);
CREATE INDEX built_l1 ON built USING hnsw (v vector_l1_ops);
SELECT i, sound(i) FROM unnest('{built_l2,built_ip,built_cosine,built_l1}'::regclass[]) i;
EXPLAIN (COSTS OFF) SELECT id FROM built ORDER BY v <-> '[1,2,3]' LIMIT 5;
SELECT op, same_as_sort('built', format('v %s %L', op, query))
	FROM unnest('{<->,<#>,<=>,<+>}'::text[]) op, unnest('{"[1,2,3]","[-7,0,0.5]","[0,0,0]"}'::text[]) query
	ORDER BY op, query;

-- distances that are NaN come behind all numbers, rows without a vector behind those
SET enable_seqscan = off;
SELECT kind, min(place), max(place) FROM (
	SELECT CASE WHEN v IS NULL THEN 'no vector' WHEN v <=> '[1,2,3]' = 'NaN' THEN 'no distance' ELSE 'distance' END AS kind,
			row_number() OVER () AS place
		FROM (SELECT v FROM built ORDER BY v <=> '[1,2,3]') ordered) places
	GROUP BY kind ORDER BY 2;
RESET enable_seqscan;
DROP INDEX built_l2, built_ip, built_cosine, built_l1;

-- all equal
TRUNCATE built;
INSERT INTO built SELECT i, '[1,2,3]' FROM generate_series(1, 150) i;
CREATE INDEX built_l2 ON built USING hnsw (v vector_l2_ops);
SELECT sound('built_l2');
SELECT same_as_sort('built', 'v <-> ''[3,3,3]''');
DROP INDEX built_l2;

-- all without a vector
UPDATE built SET v = NULL;
CREATE INDEX built_l2 ON built USING hnsw (v vector_l2_ops);
SELECT sound('built_l2');
SELECT same_as_sort('built', 'v <-> ''[3,3,3]''');
INSERT INTO built SELECT i, vec(i, 3) FROM generate_series(1, 20) i;
SELECT same_as_sort('built', 'v <-> ''[3,3,3]''');
SELECT sound('built_l2');
DROP INDEX built_l2;

-- all without a direction
TRUNCATE built;
INSERT INTO built SELECT i, '[0,0,0]' FROM generate_series(1, 30) i;
CREATE INDEX built_cosine ON built USING hnsw (v vector_cosine_ops);
SELECT sound('built_cosine');
SELECT same_as_sort('built', 'v <=> ''[3,3,3]''');
DROP INDEX built_cosine;

-- very large, very small and mixed values; distances may overflow
TRUNCATE built;
INSERT INTO built SELECT i, format('[%s,%s,%s]', sign(0.5 - i % 2) || 'e' || i, i, '1e' || -i)::vector
	FROM generate_series(0, 38) i;
INSERT INTO built SELECT i, format('[%s,0,-%s]', '1e' || -i, '1e' || -i)::vector FROM generate_series(0, 45) i;
INSERT INTO built VALUES (0, '[3.4e38,3.4e38,3.4e38]'), (0, '[-3.4e38,3.4e38,-3.4e38]'), (0, '[-0,0,1e-45]');
CREATE INDEX built_l2 ON built USING hnsw (v vector_l2_ops);
CREATE INDEX built_ip ON built USING hnsw (v vector_ip_ops);
CREATE INDEX built_cosine ON built USING hnsw (v vector_cosine_ops);
CREATE INDEX built_l1 ON built USING hnsw (v vector_l1_ops);
SELECT i, sound(i) FROM unnest('{built_l2,built_ip,built_cosine,built_l1}'::regclass[]) i;
SELECT op, query, same_as_sort('built', format('v %s %L', op, query))
	FROM unnest('{<->,<#>,<=>,<+>}'::text[]) op,
		unnest('{"[1,2,3]","[1e-45,0,0]","[3.4e38,3.4e38,-3.4e38]","[1e20,1e-20,0]","[0,-1e10,1e-30]"}'::text[]) query
	ORDER BY op, query;

DROP TABLE built;
