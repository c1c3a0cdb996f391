-- type vector: text in and out, wire format, type modifier, storage

-- white space is allowed around every token
SELECT '[1,2,3]'::vector;
SELECT '[-1,2,+3]'::vector;
SELECT E' \t\n\r\x0b\f[ \t\n\r\x0b\f1 \t\n\r\x0b\f, \t\n\r\x0b\f2 \t\n\r\x0b\f] \t\n\r\x0b\f'::vector;
SELECT '[1.,.5,01,1e2,1E+2,1e-2,-.5e1,0x10]'::vector;

-- the shortest text that reads back, whatever extra_float_digits says
SELECT '[0.1,0.30000001,1.23456789,16777217,1e10,1e15,1e16,123456.789]'::vector;
SET extra_float_digits = -3;
SELECT '[0.1,0.30000001,1.23456789]'::vector;
RESET extra_float_digits;

-- zeros keep their sign
SELECT '[0,-0,+0,0e999,-0.000e5]'::vector;

-- the range of float
SELECT '[3.4028235e38,-3.4028235e38]'::vector;
SELECT '[1.17549435e-38,1.17549421e-38,1e-45,-1e-45]'::vector;
SELECT '[1e-46,-1e-46,1e-400,-1e-400]'::vector;

-- the number parser rounds like real's, ties and long mantissas included
WITH numbers(s) AS (
	SELECT (random() * 2 - 1)::text FROM generate_series(1, 3000)
	UNION ALL SELECT (random() * 2 - 1)::real::text FROM generate_series(1, 3000)
	UNION ALL SELECT (random() * 1e9)::numeric(30, 10)::text FROM generate_series(1, 1000)
	UNION ALL SELECT random()::numeric::text || 'e' || (random() * 60 - 30)::int FROM generate_series(1, 3000)
	UNION ALL SELECT (16777216 + i)::text || f FROM generate_series(1, 99) i,
		unnest(ARRAY['', '.0', '.5', '.0000000001', '.500000000000001', '.50000000000000000000000001', 'e-3', 'e21']) f
	UNION ALL SELECT unnest(ARRAY['9007199254740993', '18446744073709551615', '18446744073709551616',
		'1.00000005960464477539062500000000000000000000001', '1.000000059604644775390625',
		'0.99999997019767761230468750', '3.40282346638528859811704183484516925440e38',
		'1.1754943508222875e-38', '1.17549435e-38', '1.1754942e-38', '7.0064923216240854e-46',
		'1.4e-45', '8388609.5', '8388610.5', '33554433', '33554434.999999', '1e22', '1e23', '1e-22', '1e-23'])
)
-- 7.0e-46 and smaller are zero here, an error for real
SELECT count(*) > 10000 AS many, count(*) FILTER (WHERE ('[' || s || ']')::vector::real[] <> ARRAY[s::real]) AS wrong
	FROM numbers WHERE s <> '7.0064923216240854e-46';

-- output reads back as the same value
SELECT count(*) > 900 AS many, bool_and(v::text::vector::text = v::text AND v::real[] = ARRAY[f]) AS same
	FROM (SELECT f, ARRAY[f]::vector AS v
		FROM (SELECT (random() * 10 ^ (random() * 70 - 35))::real AS f FROM generate_series(1, 1000)) a) b;

-- 1 and 16000 dimensions, and one more
SELECT '[1]'::vector;
SELECT vector_dims(('[' || repeat('1,', 15999) || '1]')::vector);
SELECT length((('[' || repeat('-1.1754944e-38,', 15999) || '-1.1754944e-38]')::vector)::text);
SELECT ('[' || repeat('1,', 16000) || '1]')::vector;
SELECT ('[' || repeat('1,', 100000) || '1]')::vector;

-- size: header, dimensions, coordinates
SELECT pg_column_size('[1]'::vector), pg_column_size('[1,2,3]'::vector);

-- type modifier
SELECT '[1,2,3]'::vector(3);
SELECT '[1,2,3]'::vector(2);
SELECT '[1,2,3]'::vector::vector(4);
SELECT '[1,2,3]'::vector(3)::vector;
CREATE TABLE vt (v vector(3), w vector(16000), u vector, a vector(2)[]);
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
	WHERE attrelid = 'vt'::regclass AND attnum > 0 ORDER BY attnum;
INSERT INTO vt (v) VALUES ('[1,2,3]'), (NULL);
INSERT INTO vt (v) VALUES ('[1,2]');
INSERT INTO vt (v) VALUES ('[1,2,3,4]');
INSERT INTO vt (v) SELECT '[1,2]'::vector;
INSERT INTO vt (a) VALUES ('{"[1,2]","[3,4]"}');
INSERT INTO vt (a) VALUES ('{"[1,2]","[3]"}');
INSERT INTO vt (u) VALUES ('[1]'), ('[1,2]');
SELECT v, u, a FROM vt;
ALTER TABLE vt ALTER u TYPE vector(1);
DELETE FROM vt WHERE vector_dims(u) = 2;
ALTER TABLE vt ALTER u TYPE vector(1);
DROP TABLE vt;
SELECT unnest('{"[1,2,3]","[4,5,6]"}'::vector[]);
SELECT '{"[1,2,3]"}'::vector(2)[];

CREATE TABLE t (v vector());
CREATE TABLE t (v vector(0));
CREATE TABLE t (v vector(-1));
CREATE TABLE t (v vector(16001));
CREATE TABLE t (v vector(3, 2));
CREATE TABLE t (v vector('a'));
CREATE TABLE t (v vector(2147483648));

-- a value of 64 kB is stored out of line and comes back; the dimensions need only its head
CREATE TABLE big (v vector(16000));
INSERT INTO big SELECT array_agg(i)::vector FROM generate_series(1, 16000) i;
SELECT vector_dims(v), subvector(v, 1, 3), subvector(v, 15999, 2), pg_column_size(v) FROM big;
SELECT pg_relation_size('big') < 20000 AS toasted;
UPDATE big SET v = v + v;
SELECT vector_dims(v), subvector(v, 15999, 2) FROM big;
-- compressed and in-line storage work as well
ALTER TABLE big ALTER v SET STORAGE extended;
INSERT INTO big SELECT array_fill(0.5, ARRAY[16000])::vector;
SELECT vector_dims(v), subvector(v, 16000, 1), pg_column_size(v) < 64000 AS compressed FROM big;
DROP TABLE big;
