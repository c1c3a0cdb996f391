-- type sparsevec: operators, functions, aggregates, order, casts

-- distances
SELECT l2_distance('{1:3}/2'::sparsevec, '{2:4}/2'), '{}/2'::sparsevec <-> '{1:3,2:4}/2', '{1:3,2:4}/2'::sparsevec <-> '{}/2', sparsevec_l2_squared_distance('{}/2', '{1:3,2:4}/2');
SELECT inner_product('{1:1,2:2}/2'::sparsevec, '{1:2,2:4}/2'), '{1:1,2:2}/2'::sparsevec <#> '{1:2,2:4}/2', '{1:1}/2'::sparsevec <#> '{2:1}/2';
SELECT cosine_distance('{1:1,2:2}/2'::sparsevec, '{1:2,2:4}/2'), '{1:1}/2'::sparsevec <=> '{2:2}/2', '{1:1,2:1}/2'::sparsevec <=> '{1:-1,2:-1}/2', '{1:1}/1'::sparsevec <=> '{}/1';
SELECT l1_distance('{1:3}/2'::sparsevec, '{2:-4}/2'), '{1:1}/2'::sparsevec <+> '{1:4}/2';
SELECT '{1:3e38}/1'::sparsevec <-> '{1:-3e38}/1', '{1:3e38}/1'::sparsevec <#> '{1:3e38}/1', '{1:3e38}/1'::sparsevec <+> '{1:-3e38}/1', '{1:3e38}/1'::sparsevec <=> '{1:3e38}/1', '{1:1e-45}/2'::sparsevec <=> '{2:1e-45}/2';
SELECT '{1:1}/2'::sparsevec <-> '{1:1}/3';
SELECT '{1:1}/2'::sparsevec <#> '{1:1}/3';
SELECT '{1:1}/2'::sparsevec <=> '{1:1}/3';
SELECT '{1:1}/2'::sparsevec <+> '{1:1}/3';
-- random values give what vector gives, lists of very different lengths too
CREATE FUNCTION random_floats(dim int, share float8) RETURNS real[] LANGUAGE sql VOLATILE AS
	'SELECT array_agg(CASE WHEN random() < share THEN random() * 2 - 1 ELSE 0 END) FROM generate_series(1, dim)';
