-- ordered scans: order, LIMIT, filters, cursors, rescans, budgets
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all
\set SHOW_CONTEXT never

CREATE TABLE scanned (id int PRIMARY KEY, tenant int, v vector(8));
INSERT INTO scanned SELECT i, i % 250, vec(i, 8) FROM generate_series(1, 3000) i;
CREATE INDEX scanned_v ON scanned USING hnsw (v vector_l2_ops);
ANALYZE scanned;
SELECT sound('scanned_v');
EXPLAIN (COSTS OFF) SELECT id FROM scanned ORDER BY v <-> vec(-1, 8) LIMIT 10;

-- nearest first, the order of the output
SELECT count(*), count(*) FILTER (WHERE d < before) AS out_of_order FROM (
	SELECT d, lag(d) OVER () AS before FROM (
		SELECT v <-> '[1,2,3,4,5,6,7,8]' AS d FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 100) r) r;
SELECT recall_of('scanned', 'v <-> ''[1,2,3,4,5,6,7,8]''') >= 0.8 AS good;
SET hnsw.ef_search = 300;
SELECT same_as_sort('scanned', 'v <-> ''[1,2,3,4,5,6,7,8]''', lim => 20);
RESET hnsw.ef_search;

-- LIMIT beyond ef_search, all rows
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 500) r;
SET enable_seqscan = off;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]') r;
SELECT count(*) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 0) r;
SELECT count(*) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' OFFSET 2990 LIMIT 100) r;

-- 12 rows of 3000 match
EXPLAIN (COSTS OFF) SELECT id FROM scanned WHERE tenant = 7 ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 20;
SELECT count(*), count(DISTINCT id), bool_and(tenant = 7) FROM (
	SELECT * FROM scanned WHERE tenant = 7 ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 20) r;
SELECT count(*) FROM (SELECT * FROM scanned WHERE tenant = 7 ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 10) r;
SELECT count(*) FROM (SELECT * FROM scanned WHERE tenant = -1 ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 10) r;
SELECT count(*), max(d) < 12 FROM (
	SELECT v <-> '[1,2,3,4,5,6,7,8]' AS d FROM scanned WHERE v <-> '[1,2,3,4,5,6,7,8]' < 12
		ORDER BY v <-> '[1,2,3,4,5,6,7,8]') r
	HAVING count(*) = (SELECT count(*) FROM scanned WHERE v <-> '[1,2,3,4,5,6,7,8]' < 12);

-- the budget ends a scan, which says so; the planner knows about it, so the plan
-- must have been made before
CREATE FUNCTION many() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT count(*) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 1000) r);
END
$$;
SELECT many();
SET hnsw.max_scan_tuples = 100;
SELECT many();
DROP FUNCTION many;
SELECT count(*) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 5) r;
SELECT explained($$SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 1000$$);
-- a scan of one round is not held to it
SET hnsw.iterative_scan = off;
SET hnsw.max_scan_tuples = 1;
SELECT same_as_sort('scanned', 'v <-> ''[1,2,3,4,5,6,7,8]''', lim => 10);
RESET hnsw.iterative_scan;
RESET hnsw.max_scan_tuples;
SET work_mem = '64kB';
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT count(*) BETWEEN 20 AND 2999 AS some FROM (
	SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 3000) r;
RESET client_min_messages;
SET hnsw.scan_mem_multiplier = 1000;
SELECT count(*) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 3000) r;
\set VERBOSITY default
RESET hnsw.scan_mem_multiplier;
RESET work_mem;

-- iterative_scan
SET hnsw.iterative_scan = off;
SELECT count(*) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 500) r;
SET hnsw.iterative_scan = relaxed_order;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 500) r;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]') r;
SET hnsw.iterative_scan = strict_order;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 500) r;
RESET hnsw.iterative_scan;

-- cursors
BEGIN;
DECLARE c CURSOR FOR SELECT id, v <-> '[1,2,3,4,5,6,7,8]' AS d FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]';
CREATE TEMP TABLE fetched (id int, d float8, place serial);
DO $$
DECLARE
	c refcursor := 'c';
	r record;
BEGIN
	FOR i IN 1 .. 300 LOOP
		FETCH c INTO r;
		INSERT INTO fetched VALUES (r.id, r.d);
	END LOOP;
	MOVE FORWARD 100 FROM c;
	FETCH c INTO r;
	INSERT INTO fetched VALUES (r.id, r.d);
END
$$;
SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE d < before) AS out_of_order
	FROM (SELECT id, d, lag(d) OVER (ORDER BY place) AS before FROM fetched) r;
DROP TABLE fetched;
FETCH BACKWARD FROM c;
ROLLBACK;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id = first_value(id) OVER () AS same FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 3;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
CLOSE c;
-- a cursor that survives its transaction
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 60;
COMMIT;
MOVE 50 FROM held;
MOVE ALL FROM held;
CLOSE held;

