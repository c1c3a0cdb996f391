-- every type: random values come back from text and from the wire format

-- a number of any size and sign that a type may hold: 10^-44.8 .. 10^38, or less
CREATE FUNCTION random_number(largest float8) RETURNS float8 LANGUAGE sql VOLATILE AS $$
	SELECT CASE floor(random() * 8) WHEN 0 THEN 0 WHEN 1 THEN floor(random() * 9) - 4
		ELSE sign(random() - 0.5) * (0.5 + random() / 2) * 10 ^ (random() * (log(largest) + 44.5) - 44.5) END
$$;
CREATE FUNCTION random_numbers(dim int, largest float8) RETURNS float8[] LANGUAGE sql VOLATILE AS
	'SELECT array_agg(random_number(largest)) FROM generate_series(1, dim)';

CREATE TABLE originals (id int, dim int, v vector, h halfvec, s sparsevec);
INSERT INTO originals
	SELECT row_number() OVER (), dim, random_numbers(dim, 3.4e38)::vector, random_numbers(dim, 65504)::halfvec, random_numbers(dim, 3.4e38)::sparsevec
	FROM unnest(ARRAY[1, 2, 3, 17, 200, 16000]) dim, generate_series(1, 40) i WHERE dim < 1000 OR i <= 3;
-- sparse values of the most dimensions, in any order
INSERT INTO originals (id, s) SELECT 1000 + i, ('{' || string_agg(1 + floor(random() * 1e5)::int * 10000 + j || ':' || random_number(3.4e38), ',' ORDER BY random()) || '}/1000000000')::sparsevec
	FROM generate_series(1, 30) i, generate_series(1, 60) j GROUP BY i;
-- the extremes
INSERT INTO originals (id, v, h, s) VALUES (2000, '[3.4028235e38,-3.4028235e38,1e-45,-1e-45,0,-0,1.17549435e-38]', '[65504,-65504,6e-8,-6e-8,0,-0,6.104e-5]', '{1:3.4028235e38,999999999:-1e-45}/1000000000'),
	(2001, '[0]', '[0]', '{}/1'), (2002, '[-0]', '[-0]', '{}/1000000000');

-- text
SELECT count(*), bool_and(v::text::vector::text = v::text AND v::text::vector = v) AS vector, bool_and(h::text::halfvec::text = h::text AND h::text::halfvec = h) AS halfvec,
	bool_and(s::text::sparsevec::text = s::text AND s::text::sparsevec = s) AS sparsevec FROM originals;
-- text is the shortest: that of the elements
SELECT bool_and(v::text = translate(v::real[]::text, '{}', '[]')) AS vector, bool_and(h::text = translate(h::real[]::text, '{}', '[]')) AS halfvec FROM originals;
-- arrays
SELECT bool_and(v::real[]::vector::text = v::text AND v::double precision[]::vector::text = v::text) AS vector,
	bool_and(h::real[]::halfvec::text = h::text AND h::double precision[]::halfvec::text = h::text AND h::vector::halfvec::text = h::text) AS halfvec,
	bool_and(s::vector::sparsevec = s AND s::real[]::sparsevec = s AND s::double precision[]::sparsevec = s) AS sparsevec FROM originals WHERE dim IS NOT NULL;

-- the wire format, by COPY
CREATE TABLE copies (LIKE originals);
CREATE FUNCTION round_trip() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	file text := format('/tmp/hnsw_value_roundtrip.%s', pg_backend_pid());
BEGIN
	EXECUTE format('COPY originals TO %L (FORMAT binary)', file);
	EXECUTE format('COPY copies FROM %L (FORMAT binary)', file);
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', format('cat > /dev/null; rm -f %s', file));
END
$$;
SELECT round_trip();
SELECT count(*), count(c.id), bool_and(vector_send(o.v) IS NOT DISTINCT FROM vector_send(c.v)) AS vector, bool_and(halfvec_send(o.h) IS NOT DISTINCT FROM halfvec_send(c.h)) AS halfvec,
	bool_and(sparsevec_send(o.s) IS NOT DISTINCT FROM sparsevec_send(c.s)) AS sparsevec FROM originals o LEFT JOIN copies c USING (id);
