-- What pg_dump makes of a database with pgvector: the types of columns, defaults,
-- expressions, functions and indexes are written as that extension's. From a
-- server of 18, without what older servers do not know.

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA shop;

CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;

COMMENT ON EXTENSION vector IS 'vector data type and ivfflat and hnsw access methods';

CREATE TYPE shop.kind AS ENUM (
    'book',
    'film'
);

CREATE DOMAIN shop.unit AS public.vector(3)
	CONSTRAINT unit_check CHECK ((abs((public.vector_norm(VALUE) - (1)::double precision)) < (0.001)::double precision));

SET default_tablespace = '';

CREATE TABLE shop.items (
    id bigint NOT NULL,
    kind shop.kind DEFAULT 'book'::shop.kind NOT NULL,
    any_dims public.vector,
    embedding public.vector(3) DEFAULT '[0,0,1]'::public.vector,
    half public.halfvec(4) DEFAULT '[1,2,3,4]'::public.halfvec,
    words public.sparsevec(1000),
    bits bit(8),
    several public.vector(2)[],
    dims integer GENERATED ALWAYS AS (public.vector_dims(embedding)) STORED,
    CONSTRAINT short CHECK ((public.vector_norm(embedding) < (1000)::double precision))
);
ALTER TABLE ONLY shop.items ALTER COLUMN embedding SET STORAGE PLAIN;

CREATE FUNCTION shop.nearest(query public.vector, n integer DEFAULT 5) RETURNS SETOF shop.items
    LANGUAGE sql STABLE
    AS $$ SELECT * FROM shop.items ORDER BY embedding OPERATOR(public.<->) query LIMIT n $$;

CREATE FUNCTION shop.similarity(a public.vector, b public.vector) RETURNS double precision
    LANGUAGE sql IMMUTABLE
    RETURN ((1)::double precision - (a OPERATOR(public.<=>) b));

CREATE AGGREGATE shop.total(public.vector) (
    SFUNC = public.vector_add,
    STYPE = public.vector,
    COMBINEFUNC = public.vector_add
);

CREATE MATERIALIZED VIEW shop.centres AS
 SELECT kind,
    public.avg(embedding) AS centre,
    public.sum(half) AS total
   FROM shop.items
  GROUP BY kind
  WITH NO DATA;

CREATE SEQUENCE shop.items_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE shop.items_id_seq OWNED BY shop.items.id;

CREATE TABLE shop.log (
    day date NOT NULL,
    v public.vector(3)
)
PARTITION BY RANGE (day);

CREATE TABLE shop.log_1 (
    day date CONSTRAINT log_day_not_null NOT NULL,
    v public.vector(3)
);

CREATE TABLE shop.log_2 (
    day date CONSTRAINT log_day_not_null NOT NULL,
    v public.vector(3)
);

CREATE VIEW shop.near AS
 SELECT id,
    (embedding OPERATOR(public.<->) '[1,1,1]'::public.vector) AS distance,
    public.l2_normalize(half) AS direction
   FROM shop.items
  ORDER BY (embedding OPERATOR(public.<->) '[1,1,1]'::public.vector)
 LIMIT 10;

CREATE TABLE shop.units (
    u shop.unit
);

ALTER TABLE ONLY shop.log ATTACH PARTITION shop.log_1 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');

ALTER TABLE ONLY shop.log ATTACH PARTITION shop.log_2 FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');

ALTER TABLE ONLY shop.items ALTER COLUMN id SET DEFAULT nextval('shop.items_id_seq'::regclass);

