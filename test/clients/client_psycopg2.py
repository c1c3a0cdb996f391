"""psycopg2: text parameters and results, COPY in text and binary."""

import io

import psycopg2
import psycopg2.extensions
import psycopg2.extras
from values import *

db = psycopg2.connect('')
db.autocommit = True
cur = db.cursor()
cur.execute('CREATE EXTENSION IF NOT EXISTS vector')
cur.execute(TABLE.format('items'))
cur.execute(TABLE.format('copies'))


def insert():
    psycopg2.extras.execute_values(cur, 'INSERT INTO items VALUES %s',
                                   [(r.id, r.vector and text(r.vector), text(r.halfvec), r.sparse_text()) for r in ROWS])
    assert cur.rowcount > 0
    for sql in INDEXES:
        cur.execute(sql)
    cur.execute(CHECK)
    assert cur.fetchall() == []


def select():
    cur.execute('SELECT * FROM items ORDER BY id')
    for row, (id, v, h, s) in zip(ROWS, cur.fetchall(), strict=True):
        same(row, v and parse(v), parse(h), parse_sparse(s))


def registered():
    cur.execute('SELECT NULL::vector')
    oid = cur.description[0].type_code
    psycopg2.extensions.register_type(psycopg2.extensions.new_type((oid,), 'VECTOR', lambda value, _: value and parse(value)), db)
    cur.execute('SELECT v FROM items WHERE id = 7')
    assert [single(x) for x in cur.fetchone()[0]] == ROWS[6].vector


def arrays():
    # lists are arrays to this client
    cur.execute('SELECT id FROM items ORDER BY v <-> %s::vector LIMIT 5', (QUERY,))
    assert [i for i, in cur.fetchall()] == nearest()


def ordered():
    for operator, index in (('<->', 'items_l2'), ('<=>', 'items_cosine')):
        sql = f'SELECT id, v {operator} %(q)s FROM items ORDER BY v {operator} %(q)s LIMIT 5'
        cur.execute('EXPLAIN ' + sql, {'q': text(QUERY)})
        assert f'Index Scan using {index} ' in '\n'.join(line for line, in cur.fetchall())
        cur.execute(sql, {'q': text(QUERY)})
        found = cur.fetchall()
        assert [i for i, _ in found] == nearest(operator), found
        assert all(abs(d - DISTANCES[operator](ROWS[i - 1].vector, QUERY)) < 1e-6 for i, d in found)


def prepared():
    cur.execute('PREPARE near(vector, int) AS SELECT id FROM items ORDER BY v <-> $1 LIMIT $2')
    for row in ROWS[:49]:
        cur.execute('EXECUTE near(%s, 1)', (text(row.vector),))
        assert cur.fetchone() == (row.id,)


def cursor():
    with psycopg2.connect('') as other, other.cursor('named') as named:
        named.itersize = 7
        named.execute('SELECT id FROM items ORDER BY v <-> %s LIMIT 100', (text(QUERY),))
        assert [i for i, in named] == nearest(limit=100)
    other.close()


def copy_text():
    lines = io.StringIO()
    cur.copy_expert('COPY items TO STDOUT', lines)
    lines.seek(0)
    cur.copy_expert('COPY copies FROM STDIN', lines)
    compare()


def compare():
    cur.execute('SELECT count(*) FROM items i JOIN copies c ON (i.*) IS NOT DISTINCT FROM (c.*)')
    assert cur.fetchone() == (len(ROWS),)
    cur.execute('TRUNCATE copies')


def copy_binary_out():
    out = io.BytesIO()
    cur.copy_expert('COPY (SELECT v, h, s FROM items ORDER BY id) TO STDOUT (FORMAT binary)', out)
    for row, (v, h, s) in zip(ROWS, copy_rows(out.getvalue()), strict=True):
        same(row, v and unpack_vector(v), unpack_halfvec(h), unpack_sparsevec(s))


def copy_binary_in():
    data = COPY_HEADER + b''.join(copy_row(*r.columns()) for r in ROWS) + COPY_TRAILER
    cur.copy_expert('COPY copies FROM STDIN (FORMAT binary)', io.BytesIO(data))
    compare()


def copy_into_index():
    cur.execute('DELETE FROM items')
    data = COPY_HEADER + b''.join(copy_row(*r.columns()) for r in ROWS) + COPY_TRAILER
    cur.copy_expert('COPY items FROM STDIN (FORMAT binary)', io.BytesIO(data))
    ordered()
    cur.execute('VACUUM items')
    ordered()
    cur.execute(CHECK)
    assert cur.fetchall() == []


def errors():
    bad = pack_vector([1, 2, 3])[:-1]
    for data, code in ((bad, '22P03'), (pack_vector([1, 2]), '22000'), (pack_vector([1, 2, float('nan')]), '22000')):
        try:
            cur.copy_expert('COPY copies (id, v) FROM STDIN (FORMAT binary)',
                            io.BytesIO(COPY_HEADER + copy_row(b'\0\0\0\1', data) + COPY_TRAILER))
            assert False, 'no error'
        except psycopg2.DataError as error:
            assert error.pgcode == code, (error.pgcode, code)


for body in (insert, select, registered, arrays, ordered, prepared, cursor, copy_text, copy_binary_out, copy_binary_in,
             copy_into_index, errors):
    run(body.__name__, body)
db.close()
end()
