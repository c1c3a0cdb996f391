-- type vector: avg and sum

SELECT avg(v), sum(v) FROM unnest(ARRAY['[1,2,3]'::vector, '[3,5,7]']) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY['[1,2,3]'::vector, NULL, '[3,5,7]', NULL]) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY['[1]'::vector]) v;
-- no rows, only NULLs
SELECT avg(v), sum(v) FROM unnest(ARRAY[]::vector[]) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY[NULL]::vector[]) v;
SELECT g, avg(v), sum(v) FROM (VALUES (1, '[1,2]'::vector), (2, NULL), (1, '[3,4]'), (3, '[5,6,7]')) t(g, v) GROUP BY g ORDER BY g;
SELECT sum(DISTINCT v), sum(v) FILTER (WHERE v > '[1]') FROM unnest(ARRAY['[1]'::vector, '[1]', '[2]']) v;
-- moving frame
SELECT i, sum(ARRAY[i, 1]::vector) OVER w, avg(ARRAY[i, 1]::vector) OVER w FROM generate_series(1, 4) i
	WINDOW w AS (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
SELECT i, sum(ARRAY[i, 1]::vector) OVER (ORDER BY i) FROM generate_series(1, 4) i;

-- different dimensions
SELECT avg(v) FROM unnest(ARRAY['[1,2]'::vector, '[3]']) v;
SELECT sum(v) FROM unnest(ARRAY['[1,2]'::vector, '[3]']) v;

-- float's range: what counts is the result
SELECT avg(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]']) v;
SELECT sum(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]', '[-3e38]']) v;
SELECT sum(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]']) v;
SELECT sum(v) FROM unnest(ARRAY['[-3e38]'::vector, '[-3e38]']) v;
-- in float arithmetic 1 would be lost
SELECT sum(v) FROM unnest(ARRAY['[16777216]'::vector, '[1]', '[1]']) v;
SELECT vector_dims(avg(v)), vector_dims(sum(v)) FROM (SELECT array_fill(i, ARRAY[16000])::vector AS v FROM generate_series(1, 3) i) t;

-- in parallel, where some workers see no row or only NULLs
CREATE TABLE aggregated (g int, v vector(3));
INSERT INTO aggregated SELECT i % 3, CASE WHEN i % 3 < 2 THEN ARRAY[i, 2 * i, -i]::vector END FROM generate_series(1, 30000) i;
ANALYZE aggregated;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT avg(v), sum(v) FROM aggregated;
SELECT avg(v), sum(v) FROM aggregated;
SELECT avg(v), sum(v) FROM aggregated WHERE g = 2;
SELECT avg(v), sum(v) FROM aggregated WHERE g = 5;
SELECT g, avg(v), sum(v), count(*) FROM aggregated GROUP BY g ORDER BY g;
SELECT avg(v), sum(v) FROM aggregated WHERE v = '[7,14,-7]';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
DROP TABLE aggregated;

-- the support functions by hand
SELECT vector_accum('{0}', '[1,2]'), vector_accum('{1,1,2}', '[3,4]'), vector_accum('{0,9,9}', '[1]');
SELECT vector_combine('{0}', '{0}'), vector_combine('{0}', '{1,2}'), vector_combine('{1,2}', '{0}'), vector_combine('{1,2}', '{3,4}');
SELECT vector_avg('{0}'), vector_avg('{2,2,3}'), vector_sum('{0}'), vector_sum('{2,2,3}');
SELECT vector_accum(NULL, '[1]'), vector_avg(NULL), vector_combine(NULL, '{0}');
-- a state given by hand is not written to
DO $$
DECLARE
	state double precision[] := '{1,1,2}';
BEGIN
	RAISE NOTICE '% % %', vector_accum(state, '[3,4]'), vector_combine(state, state), state;
END
$$;
-- and must be one
CREATE FUNCTION try_state(state double precision[]) RETURNS TABLE (accum text, combine_l text, combine_r text, avg text, sum text) LANGUAGE plpgsql AS $$
BEGIN
	BEGIN accum := vector_accum(state, '[1,2]'); EXCEPTION WHEN OTHERS THEN accum := sqlerrm; END;
	BEGIN combine_l := vector_combine(state, '{1,1,2}'); EXCEPTION WHEN OTHERS THEN combine_l := sqlerrm; END;
	BEGIN combine_r := vector_combine('{1,1,2}', state); EXCEPTION WHEN OTHERS THEN combine_r := sqlerrm; END;
	BEGIN avg := vector_avg(state); EXCEPTION WHEN OTHERS THEN avg := sqlerrm; END;
	BEGIN sum := vector_sum(state); EXCEPTION WHEN OTHERS THEN sum := sqlerrm; END;
	RETURN NEXT;
END
$$;
\x on
SELECT state, t.* FROM unnest(ARRAY['{}', '{NULL}', '{1}', '{-1,2,3}', '{0.5,2,3}', '{NaN,2,3}', '{Infinity,2,3}', '{1e300,2,3}', '{9007199254740992,2,3}',
	'{9007199254740991,2,3}', '{1,NULL,3}', '{{1,2,3}}', '{{1},{2},{3}}', '{1,2}', '{1,2,3,4}',
	'{1,NaN,1}', '{1,Infinity,1}', '{1,1e300,1}', '{1,-4e38,1}', '{-0,1,1}', '[0:2]={1,2,3}']) state, try_state(state::double precision[]) t;
\x off
SELECT vector_accum('{}', '[1]');
SELECT vector_avg('{1}');
SELECT vector_avg(array_fill(1, ARRAY[16002])::double precision[]);
SELECT vector_dims(vector_avg(array_fill(1, ARRAY[16001])::double precision[]));
SELECT vector_accum(array_fill(1, ARRAY[16002])::double precision[], array_fill(1, ARRAY[16000])::vector);
DROP FUNCTION try_state;
