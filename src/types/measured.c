/*-------------------------------------------------------------------------
 *
 * measured.c
 *		The distance of the row that an index scan has returned last.
 *
 * IDENTIFICATION
 *	  src/types/measured.c
 *-------------------------------------------------------------------------
 */
#include "types/measured.h"

#include "access/detoast.h"

static struct
{
	const void *scan;			/* NULL = nothing is known */
	Oid			function;
	HnswOutOfLine value;
	Datum		query;
	double		distance;
}			last;

HnswOutOfLine
hnsw_out_of_line(Datum value)
{
	struct varlena *attr = (struct varlena *) DatumGetPointer(value);
	HnswOutOfLine which = {InvalidOid, InvalidOid};

	if (VARATT_IS_EXTERNAL_ONDISK(attr))
	{
		struct varatt_external external;

		VARATT_EXTERNAL_GET_POINTER(external, attr);
		which.table = external.va_toastrelid;
		which.id = external.va_valueid;
	}
	return which;
}

void
hnsw_measured_set(const void *scan, Oid function, HnswOutOfLine value, Datum query,
				  double distance)
{
	last.scan = OidIsValid(value.table) ? scan : NULL;
	last.function = function;
	last.value = value;
	last.query = query;
	last.distance = distance;
}

void
hnsw_measured_forget(const void *scan)
{
	if (last.scan == scan)
		last.scan = NULL;
}

bool
hnsw_measured_find(FunctionCallInfo fcinfo, double *distance)
{
	const void *query = DatumGetPointer(PG_GETARG_DATUM(1));
	const void *known = DatumGetPointer(last.query);
	HnswOutOfLine value;

	if (last.scan == NULL || fcinfo->flinfo == NULL ||
		fcinfo->flinfo->fn_oid != last.function)
		return false;
	value = hnsw_out_of_line(PG_GETARG_DATUM(0));
	if (value.id != last.value.id || value.table != last.value.table ||
		VARSIZE_ANY(query) != VARSIZE_ANY(known) ||
		memcmp(query, known, VARSIZE_ANY(known)) != 0)
		return false;
	*distance = last.distance;
	return true;
}
