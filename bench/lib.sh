# shellcheck shell=bash disable=SC2034,SC2154
# bench/lib.sh: what bench/run and bench/compare share. Sourced after .ci/setup.
#
# Programs: vecbench, and what bench_program makes, in $work/bench.
#
# A server is described by
#   in_server CMD...   runs CMD as the unprivileged user where the server lives
#   srv_bin, srv_dir   its programs and its folder, as in_server sees them
#   host_dir           the same folder, as this script and the clients see it

vecbench='' core='' libraries=()
cache=${HNSW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hnsw-bench}
out=$top/bench/out

# bench_program NAME: builds $work/bench/NAME
bench_program() { as_user make -s -C bench "$1" BUILD="$work/bench" PG_CONFIG="$server_config"; }

# bench_libraries: builds the programs of the libraries whose headers are there,
# and sets the array $libraries to them
bench_libraries() {
	local name header

	libraries=()
	for name in hnswlib:hnswlib/hnswlib.h faiss:faiss/IndexHNSW.h; do
		header=${name#*:} name=${name%%:*}
		if [ -e "/usr/include/$header" ] && command -v c++ >/dev/null &&
			bench_program "$name" >"$work/$name.log" 2>&1; then
			libraries+=("$work/bench/$name")
		else
			say "without $name (package lib$name-dev)"
		fi
	done
}

# Installs what only the benchmarks want; plots are left out where it fails.
bench_packages() {
	[ -e "$("$server_config" --includedir)/libpq-fe.h" ] || install_packages libpq-dev
	command -v gnuplot >/dev/null || ! can_install || install_packages gnuplot-nox || :
}

# unpack_data FOLDER: unpacks a bundle (unpack.py) into the cache, once
unpack_data() {
	/usr/bin/python3 -c 'import numpy' 2>/dev/null || install_packages python3-numpy
	if [ ! -e "$cache/data/.complete" ]; then
		say "unpacking $1 into $cache/data"
		mkdir -p "$cache/data"
		/usr/bin/python3 "$1/unpack.py" "$cache/data" >&2
		touch "$cache/data/.complete"
	fi
}

# find_data: sets the array $data to the folders of the data sets; stays empty
# when there are none. BENCH_SETS="name ..." takes some of them.
find_data() {
	local folder=${HNSW_DATA:-$top/../shared/data} set base

	data=()
	if [ -e "$folder/unpack.py" ]; then
		unpack_data "$folder"
		folder=$cache/data
	fi
	for base in "$folder"/*/base.[fb]vecs; do
		[ -e "$base" ] || continue
		set=$(basename "${base%/*}")
		case " ${BENCH_SETS:-$set} " in
			*" $set "*) data+=("${base%/*}") ;;
		esac
	done
	[ ${#data[@]} -gt 0 ] || say "no data sets in $folder: taking the generator's"
}

# data_option FOLDER: how vecbench is told about a data set ("" = generator)
data_option() {
	if [ -n "$1" ]; then
		printf '%s\n' "--data=$1"
	else
		printf '%s\n' "--generate=${BENCH_GENERATE:-50000,128}"
	fi
}

# start_server: makes $srv_dir and a server in it, on a Unix socket there
start_server() {
	in_server mkdir -p "$srv_dir"
	in_server "$srv_bin/initdb" -D "$srv_dir/data" -A trust -U bench -E UTF8 --locale=C --no-sync >/dev/null
	in_server tee -a "$srv_dir/data/postgresql.conf" >/dev/null <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$srv_dir'
		max_wal_size = '8GB'
		checkpoint_timeout = '30min'
		dynamic_shared_memory_type = sysv
	CONF
	server="host=$host_dir user=bench"
	launch_server "${BENCH_SHARED_BUFFERS:-1GB}"
}

launch_server() {
	in_server "$srv_bin/pg_ctl" -D "$srv_dir/data" -l "$srv_dir/log" -o "-c shared_buffers=$1" -w -t 300 start >/dev/null ||
		{ cat "$host_dir/log" >&2; die "the server did not start"; }
}

# restart_server [SHARED_BUFFERS]: without an argument back to what it was
restart_server() {
	in_server "$srv_bin/pg_ctl" -D "$srv_dir/data" -m fast -w -t 600 stop >/dev/null
	launch_server "${1:-${BENCH_SHARED_BUFFERS:-1GB}}"
}

make_database() { in_server "$srv_bin/createdb" -h "$srv_dir" -U bench "$1"; }
drop_database() { in_server "$srv_bin/dropdb" -h "$srv_dir" -U bench --if-exists "$1"; }

# psql_server DATABASE OPTION...
psql_server() {
	local database=$1

	shift
	in_server env PGOPTIONS='-c client_min_messages=warning' "$srv_bin/psql" -h "$srv_dir" -U bench -d "$database" \
		-XAtq -v ON_ERROR_STOP=1 "$@"
}