COPY shop.items (id, kind, any_dims, embedding, half, words, bits, several) FROM stdin;
1	book	[0.5,1]	[0.84147096,-0.41614684,0.01]	[0.8413086,0.54052734,1,-0.125]	{2:0.5,502:1.5}/1000	00000001	{"[1,2]","[3,4]"}
2	book	[0.5,1,0.25]	[0.9092974,-0.6536436,0.02]	[0.9091797,-0.41625977,2,-0.25]	{3:0.75,503:1.5}/1000	00000010	{"[1,2]","[3,4]"}
3	book	[0.5]	[0.14112,0.96017027,0.03]	[0.14111328,-0.9902344,3,-0.375]	{4:1,504:1.5}/1000	00000011	{"[1,2]","[3,4]"}
4	film	[0.5,1]	[-0.7568025,-0.14550003,0.04]	[-0.75683594,-0.6538086,4,-0.5]	{5:1.25,505:1.5}/1000	00000100	{"[1,2]","[3,4]"}
5	book	[0.5,1,0.25]	[-0.9589243,-0.8390715,0.05]	[-0.9589844,0.2836914,5,-0.625]	{6:1.5,506:1.5}/1000	00000101	{"[1,2]","[3,4]"}
6	book	[0.5]	[-0.2794155,0.84385395,0.06]	[-0.27929688,0.95996094,6,-0.75]	{7:1.75,507:1.5}/1000	00000110	{"[1,2]","[3,4]"}
7	book	[0.5,1]	[0.6569866,0.13673721,0.07]	[0.65722656,0.75390625,0,-0.875]	{8:2,508:1.5}/1000	00000111	{"[1,2]","[3,4]"}
8	film	[0.5,1,0.25]	[0.98935825,-0.9576595,0.08]	[0.9892578,-0.14550781,1,-1]	{9:2.25,509:1.5}/1000	00001000	{"[1,2]","[3,4]"}
9	book	[0.5]	[0.4121185,0.6603167,0.09]	[0.41210938,-0.9111328,2,-1.125]	{10:2.5,510:1.5}/1000	00001001	{"[1,2]","[3,4]"}
10	book	[0.5,1]	[-0.5440211,0.40808207,0.1]	[-0.5439453,-0.8388672,3,-1.25]	{11:2.75,511:1.5}/1000	00001010	{"[1,2]","[3,4]"}
11	book	[0.5,1,0.25]	[-0.9999902,-0.99996084,0.11]	[-1,0.004425049,4,-1.375]	{12:3,512:1.5}/1000	00001011	{"[1,2]","[3,4]"}
12	film	[0.5]	[-0.53657293,0.42417902,0.12]	[-0.5366211,0.84375,5,-1.5]	{13:3.25,513:1.5}/1000	00001100	{"[1,2]","[3,4]"}
13	book	[0.5,1]	[0.42016703,0.6469193,0.13]	[0.42016602,0.90722656,6,-1.625]	{14:3.5,514:1.5}/1000	00001101	{"[1,2]","[3,4]"}
14	book	[0.5,1,0.25]	[0.9906074,-0.9626059,0.14]	[0.99072266,0.13671875,0,-1.75]	{15:3.75,515:1.5}/1000	00001110	{"[1,2]","[3,4]"}
15	book	[0.5]	[0.65028787,0.15425146,0.15]	[0.6503906,-0.7597656,1,-1.875]	{16:4,516:1.5}/1000	00001111	{"[1,2]","[3,4]"}
16	film	[0.5,1]	[-0.2879033,0.8342234,0.16]	[-0.2878418,-0.95751953,2,-2]	{17:4.25,517:1.5}/1000	00010000	{"[1,2]","[3,4]"}
17	book	[0.5,1,0.25]	[-0.96139747,-0.8485703,0.17]	[-0.9614258,-0.27514648,3,-2.125]	{18:4.5,518:1.5}/1000	00010001	{"[1,2]","[3,4]"}
18	book	[0.5]	[-0.75098723,-0.12796369,0.18]	[-0.75097656,0.66015625,4,-2.25]	{19:4.75,519:1.5}/1000	00010010	{"[1,2]","[3,4]"}
19	book	[0.5,1]	[0.1498772,0.95507365,0.19]	[0.14990234,0.98876953,5,-2.375]	{20:5,520:1.5}/1000	00010011	{"[1,2]","[3,4]"}
20	film	[0.5,1,0.25]	[0.9129453,-0.66693807,0.2]	[0.91308594,0.40820312,6,-2.5]	{21:5.25,521:1.5}/1000	00010100	{"[1,2]","[3,4]"}
21	book	[0.5]	[0.8366556,-0.3999853,0.21]	[0.8364258,-0.54785156,0,-2.625]	{22:5.5,522:1.5}/1000	00010101	{"[1,2]","[3,4]"}
22	book	[0.5,1]	[-0.008851309,0.9998433,0.22]	[-0.008850098,-1,1,-2.75]	{23:5.75,523:1.5}/1000	00010110	{"[1,2]","[3,4]"}
23	book	[0.5,1,0.25]	[-0.84622043,-0.43217793,0.23]	[-0.8461914,-0.53271484,2,-2.875]	{24:6,524:1.5}/1000	00010111	{"[1,2]","[3,4]"}
24	film	[0.5]	[-0.9055784,-0.64014435,0.24]	[-0.9057617,0.42407227,3,-3]	{25:6.25,525:1.5}/1000	00011000	{"[1,2]","[3,4]"}
25	book	[0.5,1]	\N	[-0.13232422,0.99121094,4,-3.125]	{26:6.5,526:1.5}/1000	00011001	{"[1,2]","[3,4]"}
26	book	[0.5,1,0.25]	[0.76255846,-0.16299078,0.26]	[0.7626953,0.64697266,5,-3.25]	{27:6.75,527:1.5}/1000	00011010	{"[1,2]","[3,4]"}
27	book	[0.5]	[0.95637596,-0.8293098,0.27]	[0.95654297,-0.29223633,6,-3.375]	{28:7,528:1.5}/1000	00011011	{"[1,2]","[3,4]"}
28	film	[0.5,1]	[0.2709058,0.8532201,0.28]	[0.2709961,-0.96240234,0,-3.5]	{29:7.25,529:1.5}/1000	00011100	{"[1,2]","[3,4]"}
29	book	[0.5,1,0.25]	[-0.6636339,0.119180135,0.29]	[-0.6635742,-0.7480469,1,-3.625]	{30:7.5,530:1.5}/1000	00011101	{"[1,2]","[3,4]"}
30	book	[0.5]	[-0.9880316,-0.95241296,0.3]	[-0.98779297,0.15429688,2,-3.75]	{31:7.75,531:1.5}/1000	00011110	{"[1,2]","[3,4]"}
31	book	[0.5,1]	[-0.40403765,0.67350715,0.31]	[-0.40405273,0.9145508,3,-3.875]	{32:8,532:1.5}/1000	00011111	{"[1,2]","[3,4]"}
32	film	[0.5,1,0.25]	[0.5514267,0.39185724,0.32]	[0.55126953,0.8339844,4,-4]	{33:8.25,533:1.5}/1000	00100000	{"[1,2]","[3,4]"}
33	book	[0.5]	[0.99991184,-0.99964744,0.33]	[1,-0.0132751465,5,-4.125]	{34:8.5,534:1.5}/1000	00100001	{"[1,2]","[3,4]"}
34	book	[0.5,1]	[0.5290827,0.44014302,0.34]	[0.5292969,-0.8486328,6,-4.25]	{35:8.75,535:1.5}/1000	00100010	{"[1,2]","[3,4]"}
35	book	[0.5,1,0.25]	[-0.42818266,0.6333192,0.35]	[-0.42822266,-0.9038086,0,-4.375]	{36:9,536:1.5}/1000	00100011	{"[1,2]","[3,4]"}
36	film	[0.5]	[-0.99177885,-0.9672506,0.36]	[-0.9916992,-0.12792969,1,-4.5]	{37:9.25,537:1.5}/1000	00100100	{"[1,2]","[3,4]"}
37	book	[0.5,1]	[-0.6435381,0.17171735,0.37]	[-0.6435547,0.765625,2,-4.625]	{38:9.5,538:1.5}/1000	00100101	{"[1,2]","[3,4]"}
38	book	[0.5,1,0.25]	[0.29636857,0.82433134,0.38]	[0.29638672,0.9550781,3,-4.75]	{39:9.75,539:1.5}/1000	00100110	{"[1,2]","[3,4]"}
39	book	[0.5]	[0.96379536,-0.8578031,0.39]	[0.9638672,0.26660156,4,-4.875]	{40:10,540:1.5}/1000	00100111	{"[1,2]","[3,4]"}
40	film	[0.5,1]	[0.74511313,-0.11038724,0.4]	[0.7451172,-0.6669922,5,-5]	{41:10.25,541:1.5}/1000	00101000	{"[1,2]","[3,4]"}
41	book	[0.5,1,0.25]	[-0.15862267,0.9496777,0.41]	[-0.15856934,-0.9873047,6,-5.125]	{42:10.5,542:1.5}/1000	00101001	{"[1,2]","[3,4]"}
42	book	[0.5]	[-0.91652155,-0.6800235,0.42]	[-0.9165039,-0.39990234,0,-5.25]	{43:10.75,543:1.5}/1000	00101010	{"[1,2]","[3,4]"}
43	book	[0.5,1]	[-0.8317748,-0.38369843,0.43]	[-0.83154297,0.5551758,1,-5.375]	{44:11,544:1.5}/1000	00101011	{"[1,2]","[3,4]"}
44	film	[0.5,1,0.25]	[0.017701926,0.99937326,0.44]	[0.017700195,1,2,-5.5]	{45:11.25,545:1.5}/1000	00101100	{"[1,2]","[3,4]"}
45	book	[0.5]	[0.8509035,-0.44807363,0.45]	[0.8510742,0.5253906,3,-5.625]	{46:11.5,546:1.5}/1000	00101101	{"[1,2]","[3,4]"}
46	book	[0.5,1]	[0.90178835,-0.62644446,0.46]	[0.90185547,-0.4321289,4,-5.75]	{47:11.75,547:1.5}/1000	00101110	{"[1,2]","[3,4]"}
47	book	[0.5,1,0.25]	[0.123573124,0.96945935,0.47]	[0.12359619,-0.9921875,5,-5.875]	{48:12,548:1.5}/1000	00101111	{"[1,2]","[3,4]"}
48	film	[0.5]	[-0.76825464,-0.18043044,0.48]	[-0.7680664,-0.6401367,6,-6]	{49:12.25,549:1.5}/1000	00110000	{"[1,2]","[3,4]"}
49	book	[0.5,1]	[-0.95375264,-0.81928825,0.49]	[-0.9536133,0.3005371,0,-6.125]	{50:12.5,550:1.5}/1000	00110001	{"[1,2]","[3,4]"}
50	book	[0.5,1,0.25]	\N	[-0.26245117,0.96484375,1,-6.25]	{51:12.75,551:1.5}/1000	00110010	{"[1,2]","[3,4]"}
51	book	[0.5]	[0.6702292,0.1015857,0.51]	[0.67041016,0.7421875,2,-6.375]	{52:13,552:1.5}/1000	00110011	{"[1,2]","[3,4]"}
52	film	[0.5,1]	[0.9866276,-0.946868,0.52]	[0.9868164,-0.16296387,3,-6.5]	{53:13.25,553:1.5}/1000	00110100	{"[1,2]","[3,4]"}
53	book	[0.5,1,0.25]	[0.39592516,0.68648654,0.53]	[0.3959961,-0.91845703,4,-6.625]	{54:13.5,554:1.5}/1000	00110101	{"[1,2]","[3,4]"}
54	book	[0.5]	[-0.5587891,0.3755096,0.54]	[-0.55859375,-0.82910156,5,-6.75]	{55:13.75,555:1.5}/1000	00110110	{"[1,2]","[3,4]"}
55	book	[0.5,1]	[-0.99975514,-0.9990208,0.55]	[-0.9995117,0.022125244,6,-6.875]	{56:14,556:1.5}/1000	00110111	{"[1,2]","[3,4]"}
56	film	[0.5,1,0.25]	[-0.521551,0.4559691,0.56]	[-0.5214844,0.85302734,0,-7]	{57:14.25,557:1.5}/1000	00111000	{"[1,2]","[3,4]"}
57	book	[0.5]	[0.43616477,0.6195206,0.57]	[0.4362793,0.89990234,1,-7.125]	{58:14.5,558:1.5}/1000	00111001	{"[1,2]","[3,4]"}
58	book	[0.5,1]	[0.99287266,-0.9715922,0.58]	[0.9926758,0.11920166,2,-7.25]	{59:14.75,559:1.5}/1000	00111010	{"[1,2]","[3,4]"}
59	book	[0.5,1,0.25]	[0.636738,0.18912943,0.59]	[0.63671875,-0.7709961,3,-7.375]	{60:15,560:1.5}/1000	00111011	{"[1,2]","[3,4]"}
60	film	[0.5]	[-0.3048106,0.81418097,0.6]	[-0.30493164,-0.9526367,4,-7.5]	{61:15.25,561:1.5}/1000	00111100	{"[1,2]","[3,4]"}
\.

