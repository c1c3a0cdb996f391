/*-------------------------------------------------------------------------
 *
 * server.c
 *		Stands in for the server under the fuzzers.
 *
 * Only what the functions under test call is here; absent.c has names for the
 * rest.
 *
 * IDENTIFICATION
 *	  test/fuzz/server.c
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include <setjmp.h>

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"

int			fuzz_sqlstate = 0;

static jmp_buf *catcher = NULL;
static void **pieces = NULL;
static size_t piece_count = 0;
static size_t piece_room = 0;

/* -------------------------------------------------------------- memory */

void *
palloc(Size size)
{
	void	   *p;

	/* the server refuses this with an error that tells of a bug */
	if (size > MaxAllocSize)
		abort();
	if (piece_count == piece_room)
	{
		piece_room = piece_room * 2 + 64;
		pieces = realloc(pieces, piece_room * sizeof(void *));
	}
	p = malloc(size);
	pieces[piece_count++] = p;
	return p;
}

void *
palloc0(Size size)
{
	return memset(palloc(size), 0, size);
}

/* freed later: a value may be looked at after its function gave it up */
void
pfree(void *p)
{
}

void
fuzz_free_all(void)
{
	while (piece_count > 0)
		free(pieces[--piece_count]);
}

char *
pnstrdup(const char *in, Size len)
{
	Size		n = strnlen(in, len);
	char	   *out = palloc(n + 1);

	memcpy(out, in, n);
	out[n] = '\0';
	return out;
}

/* -------------------------------------------------------------- errors */

bool
errstart(int elevel, const char *domain)
{
	fuzz_sqlstate = ERRCODE_INTERNAL_ERROR;
	return true;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return errstart(elevel, domain);
}

int
errcode(int sqlerrcode)
{
	fuzz_sqlstate = sqlerrcode;
	return 0;
}

int
errmsg(const char *fmt,...)
{
	char		message[256];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return 0;
}

int
errmsg_internal(const char *fmt,...)
{
	return 0;
}

int
errdetail_internal(const char *fmt,...)
{
	return 0;
}

void
errfinish(const char *filename, int lineno, const char *funcname)
{
	longjmp(*catcher, 1);
}

#if PG_VERSION_NUM >= 160000
bool
errsave_start(struct Node *context, const char *domain)
{
	return errstart(ERROR, domain);
}

void
errsave_finish(struct Node *context, const char *filename, int lineno, const char *funcname)
{
	errfinish(filename, lineno, funcname);
}
#endif

bool
fuzz_call(PGFunction function, Datum a, Datum b, Datum c, Datum *result)
{
	LOCAL_FCINFO(fcinfo, 3);
	jmp_buf		here;

	InitFunctionCallInfoData(*fcinfo, NULL, 3, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = a;
	fcinfo->args[1].value = b;
	fcinfo->args[2].value = c;
	for (int i = 0; i < 3; i++)
		fcinfo->args[i].isnull = false;
	fuzz_sqlstate = 0;
	catcher = &here;
	if (setjmp(here) != 0)
		return false;
	*result = function(fcinfo);
	return true;
}

/* ------------------------------------------------------------ messages */

struct varlena *
pg_detoast_datum(struct varlena *datum)
{
	return datum;
}

const char *
pq_getmsgbytes(StringInfo msg, int n)
{
	const char *bytes = msg->data + msg->cursor;

	/* the functions check first, so that the error is theirs */
	if (n < 0 || n > msg->len - msg->cursor)
		abort();
	msg->cursor += n;
	return bytes;
}

unsigned int
pq_getmsgint(StringInfo msg, int b)
{
	const unsigned char *bytes = (const unsigned char *) pq_getmsgbytes(msg, b);
	unsigned int n = 0;

	for (int i = 0; i < b; i++)
		n = n << 8 | bytes[i];
	return n;
}

float4
pq_getmsgfloat4(StringInfo msg)
{
	uint32		bits = pq_getmsgint(msg, 4);
	float4		x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

void
initStringInfo(StringInfo str)
{
	memset(str, 0, sizeof(*str));
	str->maxlen = 1024;
	str->data = palloc(str->maxlen);
}

void
enlargeStringInfo(StringInfo str, int needed)
{
	char	   *data;

	if (str->len + needed < str->maxlen)
		return;
	str->maxlen = 2 * (str->len + needed) + 1;
	data = palloc(str->maxlen);
	memcpy(data, str->data, str->len);
	str->data = data;
}

void
pq_begintypsend(StringInfo buf)
{
	initStringInfo(buf);
	buf->len = VARHDRSZ;
}

bytea *
pq_endtypsend(StringInfo buf)
{
	SET_VARSIZE(buf->data, buf->len);
	return (bytea *) buf->data;
}

void
pq_sendfloat4(StringInfo buf, float4 f)
{
	uint32		bits;

	memcpy(&bits, &f, sizeof(bits));
	pq_sendint32(buf, bits);
}

int
pg_ltoa(int32 value, char *a)
{
	return sprintf(a, "%d", value);
}

/* -------------------------------------------------------------- arrays */

int
ArrayGetNItems(int ndim, const int *dims)
{
	int			n = ndim > 0;

	for (int i = 0; i < ndim; i++)
		n *= dims[i];
	return n;
}

bool
array_contains_nulls(ArrayType *array)
{
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	bits8	   *bitmap = ARR_NULLBITMAP(array);

	for (int i = 0; bitmap != NULL && i < n; i++)
		if (!(bitmap[i / 8] & (1 << (i % 8))))
			return true;
	return false;
}

/* the server's reads strings and refuses what are no numbers */
int32 *
ArrayGetIntegerTypmods(ArrayType *array, int *n)
{
	int32	   *modifiers;

	*n = (VARSIZE(array) - ARR_DATA_OFFSET(array)) / sizeof(int32);
	modifiers = palloc(sizeof(int32) * *n);
	memcpy(modifiers, ARR_DATA_PTR(array), sizeof(int32) * *n);
	return modifiers;
}
