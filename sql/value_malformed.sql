-- halfvec and sparsevec: bad text and bad wire messages; every type: damaged ones

-- What the input function says, with its SQLSTATE.  From PostgreSQL 16 on the
-- errors must be soft, so there the answer comes without raising one.
CREATE FUNCTION input_error(input text, type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	IF current_setting('server_version_num')::int >= 160000 THEN
		EXECUTE 'SELECT sql_error_code || '': '' || message FROM pg_input_error_info($1, $2)'
			INTO result USING input, type;
		RETURN result;
	END IF;
	EXECUTE format('SELECT %L::%s', input, type);
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	IF current_setting('server_version_num')::int >= 160000 THEN
		RETURN 'not soft: ' || sqlerrm;
	END IF;
	RETURN sqlstate || ': ' || sqlerrm;
END
$$;

SELECT quote_literal(i) AS input, input_error(i, 'halfvec') AS error FROM unnest(ARRAY[
	'', '[', ']', '[]', '[,]', '[1', '[1,', '[1,]', '[1,,3]', '1,2', '{1}', '[1]x', '[a]', '[1a]', '[.]', '[e1]', '[1 2]', '[1]]', '[65520x]',
	'[NaN]', '[inf]', '[65519.99999]', '[65520]', '[-7e4,1]', '[1,1e39]', '[1e400]', '[1e-400]'
]) AS i;
SELECT quote_literal(i) AS input, input_error(i, 'sparsevec') AS error FROM unnest(ARRAY[
	'', ' ', '{', '{ ', '}', '{}', '{}/', '{}/ ', '{}/a', '{}/1a', '{}/1.5', '{}/1e1', '{}/0x1', '{}1', '{}//1', '{}/1/1', '{}/1}', '{}/- 1', '{}/--1', '{}/+', '[]/1', '[1:1]/1', '1:1/1',
	'{:', '{,', '{]', '{:}/1', '{,}/1', '{1', '{1}/1', '{1,}/1', '{1:', '{1:}/1', '{:1}/1', '{1:1', '{1:1}', '{1:1,}/1', '{,1:1}/1', '{1:1,,2:1}/2', '{1:1 2:1}/2', '{1:1:1}/1', '{1::1}/1', '{1,1}/1', '{1;1}/1',
	'{a:1}/1', '{1.5:1}/2', '{1e0:1}/1', '{0x1:1}/1', '{- 1:1}/1', '{"1":1}/1', '{1:a}/1', '{1:1a}/1', '{1:NaN}/1', '{1:-inf}/1', '{1:4e38}/1', '{1:4e38x}/1', '{1:1}/1 x',
	'{0:1}/1', '{2:1}/1', '{-1:1}/1', '{2147483648:1}/1', '{99999999999999999999999:1}/1', '{1:1,1:1}/1', '{2:1,1:1,2:3}/2', '{}/0', '{}/-5', '{}/1000000001', '{}/99999999999999999999999', E'{1:1}/1\u00a0', '{１:1}/1',
	'{2:1,1:1}/2', '{2:0,2:1}/2', '{}/1000000000'
]) AS i;
SELECT input_error('[1,2]', 'halfvec(3)'), input_error('{}/2', 'sparsevec(3)'), input_error('{"{}/3"}', 'sparsevec(3)[]');
SELECT left(input_error('{' || repeat('1:1,', 20000) || '}/5', 'sparsevec'), 48), left(input_error('{' || repeat('1:1,', 20000) || '1:1}/5', 'sparsevec'), 60);

-- wire messages, read as the server reads a parameter: only through binary COPY
CREATE FUNCTION receive(body bytea, type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	file bytea := '\x5047434f50590aff0d0a000000000000000000'::bytea || '\x0001'::bytea || int4send(length(body)) || body || '\xffff'::bytea;
	octal text;
	result text;
BEGIN
	SELECT string_agg(format('\0%s%s%s', b >> 6, (b >> 3) & 7, b & 7), '' ORDER BY i) INTO octal
		FROM (SELECT i, get_byte(file, i) AS b FROM generate_series(0, length(file) - 1) i) bytes;
	EXECUTE format('CREATE TEMP TABLE received (v %s)', type);
	EXECUTE format('COPY received FROM PROGRAM %L (FORMAT binary)', format('printf %%b ''%s''', octal));
	SELECT v::text INTO result FROM received;
	DROP TABLE received;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate || ': ' || sqlerrm;
END
$$;
SELECT m AS message, receive(decode(replace(m, ' ', ''), 'hex'), 'halfvec') FROM unnest(ARRAY[
	'0003 0000 3c00 c000 7bff', '0002 0000 8000 0001', '', '00', '0001', '0001 0000', '0001 0000 3c', '0002 0000 3c00', '0001 0000 3c00 3c00', '0001 0000 3c00 00', '0000 0000', 'ffff 0000', '3e80 0000', '3e81 0000',
	'0001 0001 3c00', '0001 ffff 3c00', '0001 0000 7c00', '0001 0000 fc00', '0001 0000 7e00', '0001 0000 7c01', '0001 0000 ffff'
]) AS m;
SELECT m AS message, receive(decode(replace(m, ' ', ''), 'hex'), 'sparsevec') FROM unnest(ARRAY[
	'00000005 00000002 00000000 00000000 00000004 3f800000 c0000000', '00000005 00000000 00000000', '3b9aca00 00000001 00000000 3b9ac9ff 00000001',
	'', '000000', '00000005', '00000005 00000000', '00000005 00000000 000000', '00000005 00000001 00000000', '00000005 00000001 00000000 00000000', '00000005 00000001 00000000 00000000 3f8000',
	'00000005 00000000 00000000 00', '00000005 00000001 00000000 00000000 3f800000 3f800000',
	'00000000 00000000 00000000', 'ffffffff 00000000 00000000', '80000000 00000000 00000000', '3b9aca01 00000000 00000000', '7fffffff 00000000 00000000',
	'00000005 ffffffff 00000000', '00000005 80000000 00000000', '00000005 00000006 00000000', '3b9aca00 00003e81 00000000', '3b9aca00 00003e80 00000000', '3b9aca00 7fffffff 00000000',
	'00000005 00000000 00000001', '00000005 00000000 ffffffff',
	'00000005 00000001 00000000 00000005 3f800000', '00000005 00000001 00000000 ffffffff 3f800000', '00000005 00000001 00000000 80000000 3f800000',
	'00000005 00000002 00000000 00000001 00000001 3f800000 3f800000', '00000005 00000002 00000000 00000002 00000001 3f800000 3f800000',
	'00000005 00000001 00000000 00000000 00000000', '00000005 00000001 00000000 00000000 80000000', '00000005 00000001 00000000 00000000 7fc00000', '00000005 00000001 00000000 00000000 ff800000'
]) AS m;
SELECT receive('\x00010000'::bytea || '\x3c00', 'halfvec(2)'), receive('\x000000050000000000000000', 'sparsevec(4)'), receive('\x000000050000000000000000', 'sparsevec(5)');

-- Text and messages damaged at random: a value, or an error of class 22 or that of a limit, 54000.
CREATE FUNCTION bad_outcome(outcome text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
	$$SELECT outcome ~ '^[0-9A-Z]{5}: ' AND outcome !~ '^(22|54000)' OR outcome ~ '^not soft'$$;
CREATE TABLE samples (type text, sample text, wire bytea);
INSERT INTO samples SELECT 'vector', v::text, vector_send(v) FROM (VALUES ('[1,-2.5,3e10]'::vector), ('[0]'), ('[1e-45,3.4028235e38]')) t(v);
INSERT INTO samples SELECT 'halfvec', v::text, halfvec_send(v) FROM (VALUES ('[1,-2.5,65504]'::halfvec), ('[0]'), ('[6e-8,-0]')) t(v);
INSERT INTO samples SELECT 'sparsevec', v::text, sparsevec_send(v) FROM (VALUES ('{1:1,3:-2.5}/5'::sparsevec), ('{}/1'), ('{7:1e-45,1000000000:3}/1000000000')) t(v);
CREATE FUNCTION damaged(sample text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	alphabet text := '0123456789.,:/{}[]+-eExaNinfty ';
	at int;
BEGIN
	FOR i IN 0 .. floor(random() * 3) LOOP
		at := 1 + floor(random() * (length(sample) + 1));
		CASE floor(random() * 4)
			WHEN 0 THEN sample := overlay(sample PLACING substr(alphabet, 1 + floor(random() * length(alphabet))::int, 1) FROM at FOR 0);
			WHEN 1 THEN sample := overlay(sample PLACING substr(alphabet, 1 + floor(random() * length(alphabet))::int, 1) FROM at FOR 1);
			WHEN 2 THEN sample := overlay(sample PLACING '' FROM at FOR 1);
			ELSE sample := left(sample, at) || substr(sample, 1 + floor(random() * at)::int);
		END CASE;
	END LOOP;
	RETURN sample;
END
$$;
SELECT count(*), count(*) FILTER (WHERE bad_outcome(outcome)) AS bad, count(outcome) > 1000 AS errors, count(*) > count(outcome) AS values
	FROM (SELECT input_error(damaged(sample), type) AS outcome FROM samples, generate_series(1, 500)) t;
CREATE FUNCTION damaged(wire bytea) RETURNS bytea LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at int;
BEGIN
	FOR i IN 0 .. floor(random() * 2) LOOP
		at := floor(random() * length(wire));
		CASE floor(random() * 4)
			WHEN 0 THEN wire := set_byte(wire, at, floor(random() * 256)::int);
			WHEN 1 THEN wire := set_byte(wire, at, (ARRAY[0, 1, 127, 128, 255])[1 + floor(random() * 5)::int]);
			WHEN 2 THEN wire := substr(wire, 1, greatest(at, 1));
			ELSE wire := wire || substr(wire, 1 + at);
		END CASE;
	END LOOP;
	RETURN wire;
END
$$;
SELECT count(*), count(*) FILTER (WHERE bad_outcome(outcome)) AS bad, count(*) FILTER (WHERE outcome ~ '^[0-9A-Z]{5}: ') > 100 AS errors
	FROM (SELECT receive(damaged(wire), type) AS outcome FROM samples, generate_series(1, 40)) t;

DROP FUNCTION input_error, receive, bad_outcome, damaged(text), damaged(bytea);
DROP TABLE samples;
