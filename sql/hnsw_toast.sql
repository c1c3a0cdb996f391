-- Vectors out of line, compressed and inline: scans measure rows, and builds read them, alike.
SET client_min_messages = warning;
SET hnsw.seed = 1;

CREATE FUNCTION toast_vector(i int, dim int) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(sin(i * 0.37 + d * (1 + i % 7))::real ORDER BY d)::vector
  FROM generate_series(1, dim) d
$$;

-- how many of the nearest 20 by the index are not as far as the nearest 20 by a sort,
-- which are out of order, and whether hnsw_check finds anything
CREATE FUNCTION toast_wrong(tab regclass, idx regclass, dim int,
  OUT missed int, OUT unordered int, OUT problems int)
LANGUAGE plpgsql AS $$
DECLARE
  q vector;
  sorted float8[];
  found float8[];
BEGIN
  missed := 0;
  unordered := 0;
  FOR i IN 1..5 LOOP
    q := toast_vector(i * 1000, dim);
    PERFORM set_config('enable_indexscan', 'off', true), set_config('enable_seqscan', 'on', true);
    EXECUTE format('SELECT array_agg(d) FROM (SELECT v <-> $1 d FROM %s ORDER BY v <-> $1 LIMIT 20) s', tab)
      INTO sorted USING q;
    PERFORM set_config('enable_indexscan', 'on', true), set_config('enable_seqscan', 'off', true);
    EXECUTE format('SELECT array_agg(d) FROM (SELECT v <-> $1 d FROM %s ORDER BY v <-> $1 LIMIT 20) s', tab)
      INTO found USING q;
    missed := missed + 20 - (SELECT count(*) FROM unnest(found) f WHERE f <= sorted[20]);
    unordered := unordered + (SELECT count(*) FROM generate_series(2, 20) k WHERE found[k] < found[k - 1]);
  END LOOP;
  EXECUTE format('SELECT count(*) FROM hnsw_check(%L::regclass)', idx) INTO problems;
END
$$;

-- out of line, several chunks each
CREATE TABLE far (id int, v vector(1500));
INSERT INTO far SELECT i, toast_vector(i, 1500) FROM generate_series(1, 400) i;
SELECT pg_relation_size(reltoastrelid) > 400 * 6000 AS out_of_line FROM pg_class WHERE relname = 'far';
CREATE INDEX far_idx ON far USING hnsw (v vector_l2_ops);
SELECT * FROM toast_wrong('far', 'far_idx', 1500);

-- compressed where that helps, and inline where it then fits
CREATE TABLE mixed (id int, v vector(1500));
ALTER TABLE mixed ALTER COLUMN v SET STORAGE EXTENDED;
INSERT INTO mixed SELECT i, toast_vector(i, 1500) FROM generate_series(1, 150) i;
INSERT INTO mixed SELECT i, array_fill(i::real / 100, ARRAY[1500])::vector FROM generate_series(151, 300) i;
ALTER TABLE mixed ALTER COLUMN v SET STORAGE PLAIN;
INSERT INTO mixed SELECT i, toast_vector(i, 1500) FROM generate_series(301, 400) i;
SELECT count(*) FILTER (WHERE pg_column_size(v) < 6000) AS compressed,
  count(*) FILTER (WHERE pg_column_size(v) >= 6000) AS plain FROM mixed;
CREATE INDEX mixed_idx ON mixed USING hnsw (v vector_l2_ops);
SELECT * FROM toast_wrong('mixed', 'mixed_idx', 1500);

-- a table written anew, whose TOAST table is another
VACUUM FULL far;
SELECT * FROM toast_wrong('far', 'far_idx', 1500);
CREATE INDEX far_id ON far (id);
CLUSTER far USING far_id;
SELECT * FROM toast_wrong('far', 'far_idx', 1500);

-- a partial index, an expression, and a column behind others
CREATE INDEX far_part ON far USING hnsw (v vector_l2_ops) WHERE id % 2 = 0;
CREATE INDEX far_half ON far USING hnsw ((v::halfvec(1500)) halfvec_l2_ops);
SELECT count(*) FROM hnsw_check('far_part');
SELECT count(*) FROM hnsw_check('far_half');
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT id FROM far ORDER BY v::halfvec(1500) <-> toast_vector(1, 1500)::halfvec LIMIT 50) s;

-- a cursor reads on after a savepoint, in which it was first read and so opened the TOAST
-- table, has been rolled back
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM far ORDER BY v <-> toast_vector(7, 1500);
SAVEPOINT s;
FETCH 3 FROM c;
ROLLBACK TO s;
FETCH 2 FROM c;
MOVE 100 FROM c;
-- what it has opened it has closed: no lock on the TOAST table is left
CLOSE c;
SELECT count(*) FROM pg_locks l JOIN pg_class t ON t.oid = l.relation
  JOIN pg_class far ON far.reltoastrelid = t.oid WHERE far.relname = 'far' AND l.pid = pg_backend_pid();
COMMIT;
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM far ORDER BY v <-> toast_vector(7, 1500);
SAVEPOINT s;
FETCH 3 FROM h;
ROLLBACK TO s;
COMMIT;
FETCH 2 FROM h;
CLOSE h;

-- a nested loop starts the scan again and again
SELECT count(*), count(DISTINCT near.id) > 1 AS several
FROM generate_series(1, 5) g,
  LATERAL (SELECT id FROM far ORDER BY v <-> toast_vector(g, 1500) LIMIT 4) near;

DROP TABLE far, mixed;
DROP FUNCTION toast_wrong, toast_vector;
