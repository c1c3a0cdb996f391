-- type halfvec: operators, functions, aggregates, order

SELECT '[1,2,3]'::halfvec + '[4,5,6]', '[1,2,3]'::halfvec - '[4,5,6]', '[1,2,3]'::halfvec * '[4,5,-6]', '[1,2]'::halfvec || '[3]';
SELECT '[1,2]'::halfvec + '[3]';
SELECT '[1,2]'::halfvec - '[3]';
SELECT '[1,2]'::halfvec * '[3]';
-- the result is rounded once, and checked against half's range
SELECT '[2048]'::halfvec + '[1]', '[2048]'::halfvec + '[3]', '[65504]'::halfvec + '[15]', '[65504]'::halfvec + '[6e-8]';
SELECT '[65504]'::halfvec + '[16]';
SELECT '[-65504]'::halfvec - '[16]';
SELECT '[1e4]'::halfvec * '[10]';
SELECT '[1e-4]'::halfvec * '[1e-4]';
SELECT '[1e-4,0,-0]'::halfvec * '[4e-4,1e-5,5]';
SELECT array_fill(1, ARRAY[8001])::halfvec || array_fill(1, ARRAY[8001])::halfvec;

SELECT vector_dims('[1,2,3]'::halfvec), l2_norm('[3,4]'::halfvec), l2_norm('[0]'::halfvec), l2_norm(array_fill(65504, ARRAY[16000])::halfvec);
SELECT l2_normalize('[3,4]'::halfvec), l2_normalize('[0,0.1]'::halfvec), l2_normalize('[0,0]'::halfvec), l2_normalize('[65504]'::halfvec), l2_normalize('[6e-8,0]'::halfvec);
SELECT binary_quantize('[1,0,-1]'::halfvec), binary_quantize('[0,0.1,-0.2,-0.3,0.4,0.5,0.6,-0.7,0.8,-0.9,6e-8]'::halfvec);
SELECT subvector('[1,2,3,4,5]'::halfvec, 2, 3), subvector('[1,2,3,4,5]'::halfvec, -1, 3), subvector('[1,2,3,4,5]'::halfvec, 3, 2147483647);
SELECT subvector('[1,2,3]'::halfvec, 4, 1);
SELECT subvector('[1,2,3]'::halfvec, -2147483648, -2147483648);

-- distances
SELECT l2_distance('[0,0]'::halfvec, '[3,4]'), '[0,0]'::halfvec <-> '[3,4]', halfvec_l2_squared_distance('[0,0]', '[3,4]');
SELECT inner_product('[1,2]'::halfvec, '[3,4]'), '[1,2]'::halfvec <#> '[3,4]', '[1,0]'::halfvec <#> '[0,1]';
SELECT cosine_distance('[1,2]'::halfvec, '[2,4]'), '[1,1]'::halfvec <=> '[-1,-1]', cosine_distance('[1,2]'::halfvec, '[0,0]');
SELECT l1_distance('[0,0]'::halfvec, '[3,-4]'), '[0,0]'::halfvec <+> '[3,-4]', halfvec_spherical_distance('[1,0]', '[0,1]');
SELECT '[65504]'::halfvec <-> '[-65504]', '[65504]'::halfvec <#> '[65504]', '[65504]'::halfvec <=> '[65504]', '[6e-8]'::halfvec <=> '[-6e-8]', '[65504,0]'::halfvec <=> '[6e-8,6e-8]';
SELECT '[1,2]'::halfvec <-> '[3]';
SELECT '[1,2]'::halfvec <#> '[3]';
SELECT '[1,2]'::halfvec <=> '[3]';
SELECT '[1,2]'::halfvec <+> '[3]';
SELECT '[1]'::halfvec <-> NULL;
-- all lengths around the widths of registers give what vector gives
WITH pairs AS (
	SELECT n, (SELECT array_agg((i * 7 % 13 - 6)::real) FROM generate_series(1, n) i) AS a,
		(SELECT array_agg((i * 5 % 11 - 4)::real / 4) FROM generate_series(1, n) i) AS b
	FROM unnest(ARRAY[1,2,3,4,5,7,8,9,15,16,17,31,32,33,47,63,64,65,100,127,128,129,255,256,257,1000,4097,16000]) n
)
SELECT count(*), bool_and(a::halfvec <-> b::halfvec = a::vector <-> b::vector AND a::halfvec <#> b::halfvec = a::vector <#> b::vector
	AND a::halfvec <+> b::halfvec = a::vector <+> b::vector AND abs((a::halfvec <=> b::halfvec) - (a::vector <=> b::vector)) < 1e-6) AS same FROM pairs;

