#!/bin/sh
# The extension under the name "vector", for applications that know that name:
#
#   vector.sh install|uninstall EXTENSIONDIR [hnsw--....sql ...]
#
# CREATE EXTENSION vector then makes what CREATE EXTENSION hnsw makes, or, in a
# database that has the extension hnsw, an empty extension that depends on it.
# So nobody has to create anything before an application starts or a dump is
# restored.  pgvector's files are never touched: another vector.control is an
# error.
#
# Its version is what applications compare with pgvector's: SURFACE, then our
# version as one number, A * 10000 + B * 100 + C.  pgvector has no such
# versions, so that its update scripts never apply to our objects.
set -eu

SURFACE=0.8
mark='hnsw under the name "vector" (make install-vector-alias)'
control=$2/vector.control

is_ours() { head -n 1 "$1" | grep -qF "$mark"; }

# 0.1.0 -> 0.8.100, 0.1.0+more -> 0.8.100+more
alias_version() {
	more=${1#"${1%%+*}"}
	# shellcheck disable=SC2046
	set -- $(printf '%s' "${1%%+*}" | tr . ' ')
	echo "$SURFACE.$(($1 * 10000 + $2 * 100 + $3))$more"
}

# hnsw--0.1.0--0.2.0.sql -> vector--0.8.100--0.8.200.sql
alias_script() {
	name='' rest=${1##*/}
	rest=${rest#hnsw--}
	rest=${rest%.sql}--
	while [ -n "$rest" ]; do
		name=$name--$(alias_version "${rest%%--*}")
		rest=${rest#*--}
	done
	echo "vector$name.sql"
}

# Every statement of a script, each by itself under the condition that this
# database has no extension hnsw, so that an error shows no more than one.  A
# statement ends with the line that ends with a semicolon outside of dollar
# quotes.
conditional() {
	awk '
	/^\\echo/ { next }
	{
		if (text != "" || $0 != "")
			text = text $0 "\n"
		quoted = (quoted + gsub(/\$\$/, "&")) % 2
		if (!quoted && /;[ \t]*$/ && !/^[ \t]*--/) {
			print "DO $hnsw_alias$ BEGIN"
			print "IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) '"'hnsw'"') THEN"
			printf "EXECUTE $hnsw_statement$\n%s$hnsw_statement$;\n", text
			print "END IF; END $hnsw_alias$;"
			text = ""
		}
	}' "$1"
}

script() {
	cat <<-HEAD
		-- $mark
		-- from ${1##*/}
		\\echo Use "CREATE EXTENSION vector" to load this file. \\quit

	HEAD
	conditional "$1"
	cat <<-'TAIL'

		-- beside hnsw, what "requires" would write
		INSERT INTO pg_catalog.pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)
		SELECT 'pg_catalog.pg_extension'::pg_catalog.regclass, v.oid, 0, 'pg_catalog.pg_extension'::pg_catalog.regclass, h.oid, 0, 'n'
		FROM pg_catalog.pg_extension v, pg_catalog.pg_extension h
		WHERE v.extname OPERATOR(pg_catalog.=) 'vector' AND h.extname OPERATOR(pg_catalog.=) 'hnsw'
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
				WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
					AND d.objid OPERATOR(pg_catalog.=) v.oid AND d.refobjid OPERATOR(pg_catalog.=) h.oid);
	TAIL
}

uninstall() {
	[ -e "$control" ] || return 0
	if ! is_ours "$control"; then
		echo "hnsw: $control is not ours: nothing is removed" >&2
		return 1
	fi
	for file in "$2"/vector--*.sql; do
		if [ -e "$file" ] && is_ours "$file"; then rm -f "$file"; fi
	done
	rm -f "$control"
}

install() {
	if [ -e "$control" ] && ! is_ours "$control"; then
		cat >&2 <<-MESSAGE
			hnsw: another extension "vector" is installed: $control
			It is pgvector, or what a package of it has left. A server can have one extension of a name:
			remove that package first, when no database uses it any more (SELECT extversion FROM pg_extension
			WHERE extname = 'vector'), or do without the alias and CREATE EXTENSION hnsw.
			docs/migrating.md shows the way for each.
		MESSAGE
		return 1
	fi
	uninstall "$@"
	dir=$2
	newest=''
	shift 2
	mkdir -p "$dir"
	for file in "$@"; do
		script "$file" >"$dir/$(alias_script "$file")"
	done
	newest=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$(dirname "$0")/../hnsw.control")
	{
		echo "# $mark"
		cat <<-CONTROL
			comment = 'hnsw under the name that applications of pgvector know'
			default_version = '$(alias_version "$newest")'
			module_pathname = '\$libdir/hnsw'
			relocatable = true
			trusted = true
		CONTROL
	} >"$control"
}

case $1 in
	install) install "$@" ;;
	uninstall) uninstall "$@" ;;
	*) echo "usage: $0 install|uninstall EXTENSIONDIR [SCRIPT ...]" >&2; exit 2 ;;
esac
