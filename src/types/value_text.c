/*-------------------------------------------------------------------------
 *
 * value_text.c
 *		Text of the vector types: tokens, white space, numbers in and out.
 *
 * Dense values are read as a whole, others by a few calls of hnsw_text_take,
 * hnsw_text_int and hnsw_text_float.  White space is allowed before every token and at the end.
 * Every function returns false once an error has been reported softly; the
 * caller then gives up.
 *
 * IDENTIFICATION
 *	  src/types/value_text.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "types/value.h"

/* the powers of ten that a double holds exactly */
static const double exact_powers[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

#define MAX_EXACT_POWER	((int) lengthof(exact_powers) - 1)

void
hnsw_text_begin(HnswTextReader *reader, const HnswValueType *type, const char *input,
				struct Node *escontext)
{
	reader->type = type;
	reader->input = input;
	reader->at = input;
	reader->escontext = escontext;
}

static inline bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline void
skip_space(HnswTextReader *reader)
{
	while (is_space(*reader->at))
		reader->at++;
}

/*
 * Reports the input as malformed, with a detail unless that is NULL; false if
 * that was done softly
 */
bool
hnsw_text_syntax_error(HnswTextReader *reader, const char *detail)
{
	ereturn(reader->escontext, false,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%s\"", reader->type->name, reader->input),
			 detail != NULL ? errdetail_internal("%s", detail) : 0));
}

/* Steps over a one-character token if it is the next one: was it? */
bool
hnsw_text_take(HnswTextReader *reader, char token)
{
	skip_space(reader);
	if (*reader->at != token)
		return false;
	reader->at++;
	return true;
}

/* The input must end here; else "detail" says what is wrong */
bool
hnsw_text_end(HnswTextReader *reader, const char *detail)
{
	skip_space(reader);
	return *reader->at == '\0' || hnsw_text_syntax_error(reader, detail);
}

/*
 * Reads digits with an optional point into *mantissa and *power (value =
 * mantissa * 10^power).  Returns the end, or NULL when there is no digit or
 * are too many for 64 bits.
 */
static const char *
read_mantissa(const char *s, uint64 *mantissa, int *power)
{
	uint64		m = 0;
	int			digits = 0;
	int			fraction = 0;
	bool		point = false;
	const char *first = s;

	for (;; s++)
	{
		if (*s == '.' && !point)
		{
			point = true;
			continue;
		}
		if (!is_digit(*s))
			break;
		/* 19 digits, leading zeros apart, always fit */
		if (digits == 19)
			return NULL;
		m = m * 10 + (*s - '0');
		digits += (m != 0);
		fraction += point;
	}
	if (s - first == point)
		return NULL;
	*mantissa = m;
	*power = -fraction;
	return s;
}

/*
 * Reads a decimal number the quick way.  Returns its end, or NULL when this
 * way could not be sure to round as strtof does (or it is not a number).
 *
 * The mantissa has at most 19 digits, so it fits 64 bits, and the power of ten
 * is exact in a double.  Converting the one and multiplying by the other make
 * two roundings, so the double is within two units in its last place of the
 * true value; rounding it to float gives the same as rounding the true value
 * unless it is that close to the middle between two floats.
 */
static const char *
read_float_fast(const char *s, float *x)
{
	bool		negative = (*s == '-');
	uint64		mantissa;
	int			power;
	double		d;
	uint64		bits;

	/* extra precision in registers would break the argument above */
	if (FLT_EVAL_METHOD != 0)
		return NULL;

	if (*s == '-' || *s == '+')
		s++;
	s = read_mantissa(s, &mantissa, &power);
	if (s == NULL)
		return NULL;
	if (*s == 'e' || *s == 'E')
	{
		bool		down = (s[1] == '-');
		int			e = 0;

		s += (s[1] == '-' || s[1] == '+') ? 2 : 1;
		if (!is_digit(*s))
			return NULL;
		for (; is_digit(*s); s++)
		{
			e = e * 10 + (*s - '0');
			if (e > 1000)
				return NULL;
		}
		power += down ? -e : e;
	}
	/* hexadecimal, or junk: let strtof decide */
	if (is_letter(*s))
		return NULL;
	if (mantissa == 0)
	{
		*x = negative ? -0.0f : 0.0f;
		return s;
	}
	if (power < -MAX_EXACT_POWER || power > MAX_EXACT_POWER)
		return NULL;

	d = (double) mantissa;
	d = power < 0 ? d / exact_powers[-power] : d * exact_powers[power];
	if (d <= FLT_MIN || d >= FLT_MAX)
		return NULL;
	memcpy(&bits, &d, sizeof(bits));
	/* a double has 29 bits more than a float */
	bits = (bits & ((UINT64CONST(1) << 29) - 1)) - (UINT64CONST(1) << 28) + 4;
	if (bits <= 8)
		return NULL;
	*x = (float) (negative ? -d : d);
	return s;
}