-- its size
SELECT bool_and(length(vector_send(v)) = 4 + 4 * vector_dims(v)) AS vector, bool_and(length(halfvec_send(h)) = 4 + 2 * vector_dims(h)) AS halfvec,
	bool_and(length(sparsevec_send(s)) = 12 + 8 * (length(s::text) - length(replace(s::text, ':', '')))) AS sparsevec FROM originals;

-- comparison is that of arrays; distances are those of SQL's arithmetic, within rounding
SELECT count(*), bool_and(vector_cmp(a.v, b.v) = btarraycmp(a.v::real[], b.v::real[])) AS vector, bool_and(halfvec_cmp(a.h, b.h) = btarraycmp(a.h::real[], b.h::real[])) AS halfvec,
	bool_and(sparsevec_cmp(a.s, b.s) = btarraycmp(a.s::real[], b.s::real[])) AS sparsevec
	FROM originals a, originals b WHERE a.dim < 20 AND b.dim < 20;
CREATE FUNCTION near(got float8, want float8, size float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS
	'SELECT abs(got - want) <= 1e-5 * size + 1e-42';
WITH pairs AS (
	SELECT a.h AS a, b.h AS b, a.h::float8[] AS x, b.h::float8[] AS y FROM originals a JOIN originals b USING (dim) WHERE a.id <> b.id AND dim < 1000 AND (a.id + b.id) % 5 = 0
), sums AS (
	SELECT a, b, (SELECT sum((p - q) ^ 2) FROM unnest(x, y) t(p, q)) AS l2, (SELECT sum(abs(p - q)) FROM unnest(x, y) t(p, q)) AS l1,
		(SELECT sum(p * q) FROM unnest(x, y) t(p, q)) AS ip, (SELECT sum(abs(p * q)) FROM unnest(x, y) t(p, q)) AS ip_size,
		1 - (SELECT sum(p * q) / sqrt(nullif(sum(p * p) * sum(q * q), 0)) FROM unnest(x, y) t(p, q)) AS cosine FROM pairs
)
SELECT count(*) > 500 AS many, bool_and(near(a <-> b, sqrt(l2), sqrt(l2))) AS l2, bool_and(near(a <+> b, l1, l1)) AS l1, bool_and(near(inner_product(a, b), ip, ip_size)) AS ip,
	bool_and(CASE WHEN cosine IS NULL THEN a <=> b = 'NaN' ELSE near(a <=> b, cosine, 1) END) AS cosine,
	bool_and(near(a::vector <-> b::vector, sqrt(l2), sqrt(l2))) AS vector_l2, bool_and(near(a::vector <+> b::vector, l1, l1)) AS vector_l1,
	bool_and(near(a::vector <#> b::vector, -ip, ip_size)) AS vector_ip, bool_and(CASE WHEN cosine IS NULL THEN a::vector <=> b::vector = 'NaN' ELSE near(a::vector <=> b::vector, cosine, 1) END) AS vector_cosine,
	bool_and(near(a::sparsevec <-> b::sparsevec, sqrt(l2), sqrt(l2))) AS sparse_l2, bool_and(near(a::sparsevec <+> b::sparsevec, l1, l1)) AS sparse_l1,
	bool_and(near(inner_product(a::sparsevec, b::sparsevec), ip, ip_size)) AS sparse_ip,
	bool_and(CASE WHEN cosine IS NULL THEN a::sparsevec <=> b::sparsevec = 'NaN' ELSE near(a::sparsevec <=> b::sparsevec, cosine, 1) END) AS sparse_cosine FROM sums;

DROP FUNCTION random_number, random_numbers, round_trip, near;
DROP TABLE originals, copies;
