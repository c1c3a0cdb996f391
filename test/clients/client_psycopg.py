"""psycopg 3: a type's dumper and loader in text and binary, COPY BINARY, prepared statements."""

import psycopg
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.types import TypeInfo
from values import *

db = psycopg.connect('', autocommit=True)
db.execute('CREATE EXTENSION IF NOT EXISTS vector')
db.execute(TABLE.format('items'))
db.execute(TABLE.format('copies'))


class Vector(list):
    pass


class Halfvec(list):
    pass


class Sparsevec(tuple):
    pass


TYPES = {
    'vector': (Vector, pack_vector, unpack_vector, text, parse),
    'halfvec': (Halfvec, pack_halfvec, unpack_halfvec, text, parse),
    'sparsevec': (Sparsevec, lambda v: pack_sparsevec(*v), unpack_sparsevec,
                  lambda v: '{' + ','.join(f'{i}:{x}' for i, x in v[1].items()) + f'}}/{v[0]}', parse_sparse),
}


def register(name):
    """What a client library does: the type by its name, an adapter for each format."""
    python, pack, unpack, to_text, from_text = TYPES[name]
    info = TypeInfo.fetch(db, name)
    info.register(db)

    class BinaryDumper(Dumper):
        format = Format.BINARY
        oid = info.oid

        def dump(self, value):
            return pack(value)

    class TextDumper(Dumper):
        oid = info.oid

        def dump(self, value):
            return to_text(value).encode()

    class BinaryLoader(Loader):
        format = Format.BINARY

        def load(self, data):
            return python(unpack(data))

    class TextLoader(Loader):
        def load(self, data):
            return python(from_text(bytes(data).decode()))

    for dumper in (TextDumper, BinaryDumper):
        db.adapters.register_dumper(python, dumper)
    for loader in (TextLoader, BinaryLoader):
        db.adapters.register_loader(info.oid, loader)


def types():
    for name in TYPES:
        register(name)


def insert():
    with db.cursor() as cur:
        for format in ('%b', '%t'):
            cur.execute('TRUNCATE items')
            cur.executemany(f'INSERT INTO items VALUES (%s, {format}, {format}, {format})',
                            [(r.id, r.vector and Vector(r.vector), Halfvec(r.halfvec), Sparsevec(r.sparsevec)) for r in ROWS])
            select(False)
    for sql in INDEXES:
        db.execute(sql)
    assert db.execute(CHECK).fetchall() == []


def select(binary):
    found = db.execute('SELECT id, v, h, s FROM items ORDER BY id', binary=binary).fetchall()
    for row, (id, v, h, s) in zip(ROWS, found, strict=True):
        assert (v is None or type(v) is Vector) and type(h) is Halfvec and type(s) is Sparsevec
        same(row, v, h, s)


def select_text():
    select(False)


def select_binary():
    select(True)


def ordered():
    for operator, index in (('<->', 'items_l2'), ('<=>', 'items_cosine')):
        for format in ('%t', '%b'):
            sql = f'SELECT id FROM items ORDER BY v {operator} {format} LIMIT 5'
            plan = db.execute('EXPLAIN ' + sql, (Vector(QUERY),)).fetchall()
            assert f'Index Scan using {index} ' in '\n'.join(line for line, in plan)
            assert [i for i, in db.execute(sql, (Vector(QUERY),))] == nearest(operator)


def prepared():
    for row in ROWS[:49]:
        assert db.execute('SELECT id FROM items ORDER BY v <-> %b LIMIT 1', (Vector(row.vector),), prepare=True).fetchone() == (row.id,)
    assert db.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%<->%%'", ()).fetchone() == (1,)


def pipeline():
    with db.pipeline():
        cursors = [db.execute('SELECT id FROM items ORDER BY v <-> %b LIMIT 1', (Vector(r.vector),)) for r in ROWS[:49]]
    assert [c.fetchone()[0] for c in cursors] == [r.id for r in ROWS[:49]]


def copy_binary_in():
    with db.cursor() as cur, cur.copy('COPY copies FROM STDIN (FORMAT binary)') as copy:
        copy.set_types(['int4', 'vector', 'halfvec', 'sparsevec'])
        for r in ROWS:
            copy.write_row((r.id, r.vector and Vector(r.vector), Halfvec(r.halfvec), Sparsevec(r.sparsevec)))
    assert db.execute('SELECT count(*) FROM items i JOIN copies c ON (i.*) IS NOT DISTINCT FROM (c.*)').fetchone() == (len(ROWS),)


def copy_binary_out():
    with db.cursor() as cur, cur.copy('COPY (SELECT v, h, s FROM copies ORDER BY id) TO STDOUT (FORMAT binary)') as copy:
        copy.set_types(['vector', 'halfvec', 'sparsevec'])
        for row, (v, h, s) in zip(ROWS, copy.rows(), strict=True):
            same(row, v, h, s)


def arrays():
    found = db.execute("SELECT ARRAY['[1,2]', '[3,4]']::vector[]", binary=True).fetchone()[0]
    assert found == [[1, 2], [3, 4]] and type(found[0]) is Vector, found


def server_cursor():
    with db.transaction(), db.cursor('named', binary=True) as named:
        named.execute('SELECT id, v FROM items ORDER BY v <-> %b LIMIT 100', (Vector(QUERY),))
        assert [i for i, _ in named] == nearest(limit=100)


def errors():
    for wrong, code in ((Vector([1, 2]), '22000'), (Vector([1, 2, float('inf')]), '22000'), (Vector([]), '22000')):
        try:
            db.execute('INSERT INTO items VALUES (1000, %b, NULL, NULL)', (wrong,))
            assert False, 'no error'
        except psycopg.errors.DataError as error:
            assert error.sqlstate == code, (error.sqlstate, code)


for body in (types, insert, select_text, select_binary, ordered, prepared, pipeline, copy_binary_in, copy_binary_out, arrays,
             server_cursor, errors):
    run(body.__name__, body)
db.close()
end()
