-- records from 1 dimension to 16000: several a page, one a page, several pages
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all

CREATE PROCEDURE try_dims(dim int, op text, nrows int) LANGUAGE plpgsql AS $$
DECLARE
	distance text := format('v %s vec(-7, %s)', op, dim);
	opclass text := CASE op WHEN '<->' THEN 'l2' WHEN '<#>' THEN 'ip' WHEN '<=>' THEN 'cosine' ELSE 'l1' END;
	result text[];
BEGIN
	EXECUTE format('CREATE TABLE dims (id int, v vector(%s))', dim);
	ALTER TABLE dims SET (autovacuum_enabled = off);
	INSERT INTO dims SELECT i, vec(i, dim) FROM generate_series(1, nrows) i;
	EXECUTE format('CREATE INDEX dims_v ON dims USING hnsw (v vector_%s_ops)', opclass);
	result := ARRAY[sound('dims_v'), same_as_sort('dims', distance)];
	INSERT INTO dims SELECT i, vec(i, dim) FROM generate_series(nrows + 1, nrows + nrows / 4) i;
	INSERT INTO dims VALUES (0, NULL), (1, vec(1, dim));
	result := result || ARRAY[sound('dims_v'), same_as_sort('dims', distance)];
	DELETE FROM dims WHERE id % 3 = 0;
	result := result || ARRAY[sound('dims_v'), same_as_sort('dims', distance)];
	RAISE NOTICE '%', result;
END
$$;
CREATE PROCEDURE try_dims_again(dim int, op text, nrows int) LANGUAGE plpgsql AS $$
DECLARE
	distance text := format('v %s vec(-7, %s)', op, dim);
	result text[];
BEGIN
	result := ARRAY[sound('dims_v'), same_as_sort('dims', distance)];
	INSERT INTO dims SELECT i, vec(i, dim) FROM generate_series(1001, 1000 + nrows / 2) i;
	result := result || ARRAY[sound('dims_v'), same_as_sort('dims', distance)];
	-- without reading the index from end to end
	SET LOCAL hnsw.ef_search = 10;
	result := result || CASE WHEN recall_of('dims', distance, 5) >= 0.6 THEN 'good' ELSE 'bad' END;
	RESET hnsw.ef_search;
	DROP TABLE dims;
	RAISE NOTICE '%', result;
END
$$;
SET hnsw.ef_search = 100;

CALL try_dims(1, '<->', 150);
VACUUM dims;
CALL try_dims_again(1, '<->', 150);
CALL try_dims(1, '<=>', 150);
VACUUM dims;
CALL try_dims_again(1, '<=>', 150);
CALL try_dims(2, '<#>', 150);
VACUUM dims;
CALL try_dims_again(2, '<#>', 150);
CALL try_dims(3, '<+>', 150);
VACUUM dims;
CALL try_dims_again(3, '<+>', 150);
CALL try_dims(64, '<=>', 150);
VACUUM dims;
CALL try_dims_again(64, '<=>', 150);
CALL try_dims(128, '<->', 150);
VACUUM dims;
CALL try_dims_again(128, '<->', 150);
CALL try_dims(1536, '<=>', 60);
VACUUM dims;
CALL try_dims_again(1536, '<=>', 60);
CALL try_dims(1536, '<+>', 60);
VACUUM dims;
CALL try_dims_again(1536, '<+>', 60);
CALL try_dims(3072, '<#>', 40);
VACUUM dims;
CALL try_dims_again(3072, '<#>', 40);
CALL try_dims(8192, '<->', 30);
VACUUM dims;
CALL try_dims_again(8192, '<->', 30);
CALL try_dims(16000, '<=>', 24);
VACUUM dims;
CALL try_dims_again(16000, '<=>', 24);
CALL try_dims(16000, '<+>', 24);
VACUUM dims;
CALL try_dims_again(16000, '<+>', 24);

DROP PROCEDURE try_dims;
DROP PROCEDURE try_dims_again;