WITH pairs AS MATERIALIZED (
	SELECT random_floats(dim, p) AS a, random_floats(dim, q) AS b FROM unnest(ARRAY[1, 2, 10, 3000]) dim, unnest(ARRAY[0, 0.005, 0.5, 1]) p, unnest(ARRAY[0, 0.005, 0.5, 1]) q,
		generate_series(1, 3)
)
SELECT count(*), bool_and(abs((a::sparsevec <-> b::sparsevec) - (a::vector <-> b::vector)) < 1e-3) AS l2,
	bool_and(abs((a::sparsevec <#> b::sparsevec) - (a::vector <#> b::vector)) < 1e-3) AS ip,
	bool_and(abs((a::sparsevec <+> b::sparsevec) - (a::vector <+> b::vector)) < 1e-1) AS l1,
	bool_and(coalesce(abs(nullif(a::sparsevec <=> b::sparsevec, 'NaN') - nullif(a::vector <=> b::vector, 'NaN')) < 1e-5, a::vector <=> b::vector = 'NaN')) AS cosine,
	bool_and(sparsevec_cmp(a::sparsevec, b::sparsevec) = vector_cmp(a::vector, b::vector)) AS cmp,
	bool_and((a::sparsevec + b::sparsevec)::vector = a::vector + b::vector AND (a::sparsevec - b::sparsevec)::vector = a::vector - b::vector
		AND (a::sparsevec * b::sparsevec)::vector = a::vector * b::vector) AS arithmetic,
	bool_and(l2_normalize(a::sparsevec)::vector = l2_normalize(a::vector) AND l2_norm(a::sparsevec) = vector_norm(a::vector)) AS norm,
	bool_and(a::sparsevec::vector::real[] = a AND a::vector::sparsevec = a::sparsevec) AS casts
	FROM pairs;
DROP FUNCTION random_floats;

-- norm, arithmetic
SELECT l2_norm('{1:3,2:4}/9'::sparsevec), l2_norm('{}/9'::sparsevec), l2_norm('{1:3e37,2:4e37}/9'::sparsevec);
SELECT l2_normalize('{1:3,2:4}/2'::sparsevec), l2_normalize('{}/2'::sparsevec), l2_normalize('{1:3e38}/1'::sparsevec), l2_normalize('{1:3e38,2:1e-45}/2'::sparsevec);
SELECT '{1:1,2:2}/3'::sparsevec + '{2:-2,3:1}/3', '{1:1}/3'::sparsevec - '{3:1}/3', '{1:2,2:3}/3'::sparsevec * '{2:4}/3', '{}/3'::sparsevec + '{}/3';
SELECT '{1:3e38}/1'::sparsevec + '{1:3e38}/1';
SELECT '{1:1e-30}/1'::sparsevec * '{1:1e-30}/1';
SELECT '{1:1}/2'::sparsevec + '{1:1}/3';
SELECT (SELECT array_agg(i % 2) FROM generate_series(1, 32002) i)::sparsevec;
SELECT a + b FROM (SELECT ('{' || string_agg(2 * i || ':1', ',') || '}/40000')::sparsevec AS a, ('{' || string_agg(2 * i - 1 || ':1', ',') || '}/40000')::sparsevec AS b
	FROM generate_series(1, 8001) i) t;

-- the order of arrays
SELECT s FROM unnest(ARRAY['{1:1,2:2,3:3}/3'::sparsevec, '{1:1}/1', '{1:2}/1', '{1:1,2:2}/2', '{1:-1,2:5}/2', '{}/1', '{}/3', '{3:-1}/3', '{3:1}/3', NULL, '{1000000000:1}/1000000000']) s ORDER BY s;
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt, sparsevec_cmp(a, b) AS cmp
	FROM (VALUES ('{1:1}/3'::sparsevec, '{1:1}/3'::sparsevec), ('{1:1}/3', '{1:1}/2'), ('{3:-1}/3', '{}/2'), ('{3:-1}/3', '{}/3'), ('{1:1,3:1}/3', '{1:1,2:1}/3'), ('{2:-1}/3', '{3:-1}/3')) t(a, b);
WITH v(v) AS (
	SELECT (SELECT array_agg(floor(random() * 3) - 1) FROM generate_series(1, 1 + (i % 5)))::sparsevec FROM generate_series(1, 80) i
)
SELECT count(*), bool_and(sparsevec_cmp(a.v, b.v) = btarraycmp(a.v::real[], b.v::real[])) AS same, bool_and((a.v = b.v) <= (sparsevec_hash(a.v) = sparsevec_hash(b.v))) AS hash FROM v a, v b;
SELECT sparsevec_hash('{1:1}/2') = sparsevec_hash('{1:1}/3') AS dimensions, sparsevec_hash('{1:1}/2') = sparsevec_hash('{2:1}/2') AS indices,
	sparsevec_hash_extended('{1:1}/2', 0) = sparsevec_hash_extended('{1:1}/2', 1) AS other_seed;
CREATE TABLE compared (s sparsevec);
INSERT INTO compared SELECT ARRAY[i % 100, i % 7]::sparsevec FROM generate_series(1, 2000) i;
INSERT INTO compared VALUES (NULL), ('{}/1000000000');
ANALYZE compared;
SELECT count(DISTINCT s) FROM compared;
SET enable_sort = off;
SELECT count(*), sum(n) FROM (SELECT s, count(*) AS n FROM compared GROUP BY s) t;
RESET enable_sort;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SELECT count(*) FROM compared a JOIN compared b USING (s);
RESET enable_mergejoin;
RESET enable_nestloop;
CREATE INDEX ON compared (s);
CREATE INDEX ON compared USING hash (s);
DROP TABLE compared;

-- casts: from arrays on assignment, from the dense types by themselves, back on assignment
SELECT ARRAY[1,0,3]::sparsevec, ARRAY[1.5,0]::sparsevec, '{0,-0,1e-46}'::double precision[]::sparsevec, '{0,2}'::real[]::sparsevec(2);
SELECT ARRAY[1,0,3]::sparsevec(2);
SELECT '{}'::integer[]::sparsevec;
SELECT '{NULL}'::integer[]::sparsevec;
SELECT '{{1}}'::integer[]::sparsevec;
SELECT '{Infinity}'::real[]::sparsevec;
SELECT array_fill(0, ARRAY[100000])::sparsevec;
SELECT array_fill(1, ARRAY[16001])::sparsevec;
SELECT '[0,1.5]'::vector::sparsevec, '[0,1.5]'::halfvec::sparsevec, '{2:1.5}/2'::sparsevec::vector, '{2:1.23456}/2'::sparsevec::halfvec;
SELECT '[0,1]'::vector::sparsevec(3);
SELECT '[0,1]'::halfvec::sparsevec(3);
SELECT '{2:1}/2'::sparsevec::vector(3);
SELECT '{2:1}/2'::sparsevec::halfvec(3);
SELECT '{2:65520}/2'::sparsevec::halfvec;
SELECT '{}/16001'::sparsevec::vector;
SELECT '{}/16001'::sparsevec::halfvec;
SELECT '{}/16001'::sparsevec::real[];
SELECT '{2:1.5}/3'::sparsevec::real[], '{2:1.5}/3'::sparsevec::double precision[];
CREATE TABLE assigned (s sparsevec(2), v vector(2), h halfvec(2), d double precision[]);
INSERT INTO assigned VALUES (ARRAY[0,1], '{2:1}/2'::sparsevec, '{2:1}/2'::sparsevec, '{2:1}/2'::sparsevec);
INSERT INTO assigned (s) VALUES ('[1,0]'::vector);
INSERT INTO assigned (s) VALUES ('[1,0]'::halfvec);
INSERT INTO assigned (v) VALUES ('{1:1}/3'::sparsevec);
SELECT * FROM assigned;
DROP TABLE assigned;
SELECT '{2:1}/2'::sparsevec <-> '[0,3]'::vector, '[0,3]'::halfvec <#> '{2:1}/2'::sparsevec;
SELECT ARRAY[1,2,3] = ARRAY[1,2,3];

-- aggregates
SELECT avg(s), sum(s) FROM unnest(ARRAY['{1:1,3:2}/4'::sparsevec, NULL, '{2:5}/4', '{1:3}/4', '{3:-2}/4']) s;
SELECT avg(s), sum(s) FROM unnest(ARRAY[]::sparsevec[]) s;
SELECT avg(s), sum(s) FROM unnest(ARRAY['{}/1000000000'::sparsevec, '{1000000000:4}/1000000000']) s;
SELECT avg(s) FROM unnest(ARRAY['{1:1}/2'::sparsevec, '{1:1}/1']) s;
SELECT sum(s) FROM unnest(ARRAY['{1:1}/2'::sparsevec, '{1:1}/1']) s;
SELECT avg(s) FROM unnest(ARRAY['{1:3e38}/1'::sparsevec, '{1:3e38}/1']) s;
SELECT sum(s) FROM unnest(ARRAY['{1:3e38}/1'::sparsevec, '{1:3e38}/1']) s;
SELECT i, sum(ARRAY[i, 0, 1]::sparsevec) OVER w FROM generate_series(1, 4) i WINDOW w AS (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
-- together no more elements than one value may have
CREATE TABLE wide AS
	SELECT r, ('{' || string_agg(i * 17 + r || ':1', ',') || '}/100000')::sparsevec AS s FROM generate_series(1, 17) r, generate_series(1, 1000) i GROUP BY r;
SELECT length(sum(s)::text) FROM wide WHERE r <= 16;
SELECT sum(s) FROM wide;
DROP TABLE wide;
CREATE TABLE aggregated (g int, s sparsevec(1000));
INSERT INTO aggregated SELECT i % 3, ('{' || i % 50 + 1 || ':1,' || i % 7 + 100 || ':2}/1000')::sparsevec FROM generate_series(1, 21000) i;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT avg(s), sum(s) FROM aggregated;
SELECT sum(s)::vector = sum(s::vector) AS same_sum, avg(s)::vector = avg(s::vector) AS same_avg FROM aggregated;
SELECT avg(s), sum(s) FROM aggregated WHERE s = '{1000:9}/1000';
SELECT g, sum(s)::vector = sum(s::vector) AS same FROM aggregated GROUP BY g ORDER BY g;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
DROP TABLE aggregated;
-- the support functions by hand: states must be some
SELECT sparsevec_accum('{0}', '{2:1}/3'), sparsevec_accum('{1,3,1,1}', '{1:5,2:1}/3'), sparsevec_combine('{0}', '{0}'), sparsevec_combine('{1,3,0,1}', '{2,3,2,1}'), sparsevec_avg('{0}'), sparsevec_avg('{2,3,2,5}'), sparsevec_sum('{1,3}');
CREATE FUNCTION try_state(state double precision[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN sparsevec_sum(state);
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate || ': ' || sqlerrm;
END
$$;
SELECT state, try_state(state::double precision[]) FROM unnest(ARRAY['{}', '{NULL}', '{-1}', '{1}', '{1,0}', '{1,1.5}', '{1,1e10}', '{1,NaN}', '{1,3,0}', '{1,3,3,1}', '{1,3,-1,1}', '{1,3,0.5,1}', '{1,3,NaN,1}',
	'{1,3,1,1,1,1}', '{1,3,2,1,1,1}', '{1,3,0,NaN}', '{1,3,0,Infinity}', '{1,3,0,1e300}', '{1,3,0,0}', '{{1,3}}', '{NaN,3}', '{0,9,9,9}']) state;
SELECT sparsevec_sum(array_cat('{1,100000}', (SELECT array_agg(CASE WHEN i % 2 = 0 THEN i / 2 ELSE 1 END ORDER BY i) FROM generate_series(0, 32001) i)::double precision[]));
DO $$
DECLARE
	state double precision[] := '{1,3,1,1}';
BEGIN
	RAISE NOTICE '% % %', sparsevec_accum(state, '{2:1}/3'), sparsevec_combine(state, state), state;
END
$$;
DROP FUNCTION try_state;
