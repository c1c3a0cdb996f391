-- type halfvec: text in and out, rounding, wire format, type modifier, storage

SELECT '[1,2,3]'::halfvec, '[-1,+2,.5]'::halfvec, E' \t\n\r\x0b\f[ 1 ,2\t] '::halfvec;
-- coordinates are rounded to halves, and shown as the floats that they are
SELECT '[1.23456]'::halfvec, '[0.1,0.333333,2049,2051,-4097]'::halfvec, '[65504,-65504]'::halfvec;
-- zeros keep their sign; small numbers become 0 or subnormal, ties to even
SELECT '[0,-0]'::halfvec, '[1e-8,-1e-8]'::halfvec, '[2.98e-8,2.9802322e-8,2.9802326e-8,6e-8,8.9e-8,9e-8]'::halfvec, '[1e-46,-1e-400]'::halfvec;
-- the largest half, what still rounds to it, and what does not
SELECT '[65519,65519.99,-65519]'::halfvec;
SELECT '[65520]'::halfvec;
SELECT '[1,-65520]'::halfvec;
SELECT '[1e5]'::halfvec;
SELECT '[1.5e38]'::halfvec;
SELECT '[4e38]'::halfvec;
SELECT '[1e400]'::halfvec;
SELECT '[NaN]'::halfvec;
SELECT '[Infinity]'::halfvec;
SELECT '[-inf]'::halfvec;

-- every finite half reads back from its text
WITH halves AS (
	SELECT i, ('[' || CASE WHEN i / 1024 = 0 THEN i % 1024 * 2.0 ^ -24 ELSE (1024 + i % 1024) * 2.0 ^ (i / 1024 - 25) END || ']')::halfvec AS h
	FROM generate_series(0, 31743) i
)
SELECT count(*), count(DISTINCT h), bool_and(h::text::halfvec::text = h::text) AS text,
	bool_and(halfvec_send(h) = '\x00010000'::bytea || substr(int2send(i::int2), 1, 2)) AS bits FROM halves;

-- dimensions
SELECT '[]'::halfvec;
SELECT vector_dims(('[' || repeat('1,', 15999) || '1]')::halfvec);
SELECT ('[' || repeat('1,', 16000) || '1]')::halfvec;

-- type modifier
SELECT '[1,2]'::halfvec(2);
SELECT '[1,2]'::halfvec(3);
SELECT '[1,2]'::halfvec::halfvec(1);
CREATE TABLE halves (h halfvec(3), a halfvec(2)[]);
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'halves'::regclass AND attnum > 0 ORDER BY attnum;
INSERT INTO halves VALUES ('[1,2,3]', '{"[1,2]","[3,4]"}');
INSERT INTO halves VALUES ('[1,2]', NULL);
INSERT INTO halves VALUES (NULL, '{"[1,2,3]"}');
SELECT * FROM halves;
DROP TABLE halves;
CREATE TABLE t (h halfvec(0));
CREATE TABLE t (h halfvec(16001));
CREATE TABLE t (h halfvec(1, 2));
CREATE TABLE t (h halfvec('a'));

-- size, and values stored out of line
SELECT pg_column_size('[1]'::halfvec), pg_column_size('[1,2,3]'::halfvec);
CREATE TABLE big (h halfvec(16000));
INSERT INTO big SELECT array_agg(i % 2000)::halfvec FROM generate_series(1, 16000) i;
SELECT vector_dims(h), subvector(h, 1998, 4), pg_column_size(h) FROM big;
DROP TABLE big;

SELECT halfvec_send('[1,-2,0.5]'), halfvec_send('[-0,65504]');