-- order and hash
SELECT h FROM unnest(ARRAY['[1,2,3]'::halfvec, '[1]', '[2]', '[1,2]', '[-1,5]', '[1,-2,3]', '[0]', NULL, '[65504]', '[-65504]', '[-6e-8]', '[6e-8]']) h ORDER BY h;
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt, halfvec_cmp(a, b) AS cmp
	FROM (VALUES ('[1,2,3]'::halfvec, '[1,2,3]'::halfvec), ('[1,2,3]', '[1,2]'), ('[1,2]', '[2]'), ('[0,1]', '[-0,1]'), ('[-1]', '[-2]')) t(a, b);
WITH v(v) AS (
	SELECT (SELECT array_agg(floor(random() * 3) - 1) FROM generate_series(1, 1 + (i % 4)))::halfvec FROM generate_series(1, 60) i
)
SELECT count(*), bool_and(halfvec_cmp(a.v, b.v) = btarraycmp(a.v::real[], b.v::real[])) AS same FROM v a, v b;
SELECT halfvec_hash('[0,-0]') = halfvec_hash('[-0,0]') AS zeros, halfvec_hash('[1,2]') = halfvec_hash('[2,1]') AS swapped,
	halfvec_hash_extended('[0,1]', 0) = halfvec_hash_extended('[-0,1]', 0) AS zeros, halfvec_hash_extended('[1]', 0) = halfvec_hash_extended('[1]', 1) AS other_seed;
CREATE TABLE compared (h halfvec);
INSERT INTO compared SELECT ARRAY[i % 100, i % 7]::halfvec FROM generate_series(1, 2000) i;
INSERT INTO compared VALUES (NULL), ('[0]'), ('[-0]');
ANALYZE compared;
SELECT count(DISTINCT h) FROM compared;
SET enable_sort = off;
SELECT count(*), sum(n) FROM (SELECT h, count(*) AS n FROM compared GROUP BY h) t;
RESET enable_sort;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SELECT count(*) FROM compared a JOIN compared b USING (h);
SET enable_mergejoin = on;
SET enable_hashjoin = off;
SELECT count(*) FROM compared a JOIN compared b USING (h);
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_nestloop;
CREATE INDEX ON compared (h);
CREATE INDEX ON compared USING hash (h);
DROP TABLE compared;

-- aggregates
SELECT avg(h), sum(h) FROM unnest(ARRAY['[1,2,3]'::halfvec, NULL, '[3,5,7]']) h;
SELECT avg(h), sum(h) FROM unnest(ARRAY[]::halfvec[]) h;
SELECT avg(h) FROM unnest(ARRAY['[1,2]'::halfvec, '[3]']) h;
SELECT sum(h) FROM unnest(ARRAY['[1,2]'::halfvec, '[3]']) h;
-- what counts is the result, not what comes up on the way
SELECT avg(h), sum(h * '[0]') FROM unnest(ARRAY['[65504]'::halfvec, '[65504]']) h;
SELECT sum(h) FROM unnest(ARRAY['[65504]'::halfvec, '[65504]', '[-65504]']) h;
SELECT sum(h) FROM unnest(ARRAY['[65504]'::halfvec, '[65504]']) h;
SELECT sum(h) FROM unnest(ARRAY['[2048]'::halfvec, '[1]', '[1]']) h;
SELECT halfvec_sum('{1,65519}'), halfvec_avg('{2,131038}');
SELECT halfvec_sum('{1,65520}');
SELECT halfvec_avg('{1}');
SELECT halfvec_accum('{1,2,3}', '[1]');
SELECT halfvec_combine('{0}', '{2,1}'), halfvec_combine('{1,1}', '{2,1}');
CREATE TABLE aggregated (h halfvec(2));
INSERT INTO aggregated SELECT ARRAY[i % 10, 1]::halfvec FROM generate_series(1, 20000) i;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT avg(h), sum(h) FROM aggregated;
SELECT avg(h), sum(h - '[4,1]') FROM aggregated;
SELECT avg(h), sum(h) FROM aggregated WHERE h = '[77,1]';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
DROP TABLE aggregated;