COPY shop.log_1 (day, v) FROM stdin;
2026-01-02	[1,0.84147096,1]
2026-01-03	[2,0.9092974,1]
2026-01-04	[3,0.14112,1]
2026-01-05	[4,-0.7568025,1]
2026-01-06	[0,-0.9589243,1]
2026-01-07	[1,-0.2794155,1]
2026-01-08	[2,0.6569866,1]
2026-01-09	[3,0.98935825,1]
2026-01-10	[4,0.4121185,1]
2026-01-11	[0,-0.5440211,1]
2026-01-12	[1,-0.9999902,1]
2026-01-13	[2,-0.53657293,1]
2026-01-14	[3,0.42016703,1]
2026-01-15	[4,0.9906074,1]
2026-01-16	[0,0.65028787,1]
2026-01-17	[1,-0.2879033,1]
2026-01-18	[2,-0.96139747,1]
2026-01-19	[3,-0.75098723,1]
2026-01-20	[4,0.1498772,1]
2026-01-21	[0,0.9129453,1]
2026-01-22	[1,0.8366556,1]
2026-01-23	[2,-0.008851309,1]
2026-01-24	[3,-0.84622043,1]
2026-01-25	[4,-0.9055784,1]
2026-01-26	[0,-0.13235176,1]
2026-01-27	[1,0.76255846,1]
2026-01-28	[2,0.95637596,1]
2026-01-29	[3,0.2709058,1]
2026-01-30	[4,-0.6636339,1]
2026-01-31	[0,-0.9880316,1]
\.

