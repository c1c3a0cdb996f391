"""What the Python clients share: the binary formats of the types, rows and what
the nearest of them are, and tests that print "ok NAME" or "not ok NAME: why"."""

import math
import struct
import sys
import traceback

failed = 0


def test(name, passed=True, why=''):
    """Counts one test by its outcome."""
    global failed
    failed += not passed
    print(f'ok {name}' if passed else f'not ok {name}: {why}', flush=True)


def run(name, body):
    """Counts one test by whether its body raises."""
    try:
        body()
    except Exception:
        test(name, False, ' | '.join(traceback.format_exc().splitlines()))
    else:
        test(name)


def end():
    sys.exit(1 if failed else 0)


def single(x):
    return struct.unpack('f', struct.pack('f', x))[0]


def half(x):
    return struct.unpack('e', struct.pack('e', x))[0]


# ---- the binary formats, see docs/reference.md

def pack_dense(values, code):
    return struct.pack(f'>hh{len(values)}{code}', len(values), 0, *values)


def unpack_dense(data, code):
    dim, zero = struct.unpack_from('>hh', data)
    assert zero == 0
    assert len(data) == 4 + dim * struct.calcsize(code)
    return list(struct.unpack_from(f'>{dim}{code}', data, 4))


def pack_vector(values):
    return pack_dense(values, 'f')


def unpack_vector(data):
    return unpack_dense(bytes(data), 'f')


def pack_halfvec(values):
    return pack_dense(values, 'e')


def unpack_halfvec(data):
    return unpack_dense(bytes(data), 'e')


def pack_sparsevec(dim, elements):
    """elements: {index from 1: value}"""
    indices = sorted(elements)
    return struct.pack(f'>iii{len(indices)}i{len(indices)}f', dim, len(indices), 0,
                       *(i - 1 for i in indices), *(elements[i] for i in indices))


def unpack_sparsevec(data):
    data = bytes(data)
    dim, nnz, zero = struct.unpack_from('>iii', data)
    assert zero == 0
    indices = struct.unpack_from(f'>{nnz}i', data, 12)
    values = struct.unpack_from(f'>{nnz}f', data, 12 + 4 * nnz)
    assert len(data) == 12 + 8 * nnz
    return dim, {i + 1: x for i, x in zip(indices, values)}


def text(values):
    return '[' + ','.join(repr(x) for x in values) + ']'


def parse(value):
    return [float(x) for x in value[1:-1].split(',')]


# ---- COPY BINARY: header; of each row the number of columns, and of each column
# its length and bytes; -1

COPY_HEADER = b'PGCOPY\n\xff\r\n\0' + struct.pack('>ii', 0, 0)
COPY_TRAILER = struct.pack('>h', -1)


def copy_row(*columns):
    return struct.pack('>h', len(columns)) + b''.join(
        struct.pack('>i', -1) if c is None else struct.pack('>i', len(c)) + c for c in columns)


def copy_rows(data):
    assert data.startswith(COPY_HEADER)
    at = len(COPY_HEADER)
    while True:
        count, = struct.unpack_from('>h', data, at)
        at += 2
        if count < 0:
            break
        row = []
        for _ in range(count):
            length, = struct.unpack_from('>i', data, at)
            at += 4
            row.append(None if length < 0 else data[at:at + length])
            at += max(length, 0)
        yield row
    assert at == len(data)


# ---- rows

QUERY = [0.25, 0.5, 0.75]


class Row:
    def __init__(self, i):
        self.id = i + 1
        self.vector = None if i % 50 == 49 else [single(x) for x in (math.sin(i), math.cos(2 * i), i % 7 / 8)]
        self.halfvec = [half(x) for x in (math.cos(i), i / 4, -i, 0)]
        self.sparsevec = (1000, {1 + i: 0.5, 400 + i: i + 1.25})

    def sparse_text(self):
        dim, elements = self.sparsevec
        return '{' + ','.join(f'{i}:{x}' for i, x in elements.items()) + f'}}/{dim}'

    def columns(self):
        return (struct.pack('>i', self.id), None if self.vector is None else pack_vector(self.vector),
                pack_halfvec(self.halfvec), pack_sparsevec(*self.sparsevec))


ROWS = [Row(i) for i in range(300)]

TABLE = 'CREATE TABLE {} (id int PRIMARY KEY, v vector(3), h halfvec(4), s sparsevec(1000))'
INDEXES = ('CREATE INDEX items_l2 ON items USING hnsw (v vector_l2_ops)',
           'CREATE INDEX items_cosine ON items USING hnsw (v vector_cosine_ops) WITH (m = 12, ef_construction = 50)',
           'CREATE INDEX items_half ON items USING hnsw (h halfvec_l2_ops)')
CHECK = "SELECT * FROM hnsw_check('items_l2') UNION ALL SELECT * FROM hnsw_check('items_half')"

DISTANCES = {
    '<->': math.dist,
    '<#>': lambda a, b: -sum(x * y for x, y in zip(a, b)),
    '<=>': lambda a, b: 1 - sum(x * y for x, y in zip(a, b)) / math.hypot(*a) / math.hypot(*b),
    '<+>': lambda a, b: sum(abs(x - y) for x, y in zip(a, b)),
}


def nearest(operator='<->', limit=5, query=QUERY):
    order = sorted((DISTANCES[operator](r.vector, query), r.id) for r in ROWS if r.vector)
    return [i for _, i in order[:limit]]


def same(row, vector, halfvec, sparsevec):
    """Does what came back equal what went in?"""
    assert (None if vector is None else [single(x) for x in vector]) == row.vector, (row.id, vector)
    assert [half(x) for x in halfvec] == row.halfvec, (row.id, halfvec)
    assert tuple(sparsevec) == row.sparsevec, (row.id, sparsevec)


def parse_sparse(value):
    elements, dim = value[1:].split('}/')
    return int(dim), {int(i): float(x) for i, x in (e.split(':') for e in elements.split(','))}