/* Reports the number up to "end" as out of range; false if that was done softly */
static bool
out_of_range(HnswTextReader *reader, const char *end)
{
	ereturn(reader->escontext, false,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("\"%s\" is out of range for type %s",
					pnstrdup(reader->at, end - reader->at), reader->type->name)));
}

/*
 * Reads a finite number.  Numbers too small for the type become zero (of their
 * sign), here or later, unless the type says otherwise; numbers too large are
 * an error.  What follows the number is for the caller to look at.
 */
bool
hnsw_text_float(HnswTextReader *reader, float *x)
{
	const char *end;

	skip_space(reader);
	end = read_float_fast(reader->at, x);
	if (unlikely(end == NULL))
	{
		errno = 0;
		*x = strtof(reader->at, (char **) &end);
		if (end == reader->at)
			return hnsw_text_syntax_error(reader, NULL);
		if (errno == ERANGE && (isinf(*x) || (*x == 0 && reader->type->text_underflow)))
			return out_of_range(reader, end);
		if (isnan(*x) || isinf(*x))
			return hnsw_value_check_element(reader->type, *x, reader->escontext);
	}
	if (unlikely(fabsf(*x) >= reader->type->overflow))
		return out_of_range(reader, end);
	reader->at = end;
	return true;
}

/*
 * Reads a whole number.  One that an int32 cannot hold becomes the nearest that
 * it can, which is out of any bounds that matter.
 */
bool
hnsw_text_int(HnswTextReader *reader, int32 *i)
{
	const char *s;
	bool		negative;
	int64		value = 0;

	skip_space(reader);
	s = reader->at;
	negative = (*s == '-');
	if (*s == '-' || *s == '+')
		s++;
	if (!is_digit(*s))
		return hnsw_text_syntax_error(reader, NULL);
	for (; is_digit(*s); s++)
		value = Min(value * 10 + (*s - '0'), PG_INT32_MAX);
	*i = negative ? -value : value;
	reader->at = s;
	return true;
}

/*
 * How many elements well-formed text still has, or max if they are more: one
 * more than commas.
 */
int
hnsw_text_count(const HnswTextReader *reader, int max)
{
	int			n = 1;

	for (const char *s = reader->at; *s != '\0' && n < max; s++)
		n += (*s == ',');
	return n;
}

/*
 * Reads the coordinates after the opening bracket, and the end of the text,
 * into x, which has room for what hnsw_text_count has counted, and sets *dim.
 */
static bool
read_coordinates(HnswTextReader *reader, float *x, int *dim)
{
	int			n = 0;

	if (!hnsw_text_take(reader, ']'))
	{
		do
		{
			if (!hnsw_value_check_dim(reader->type, n + 1, reader->escontext) ||
				!hnsw_text_float(reader, &x[n++]))
				return false;
		} while (hnsw_text_take(reader, ','));

		if (!hnsw_text_take(reader, ']'))
			return hnsw_text_syntax_error(reader, NULL);
	}
	*dim = n;
	return hnsw_text_end(reader, _("Junk after closing right brace."));
}

/*
 * The coordinates of a dense value, "[x, x, ...]", and their number, which is
 * the one of the type modifier.  NULL after a soft error.
 */
float *
hnsw_text_to_floats(HnswTextReader *reader, int32 typmod, int *dim)
{
	int			max;
	float	   *x;

	if (!hnsw_text_take(reader, '['))
	{
		hnsw_text_syntax_error(reader, _("Vector contents must start with \"[\"."));
		return NULL;
	}

	max = hnsw_text_count(reader, reader->type->max_dim);
	x = palloc(sizeof(float) * max);
	if (!read_coordinates(reader, x, dim) ||
		!hnsw_value_check_dim(reader->type, *dim, reader->escontext) ||
		!hnsw_value_check_typmod(reader->type, *dim, typmod, reader->escontext))
		return NULL;

	Assert(*dim == max);
	return x;
}

/* The text of a dense value */
char *
hnsw_text_from_floats(const float *x, int dim)
{
	char	   *result = palloc((Size) dim * HNSW_TEXT_FLOAT_LEN + 3);
	char	   *out = result;

	*out++ = '[';
	for (int i = 0; i < dim; i++)
	{
		if (i > 0)
			*out++ = ',';
		out = hnsw_text_write_float(out, x[i]);
	}
	*out++ = ']';
	*out = '\0';
	return result;
}

/*
 * Writes the shortest text that reads back as x, without a terminating zero,
 * and returns its end.  At most HNSW_TEXT_FLOAT_LEN - 1 bytes.
 */
char *
hnsw_text_write_float(char *out, float x)
{
	return out + float_to_shortest_decimal_bufn(x, out);
}