COPY shop.log_2 (day, v) FROM stdin;
2026-02-01	[1,-0.40403765,1]
2026-02-02	[2,0.5514267,1]
2026-02-03	[3,0.99991184,1]
2026-02-04	[4,0.5290827,1]
2026-02-05	[0,-0.42818266,1]
2026-02-06	[1,-0.99177885,1]
2026-02-07	[2,-0.6435381,1]
2026-02-08	[3,0.29636857,1]
2026-02-09	[4,0.96379536,1]
2026-02-10	[0,0.74511313,1]
\.

COPY shop.units (u) FROM stdin;
[1,0,0]
\.

SELECT pg_catalog.setval('shop.items_id_seq', 60, true);

ALTER TABLE ONLY shop.items
    ADD CONSTRAINT apart EXCLUDE USING btree (id WITH =);

ALTER TABLE ONLY shop.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (id);

CREATE INDEX items_bits ON shop.items USING hnsw (bits public.bit_hamming_ops);

CREATE INDEX items_btree ON shop.items USING btree (embedding);

CREATE INDEX items_cast ON shop.items USING hnsw (((embedding)::public.halfvec(3)) public.halfvec_l2_ops);

CREATE INDEX items_cosine ON shop.items USING hnsw (embedding public.vector_cosine_ops) WHERE (kind = 'film'::shop.kind);