-- rescans: a query for each outer row
EXPLAIN (COSTS OFF) SELECT q, (SELECT id FROM scanned ORDER BY v <-> vec(q, 8) LIMIT 1) AS nearest FROM generate_series(10, 40, 10) q;
SELECT q, (SELECT id FROM scanned ORDER BY v <-> vec(q, 8) LIMIT 1) AS nearest FROM generate_series(10, 40, 10) q;
SELECT q, count(*), count(DISTINCT n.id), min(n.d) FROM generate_series(10, 40, 10) q, LATERAL (
	SELECT id, v <-> vec(q, 8) AS d FROM scanned ORDER BY v <-> vec(q, 8) LIMIT 60) n GROUP BY q ORDER BY q;
SELECT a.id, n.id = a.id AS itself FROM scanned a, LATERAL (
	SELECT b.id FROM scanned b ORDER BY b.v <-> a.v LIMIT 1) n WHERE a.id % 600 = 1 ORDER BY 1;
-- a query that is NULL for some
SELECT q, count(n.id) FROM (VALUES (1), (NULL), (2)) t(q), LATERAL (
	SELECT id FROM scanned ORDER BY v <-> vec(q, 8) LIMIT 3) n GROUP BY q ORDER BY q;

-- prepared, with a parameter; generic plans as well
PREPARE near(vector, int) AS SELECT id FROM scanned ORDER BY v <-> $1 LIMIT $2;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE near(vec(77, 8), 1);
EXECUTE near(vec(77, 8), 1);
EXECUTE near(vec(78, 8), 1);
EXECUTE near('[1,2,3]', 1);
SET plan_cache_mode = force_custom_plan;
EXECUTE near(vec(79, 8), 1);
RESET plan_cache_mode;

-- orders nothing: all rows, in any order
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM scanned ORDER BY v <-> NULL) r;
EXECUTE near(NULL, 0);
SELECT count(*) FROM (SELECT id FROM scanned ORDER BY v <-> (SELECT NULL::vector) LIMIT 100) r;
SELECT same_as_sort('scanned', 'v <-> (SELECT NULL::vector)');
CREATE INDEX scanned_cosine ON scanned USING hnsw (v vector_cosine_ops);
INSERT INTO scanned VALUES (3001, 1, '[0,0,0,0,0,0,0,0]'), (3002, 1, NULL), (3003, 1, '[0,0,0,0,0,0,0,0]');
SELECT sound('scanned_cosine');
SELECT count(*), count(*) FILTER (WHERE d = 'NaN') AS nan, count(*) FILTER (WHERE d IS NULL) AS none FROM (
	SELECT v <=> '[0,0,0,0,0,0,0,0]' AS d FROM scanned ORDER BY v <=> '[0,0,0,0,0,0,0,0]') r;
SELECT same_as_sort('scanned', 'v <=> ''[0,0,0,0,0,0,0,0]''');
SELECT array_agg(CASE WHEN id < 10 THEN 'row' WHEN v IS NULL THEN 'null' ELSE 'zero' END ORDER BY place)
	FROM (SELECT *, row_number() OVER () AS place FROM (
		SELECT * FROM scanned WHERE id > 3000 OR id < 10 ORDER BY v <=> '[1,2,3,4,5,6,7,8]') r) r WHERE place > 8;

-- within a function, with an error, and again
CREATE FUNCTION nearest(vector) RETURNS int LANGUAGE sql STABLE AS 'SELECT id FROM scanned ORDER BY v <-> $1 LIMIT 1';
SELECT nearest(vec(5, 8)), nearest(vec(6, 8));
DO $$ BEGIN PERFORM nearest('[1]'); EXCEPTION WHEN others THEN RAISE NOTICE '%', sqlerrm; END $$;
SELECT nearest(vec(7, 8));

-- a join below
SELECT count(*) FROM (SELECT s.id FROM scanned s JOIN generate_series(1, 3000) g ON g = s.id
	ORDER BY s.v <-> '[1,2,3,4,5,6,7,8]' LIMIT 100) r;

-- two orders, the other operator
SELECT count(*) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]', id LIMIT 30) r;
SELECT count(*) FROM (SELECT id FROM scanned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' DESC LIMIT 30) r;

-- around the length at which the cosine ceases to be a number, as at 0
CREATE TABLE scanned_long (id int, v vector(3));
INSERT INTO scanned_long SELECT i, ARRAY[1.84467437e19 * (1 + (i - 100) * 1e-8), i, -i]::double precision[]::vector FROM generate_series(1, 200) i;
INSERT INTO scanned_long VALUES (0, '[0,0,0]'), (0, '[1e-45,0,0]'), (0, '[3e38,3e38,3e38]'), (0, '[1,2,3]'), (0, '[-3,1,2]');
CREATE INDEX scanned_long_v ON scanned_long USING hnsw (v vector_cosine_ops);
SELECT (v <=> '[1,2,3]') = 'NaN' AS is_nan, count(*) > 10 AS many FROM scanned_long GROUP BY 1 ORDER BY 1;
SELECT sound('scanned_long_v'), same_as_sort('scanned_long', 'v <=> ''[1,2,3]'''), same_as_sort('scanned_long', 'v <=> ''[-1e19,1e18,0]'''),
	same_as_sort('scanned_long', 'v <=> ''[3e38,0,0]''');
DROP TABLE scanned_long;

DROP FUNCTION nearest;
DROP TABLE scanned;
