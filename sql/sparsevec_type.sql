-- type sparsevec: text in and out, wire format, type modifier

SELECT '{1:1.5,3:3.5}/5'::sparsevec, '{}/5'::sparsevec, '{ }/1'::sparsevec, E' { 1 : 1.5 ,\t3:\n-2.5 } / 5 '::sparsevec;
SELECT '{1:.5,+2:1e2,03:0x10}/+5'::sparsevec, '{1000000000:1}/1000000000'::sparsevec;
-- any order in, ascending out; zeros are dropped, those that come of small numbers too
SELECT '{5:5,1:1,3:3}/5'::sparsevec, '{1:0,2:1,3:-0}/3'::sparsevec, '{1:0e-46,2:1e-45}/2'::sparsevec, '{2:0,2:1}/2'::sparsevec;
SELECT '{1:3.4028235e38,2:-1e-45}/2'::sparsevec;

-- indices, dimensions and numbers of elements out of bounds
SELECT '{0:1}/1'::sparsevec;
SELECT '{-1:1}/1'::sparsevec;
SELECT '{2:1}/1'::sparsevec;
SELECT '{2147483647:1}/1'::sparsevec;
SELECT '{2147483648:1}/1'::sparsevec;
SELECT '{-2147483648:1}/1'::sparsevec;
SELECT '{99999999999999999999:1}/1'::sparsevec;
SELECT '{1:1,1:1}/2'::sparsevec;
SELECT '{1:1,2:1,1:2}/2'::sparsevec;
SELECT '{}/0'::sparsevec;
SELECT '{}/-1'::sparsevec;
SELECT '{}/1000000001'::sparsevec;
SELECT '{}/99999999999999999999'::sparsevec;
SELECT '{}/-99999999999999999999'::sparsevec;
SELECT length(('{' || string_agg(i || ':1', ',') || '}/16000')::sparsevec::text) FROM generate_series(1, 16000) i;
SELECT ('{' || string_agg(i || ':1', ',') || '}/16001')::sparsevec FROM generate_series(1, 16001) i;
-- zeros are dropped, but count against the limit
SELECT ('{' || string_agg(i || CASE WHEN i > 2 THEN ':0' ELSE ':1' END, ',') || '}/20000')::sparsevec FROM generate_series(1, 16000) i;
SELECT '{1:NaN}/1'::sparsevec;
SELECT '{1:inf}/1'::sparsevec;
SELECT '{1:4e38,2:1}/2'::sparsevec;

-- type modifier
SELECT '{1:1}/3'::sparsevec(3);
SELECT '{1:1}/3'::sparsevec(2);
SELECT '{1:1}/3'::sparsevec::sparsevec(4);
CREATE TABLE sparse (s sparsevec(1000000000), u sparsevec);
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'sparse'::regclass AND attnum > 0 ORDER BY attnum;
INSERT INTO sparse VALUES ('{7:1}/1000000000', '{}/2');
INSERT INTO sparse VALUES ('{7:1}/999999999');
SELECT * FROM sparse;
DROP TABLE sparse;
CREATE TABLE t (s sparsevec(0));
CREATE TABLE t (s sparsevec(1000000001));
CREATE TABLE t (s sparsevec(3, 2));
CREATE TABLE t (s sparsevec('a'));

SELECT pg_column_size('{}/5'::sparsevec), pg_column_size('{1:1,2:1}/5'::sparsevec);
SELECT sparsevec_send('{2:1,5:-2}/7'), sparsevec_send('{}/1000000000');