CREATE INDEX items_half ON shop.items USING hnsw (half public.halfvec_cosine_ops);

CREATE INDEX items_ip ON shop.items USING hnsw (embedding public.vector_ip_ops) WITH (m='8', ef_construction='40');

CREATE INDEX items_l1 ON shop.items USING hnsw (embedding public.vector_l1_ops);

CREATE INDEX items_l2 ON shop.items USING hnsw (embedding public.vector_l2_ops);

CREATE INDEX items_part ON shop.items USING hnsw (((any_dims)::public.vector(2)) public.vector_l2_ops) WHERE (public.vector_dims(any_dims) = 2);

CREATE INDEX items_words ON shop.items USING hnsw (words public.sparsevec_ip_ops);

CREATE INDEX log_v ON ONLY shop.log USING hnsw (v public.vector_cosine_ops) WITH (m='12');

CREATE INDEX log_1_v_idx ON shop.log_1 USING hnsw (v public.vector_cosine_ops) WITH (m='12');

CREATE INDEX log_2_v_idx ON shop.log_2 USING hnsw (v public.vector_cosine_ops) WITH (m='12');

ALTER INDEX shop.log_v ATTACH PARTITION shop.log_1_v_idx;

ALTER INDEX shop.log_v ATTACH PARTITION shop.log_2_v_idx;

CREATE STATISTICS shop.dims_stat ON kind, public.vector_dims(any_dims) FROM shop.items;

REFRESH MATERIALIZED VIEW shop.centres;
